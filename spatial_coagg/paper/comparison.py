"""A table of the paper beside the same table computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from spatial_coagg.tables.published import read_published

# Key of one figure: row, column and quantity, as `read_published` has them.
Cell: TypeAlias = tuple[str, str, str]
Cells: TypeAlias = dict[Cell, float | str]
# What to know about a row and column; "" stands for all.
Remarks: TypeAlias = Mapping[tuple[str, str], str]

SIMULATED, OWN = "simulated data", "method reproduced"
NOT_RECOMPUTED, UNPUBLISHED = "cannot be recomputed", "not in the paper"

TITLES: Mapping[int, str] = {
    1: "Average theta by region and year",
    2: "Ten cities of highest theta",
    3: "Average theta of the sub-sectors",
    4: "Descriptive statistics",
    5: "Variance inflation",
    6: "Fixed effects: three outcomes",
    7: "System GMM, controls added one by one",
    8: "Fixed effects by sub-sector and group",
}


@dataclass(frozen=True, slots=True, eq=False)
class ReproducedTable:
    """One table of the paper, computed and published.

    Attributes
    ----------
    number : int
        1 to 8.
    frame : DataFrame
        Index ``(row, column, quantity)``; columns ``computed``, ``published`` (as
        printed; empty where the paper has no such figure), ``difference`` (computed
        less published, whose standard errors lost a parenthesis to a minus sign in
        Table 8; nan where either is no number), ``truth`` (what the simulation used;
        nan where it is not known) and ``status`` ("method reproduced", "simulated
        data", "cannot be recomputed", with what else must be known of the figure).
    status : str
        What is reproduced, what is simulated, what cannot be recomputed, and why.
    """

    number: int
    frame: pd.DataFrame
    status: str

    @property
    def title(self) -> str:
        """Number and subject."""
        return f"Table {self.number}. {TITLES[self.number]}"


def compare(
    number: int,
    computed: Mapping[Cell, float | str],
    *,
    status: str,
    truth: Mapping[Cell, float] | None = None,
    remarks: Remarks | None = None,
    simulated: bool = False,
) -> ReproducedTable:
    """Set what was computed beside what was printed.

    Figures of the paper that were not computed stay, with nothing beside them.
    """
    published = read_published(number)
    texts = [str(text) for text in published["printed"]]
    keys = [(str(row), str(column), str(kind)) for row, column, kind in published.index]
    printed = dict(zip(keys, texts, strict=True))
    numbers = dict(zip(keys, published["value"].astype("float64"), strict=True))
    keys = list(dict.fromkeys([*keys, *computed]))
    rows = []
    for key in keys:
        found, known = computed.get(key), (truth or {}).get(key)
        rows.append(
            (
                found,
                printed.get(key, ""),
                _difference(found, numbers.get(key), key[2]),
                float("nan") if known is None else known,
                _status(key, computed, printed, remarks or {}, simulated=simulated),
            )
        )
    frame = pd.DataFrame(
        rows,
        columns=["computed", "published", "difference", "truth", "status"],
        index=pd.MultiIndex.from_tuples(keys, names=["row", "column", "quantity"]),
    )
    return ReproducedTable(number, frame, status)


def not_computed(number: int, why: str) -> ReproducedTable:
    """Return the published table with nothing beside it, and the reason."""
    status = f"Cannot be recomputed: {why.rstrip('.')}."
    return compare(number, {}, status=status, remarks={("", ""): why})


def _difference(
    computed: float | str | None, published: float | None, quantity: str
) -> float:
    if isinstance(computed, str) or computed is None or published is None:
        return float("nan")
    right = abs(published) if quantity == "standard_error" else published
    return float(computed) - right


def _status(
    key: Cell,
    computed: Mapping[Cell, float | str],
    printed: Mapping[Cell, str],
    remarks: Remarks,
    *,
    simulated: bool,
) -> str:
    row, column, _ = key
    if key not in computed:
        parts = [NOT_RECOMPUTED]
    else:
        parts = [SIMULATED if simulated else OWN]
        parts += [] if key in printed else [UNPUBLISHED]
    places = [(row, column), (row, ""), ("", column), ("", "")]
    parts += [remarks[place] for place in dict.fromkeys(places) if place in remarks]
    return "; ".join(parts)
