"""ln|I - rho W| from estimated traces of polynomials of W, with standard errors."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.polynomial import chebyshev
from scipy import fft, sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix

# Probes whose vectors are held at one time.
TOGETHER = 8
# Products up to which W^2 is formed, which makes two more traces exact.
SQUARE = 60_000_000


@dataclass(frozen=True, slots=True)
class MomentSpectrum:
    """Traces tr P_k(W) of each probe, k = 0 ... K; the first few are exact.

    Attributes
    ----------
    size : int
    interval : tuple of float
    moments : array of shape (probes, K + 1)
    domain : tuple of float or None
        Bounds of the real eigenvalues of weights that can be symmetrised: P_k is the
        Chebyshev polynomial on them. Otherwise None, and P_k the power W^k.

    Notes
    -----
    v' P_k(W) v with random signs v has expectation tr P_k(W) (Hutchinson 1990). The
    powers are Barry and Pace's (1999, Linear Algebra and its Applications 289), the
    Chebyshev polynomials those of Han, Malioutov and Shin (2015, ICML). Derivatives
    are those of the same expansion, so that a maximum is a root of its own score.
    """

    size: int
    interval: tuple[float, float]
    moments: FloatArray
    domain: tuple[float, float] | None

    def log_determinant(self, rho: float) -> float:
        """Return ln|I - rho W|."""
        return float(self.moments.mean(axis=0) @ self._log(rho))

    def rough(self, rho: float) -> float:
        """Return the same."""
        return self.log_determinant(rho)

    def settle(self, rho: float) -> bool:
        """Return that nothing changes on a second look."""
        del rho
        return True

    def trace(self, rho: float) -> float:
        """Return tr(W (I - rho W)^-1)."""
        return float(self.moments.mean(axis=0) @ self._slope(rho))

    def trace_square(self, rho: float) -> float:
        """Return tr((W (I - rho W)^-1)^2)."""
        return float(self.moments.mean(axis=0) @ self._bend(rho))

    def log_determinant_error(self, rho: float) -> float:
        """Return the standard error of :meth:`log_determinant`."""
        return self._error(self._log(rho))

    def trace_error(self, rho: float) -> float:
        """Return the standard error of :meth:`trace`."""
        return self._error(self._slope(rho))

    def _error(self, coefficients: FloatArray) -> float:
        """Return the deviation over the probes, and what the last terms leave out."""
        each = self.moments @ coefficients
        spread = float(each.std(ddof=1)) / np.sqrt(len(each))
        last = np.abs(coefficients[-8:])
        ratio = min(float((last[-1] / max(last[0], 1e-300)) ** (1 / 7)), 0.999)
        sizes = np.abs(self.moments[:, -8:]).mean(axis=0).max()
        left_out = float(sizes * last.max() * ratio / (1 - ratio))
        return float(np.hypot(spread, left_out))

    def _log(self, rho: float) -> FloatArray:
        if self.domain is None:
            powers = np.arange(1, self.moments.shape[1])
            return np.concatenate([[0.0], -(rho**powers) / powers])
        return self._expand(lambda x: np.log(np.abs(1 - rho * x)))

    def _slope(self, rho: float) -> FloatArray:
        if self.domain is None:
            powers = np.arange(self.moments.shape[1] - 1)
            return np.concatenate([[0.0], rho**powers])
        return self._expand(lambda x: x / (1 - rho * x))

    def _bend(self, rho: float) -> FloatArray:
        if self.domain is None:
            powers = np.arange(self.moments.shape[1] - 2)
            return np.concatenate([[0.0, 0.0], (powers + 1) * rho**powers])
        return self._expand(lambda x: (x / (1 - rho * x)) ** 2)

    def _expand(self, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Return the Chebyshev coefficients of a function of an eigenvalue."""
        count = self.moments.shape[1]
        low, high = self.domain or (0.0, 0.0)
        # Four times as many nodes: what is left out does not fold back.
        nodes = np.cos(np.pi * (np.arange(4 * count) + 0.5) / (4 * count))
        values = function(0.5 * (low + high) + 0.5 * (high - low) * nodes)
        found = fft.dct(values, type=2)[:count] / (4 * count)
        found[0] /= 2
        return np.asarray(found)


def estimate_moments(
    matrix: SparseMatrix,
    *,
    interval: tuple[float, float],
    domain: tuple[float, float] | None,
    probes: int,
    degree: int,
    rng: np.random.Generator,
) -> MomentSpectrum:
    """Estimate the traces; `matrix` is symmetric where there is a `domain`."""
    size = matrix.shape[0]
    parts = []
    for start in range(0, probes, TOGETHER):
        count = min(TOGETHER, probes - start)
        signs = np.where(rng.integers(0, 2, size=(size, count)) == 0, -1.0, 1.0)
        parts.append(
            _powers(matrix, signs, degree)
            if domain is None
            else _chebyshev(matrix, signs, degree, domain)
        )
    moments = np.concatenate(parts, axis=1).T
    exact = power_traces(matrix)
    if domain is not None:
        exact = _shifted(exact, domain)
    known = min(len(exact), degree + 1)
    moments[:, :known] = exact[:known]
    return MomentSpectrum(size, interval, moments, domain)


def power_traces(matrix: SparseMatrix) -> FloatArray:
    """Return tr W^k for k = 0 ... 4, or ... 2 where W^2 is large."""
    size = matrix.shape[0]
    turned = sparse.csr_array(matrix.T)
    found = [
        float(size),
        float(matrix.diagonal().sum()),
        float((matrix * turned).sum()),
    ]
    work = np.diff(matrix.indptr).astype(np.float64) @ np.diff(turned.indptr)
    if work <= SQUARE:
        square = sparse.csr_array(matrix @ matrix)
        found.append(float((square * turned).sum()))
        found.append(float((square * sparse.csr_array(square.T)).sum()))
    return np.array(found)


def _shifted(powers: FloatArray, domain: tuple[float, float]) -> FloatArray:
    """Turn traces of powers into traces of Chebyshev polynomials on a domain."""
    low, high = domain
    scale, shift = 2 / (high - low), -(high + low) / (high - low)
    moved = np.array(
        [
            sum(
                comb(order, part) * scale**part * shift ** (order - part) * powers[part]
                for part in range(order + 1)
            )
            for order in range(len(powers))
        ]
    )
    found = []
    for order in range(len(powers)):
        basis = np.zeros(order + 1)
        basis[order] = 1.0
        weights = chebyshev.cheb2poly(basis)
        found.append(float(weights @ moved[: len(weights)]))
    return np.array(found)


def _chebyshev(
    matrix: SparseMatrix, signs: FloatArray, degree: int, domain: tuple[float, float]
) -> FloatArray:
    """Return v' T_k v for each column v, shape (degree + 1, columns).

    T_2k = 2 T_k^2 - 1 and T_2k+1 = 2 T_k+1 T_k - T_1 halve the number of products.
    """
    low, high = domain
    scale, shift = 2 / (high - low), -(high + low) / (high - low)
    found = np.empty((degree + 2, signs.shape[1]))
    before, now = signs, scale * (matrix @ signs) + shift * signs
    found[0] = np.einsum("nc,nc->c", signs, signs)
    found[1] = np.einsum("nc,nc->c", signs, now)
    for order in range(1, degree // 2 + 1):
        found[2 * order] = 2 * np.einsum("nc,nc->c", now, now) - found[0]
        after = (2 * scale) * (matrix @ now) + (2 * shift) * now - before
        found[2 * order + 1] = 2 * np.einsum("nc,nc->c", now, after) - found[1]
        before, now = now, after
    return found[: degree + 1]


def _powers(matrix: SparseMatrix, signs: FloatArray, degree: int) -> FloatArray:
    """Return v' W^k v for each column v, shape (degree + 1, columns)."""
    found = np.empty((degree + 1, signs.shape[1]))
    now = signs
    for order in range(degree + 1):
        found[order] = np.einsum("nc,nc->c", signs, now)
        now = matrix @ now
    return found
