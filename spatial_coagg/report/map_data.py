"""Boundaries made small enough for a page: projected, simplified, written as text."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.checks import check_unique, listed
from spatial_coagg.errors import BoundaryError
from spatial_coagg.report._compact import encode_numbers

# The drawing keeps this many steps across its longer side, two or three for each
# pixel of a wide screen, so that it can be enlarged some eight times.
TOLERANCE_STEPS = 2500
GRID_STEPS = 8000
# With an inset, islands below this share of all land do not widen the view: for China
# ten thousand square km, less than Hainan and more than the reefs.
SPECK = 1e-3
# A study of less than this share of the map opens on its own cities, with this margin.
REGIONAL, MARGIN = 1 / 3, 0.1

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Inset:
    """A part of the map that is drawn again in a frame of its own.

    Attributes
    ----------
    bounds : tuple of float
        West, south, east, north in degrees.
    lines : GeoDataFrame or None
        Lines drawn on the map and in the inset, such as the South China Sea dash line.
    title : str
        Caption of the inset; empty for "South China Sea" in the language of the map.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from spatial_coagg.report.map_data import Inset
    >>> dashes = [shapely.LineString([(109, 4), (110, 6)])]
    >>> Inset.around(gpd.GeoDataFrame(geometry=dashes, crs=4326), margin=1).bounds
    (108.0, 3.0, 111.0, 7.0)
    """

    bounds: tuple[float, float, float, float]
    lines: gpd.GeoDataFrame | None = None
    title: str = ""

    def __post_init__(self) -> None:
        west, south, east, north = self.bounds
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise BoundaryError(
                f"inset bounds must be west, south, east, north in degrees, "
                f"got {self.bounds!r}"
            )

    @classmethod
    def around(
        cls, lines: gpd.GeoDataFrame, *, margin: float = 1.5, title: str = ""
    ) -> "Inset":
        """Make the inset that shows `lines` whole, with a margin in degrees."""
        _check_crs(lines, name="the lines of the inset")
        west, south, east, north = lines.to_crs(4326).total_bounds.tolist()
        box = (west - margin, south - margin, east + margin, north + margin)
        return cls(bounds=box, lines=lines, title=title)


@dataclass(frozen=True, slots=True)
class MapShapes:
    """Boundaries as text, in whole steps of a grid.

    Attributes
    ----------
    projection : str
        As a PROJ string.
    middle : float
        Longitude of its middle, in degrees.
    step_km : float
        Width of a grid step in km.
    cities : tuple of str
        One text for each city, in the order of the boundaries: rings separated by
        blanks, each a run of coordinate differences.
    lines : tuple of str
        Lines of the inset in the same writing.
    view : tuple of int
        West, south, east, north of the whole map, in steps.
    home : tuple of int or None
        The same for what the map shows at first; None for the whole.
    inset : tuple of int or None
        The same for the inset.
    """

    projection: str
    middle: float
    step_km: float
    cities: tuple[str, ...]
    lines: tuple[str, ...]
    view: Box
    home: Box | None
    inset: Box | None


def encode_shapes(
    boundaries: gpd.GeoDataFrame,
    *,
    inset: Inset | None,
    projection: str | None = None,
    studied: pd.Index | None = None,
) -> MapShapes:
    """Project, simplify as a coverage and encode the boundaries.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Polygons, indexed by city code, in any CRS.
    inset : Inset or None
    projection : str, optional
        PROJ string; by default the equal-area one of the boundaries.
    studied : Index, optional
        Cities that have data; all by default.

    Returns
    -------
    MapShapes

    Raises
    ------
    BoundaryError
        If the CRS is missing, a geometry is absent or is not a polygon.
    DuplicateKeyError
        If a city code occurs twice.

    Notes
    -----
    Neighbours are simplified together (`GeoSeries.simplify_coverage`), so that common
    borders stay common; coordinates are then rounded to a grid and written as
    differences in the algorithm of Google's "encoded polyline", two to three
    characters for each point.
    """
    check_boundaries(boundaries)
    projection = projection or equal_area_projection(boundaries)
    flat = boundaries.geometry.to_crs(projection)
    west, south, east, north = flat.total_bounds
    extent = max(east - west, north - south)
    step = extent / GRID_STEPS
    simple = flat.simplify_coverage(extent / TOLERANCE_STEPS)
    cities = [
        _encode_polygon(new, old, step) for new, old in zip(simple, flat, strict=True)
    ]
    view = _view(flat, step, specks=inset is None)
    home = (
        None if studied is None else home_bounds(flat, studied, np.array(view) * step)
    )
    return MapShapes(
        projection=projection,
        middle=float(re.findall(r"lon_0=(\S+)", projection)[0]),
        step_km=step / 1000,
        cities=tuple(cities),
        lines=_encode_lines(inset, projection, step),
        view=view,
        home=None if home is None else _box(home, step),
        inset=None if inset is None else _project_box(inset.bounds, projection, step),
    )


def home_bounds(
    flat: gpd.GeoSeries, studied: pd.Index, view: FloatArray
) -> FloatArray | None:
    """Return the box around the cities studied, where it is a small part of the map.

    Parameters
    ----------
    flat : GeoSeries
        Projected polygons, index city.
    studied : Index
    view : ndarray of shape (4,)
        West, south, east, north of the whole map, in the units of `flat`.

    Returns
    -------
    ndarray of shape (4,) or None
        With a margin; None where it is a third of the whole or more.
    """
    west, south, east, north = flat[flat.index.isin(studied)].total_bounds
    edge = MARGIN * max(east - west, north - south)
    box = np.array([west - edge, south - edge, east + edge, north + edge])
    sides, whole = box[2:] - box[:2], view[2:] - view[:2]
    return box if sides.prod() < REGIONAL * whole.prod() else None


def check_boundaries(boundaries: gpd.GeoDataFrame) -> None:
    """Raise unless every city has one polygon in a known CRS."""
    check_unique(boundaries.index, name="boundaries")
    _check_crs(boundaries, name="boundaries")
    shapes = boundaries.geometry
    absent = boundaries.index[shapes.isna() | shapes.is_empty]
    if len(absent) > 0:
        raise BoundaryError(
            f"{len(absent)} cities of boundaries have no geometry: {listed(absent)}; "
            f"give them one or leave them out"
        )
    other = boundaries.index[~shapes.geom_type.isin(["Polygon", "MultiPolygon"])]
    if len(other) > 0:
        raise BoundaryError(
            f"{len(other)} cities of boundaries are not polygons: {listed(other)}"
        )


def equal_area_projection(boundaries: gpd.GeoDataFrame) -> str:
    """Choose the equal-area projection in which the shapes look right.

    Albers' conic with standard parallels a sixth of the height inside the edges (for
    China 25 and 47 degrees, as on its own maps); Lambert's azimuthal near the equator
    and the poles, where no cone fits.
    """
    parts = boundaries.geometry.to_crs(4326).explode().bounds
    south, north = float(parts["miny"].min()), float(parts["maxy"].max())
    middle = _middle_longitude(parts)
    if abs(south + north) < 30 or max(abs(south), abs(north)) > 80:
        return f"+proj=laea +lat_0={(south + north) / 2:.2f} +lon_0={middle} +units=m"
    sixth = (north - south) / 6
    return (
        f"+proj=aea +lat_1={south + sixth:.2f} +lat_2={north - sixth:.2f} "
        f"+lat_0={(south + north) / 2:.2f} +lon_0={middle} +units=m"
    )


def mercator_projection(boundaries: gpd.GeoDataFrame) -> str:
    """Return that of web tiles, its middle moved to the middle of the land."""
    parts = boundaries.geometry.to_crs(4326).explode().bounds
    middle = _middle_longitude(parts)
    return f"+proj=merc +a=6378137 +b=6378137 +lon_0={middle} +units=m"


def _check_crs(frame: gpd.GeoDataFrame, *, name: str) -> None:
    if frame.crs is None:
        raise BoundaryError(
            f"{name} has no CRS; set the one the file is in, such as "
            f"boundaries.set_crs('EPSG:4326')"
        )


def _middle_longitude(parts: pd.DataFrame) -> float:
    """Return the longitude opposite the widest gap, so that no land is torn apart."""
    spans = parts.sort_values("minx")
    reach = spans["maxx"].cummax().to_numpy()
    starts = spans["minx"].to_numpy()
    gaps = np.append(starts[1:], starts[0] + 360) - reach
    widest = int(gaps.argmax())
    centre = float(reach[widest] + gaps[widest] / 2 + 180)
    return round((centre + 180) % 360 - 180, 2)


def _encode_polygon(
    simple: shapely.Geometry, exact: shapely.Geometry, step: float
) -> str:
    """Write the rings of one city; a city too small for the grid keeps a square."""
    polygons = [part for part in shapely.get_parts(simple) if not part.is_empty]
    rings = [shapely.get_rings(polygon) for polygon in polygons]
    grids = [_on_grid(ring, step) for ring in np.concatenate([*rings, []])]
    kept = [_encode(grid[:-1]) for grid in grids if len(grid) > 3]
    if not kept:
        column, row = _on_grid(exact.representative_point(), step)[0].tolist()
        corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
        square = np.array([(column + right, row + up) for right, up in corners])
        kept = [_encode(square)]
    return " ".join(kept)


def _encode_lines(inset: Inset | None, projection: str, step: float) -> tuple[str, ...]:
    """Write the lines of the inset; areas are drawn by their outlines."""
    if inset is None or inset.lines is None:
        return ()
    _check_crs(inset.lines, name="the lines of the inset")
    drawn = inset.lines.geometry.to_crs(projection)
    shapes = drawn.where(drawn.geom_type.isin(["LineString", "MultiLineString"]))
    lines = shapes.fillna(drawn.boundary).explode()
    return tuple(sorted(_encode(_on_grid(line, step)) for line in lines))


def _on_grid(shape: shapely.Geometry, step: float) -> IntArray:
    """Return the coordinates in whole steps, repeated ones removed; shape (P, 2)."""
    exact: FloatArray = shapely.get_coordinates(shape)
    points: IntArray = np.rint(exact / step).astype(np.int64)
    moved = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    kept: IntArray = points[moved]
    return kept


def _encode(points: IntArray) -> str:
    """Write points as differences, each from the last."""
    return encode_numbers(
        np.diff(points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    )


def _view(flat: gpd.GeoSeries, step: float, *, specks: bool) -> Box:
    """Return the box around the land, its specks left out on request."""
    if specks:
        return _box(np.asarray(flat.total_bounds), step)
    land = shapely.get_parts(
        shapely.union_all(flat.simplify(4 * step).buffer(2 * step))
    )
    areas = shapely.area(land)
    large = land[areas >= SPECK * areas.sum()]
    return _box(np.asarray(shapely.total_bounds(large)), step)


def _project_box(bounds: Sequence[float], projection: str, step: float) -> Box:
    """Return the box around a box in degrees, whose sides bend when projected."""
    outline = shapely.segmentize(shapely.box(*bounds), 1.0)
    flat = gpd.GeoSeries([outline], crs=4326).to_crs(projection)
    return _box(np.asarray(flat.total_bounds), step)


def _box(bounds: FloatArray, step: float) -> Box:
    west, south, east, north = (bounds / step).tolist()
    return math.floor(west), math.floor(south), math.ceil(east), math.ceil(north)
