"""Values and weights brought together by city, and checked."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg._typing import Alternative, FloatArray
from spatial_coagg.checks import check_choice, check_unique, listed, warn_user
from spatial_coagg.errors import (
    AlignmentError,
    IsolatedCityWarning,
    SpatialCoaggError,
    UnbalancedPanelError,
)
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights.align import (
    as_graph,
    ordered_links,
    restricted_to,
    weight_matrix,
)
from spatial_coagg.weights.transform import Transform

Weights: TypeAlias = Graph | W
FEWEST = 4
STANDARDISED = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class LinkedValues:
    """Numbers and weights of the cities that have links, in the order of their codes.

    Attributes
    ----------
    numbers : array of shape (N, C)
    matrix : sparse array of shape (N, N)
    islands : tuple of str
        Cities without any link, which are left out.
    """

    numbers: FloatArray
    matrix: SparseMatrix
    islands: tuple[str, ...]


def link_values(
    values: pd.DataFrame, weights: Weights, *, statistic: str
) -> LinkedValues:
    """Align values with weights and leave out cities without links, with a warning.

    Parameters
    ----------
    values : DataFrame
        Index city code; any number of columns.
    weights : Graph or W
        Of exactly those cities.
    statistic : str
        What messages call the statistic.

    Raises
    ------
    AlignmentError
        If `weights` are about other cities.
    SpatialCoaggError
        If a value is missing, all values of a column are equal, or fewer than four
        cities have links.
    """
    check_unique(values.index, name="values")
    ordered = values.sort_index()
    _check_no_gap(ordered)
    matrix = ordered_links(weights, ordered.index, of="the values").matrix
    ends = np.asarray(matrix.sum(axis=1)) + np.asarray(matrix.sum(axis=0))
    linked = np.asarray(ends != 0)
    islands = tuple(str(city) for city in ordered.index[~linked])
    if islands:
        warn_user(
            f"{len(islands)} cities without neighbours are left out of {statistic}: "
            f"{listed(islands)}",
            IsolatedCityWarning,
        )
        ordered, matrix = ordered[linked], matrix[linked][:, linked]
    if len(ordered) < FEWEST:
        raise SpatialCoaggError(
            f"{statistic} needs at least {FEWEST} cities with neighbours, got "
            f"{len(ordered)}"
        )
    for name in ordered.columns:
        check_varied(ordered[name], statistic=statistic)
    return LinkedValues(ordered.to_numpy(dtype=np.float64), matrix, islands)


def pair_values(first: pd.Series, second: pd.Series) -> pd.DataFrame:
    """Put two variables of the same cities beside each other, by city code.

    Raises
    ------
    AlignmentError
        If a city occurs in one of them only.
    """
    check_unique(first.index, name="first")
    check_unique(second.index, name="second")
    apart = first.index.symmetric_difference(second.index)
    if len(apart) > 0:
        raise AlignmentError(
            f"the two variables are about different cities: {listed(apart)} occur in "
            f"one of them only"
        )
    return pd.DataFrame({"first": first, "second": second})


def name_of(values: pd.Series) -> str:
    """Return what messages and pictures call the values."""
    return "values" if values.name is None else str(values.name)


def check_varied(values: pd.Series, *, statistic: str) -> None:
    """Refuse values that are all the same."""
    found = values.to_numpy(dtype=np.float64)
    if np.ptp(found) <= 1e-14 * np.abs(found).max():
        raise SpatialCoaggError(
            f"all {len(found)} values of {name_of(values)!r} are equal to "
            f"{found[0]:g}: {statistic} is not defined; choose another variable or year"
        )


def check_inference(permutations: int, alternative: Alternative) -> None:
    """Refuse a negative number of permutations and an unknown alternative."""
    check_choice(alternative, ("two-sided", "greater", "less"), name="alternative")
    if permutations < 0:
        raise SpatialCoaggError(f"permutations must be 0 or more, got {permutations}")


def weights_of_year(weights: Weights | Mapping[int, Weights], year: int) -> Weights:
    """Return the weights of a year: those given, or the mapping's."""
    if not isinstance(weights, Mapping):
        return weights
    if year not in weights:
        raise SpatialCoaggError(
            f"there are no weights for {year}; the mapping has "
            f"{listed(sorted(weights), limit=30)}"
        )
    return weights[year]


def among(weights: Weights, cities: pd.Index) -> Graph:
    """Return the weights among `cities`, its rows summing to one if they did before."""
    graph = as_graph(weights)
    sums = np.asarray(weight_matrix(graph).sum(axis=1))
    rows = bool((np.abs(sums[sums != 0] - 1) <= STANDARDISED).all())
    transform: Transform = "row" if rows else "none"
    with warnings.catch_warnings():
        # Cities that are left alone are told by the statistic, in its own words.
        warnings.simplefilter("ignore", IsolatedCityWarning)
        return restricted_to(graph, cities, islands="keep", transform=transform)


def wide_values(panel: Panel, column: str, *, complete: bool) -> pd.DataFrame:
    """Return a column as a table of years by cities, both sorted.

    Raises
    ------
    UnbalancedPanelError
        If a value is missing and `complete` is true.
    """
    wide = panel.frame[column].unstack("city").sort_index().sort_index(axis="columns")
    years, cities = np.nonzero(wide.isna().to_numpy())
    if complete and len(years) > 0:
        city, year = wide.columns[cities[0]], wide.index[years[0]]
        raise UnbalancedPanelError(
            f"{column!r} is missing in {len(years)} city-years, the first for city "
            f"{city!r} in {year}; balance the panel (Panel.balanced) or, where the "
            f'function offers it, leave those cities out (missing="drop")'
        )
    return wide


def _check_no_gap(values: pd.DataFrame) -> None:
    whole = np.isfinite(values.to_numpy(dtype=np.float64)).all(axis=1)
    gaps = values.index[~whole]
    if len(gaps) > 0:
        raise SpatialCoaggError(
            f"{len(gaps)} cities have no value: {listed(gaps)}; leave them out of the "
            f"values and of the weights (restricted_to)"
        )
