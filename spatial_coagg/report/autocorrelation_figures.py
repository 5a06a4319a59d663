"""Pictures of spatial autocorrelation."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy import stats

from spatial_coagg.autocorrelation.moran import MoranByYear

BLUE, GREY = "#0b5394", "#b8b8b8"


def draw_moran_by_year(moran: MoranByYear) -> Figure:
    """Draw Moran's I over the years, with the band expected by chance.

    Parameters
    ----------
    moran : MoranByYear
        What :func:`moran_by_year` returns.

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
    frame = moran.frame
    years = frame.index.to_numpy(dtype=np.float64)
    middle = frame["expectation"].to_numpy(dtype=np.float64)
    spread = np.sqrt(frame["variance_randomisation"].to_numpy(dtype=np.float64))
    reach = float(stats.norm.ppf(0.975)) * spread
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.fill_between(
        years,
        middle - reach,
        middle + reach,
        color=GREY,
        alpha=0.45,
        linewidth=0,
        label="95 % of values if neighbours were unrelated",
    )
    axes.plot(years, middle, color="#777777", linewidth=0.8, linestyle="--")
    axes.plot(
        years,
        frame["statistic"],
        color=BLUE,
        marker="o",
        markersize=4,
        label="Moran's I",
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    axes.set_ylabel(f"Moran's I of {moran.column}")
    axes.set_ylim(bottom=min(0.0, float((middle - reach).min())) - 0.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="best")
    return figure
