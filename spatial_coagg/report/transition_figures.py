"""The table of moves between classes as a heat map."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatial_coagg.autocorrelation.transitions import ClassTransitions
from spatial_coagg.report.fonts import set_readable_fonts
from spatial_coagg.report.map_words import Language
from spatial_coagg.report.words import translate


def draw_transitions(
    transitions: ClassTransitions, *, title: str = "", lang: Language = "en"
) -> Figure:
    """Draw how often cities of each class are in each class a step later.

    Parameters
    ----------
    transitions : ClassTransitions
    title : str
    lang : {"en", "zh"}

    Returns
    -------
    matplotlib.figure.Figure
        Shades and percentages are shares of a row; the numbers of moves stand below
        them, those of the whole row beside its class. A dot is a move never seen.

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
    size = len(counts)
    figure = Figure(figsize=(1.8 + 0.9 * size, 1.1 + 0.65 * size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(size, size):
        share, count = float(shares[row, column]), int(counts[row, column])
        text = f"{_percent(share, lang)}\n{count:,}" if count else "·"
        _write_cell(axes, row, column, text, share)
    names = [translate(str(name), lang) for name in transitions.counts.index]
    moves = translate("{name}\n{total:,} moves", lang)
    told = [
        moves.format(name=name, total=total)
        for name, total in zip(names, counts.sum(axis=1), strict=True)
    ]
    across = [name.replace(" ", "\n") for name in names]
    axes.set_xticks(range(size), across, fontsize=8)
    axes.set_yticks(range(size), told, fontsize=8)
    step = transitions.step
    later = "class 1 year later" if step == 1 else "class {step} years later"
    axes.set_xlabel(translate(later, lang).format(step=step))
    axes.set_ylabel(translate("class before", lang))
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(size - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(size - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    set_readable_fonts(figure)
    return figure


def _write_cell(axes: Axes, row: int, column: int, text: str, share: float) -> None:
    axes.text(
        column,
        row,
        text,
        ha="center",
        va="center",
        fontsize=8,
        color="white" if share > 0.55 else "#999999" if text == "·" else "black",
    )


def _percent(share: float, lang: Language) -> str:
    if share < 0.005:
        return translate("< 1 %", lang)
    return translate("{share:.0f} %", lang).format(share=100 * share)
