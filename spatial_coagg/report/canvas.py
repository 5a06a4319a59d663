"""The ground that printed maps are drawn on: places simplified, with an inset."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from spatial_coagg._typing import FloatArray
from spatial_coagg.report.map_data import (
    SPECK,
    Inset,
    equal_area_projection,
    home_bounds,
)

EDGE = "#9a9a9a"
# Places of the inset as shares of the map (left, bottom, width, height), as preferred.
WIDE, HIGH, GAP = 0.14, 0.28, 0.005
CORNERS = tuple(
    (left, bottom, WIDE, HIGH)
    for bottom in (GAP, 1 - HIGH - GAP)
    for left in (1 - WIDE - GAP, GAP)
)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Places in an equal-area projection, and what part of the world is shown.

    Attributes
    ----------
    shapes : GeoSeries
        Simplified so that shared borders stay shared.
    view : ndarray of shape (4,)
        West, south, east, north.
    inset : Inset or None
        A part shown in a box in the corner.
    paths : tuple of Path
        Of the shapes, for matplotlib.
    corner : tuple of float
        Where the box of the inset hides least: left, bottom, width, height.
    """

    shapes: gpd.GeoSeries
    view: FloatArray
    inset: Inset | None
    paths: tuple[Path, ...]
    corner: tuple[float, float, float, float]

    @classmethod
    def of(
        cls,
        boundaries: gpd.GeoDataFrame,
        inset: Inset | None,
        *,
        steps: int,
        studied: pd.Index | None = None,
    ) -> "Canvas":
        """Project, simplify and frame the boundaries.

        Parameters
        ----------
        boundaries : GeoDataFrame
        inset : Inset, optional
        steps : int
            How many steps of simplification make the longer side.
        studied : Index, optional
            Cities that have data: where they are a small part of the map, only that
            part is shown, without the inset.
        """
        projection = equal_area_projection(boundaries)
        flat = boundaries.geometry.to_crs(projection)
        west, south, east, north = flat.total_bounds
        home = None
        if studied is not None:
            home = home_bounds(flat, studied, np.array([west, south, east, north]))
        if home is not None:
            inset = None
            west, south, east, north = home
        tolerance = max(east - west, north - south) / steps
        simple = gpd.GeoSeries(flat.simplify_coverage(tolerance), crs=projection)
        view = _framed(simple, inset) if home is None else home
        paths = tuple(_outline(shape) for shape in simple)
        return cls(simple, view, inset, paths, _emptiest(simple, view))

    @property
    def ratio(self) -> float:
        """Height of the view over its width."""
        west, south, east, north = self.view
        return float((north - south) / (east - west))

    def paint(self, axes: Axes, colours: Sequence[str]) -> None:
        """Draw every place in its colour, in the order of `shapes`, and the inset."""
        self._fill(axes, colours)
        _set_view(axes, self.view)
        axes.set_axis_off()
        if self.inset is None:
            return
        corner = axes.inset_axes(self.corner)
        self._fill(corner, colours)
        if self.inset.lines is not None:
            lines = self.inset.lines.to_crs(self.shapes.crs)
            lines.plot(ax=corner, color="#555555", linewidth=0.8, aspect="equal")
        outline = gpd.GeoSeries([shapely.box(*self.inset.bounds)], crs=4326)
        _set_view(corner, outline.segmentize(1).to_crs(self.shapes.crs).total_bounds)
        corner.set(xticks=[], yticks=[], xlabel="", ylabel="")
        corner.spines[:].set(color=EDGE, linewidth=0.6)

    def _fill(self, axes: Axes, colours: Sequence[str]) -> None:
        axes.add_collection(
            PathCollection(
                list(self.paths),
                facecolors=list(colours),
                edgecolors=EDGE,
                linewidths=0.2,
            )
        )
        axes.set_aspect("equal")


def _outline(shape: BaseGeometry) -> Path:
    """Return the rings of a place as one path; holes turn the other way."""
    polygons = shapely.get_parts(shapely.orient_polygons(shape))
    rings = [
        ring
        for polygon in polygons
        if isinstance(polygon, Polygon)
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    closed = [Path(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings]
    return Path.make_compound_path(*closed)


def _framed(shapes: gpd.GeoSeries, inset: Inset | None) -> FloatArray:
    """Return the view; with an inset, without the islands that it shows."""
    if inset is not None:
        land = gpd.GeoSeries([shapely.coverage_union_all(shapes.array)]).explode()
        shapes = land[land.area >= SPECK * land.area.sum()]
    west, south, east, north = shapes.total_bounds
    edge = 0.01 * (east - west)
    return np.array([west - edge, south - edge, east + edge, north + edge])


def _emptiest(
    shapes: gpd.GeoSeries, view: FloatArray
) -> tuple[float, float, float, float]:
    """Return the corner in which a box hides least land."""
    west, south, east, north = view
    hidden = []
    for left, bottom, width, height in CORNERS:
        box = shapely.box(
            west + left * (east - west),
            south + bottom * (north - south),
            west + (left + width) * (east - west),
            south + (bottom + height) * (north - south),
        )
        hidden.append(float(shapes.intersection(box).area.sum()))
    return CORNERS[int(np.argmin(hidden))]


def _set_view(axes: Axes, view: FloatArray) -> None:
    axes.set_xlim(view[0], view[2])
    axes.set_ylim(view[1], view[3])
