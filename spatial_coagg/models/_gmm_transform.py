"""Transformations that remove the city effect, and the error covariance they imply."""

import numpy as np

from spatial_coagg._typing import BoolArray, FloatArray


def difference_years(values: FloatArray) -> FloatArray:
    """Return the change since the year before; `values` is (T, ...), row 0 is nan."""
    changes = np.full_like(values, np.nan)
    np.subtract(values[1:], values[:-1], out=changes[1:])
    return changes


def deviate_forward(values: FloatArray, complete: BoolArray) -> FloatArray:
    """Return each value less the mean of its future, dated one year later.

    Row t + 1 holds sqrt(n / (n + 1)) (x_t - mean of the n complete later years)
    (Arellano and Bover 1995), nan where there is no later year; `values` is (T, N, K),
    `complete` (T, N).
    """
    known = np.where(complete[..., None], values, 0.0)
    ahead = np.zeros_like(values)
    ahead[:-1] = np.cumsum(known[:0:-1], axis=0)[::-1]
    count = np.zeros(complete.shape)
    count[:-1] = np.cumsum(complete[:0:-1], axis=0)[::-1]
    count = np.where(count > 0, count, np.nan)[..., None]
    deviations = np.full_like(values, np.nan)
    scaled = np.sqrt(count / (count + 1)) * (values - ahead / count)
    deviations[1:] = scaled[:-1]
    return deviations


def difference_matrix(years: int) -> FloatArray:
    """Return the (T, T) matrix that takes first differences; row 0 is zero."""
    matrix = np.eye(years) - np.eye(years, k=-1)
    matrix[0] = 0.0
    return matrix


def deviation_matrix(years: int) -> FloatArray:
    """Return the (T, T) matrix of orthogonal deviations, dated t + 1; row 0 is zero."""
    matrix = np.zeros((years, years))
    for year in range(years - 1):
        ahead = years - year - 1
        matrix[year + 1, year] = 1.0
        matrix[year + 1, year + 1 :] = -1.0 / ahead
        matrix[year + 1] *= np.sqrt(ahead / (ahead + 1))
    return matrix


def error_covariance(
    transform: FloatArray, *, weighting: int, system: bool
) -> FloatArray:
    """Return H, the covariance of one city's errors up to scale, on the whole calendar.

    `transform` is (T, T). Under `weighting` 1 H is the identity; under 2 it is M M'
    for the transformed and I for the level rows; under 3 the two are correlated,
    H = [M; I] [M; I]' (Roodman 2009, section 3).
    """
    years = len(transform)
    if weighting == 1:
        return np.eye(2 * years if system else years)
    if not system:
        return transform @ transform.T
    stacked = np.vstack([transform, np.eye(years)])
    covariance = stacked @ stacked.T
    if weighting == 2:
        covariance[:years, years:] = 0.0
        covariance[years:, :years] = 0.0
    return covariance
