"""Averages over the cities of the multipliers of a dynamic spatial model.

A rise of x by one in one year moves y by A^h S^-1 (b + g W) h years later, a rise that
stays in the end by (I - A)^-1 S^-1 (b + g W) = ((1 - tau) I - (rho + eta) W)^-1 (...).
All are functions of W: their traces are sums over its eigenvalues.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._logdet import factor
from spatial_coagg.weights._matrix import SparseMatrix

# Values of the parameters handled at once.
_BLOCK = 128
# Condition number of the eigenvectors beyond which they are not used.
_ILL = 1e6


@dataclass(frozen=True, slots=True)
class DynamicMultiplier:
    """Four averages for each number of years, and in the long run.

    Their order: mean diagonal of f(W) and of f(W) W, mean row sum of both.

    Attributes
    ----------
    values : array of shape (N,)
        Eigenvalues of W, real or complex.
    matrix : sparse array of shape (N, N)
        W.
    """

    values: NDArray[Any]
    matrix: SparseMatrix

    def means(self, dynamics: FloatArray, horizon: int) -> FloatArray:
        """Return the averages for h = 0 ... horizon, then the long run's.

        `dynamics` is (R, 3): tau, eta, rho. The result is (R, horizon + 2, 4).
        """
        blocks = [
            self._traces(dynamics[start : start + _BLOCK], horizon)
            for start in range(0, len(dynamics), _BLOCK)
        ]
        return np.concatenate(
            [np.concatenate(blocks), self._sums(dynamics, horizon)], axis=2
        )

    def largest_roots(self, dynamics: FloatArray) -> FloatArray:
        """Return the largest modulus of an eigenvalue of A, shape (R,)."""
        blocks = [
            np.abs(_roots(dynamics[start : start + _BLOCK], self.values)).max(axis=1)
            for start in range(0, len(dynamics), _BLOCK)
        ]
        return np.concatenate(blocks)

    def _traces(self, dynamics: FloatArray, horizon: int) -> FloatArray:
        found = _responses(dynamics, self.values, horizon)
        own, lagged = found.mean(axis=2), (found * self.values).mean(axis=2)
        return np.stack([np.real(own), np.real(lagged)], axis=2)

    def _sums(self, dynamics: FloatArray, horizon: int) -> FloatArray:
        sums = np.asarray(self.matrix.sum(axis=1), dtype=np.float64)
        if np.ptp(sums) <= 1e-12 * max(1.0, float(sums.max())):
            # Every row of f(W) sums to f of the common row sum.
            shares, values = np.ones(1), sums[:1]
        else:
            shares, values = _shares(self.matrix)
        if len(shares) == 0:
            return np.stack([self._solved_sums(row, sums, horizon) for row in dynamics])
        blocks = []
        for start in range(0, len(dynamics), _BLOCK):
            found = _responses(dynamics[start : start + _BLOCK], values, horizon)
            blocks.append(np.real(found @ np.stack([shares, shares * values], axis=1)))
        return np.concatenate(blocks)

    def _solved_sums(
        self, dynamics: FloatArray, sums: FloatArray, horizon: int
    ) -> FloatArray:
        """Return 1'f(W)1 / N and 1'f(W) W 1 / N by solving for 1'f(W)."""
        tau, eta, rho = (float(each) for each in dynamics)
        turned = sparse.csr_array(self.matrix.T)
        solver, size = factor(turned, rho), len(sums)
        left = solver.solve(np.ones(size))
        found = []
        for _ in range(horizon + 1):
            found.append((left.sum() / size, left @ sums / size))
            left = solver.solve(tau * left + eta * (turned @ left))
        last = factor(turned, (rho + eta) / (1 - tau)).solve(np.ones(size)) / (1 - tau)
        found.append((last.sum() / size, last @ sums / size))
        return np.array(found)


def _shares(matrix: SparseMatrix) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return c and w with 1'f(W)1 / N = sum c f(w), or nothing if none are accurate."""
    dense, ones = matrix.toarray(), np.ones(matrix.shape[0])
    if np.array_equal(dense, dense.T):
        values, vectors = np.linalg.eigh(dense)
        return (ones @ vectors) ** 2 / len(ones), values
    values, vectors = np.linalg.eig(dense)
    if np.linalg.cond(vectors) > _ILL:
        return values[:0], values[:0]
    return (ones @ vectors) * np.linalg.solve(vectors, ones) / len(ones), values


def _roots(dynamics: FloatArray, values: NDArray[Any]) -> NDArray[Any]:
    tau, eta, rho = dynamics.T[:, :, None]
    return np.asarray((tau + eta * values) / (1 - rho * values))


def _responses(
    dynamics: FloatArray, values: NDArray[Any], horizon: int
) -> NDArray[Any]:
    """Return f(w) of each w for h = 0 ... horizon and the long run, (R, H + 2, N)."""
    tau, eta, rho = dynamics.T[:, :, None]
    roots = _roots(dynamics, values)
    power = 1 / (1 - rho * values)
    found = []
    for _ in range(horizon + 1):
        found.append(power)
        power = power * roots
    found.append(1 / ((1 - tau) - (rho + eta) * values))
    return np.stack(found, axis=1)
