"""The table of moves between classes as a heat map."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spatial_coagg.autocorrelation.transitions import ClassTransitions


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
        _write_cell(axes, row, column, shares[row, column], int(counts[row, column]))
    words = [str(name).replace(" ", "\n") for name in transitions.counts.index]
    told = [
        f"{name}\n{total:,} moves"
        for name, total in zip(
            transitions.counts.index, counts.sum(axis=1), strict=True
        )
    ]
    axes.set_xticks(range(size), words, fontsize=8)
    axes.set_yticks(range(size), told, fontsize=8)
    step = transitions.step
    axes.set_xlabel(f"class {step} year{'' if step == 1 else 's'} later")
    axes.set_ylabel("class before")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(size - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(size - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="both", length=0)
    return figure


def _write_cell(axes: Axes, row: int, column: int, share: float, count: int) -> None:
    axes.text(
        column,
        row,
        f"{_percent(share)}\n{count:,}" if count else "·",
        ha="center",
        va="center",
        fontsize=8,
        color="white" if share > 0.55 else "black" if count else "#999999",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "< 1 %"
