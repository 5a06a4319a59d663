"""Numbers in sentences: few digits, and no more of them than an estimate can bear."""

import math
from collections.abc import Callable

from spatial_coagg.report.words import Words

# Per cent. Beyond, a change only says that the estimate is very vague.
HUGE = 1000.0


def signed(value: float, words: Words, *, percent: bool) -> str:
    """Write two decimals; a minus is U+2212.

    Parameters
    ----------
    value : float
    words : Words
    percent : bool
        Whether it is a change in per cent: above 1,000 it is "more than 1,000".

    Examples
    --------
    >>> signed(-0.5, Words(), percent=True), signed(123456.7, Words(), percent=True)
    ('−0.50', 'more than 1,000')
    """
    return _capped(value, 2, words, percent=percent)


def number(value: float, words: Words, *, percent: bool) -> str:
    """Write two decimals, or two digits of a small number; the rest as `signed`."""
    # Rounded first: 0.0998 has the two digits 0.10.
    size = abs(float(f"{value:.1e}"))
    places = 2 if size >= 0.1 or size == 0 else min(1 - math.floor(math.log10(size)), 8)
    return _capped(value, places, words, percent=percent)


def interval_ends(
    low: float, high: float, write: Callable[[float], str], words: Words
) -> str:
    """Write both ends of an interval, or one where neither is written out."""
    if write(low) == write(high) == write(math.inf):
        return write(high)
    return words.say("{low} to {high}", low=write(low), high=write(high))


def _capped(value: float, places: int, words: Words, *, percent: bool) -> str:
    if percent and value > HUGE:
        return words.say("more than {huge:,.0f}", huge=HUGE)
    # U+2212 keeps a minus apart from the dash of a range.
    return f"{value:.{places}f}".replace("-", "\u2212")
