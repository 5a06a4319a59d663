"""City codes and years read from cells, with every doubtful one named."""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from spatial_coagg.errors import Problem

_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_FRACTION = "a city code must be a whole number or text; correct it"
_YEAR = re.compile(r"(\d{4})(?:\.0+)?年?")


def read_codes(
    cells: pd.Series, *, first_row: int = 2
) -> tuple[pd.Series, list[Problem]]:
    """Return city codes as text, and a problem for each cell that holds none.

    Whole numbers lose their decimal point (110000.0 is 110000), full-width digits
    become plain ones, blanks around a code go. Leading zeros of text are kept.

    Parameters
    ----------
    cells : Series
        The column as it was read; its name is used in the problems.
    first_row : int
        Row of the first cell as a spreadsheet counts it.
    """
    return _read_cells(cells, _read_code, "str", first_row=first_row)


def read_years(
    cells: pd.Series, *, first_row: int = 2
) -> tuple[pd.Series, list[Problem]]:
    """Return calendar years as integers, and a problem for each cell that holds none.

    ``2004``, ``"2004.0"``, ``"２００４"`` and ``"2004年"`` are the year 2004.
    """
    return _read_cells(cells, _read_year, "int64", first_row=first_row)


def _read_cells(
    cells: pd.Series,
    read: Callable[[object], str | int],
    dtype: Literal["str", "int64"],
    *,
    first_row: int,
) -> tuple[pd.Series, list[Problem]]:
    # Each distinct cell is read once: a panel repeats its keys thousands of times.
    known: dict[object, str | int] = {}
    reasons: dict[object, str] = {}
    for cell in cells.unique():
        try:
            known[cell] = read(cell)
        except ValueError as reason:
            reasons[cell] = str(reason)
    blank = reasons.get(np.nan) or reasons.get(None) or "blank"
    problems = [
        Problem(
            message=reasons.get(cell, blank),
            row=position + first_row,
            column=str(cells.name),
            value=None if pd.isna(cell) else str(cell),
        )
        for position, cell in enumerate(cells)
        if cell in reasons or pd.isna(cell)
    ]
    if problems:
        return cells, problems
    read_values = [known[cell] for cell in cells]
    return pd.Series(read_values, index=cells.index, name=cells.name, dtype=dtype), []


def _read_code(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA:
        raise ValueError("the city code is blank; fill it in or delete the row")
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    if text == "":
        raise ValueError("the city code is blank; fill it in or delete the row")
    whole = _WHOLE_FLOAT.fullmatch(text)
    if whole is not None:
        return whole[1]
    has_fraction = isinstance(cell, float | np.floating)
    if has_fraction:
        raise ValueError(_FRACTION)
    return text


def _read_year(cell: object) -> int:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA:
        raise ValueError("the year is blank; fill it in or delete the row")
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    match = _YEAR.fullmatch(text)
    if match is None:
        raise ValueError("a year must have four digits, such as 2004; correct it")
    return int(match[1])
