"""Expectations and variances of spatial statistics where the cities' order is chance.

Cliff and Ord (1981), Spatial Processes, pp. 42-46 and 56; Getis and Ord (1992),
Geographical Analysis 24, 189-206; Mantel (1967), Cancer Research 27, 209-220; Sokal,
Oden and Thomson (1998), Geographical Analysis 30, 331-354.
"""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, slots=True)
class Moments:
    """Expectation and variances; a variance is nan where none is known."""

    expectation: float
    variance_normal: float
    variance_randomisation: float


def weight_sums(matrix: SparseMatrix) -> tuple[float, float, float]:
    """Return Cliff and Ord's S0, S1 and S2."""
    both = matrix + matrix.T
    s1 = float((both.power(2)).sum()) / 2
    ends = np.asarray(matrix.sum(axis=1)) + np.asarray(matrix.sum(axis=0))
    return float(matrix.sum()), s1, float(np.square(ends).sum())


def moran_moments(z: FloatArray, matrix: SparseMatrix) -> Moments:
    """Return the moments of Moran's I."""
    n = float(len(z))
    s0, s1, s2 = weight_sums(matrix)
    expectation = -1 / (n - 1)
    normal = (n * n * s1 - n * s2 + 3 * s0 * s0) / ((n * n - 1) * s0 * s0)
    kurtosis = _kurtosis(z)
    first = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0)
    second = kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    below = (n - 1) * (n - 2) * (n - 3) * s0 * s0
    random = (first - second) / below if below > 0 else float("nan")
    square = expectation * expectation
    return Moments(expectation, normal - square, random - square)


def geary_moments(z: FloatArray, matrix: SparseMatrix) -> Moments:
    """Return the moments of Geary's C."""
    n = float(len(z))
    s0, s1, s2 = weight_sums(matrix)
    kurtosis = _kurtosis(z)
    normal = ((2 * s1 + s2) * (n - 1) - 4 * s0 * s0) / (2 * (n + 1) * s0 * s0)
    a = (n - 1) * s1 * (n * n - 3 * n + 3 - (n - 1) * kurtosis)
    b = (n - 1) * s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * kurtosis) / 4
    c = s0 * s0 * (n * n - 3 - (n - 1) ** 2 * kurtosis)
    random = (a - b + c) / (n * (n - 2) * (n - 3) * s0 * s0)
    return Moments(1.0, normal, random)


def getis_ord_moments(x: FloatArray, matrix: SparseMatrix) -> Moments:
    """Return the moments of the general G of values that are not negative."""
    n = float(len(x))
    s0, s1, s2 = weight_sums(matrix)
    first, second, third, fourth = (float(np.sum(x**power)) for power in (1, 2, 3, 4))
    b0 = (n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0
    b1 = -((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0 * s0)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0 * s0
    b4 = s1 - s2 + s0 * s0
    square = b0 * second**2 + b1 * fourth + b2 * first**2 * second
    square += b3 * first * third + b4 * first**4
    square /= (first**2 - second) ** 2 * n * (n - 1) * (n - 2) * (n - 3)
    expectation = s0 / (n * (n - 1))
    return Moments(expectation, float("nan"), square - expectation**2)


def history_moments(z: FloatArray, matrix: SparseMatrix) -> Moments:
    """Return the moments of the panel Moran over all orders of whole histories.

    The statistic is that of Mantel between W and the cross-products G = ZZ', whose
    sums are had from Z of shape (N, T) without forming G.
    """
    n = float(len(z))
    own = np.square(z).sum(axis=1)
    total = float(own.sum())
    s0, s1, s2 = weight_sums(matrix)
    t0 = -total
    t1 = 2 * (float(np.square(z.T @ z).sum()) - float(np.square(own).sum()))
    t2 = 4 * float(np.square(own).sum())
    n2 = n * (n - 1)
    n3, n4 = n2 * (n - 2), n2 * (n - 2) * (n - 3)
    variance = s1 * t1 / (2 * n2) + (s2 - 2 * s1) * (t2 - 2 * t1) / (4 * n3)
    variance += (s0 * s0 + s1 - s2) * (t0 * t0 + t1 - t2) / n4 - (s0 * t0 / n2) ** 2
    scale = n / (s0 * total)
    return Moments(-1 / (n - 1), float("nan"), scale * scale * variance)


def product_moments(fixed: FloatArray, moved: FloatArray) -> Moments:
    """Return the moments of fixed'x over all orders x of `moved`."""
    n = len(moved)
    expectation = float(fixed.sum() * moved.mean())
    spread = float(np.square(fixed - fixed.mean()).sum())
    variance = spread * float(np.square(moved - moved.mean()).sum()) / (n - 1)
    return Moments(expectation, float("nan"), variance)


def lag_moments(z: FloatArray, matrix: SparseMatrix) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of each city's lag over all orders of the others.

    Parameters
    ----------
    z : array of shape (N, C)
        Deviations from the means of the columns.
    matrix : sparse array of shape (N, N)

    Returns
    -------
    two arrays of shape (N, C)
    """
    others = len(z) - 1
    sums = np.asarray(matrix.sum(axis=1))[:, None]
    squares = np.asarray(matrix.power(2).sum(axis=1))[:, None]
    means = -z / others
    spreads = (np.square(z).sum(axis=0) - np.square(z)) / others - np.square(means)
    shares = (squares - np.square(sums) / others) * others / (others - 1)
    return sums * means, shares * spreads


def _kurtosis(z: FloatArray) -> float:
    return float(np.mean(z**4) / np.mean(z**2) ** 2)
