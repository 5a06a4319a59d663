"""Stata's .dta files as columns of cells."""

import re
from pathlib import Path

import pandas as pd

from spatial_coagg.errors import Problem, TableError
from spatial_coagg.tables.decoding import decode_text

_RELEASE = re.compile(rb"<stata_dta><header><release>(\d{3})</release>")
# From this release on (Stata 14) text is UTF-8; before, in whatever the machine used.
_FIRST_UNICODE_RELEASE = 118


def read_stata_columns(
    path: Path, *, encoding: str | None = None
) -> tuple[pd.Series, ...]:
    """Return the variables of a Stata file, one Series each, index the row.

    Labelled values are read as their labels, as Stata's data browser shows them; dates
    are dates; Stata's missing values are nan. The first observation is row 2, as if the
    names of the variables were row 1. Files older than Stata 14 do not say how their
    text is encoded: UTF-8 and GB18030 are told apart unless `encoding` is given.

    Raises
    ------
    TableError
        If the file is no Stata file, or a label stands for two values.
    """
    source = path.name
    try:
        frame = pd.read_stata(path)
    except (ValueError, KeyError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        message = f"the file cannot be read as Stata's .dta: {error}"
        raise TableError(source, [Problem(message=message)]) from error
    if _release(path) < _FIRST_UNICODE_RELEASE:
        frame = _decoded(frame, source, encoding)
    if len(frame) == 0:
        raise TableError(source, [Problem(message="the file holds no observations")])
    rows = pd.RangeIndex(2, len(frame) + 2, name="row")
    frame = frame.set_axis(rows, axis="index")
    return tuple(frame.iloc[:, position] for position in range(frame.shape[1]))


def _release(path: Path) -> int:
    with path.open("rb") as stream:
        head = stream.read(64)
    match = _RELEASE.match(head)
    return int(match[1]) if match is not None else head[0]


def _decoded(frame: pd.DataFrame, source: str, encoding: str | None) -> pd.DataFrame:
    # Text of old releases arrives as Latin-1, which keeps every byte.
    def decode(cell: object) -> object:
        if not isinstance(cell, str) or cell.isascii():
            return cell
        return decode_text(cell.encode("latin-1"), source=source, encoding=encoding)

    texts = frame.select_dtypes(exclude="number").columns
    changed = {name: frame[name].astype(object).map(decode) for name in texts}
    return frame.assign(**changed).rename(columns=lambda name: str(decode(name)))
