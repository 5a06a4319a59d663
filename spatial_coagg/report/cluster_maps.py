"""The classes of a local test on the map, one map for each year or other heading."""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from spatial_coagg.autocorrelation.classes import (
    NO_DATA,
    NO_NEIGHBOURS,
    NOT_SIGNIFICANT,
)
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.checks import listed
from spatial_coagg.errors import AlignmentError
from spatial_coagg.report.canvas import EDGE, Canvas
from spatial_coagg.report.class_styles import CLASS_COLOURS, CLASS_WORDS
from spatial_coagg.report.fonts import set_readable_fonts
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_words import Language
from spatial_coagg.report.panels import grid_of_axes, tests_by_heading
from spatial_coagg.report.words import translate

SIMPLE_STEPS = 900


def draw_cluster_map(
    boundaries: gpd.GeoDataFrame,
    local: LocalTest | Mapping[str, LocalTest],
    *,
    years: Sequence[int] | None = None,
    inset: Inset | None = None,
    columns: int = 3,
    title: str = "",
    lang: Language = "en",
) -> Figure:
    """Draw the classes of the cities on the map, one map for each year.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Index city code; any CRS. Places that the test lacks are "no data".
    local : LocalTest or mapping of str to LocalTest
        Of one year or over years; or several of one year by heading, such as sectors.
    years : sequence of int, optional
        Which years of a test over years; all by default.
    inset : Inset, optional
        A part shown in a box in the corner, with its lines, such as the islands of
        the South China Sea: ``Inset.around(load_dash_line())``.
    columns : int
        Maps beside each other.
    title : str
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.figure.Figure
        In an equal-area projection, of the part of the map where the cities tested
        are if that is a small one; the numbers of cities stand above each map, one
        legend for all.

    Raises
    ------
    AlignmentError
        If cities of a test are not on the map.
    SpatialCoaggError
        If a year was not tested, or `years` is given for tests of one year.

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
    tests = tests_by_heading(local, years)
    for test in tests.values():
        _check_on_map(test, boundaries)
    studied = pd.concat([test.frame for test in tests.values()]).index.unique()
    canvas = Canvas.of(boundaries, inset, steps=SIMPLE_STEPS, studied=studied)
    width = 5.6 if len(tests) == 1 else 3.7
    figure, grid = grid_of_axes(
        len(tests), columns, width=width, height=width * canvas.ratio + 0.35
    )
    for axes, (heading, test) in zip(grid, tests.items(), strict=True):
        canvas.paint(axes, _colours(canvas, test))
        axes.set_title(heading, loc="left", fontsize=9, fontweight="bold")
        axes.set_title(_counts(test), loc="right", fontsize=8)
    figure.legend(
        handles=_legend(tests, boundaries, lang),
        loc="outside lower center",
        ncols=3 if figure.get_figwidth() < 7 else 7,
        frameon=False,
        fontsize=8,
    )
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    set_readable_fonts(figure)
    return figure


def _check_on_map(local: LocalTest, boundaries: gpd.GeoDataFrame) -> None:
    strange = local.frame.index.difference(boundaries.index)
    if len(strange) > 0:
        raise AlignmentError(
            f"{len(strange)} cities of the test are not on the map: {listed(strange)}"
        )


def _colours(canvas: Canvas, local: LocalTest) -> list[str]:
    clusters = local.frame["cluster"].astype(str).reindex(canvas.shapes.index)
    return [CLASS_COLOURS[name] for name in clusters.fillna(NO_DATA)]


def _counts(local: LocalTest) -> str:
    absent = (NOT_SIGNIFICANT, NO_NEIGHBOURS, NO_DATA)
    counts = local.counts
    named = [name for name in local.classes if name not in absent]
    return ", ".join(f"{name} {counts[name]}" for name in named)


def _legend(
    tests: Mapping[str, LocalTest], boundaries: gpd.GeoDataFrame, lang: Language
) -> list[Patch]:
    frame = pd.concat([test.frame for test in tests.values()])
    seen = set(frame["cluster"].astype(str))
    if len(boundaries.index.difference(frame.index)) > 0:
        seen.add(NO_DATA)
    optional = (NO_NEIGHBOURS, NO_DATA)
    return [
        Patch(
            facecolor=CLASS_COLOURS[name],
            edgecolor=EDGE,
            label=translate(CLASS_WORDS.get(name, name), lang),
        )
        for name in next(iter(tests.values())).classes
        if name in seen or name not in optional
    ]
