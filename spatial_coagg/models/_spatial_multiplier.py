"""Averages of the spatial multiplier (I - rho W)^-1 as functions of rho."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import chebyshev
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._logdet import Spectrum, factor, solve
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights._solve import blocks

# Fewest and most nodes, and the relative error that sets their number.
NODES, CLOSE = (6, 256), 1e-13
# Places above which a diagonal is probed; its probes.
MANY, PROBES = 20_000, 64
ROW_SUM = 1e-12


@dataclass(frozen=True, slots=True)
class Multiplier:
    """Four averages over the N cities, interpolated in rho.

    Their order: mean diagonal of A^-1 and of A^-1 W_x, mean row sum of A^-1 and of
    A^-1 W_x, with A = I - rho W.
    """

    curves: tuple[chebyshev.Chebyshev, ...]

    @classmethod
    def over(
        cls,
        low: float,
        high: float,
        *,
        lag: SparseMatrix,
        spillover: SparseMatrix,
        spectrum: Spectrum,
    ) -> "Multiplier":
        """Interpolate between two values of rho inside the admissible interval."""
        middle, half = (low + high) / 2, max((high - low) / 2, 1e-9)
        count = node_count(low, high, spectrum.interval)
        nodes = middle + half * chebyshev.chebpts1(count)
        means = _Means(lag, spillover, spectrum)
        found = np.array([means.at(float(x)) for x in nodes])
        domain = [middle - half, middle + half]
        return cls(
            tuple(
                chebyshev.Chebyshev.fit(nodes, column, count - 1, domain=domain)
                for column in found.T
            )
        )

    @classmethod
    def without_lag(cls, spillover: SparseMatrix) -> "Multiplier":
        """Return the averages of a model without W y: A = I, whatever rho is."""
        size = spillover.shape[0]
        means = (1.0, spillover.diagonal().sum() / size, 1.0, spillover.sum() / size)
        return cls(tuple(chebyshev.Chebyshev([float(mean)]) for mean in means))

    def at(self, rho: FloatArray) -> FloatArray:
        """Return the four averages, shape (..., 4)."""
        return np.stack([curve(rho) for curve in self.curves], axis=-1)

    def slope(self, rho: float) -> FloatArray:
        """Return their derivatives, shape (4,)."""
        return np.array([curve.deriv(1)(rho) for curve in self.curves])


def node_count(low: float, high: float, interval: tuple[float, float]) -> int:
    """Return how many nodes interpolate to rounding between two values of rho.

    The error falls by the factor d + sqrt(d^2 - 1) with each node, where d is the
    distance from the middle to the nearer bound in units of the half-width.
    """
    middle, half = (low + high) / 2, max((high - low) / 2, 1e-9)
    distance = min(middle - interval[0], interval[1] - middle) / half
    if distance <= 1:
        return NODES[1]
    rate = np.log(distance + np.sqrt(distance**2 - 1))
    return int(np.clip(np.ceil(-np.log(CLOSE) / rate), *NODES))


@dataclass(frozen=True)
class _Means:
    """The four averages at one rho; what does not depend on it is kept."""

    lag: SparseMatrix
    spillover: SparseMatrix
    spectrum: Spectrum

    def at(self, rho: float) -> list[float]:
        size = self.lag.shape[0]
        trace = self.spectrum.trace(rho)
        crossed = trace
        if self.spillover is not self.lag:
            crossed = _cross_trace(rho, self.lag, self.spillover)
        mean, mean_lagged = self._row_means(rho)
        return [1 + rho * trace / size, crossed / size, mean, mean_lagged]

    @cached_property
    def _sums(self) -> FloatArray:
        return np.asarray(self.spillover.sum(axis=1), dtype=np.float64)

    @cached_property
    def _constant(self) -> float | None:
        """The sum of every row of W, where they are the same."""
        sums = np.asarray(self.lag.sum(axis=1), dtype=np.float64)
        even = np.abs(sums - sums[0]).max() <= ROW_SUM * abs(sums[0])
        return float(sums[0]) if even else None

    @cached_property
    def _turned(self) -> SparseMatrix:
        return sparse.csr_array(self.lag.T)

    def _row_means(self, rho: float) -> tuple[float, float]:
        """Return mean row sums: 1 / (1 - rho) of A^-1 where rows of W sum to one."""
        size = self.lag.shape[0]
        if self._constant is not None and self.spillover is self.lag:
            mean = 1 / (1 - rho * self._constant)
            return mean, mean * self._constant
        left = solve(self._turned, rho, np.ones(size))
        return float(left.sum()) / size, float(left @ self._sums) / size


def _cross_trace(rho: float, lag: SparseMatrix, spillover: SparseMatrix) -> float:
    """Return tr(A^-1 W_x) for weights other than W.

    In blocks of columns; with very many places from probes, the same at each rho, what
    comes from the first two terms of the series being exact.
    """
    size = lag.shape[0]
    if size > MANY:
        return _probed_trace(rho, lag, spillover)
    factors, columns, total = factor(lag, rho), sparse.csc_array(spillover), 0.0
    for places in blocks(size):
        solved = factors.solve(columns[:, places].toarray())
        total += float(solved[places, np.arange(len(places))].sum())
    return total


def _probed_trace(rho: float, lag: SparseMatrix, spillover: SparseMatrix) -> float:
    """Return tr W_x + rho tr W W_x + rho^2 tr W^2 A^-1 W_x, the last by probing."""
    paired = (lag * sparse.csr_array(spillover.T)).sum()
    exact = spillover.diagonal().sum() + rho * paired
    source, found, step = np.random.default_rng(0), 0.0, 8
    for _ in range(PROBES // step):
        signs = random_signs(source, lag.shape[0], step)
        image = lag @ (lag @ solve(lag, rho, spillover @ signs))
        found += float(np.sum(signs * image))
    return float(exact + rho**2 * found / PROBES)


def random_signs(source: np.random.Generator, size: int, columns: int) -> FloatArray:
    """Return probes of random signs, shape (N, columns)."""
    return np.where(source.integers(0, 2, size=(size, columns)) == 0, -1.0, 1.0)
