"""Tables 1 to 8 of the paper, computed and beside the published ones."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import (
    EstimationError,
    MissingColumnError,
    SpatialCoaggError,
)
from spatial_coagg.example import Example, load_example
from spatial_coagg.paper.audit import audit_published
from spatial_coagg.paper.comparison import ReproducedTable, not_computed
from spatial_coagg.paper.material import Material, material_from, material_of
from spatial_coagg.paper.reproduced_levels import (
    table_1,
    table_2,
    table_3,
    table_4,
    table_5,
)
from spatial_coagg.paper.reproduced_models import table_6, table_7, table_8
from spatial_coagg.report.folder import LOCK_NAME, replaced_folder
from spatial_coagg.report.workbook import Sheet, write_workbook
from spatial_coagg.tables.panel import Panel

MAKERS: Mapping[int, Callable[[Material], ReproducedTable]] = {
    1: table_1,
    2: table_2,
    3: table_3,
    4: table_4,
    5: table_5,
    6: table_6,
    7: table_7,
    8: table_8,
}
NOTICE = "Simulated data"


@dataclass(frozen=True, slots=True, eq=False)
class Reproduction:
    """The paper's tables beside the same tables computed.

    Attributes
    ----------
    tables : dict of int to ReproducedTable
    notice : str
        "Simulated data" where they are; else empty.
    """

    tables: Mapping[int, ReproducedTable]
    notice: str

    def to_markdown(self) -> str:
        """Return all tables and the audit of the published ones as one document."""
        parts = ["# The paper's tables, computed and published", ""]
        if self.notice:
            parts += [f"**{self.notice}**", ""]
        for table in self.tables.values():
            parts += [f"## {table.title}", "", table.status, "", *_lines(table), ""]
        parts += ["## What the published tables say about themselves", ""]
        parts += [
            f"- {each.tables}, {each.verdict}: {each.claim}. {each.arithmetic}"
            for each in audit_published().findings
        ]
        return "\n".join([*parts, ""])

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write ``reproduction.md``, ``reproduction.xlsx`` and a lock into a folder.

        Raises
        ------
        OutputExistsError
            If the folder exists and `force` is false, or holds something else.
        """
        target = Path(folder)
        status = pd.DataFrame(
            {"status": [table.status for table in self.tables.values()]},
            index=pd.Index([t.title for t in self.tables.values()], name="table"),
        )
        sheets = [Sheet("status", status, "What is reproduced and what is not.")]
        sheets += [
            Sheet(f"table {number}", table.frame, table.title)
            for number, table in self.tables.items()
        ]
        audit = audit_published().to_frame().rename_axis("finding number")
        sheets.append(
            Sheet("audit", audit, "The published figures against themselves.")
        )
        with replaced_folder(target, force=force) as fresh:
            text = self.to_markdown()
            (fresh / "reproduction.md").write_text(text, encoding="utf-8")
            facts = {"notice": self.notice} if self.notice else {}
            write_workbook(sheets, fresh / "reproduction.xlsx", facts=facts)
            lock = {
                "spatial-coagg": version("spatial-coagg"),
                "tables": list(self.tables),
            }
            (fresh / LOCK_NAME).write_text(json.dumps(lock) + "\n", encoding="utf-8")
        return target


def reproduce(
    panel: Panel | Example | None = None,
    *,
    tables: Sequence[int] = tuple(MAKERS),
    columns: Mapping[str, str] | None = None,
) -> Reproduction:
    """Compute the paper's tables on a panel, beside the published ones.

    Parameters
    ----------
    panel : Panel or Example, optional
        Levels ``theta``, ``cr``, ``sci``, ``gov``, ``fin``, ``gdp`` (10,000 yuan),
        ``ind``, and for some columns ``pcr``, ``pacr`` and ``theta_<sector>``; with
        the attributes ``name`` and ``region`` for Tables 1 and 2. By default the
        embedded simulated panels: the static one, and for Table 7 the dynamic one. An
        example takes the place of one of the two; the other has the same seed.
    tables : sequence of int
        Of 1 to 8.
    columns : mapping of str to str, optional
        The name of each of these variables in a panel of one's own, where it differs.

    Returns
    -------
    Reproduction
        Each table with the published figure, the difference, the truth of simulated
        data and a status that says what is reproduced, simulated, or cannot be
        recomputed. A table for which the panel lacks variables or rows says so there.

    Raises
    ------
    MissingColumnError
        If the panel lacks a column that `columns` names.
    SpatialCoaggError
        If a table does not exist, the panel has no ``theta``, or the example is the
        spatial one, which no table is about.

    References
    ----------
    Y. Geng, "Research on the impact of Industrial Synergy Agglomeration on Regional
    Innovation and Development", Tables 1-8.

    Examples
    --------
    >>> from spatial_coagg import reproduce
    >>> table = reproduce(tables=[6]).tables[6].frame
    >>> table.loc[("ln(theta)", "1", "estimate"), "published"]
    '0.196'
    """
    unknown = [number for number in tables if number not in MAKERS]
    if unknown:
        raise SpatialCoaggError(
            f"the paper has Tables 1 to 8, not {listed(unknown)}; choose among these"
        )
    chosen = sorted(set(tables))
    if isinstance(panel, Panel):
        material = material_from(panel, columns or {})
    elif columns:
        raise SpatialCoaggError(
            "columns names the variables of a panel of your own; give that panel too"
        )
    else:
        material = _embedded(panel or load_example(), chosen)
    made = {number: _make(number, material) for number in chosen}
    return Reproduction(made, NOTICE if material.is_simulated else "")


def _embedded(example: Example, tables: Sequence[int]) -> Material:
    """Take an example and, where it is needed, its sibling of the other equation."""
    if example.mode == "spatial":
        raise SpatialCoaggError(
            "no table of the paper has a spatial equation; give a static or dynamic "
            "example, or the panel of this one"
        )
    if example.mode != "static":
        return material_of(load_example("static", seed=example.seed), example)
    if 7 not in tables:
        return material_of(example, None)
    return material_of(example, load_example("dynamic", seed=example.seed))


def _make(number: int, material: Material) -> ReproducedTable:
    try:
        return MAKERS[number](material)
    except (MissingColumnError, EstimationError) as error:
        return not_computed(number, str(error))


def _lines(table: ReproducedTable) -> list[str]:
    frame = table.frame
    has_truth = bool(frame["truth"].notna().any())
    head = ["row", "column", "figure", "computed", "published", "difference"]
    lines = [_line([*head, *(["truth"] if has_truth else []), "status"])]
    lines.append(_line(["---"] * (7 + has_truth)))
    for key, row in zip(frame.index, frame.to_dict("records"), strict=True):
        cells = [*key, _text(row["computed"]), row["published"]]
        cells.append(_text(row["difference"]))
        if has_truth:
            cells.append(_text(row["truth"]))
        cells.append(row["status"])
        lines.append(_line([str(cell) for cell in cells]))
    return lines


def _line(cells: Sequence[str]) -> str:
    escaped = [cell.replace("|", "\\|").replace("*", "\\*") for cell in cells]
    return "| " + " | ".join(escaped) + " |"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int):
        return str(value)
    # Zero added: a difference that rounds to zero has no sign.
    number = round(float(str(value)), 4) + 0.0
    return f"{number:.4f}" if abs(number) < 1000 else f"{number:.1f}"
