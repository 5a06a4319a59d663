"""Neighbours by likeness of their economies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.errors import WeightsError
from spatial_coagg.weights._matrix import matrix_of_pairs
from spatial_coagg.weights._sphere import all_pairs
from spatial_coagg.weights.distance import check_links_fit, check_positive
from spatial_coagg.weights.economies import economies_by_year, economy_of_cities
from spatial_coagg.weights.links import Links
from spatial_coagg.weights.transform import Transform, finish_weights


def build_economic(
    economy: pd.Series,
    *,
    cities: pd.Index | Sequence[str] | None = None,
    floor: float | None = None,
    transform: Transform = "row",
) -> Graph:
    """Weight every city by one over the difference between the two economies.

    Parameters
    ----------
    economy : Series
        Size or level of each city's economy, such as GDP per head, in any unit: index
        city, or (city, year), which is averaged over the years.
    cities : Index or sequence of str, optional
        The cities wanted; all of `economy` by default.
    floor : float, optional
        Smallest difference that counts, in the unit of `economy`: cities closer than
        this are treated as this far apart.
    transform : {"row", "spectral", "none"}
        Rows of sum one, largest eigenvalue of one, or weights as they are.

    Returns
    -------
    Graph
        Sorted by city code; every pair of cities is linked.

    Raises
    ------
    WeightsError
        If two economies are equal and there is no `floor`, or a value is missing.
    UnbalancedPanelError
        If cities are observed in different years, so that averages are not comparable.
    AlignmentError
        If `economy` lacks one of `cities`.

    Warns
    -----
    DominanceWarning
        If single neighbours take most of the weight, as happens where two economies
        are nearly equal; a `floor` limits it.

    Notes
    -----
    w_ij = 1 / max(abs(y_i - y_j), floor) for i != j [1]_. Row-standardised weights do
    not depend on the unit of `economy` (with `floor` in the same unit).

    References
    ----------
    .. [1] Case, A. C., Rosen, H. S. and Hines, J. R. (1993). Budget spillovers and
       fiscal policy interdependence. Journal of Public Economics 52, 285-307.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.economic import build_economic
    >>> gdp_per_head = pd.Series({"310000": 90.0, "320500": 80.0, "330100": 60.0})
    >>> build_economic(gdp_per_head)["310000"].round(3).to_dict()
    {'320500': 0.75, '330100': 0.25}
    """
    return _link_by_likeness(
        economy_of_cities(economy, cities=cities), floor=floor, transform=transform
    )


def build_economic_by_year(
    economy: pd.Series,
    *,
    cities: pd.Index | Sequence[str] | None = None,
    floor: float | None = None,
    transform: Transform = "row",
) -> dict[int, Graph]:
    """Build the weights of :func:`build_economic` for each year on its own.

    Parameters
    ----------
    economy : Series
        Index (city, year).
    cities, floor, transform
        As for :func:`build_economic`.

    Returns
    -------
    dict of int to Graph
        One for each year, in order; each has the cities observed in that year, or
        exactly `cities`.

    Raises
    ------
    WeightsError, AlignmentError
        As for :func:`build_economic`, naming the year.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.economic import build_economic_by_year
    >>> rows = [("a", 2004), ("a", 2005), ("b", 2004), ("b", 2005)]
    >>> index = pd.MultiIndex.from_tuples(rows, names=["city", "year"])
    >>> graphs = build_economic_by_year(
    ...     pd.Series([1.0, 2.0, 3.0, 6.0], index=index), transform="none"
    ... )
    >>> {year: graph["a"].to_dict() for year, graph in graphs.items()}
    {2004: {'b': 0.5}, 2005: {'b': 0.25}}
    """
    return {
        year: _link_by_likeness(values, floor=floor, transform=transform)
        for year, values in economies_by_year(economy, cities=cities).items()
    }


def _link_by_likeness(
    values: pd.Series, *, floor: float | None, transform: Transform
) -> Graph:
    n = len(values)
    check_links_fit(n * (n - 1), n)
    pairs = all_pairs(n)
    matrix = matrix_of_pairs(pairs, _weigh(values, pairs, floor=floor), n)
    return finish_weights(Links(matrix, values.index), transform=transform)


def _weigh(values: pd.Series, pairs: IntArray, *, floor: float | None) -> FloatArray:
    y = values.to_numpy()
    differences: FloatArray = np.abs(y[pairs[:, 0]] - y[pairs[:, 1]])
    if floor is not None:
        check_positive(floor, name="floor", unit="the unit of the economy")
        return 1 / np.maximum(differences, floor)
    # A difference this small has no finite inverse.
    equal = differences < 1 / np.finfo(np.float64).max
    if equal.any():
        first, second = (values.index[place] for place in pairs[equal][0])
        raise WeightsError(
            f"{first!r} and {second!r} have the same {values.name} "
            f"({values[first]:g}; {int(equal.sum())} such pairs), so one over the "
            f"difference is infinite; give floor=, the smallest difference that counts"
        )
    return 1 / differences
