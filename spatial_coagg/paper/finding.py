"""One finding about the published figures, and how they are looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from spatial_coagg.tables.published import read_published

Verdict: TypeAlias = Literal["cannot be right", "needs an explanation", "holds"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the published figures.

    Attributes
    ----------
    tables : str
        Which tables it is about, such as ``"Table 8"``.
    verdict : {"cannot be right", "needs an explanation", "holds"}
    claim : str
        What was found, in one sentence.
    arithmetic : str
        The computation, from printed figures only.
    """

    tables: str
    verdict: Verdict
    claim: str
    arithmetic: str


def printed(table: int, row: str, column: str, quantity: str = "value") -> float:
    """Return the number printed in one cell of the paper."""
    return float(as_text(table, row, column, quantity))


def as_text(table: int, row: str, column: str, quantity: str) -> str:
    """Return one cell of the paper as it was printed."""
    return cells(table)[row, column, quantity]


def estimate(table: int, row: str, column: str) -> tuple[float, float]:
    """Return an estimate and its standard error, a lost parenthesis put back."""
    slope = printed(table, row, column, "estimate")
    return slope, abs(printed(table, row, column, "standard_error"))


@cache
def cells(table: int) -> Mapping[tuple[str, str, str], str]:
    """Return a table of the paper by (row, column, quantity)."""
    text = read_published(table)["printed"].reset_index()
    keys = zip(text["row"], text["column"], text["quantity"], strict=True)
    return dict(zip(keys, text["printed"].astype("str"), strict=True))
