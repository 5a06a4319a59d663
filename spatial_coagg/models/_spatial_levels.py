"""City and year effects of a spatial equation, from what its other terms leave."""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, slots=True)
class Levels:
    """The mean of all, and effects as deviations from it.

    Attributes
    ----------
    mean : float
    by_city : array of shape (N,) or None
    by_year : array of shape (T,) or None
    """

    mean: float
    by_city: FloatArray | None
    by_year: FloatArray | None


def fixed_levels(
    rest: FloatArray,
    *,
    by_city: bool,
    by_year: bool,
    error: float,
    matrix: SparseMatrix | None,
) -> Levels:
    """Split y - rho W y - Z b, shape (T, N), by generalised least squares.

    Time means commute with B = I - lambda W_e; a year's effect is projected off B 1.
    """
    if not (by_city or by_year):
        return Levels(0.0, None, None)
    year = np.zeros(len(rest))
    if by_year:
        filtered = rest - rest.mean(axis=0) if by_city else rest
        v = np.ones(rest.shape[1])
        if matrix is not None:
            filtered = filtered - error * lag(filtered[:, :, None], matrix)[:, :, 0]
            v = v - error * np.asarray(matrix.sum(axis=1))
        year = filtered @ v / (v @ v)
    left = rest - year[:, None]
    city = left.mean(axis=0)
    mean = year.mean() + (city.mean() if by_city else 0.0)
    return Levels(
        float(mean),
        city - city.mean() if by_city else None,
        year - year.mean() if by_year else None,
    )
