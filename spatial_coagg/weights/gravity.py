"""Neighbours by the pull of two economies across the distance between them."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import listed
from spatial_coagg.errors import WeightsError
from spatial_coagg.weights._matrix import matrix_of_pairs
from spatial_coagg.weights.distance import (
    check_numbers,
    check_positive,
    inverse_distances,
    pairs_up_to,
)
from spatial_coagg.weights.economies import economies_by_year, economy_of_cities
from spatial_coagg.weights.geography import Points, locate_cities, select_boundaries
from spatial_coagg.weights.links import Links
from spatial_coagg.weights.transform import Transform, finish_weights


def build_gravity(
    boundaries: gpd.GeoDataFrame,
    economy: pd.Series,
    *,
    cities: pd.Index | Sequence[str] | None = None,
    power: float = 2.0,
    points: Points = "representative",
    transform: Transform = "row",
) -> Graph:
    """Weight every city by the product of the two economies over their distance.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Indexed by city code (text), in any known CRS.
    economy : Series
        Size of each city's economy, above zero, in any unit: index city, or
        (city, year), which is averaged over the years.
    cities : Index or sequence of str, optional
        The cities wanted; all of `economy` by default.
    power : float
        How fast the pull falls with distance.
    points : {"representative", "centroid"} or (str, str)
        The point that stands for a city, as for `build_nearest`.
    transform : {"row", "spectral", "none"}
        Rows of sum one, largest eigenvalue of one, or weights as they are.

    Returns
    -------
    Graph
        Sorted by city code; every pair of cities is linked.

    Raises
    ------
    WeightsError
        If an economy is not above zero or missing, two cities stand at the same place,
        or there are too many cities for a rule that links every pair.
    BoundaryError
        If the map lacks a CRS, or a geometry or point of `cities`.
    AlignmentError
        If `boundaries` or `economy` lacks one of `cities`.
    UnbalancedPanelError
        If cities are observed in different years.

    Warns
    -----
    DominanceWarning
        If single neighbours take most of the weight.

    Notes
    -----
    w_ij = y_i y_j / d_ij^power for i != j, d_ij the great-circle distance in km. After
    row-standardising, y_i cancels: what is left is the neighbour's size over distance.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> from spatial_coagg.weights.gravity import build_gravity
    >>> longitudes, latitudes = [120.6, 121.5, 120.2], [31.3, 31.2, 30.3]
    >>> seats = gpd.GeoDataFrame(
    ...     index=["320500", "310000", "330100"],
    ...     geometry=gpd.points_from_xy(longitudes, latitudes),
    ...     crs="EPSG:4326",
    ... )
    >>> gdp = pd.Series({"310000": 38.0, "320500": 19.0, "330100": 15.0})
    >>> build_gravity(seats, gdp)["330100"].round(3).to_dict()
    {'310000': 0.521, '320500': 0.479}
    """
    values = economy_of_cities(economy, cities=cities)
    chosen = select_boundaries(boundaries, values.index)
    vectors = locate_cities(chosen, points=points)
    return _link_by_pull(vectors, values, power=power, transform=transform)


def build_gravity_by_year(
    boundaries: gpd.GeoDataFrame,
    economy: pd.Series,
    *,
    cities: pd.Index | Sequence[str] | None = None,
    power: float = 2.0,
    points: Points = "representative",
    transform: Transform = "row",
) -> dict[int, Graph]:
    """Build the weights of :func:`build_gravity` for each year on its own.

    Parameters
    ----------
    boundaries, cities, power, points, transform
        As for :func:`build_gravity`.
    economy : Series
        Index (city, year).

    Returns
    -------
    dict of int to Graph
        One for each year, in order; each has the cities observed in that year, or
        exactly `cities`.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> from spatial_coagg.weights.gravity import build_gravity_by_year
    >>> seats = gpd.GeoDataFrame(
    ...     index=["a", "b"],
    ...     geometry=gpd.points_from_xy([120.0, 121.0], [30.0, 30.0]),
    ...     crs="EPSG:4326",
    ... )
    >>> rows = [("a", 2004), ("a", 2005), ("b", 2004), ("b", 2005)]
    >>> index = pd.MultiIndex.from_tuples(rows, names=["city", "year"])
    >>> gdp = pd.Series([1.0, 2.0, 3.0, 6.0], index=index)
    >>> list(build_gravity_by_year(seats, gdp))
    [2004, 2005]
    """
    by_year = economies_by_year(economy, cities=cities)
    everyone = pd.Index([]).append([values.index for values in by_year.values()])
    chosen = select_boundaries(boundaries, everyone.unique())
    vectors = pd.DataFrame(locate_cities(chosen, points=points), index=chosen.index)
    return {
        year: _link_by_pull(
            vectors.loc[values.index].to_numpy(),
            values,
            power=power,
            transform=transform,
        )
        for year, values in by_year.items()
    }


def _link_by_pull(
    vectors: FloatArray, values: pd.Series, *, power: float, transform: Transform
) -> Graph:
    check_positive(power, name="power")
    _check_sizes(values)
    pairs = pairs_up_to(vectors, None)
    y = values.to_numpy()
    pull = inverse_distances(vectors, pairs, power=power, cities=values.index)
    with np.errstate(over="ignore"):
        weights = pull * y[pairs[:, 0]] * y[pairs[:, 1]]
    check_numbers(weights, advice=f"give {values.name} in another unit")
    matrix = matrix_of_pairs(pairs, weights, len(values))
    return finish_weights(Links(matrix, values.index), transform=transform)


def _check_sizes(values: pd.Series) -> None:
    small = values <= 0
    if small.any():
        raise WeightsError(
            f"{values.name} must be above zero for gravity; it is not in "
            f"{int(small.sum())} cities: {listed(values.index[small])}; correct them, "
            f"leave them out or use another size"
        )
