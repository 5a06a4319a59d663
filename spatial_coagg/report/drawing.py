"""Figures as text: a drawing that can stand inside a page."""

import base64
import io

import matplotlib as mpl
from matplotlib.figure import Figure

# Pixels of a page to an inch below which the letters of a figure are hard to read.
READABLE = 80


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
        Without XML declaration and without the date of drawing; ``--least`` of its
        style is the width in pixels below which it is hard to read.

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
    drawn = text[text.index("<svg ") :].removeprefix("<svg ")
    return f'<svg style="{_least(figure)}" {drawn}'


def figure_png(figure: Figure, *, dpi: int = 160) -> str:
    """Return a matplotlib figure as an ``<img>`` element that holds its own pixels.

    For maps, whose outlines would weigh more as text; the words for those who do not
    see it are those of the `Picture`.

    Parameters
    ----------
    figure : Figure
    dpi : int
        Dots per inch.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure_png(Figure(figsize=(2, 1)))[:39]
    '<img style="--least: 160px" alt="" src='
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
    text = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'<img style="{_least(figure)}" alt="" src="data:image/png;base64,{text}">'


def _least(figure: Figure) -> str:
    return f"--least: {READABLE * figure.get_figwidth():.0f}px"
