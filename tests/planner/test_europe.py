"""The whole path on real regions of Europe, where the data are at hand."""

import os
from pathlib import Path

import pytest

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
    import tomllib

    return Study(parse_settings(tomllib.loads(text), folder=FOLDER))
