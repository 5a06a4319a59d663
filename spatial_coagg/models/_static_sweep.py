"""Take city and year means out of rows of an unbalanced panel."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from spatial_coagg._typing import Effects, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which city and which year each of the R rows belongs to.

    Attributes
    ----------
    city, year : ndarray of shape (R,)
        Positions 0 ... N - 1 and 0 ... T - 1; each occurs.
    """

    city: IntArray
    year: IntArray

    @property
    def cities(self) -> int:
        """N."""
        return int(self.city.max()) + 1

    @property
    def years(self) -> int:
        """T."""
        return int(self.year.max()) + 1


@dataclass(frozen=True, slots=True)
class Split:
    """What a variable owes to the city and to the year.

    Attributes
    ----------
    city : ndarray of shape (N,) or (N, K)
    year : ndarray of shape (T,) or (T, K)
    rest : ndarray of shape (R,) or (R, K)
        What is left of the rows.
    """

    city: FloatArray
    year: FloatArray
    rest: FloatArray


def sweep(values: FloatArray, groups: Grouping, effects: Effects) -> FloatArray:
    """Return the rows less what the effects explain; `values` is (R,) or (R, K).

    Without effects the overall mean is taken out, which is what a constant explains.
    """
    if effects == "none":
        centred: FloatArray = values - values.mean(axis=0)
        return centred
    once = split_effects(values, groups, effects).rest
    # A second pass removes the rounding errors of the first, which matter where the
    # means are large beside what is left.
    return split_effects(once, groups, effects).rest


def split_effects(values: FloatArray, groups: Grouping, effects: Effects) -> Split:
    """Return the least-squares city and year effects of rows, and what is left.

    Notes
    -----
    With both, the year effects t solve (D'MD) t = D'M v, where D holds the year dummies
    and M takes out city means (Baltagi 2021, section 9.4); D'MD is (T, T).
    """
    empty = np.zeros((0, *values.shape[1:]))
    if effects == "none":
        return Split(empty, empty, values)
    if effects == "year":
        year = group_means(values, groups.year)
        return Split(empty, year, values - year[groups.year])
    if effects == "city":
        city = group_means(values, groups.city)
        return Split(city, empty, values - city[groups.city])
    year = _year_effects(values, groups)
    city = group_means(values - year[groups.year], groups.city)
    return Split(city, year, values - year[groups.year] - city[groups.city])


def group_means(values: FloatArray, group: IntArray) -> FloatArray:
    """Return the mean of the rows of each group, shape (groups,) or (groups, K)."""
    dummies = _dummies(group)
    sizes = dummies.sum(axis=0)
    sums: FloatArray = dummies.T @ values
    return sums / sizes.reshape(-1, *[1] * (values.ndim - 1))


def count_absorbed(groups: Grouping, effects: Effects) -> int:
    """Return how many parameters the effects and the constant use together."""
    if effects == "none":
        return 1
    if effects == "city":
        return groups.cities
    if effects == "year":
        return groups.years
    # One constant is lost for each set of cities that share no year with the others.
    links = _dummies(groups.city).T @ _dummies(groups.year)
    sides = sparse.block_array([[None, links], [links.T, None]], format="csr")
    count = connected_components(sides, directed=False)[0]
    return groups.cities + groups.years - int(count)


def _year_effects(values: FloatArray, groups: Grouping) -> FloatArray:
    city, year = _dummies(groups.city), _dummies(groups.year)
    links = city.T @ year
    shares = sparse.diags_array(1 / city.sum(axis=0)) @ links
    products = (year.T @ year - links.T @ shares).toarray()
    swept = values - group_means(values, groups.city)[groups.city]
    found: FloatArray = np.linalg.lstsq(products, year.T @ swept, rcond=1e-10)[0]
    return found


def _dummies(group: IntArray) -> sparse.csr_array:
    rows = len(group)
    ones = np.ones(rows)
    return sparse.csr_array((ones, group, np.arange(rows + 1)))
