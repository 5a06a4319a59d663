"""Logarithms of determinants ln|I - rho W| and their derivatives."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg as dense

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._extremes import (
    extremes_of_symmetric,
    interval_between,
    largest_of,
    smallest_of,
    symmetrised,
    symmetriser,
)
from spatial_coagg.weights._logdet_factor import FactorSpectrum
from spatial_coagg.weights._logdet_moments import MomentSpectrum, estimate_moments
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights._solve import (
    FEW,
    LINKED,
    factor,
    largest_row,
    solve,
    sparse_factor,
)

__all__ = [
    "DENSE_LIMIT",
    "EigenSpectrum",
    "Spectrum",
    "eigen_spectrum",
    "factor",
    "solve",
    "spectrum",
    "stochastic_spectrum",
    "symmetriser",
]


# Places up to which anything of N x N is formed without being asked for.
DENSE_LIMIT = 4000
# Share of the pairs that a factorisation fills from which W counts as dense.
FILLED = 0.15
# A real eigenvalue's imaginary part is rounding below this share of the largest.
REAL = 1e-9
# Probes of the guide of a search.
GUIDES = 8
# Degrees of expansions: Chebyshev polynomials reach rho = 0.99 of the bound with half
# as many terms as powers reach 0.9.
CHEBYSHEV, POWERS = 64, 128


class Spectrum(Protocol):
    """What an estimator asks of a weight matrix W of N places.

    Attributes
    ----------
    size : int
        N.
    interval : tuple of float
        Values of rho around zero for which I - rho W can be inverted.
    """

    @property
    def size(self) -> int:
        """Return N."""
        ...

    @property
    def interval(self) -> tuple[float, float]:
        """Return the bounds of rho."""
        ...

    def log_determinant(self, rho: float) -> float:
        """Return ln|I - rho W|."""
        ...

    def trace(self, rho: float) -> float:
        """Return tr(W (I - rho W)^-1), minus the derivative of the logarithm."""
        ...

    def trace_square(self, rho: float) -> float:
        """Return tr((W (I - rho W)^-1)^2), minus its second derivative."""
        ...

    def rough(self, rho: float) -> float:
        """Return ln|I - rho W| as well as it can be had at once, to find a maximum."""
        ...

    def settle(self, rho: float) -> bool:
        """Hold interpolation at rho to the exact value; tell whether it could stay."""
        ...


@dataclass(frozen=True, slots=True)
class EigenSpectrum:
    """All eigenvalues of W, real or complex."""

    values: NDArray[Any]

    @property
    def size(self) -> int:
        """Return N."""
        return len(self.values)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the bounds of rho, from the real eigenvalues."""
        largest = np.abs(self.values).max(initial=0.0)
        real = np.real(self.values[np.abs(np.imag(self.values)) <= REAL * largest])
        return interval_between(real.min(initial=0.0), real.max(initial=0.0))

    def log_determinant(self, rho: float) -> float:
        """Return ln|I - rho W|."""
        return float(np.sum(np.log(np.abs(1 - rho * self.values))))

    def trace(self, rho: float) -> float:
        """Return tr(W (I - rho W)^-1)."""
        return float(np.real(np.sum(self.values / (1 - rho * self.values))))

    def trace_square(self, rho: float) -> float:
        """Return tr((W (I - rho W)^-1)^2)."""
        return float(np.real(np.sum((self.values / (1 - rho * self.values)) ** 2)))

    def rough(self, rho: float) -> float:
        """Return ln|I - rho W|."""
        return self.log_determinant(rho)

    def settle(self, rho: float) -> bool:
        """Return that the value is exact."""
        del rho
        return True


def spectrum(matrix: SparseMatrix) -> Spectrum:
    """Return all eigenvalues of few places or of dense weights, else factorisations.

    Notes
    -----
    Sparse weights of a map fill little of their factors: N = 3,000 takes 10 ms for
    each rho, where all eigenvalues take seconds and N x N memory. Weights whose
    factors fill up (random links) count as dense.
    """
    size = matrix.shape[0]
    scale = symmetriser(matrix)
    if size <= FEW or (_is_dense(matrix) and scale is not None):
        return _eigenvalues(matrix, scale)
    if _is_dense(matrix):
        whole = matrix.toarray()
        return _factor_spectrum(matrix, scale, partial(_log_of_dense, whole))
    return _factor_spectrum(matrix, scale, partial(_log_of_sparse, matrix))


def eigen_spectrum(matrix: SparseMatrix) -> EigenSpectrum:
    """Return all eigenvalues, whatever they cost."""
    return _eigenvalues(matrix, symmetriser(matrix))


def stochastic_spectrum(
    matrix: SparseMatrix, *, probes: int, rng: np.random.Generator
) -> MomentSpectrum:
    """Return estimated traces of polynomials of W; see :class:`MomentSpectrum`."""
    return _moments(matrix, symmetriser(matrix), probes, rng)


def _eigenvalues(matrix: SparseMatrix, scale: FloatArray | None) -> EigenSpectrum:
    if scale is None:
        return EigenSpectrum(dense.eigvals(matrix.toarray(), check_finite=False))
    whole = symmetrised(matrix, scale).toarray()
    return EigenSpectrum(np.linalg.eigvalsh(whole))


def _is_dense(matrix: SparseMatrix) -> bool:
    """Tell whether N x N arrays are the faster way."""
    size = matrix.shape[0]
    if matrix.nnz > LINKED * size**2:
        return True
    if size > DENSE_LIMIT or matrix.nnz == 0:
        return False
    return bool(sparse_factor(matrix, 0.5 / largest_row(matrix)).nnz > FILLED * size**2)


def _factor_spectrum(
    matrix: SparseMatrix, scale: FloatArray | None, evaluate: Callable[[float], float]
) -> FactorSpectrum:
    guide = _moments(matrix, scale, GUIDES, np.random.default_rng(0))
    interval, reach = guide.interval, np.inf
    if scale is None:
        # Powers converge below the reciprocal of the largest eigenvalue alone.
        low = smallest_of(matrix, 1 / interval[1])
        interval, reach = interval_between(low, 1 / interval[1]), 0.95 * interval[1]
    return FactorSpectrum(guide.size, interval, evaluate, guide, float(reach))


def _moments(
    matrix: SparseMatrix,
    scale: FloatArray | None,
    probes: int,
    rng: np.random.Generator,
) -> MomentSpectrum:
    largest = largest_of(matrix)
    domain, chosen = None, matrix
    ends = -largest, largest
    if scale is not None and matrix.nnz > 0:
        chosen = symmetrised(matrix, scale)
        domain = ends = extremes_of_symmetric(chosen, largest)
    return estimate_moments(
        chosen, interval=interval_between(*ends), domain=domain,
        probes=probes, degree=POWERS if domain is None else CHEBYSHEV, rng=rng,
    )  # fmt: skip


def _log_of_sparse(matrix: SparseMatrix, rho: float) -> float:
    return float(np.sum(np.log(np.abs(sparse_factor(matrix, rho).U.diagonal()))))


def _log_of_dense(matrix: FloatArray, rho: float) -> float:
    found = np.linalg.slogdet(np.eye(len(matrix)) - rho * matrix)
    return float(found.logabsdet)
