"""A killed run or a full disk leaves the old output or the new one, never half."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from small_study import WriteStudy

from spatial_coagg.drafts import SUFFIX

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="forks and kills processes"),
]
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
WORDS_OF_WRITING = ("Writing the report", "Writing tables, data and weights")
# Bytes that a file may have: less than a table, a workbook, a map and a page need.
FULL_DISKS = (64, 20_000, 60_000, 200_000)
ALONE = {
    "map": ["map", "STUDY", "--output", "FILE.html", "--force"],
    "report": ["report", "STUDY", "--output", "FILE.html", "--force"],
    "check": ["check", "STUDY", "--output", "FILE.xlsx", "--force"],
    "weights": ["weights", "STUDY", "--output", "FILE.csv", "--force"],
    "whatif": [
        "whatif", "STUDY", "--raise", "05=10", "--draws", "50",
        "--output", "FILE.xlsx", "--force",
    ],
    "model": ["model", "STUDY", "--output", "FILE.csv", "--force"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit status, -9 if killed, and what it said."""

    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of a study of twelve cities, each in a process that may die."""

    settings: Path
    asks: IO[str]
    answers: IO[str]

    def end(self, **request: object) -> Ended:
        self.asks.write(json.dumps(request) + "\n")
        self.asks.flush()
        return Ended(**json.loads(self.answers.readline()))


@pytest.fixture(scope="module")
def runs(
    small_study: WriteStudy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    place = tmp_path_factory.mktemp("study")
    settings = small_study(place)
    script = Path(__file__).with_name("forked_runs.py")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script), str(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ONE_THREAD,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Runs(settings, process.stdin, process.stdout)
        process.stdin.close()


@pytest.fixture(scope="module")
def complete(runs: Runs) -> Path:
    target = runs.settings.with_name("report")
    assert runs.end(write=str(target)).status == 0
    return target


@pytest.fixture
def old(complete: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(complete, tmp_path / "report"))


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def is_complete(folder: Path, like: dict[str, bytes]) -> bool:
    """Tell whether all files are there and the page, written first, has its end."""
    found = content(folder)
    page = found.get("index.html", b"")
    return found.keys() == like.keys() and page.rstrip().endswith(b"</html>")


def leftovers(place: Path) -> list[Path]:
    return [path for path in place.iterdir() if path.name.endswith(SUFFIX)]


def visible(place: Path) -> list[str]:
    return [path.name for path in place.iterdir() if not path.name.startswith(".")]


@pytest.mark.parametrize("moment", [*WORDS_OF_WRITING, "before the move", 3, 17])
def test_a_killed_run_leaves_the_old_report(
    runs: Runs, old: Path, moment: str | int
) -> None:
    before = content(old)
    ended = runs.end(write=str(old), die=moment, watch=str(old.parent))
    assert ended.status == -signal.SIGKILL
    assert content(old) == before
    assert visible(old.parent) == ["report"]


def test_a_run_killed_after_the_move_leaves_the_new_report(
    runs: Runs, old: Path
) -> None:
    before, place = content(old), old.stat().st_ino
    assert runs.end(write=str(old), die="after the move").status == -signal.SIGKILL
    assert old.stat().st_ino != place
    assert is_complete(old, before)
    (kept,) = leftovers(old.parent)
    assert content(kept) == before


def test_a_killed_first_run_leaves_nothing_in_sight(runs: Runs, tmp_path: Path) -> None:
    target = tmp_path / "report"
    ended = runs.end(write=str(target), die="before the move")
    assert ended.status == -signal.SIGKILL
    assert visible(tmp_path) == []


def test_the_next_run_clears_what_dead_ones_left(runs: Runs, old: Path) -> None:
    for moment in ("before the move", "after the move"):
        runs.end(write=str(old), die=moment)
        assert len(leftovers(old.parent)) == 1, moment
    assert runs.end(write=str(old)).status == 0
    assert [path.name for path in old.parent.iterdir()] == ["report"]


@pytest.mark.parametrize("limit", FULL_DISKS)
def test_a_full_disk_leaves_the_old_report_and_no_litter(
    runs: Runs, old: Path, limit: int
) -> None:
    before = content(old)
    ended = runs.end(write=str(old), limit=limit)
    assert ended.status == 99
    assert "OSError: " in ended.said, ended.said
    assert content(old) == before
    assert [path.name for path in old.parent.iterdir()] == ["report"]


def words_of(runs: Runs, command: str, place: Path) -> tuple[list[str], Path]:
    words = [
        word.replace("STUDY", str(runs.settings)).replace("FILE", str(place / "file"))
        for word in ALONE[command]
    ]
    target = Path(words[words.index("--output") + 1])
    target.write_text("old", encoding="utf-8")
    return words, target


@pytest.mark.parametrize("command", ALONE)
def test_a_file_alone_is_the_old_one_or_the_new_one(
    runs: Runs, tmp_path: Path, command: str
) -> None:
    words, target = words_of(runs, command, tmp_path)
    ended = runs.end(command=words, die="before the file moves")
    assert ended.status == -signal.SIGKILL, ended.said
    assert target.read_text(encoding="utf-8") == "old"
    assert visible(tmp_path) == [target.name]
    ended = runs.end(command=words, limit=64)
    assert ended.status == 1, ended.said
    assert "error: [Errno 27] File too large" in ended.said
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    ended = runs.end(command=words)
    assert ended.status == 0, ended.said
    assert target.stat().st_size > 64
    beside = {"file-effects.csv"} if command == "model" else set()
    assert {path.name for path in tmp_path.iterdir()} == {target.name} | beside


def test_a_template_is_whole_or_absent(runs: Runs, tmp_path: Path) -> None:
    ended = runs.end(command=["template", str(tmp_path)], die="before the file moves")
    assert ended.status == -signal.SIGKILL, ended.said
    assert visible(tmp_path) == []
    ended = runs.end(command=["template", str(tmp_path)], limit=6_000)
    assert ended.status == 1, ended.said
    assert list(tmp_path.iterdir()) == []


def test_a_reproduction_is_whole_or_absent(runs: Runs, tmp_path: Path) -> None:
    words = ["reproduce", "--tables", "3", "--output", str(tmp_path / "tables")]
    ended = runs.end(command=words, die="before the move")
    assert ended.status == -signal.SIGKILL, ended.said
    assert visible(tmp_path) == []
    ended = runs.end(command=words, limit=64)
    assert ended.status == 1, ended.said
    assert list(tmp_path.iterdir()) == []


def test_a_program_killed_from_outside_leaves_the_old_report(
    runs: Runs, old: Path
) -> None:
    before = content(old)
    words = ["run", str(runs.settings), "--output", str(old), "--force"]
    program = "import sys; from spatial_coagg.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], stderr=subprocess.PIPE, env=ONE_THREAD
    ) as process:
        deadline = time.monotonic() + 300
        while not leftovers(old.parent) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert content(old) == before
    assert visible(old.parent) == ["report"]
