"""Each city's value against its neighbours' mean, by quadrant."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from spatial_coagg._typing import FloatArray
from spatial_coagg.autocorrelation.classes import NOT_SIGNIFICANT
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.canvas import EDGE
from spatial_coagg.report.class_styles import CLASS_COLOURS, CLASS_WORDS
from spatial_coagg.report.fonts import (
    ReadableNames,
    readable_names,
    set_readable_fonts,
)
from spatial_coagg.report.map_words import Language
from spatial_coagg.report.panels import grid_of_axes, tests_by_heading
from spatial_coagg.report.words import translate

CORNERS = {
    "HH": (0.99, 0.985, "right", "top"),
    "LH": (0.01, 0.985, "left", "top"),
    "LL": (0.01, 0.015, "left", "bottom"),
    "HL": (0.99, 0.015, "right", "bottom"),
}
# Where a name may stand beside its point: x and y in points, alignments.
Side: TypeAlias = tuple[float, float, str, str]
SIDES: tuple[Side, ...] = (
    (5, 0, "left", "center"),
    (-5, 0, "right", "center"),
    (0, 5, "center", "bottom"),
    (0, -5, "center", "top"),
    (4, 4, "left", "bottom"),
    (-4, 4, "right", "bottom"),
    (4, -4, "left", "top"),
    (-4, -4, "right", "top"),
)
SLOPE = "#333333"


def draw_moran_scatter(
    local: LocalTest | Mapping[str, LocalTest],
    *,
    years: Sequence[int] | None = None,
    names: Mapping[str, str] | None = None,
    fallback: Mapping[str, str] | None = None,
    labels: int = 8,
    columns: int = 3,
    title: str = "",
    lang: Language = "en",
) -> Figure:
    """Draw each city's value against the mean of its neighbours.

    Parameters
    ----------
    local : LocalTest or mapping of str to LocalTest
        Of :func:`local_moran` or :func:`local_moran_by_year`, or several of one year
        by heading, such as sectors; of row-standardised weights.
    years : sequence of int, optional
        Which years of a test over years; all by default.
    names, fallback : mapping of str to str, optional
        Names by city code, and names in Latin letters for where no font shows the
        first; codes by default.
    labels : int
        How many cities carry their name: first those significantly unlike their
        neighbours (HL and LH), then those farthest out. Where names would cover each
        other, the next city is named instead.
    columns : int
        Plots beside each other.
    title : str
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.figure.Figure
        The slope of the line is Moran's I. Colours are the classes.

    Raises
    ------
    SpatialCoaggError
        If `local` is not the local Moran of one variable, a year was not tested, or
        `years` is given for tests of one year.

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
    >>> figure = draw_moran_scatter(found, years=[2004, 2019], labels=0)
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['theta', 'theta']
    """
    tests = tests_by_heading(local, years)
    _check_kind(tests)
    size = (6.4, 5.4) if len(tests) == 1 else (3.4, 3.2)
    figure, grid = grid_of_axes(len(tests), columns, width=size[0], height=size[1])
    for axes, (heading, test) in zip(grid, tests.items(), strict=True):
        _draw_points(axes, test)
        _name_axes(axes, test.column, lang, alone=len(tests) == 1)
        slope = _draw_slope(axes, test.frame)
        axes.set_title(heading, loc="left", fontsize=9, fontweight="bold")
        told = translate("Moran's I = {slope:.3f}", lang).format(slope=slope)
        axes.set_title(told, loc="right", fontsize=9)
    figure.legend(
        handles=_legend(tests, lang),
        loc="outside lower center",
        ncols=2 if len(grid) == 1 else 3,
        frameon=False,
        fontsize=8,
    )
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    set_readable_fonts(figure)
    if labels > 0:
        _name_outliers(figure, grid, list(tests.values()), labels, names, fallback)
    return figure


def _check_kind(tests: Mapping[str, LocalTest]) -> None:
    strange = [test.kind for test in tests.values() if test.kind != "local Moran"]
    if strange:
        raise SpatialCoaggError(
            f"the scatter plot shows the local Moran of one variable, not the "
            f"{strange[0]}; use local_moran or local_moran_by_year"
        )


def _draw_points(axes: Axes, local: LocalTest) -> None:
    frame = _with_neighbours(local.frame)
    middle = float(local.frame["value"].mean())
    axes.axhline(middle, color=EDGE, linewidth=0.8)
    axes.axvline(middle, color=EDGE, linewidth=0.8)
    for name in local.classes:
        some = frame[frame["cluster"] == name]
        if not some.empty:
            axes.scatter(
                some["value"],
                some["lag"],
                s=22,
                color=CLASS_COLOURS[name],
                edgecolor="#555555",
                linewidth=0.4,
                zorder=2 if name == NOT_SIGNIFICANT else 3,
            )


def _name_axes(axes: Axes, column: str, lang: Language, *, alone: bool) -> None:
    for name, (x, y, across, along) in CORNERS.items():
        axes.text(
            x,
            y,
            name,
            transform=axes.transAxes,
            ha=across,
            va=along,
            color="#777777",
            fontsize=10,
        )
    axes.set_xlabel(column)
    mean = "{column}, mean of neighbours" if alone else "mean of neighbours"
    axes.set_ylabel(translate(mean, lang).format(column=column))
    axes.spines[["top", "right"]].set_visible(False)


def _draw_slope(axes: Axes, frame: pd.DataFrame) -> float:
    """Draw the line whose slope is Moran's I, and return it."""
    middle = float(frame["value"].mean())
    linked = _with_neighbours(frame)
    own = linked["value"].to_numpy() - middle
    slope = float(own @ (linked["lag"].to_numpy() - middle) / (own @ own))
    ends = np.array([own.min(), own.max()])
    axes.plot(middle + ends, middle + slope * ends, color=SLOPE, linewidth=1.2)
    return slope


def _with_neighbours(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(subset=["value", "lag"])


def _legend(tests: Mapping[str, LocalTest], lang: Language) -> list[Line2D]:
    seen = pd.concat(
        [_with_neighbours(test.frame)["cluster"] for test in tests.values()]
    )
    classes = next(iter(tests.values())).classes
    counts = seen.astype(str).value_counts()
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=5,
            markerfacecolor=CLASS_COLOURS[name],
            markeredgecolor="#555555",
            markeredgewidth=0.4,
            label=translate(CLASS_WORDS.get(name, name), lang)
            + (f": {counts[name]}" if len(tests) == 1 else ""),
        )
        for name in classes
        if name in counts
    ]
    label = translate("slope = Moran's I", lang)
    line = Line2D([], [], color=SLOPE, linewidth=1.2, label=label)
    return [*handles, line]


def _name_outliers(
    figure: Figure,
    grid: Sequence[Axes],
    tests: Sequence[LocalTest],
    labels: int,
    names: Mapping[str, str] | None,
    fallback: Mapping[str, str] | None,
) -> None:
    figure.draw_without_rendering()  # so that places on the canvas are known
    frames = [_with_neighbours(test.frame) for test in tests]
    outer = [_outliers(frame)[: 4 * labels] for frame in frames]
    codes = {code for some in outer for code in some}
    readable = readable_names(
        {code: (names or {}).get(code, code) for code in sorted(codes)}, fallback
    )
    for axes, frame, some in zip(grid, frames, outer, strict=True):
        points = axes.transData.transform(frame[["value", "lag"]].to_numpy())
        taken = [text.get_window_extent() for text in axes.texts]
        for code in some:
            place = (float(frame["value"][code]), float(frame["lag"][code]))
            box = _write_name(axes, place, readable, code, points, taken)
            taken += [] if box is None else [box]
            if len(taken) == labels + len(CORNERS):
                break


def _outliers(frame: pd.DataFrame) -> list[str]:
    """Return the codes, HL and LH first, then the farthest in standard deviations."""
    both = frame[["value", "lag"]]
    reach = ((both - both.mean()) / both.std()).pow(2).sum(axis="columns")
    order = pd.DataFrame(
        {"unlike": frame["cluster"].isin(["HL", "LH"]), "reach": reach}
    )
    ordered = order.sort_index().sort_values(
        ["unlike", "reach"], ascending=False, kind="stable"
    )
    return [str(code) for code in ordered.index]


def _write_name(
    axes: Axes,
    place: tuple[float, float],
    readable: ReadableNames,
    code: str,
    points: FloatArray,
    taken: Sequence[Bbox],
) -> Bbox | None:
    """Write a name on the side where it covers fewest points; None if there is none."""
    text = axes.annotate(
        readable.names[code],
        place,
        xytext=(0, 0),
        textcoords="offset points",
        fontsize=8,
        family=list(readable.families),
        zorder=4,
    )
    text.set_in_layout(False)
    room = axes.bbox.padded(2)
    free = {}
    for side in SIDES:
        box = _moved(text, side)
        inside = room.contains(box.x0, box.y0) and room.contains(box.x1, box.y1)
        if inside and not box.count_overlaps(taken):
            free[side] = int(box.count_contains(points))
    if free:
        return _moved(text, min(free, key=lambda side: free[side]))
    text.remove()
    return None


def _moved(text: Annotation, side: Side) -> Bbox:
    """Put a name on a side of its point and return the room it takes."""
    x, y, across, along = side
    text.set(position=(x, y), ha=across, va=along)
    return text.get_window_extent()
