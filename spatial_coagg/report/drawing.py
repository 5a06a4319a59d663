"""Figures as text: a drawing that can stand inside a page."""

import base64
import html
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


def figure_png(figure: Figure, alternative: str, *, dpi: int = 160) -> str:
    """Return a matplotlib figure as an ``<img>`` element that holds its own pixels.

    For maps, whose outlines would weigh more as text.

    Parameters
    ----------
    figure : Figure
    alternative : str
        Words for those who do not see it; escaped.
    dpi : int
        Dots per inch.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure_png(Figure(figsize=(1, 1)), "empty").startswith('<img alt="empty" src=')
    True
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
    text = base64.b64encode(stream.getvalue()).decode("ascii")
    words = html.escape(alternative, quote=True)
    return f'<img alt="{words}" src="data:image/png;base64,{text}">'
