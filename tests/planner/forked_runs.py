"""A process that computes a study once and dies in the writing, as often as asked.

Reads one request per line, runs it in a forked child, answers with how the child ended
and what it wrote to standard error.
"""

import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Never

from spatial_coagg import drafts
from spatial_coagg.cli import main
from spatial_coagg.cli.commands import run_command
from spatial_coagg.planner.study import Study
from spatial_coagg.report import folder


def die(*_: object, **__: object) -> Never:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


def die_when_told(words: str) -> Callable[[str], None]:
    def tell(message: str) -> None:
        if message == words:
            die()

    return tell


def die_when_removing(remove: Callable[..., None]) -> Callable[..., None]:
    def removed(path: Path, **options: object) -> None:
        if path.name.startswith(".report."):
            die()
        remove(path, **options)

    return removed


def die_when_files_lie_there(place: Path, files: int) -> None:
    def watch() -> None:
        while True:
            found = [
                path
                for path in place.glob(f".*{drafts.SUFFIX}/**/*")
                if path.is_file() and path.stat().st_size > 0
            ]
            if len(found) >= files:
                die()
            time.sleep(0.001)

    threading.Thread(target=watch, daemon=True).start()


def prepare(request: dict[str, object]) -> None:
    """Let the child meet what the request asks for."""
    moment = request.get("die")
    if moment == "before the move":
        folder._move_into_place = die
    elif moment == "after the move":
        shutil.rmtree = die_when_removing(shutil.rmtree)  # type: ignore[assignment]
    elif moment == "before the file moves":
        Path.replace = die  # type: ignore[method-assign]
    elif isinstance(moment, int):
        die_when_files_lie_there(Path(str(request["watch"])), moment)
    limit = request.get("limit")
    if isinstance(limit, int):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def run(study: Study, request: dict[str, object]) -> int:
    arguments = request.get("command")
    if isinstance(arguments, list):
        return main(arguments)
    told = die_when_told(str(request.get("die")))
    study.write(str(request["write"]), force=True, maps="none", progress=told)
    return 0


def child(study: Study, request: dict[str, object], said: int) -> Never:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(said, 2)
    status = 99
    try:
        prepare(request)
        status = run(study, request)
    except OSError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    except BaseException:  # noqa: BLE001 - the answer tells it
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)


def serve(settings: str) -> None:
    study = Study.from_file(settings)
    _ = study.results, run_command
    for line in sys.stdin:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(study, json.loads(line), writer)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(pid, 0)
        answer = {"status": os.waitstatus_to_exitcode(status), "said": said}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
