"""Class breaks of a map: where one colour ends and the next begins."""

import math
import warnings
from collections.abc import Sequence
from typing import Literal, TypeAlias

import mapclassify
import numpy as np
from numpy.typing import ArrayLike

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_choice
from spatial_coagg.errors import SpatialCoaggError

SchemeName: TypeAlias = Literal["quantile", "fisher-jenks", "equal"]
Scheme: TypeAlias = SchemeName | Sequence[float]

# Fisher-Jenks grows with the square of the number of values: 5,488 of them take a
# hundred seconds without numba, 200 less than a tenth of one.
FISHER_JENKS_VALUES = 200


def class_breaks(
    values: ArrayLike, *, scheme: Scheme = "quantile", classes: int = 6
) -> FloatArray:
    """Find the values that separate the classes of a map.

    Parameters
    ----------
    values : array-like
        All values of a layer, of every city and year; missing ones are ignored.
    scheme : {"quantile", "fisher-jenks", "equal"} or sequence of float
        A rule, or the breaks themselves, ascending.
    classes : int
        How many classes the rule shall make; fewer come where values are tied.

    Returns
    -------
    ndarray of shape (classes - 1,)
        Ascending breaks, in the unit of `values`. A value belongs to the class
        numbered by how many breaks lie below it: a break is the top of its class.

    Raises
    ------
    SpatialCoaggError
        If the breaks given do not ascend, the rule is unknown, `classes` is below 2
        or no value is present.

    Notes
    -----
    The rules are those of mapclassify. Fisher-Jenks looks at 200 evenly spaced order
    statistics where there are more values, so the order of the rows plays no part.

    Examples
    --------
    >>> from spatial_coagg.report.classes import class_breaks
    >>> class_breaks(range(1, 9), classes=4).tolist()
    [2.75, 4.5, 6.25]
    >>> class_breaks([1.0, 2.0, 9.0], scheme=[1.5, 3.0]).tolist()
    [1.5, 3.0]
    """
    if not isinstance(scheme, str):
        return _given_breaks(scheme)
    check_choice(scheme, ("quantile", "fisher-jenks", "equal"), name="scheme")
    if classes < 2:
        raise SpatialCoaggError(f"classes must be 2 or more, got {classes}")
    present = np.sort(np.asarray(values, dtype=np.float64).ravel())
    present = present[np.isfinite(present)]
    if present.size == 0:
        raise SpatialCoaggError("no value is present, so there is nothing to classify")
    distinct = np.unique(present)
    if distinct.size <= classes:
        return np.asarray(distinct[:-1], dtype=np.float64)
    tops = _rule_tops(present, scheme, classes)
    below: FloatArray = tops[tops < distinct[-1]]
    return below


def round_breaks(breaks: FloatArray, *, decimals: int) -> tuple[FloatArray, int]:
    """Shorten breaks for a legend without moving any by 5 % of a class width.

    1,521,249 becomes 1,520,000 where the classes are a hundred thousand wide.

    Returns
    -------
    breaks : ndarray
        Rounded, repeated ones removed.
    decimals : int
        Decimals they are to be written with, at most those given.
    """
    narrowest = float(np.diff(breaks).min()) if len(breaks) > 1 else math.inf
    if math.isfinite(narrowest) and narrowest > 0:
        decimals = min(decimals, 1 - math.floor(math.log10(narrowest)))
    return np.unique(breaks.round(decimals)), max(0, decimals)


def _given_breaks(breaks: Sequence[float]) -> FloatArray:
    given = np.asarray(breaks, dtype=np.float64)
    if given.size == 0 or not np.isfinite(given).all() or (np.diff(given) <= 0).any():
        raise SpatialCoaggError(
            f"breaks must be finite numbers in ascending order, got {list(breaks)!r}"
        )
    return given


def _rule_tops(present: FloatArray, scheme: str, classes: int) -> FloatArray:
    """Return the distinct upper ends of the classes by the rule named."""
    if scheme == "equal":
        return _distinct(mapclassify.EqualInterval(present, k=classes).bins)
    with warnings.catch_warnings():
        # Ties making fewer classes is documented here; numba is slower for so few.
        warnings.filterwarnings("ignore", message="Not enough unique values|Numba not")
        if scheme == "quantile":
            return _distinct(mapclassify.Quantiles(present, k=classes).bins)
        thinned = _thinned(present, classes)
        tops = _distinct(mapclassify.FisherJenks(thinned, k=classes).bins)
    return _moved_into_gaps(tops, thinned, present)


def _distinct(bins: FloatArray) -> FloatArray:
    return np.unique(np.asarray(bins, dtype=np.float64))


def _moved_into_gaps(
    tops: FloatArray, thinned: FloatArray, present: FloatArray
) -> FloatArray:
    """Move each top to the last value below the middle of the gap that follows it.

    The values left out between the top and the next one kept belong to either side.
    """
    after = np.searchsorted(thinned, tops, side="right").clip(max=len(thinned) - 1)
    middles = (tops + thinned[after]) / 2
    moved: FloatArray = present[np.searchsorted(present, middles, side="right") - 1]
    return np.unique(moved)


def _thinned(present: FloatArray, classes: int) -> FloatArray:
    """Return at most 200 of the sorted values, evenly spaced, ends included.

    Where that leaves fewer distinct ones than classes, ties are counted once.
    """
    places = np.linspace(0, 1, min(present.size, FISHER_JENKS_VALUES))
    thinned: FloatArray = present[np.rint(places * (present.size - 1)).astype(int)]
    if np.unique(thinned).size > classes:
        return thinned
    return _thinned(np.unique(present), classes)
