"""One finding about the published figures, and how they are looked up."""

from dataclasses import dataclass
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
    return float(str(read_published(table)["printed"].loc[(row, column, quantity)]))


def stars(table: int, row: str, column: str) -> str:
    """Return the stars printed at one estimate."""
    return str(read_published(table).loc[(row, column, "stars"), "printed"])


def estimate(table: int, row: str, column: str) -> tuple[float, float]:
    """Return an estimate and its standard error, a lost parenthesis put back."""
    slope = printed(table, row, column, "estimate")
    return slope, abs(printed(table, row, column, "standard_error"))
