"""Covariances of least-squares slopes from sums of products of their scores."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix

IntArray: TypeAlias = NDArray[np.int64]


def sandwich(x: FloatArray, middle: FloatArray) -> FloatArray:
    """Return (X'X)^-1 S (X'X)^-1; `x` is (T, N, K), swept."""
    flat = x.reshape(-1, x.shape[2])
    inverse = np.linalg.inv(flat.T @ flat)
    return np.asarray(inverse @ middle @ inverse)


def sum_within_rows(scores: FloatArray) -> FloatArray:
    """Return the sum of s s' over all rows; `scores` is (T, N, K)."""
    flat = scores.reshape(-1, scores.shape[2])
    return np.asarray(flat.T @ flat)


def sum_within_cities(scores: FloatArray) -> FloatArray:
    """Return the sum over cities of the products of all their years."""
    by_city = scores.sum(axis=0)
    return np.asarray(by_city.T @ by_city)


def sum_over_years(scores: FloatArray, lags: int) -> FloatArray:
    """Return the products of yearly sums, Bartlett weights 1 - lag / (lags + 1)."""
    by_year = scores.sum(axis=1)
    found = by_year.T @ by_year
    for apart in range(1, lags + 1):
        cross = by_year[apart:].T @ by_year[:-apart]
        found = found + (1 - apart / (lags + 1)) * (cross + cross.T)
    return np.asarray(found)


def sum_over_space(
    scores: FloatArray, shares: SparseMatrix, years: IntArray, lags: int
) -> FloatArray:
    """Return sums over near pairs of cities in a year, and near years of a city.

    Parameters
    ----------
    scores : array of shape (T, N, K)
    shares : sparse array of shape (N, N)
        Kernel weight of each pair of cities, 1 on the diagonal; symmetric.
    years : array of shape (T,)
        Calendar years, sorted.
    lags : int
        Years; Bartlett weights 1 - apart / (lags + 1).
    """
    found = np.zeros((scores.shape[2], scores.shape[2]))
    for own in scores:
        found += own.T @ (shares @ own)
    for later, year in enumerate(years):
        for earlier in range(later):
            apart = int(year - years[earlier])
            if apart <= lags:
                cross = scores[later].T @ scores[earlier]
                found += (1 - apart / (lags + 1)) * (cross + cross.T)
    return found
