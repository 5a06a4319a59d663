"""City codes and years read from cells, with every doubtful one named."""

import re
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pandas as pd

from spatial_coagg.errors import Problem
from spatial_coagg.tables.cells import MISSING_MARKS, Unreadable, plain_text

_WHOLE_FLOAT = re.compile(r"([0-9]+)\.0*")
_FRACTION = re.compile(r"[+-]?[0-9]*\.[0-9]+|-[0-9]+")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]*)?[eE]\+[0-9]+|[0-9]\.[0-9]*[eE][0-9]+")
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
_QUOTED = re.compile(r'="(.*)"|\'(.*)')
_YEAR = re.compile(r"([0-9]{4})(?:\.0*)? ?年?")

_FRACTION_ADVICE = "a city code must be a whole number or text; correct it"
_NO_CODE = "the city code is blank; fill it in or delete the row"
_NO_YEAR = "the year is blank; fill it in or delete the row"
_BAD_YEAR = "a year must have four digits, such as 2004; correct it"


def read_codes(
    cells: pd.Series,
    *,
    rows: Sequence[int] | pd.Index | None = None,
    digits: int | None = 0,
) -> tuple[pd.Series, list[Problem]]:
    """Return city codes as text, and a problem for each cell that holds none.

    Whole numbers lose their decimal point (110000.0 is 110000), full-width digits
    become plain ones, blanks around a code go, leading zeros of text are kept.
    Refused is what cannot be brought back: 1.1E+05, 110000.5, numbers beyond the
    precision they were stored in, and blanks.

    Parameters
    ----------
    cells : Series
        The column as it was read; its name is used in the problems.
    rows : sequence of int, optional
        Row of each cell as a spreadsheet counts it; 2, 3, ... by default.
    digits : int or None
        Digits of a code made of digits: shorter ones get their leading zeros back,
        longer ones are refused. 0 takes the codes as they stand. None does too, unless
        five or more digits stand beside codes with one digit less, as they do where a
        spreadsheet dropped leading zeros: those are refused.

    Returns
    -------
    Series
        Codes (str), missing where the cell holds none; same index as `cells`.
    list of Problem

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.Series([110000.0, "３２０５００", "01001"], name="code")
    >>> codes, problems = read_codes(cells)
    >>> codes.tolist()
    ['110000', '320500', '01001']
    """
    places = _rows_of(cells, rows)
    found, reasons = _read_distinct(cells, _read_code)
    if cells.dtype == np.float32:
        _refuse_single_precision(cells, found, reasons)
    _restore_zeros(found, reasons, digits=digits)
    codes = pd.Series(found, index=cells.index, name=cells.name, dtype="str")
    return codes, _name_problems(cells, places, reasons)


def read_years(
    cells: pd.Series, *, rows: Sequence[int] | pd.Index | None = None
) -> tuple[pd.Series, list[Problem]]:
    """Return calendar years as integers, and a problem for each cell that holds none.

    ``2004``, ``"2004.0"``, ``"２００４"`` and ``"2004年"`` are the year 2004, and so is
    a date that is the first of January, as Stata's yearly dates are.

    Returns
    -------
    Series
        Years (int64; nullable Int64 where a cell holds none); same index as `cells`.
    list of Problem
    """
    places = _rows_of(cells, rows)
    found, reasons = _read_distinct(cells, _read_year)
    dtype = "Int64" if reasons else "int64"
    years = pd.Series(found, index=cells.index, name=cells.name, dtype=dtype)
    return years, _name_problems(cells, places, reasons)


def find_gaps(index: pd.Index) -> pd.MultiIndex:
    """Return the (city, year) pairs missing between a city's first and last year.

    Parameters
    ----------
    index : Index
        Levels ``city`` and ``year``, no pair twice, any order.
    """
    ordered = index.sort_values()
    cities = ordered.get_level_values("city")
    years = ordered.get_level_values("year").to_numpy()
    same_city = np.asarray(cities[1:] == cities[:-1], dtype=bool)
    missing = np.where(same_city, np.diff(years) - 1, 0)
    starts = np.flatnonzero(missing > 0).tolist()
    found = [
        (cities[start], int(years[start]) + step)
        for start in starts
        for step in range(1, int(missing[start]) + 1)
    ]
    return pd.MultiIndex.from_tuples(found, names=["city", "year"])


def _rows_of(cells: pd.Series, rows: Sequence[int] | pd.Index | None) -> list[int]:
    return (
        list(range(2, len(cells) + 2)) if rows is None else [int(row) for row in rows]
    )


def _read_distinct(
    cells: pd.Series, read: Callable[[object], str | int]
) -> tuple[list[str | int | None], dict[int, str]]:
    # Each distinct cell is read once: a panel repeats its keys thousands of times.
    # The type belongs to the key because 1 == 1.0 == True.
    known: dict[tuple[type, object], str | int] = {}
    refused: dict[tuple[type, object], str] = {}
    found: list[str | int | None] = []
    reasons: dict[int, str] = {}
    for position, cell in enumerate(cells.tolist()):
        key = (type(cell), cell)
        if key not in known and key not in refused:
            try:
                known[key] = read(cell)
            except Unreadable as reason:
                refused[key] = str(reason)
        if key in refused:
            reasons[position] = refused[key]
        found.append(known.get(key))
    return found, reasons


def _name_problems(
    cells: pd.Series, rows: list[int], reasons: dict[int, str]
) -> list[Problem]:
    problems = []
    for position, reason in sorted(reasons.items()):
        cell = cells.iloc[position]
        problems.append(
            Problem(
                message=reason,
                row=rows[position],
                column=str(cells.name),
                value=None if _is_missing(cell) else str(cell),
            )
        )
    return problems


def _is_missing(cell: object) -> bool:
    if isinstance(cell, float | np.floating):
        return bool(np.isnan(cell))
    return cell is None or cell is pd.NA or cell is pd.NaT


def _read_code(cell: object) -> str:
    if _is_missing(cell):
        raise Unreadable(_NO_CODE)
    if isinstance(cell, bool | np.bool_):
        raise Unreadable("true or false is no city code; correct it")
    if isinstance(cell, date):
        raise Unreadable("a date is no city code; format the column as text")
    if isinstance(cell, float | np.floating):
        return _code_from_float(float(cell))
    return _code_from_text(plain_text(cell))


def _code_from_float(number: float) -> str:
    if not number.is_integer() or number < 0:
        raise Unreadable(_FRACTION_ADVICE)
    if number > 2**53:
        raise Unreadable("the number is too long to be exact; store the code as text")
    return str(int(number))


def _code_from_text(written: str) -> str:
    quoted = _QUOTED.fullmatch(written)
    text = (quoted[1] or quoted[2] or "").strip() if quoted is not None else written
    if text == "" or text in MISSING_MARKS:
        raise Unreadable(_NO_CODE)
    whole = _WHOLE_FLOAT.fullmatch(text)
    if whole is not None:
        return whole[1]
    if _FRACTION.fullmatch(text):
        raise Unreadable(_FRACTION_ADVICE)
    if _SCIENTIFIC.fullmatch(text):
        raise Unreadable(
            "a spreadsheet wrote the code as a power of ten and lost its digits; "
            "format the column as text and fill the codes in again"
        )
    if _THOUSANDS.fullmatch(text):
        raise Unreadable("a city code has no thousands separator; format it as text")
    return text


def _refuse_single_precision(
    cells: pd.Series, found: list[str | int | None], reasons: dict[int, str]
) -> None:
    for position in np.flatnonzero(cells.to_numpy() >= 2**24).tolist():
        found[position] = None
        reasons[position] = (
            "the code was stored in single precision, which holds seven digits; "
            "store it as text or as a long integer"
        )


def _restore_zeros(
    found: list[str | int | None], reasons: dict[int, str], *, digits: int | None
) -> None:
    if digits == 0:
        return
    numeric = {
        position: code
        for position, code in enumerate(found)
        if isinstance(code, str) and code.isdecimal()
    }
    widths = {len(code) for code in numeric.values()}
    widest = max(widths, default=0)
    if digits is None:
        if widest >= 5 and widths == {widest - 1, widest}:
            reason = (
                f"{widest - 1} digits beside codes of {widest}: a leading zero seems "
                f"lost; give code_digits={widest} to put it back, or code_digits=0 if "
                f"the codes are right as they stand"
            )
            for position, code in numeric.items():
                if len(code) < widest:
                    found[position], reasons[position] = None, reason
        return
    for position, code in numeric.items():
        found[position] = code.zfill(digits)
        if len(code) > digits:
            found[position] = None
            reasons[position] = f"the code has more than {digits} digits; correct it"


def _read_year(cell: object) -> int:
    if _is_missing(cell):
        raise Unreadable(_NO_YEAR)
    if isinstance(cell, date):
        return _year_of_date(cell)
    text = plain_text(cell)
    if text == "" or text in MISSING_MARKS:
        raise Unreadable(_NO_YEAR)
    match = _YEAR.fullmatch(text)
    if match is None:
        raise Unreadable(_BAD_YEAR)
    return int(match[1])


def _year_of_date(day: date) -> int:
    # The number 2004 in a cell formatted as a date reads as 1905-06-26.
    if (day.month, day.day) != (1, 1):
        raise Unreadable("a date is no year; format the cell as a number such as 2004")
    return day.year
