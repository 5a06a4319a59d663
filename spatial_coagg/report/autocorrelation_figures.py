"""Moran's I over the years, of one variable or of several."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats

from spatial_coagg.autocorrelation.moran import MoranByYear
from spatial_coagg.report.fonts import set_readable_fonts
from spatial_coagg.report.map_words import Language
from spatial_coagg.report.panels import grid_of_axes
from spatial_coagg.report.words import translate

BLUE, GREY = "#0b5394", "#b8b8b8"


def draw_moran_by_year(
    moran: MoranByYear | Mapping[str, MoranByYear],
    *,
    columns: int = 4,
    lang: Language = "en",
) -> Figure:
    """Draw Moran's I over the years, with the band expected by chance.

    Parameters
    ----------
    moran : MoranByYear or mapping of str to MoranByYear
        What :func:`moran_by_year` returns; or several, by heading, such as sectors.
    columns : int
        Plots beside each other, where there are several.
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.figure.Figure
        The band holds 95 per cent of the values that Moran's I takes where the order
        of the cities is chance (normal approximation under randomisation).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = moran_by_year(panel, "theta", weights, permutations=0)
    >>> [axes.get_ylabel() for axes in draw_moran_by_year(found).axes]
    ["Moran's I of theta"]
    """
    if isinstance(moran, MoranByYear):
        figure, grid = grid_of_axes(1, 1, width=7.2, height=2.8)
        _draw_line(grid[0], moran, ticks=9, lang=lang)
        label = translate("Moran's I of {column}", lang)
        grid[0].set_ylabel(label.format(column=moran.column))
    else:
        figure, grid = grid_of_axes(
            len(moran), columns, width=2.3, height=1.8, share=True
        )
        for axes, (heading, each) in zip(grid, moran.items(), strict=True):
            _draw_line(axes, each, ticks=4, lang=lang)
            axes.set_title(heading, loc="left", fontsize=9, fontweight="bold")
        figure.supylabel(translate("Moran's I", lang), fontsize=9)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=2,
        frameon=False,
        fontsize=8,
    )
    set_readable_fonts(figure)
    return figure


def _draw_line(axes: Axes, moran: MoranByYear, *, ticks: int, lang: Language) -> None:
    frame = moran.frame
    years = frame.index.to_numpy(dtype=np.float64)
    middle = frame["expectation"].to_numpy(dtype=np.float64)
    spread = np.sqrt(frame["variance_randomisation"].to_numpy(dtype=np.float64))
    reach = float(stats.norm.ppf(0.975)) * spread
    axes.plot(
        years,
        frame["statistic"],
        color=BLUE,
        marker="o",
        markersize=4 if ticks > 4 else 2.5,
        linewidth=1.5,
        label=translate("Moran's I", lang),
    )
    axes.fill_between(
        years,
        middle - reach,
        middle + reach,
        color=GREY,
        alpha=0.45,
        linewidth=0,
        label=translate("95 % of values if neighbours were unrelated", lang),
    )
    axes.plot(years, middle, color="#777777", linewidth=0.8, linestyle="--")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=ticks))
    axes.spines[["top", "right"]].set_visible(False)
