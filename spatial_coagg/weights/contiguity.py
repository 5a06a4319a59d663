"""Neighbours by a shared border."""

from collections.abc import Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from libpysal.graph import Graph

from spatial_coagg._typing import IntArray, IslandPolicy
from spatial_coagg.checks import check_choice, listed, warn_user
from spatial_coagg.errors import BoundaryError, DataWarning
from spatial_coagg.weights._matrix import matrix_of_pairs
from spatial_coagg.weights.align import select_cities
from spatial_coagg.weights.geography import (
    Points,
    check_geometries,
    check_polygons,
    locate_cities,
    sorted_boundaries,
)
from spatial_coagg.weights.islands import Geography, settle_islands
from spatial_coagg.weights.links import Links
from spatial_coagg.weights.transform import Transform, finish_weights

# Slivers left by drawing or projection stay below this share of the smaller polygon.
SLIVER_SHARE = 0.01
# Patterns of the nine-intersection model: interiors meet; borders share a line.
INTERIORS_MEET = "T********"
BORDERS_SHARE_A_LINE = "****1****"


def build_contiguity(
    boundaries: gpd.GeoDataFrame,
    *,
    cities: pd.Index | Sequence[str] | None = None,
    rule: Literal["queen", "rook"] = "queen",
    points: Points = "representative",
    islands: IslandPolicy = "error",
    transform: Transform = "row",
) -> Graph:
    """Link cities that share a border.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Polygons indexed by city code (text): the full map, also the places that are
        not studied.
    cities : Index or sequence of str, optional
        The cities wanted. Borders are found on the full map, then these are taken out
        of it, and a warning says how many links that loses.
    rule : {"queen", "rook"}
        Whether a shared corner is enough, or a shared line is needed.
    points : {"representative", "centroid"} or (str, str)
        Where cities stand when ``islands="nearest"`` looks for the nearest one; as for
        `build_nearest`.
    islands : {"error", "keep", "nearest", "drop"}
        What to do about cities without neighbours: refuse, leave them with a spatial
        lag of zero, join each with its nearest city (both ways), or leave them out.
    transform : {"row", "spectral", "none"}
        Rows of sum one, largest eigenvalue of one, or weights of one.

    Returns
    -------
    Graph
        Sorted by city code; symmetric before it is row-standardised.

    Raises
    ------
    BoundaryError
        If the map lacks a CRS or a geometry, or a geometry is no valid polygon.
    DuplicateKeyError
        If a code occurs twice.
    AlignmentError
        If the map lacks one of `cities`, or codes are no text.
    IsolatedCityError
        If a city has no neighbours and `islands` is ``"error"``.

    Warns
    -----
    LostLinkWarning
        If taking `cities` out of the map loses links.
    IsolatedCityWarning
        Names the cities without neighbours and what was done.
    DataWarning
        If polygons overlap by more than 1 % of the smaller one.

    Notes
    -----
    Polygons that overlap count as neighbours under both rules, so a sliver left by
    careless drawing costs no link, and corners need no matching vertex on the other
    side. A gap between two polygons, however narrow, separates them: close gaps first
    with ``shapely.coverage_clean``; a map in degrees has such a cut along the 180th
    meridian. Distance plays no part, so any CRS will do.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from spatial_coagg.weights.contiguity import build_contiguity
    >>> squares = [box(x, y, x + 1, y + 1) for y in (30, 31) for x in (120, 121)]
    >>> lattice = gpd.GeoDataFrame(
    ...     index=["a", "b", "c", "d"], geometry=squares, crs="EPSG:4326"
    ... )
    >>> build_contiguity(lattice, rule="rook")["a"].to_dict()
    {'b': 0.5, 'c': 0.5}
    """
    check_choice(rule, ("queen", "rook"), name="rule")
    whole = sorted_boundaries(boundaries)
    _check_usable(whole)
    pairs = _bordering_pairs(whole, rule=rule)
    matrix = matrix_of_pairs(pairs, np.ones(len(pairs)), len(whole))
    links = select_cities(Links(matrix, whole.index), cities, name="the map")
    geography = Geography(
        lambda: locate_cities(whole.loc[links.cities], points=points),
        lambda found: np.ones(len(found)),
    )
    settled = settle_islands(links, policy=islands, geography=geography)
    return finish_weights(settled, transform=transform)


def _check_usable(boundaries: gpd.GeoDataFrame) -> None:
    check_geometries(boundaries)
    check_polygons(boundaries)
    broken = ~boundaries.is_valid
    if broken.any():
        first = boundaries.index[broken][0]
        raise BoundaryError(
            f"{int(broken.sum())} polygons are invalid: "
            f"{listed(boundaries.index[broken])}; {first!r}: "
            f"{shapely.is_valid_reason(boundaries.geometry[first])}; "
            f"repair them with boundaries.make_valid()"
        )


def _bordering_pairs(
    boundaries: gpd.GeoDataFrame, *, rule: Literal["queen", "rook"]
) -> IntArray:
    shapes = boundaries.geometry.to_numpy()
    # libpysal's own builders miss links on careless maps: by vertices where a corner
    # meets the middle of a line, by "touches" where polygons overlap in a sliver.
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = np.column_stack([left, right])[left < right].astype(np.int64)
    pairs: IntArray = once[np.lexsort((once[:, 1], once[:, 0]))]
    first, second = shapes[pairs[:, 0]], shapes[pairs[:, 1]]
    overlap = shapely.relate_pattern(first, second, INTERIORS_MEET)
    _warn_of_overlaps(boundaries, pairs[overlap])
    if rule == "queen":
        return pairs
    along_a_line = shapely.relate_pattern(first, second, BORDERS_SHARE_A_LINE)
    bordering: IntArray = pairs[overlap | along_a_line]
    return bordering


def _warn_of_overlaps(boundaries: gpd.GeoDataFrame, pairs: IntArray) -> None:
    shapes = boundaries.geometry.to_numpy()
    first, second = shapes[pairs[:, 0]], shapes[pairs[:, 1]]
    smaller = np.minimum(shapely.area(first), shapely.area(second))
    shares = shapely.area(shapely.intersection(first, second)) / smaller
    large = shares > SLIVER_SHARE
    if not large.any():
        return
    codes = boundaries.index.to_numpy()[pairs[large]]
    named = [f"{one} and {other}" for one, other in codes]
    warn_user(
        f"{int(large.sum())} pairs of polygons overlap by up to "
        f"{shares.max():.0%} of the smaller one and count as neighbours: "
        f"{listed(named)}; check the map",
        DataWarning,
    )
