"""Moran's I of least-squares residuals and its exact moments."""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, slots=True)
class ResidualMoments:
    """Moran's I of residuals, its moments if the errors are normal and independent."""

    statistic: float
    expectation: float
    variance: float
    degrees: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Effects that are swept out of T years of N cities."""

    shape: tuple[int, int]
    by_city: bool
    by_year: bool

    def of(self, flat: FloatArray) -> FloatArray:
        """Sweep columns of shape (T N, C)."""
        cube = flat.reshape(*self.shape, -1)
        found = SpatialMoments.of(
            cube, None, by_city=self.by_city, by_year=self.by_year
        )
        return found.swept(0.0).reshape(flat.shape)

    def lagged(self, flat: FloatArray, matrix: SparseMatrix) -> FloatArray:
        """Return W times columns of shape (T N, C), year by year."""
        return lag(flat.reshape(*self.shape, -1), matrix).reshape(flat.shape)

    def traces(self, matrix: SparseMatrix) -> FloatArray:
        """Return tr(QK), tr(QKQK) and tr(QKQK') of the weights K of all years."""
        back, total = matrix.T.tocsr(), float(matrix.sum())
        ones = np.ones(self.shape[1])
        out, into, share = matrix @ ones, back @ ones, self.by_year / self.shape[1]
        corner = (share * total) ** 2
        first = float(matrix.diagonal().sum()) - share * total
        product = float(matrix.multiply(back).sum()) - 2 * share * float(into @ out)
        gram = float(matrix.multiply(matrix).sum())
        gram -= share * float(out @ out + into @ into)
        times = self.shape[0] - self.by_city
        return times * np.array([first, product + corner, gram + corner])


def residual_moments(
    columns: FloatArray, matrix: SparseMatrix, *, by_city: bool, by_year: bool
) -> ResidualMoments:
    """Return Moran's I of least-squares residuals and its exact moments.

    With M the projection that makes the residuals, K the weights of all years, S0 their
    sum and d = tr M: E[I] = n / S0 tr(MK) / d and E[(I S0 / n)^2] = (tr(MKMK') +
    tr(MKMK) + tr(MK)^2) / (d (d + 2)) (Cliff and Ord 1981, pp. 202-203).

    Parameters
    ----------
    columns : array of shape (T, N, 1 + K)
        y and Z.
    matrix : sparse array of shape (N, N)
    by_city, by_year : bool
        Which effects are swept out.
    """
    years, cities, width = columns.shape
    sweep = Sweep((years, cities), by_city, by_year)
    swept = sweep.of(columns.reshape(-1, width))
    basis = np.linalg.qr(swept[:, 1:])[0]
    noise = swept[:, :1] - basis @ (basis.T @ swept[:, :1])
    degrees = (years - by_city) * (cities - by_year) - (width - 1)
    forth, back = (sweep.lagged(basis, each) for each in (matrix, matrix.T.tocsr()))
    inner = basis.T @ forth
    trace, product, gram = sweep.traces(matrix)
    # M = Q less the projection on the swept columns of Z.
    trace -= float(np.trace(inner))
    product += float(np.sum(inner * inner.T) - 2 * np.sum(back * sweep.of(forth)))
    gram += float(np.sum(inner * inner))
    gram -= float(np.sum(forth * sweep.of(forth)) + np.sum(back * sweep.of(back)))
    scale = cities / float(matrix.sum())
    value = float(np.sum(noise * sweep.lagged(noise, matrix)) / np.sum(noise**2))
    mean = trace / degrees
    second = (gram + product + trace**2) / (degrees * (degrees + 2))
    return ResidualMoments(
        scale * value,
        float(scale * mean),
        float(scale**2 * (second - mean**2)),
        degrees,
    )
