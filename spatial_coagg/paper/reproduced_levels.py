"""Tables 1 to 5: levels, descriptions and variance inflation."""

import warnings

import pandas as pd

from spatial_coagg.errors import MissingValueWarning
from spatial_coagg.models.diagnostics import describe_panel, variance_inflation
from spatial_coagg.models.hausman import hausman_test
from spatial_coagg.paper.comparison import (
    Cells,
    ReproducedTable,
    compare,
    not_computed,
)
from spatial_coagg.paper.material import SECTORS, Material
from spatial_coagg.report.rankings import (
    average_by_region,
    average_by_sector,
    rank_cities,
)

CONTROLS = ("sci", "gov", "fin", "gdp", "ind")
TARGETED = (
    "Method reproduced on simulated jobs whose averages aim at the paper's; agreement "
    "here is by construction."
)
NO_AVERAGE = "the published column is no average of its regions in every year"
NO_COUNT = "the published figure repeats the mean and is no number of observations"
OWN = "Method reproduced on the panel given; the paper's raw data are not public."


def table_1(material: Material) -> ReproducedTable:
    """Average theta of each region."""
    if material.regions is None:
        return not_computed(1, "the panel has no attribute 'region'")
    means = average_by_region(material.thetas["theta"], material.regions)
    means = means.rename(columns={"all": "national"})
    status = TARGETED + (
        " The paper's national column is no average of its regions in every year and "
        "is not aimed at."
    )
    return compare(
        1,
        _by_year(means),
        status=status if material.is_simulated else OWN,
        remarks={("", "national"): NO_AVERAGE},
        simulated=material.is_simulated,
    )


def table_2(material: Material) -> ReproducedTable:
    """Ten cities of highest theta in three years."""
    if material.names is None:
        return not_computed(2, "the panel has no attribute 'name'")
    present = set(material.thetas.index.unique("year"))
    years = [year for year in (2009, 2014, 2019) if year in present]
    if not years:
        return not_computed(2, "the panel has none of the years 2009, 2014, 2019")
    names = {str(code): str(name) for code, name in material.names.items()}
    ranking = rank_cities(material.thetas["theta"], names, years)
    cells: Cells = {}
    for year in years:
        for rank, row in ranking[year].iterrows():
            cells[str(rank), str(year), "city"] = str(row["city"])
            cells[str(rank), str(year), "value"] = float(row["theta"])
    status = (
        "Method reproduced on simulated jobs: which cities lead resembles the paper "
        "without being it."
    )
    return compare(
        2,
        cells,
        status=status if material.is_simulated else OWN,
        simulated=material.is_simulated,
    )


def table_3(material: Material) -> ReproducedTable:
    """Average theta of each service with manufacturing."""
    columns = [f"theta_{name}" for name in SECTORS]
    known = [name for name in columns if name in material.thetas]
    if not known:
        return not_computed(3, "the panel has no sub-sector theta (theta_finance ...)")
    means = average_by_sector(material.thetas[known])
    means = means.rename(columns=lambda name: str(name).removeprefix("theta_"))
    cells = {
        key: value
        for key, value in _by_year(means).items()
        if int(key[0]) % 2 == 1 or not material.is_simulated
    }
    return compare(
        3,
        cells,
        status=TARGETED if material.is_simulated else OWN,
        simulated=material.is_simulated,
    )


def table_4(material: Material) -> ReproducedTable:
    """Descriptive statistics."""
    wanted = ["cr", "theta", *CONTROLS]
    known = [name for name in wanted if name in material.panel.columns]
    described = describe_panel(material.panel, known)
    cells: Cells = {}
    for name, row in described.iterrows():
        # GDP is in 10,000 yuan; Table 4 prints it in 100 million.
        unit = 1e-4 if name == "gdp" else 1.0
        cells[str(name), "n", "value"] = int(row["observations"])
        for statistic in ("mean", "sd", "min", "max"):
            cells[str(name), statistic, "value"] = float(row[statistic]) * unit
    status = (
        f"{TARGETED if material.is_simulated else OWN} The printed N of GDP (1680) and "
        f"Ind (0.90) repeat other cells of their rows and cannot be numbers of "
        f"observations. GDP is taken to be in 10,000 yuan and shown in 100 million."
    )
    return compare(
        4,
        cells,
        status=status,
        remarks={
            ("gdp", "n"): NO_COUNT,
            ("ind", "n"): NO_COUNT,
            ("", "symbol"): "a name, not a figure",
        },
        simulated=material.is_simulated,
    )


def table_5(material: Material) -> ReproducedTable:
    """Variance inflation of the drivers, and Hausman's test."""
    drivers = [f"ln({name})" for name in ("theta", *CONTROLS)]
    panel = material.logs(["cr", "theta", *CONTROLS])
    with warnings.catch_warnings(action="ignore", category=MissingValueWarning):
        found = variance_inflation(panel, drivers, outcome="ln(cr)")
        hausman = hausman_test(panel, "ln(cr)", drivers)
    cells: Cells = {}
    for driver, row in found.frame.iterrows():
        name = str(driver)[3:-1]
        cells[name, "vif", "value"] = float(row["vif"])
        cells[name, "1/vif", "value"] = float(row["tolerance"])
    cells["mean", "vif", "value"] = found.mean
    cells["hausman", "chi-squared", "value"] = hausman.statistic
    cells["hausman", "degrees", "value"] = hausman.degrees
    cells["hausman", "p", "value"] = hausman.p_value
    status = (
        f"{OWN if not material.is_simulated else 'Method reproduced, data simulated.'} "
        f"Hausman's test, of which the paper prints no number (Mundlak's form, "
        f"{hausman.standard_errors}): {hausman.test}."
    )
    return compare(5, cells, status=status, simulated=material.is_simulated)


def _by_year(means: pd.DataFrame) -> Cells:
    return {
        (str(year), str(column), "value"): float(value)
        for year, row in means.iterrows()
        for column, value in row.items()
    }
