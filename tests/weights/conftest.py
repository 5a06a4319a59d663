"""Small maps for the tests of weights."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box


@pytest.fixture
def lattice() -> gpd.GeoDataFrame:
    """Nine squares of one degree, codes 01 to 09 row by row, in shuffled order."""
    squares = [
        box(110 + x, 30 + y, 111 + x, 31 + y) for y in range(3) for x in range(3)
    ]
    codes = [f"{number:02d}" for number in range(1, 10)]
    ordered = gpd.GeoDataFrame(index=codes, geometry=squares, crs="EPSG:4326")
    return ordered.sample(frac=1, random_state=3)


@pytest.fixture
def archipelago(lattice: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The lattice without its right column but with an island to the east of 03."""
    kept = lattice.drop(index=["03", "06", "09"])
    island = gpd.GeoDataFrame(
        index=["99"], geometry=[box(113, 30.2, 114, 30.8)], crs="EPSG:4326"
    )
    return gpd.GeoDataFrame(pd.concat([island, kept]))


@pytest.fixture
def seats() -> gpd.GeoDataFrame:
    """Thirty seats of government at random places of China, codes not in row order."""
    rng = np.random.default_rng(20)
    places = gpd.points_from_xy(rng.uniform(80, 122, 30), rng.uniform(20, 48, 30))
    codes = [f"{number:02d}0000" for number in rng.permutation(30)]
    return gpd.GeoDataFrame(index=codes, geometry=places, crs="EPSG:4326")
