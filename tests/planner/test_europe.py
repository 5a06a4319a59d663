"""The whole path on real regions of Europe, where the data are at hand."""

import math
import os
import tomllib
import warnings
from pathlib import Path

import pytest

from spatial_coagg.errors import BalanceWarning
from spatial_coagg.planner.settings import parse_settings
from spatial_coagg.planner.study import Study

FOLDER = Path(os.environ.get("SPATIAL_COAGG_SHARED", "")) / "data" / "europe"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "SPATIAL_COAGG_SHARED" not in os.environ,
        reason="SPATIAL_COAGG_SHARED names no folder",
    ),
]
COMMON = """
title = "{title}"
place = "region"
places = "regions"
outcome_name = "patent applications"

[jobs]
file = "eu_nuts3_panel.csv.gz"
city = "geo"
total = "TOTAL"

[jobs.industries]
{industries}

[controls]
file = "eu_nuts3_panel.csv.gz"
city = "geo"
columns = {{ patents = "epo_patents", gdp = "gdp_eur" }}

[map]
file = "nuts3_2016_60m.gpkg"
code = "NUTS_ID"
name = "NAME_LATN"
credit = "(c) EuroGeographics for the administrative boundaries"

[sample]
years = [2000, 2012]
codes_starting_with = [{codes}]
group_from_code = 2
balance = "drop-cities"

[synergy]
manufacturing = "C"
services = [{services}]
{quotients}

[weights]
rule = "nearest"
k = 5
points = "{points}"

[moran]
permutations = 99

[model]
outcome = "ln1p(patents)"
drivers = ["ln(theta)", "ln(gdp)", "ln(jobs)"]
effects = ["city-year"]
"""


def europe(
    title: str,
    codes: list[str],
    services: list[str],
    *,
    quotients: str = 'quotients = "sample"',
    points: str = "centroid",
) -> Study:
    def quoted(items: list[str]) -> str:
        return ", ".join(f'"{item}"' for item in items)

    text = COMMON.format(
        title=title,
        codes=quoted(codes),
        services=quoted(services),
        industries="\n".join(f'"{name}" = "{name}"' for name in ["C", *services]),
        quotients=quotients,
        points=points,
    )
    study = Study(parse_settings(tomllib.loads(text), folder=FOLDER))
    # That regions are left out to balance the panel is what the settings ask for.
    with warnings.catch_warnings(action="ignore", category=BalanceWarning):
        _ = study.inputs
    return study


@pytest.fixture(scope="module")
def germany() -> Study:
    return europe("Germany", ["DE"], ["K-N"])


@pytest.fixture(scope="module")
def eight_countries() -> Study:
    return europe(
        "Eight countries",
        ["BE", "CZ", "DK", "FI", "IT", "NL", "SE", "UK"],
        ["J", "K", "M-N"],
        quotients='quotients = "within"\nwithin = "group"',
    )


def slope(study: Study) -> tuple[float, float]:
    (fit,) = study.fits.values()
    row = fit.estimates.loc["ln(theta)"]
    return float(row["estimate"]), float(row["standard_error"])


def counting_all_effects(cities: int, years: int, drivers: int = 3) -> float:
    """Factor from our clustered standard errors to those of linearmodels."""
    rows = cities * years
    slopes = drivers + years
    ours = cities / (cities - 1) * (rows - 1) / (rows - slopes)
    theirs = rows / (rows - slopes - (cities - 1))
    return math.sqrt(theirs / ours)


def test_germany_has_the_regions_and_the_synergy_seen_with_plain_tools(
    germany: Study,
) -> None:
    assert germany.theta.index.unique("city").size == 388
    assert germany.theta.mean() == pytest.approx(2.656, abs=5e-4)
    assert "388 cities" in germany.quotients.benchmark


def test_germanys_coefficient_is_that_of_plain_tools(germany: Study) -> None:
    estimate, error = slope(germany)
    assert estimate == pytest.approx(0.963, abs=1e-3)
    # Linearmodels counts the effects of the 388 regions among the parameters though
    # they lie within the clusters; xtreg, reghdfe and fixest do not, nor do we.
    assert error * counting_all_effects(388, 13) == pytest.approx(0.226, abs=1e-3)


def test_germanys_neighbours_resemble_each_other(germany: Study) -> None:
    moran = germany.moran.frame["statistic"]
    assert moran.loc[2012] == pytest.approx(0.280, abs=1e-3)


def test_eight_countries_have_quotients_of_their_own(eight_countries: Study) -> None:
    assert eight_countries.theta.index.unique("city").size == 324
    assert eight_countries.theta.mean() == pytest.approx(2.693, abs=5e-4)
    estimate, error = slope(eight_countries)
    assert estimate == pytest.approx(0.130, abs=1e-3)
    assert error * counting_all_effects(324, 13) == pytest.approx(0.195, abs=1e-3)


@pytest.mark.parametrize("which", ["germany", "eight_countries"])
def test_the_report_is_written(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    study: Study = request.getfixturevalue(which)
    page = (study.write(tmp_path / "report") / "index.html").read_text()
    assert "EuroGeographics" in page
    assert "regions" in page
    assert len(page) < 3_000_000
