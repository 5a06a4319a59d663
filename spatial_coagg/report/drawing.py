"""Figures as text: a drawing that can stand inside a page."""

import io

import matplotlib as mpl
from matplotlib.figure import Figure


def figure_svg(figure: Figure, *, salt: str = "spatial_coagg") -> str:
    """Return a matplotlib figure as an ``<svg>`` element, the same each time.

    Parameters
    ----------
    figure : Figure
    salt : str
        Prefix of the identifiers inside; give two figures of one page different ones.

    Returns
    -------
    str
        Without XML declaration and without the date of drawing.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure_svg(Figure()).startswith("<svg")
    True
    """
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
