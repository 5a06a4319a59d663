"""Numbers and plain text out of cells, with every doubtful cell named."""

import math
import re
import unicodedata
from collections.abc import Collection

import numpy as np
import pandas as pd

from spatial_coagg.errors import Problem

# What statistical yearbooks print where there is no number. China's explain "..." as
# "too small to show, or unknown": it becomes missing like the others, never zero.
MISSING_MARKS = frozenset({"…", "……", "...", "......", "-", "--", "—", "——", "–"})

# Only what is a wider form of the same sign is folded: the Unicode normal form would
# also read a footnote sign as a digit ("12②" as 122).
_FOLDED = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    ord("\u3000"): " ",
    ord("\u2212"): "-",
    ord("\u2019"): "'",
}
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([, '])[0-9]{3}(\1[0-9]{3})*(\.[0-9]+)?")
_INFINITE = "the number is infinite; correct it or leave the cell blank"
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


class Unreadable(Exception):  # noqa: N818 - never leaves the readers
    """Why a cell cannot be read, and what to do."""


def read_numbers(
    cells: pd.Series, *, missing_marks: Collection[str] = ()
) -> tuple[pd.Series, list[Problem]]:
    """Return the numbers of a column, and a problem for each cell that holds none.

    Blanks and the marks ``...``, ``…``, ``-``, ``—`` and ``–`` are missing (nan).
    ``1,234``, ``1 234`` and full-width ``１２３４`` are the number 1234; a thousands
    separator stands before every three digits or it is refused (``1,5``, ``12,34``).

    Parameters
    ----------
    cells : Series
        The column as it was read: its name is the header, its index the row in the
        file.
    missing_marks : collection of str
        Further texts that stand for a missing number, such as ``"NA"``.

    Returns
    -------
    Series
        Numbers (float), nan where the cell is missing or unreadable.
    list of Problem
        One for each unreadable cell.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.Series(["1,234", "…", "１２", "12人"], index=[2, 3, 4, 5])
    >>> numbers, problems = read_numbers(cells)
    >>> numbers.tolist()
    [1234.0, nan, 12.0, nan]
    >>> print(problems[0].row, problems[0].value)
    5 12人
    """
    marks = MISSING_MARKS.union(plain_text(mark) for mark in missing_marks)
    is_number = pd.api.types.is_numeric_dtype(cells) and cells.dtype != bool
    written = cells.to_numpy(dtype="float64", na_value=np.nan) if is_number else None
    values = np.array(_read_all(cells, marks)) if written is None else written
    unread = np.isinf(values)
    numbers = pd.Series(values, index=cells.index, name=cells.name).mask(unread)
    return numbers, _name_problems(cells[unread], marks)


def plain_text(cell: object) -> str:
    r"""Return the text of a cell without width forms, invisible signs and odd spaces.

    Examples
    --------
    >>> plain_text(" ３２０５００\u3000")
    '320500'
    """
    text = str(cell)
    if not text.isascii():
        folded = text.translate(_FOLDED)
        text = "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")
    return " ".join(text.split())


def is_blank(cell: object) -> bool:
    """Return whether a cell holds nothing at all."""
    if isinstance(cell, str):
        return cell == "" or plain_text(cell) == ""
    return cell is None or cell is pd.NA or cell is pd.NaT or _is_nan(cell)


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float | np.floating) and bool(np.isnan(cell))


def _read_all(cells: pd.Series, marks: frozenset[str]) -> list[float]:
    """Return the numbers of the cells, infinite where one cannot be read."""
    slow: dict[tuple[type, object], float] = {}
    numbers = []
    for cell in cells.tolist():
        # Most cells are plain, and this loop is where a big file spends its time.
        if isinstance(cell, float) or (
            isinstance(cell, str) and _PLAIN.fullmatch(cell)
        ):
            numbers.append(float(cell))
            continue
        key = (type(cell), cell)
        if key not in slow:
            try:
                slow[key] = _read_number(cell, marks)
            except Unreadable:
                slow[key] = math.inf
        numbers.append(slow[key])
    return numbers


def _name_problems(cells: pd.Series, marks: frozenset[str]) -> list[Problem]:
    problems = []
    for row, cell in zip(cells.index.tolist(), cells.tolist(), strict=True):
        try:
            _read_number(cell, marks)
        except Unreadable as reason:
            problem = Problem(
                message=str(reason), row=row, column=str(cells.name), value=str(cell)
            )
            problems.append(problem)
    return problems


def _read_number(cell: object, marks: frozenset[str]) -> float:
    if isinstance(cell, bool | np.bool_):
        raise Unreadable("true or false is no number; write digits or leave it blank")
    if isinstance(cell, int | float | np.number):
        return _finite(float(cell))
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return math.nan
    if not isinstance(cell, str):
        raise Unreadable(
            "a date is no number; write digits and format them as a number"
        )
    text = plain_text(cell)
    if text == "" or text in marks:
        return math.nan
    if _PLAIN.fullmatch(text):
        return _finite(float(text))
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None:
        return float(text.replace(grouped[1], ""))
    raise Unreadable(_advice(text))


def _finite(number: float) -> float:
    if math.isinf(number):
        raise Unreadable(_INFINITE)
    return number


def _advice(text: str) -> str:
    if text.startswith("="):
        return (
            "the file does not hold the result of this formula; open it in a "
            "spreadsheet program and save it again"
        )
    if text.startswith("#"):
        return "an error of the spreadsheet; repair the formula or leave it blank"
    if text.endswith("%"):
        return "a percentage; write the number without the sign"
    if _DECIMAL_COMMA.fullmatch(text):
        return "a comma separates thousands here; write decimals with a point"
    return (
        "not a number; write digits such as 1234.5, or leave the cell blank where "
        "the number is unknown"
    )
