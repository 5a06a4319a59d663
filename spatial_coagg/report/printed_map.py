"""One layer of a map in one year, for print."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.canvas import EDGE, Canvas
from spatial_coagg.report.classes import class_breaks, round_breaks
from spatial_coagg.report.fonts import set_readable_fonts
from spatial_coagg.report.map_layers import Layer
from spatial_coagg.report.map_words import WORDS, Language
from spatial_coagg.report.palettes import class_colours, label_colours
from spatial_coagg.report.wrapping import wrap_text

NO_DATA = "#f2f2f2"
# Width of a printed map and height of a line of text in inches; letters in a line.
WIDTH, LINE, LETTERS, LEGEND_COLUMNS = 7.0, 0.15, 125, 4
# Decimals that breaks are rounded to at most.
DECIMALS = 6
DATED: Mapping[Language, str] = {"en": "{title}, {year}", "zh": "{title}，{year} 年"}


def draw_printed_map(
    canvas: Canvas,
    layer: Layer,
    *,
    title: str,
    year: int | None = None,
    notice: str = "",
    credit: str = "",
    lang: Language = "en",
) -> Figure:
    """Draw a layer as a figure for print: colours, classes with counts, sources.

    Parameters
    ----------
    canvas : Canvas
    layer : Layer
        Classified over all its years, so that maps of different years compare.
    title : str
        Heading; the year is added.
    year : int, optional
        Of a layer with years; needed there and refused elsewhere.
    notice, credit : str
        Lines above the heading and below the map.
    lang : {"en", "zh"}
        Of the legend, whose words are those of the map page.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    SpatialCoaggError
        If the layer has years and `year` is none of them, or it has none.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> squares = gpd.GeoDataFrame(
    ...     geometry=[shapely.box(110, 30, 111, 31), shapely.box(111, 30, 112, 31)],
    ...     index=pd.Index(["A", "B"], name="city"), crs="EPSG:4326",
    ... )
    >>> theta = pd.Series([2.1, 2.8], index=squares.index)
    >>> canvas = Canvas.of(squares, None, steps=900)
    >>> figure = draw_printed_map(canvas, Layer(theta), title="Synergy")
    >>> figure.axes[0].get_title("left")
    'Synergy'
    """
    shown = _of_year(layer.values, year).reindex(canvas.shapes.index)
    if pd.api.types.is_numeric_dtype(layer.values.dtype):
        colours, legend = _classified(layer, shown.to_numpy(dtype=np.float64), lang)
    else:
        colours, legend = _labelled(layer, shown, lang)
    told = [*wrap_text(layer.note, LETTERS), *wrap_text(credit, LETTERS)]
    lines = -(-len(legend) // LEGEND_COLUMNS)
    below = LINE * (1.3 * lines + len(told)) + 0.3
    above = LINE * (4 if notice else 2.4)
    high = WIDTH * canvas.ratio
    whole = below + high + above
    figure = Figure(figsize=(WIDTH, whole))
    axes = figure.add_axes((0, below / whole, 1, high / whole))
    canvas.paint(axes, colours)
    heading = title if year is None else DATED[lang].format(title=title, year=year)
    axes.set_title(heading, loc="left", fontsize=12, weight="bold", x=0.01)
    if notice:
        figure.text(0.01, 1 - 0.5 * LINE / whole, notice, fontsize=8, va="top")
    figure.legend(
        handles=legend,
        loc="upper left",
        bbox_to_anchor=(0, below / whole),
        ncols=LEGEND_COLUMNS,
        frameon=False,
        fontsize=8,
    )
    figure.text(0.01, 0.1 / whole, "\n".join(told), fontsize=7, color="#555555")
    set_readable_fonts(figure)
    return figure


def _of_year(values: pd.Series, year: int | None) -> pd.Series:
    if values.index.nlevels == 1:
        if year is not None:
            raise SpatialCoaggError(f"the layer has no years, so year={year} is none")
        return values.set_axis(values.index.astype(str))
    years = values.index.unique("year")
    if year not in years:
        raise SpatialCoaggError(
            f"the layer has the years {min(years)} to {max(years)}, not {year}"
        )
    found = values.xs(year, level="year")
    return pd.Series(found.array, index=found.index.astype(str))


def _classified(
    layer: Layer, numbers: FloatArray, lang: Language
) -> tuple[list[str], list[Patch]]:
    breaks = class_breaks(
        layer.values.to_numpy(dtype=np.float64, na_value=np.nan),
        scheme=layer.scheme,
        classes=layer.classes,
    )
    decimals = DECIMALS
    if isinstance(layer.scheme, str):
        breaks, decimals = round_breaks(breaks, decimals=DECIMALS)
    if not isinstance(layer.palette, str):
        raise SpatialCoaggError("a layer of numbers needs a named palette")
    ramp = class_colours(layer.palette, len(breaks) + 1)
    places = np.searchsorted(breaks, numbers, side="left")
    known = ~np.isnan(numbers)
    colours = [
        ramp[place] if there else NO_DATA
        for place, there in zip(places, known, strict=True)
    ]
    counts = [int((places[known] == place).sum()) for place in range(len(ramp))]
    written = [f"{value:,.{decimals}f}" for value in breaks]
    bounds = (
        [f"≤ {written[0]}"]
        + [f"{low} – {high}" for low, high in pairwise(written)]
        + [f"> {written[-1]}"]
        if written
        else [WORDS[lang]["all_cities"]]
    )
    legend = [
        _patch(colour, f"{words} ({count})")
        for colour, words, count in zip(ramp, bounds, counts, strict=True)
    ]
    return colours, legend + _absent(int((~known).sum()), lang)


def _labelled(
    layer: Layer, shown: pd.Series, lang: Language
) -> tuple[list[str], list[Patch]]:
    labels = [str(label) for label in pd.Categorical(layer.values).categories]
    by_label = dict(zip(labels, label_colours(layer.palette, labels), strict=True))
    found = ["" if pd.isna(label) else str(label) for label in shown]
    colours = [by_label.get(label, NO_DATA) for label in found]
    legend = [
        _patch(colour, f"{label} ({found.count(label)})")
        for label, colour in by_label.items()
        if label in found
    ]
    return colours, legend + _absent(found.count(""), lang)


def _absent(count: int, lang: Language) -> list[Patch]:
    words = WORDS[lang]["no_data"]
    return [_patch(NO_DATA, f"{words} ({count})")] if count else []


def _patch(colour: str, words: str) -> Patch:
    return Patch(facecolor=colour, edgecolor=EDGE, linewidth=0.5, label=words)
