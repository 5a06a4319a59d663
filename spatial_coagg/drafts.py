"""Write beside the place; take the place only when all is complete."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

SUFFIX = ".unfinished"
# What a replaced folder is called for the moment in which the new one takes its place.
REPLACED = ".replaced"


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """Give an empty hidden folder beside `target`, gone when the block ends.

    Parameters
    ----------
    target : Path
        What is being written, absolute. Its parent is made if it is not there.

    Yields
    ------
    Path
        The folder ``.<name>.<random>.unfinished``.

    Notes
    -----
    A killed process cannot clear up, so the next one that writes to the same `target`
    does. It tells the dead from the living by a lock on the folder, which the system
    releases when its holder ends in whatever way; the folder of a living process, and
    any folder of another name, is never touched. Where the system or the disk knows no
    such locks nothing is cleared.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(target)
    draft, lock = _make(target)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        _release(lock)


@contextmanager
def replaced_file(path: str | Path) -> Iterator[Path]:
    """Give a path to write a file to, and move it to `path` when all went well.

    If the block raises or the process dies, a file at `path` is as it was before.

    Parameters
    ----------
    path : str or Path
        Where the file shall be.

    Yields
    ------
    Path
        A path of the same name in a folder of its own.
    """
    target = Path(path).absolute()
    with draft_folder(target) as folder:
        fresh = folder / target.name
        yield fresh
        fresh.replace(target)


def written_file(path: str | Path, text: str) -> Path:
    """Write a text file in UTF-8; an interrupted write leaves the old one as it was."""
    with replaced_file(path) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="\n")
    return Path(path).absolute()


def _make(target: Path) -> tuple[Path, int | None]:
    """Return a new folder and its lock, None where there are no locks."""
    while True:
        draft = Path(
            tempfile.mkdtemp(
                prefix=f".{target.name}.", suffix=SUFFIX, dir=target.parent
            )
        )
        try:
            return draft, _lock(draft)
        except (BlockingIOError, FileNotFoundError):
            # Another process took it for a leftover before it was locked.
            continue


def _clear_leftovers(target: Path) -> None:
    """Remove what dead processes left of `target`."""
    # A replaced folder is the only report there is until the new one has its place.
    ending = f"({re.escape(REPLACED)})?" if target.exists() else ""
    ours = re.compile(
        rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}{re.escape(SUFFIX)}{ending}"
    )
    for path in sorted(target.parent.iterdir()):
        if not ours.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
            continue
        try:
            lock = _lock(path)
        except OSError:
            continue
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            _release(lock)


def _lock(folder: Path) -> int | None:
    """Lock a folder; None where there are no locks, BlockingIOError if it is taken."""
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)
