"""The map of the browser tests: squares, one name of them hostile."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import Locator, Page

from spatial_coagg.report.choropleth import ChoroplethMap, draw_choropleth
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_layers import Layer
from spatial_coagg.report.map_what_if import WhatIfLayer

YEARS = [2004, 2005, 2006]
HOSTILE = "<script>alert(1)</script>{{7*7}}[[title]]"
WIDTHS = [(1400, 900), (1024, 768), (800, 1000), (400, 800)]


def make_boundaries() -> gpd.GeoDataFrame:
    """Six by five squares without the south-east corner, where the sea is."""
    places = [(x, y) for y in range(5) for x in range(6) if x < 4 or y > 1]
    codes = [f"{100000 + 100 * n}" for n in range(len(places))]
    english = [f"City {n}" for n in range(len(places))]
    chinese = [f"城市{n}" for n in range(len(places))]
    english[:3] = ["Suzhou", "Suzhou", HOSTILE]
    chinese[:3] = ["苏州市", "宿州市", "引号市"]
    provinces = ["Jiangsu", "Anhui"] + ["Jiangsu"] * (len(places) - 2)
    return gpd.GeoDataFrame(
        {"name_en": english, "name_zh": chinese, "province_en": provinces},
        geometry=[
            shapely.box(104 + 2 * x, 26 + 2 * y, 106 + 2 * x, 28 + 2 * y)
            for x, y in places
        ],
        index=pd.Index(codes, name="city"),
        crs="EPSG:4326",
    )


BOUNDARIES = make_boundaries()
CITIES = list(BOUNDARIES.index)


def make_theta() -> pd.Series:
    """Rises over the years; the fourth city is missing in 2005, the last always."""
    index = pd.MultiIndex.from_product([CITIES[:-1], YEARS], names=["city", "year"])
    step = index.get_level_values("year").to_numpy() - YEARS[0]
    noise = np.random.default_rng(5).normal(0, 0.3, len(index))
    return pd.Series(1.7 + 0.4 * step + noise, index=index).drop((CITIES[3], 2005))


THETA = make_theta()


def make_map(
    lang: str = "en", *, what_if: WhatIfLayer | None = None, cdn: bool = False
) -> ChoroplethMap:
    jobs = (THETA.loc[:, :2005] * 1e6).round()
    dash = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(113, 21), (114, 22)])], crs="EPSG:4326"
    )
    return draw_choropleth(
        BOUNDARIES,
        {
            "Synergy θ": THETA,
            "Jobs": Layer(jobs, scheme="equal", unit="persons", note="All industries."),
            "Cluster": pd.Series(["high", "low"] * 13, index=CITIES[:26]),
        },
        title="Synergy & neighbours",
        inset=Inset((111, 18, 118, 26), lines=dash),
        notice="Simulated data",
        credit="Boundaries: squares",
        what_if=what_if,
        cdn=cdn,
        lang=lang,  # type: ignore[arg-type]  # parametrised as text
    )


OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll(
    '.coagg-controls, .coagg-details, .coagg-inset, .coagg-heading, .coagg-credit, '
    + '.coagg-strip')]
    .map(e => e.getBoundingClientRect());
  const land = [...document.querySelectorAll('.coagg-leaflet path[data-city]')];
  return land.filter(path => {
    const p = path.getBoundingClientRect();
    return boxes.some(b => p.left < b.right - 1 && p.right > b.left + 1
      && p.top < b.bottom - 1 && p.bottom > b.top + 1);
  }).length;
}"""


def shape(page: Page, city: str) -> Locator:
    return page.locator(f'.folium-map path[data-city="{city}"]')


def fills(page: Page) -> list[str | None]:
    return [shape(page, city).get_attribute("fill") for city in CITIES]
