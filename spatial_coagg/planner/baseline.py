"""The fixed-effects baseline as a table, beside the paper's and the truth."""

import pandas as pd

from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.settings import Settings
from spatial_coagg.planner.variables import Variable
from spatial_coagg.report.page import TextTable
from spatial_coagg.report.regression_table import (
    NOTE,
    RegressionTable,
    format_number,
    tabulate_models,
)
from spatial_coagg.simulate.truth import Truth
from spatial_coagg.tables.published import read_published

PAPER = "Paper, Table 6 (1)"
TRUTH = "Truth of the simulation"
FACTS = ("observations", "cities", "r2_within", "r2", "standard_errors")
# The paper's row of each fact that it prints.
PUBLISHED_FACTS = {"observations": "observations", "r2": "r2"}


def theta_driver(settings: Settings) -> str:
    """Return the driver that holds theta: by itself, in logarithm, or a sub-sector's.

    The first driver that names a column starting with ``theta``; where none does, the
    first driver.
    """
    drivers = settings.model.drivers
    holds_theta = (
        driver
        for driver in drivers
        if Variable.from_text(driver).column.startswith("theta")
    )
    return next(holds_theta, drivers[0])


def tabulate_baseline(results: StudyResults) -> TextTable:
    """Set the fits side by side; for the embedded panel the paper and the truth too."""
    table = tabulate_models(
        results.fits, facts=[fact for fact in FACTS if _is_told(results, fact)]
    )
    lines = _lines(table)
    note = NOTE
    if results.is_the_paper:
        lines[PAPER] = _published(table)
        note += (
            " sci: spending on science, gdp: gross domestic product (10,000 yuan "
            "both); gov: government spending, fin: finance, ind: industry (ratios)."
            " The paper's errors are classical; the fit headed so repeats that "
            "choice, the others allow for errors that go together within a city."
        )
    if results.inputs.truth is not None:
        lines[TRUTH] = _truth(table, results.inputs.truth)
    return TextTable(lines, f"{results.settings.model.outcome} explained", note)


def _is_told(results: StudyResults, fact: str) -> bool:
    return any(fact in fit.facts for fit in results.fits.values())


def _lines(table: RegressionTable) -> pd.DataFrame:
    frame = table.to_frame()
    labels = [
        "" if line == "standard error" else str(label) for label, line in frame.index
    ]
    return frame.set_axis(pd.Index(labels, name=None))


def _published(table: RegressionTable) -> list[str]:
    printed = read_published(6)["printed"].xs("1", level="column").to_dict()
    cells: list[str] = []
    for row in table.coefficients:
        estimate = printed.get((row.name, "estimate"), "")
        error = printed.get((row.name, "standard_error"), "")
        cells.append(f"{estimate}{printed.get((row.name, 'stars'), '')}")
        cells.append(f"({error})" if error else "")
    facts = [(PUBLISHED_FACTS.get(row.name, ""), "value") for row in table.facts]
    return cells + [printed.get(fact, "") for fact in facts]


def _truth(table: RegressionTable, truth: Truth) -> list[str]:
    cells: list[str] = []
    for row in table.coefficients:
        variable = Variable.from_text(row.name)
        name = f"{variable.transform}_{variable.column}" if variable.transform else None
        value = truth.coefficients.get(name or row.name)
        cells += ["" if value is None else format_number(float(value), 3), ""]
    return cells + [""] * len(table.facts)
