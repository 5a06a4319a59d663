"""Variables and weights that libpysal ships, in its own types and in ours."""

from dataclasses import dataclass

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W
from places import read_gal


@dataclass(frozen=True, slots=True)
class Example:
    """Two variables of the same places, and who is beside whom, by city code."""

    first: pd.Series
    second: pd.Series
    weights: W
    graph: Graph


# Name of the table, two of its columns without negative values, and the weights.
SHIPPED = {
    "columbus": ("columbus.shp", "CRIME", "HOVAL", "columbus.gal"),
    "baltim": ("baltim.shp", "PRICE", "AGE", "baltim_q.gal"),
    "sids2": ("sids2.shp", "SIDR74", "NWR74", "sids2.gal"),
    "stl": ("stl_hom.csv", "HR8893", "PE87", "stl.gal"),
    "us_income": ("usjoin.csv", "2009", "1929", "states48.gal"),
    "mexico": ("mexico.csv", "pcgdp2000", "pcgdp1940", "mexico.gal"),
}


def load(name: str, transform: str = "R") -> Example:
    """Return one of libpysal's examples; places are named by three digits."""
    table_name, first, second, weights_name = SHIPPED[name]
    path = libpysal.examples.get_path(table_name)
    read = gpd.read_file if path.endswith(".shp") else pd.read_csv
    table = read(path)
    weights = read_gal(weights_name)
    codes = [f"{place:03d}" for place in range(weights.n)]
    weights.remap_ids(codes)
    weights.transform = transform
    values = table[[first, second]].to_numpy(dtype=np.float64)
    return Example(
        pd.Series(values[:, 0], index=codes, name="first"),
        pd.Series(values[:, 1], index=codes, name="second"),
        weights,
        Graph.from_W(weights),
    )
