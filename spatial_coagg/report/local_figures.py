"""Pictures of local autocorrelation: scatter, cluster maps, transitions."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from spatial_coagg._typing import FloatArray
from spatial_coagg.autocorrelation.classes import (
    NO_DATA,
    NO_NEIGHBOURS,
    NOT_SIGNIFICANT,
)
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.transitions import ClassTransitions
from spatial_coagg.checks import listed
from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.report.fonts import readable_names
from spatial_coagg.report.map_data import SPECK, Inset, equal_area_projection

# RdYlBu: the reds and blues stay apart for every kind of colour blindness.
CLASS_COLOURS = {
    "HH": "#c51b1f",
    "LL": "#2c6fb5",
    "HL": "#f4a259",
    "LH": "#9ecbe8",
    "similar": "#7b6ba8",
    "different": "#f4a259",
    "hot spot": "#c51b1f",
    "cold spot": "#2c6fb5",
    NOT_SIGNIFICANT: "#e6e6e6",
    NO_NEIGHBOURS: "#8c8c8c",
    NO_DATA: "#ffffff",
}
CLASS_WORDS = {
    "HH": "high among high (HH)",
    "LL": "low among low (LL)",
    "HL": "high among low (HL)",
    "LH": "low among high (LH)",
}
EDGE = "#9a9a9a"
SIMPLE_STEPS = 900


def draw_moran_scatter(
    local: LocalTest,
    *,
    names: Mapping[str, str] | None = None,
    fallback: Mapping[str, str] | None = None,
    labels: int = 8,
    title: str = "",
) -> Figure:
    """Draw each city's value against the mean of its neighbours.

    Parameters
    ----------
    local : LocalTest
        Of :func:`local_moran`, or one year of :func:`local_moran_by_year`
        (``found.of_year(2019)``); of row-standardised weights.
    names, fallback : mapping of str to str, optional
        Names by city code, and names in Latin letters for where no font shows the
        first; codes by default.
    labels : int
        How many of the cities farthest out carry their name.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        The slope of the line is Moran's I. Colours are the classes.

    Raises
    ------
    SpatialCoaggError
        If `local` is about several years, or no local Moran of one variable.

    Warns
    -----
    DataWarning
        If the names are Chinese and no installed font shows them.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import draw_moran_scatter, local_moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = local_moran_by_year(panel, "theta", weights, fdr="none", rng=1)
    >>> figure = draw_moran_scatter(found.of_year(2019), labels=0)
    >>> figure.axes[0].get_xlabel()
    'theta'
    """
    if "year" in local.frame.index.names or local.kind != "local Moran":
        raise SpatialCoaggError(
            f"the scatter plot shows the local Moran of one year; this is the "
            f"{local.kind} of {'years' if 'year' in local.frame.index.names else 'two'}"
            f": choose a year with of_year(...)"
        )
    frame = local.frame.dropna(subset=["value", "lag"])
    middle = float(local.frame["value"].mean())
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(middle, color=EDGE, linewidth=0.8)
    axes.axvline(middle, color=EDGE, linewidth=0.8)
    for name in local.classes:
        some = frame[frame["cluster"] == name]
        if some.empty:
            continue
        axes.scatter(
            some["value"],
            some["lag"],
            s=22,
            color=CLASS_COLOURS[name],
            edgecolor="#555555",
            linewidth=0.4,
            label=f"{CLASS_WORDS.get(name, name)}: {len(some)}",
            zorder=2 if name == NOT_SIGNIFICANT else 3,
        )
    _draw_slope(axes, frame, middle)
    _name_corners(axes)
    _name_outliers(axes, frame, labels, names, fallback)
    axes.set_xlabel(local.column)
    axes.set_ylabel(f"{local.column} of the neighbours (mean)")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def draw_cluster_map(
    boundaries: gpd.GeoDataFrame,
    local: LocalTest,
    *,
    years: Sequence[int] | None = None,
    inset: Inset | None = None,
    columns: int = 3,
    title: str = "",
) -> Figure:
    """Draw the classes of the cities on the map, one map for each year.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Index city code; any CRS. Places that the test lacks are "no data".
    local : LocalTest
        Of one year, or over years.
    years : sequence of int, optional
        Which years of a test over years; all by default.
    inset : Inset, optional
        A part shown in a box in the corner, with its lines, such as the islands of
        the South China Sea: ``Inset.around(load_dash_line())``.
    columns : int
        Maps beside each other.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        In an equal-area projection; counts stand in each map's heading, one legend
        for all.

    Raises
    ------
    AlignmentError
        If cities of the test are not on the map.
    SpatialCoaggError
        If a year was not tested, or `years` is given for a test of one year.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import draw_cluster_map, local_moran_by_year
    >>> panel, shapes = load_example().panel, load_shapes()
    >>> weights = build_nearest(shapes, k=5, cities=panel.cities)
    >>> found = local_moran_by_year(panel, "theta", weights, fdr="none", rng=1)
    >>> len(draw_cluster_map(shapes, found, years=[2004, 2019]).axes)
    2
    """
    tests = _tests_by_heading(local, years)
    strange = local.frame.index.unique("city").difference(boundaries.index)
    if len(strange) > 0:
        raise AlignmentError(
            f"{len(strange)} cities of the test are not on the map: {listed(strange)}"
        )
    projection = equal_area_projection(boundaries)
    flat = boundaries.geometry.to_crs(projection)
    west, south, east, north = flat.total_bounds
    tolerance = max(east - west, north - south) / SIMPLE_STEPS
    simple = gpd.GeoSeries(flat.simplify_coverage(tolerance), crs=projection)
    wide = min(columns, len(tests))
    deep = -(-len(tests) // wide)
    view = _main_view(simple, inset)
    ratio = (view[3] - view[1]) / (view[2] - view[0])
    figure = Figure(
        figsize=(3.6 * wide + 0.4, (3.6 * ratio + 0.35) * deep + 0.7),
        layout="constrained",
    )
    grid = figure.subplots(deep, wide, squeeze=False).ravel()
    for axes in grid[len(tests) :]:
        axes.remove()
    for axes, (heading, test) in zip(grid, tests.items(), strict=False):
        _draw_classes(axes, simple, test)
        _set_view(axes, view)
        axes.set_axis_off()
        if inset is not None:
            _draw_inset(axes, simple, test, inset)
        axes.set_title(heading, loc="left", fontsize=9)
    figure.legend(
        handles=_legend(local, boundaries),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=8,
    )
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


def draw_transitions(transitions: ClassTransitions, *, title: str = "") -> Figure:
    """Draw how often cities of each class are in each class a step later.

    Parameters
    ----------
    transitions : ClassTransitions
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Shades and percentages are shares of a row; the numbers of moves stand below
        them.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import class_transitions, draw_transitions
    >>> from spatial_coagg import local_moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> local = local_moran_by_year(panel, "theta", weights, fdr="none", rng=1)
    >>> draw_transitions(class_transitions(local)).axes[0].get_xlabel()
    'class 1 year later'
    """
    counts = transitions.counts.to_numpy()
    shares = np.nan_to_num(transitions.probabilities.to_numpy(dtype=np.float64))
    classes = [str(name) for name in transitions.counts.index]
    size = len(classes)
    figure = Figure(figsize=(1.6 + 0.9 * size, 1.2 + 0.7 * size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row in range(size):
        for column in range(size):
            axes.text(
                column,
                row,
                f"{100 * shares[row, column]:.0f} %\n{counts[row, column]}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if shares[row, column] > 0.55 else "black",
            )
    axes.set_xticks(range(size), classes, rotation=25, ha="right", fontsize=8)
    axes.set_yticks(range(size), classes, fontsize=8)
    step = transitions.step
    axes.set_xlabel(f"class {step} year{'' if step == 1 else 's'} later")
    axes.set_ylabel("class before")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _draw_slope(axes: Axes, frame: pd.DataFrame, middle: float) -> None:
    own = frame["value"].to_numpy() - middle
    slope = float(own @ (frame["lag"].to_numpy() - middle) / (own @ own))
    ends = np.array([own.min(), own.max()])
    axes.plot(
        middle + ends,
        middle + slope * ends,
        color="#333333",
        linewidth=1.2,
        label=f"slope: Moran's I = {slope:.3f}",
    )


def _name_corners(axes: Axes) -> None:
    for name, x, y in (
        ("HH", 0.99, 0.98),
        ("LH", 0.01, 0.98),
        ("LL", 0.01, 0.02),
        ("HL", 0.99, 0.02),
    ):
        axes.text(
            x,
            y,
            name,
            transform=axes.transAxes,
            ha="right" if x > 0.5 else "left",
            va="top" if y > 0.5 else "bottom",
            color="#777777",
            fontsize=11,
        )


def _name_outliers(
    axes: Axes,
    frame: pd.DataFrame,
    labels: int,
    names: Mapping[str, str] | None,
    fallback: Mapping[str, str] | None,
) -> None:
    own = (frame["value"] - frame["value"].mean()) / frame["value"].std()
    lag = (frame["lag"] - frame["lag"].mean()) / frame["lag"].std()
    reach = (own**2 + lag**2).sort_index()
    outer = reach.sort_values(ascending=False, kind="stable").index[: 4 * labels]
    codes = [str(code) for code in outer]
    apart: list[str] = []
    for code in codes:
        # In standard deviations: about the size of a written name.
        clear = all(
            abs(own[code] - own[other]) > 0.9 or abs(lag[code] - lag[other]) > 0.25
            for other in apart
        )
        if clear and len(apart) < labels:
            apart.append(code)
    readable = readable_names(
        {code: (names or {}).get(code, code) for code in apart}, fallback
    )
    for code in apart:
        right = bool(own[code] > 0)
        axes.annotate(
            readable.names[code],
            (frame["value"][code], frame["lag"][code]),
            xytext=(-4 if right else 4, 4),
            ha="right" if right else "left",
            textcoords="offset points",
            fontsize=8,
            family=list(readable.families),
        )


def _tests_by_heading(
    local: LocalTest, years: Sequence[int] | None
) -> dict[str, LocalTest]:
    if "year" not in local.frame.index.names:
        if years is not None:
            raise SpatialCoaggError(
                "the test is about one year, so years= cannot choose; leave it out"
            )
        return {_heading(local, ""): local}
    asked = sorted(local.frame.index.unique("year")) if years is None else years
    chosen = {int(year): local.of_year(int(year)) for year in asked}
    return {_heading(test, f"{year}  "): test for year, test in chosen.items()}


def _heading(local: LocalTest, start: str) -> str:
    absent = (NOT_SIGNIFICANT, NO_NEIGHBOURS, NO_DATA)
    counts = local.counts
    found = [f"{name} {counts[name]}" for name in local.classes if name not in absent]
    return f"{start}{', '.join(found)}"


def _draw_classes(axes: Axes, shapes: gpd.GeoSeries, local: LocalTest) -> None:
    clusters = local.frame["cluster"].astype(str).reindex(shapes.index)
    clusters = clusters.fillna(NO_DATA)
    shapes.plot(
        ax=axes,
        color=[CLASS_COLOURS[name] for name in clusters],
        edgecolor=EDGE,
        linewidth=0.2,
        aspect="equal",
    )


def _main_view(shapes: gpd.GeoSeries, inset: Inset | None) -> FloatArray:
    """Return west, south, east and north; with an inset, without specks of land."""
    if inset is not None:
        parts = shapes.explode()
        shapes = parts[parts.area >= SPECK * parts.area.sum()]
    west, south, east, north = shapes.total_bounds
    edge = 0.01 * (east - west)
    return np.array([west - edge, south - edge, east + edge, north + edge])


def _set_view(axes: Axes, view: FloatArray) -> None:
    axes.set_xlim(view[0], view[2])
    axes.set_ylim(view[1], view[3])


def _draw_inset(
    axes: Axes, shapes: gpd.GeoSeries, local: LocalTest, inset: Inset
) -> None:
    corner = axes.inset_axes((0.86, 0.0, 0.14, 0.28))
    _draw_classes(corner, shapes, local)
    if inset.lines is not None:
        lines = inset.lines.to_crs(shapes.crs)
        lines.plot(ax=corner, color="#555555", linewidth=0.8, aspect="equal")
    outline = gpd.GeoSeries([shapely.box(*inset.bounds)], crs=4326)
    _set_view(corner, outline.segmentize(1).to_crs(shapes.crs).total_bounds)
    corner.set(xticks=[], yticks=[], xlabel="", ylabel="")
    corner.spines[:].set(color=EDGE, linewidth=0.6)


def _legend(local: LocalTest, boundaries: gpd.GeoDataFrame) -> list[Patch]:
    seen = set(local.frame["cluster"].astype(str))
    if len(boundaries.index.difference(local.frame.index.unique("city"))) > 0:
        seen.add(NO_DATA)
    optional = (NO_NEIGHBOURS, NO_DATA)
    return [
        Patch(
            facecolor=CLASS_COLOURS[name],
            edgecolor=EDGE,
            label=CLASS_WORDS.get(name, name),
        )
        for name in local.classes
        if name in seen or name not in optional
    ]
