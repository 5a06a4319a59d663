"""Neighbours by great-circle distance."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray, IntArray, IslandPolicy
from spatial_coagg.errors import WeightsError
from spatial_coagg.weights._matrix import matrix_of, matrix_of_pairs
from spatial_coagg.weights._sphere import (
    all_pairs,
    count_pairs_within,
    distance_of_pairs_km,
    nearest_positions,
    pairs_within,
)
from spatial_coagg.weights.geography import Points, locate_cities, select_boundaries
from spatial_coagg.weights.islands import Geography, settle_islands
from spatial_coagg.weights.links import Links
from spatial_coagg.weights.transform import Transform, finish_weights

# Weights that fit a Graph in ordinary memory: all pairs of 5,000 cities.
MOST_WEIGHTS = 25_000_000
# Two cities closer than this (1 mm) stand at the same place.
SAME_PLACE_KM = 1e-6


def build_nearest(
    boundaries: gpd.GeoDataFrame,
    *,
    k: int,
    cities: pd.Index | Sequence[str] | None = None,
    points: Points = "representative",
    transform: Transform = "row",
) -> Graph:
    """Link each city to its `k` nearest cities.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Indexed by city code (text), in any known CRS.
    k : int
        Neighbours of each city.
    cities : Index or sequence of str, optional
        Neighbours are sought among these only; all of the map by default.
    points : {"representative", "centroid"} or (str, str)
        The point that stands for a city: one surely inside it, the mean position of
        its area, or the columns of longitude and latitude in degrees.
    transform : {"row", "spectral", "none"}
        Rows of sum one, largest eigenvalue of one, or weights of one.

    Returns
    -------
    Graph
        Sorted by city code; N k links. Seldom symmetric: a nearest city need not find
        its finder near.

    Raises
    ------
    BoundaryError
        If the map lacks a CRS, or a geometry or point of `cities`.
    AlignmentError
        If the map lacks one of `cities`.
    WeightsError
        If `k` is not between 1 and N - 1.

    Notes
    -----
    Distances are great-circle distances (haversine) on a sphere of radius
    6371.0088 km; a map in a projection is brought to longitude and latitude first.
    Where cities are equally far (to 1 mm) at rank `k`, lower codes come first, so the
    order of the rows never matters.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from spatial_coagg.weights.distance import build_nearest
    >>> longitudes, latitudes = [120.6, 121.5, 120.2], [31.3, 31.2, 30.3]
    >>> seats = gpd.GeoDataFrame(
    ...     index=["320500", "310000", "330100"],
    ...     geometry=gpd.points_from_xy(longitudes, latitudes),
    ...     crs="EPSG:4326",
    ... )
    >>> build_nearest(seats, k=1).adjacency.index.to_list()
    [('310000', '320500'), ('320500', '310000'), ('330100', '320500')]
    """
    chosen = select_boundaries(boundaries, cities)
    n = len(chosen)
    check_links_fit(n, n)
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 0 < k < n:
        raise WeightsError(
            f"k must be a whole number from 1 to {n - 1}, one less than the {n} "
            f"cities; got {k!r}"
        )
    found = nearest_positions(locate_cities(chosen, points=points), int(k))
    rows = np.repeat(np.arange(n), k)
    matrix = matrix_of(rows, found.ravel(), np.ones(n * k), n)
    return finish_weights(Links(matrix, chosen.index), transform=transform)


def build_distance_band(
    boundaries: gpd.GeoDataFrame,
    *,
    band_km: float,
    cities: pd.Index | Sequence[str] | None = None,
    points: Points = "representative",
    islands: IslandPolicy = "error",
    transform: Transform = "row",
) -> Graph:
    """Link cities that are at most `band_km` apart.

    Parameters
    ----------
    boundaries, cities, points, transform
        As for :func:`build_nearest`.
    band_km : float
        Greatest great-circle distance between neighbours, in km (not degrees).
    islands : {"error", "keep", "nearest", "drop"}
        What to do about cities with nobody in the band; ``"nearest"`` joins each with
        its nearest city, both ways.

    Returns
    -------
    Graph
        Sorted by city code; symmetric before it is row-standardised.

    Raises
    ------
    IsolatedCityError
        If a city has nobody in the band and `islands` is ``"error"``.
    BoundaryError, AlignmentError, WeightsError
        As for :func:`build_nearest`; also if the band gives more than 25 million
        weights.

    Warns
    -----
    IsolatedCityWarning
        Names the cities with nobody in the band and what was done.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from spatial_coagg.weights.distance import build_distance_band
    >>> longitudes, latitudes = [120.6, 121.5, 120.2], [31.3, 31.2, 30.3]
    >>> seats = gpd.GeoDataFrame(
    ...     index=["320500", "310000", "330100"],
    ...     geometry=gpd.points_from_xy(longitudes, latitudes),
    ...     crs="EPSG:4326",
    ... )
    >>> build_distance_band(seats, band_km=120).cardinalities.to_dict()
    {'310000': 1, '320500': 2, '330100': 1}
    """
    check_positive(band_km, name="band_km", unit="km")
    chosen = select_boundaries(boundaries, cities)
    vectors = locate_cities(chosen, points=points)
    pairs = pairs_up_to(vectors, band_km)
    return join_pairs(
        pairs,
        chosen.index,
        geography=Geography(lambda: vectors, lambda found: np.ones(len(found))),
        islands=islands,
        transform=transform,
    )


def build_inverse_distance(
    boundaries: gpd.GeoDataFrame,
    *,
    power: float = 1.0,
    cutoff_km: float | None = None,
    cities: pd.Index | Sequence[str] | None = None,
    points: Points = "representative",
    islands: IslandPolicy = "error",
    transform: Transform = "row",
) -> Graph:
    """Weight every city by one over its great-circle distance.

    Parameters
    ----------
    boundaries, cities, points, transform
        As for :func:`build_nearest`.
    power : float
        How fast weights fall with distance.
    cutoff_km : float, optional
        Greatest distance of a link, in km; without it all pairs of cities are linked.
    islands : {"error", "keep", "nearest", "drop"}
        What to do about cities with nobody within `cutoff_km`.

    Returns
    -------
    Graph
        Sorted by city code; symmetric before it is row-standardised, with weights in
        km^-power.

    Raises
    ------
    IsolatedCityError
        If a city has nobody within `cutoff_km` and `islands` is ``"error"``.
    WeightsError
        If two cities stand at the same place, or more than 25 million weights are
        asked for.
    BoundaryError, AlignmentError
        As for :func:`build_nearest`.

    Warns
    -----
    IsolatedCityWarning
        Names the cities with nobody within `cutoff_km` and what was done.
    DominanceWarning
        If single neighbours take most of the weight.

    Notes
    -----
    w_ij = d_ij^-power for i != j and d_ij <= cutoff_km, d_ij in km.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from spatial_coagg.weights.distance import build_inverse_distance
    >>> longitudes, latitudes = [120.6, 121.5, 120.2], [31.3, 31.2, 30.3]
    >>> seats = gpd.GeoDataFrame(
    ...     index=["320500", "310000", "330100"],
    ...     geometry=gpd.points_from_xy(longitudes, latitudes),
    ...     crs="EPSG:4326",
    ... )
    >>> build_inverse_distance(seats)["330100"].round(3).to_dict()
    {'310000': 0.424, '320500': 0.576}
    """
    check_positive(power, name="power")
    chosen = select_boundaries(boundaries, cities)
    vectors = locate_cities(chosen, points=points)

    def weigh(pairs: IntArray) -> FloatArray:
        return inverse_distances(vectors, pairs, power=power, cities=chosen.index)

    return join_pairs(
        pairs_up_to(vectors, cutoff_km),
        chosen.index,
        geography=Geography(lambda: vectors, weigh),
        islands=islands,
        transform=transform,
    )


def check_positive(value: float, *, name: str, unit: str = "") -> None:
    """Raise unless `value` is a positive, finite number."""
    number = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not number or not 0 < value < np.inf:
        of_unit = f" of {unit}" if unit else ""
        raise WeightsError(f"{name} must be a positive number{of_unit}; got {value!r}")


def pairs_up_to(vectors: FloatArray, cutoff_km: float | None) -> IntArray:
    """Return the pairs of cities at most `cutoff_km` apart, or all of them.

    Raises
    ------
    WeightsError
        If there are more than a Graph should hold.
    """
    n = len(vectors)
    if cutoff_km is None:
        check_links_fit(n * (n - 1), n)
        return all_pairs(n)
    check_positive(cutoff_km, name="cutoff_km", unit="km")
    check_links_fit(2 * count_pairs_within(vectors, cutoff_km), n)
    return pairs_within(vectors, cutoff_km)


def check_links_fit(count: int, n: int) -> None:
    """Raise if a rule links more cities than fit in memory, or there is only one."""
    if n < 2:
        raise WeightsError(f"weights need two cities or more; got {n}")
    if count > MOST_WEIGHTS:
        raise WeightsError(
            f"this rule gives {count:,} weights among {n:,} cities, more than "
            f"{MOST_WEIGHTS:,}; give a smaller distance or fewer cities, or use "
            f"build_nearest"
        )


def inverse_distances(
    vectors: FloatArray, pairs: IntArray, *, power: float, cities: pd.Index
) -> FloatArray:
    """Return d^-power of each pair, d in km.

    Raises
    ------
    WeightsError
        If two cities stand at the same place, or a weight is too small for a number.
    """
    km = distance_of_pairs_km(vectors, pairs)
    if np.min(km, initial=np.inf) < SAME_PLACE_KM:
        first, second = pairs[np.argmin(km)]
        raise WeightsError(
            f"{cities[first]!r} and {cities[second]!r} stand at the same place, so one "
            f"over their distance is infinite; correct their points"
        )
    weights: FloatArray = km**-power
    check_numbers(weights, advice=f"lower power={power:g} (1 and 2 are usual)")
    return weights


def check_numbers(weights: FloatArray, *, advice: str) -> None:
    """Raise if a weight has become zero or infinite."""
    if not np.all((weights > 0) & np.isfinite(weights)):
        raise WeightsError(f"weights get too large or small for a number; {advice}")


def join_pairs(
    pairs: IntArray,
    cities: pd.Index,
    *,
    geography: Geography,
    islands: IslandPolicy,
    transform: Transform,
) -> Graph:
    """Link pairs of cities both ways, settle the islands and transform."""
    matrix = matrix_of_pairs(pairs, geography.weigh(pairs), len(cities))
    settled = settle_islands(Links(matrix, cities), policy=islands, geography=geography)
    return finish_weights(settled, transform=transform)
