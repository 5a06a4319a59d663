"""Numbers in sentences: few digits, and no more of them than an estimate can bear."""

import math
from collections.abc import Callable

# Per cent. Beyond, a change only says that the estimate is very vague.
HUGE = 1000.0


def signed(value: float, *, percent: bool) -> str:
    """Write two decimals; a minus is U+2212.

    Parameters
    ----------
    value : float
    percent : bool
        Whether it is a change in per cent: above 1,000 it is "more than 1,000".

    Examples
    --------
    >>> signed(-0.5, percent=True), signed(123456.7, percent=True)
    ('−0.50', 'more than 1,000')
    """
    return _capped(value, 2, percent=percent)


def number(value: float, *, percent: bool) -> str:
    """Write two decimals, or two digits of a small number; the rest as `signed`."""
    size = abs(value)
    places = 2 if size >= 0.1 or size == 0 else min(1 - math.floor(math.log10(size)), 8)
    return _capped(value, places, percent=percent)


def interval_ends(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write both ends of an interval, or one where neither is written out.

    Examples
    --------
    >>> interval_ends(2000, 3000, lambda end: signed(end, percent=True))
    'more than 1,000'
    """
    if write(low) == write(high) == write(math.inf):
        return write(high)
    return f"{write(low)} to {write(high)}"


def _capped(value: float, places: int, *, percent: bool) -> str:
    if percent and value > HUGE:
        return f"more than {HUGE:,.0f}"
    # U+2212 keeps a minus apart from the dash of a range.
    return f"{value:.{places}f}".replace("-", "\u2212")
