"""Averages of the spatial multiplier (I - rho W)^-1 as functions of rho."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy import sparse

from spatial_coagg.weights._logdet import Spectrum, factor

FloatArray: TypeAlias = NDArray[np.float64]
SparseMatrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]

NODES = 32


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
        nodes = middle + half * chebyshev.chebpts1(NODES)
        found = np.array(
            [multiplier_means(float(x), lag, spillover, spectrum) for x in nodes]
        )
        domain = [middle - half, middle + half]
        return cls(
            tuple(
                chebyshev.Chebyshev.fit(nodes, column, NODES - 1, domain=domain)
                for column in found.T
            )
        )

    def at(self, rho: FloatArray) -> FloatArray:
        """Return the four averages, shape (..., 4)."""
        return np.stack([curve(rho) for curve in self.curves], axis=-1)

    def slope(self, rho: float) -> FloatArray:
        """Return their derivatives, shape (4,)."""
        return np.array([curve.deriv(1)(rho) for curve in self.curves])


def multiplier_means(
    rho: float, lag: SparseMatrix, spillover: SparseMatrix, spectrum: Spectrum
) -> FloatArray:
    """Return mean diagonals and mean row sums of A^-1 and A^-1 W_x, shape (4,)."""
    size = spectrum.size
    ones = np.ones(size)
    left = factor(sparse.csr_array(lag.T), rho).solve(ones)
    trace = spectrum.trace(rho)
    crossed = trace if spillover is lag else _cross_trace(rho, lag, spillover)
    return np.array(
        [
            1 + rho * trace / size,
            crossed / size,
            float(left.sum()) / size,
            float(left @ (spillover @ ones)) / size,
        ]
    )


def _cross_trace(rho: float, lag: SparseMatrix, spillover: SparseMatrix) -> float:
    """Return tr(A^-1 W_x) for weights other than W, in blocks of columns."""
    solver, size, step = factor(lag, rho), lag.shape[0], 256
    columns = sparse.csc_array(spillover)
    total = 0.0
    for start in range(0, size, step):
        part = columns[:, start : start + step].toarray()
        solved = solver.solve(part)
        total += float(np.trace(solved[start : start + step]))
    return total
