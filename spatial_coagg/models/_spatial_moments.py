"""Cross-products of swept columns, as functions of the error's lambda.

The columns are y, W_y y and Z (drivers and their lags). With B = I - lambda W_e the
swept columns are Q B c; Q takes out what the effects can explain. Time means commute
with B. A year effect turns into a multiple of v = B 1, so each year is projected off v.
Year means, or what a constant among Z explains, are taken out first: that changes no
slope, and cross-products keep their digits whatever the level of the columns.
"""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights._solve import multiplier


def lag(columns: FloatArray, matrix: SparseMatrix) -> FloatArray:
    """Return W c for each year and column; shapes (T, N, C)."""
    years, cities, width = columns.shape
    flat = np.moveaxis(columns, 1, 0).reshape(cities, years * width)
    found = multiplier(matrix) @ flat
    return np.moveaxis(found.reshape(cities, years, width), 0, 1)


def centred(columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return y, W y and Z, the last a constant, less the means of all but that.

    The means, shape (C,), come second; 0 for the constant.
    """
    means = columns.mean(axis=(0, 1))
    means[-1] = 0.0
    return columns - means, means


def uncentred_slopes(slopes: FloatArray, rho: float, means: FloatArray) -> FloatArray:
    """Return slopes of centred columns with the constant of columns as they were."""
    contrast = np.concatenate([[1.0, -rho], -slopes])
    found = slopes.copy()
    found[-1] += contrast @ means
    return found


def uncentred_covariance(
    covariance: FloatArray, means: FloatArray, *, has_lag: bool
) -> FloatArray:
    """Return the covariance of those slopes, of rho (if any) and of what follows."""
    slopes = len(means) - 2
    turn = np.eye(len(covariance))
    turn[slopes - 1, :slopes] -= means[2:]
    if has_lag:
        turn[slopes - 1, slopes] = -means[1]
    return np.asarray(turn @ covariance @ turn.T)


@dataclass(frozen=True, slots=True)
class SpatialMoments:
    """Cross-products of the swept columns.

    Attributes
    ----------
    columns, lagged : array of shape (T, N, C)
        Columns less time means where there are city effects, less year means where
        there are year effects, and W_e times them; zeros where there is no error
        weight.
    by_year : bool
        Whether there are year effects.
    reach : array of shape (N,)
        W_e 1.
    grams : three arrays of shape (C, C)
        Cross-products without, with one and with two factors of lambda.
    means : array of shape (C,)
        What was taken from the columns beside a constant; zeros without one.
    """

    columns: FloatArray
    lagged: FloatArray
    by_year: bool
    reach: FloatArray
    grams: tuple[FloatArray, FloatArray, FloatArray]
    means: FloatArray

    @classmethod
    def of(
        cls,
        columns: FloatArray,
        matrix: SparseMatrix | None,
        *,
        by_city: bool,
        by_year: bool,
        constant: bool = False,
    ) -> "SpatialMoments":
        """Take out what does not depend on lambda and form the cross-products.

        `constant` says that the last column is one.
        """
        means = np.zeros(columns.shape[2])
        if constant:
            columns, means = centred(columns)
        own = columns - columns.mean(axis=0) if by_city else columns
        if by_year:
            level = own.mean(axis=1, keepdims=True)
            own = np.subtract(own, level, out=own if by_city else None)
        if matrix is None:
            # One zero, seen as an array of them.
            lagged = np.broadcast_to(np.zeros(1), own.shape)
            none = np.zeros((own.shape[2], own.shape[2]))
            grams = (_gram(own, own), none, none)
            reach = np.zeros(own.shape[1])
            return cls(own, lagged, by_year, reach, grams, means)
        lagged = lag(own, matrix)
        reach = np.asarray(matrix.sum(axis=1), dtype=np.float64)
        cross = _gram(own, lagged)
        grams = (_gram(own, own), cross + cross.T, _gram(lagged, lagged))
        return cls(own, lagged, by_year, reach, grams, means)

    def swept(self, error: float) -> FloatArray:
        """Return Q B c for lambda = `error`, shape (T, N, C)."""
        filtered = self.columns
        if error != 0:
            filtered = filtered - error * self.lagged
        if not self.by_year:
            return filtered
        v = 1 - error * self.reach
        shares = (v @ filtered) / (v @ v)
        return np.asarray(filtered - v[None, :, None] * shares[:, None, :])

    def at(self, error: float) -> FloatArray:
        """Return the cross-products of the swept columns, shape (C, C)."""
        whole, cross, square = self.grams
        found = whole - error * cross + error**2 * square
        if not self.by_year:
            return found
        v = 1 - error * self.reach
        sums = v @ self.columns
        if error != 0:
            sums = sums - error * (v @ self.lagged)
        return np.asarray(found - sums.T @ sums / (v @ v))

    def slopes(self, error: float) -> tuple[FloatArray, FloatArray]:
        """Return first and second derivatives of :meth:`at` by lambda."""
        _, cross, square = self.grams
        first, second = -cross + 2 * error * square, 2 * square
        if not self.by_year:
            return first, second
        # What each year's projection takes is M / q, M = s's with s = v'(c - lambda
        # W_e c) and q = v'v, all polynomials of lambda.
        r = self.reach
        v = 1 - error * r
        s = v @ self.columns - error * (v @ self.lagged)
        far = r @ self.lagged
        bend = -(r @ self.columns) - self.lagged.sum(axis=1) + 2 * error * far
        q, q1, q2 = float(v @ v), -2 * float(v @ r), 2 * float(r @ r)
        m, m1 = s.T @ s, bend.T @ s + s.T @ bend
        m2 = 2 * (far.T @ s + s.T @ far + bend.T @ bend)
        first = first - (m1 / q - m * q1 / q**2)
        second = second - (
            m2 / q - (2 * m1 * q1 + m * q2) / q**2 + 2 * m * q1**2 / q**3
        )
        return first, second


def _gram(first: FloatArray, second: FloatArray) -> FloatArray:
    width = first.shape[2]
    return first.reshape(-1, width).T @ second.reshape(-1, width)
