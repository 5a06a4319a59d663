"""A weight matrix with its cities, to and from libpysal's two types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W
from numpy.typing import NDArray

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.checks import check_unique
from spatial_coagg.errors import AlignmentError, WeightsError
from spatial_coagg.weights._matrix import (
    SparseMatrix,
    canonical,
    has_standard_rows,
    matrix_of,
    neighbour_counts,
)


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Weights on their way into a Graph.

    Attributes
    ----------
    matrix : sparse array of shape (N, N)
        Row i holds the weights of the neighbours of city i; no zero is stored.
    cities : Index
        Codes of the N cities, in the order of the rows.
    """

    matrix: SparseMatrix
    cities: pd.Index

    def reordered(self, cities: pd.Index) -> "Links":
        """Return the links among `cities`, in that order; all must be there."""
        positions = self.cities.get_indexer(cities)
        if np.array_equal(positions, np.arange(len(self.cities))):
            return self
        return Links(canonical(self.matrix[positions, :][:, positions]), cities)

    def to_graph(self) -> Graph:
        """Return a Graph, where a city without neighbours is a self-loop of weight 0.

        Its `transformation` says what the weights are: "R" where rows sum to one, "B"
        where every weight is one, "O" otherwise.
        """
        counts = neighbour_counts(self.matrix)
        bare = np.flatnonzero(counts == 0)
        rows = np.concatenate([np.repeat(np.arange(len(counts)), counts), bare])
        columns = np.concatenate([self.matrix.indices, bare])
        weights = np.concatenate([self.matrix.data, np.zeros(len(bare))])
        if len(bare) > 0:
            order = np.argsort(rows, kind="stable")
            rows, columns, weights = rows[order], columns[order], weights[order]
        index = pd.MultiIndex(
            levels=[self.cities, self.cities],  # type: ignore[list-item] # stubs
            codes=[rows, columns],  # type: ignore[list-item] # know lists only
            names=["focal", "neighbor"],
        )
        adjacency = pd.Series(weights, index=index, name="weight")
        # The levels are in the order of the cities, which is what Graph calls sorted.
        return Graph(adjacency, transformation=self._letter(), is_sorted=True)

    def _letter(self) -> str:
        if has_standard_rows(self.matrix):
            return "R"
        return "B" if bool((self.matrix.data == 1).all()) else "O"


def read_cities(codes: pd.Index | Sequence[object], *, name: str) -> pd.Index:
    """Return city codes as an index of text, refusing numbers, blanks and doubles."""
    found = list(codes)
    wrong = [code for code in found if not isinstance(code, str) or code == ""]
    if wrong:
        raise AlignmentError(
            f"{name} must be city codes, as text; found {wrong[0]!r} "
            f"({type(wrong[0]).__name__}), {len(wrong)} such; row numbers are no "
            f"codes, and whole numbers may have lost a leading zero, as in '01001'"
        )
    cities: pd.Index = pd.Index(found, dtype="str", name="city")
    check_unique(cities, name=name)
    return cities


def read_links(weights: Graph | W, *, name: str) -> Links:
    """Take weights apart into matrix and cities, in their own order, and check both."""
    if isinstance(weights, Graph):
        return _read_graph(weights, name=name)
    if isinstance(weights, W):
        return _read_w(weights, name=name)
    raise TypeError(
        f"{name} must be a Graph or W of libpysal, got {type(weights).__name__}; make "
        f"one with a builder such as build_contiguity, or with read_weights"
    )


def make_links(
    cities: pd.Index,
    rows: IntArray,
    columns: IntArray,
    weights: NDArray[Any],
    *,
    name: str,
) -> Links:
    """Make links from positions and weights, refusing what is no weight matrix.

    Raises
    ------
    WeightsError
        If a weight is not finite or negative, a city is its own neighbour, or a pair
        occurs twice.
    """
    values: FloatArray = np.asarray(weights, dtype=np.float64)
    if np.any(columns < 0):
        raise AlignmentError(
            f"{name} has neighbours that are none of its {len(cities)} cities, such as "
            f"one of {cities[rows[columns < 0][0]]!r}; give those cities a row too"
        )
    own = rows == columns
    for wrong, advice in (
        (~np.isfinite(values), "is no finite number; correct it"),
        (values < 0, "is negative; weights are zero or more"),
        (own & (values != 0), "is on itself; no city is its own neighbour"),
    ):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise WeightsError(
                f"{name}: the weight {values[first]:g} of {cities[columns[first]]!r} "
                f"for {cities[rows[first]]!r} {advice} ({int(wrong.sum())} such)"
            )
    n = len(cities)
    cells = np.sort(rows * n + columns)
    twice = cells[1:][cells[1:] == cells[:-1]]
    if len(twice) > 0:
        focal, neighbour = cities[twice[0] // n], cities[twice[0] % n]
        raise WeightsError(
            f"{name} has {len(twice)} links twice, such as that of {focal!r} to "
            f"{neighbour!r}; keep one of each"
        )
    return Links(matrix_of(rows, columns, values, n), cities)


def _read_graph(graph: Graph, *, name: str) -> Links:
    adjacency = graph.adjacency
    # Labels are compared once for each city, not once for each link.
    (focals, neighbours), (rows, columns) = (
        adjacency.index.levels,
        adjacency.index.codes,
    )
    cities = read_cities(focals[pd.unique(rows)], name=f"the ids of {name}")
    rows, columns = (
        cities.get_indexer(focals)[rows],
        cities.get_indexer(neighbours)[columns],
    )
    weights = adjacency.to_numpy(dtype=np.float64)
    return make_links(cities, rows, columns, weights, name=name)


def _read_w(weights: W, *, name: str) -> Links:
    cities = read_cities(weights.id_order, name=f"the ids of {name}")
    counts = [len(weights.neighbors[city]) for city in cities]
    neighbours = [other for city in cities for other in weights.neighbors[city]]
    values = [value for city in cities for value in weights.weights[city]]
    columns = cities.get_indexer(pd.Index(neighbours, dtype="str"))
    rows = np.repeat(np.arange(len(cities)), counts)
    return make_links(cities, rows, columns, np.asarray(values), name=name)
