"""Weights that mix two notions of nearness."""

from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg.checks import check_same_cities, listed, warn_user
from spatial_coagg.errors import IsolatedCityWarning, WeightsError
from spatial_coagg.weights._matrix import canonical, neighbour_counts, standardised_rows
from spatial_coagg.weights.links import Links, read_links
from spatial_coagg.weights.transform import Transform, finish_weights


def build_nested(
    first: Graph | W, second: Graph | W, *, share: float, transform: Transform = "row"
) -> Graph:
    """Mix two weights, such as geographic and economic ones.

    Parameters
    ----------
    first, second : Graph or libpysal.weights.W
        Weights of the same cities; the order does not matter.
    share : float
        Part of `first`, from 0 to 1; `second` has the rest.
    transform : {"row", "spectral", "none"}
        Applied to the mixture.

    Returns
    -------
    Graph
        Sorted by city code.

    Raises
    ------
    AlignmentError
        If the two differ in some city.
    WeightsError
        If `share` is outside 0 to 1.

    Warns
    -----
    IsolatedCityWarning
        Names the cities that have neighbours in one of the two only: their row is made
        of that one alone.

    Notes
    -----
    W = share R(first) + (1 - share) R(second), where R divides each row by its sum, so
    that `share` means the same for every city whatever the units of the two. For such
    mixtures of nearness in space and in technology see [1]_.

    References
    ----------
    .. [1] Parent, O. and LeSage, J. P. (2008). Using the variance structure of the
       conditional autoregressive spatial specification to model knowledge spillovers.
       Journal of Applied Econometrics 23, 235-256.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.economic import build_economic
    >>> from spatial_coagg.weights.nested import build_nested
    >>> wealth = build_economic(pd.Series({"a": 1.0, "b": 2.0, "c": 4.0}))
    >>> size = build_economic(pd.Series({"a": 5.0, "b": 2.0, "c": 4.0}))
    >>> build_nested(wealth, size, share=0.5)["a"].round(3).to_dict()
    {'b': 0.5, 'c': 0.5}
    """
    if not 0 <= share <= 1:
        raise WeightsError(f"share must lie between 0 and 1; got {share!r}")
    one, other = read_links(first, name="first"), read_links(second, name="second")
    check_same_cities(one.cities, other.cities, name="second", of="first")
    cities = one.cities.sort_values()
    one, other = one.reordered(cities), other.reordered(cities)
    part, rest = standardised_rows(one.matrix), standardised_rows(other.matrix)
    mixed = canonical((share * part + (1 - share) * rest).tocsr())
    if 0 < share < 1:
        _warn_of_half_rows(one, other)
    return finish_weights(Links(mixed, cities), transform=transform)


def _warn_of_half_rows(first: Links, second: Links) -> None:
    bare = (neighbour_counts(first.matrix) == 0) != (
        neighbour_counts(second.matrix) == 0
    )
    if not bare.any():
        return
    names = first.cities[bare]
    warn_user(
        IsolatedCityWarning(
            f"{len(names)} cities have neighbours in one of the two weights only, "
            f"which makes up their whole row: {listed(names, limit=30)}",
            cities=tuple(names),
        ),
    )
