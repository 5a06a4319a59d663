"""Places for the tests: lattices, a small irregular map, libpysal's Columbus."""

import contextlib
import itertools

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W, lat2W

from spatial_coagg.tables.panel import Panel


def graph_of(
    links: dict[tuple[str, str], float], islands: tuple[str, ...] = ()
) -> Graph:
    """Return a graph from (focal, neighbour) -> weight."""
    rows = {**links, **{(city, city): 0.0 for city in islands}}
    index = pd.MultiIndex.from_tuples(sorted(rows), names=["focal", "neighbor"])
    return Graph(pd.Series([rows[pair] for pair in index], index=index, name="weight"))


def ring(cities: str) -> Graph:
    """Return row-standardised weights of places on a ring."""
    size = len(cities)
    return graph_of(
        {
            (cities[place], cities[(place + side) % size]): 0.5
            for place in range(size)
            for side in (-1, 1)
        }
    )


def uneven() -> Graph:
    """Return weights of seven places that are neither symmetric nor equal."""
    return graph_of(
        {
            ("a", "b"): 0.7,
            ("a", "c"): 0.3,
            ("b", "a"): 1.0,
            ("c", "d"): 0.2,
            ("c", "e"): 0.3,
            ("c", "a"): 0.5,
            ("d", "e"): 1.0,
            ("e", "f"): 0.6,
            ("e", "g"): 0.4,
            ("f", "g"): 1.0,
            ("g", "a"): 0.5,
            ("g", "f"): 0.5,
        }
    )


def lattice(side: int, transform: str = "R") -> Graph:
    """Return rook weights of a square lattice, cities named by three digits."""
    graph = Graph.from_W(lat2W(side, side)).transform(transform)
    return Graph(graph.adjacency.rename(lambda place: f"{place:03d}"))


def columbus(column: str = "CRIME") -> tuple[pd.Series, Graph, W]:
    """Return a variable and the weights of libpysal's Columbus, in both types."""
    table = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    weights = read_gal("columbus.gal")
    weights.transform = "r"
    codes = [f"{place:03d}" for place in range(weights.n)]
    values = pd.Series(table[column].to_numpy(), index=codes, name=column)
    named = dict(zip(weights.id_order, codes, strict=True))
    graph = Graph.from_W(weights)
    return values, Graph(graph.adjacency.rename(named)), weights


def read_gal(name: str) -> W:
    """Return the weights of one of libpysal's examples."""
    with contextlib.closing(
        libpysal.io.open(libpysal.examples.get_path(name))
    ) as stream:
        return stream.read()


def panel_of(values: np.ndarray, first_year: int = 2001) -> Panel:
    """Return a panel of one column ``x`` from an array (years, cities)."""
    years, cities = values.shape
    frame = pd.DataFrame(
        {
            "city": np.tile([f"{city:03d}" for city in range(cities)], years),
            "year": np.repeat(np.arange(first_year, first_year + years), cities),
            "x": values.ravel(),
        }
    )
    return Panel.from_frame(frame, city="city", year="year")


def orders(size: int) -> np.ndarray:
    """Return every order of `size` places, shape (size!, size)."""
    return np.array(list(itertools.permutations(range(size))))
