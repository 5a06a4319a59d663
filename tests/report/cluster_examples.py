"""A lattice whose values rise to one corner, its map and its local tests."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from libpysal.graph import Graph
from libpysal.weights import lat2W

from spatial_coagg.autocorrelation.local import local_moran, local_moran_by_year
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.tables.panel import Panel

SIDE = 8
CODES = [f"{place:03d}" for place in range(SIDE * SIDE)]
YEARS = (2001, 2002, 2003)


def weights() -> Graph:
    graph = Graph.from_W(lat2W(SIDE, SIDE)).transform("R")
    return Graph(graph.adjacency.rename(lambda place: f"{place:03d}"))


def boundaries() -> gpd.GeoDataFrame:
    cells = [
        shapely.box(100 + column, 30 - row, 101 + column, 31 - row)
        for row in range(SIDE)
        for column in range(SIDE)
    ]
    return gpd.GeoDataFrame(
        geometry=cells, index=pd.Index(CODES, name="city"), crs=4326
    )


def slope() -> pd.Series:
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    noise = np.random.default_rng(1).normal(scale=0.1, size=SIDE * SIDE)
    return pd.Series((x + y).ravel() + noise, index=CODES, name="theta")


def rising() -> Panel:
    frame = pd.concat(
        {
            year: (slope() + 0.5 * np.random.default_rng(year).normal(size=SIDE**2))
            for year in YEARS
        },
        names=["year", "city"],
    ).rename("theta")
    return Panel.from_frame(frame.reset_index(), city="city", year="year")


def one_year() -> LocalTest:
    return local_moran(slope(), weights(), permutations=2999, fdr="none", rng=1)


def over_years() -> LocalTest:
    return local_moran_by_year(
        rising(), "theta", weights(), permutations=2999, fdr="none", rng=1
    )
