"""The map a builder works on: checked, sorted by code, and a point for each city."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import (
    check_choice,
    check_cities_covered,
    check_columns_exist,
    listed,
)
from spatial_coagg.errors import BoundaryError
from spatial_coagg.weights._sphere import area_vectors, degrees_of, unit_vectors
from spatial_coagg.weights.links import read_cities

# A rule for the point that stands for a city, or the columns of longitude, latitude.
Points: TypeAlias = Literal["representative", "centroid"] | tuple[str, str]


def sorted_boundaries(boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the map sorted by code, once it is fit for building weights.

    Raises
    ------
    BoundaryError
        If it is no map, has no city, no CRS, or codes that are no text.
    DuplicateKeyError
        If a code occurs twice.
    """
    if not isinstance(boundaries, gpd.GeoDataFrame):
        raise TypeError(
            f"boundaries must be a GeoDataFrame indexed by city code, got "
            f"{type(boundaries).__name__}; read_boundaries makes one from a file"
        )
    if len(boundaries) == 0:
        raise BoundaryError("the boundaries hold no city; check the file or the filter")
    codes = read_cities(boundaries.index, name="the index of the boundaries")
    if boundaries.crs is None:
        raise BoundaryError(
            "the boundaries have no CRS, so it is unknown where they lie; set the one "
            "of their source, such as boundaries.set_crs('EPSG:4326')"
        )
    return boundaries.set_axis(codes, axis="index").sort_index()


def select_boundaries(
    boundaries: gpd.GeoDataFrame, cities: pd.Index | Sequence[str] | None
) -> gpd.GeoDataFrame:
    """Return the checked map of `cities` only (all of them by default), sorted."""
    whole = sorted_boundaries(boundaries)
    if cities is None:
        return whole
    wanted = read_cities(cities, name="cities").sort_values()
    check_cities_covered(wanted, whole.index, name="the map", of="the selection")
    return whole.loc[wanted]


def locate_cities(boundaries: gpd.GeoDataFrame, *, points: Points) -> FloatArray:
    """Return one point of the unit sphere for each city, shape (N, 3).

    Parameters
    ----------
    boundaries : GeoDataFrame
        In any CRS that is known; it is brought to longitude and latitude (WGS84).
    points : {"representative", "centroid"} or (str, str)
        ``"representative"``: a point surely inside the polygon; ``"centroid"``: the
        mean position of its area on the sphere, which may lie outside; two names: the
        columns of longitude and latitude (degrees), such as the seat of government.

    Raises
    ------
    BoundaryError
        If a geometry or coordinate is missing, or is no longitude and latitude.
    """
    if isinstance(points, tuple):
        degrees = _given_points(boundaries, points)
    else:
        choices = ("representative", "centroid", "(longitude column, latitude column)")
        check_choice(points, choices, name="points")
        check_geometries(boundaries)
        geographic = boundaries.geometry.to_crs("EPSG:4326")
        derive = _centroids if points == "centroid" else _representative_points
        degrees = derive(geographic)
    _check_degrees(degrees, boundaries.index)
    return unit_vectors(degrees)


def check_geometries(boundaries: gpd.GeoDataFrame) -> None:
    """Raise if a city has no geometry."""
    absent = boundaries.geometry.isna() | boundaries.geometry.is_empty
    if absent.any():
        raise BoundaryError(
            f"{int(absent.sum())} cities have no geometry: "
            f"{listed(boundaries.index[absent], limit=20)}; add it or leave them out"
        )


def check_polygons(boundaries: gpd.GeoDataFrame | gpd.GeoSeries) -> None:
    """Raise unless every geometry is a polygon."""
    other = ~boundaries.geom_type.isin(["Polygon", "MultiPolygon"])
    if other.any():
        raise BoundaryError(
            f"{int(other.sum())} cities are no polygons: "
            f"{listed(boundaries.index[other])}, the first a "
            f"{boundaries.geom_type[other].iloc[0]}; borders and centroids need "
            f"polygons"
        )


def _given_points(boundaries: gpd.GeoDataFrame, columns: tuple[str, str]) -> FloatArray:
    if len(columns) != 2:
        raise BoundaryError(
            f"points must name two columns, longitude and latitude; got {columns!r}"
        )
    check_columns_exist(boundaries, columns, name="the boundaries")
    degrees: FloatArray = boundaries[list(columns)].to_numpy(dtype=np.float64)
    absent = ~np.isfinite(degrees).all(axis=1)
    if absent.any():
        raise BoundaryError(
            f"{int(absent.sum())} cities have no {columns[0]} or {columns[1]}: "
            f"{listed(boundaries.index[absent], limit=20)}; fill them in or use "
            f'points="representative"'
        )
    return degrees


def _representative_points(geographic: gpd.GeoSeries) -> FloatArray:
    coordinates: FloatArray = shapely.get_coordinates(
        shapely.point_on_surface(geographic.to_numpy())
    )
    return coordinates


def _centroids(geographic: gpd.GeoSeries) -> FloatArray:
    check_polygons(geographic)
    # Shells turn counter-clockwise and holes clockwise: the interior is on the left.
    polygons, owners = shapely.get_parts(
        shapely.orient_polygons(geographic.to_numpy()), return_index=True
    )
    rings, of_polygon = shapely.get_rings(polygons, return_index=True)
    corners, of_ring = shapely.get_coordinates(rings, return_index=True)
    inside_ring = of_ring[1:] == of_ring[:-1]
    vectors = unit_vectors(corners)
    edge_owners = owners[of_polygon[of_ring[1:][inside_ring]]]
    areas = area_vectors(
        vectors[:-1][inside_ring],
        vectors[1:][inside_ring],
        edge_owners,
        len(geographic),
    )
    return degrees_of(areas)


def _check_degrees(degrees: FloatArray, cities: pd.Index) -> None:
    # Asked this way round, a coordinate that is no number is wrong too.
    wrong = ~(np.abs(degrees) <= np.array([180.0, 90.0])).all(axis=1)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        longitude, latitude = degrees[first]
        raise BoundaryError(
            f"{int(wrong.sum())} cities lie outside the globe, such as "
            f"{cities[first]!r} at longitude {longitude:g}, latitude {latitude:g}; "
            f"longitude comes first, and the CRS must be that of the coordinates"
        )
