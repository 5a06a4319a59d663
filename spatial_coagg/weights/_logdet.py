"""Logarithms of determinants ln|I - rho W| and their derivatives."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph, linalg

FloatArray: TypeAlias = NDArray[np.float64]
SparseMatrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]

# Places up to which all eigenvalues are computed.
DENSE_LIMIT = 4000
# A real eigenvalue's imaginary part is rounding below this share of the largest.
REAL = 1e-9
# Half-width, as a share of the interval's reach, and nodes of a local interpolation.
REACH, NODES = 0.2, 16


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


@dataclass(frozen=True, slots=True)
class EigenSpectrum:
    """All eigenvalues of W, real or complex."""

    values: NDArray[Any]

    @property
    def size(self) -> int:
        return len(self.values)

    @property
    def interval(self) -> tuple[float, float]:
        largest = np.abs(self.values).max(initial=0.0)
        real = np.real(self.values[np.abs(np.imag(self.values)) <= REAL * largest])
        return _interval(real.min(initial=0.0), real.max(initial=0.0))

    def log_determinant(self, rho: float) -> float:
        return float(np.sum(np.log(np.abs(1 - rho * self.values))))

    def trace(self, rho: float) -> float:
        return float(np.real(np.sum(self.values / (1 - rho * self.values))))

    def trace_square(self, rho: float) -> float:
        return float(np.real(np.sum((self.values / (1 - rho * self.values)) ** 2)))


@dataclass(frozen=True, slots=True)
class FactorSpectrum:
    """Sparse factorisations, one for each value of rho; for many places."""

    matrix: SparseMatrix
    interval: tuple[float, float]
    _known: dict[float, float] = field(default_factory=dict)
    _local: dict[float, chebyshev.Chebyshev] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return int(self.matrix.shape[0])

    def log_determinant(self, rho: float) -> float:
        if rho not in self._known:
            pivots = factor(self.matrix, rho).U.diagonal()
            self._known[rho] = float(np.sum(np.log(np.abs(pivots))))
        return self._known[rho]

    def trace(self, rho: float) -> float:
        return -float(self._near(rho).deriv(1)(rho))

    def trace_square(self, rho: float) -> float:
        return -float(self._near(rho).deriv(2)(rho))

    def _near(self, rho: float) -> chebyshev.Chebyshev:
        """Interpolate the logarithm around rho, inside the interval."""
        if rho not in self._local:
            low, high = self.interval
            reach = min(REACH, 0.45 * (rho - low), 0.45 * (high - rho))
            domain = [rho - reach, rho + reach]
            found = chebyshev.Chebyshev.interpolate(
                lambda nodes: np.array([self.log_determinant(x) for x in nodes]),
                NODES,
                domain=domain,
            )
            self._local[rho] = found
        return self._local[rho]


def factor(matrix: SparseMatrix, rho: float) -> linalg.SuperLU:
    """Return the sparse LU of I - rho W; minimum-degree ordering, symmetric mode."""
    system = sparse.csc_array(sparse.eye_array(matrix.shape[0]) - rho * matrix)
    return linalg.splu(
        system,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )


def spectrum(matrix: SparseMatrix) -> Spectrum:
    """Return all eigenvalues of few places, factorisations of many."""
    if matrix.shape[0] > DENSE_LIMIT:
        return FactorSpectrum(matrix, _extremes(matrix))
    scale = symmetriser(matrix)
    if scale is None:
        return EigenSpectrum(np.linalg.eigvals(matrix.toarray()))
    scaled = scale[:, None] * matrix.toarray() / scale[None, :]
    return EigenSpectrum(np.linalg.eigvalsh((scaled + scaled.T) / 2))


def symmetriser(matrix: SparseMatrix) -> FloatArray | None:
    """Return s with s_i w_ij / s_j symmetric, or None where there is none.

    A row-standardised symmetric matrix has one: its eigenvalues are real.
    """
    size = matrix.shape[0]
    pattern = sparse.csr_array(
        (np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape
    )
    if abs(pattern - pattern.T).sum() > 0 or (matrix.data < 0).any():
        return None
    coords = matrix.tocoo()
    logs = np.zeros(size)
    seen = np.zeros(size, dtype=bool)
    for start in range(size):
        if seen[start]:
            continue
        order, parents = csgraph.breadth_first_order(matrix, start)
        seen[order] = True
        for place in order[1:]:
            parent = parents[place]
            forth, back = matrix[parent, place], matrix[place, parent]
            logs[place] = logs[parent] + 0.5 * (np.log(forth) - np.log(back))
    scale = np.exp(logs)
    row, column = coords.coords
    scaled = scale[row] * coords.data / scale[column]
    whole = sparse.csr_array((scaled, (row, column)), shape=matrix.shape)
    gap = np.abs((whole - whole.T).data).max(initial=0.0)
    return scale if gap <= 1e-12 * np.abs(scaled).max(initial=1.0) else None


def _interval(smallest: float, largest: float) -> tuple[float, float]:
    low = 1 / smallest if smallest < 0 else -np.inf
    high = 1 / largest if largest > 0 else np.inf
    return float(low), float(high)


def _extremes(matrix: SparseMatrix) -> tuple[float, float]:
    """Return the interval of rho from the extreme real eigenvalues."""
    start = np.ones(matrix.shape[0]) + 1e-3 * np.cos(np.arange(matrix.shape[0]))
    bounds = []
    for which in ("SR", "LR"):
        found = linalg.eigs(
            matrix, k=1, which=which, v0=start, return_eigenvectors=False, tol=1e-8,
            maxiter=20_000,
        )  # fmt: skip
        bounds.append(float(np.real(found[0])))
    return _interval(bounds[0], bounds[1])
