"""Write a folder so that it is either the old one or the new one, never half."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spatial_coagg.drafts import REPLACED, draft_folder
from spatial_coagg.errors import OutputExistsError

# The file by which a folder is known to be a report of ours and may be replaced.
LOCK_NAME = "run.lock.json"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_replaceable(target: str | Path, *, force: bool) -> None:
    """Raise unless a folder may be written at `target`.

    Raises
    ------
    OutputExistsError
        If it exists and `force` is false, or if it exists and is not a report.
    """
    folder = Path(target)
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise OutputExistsError(f"{folder} exists and is not a folder; choose another")
    if not any(folder.iterdir()):
        return
    if not force:
        raise OutputExistsError(
            f"{folder} exists; use --force (force=True) to replace it, or choose "
            f"another folder"
        )
    if not (folder / LOCK_NAME).is_file():
        raise OutputExistsError(
            f"{folder} holds files but no {LOCK_NAME}, so it is not a report and is "
            f"not replaced even by --force; choose another folder"
        )


@contextmanager
def replaced_folder(target: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give an empty folder to fill, and move it to `target` when all went well.

    The new folder is made beside `target`. If the block raises or the process dies,
    `target` is as it was before.

    Parameters
    ----------
    target : str or Path
        Where the folder shall be.
    force : bool
        Replace a report that is there.

    Yields
    ------
    Path
        The folder to write into.

    Raises
    ------
    OutputExistsError
        See :func:`check_replaceable`.
    """
    check_replaceable(target, force=force)
    folder = Path(target).absolute()
    # After an exchange the draft is the old report; after a failure the unfinished one.
    with draft_folder(folder) as fresh:
        yield fresh
        fresh.chmod(0o755)
        check_replaceable(target, force=force)
        _move_into_place(fresh, folder)


def _move_into_place(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
    elif not _exchange(fresh, folder):
        # Without an atomic exchange the old report is kept under a name that tells
        # what it is until the new one stands in its place.
        kept = fresh.with_name(f"{fresh.name}{REPLACED}")
        folder.rename(kept)
        try:
            fresh.rename(folder)
        except OSError:
            kept.rename(folder)
            raise
        shutil.rmtree(kept, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step where the system can (Linux); else say no."""
    rename = (
        getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    )
    if rename is None:
        return False
    status = rename(
        _AT_FDCWD,
        os.fsencode(first),
        _AT_FDCWD,
        os.fsencode(second),
        _RENAME_EXCHANGE,
    )
    return bool(status == 0)
