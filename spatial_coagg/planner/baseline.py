"""The fixed-effects baseline as a table, beside the paper's and the truth."""

import pandas as pd

from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.settings import Settings
from spatial_coagg.planner.variables import Variable
from spatial_coagg.report.page import TextTable
from spatial_coagg.report.regression_table import (
    FACT_LABELS,
    NOTE,
    RegressionTable,
    format_number,
    tabulate_models,
)
from spatial_coagg.report.words import Words
from spatial_coagg.simulate.truth import Truth
from spatial_coagg.tables.published import read_published

# An economist would take city-year effects for one dummy of each city in each year.
EFFECTS = {"city-year effects": "city and year effects"}
PAPER = "Paper, Table 6 (1)"
TRUTH = "Truth of the simulation"
VARIABLES = (
    "sci: spending on science, gdp: gross domestic product (10,000 yuan both); gov: "
    "government spending, fin: finance, ind: industry (ratios). The paper's errors are "
    "classical; the fit headed so repeats that choice, the others allow for errors "
    "that go together within a city."
)
# Beside those that tables print anyway.
FACT_NAMES = {"sigma2": "Variance of the noise", "correction": "Correction"}
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
    words = results.words
    table = tabulate_models(
        {_heading(name, words): fit for name, fit in results.fits.items()},
        facts=[fact for fact in FACTS if _is_told(results, fact)],
        labels=printed_names(words),
    )
    lines = lines_of(table, words)
    note = words.name(NOTE)
    if results.is_the_paper:
        lines[words.name(PAPER)] = _published(table)
        note = words.name(" ").join([note, words.name(VARIABLES)])
    if results.inputs.truth is not None:
        lines[words.name(TRUTH)] = _truth(table, results.inputs.truth)
    caption = words.say(
        "{dependent} explained", dependent=results.settings.model.outcome
    )
    return TextTable(lines, caption, note)


def printed_names(words: Words) -> dict[str, str]:
    """Return what the facts of a fit are called in the language."""
    labels = {**FACT_LABELS, **FACT_NAMES, "constant": "Constant"}
    return {name: words.name(label) for name, label in labels.items()}


def _heading(name: str, words: Words) -> str:
    """Put ``"city effects, clustered"`` into the language."""
    effects, covariance = name.split(", ")
    return words.say(
        "{effects}, {covariance}",
        effects=words.name(EFFECTS.get(effects, effects)),
        covariance=words.name(covariance),
    )


def _is_told(results: StudyResults, fact: str) -> bool:
    return any(fact in fit.facts for fit in results.fits.values())


def lines_of(table: RegressionTable, words: Words) -> pd.DataFrame:
    """Return a regression table as text, a blank before its standard errors."""
    frame = table.to_frame().map(words.name)
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
