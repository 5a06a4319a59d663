"""Weights and the labels of their cities: accept, reorder, restrict."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg.checks import (
    check_choice,
    check_cities_covered,
    check_same_cities,
    listed,
    warn_user,
)
from spatial_coagg.errors import LostLinkWarning
from spatial_coagg.weights._matrix import SparseMatrix, neighbour_counts
from spatial_coagg.weights.islands import settle_islands
from spatial_coagg.weights.links import Links, read_cities, read_links
from spatial_coagg.weights.transform import Transform, finish_weights


def as_graph(
    weights: Graph | W,
    *,
    cities: pd.Index | Sequence[str] | None = None,
    name: str = "weights",
    of: str = "the panel",
) -> Graph:
    """Accept weights of either libpysal type and put them in the order of the cities.

    Parameters
    ----------
    weights : Graph or libpysal.weights.W
        Keyed by city code (text).
    cities : Index or sequence of str, optional
        The cities wanted, in the order wanted: exactly those of `weights`. By default
        the cities of `weights`, sorted by code.
    name, of : str
        What messages call `weights`, and whatever the `cities` belong to.

    Returns
    -------
    Graph

    Raises
    ------
    TypeError
        If `weights` is of another type.
    AlignmentError
        If the ids are no city codes, or `weights` and `cities` differ in some city.
    WeightsError
        If a weight is negative or not finite, or a city is its own neighbour.

    Notes
    -----
    A Graph writes a city without neighbours as a link to itself of weight zero. That
    is read as no link, and a link of weight zero to another city likewise.

    Examples
    --------
    >>> from libpysal.weights import W
    >>> from spatial_coagg.weights.align import as_graph
    >>> old = W({"b": ["a"], "a": ["b"], "c": []}, silence_warnings=True)
    >>> as_graph(old).adjacency
    focal  neighbor
    a      b           1.0
    b      a           1.0
    c      c           0.0
    Name: weight, dtype: float64
    """
    return ordered_links(weights, cities, name=name, of=of).to_graph()


def ordered_links(
    weights: Graph | W,
    cities: pd.Index | Sequence[str] | None,
    *,
    name: str = "weights",
    of: str = "the panel",
) -> Links:
    """Return the links of weights in the order of the cities; see :func:`as_graph`."""
    links = read_links(weights, name=name)
    if cities is None:
        return links.reordered(links.cities.sort_values())
    wanted = read_cities(cities, name=f"the cities of {of}")
    check_same_cities(wanted, links.cities, name=name, of=of)
    return links.reordered(wanted)


def aligned_to(graph: Graph | W, cities: pd.Index | Sequence[str]) -> Graph:
    """Return the same weights with the cities in another order.

    Raises
    ------
    AlignmentError
        If `cities` are not exactly those of `graph`.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.align import aligned_to
    >>> from spatial_coagg.weights.economic import build_economic
    >>> graph = build_economic(pd.Series({"a": 1.0, "b": 2.0, "c": 4.0}))
    >>> aligned_to(graph, ["c", "a", "b"]).unique_ids.to_list()
    ['c', 'a', 'b']
    """
    return as_graph(graph, cities=cities, of="the selection")


def restricted_to(
    graph: Graph | W,
    cities: pd.Index | Sequence[str],
    *,
    islands: Literal["error", "keep", "drop"] = "error",
    transform: Transform = "row",
) -> Graph:
    """Return the weights among some of the cities, and say which links are lost.

    Parameters
    ----------
    graph : Graph or libpysal.weights.W
    cities : Index or sequence of str
        Cities of `graph` to keep; the result is sorted by code.
    islands : {"error", "keep", "drop"}
        What to do about cities that lose all neighbours.
    transform : {"row", "spectral", "none"}
        Applied to what is left, because the rows no longer sum to one.

    Returns
    -------
    Graph

    Raises
    ------
    AlignmentError
        If `graph` lacks one of `cities`.
    IsolatedCityError
        If a city loses all its neighbours and `islands` is ``"error"``.

    Warns
    -----
    LostLinkWarning
        If links to other cities are lost.
    IsolatedCityWarning
        If cities without neighbours are kept or left out.

    Examples
    --------
    >>> import pandas as pd, warnings
    >>> from spatial_coagg.weights.align import restricted_to
    >>> from spatial_coagg.weights.economic import build_economic
    >>> graph = build_economic(pd.Series({"a": 1.0, "b": 2.0, "c": 4.0}))
    >>> with warnings.catch_warnings(action="ignore"):
    ...     restricted_to(graph, ["a", "b"]).adjacency.to_list()
    [1.0, 1.0]
    """
    check_choice(islands, ("error", "keep", "drop"), name="islands")
    selected = select_cities(read_links(graph, name="graph"), cities, name="graph")
    settled = settle_islands(selected, policy=islands)
    return finish_weights(settled, transform=transform)


def weight_matrix(graph: Graph | W) -> SparseMatrix:
    """Return the weights as a sparse (N, N) matrix in the order of the graph's cities.

    Builders and :func:`as_graph` sort the cities by code, so row i is the i-th city. A
    city without neighbours has an empty row: no zero is stored.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.align import weight_matrix
    >>> from spatial_coagg.weights.economic import build_economic
    >>> graph = build_economic(pd.Series({"a": 1.0, "b": 2.0, "c": 4.0}))
    >>> weight_matrix(graph).toarray().round(2)
    array([[0.  , 0.75, 0.25],
           [0.67, 0.  , 0.33],
           [0.4 , 0.6 , 0.  ]])
    """
    return read_links(graph, name="graph").matrix


def select_cities(
    links: Links, cities: pd.Index | Sequence[str] | None, *, name: str
) -> Links:
    """Restrict links to `cities`, sorted by code, with a warning about links lost."""
    if cities is None:
        return links.reordered(links.cities.sort_values())
    wanted = read_cities(cities, name="cities").sort_values()
    check_cities_covered(wanted, links.cities, name=name, of="the selection")
    selected = links.reordered(wanted)
    _warn_of_lost_links(links, selected)
    return selected


def _warn_of_lost_links(links: Links, selected: Links) -> None:
    positions = links.cities.get_indexer(selected.cities)
    before = neighbour_counts(links.matrix)[positions]
    after = neighbour_counts(selected.matrix)
    lost = before - after
    if not lost.any():
        return
    bare = selected.cities[(after == 0) & (before > 0)]
    warn_user(
        f"{lost.sum()} of {before.sum()} links of the {len(after)} selected cities "
        f"lead to cities outside the selection and are lost; {np.count_nonzero(lost)} "
        f"cities lose some, {len(bare)} lose all"
        + (f": {listed(bare, limit=30)}" if len(bare) > 0 else ""),
        LostLinkWarning,
    )
