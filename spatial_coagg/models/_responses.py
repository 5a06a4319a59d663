"""Responses b (I - rho W)^-1 x + g (I - rho W)^-1 W_x x over draws of b, g and rho.

The solutions are computed exactly at a few values of rho and interpolated to the draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy import linalg

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._logdet import EigenSpectrum, Spectrum, factor
from spatial_coagg.weights._matrix import SparseMatrix

IntArray: TypeAlias = NDArray[np.int64]
Solve: TypeAlias = Callable[[FloatArray], FloatArray]

# Relative error of the interpolation that is aimed at: rounding.
ACCURACY = 1e-14
# Share of links from which a dense factorisation is the faster one.
DENSE = 0.1
# Numbers held at once while quantiles are taken: 32 MB.
HELD = 4_000_000


@dataclass(frozen=True, slots=True)
class Curves:
    """Solutions of (I - rho W) z = x at nodes, and the share of each node in each draw.

    Attributes
    ----------
    own, lagged : array of shape (draws, nodes)
        Interpolation in rho, times each draw's b and g.
    solves, turned : tuple of functions
        Of I - rho W at each node, and of its transpose.
    spillover : sparse array of shape (N, N)
        W_x.
    """

    own: FloatArray
    lagged: FloatArray
    solves: tuple[Solve, ...]
    turned: tuple[Solve, ...]
    spillover: SparseMatrix

    @classmethod
    def over(
        cls,
        draws: FloatArray,
        *,
        lag: SparseMatrix,
        spillover: SparseMatrix,
        spectrum: Spectrum,
    ) -> "Curves":
        """Prepare for draws of (b, g, rho), shape (draws, 3), rho admissible."""
        nodes, shares = _interpolation(draws[:, 2], spectrum)
        made = [solver(lag, float(rho)) for rho in nodes]
        return cls(
            draws[:, :1] * shares,
            draws[:, 1:2] * shares,
            tuple(forth for forth, _ in made),
            tuple(back for _, back in made),
            spillover,
        )

    def applied(self, right: FloatArray) -> FloatArray:
        """Return the responses to `right`, (N,) or (N, P): shape (N, [P], draws)."""
        moved = self.spillover @ right
        own = np.stack([solve(right) for solve in self.solves])
        lagged = np.stack([solve(moved) for solve in self.solves])
        return self._mixed(own, lagged)

    def rows(self, left: FloatArray) -> FloatArray:
        """Return left' S for each draw's matrix S of responses, shape (N, draws)."""
        own = np.stack([solve(left) for solve in self.turned])
        return self._mixed(own, (self.spillover.T @ own.T).T)

    def diagonal(self, places: IntArray) -> FloatArray:
        """Return the diagonal of S at `places`, shape (len(places), draws)."""
        size = self.spillover.shape[0]
        own = np.empty((len(self.solves), len(places)))
        lagged = np.empty_like(own)
        for some in blocks(len(places), size):
            unit, at = np.zeros((size, len(some))), places[some]
            unit[at, np.arange(len(some))] = 1.0
            # Rows of the inverse are columns of the inverse of its transpose.
            for node, solve in enumerate(self.turned):
                rows = solve(unit)
                own[node, some] = rows[at, np.arange(len(some))]
                crossed = self.spillover.T @ rows
                lagged[node, some] = crossed[at, np.arange(len(some))]
        return self._mixed(own, lagged)

    def columns(self, places: IntArray) -> FloatArray:
        """Return columns of S, shape (N, len(places), draws)."""
        unit = np.zeros((self.spillover.shape[0], len(places)))
        unit[places, np.arange(len(places))] = 1.0
        return self.applied(unit)

    def _mixed(self, own: FloatArray, lagged: FloatArray) -> FloatArray:
        whole = np.hstack([self.own, self.lagged])
        parts = np.concatenate([own, lagged])
        flat = parts.reshape(len(parts), -1)
        return (flat.T @ whole.T).reshape(*parts.shape[1:], len(whole))


def solver(lag: SparseMatrix, rho: float) -> tuple[Solve, Solve]:
    """Return functions that solve (I - rho W) z = x and its transpose."""
    size = lag.shape[0]
    if rho == 0:
        return np.array, np.array
    if lag.nnz > DENSE * size**2:
        made = linalg.lu_factor(np.eye(size) - rho * lag.toarray())
        return (
            lambda right: np.asarray(linalg.lu_solve(made, right)),
            lambda right: np.asarray(linalg.lu_solve(made, right, trans=1)),
        )
    sparse_made = factor(lag, rho)
    return (
        lambda right: np.asarray(sparse_made.solve(right)),
        lambda right: np.asarray(sparse_made.solve(right, "T")),
    )


def quantiles(ordered: FloatArray, levels: Sequence[float]) -> list[FloatArray]:
    """Return quantiles over the last axis, sorted, linear between neighbours."""
    last = ordered.shape[-1] - 1
    found = []
    for level in levels:
        below = int(level * last)
        low, high = ordered[..., below], ordered[..., min(below + 1, last)]
        found.append(low + (level * last - below) * (high - low))
    return found


def blocks(count: int, width: int) -> list[IntArray]:
    """Split places 0 ... count - 1 so that block x width is at most `HELD` numbers."""
    step = max(1, HELD // width)
    return [
        np.arange(start, min(start + step, count)) for start in range(0, count, step)
    ]


def _interpolation(
    rho: FloatArray, spectrum: Spectrum
) -> tuple[FloatArray, FloatArray]:
    """Return nodes in rho and each node's share in each draw, shape (draws, nodes).

    Chebyshev nodes of t = ln((rho - low) / (high - rho)): singularities, which lie at
    the inverses of W's eigenvalues outside (low, high), are far from real values of t.
    """
    low, high = _bounds(rho, spectrum.interval)
    turned = np.log((rho - low) / (high - rho))
    middle = (turned.min() + turned.max()) / 2
    half = (turned.max() - turned.min()) / 2
    if half < 1e-12:
        return rho[:1], np.ones((len(rho), 1))
    count = _count((_singularities(spectrum, low, high, middle) - middle) / half)
    nodes = chebyshev.chebpts1(count)
    weights = chebyshev.chebvander(nodes, count - 1).T * (2 / count)
    weights[0] /= 2
    shares = chebyshev.chebvander((turned - middle) / half, count - 1) @ weights
    odds = np.exp(middle + half * nodes)
    return (low + high * odds) / (1 + odds), shares


def _bounds(rho: FloatArray, interval: tuple[float, float]) -> tuple[float, float]:
    """Return finite bounds around the draws, inside the admissible interval."""
    low, high = interval
    reach = 4 * float(np.abs(rho).max()) + 1
    high = min(high, reach) if np.isinf(high) else high
    # Complex eigenvalues lie in the circle of the largest: their inverses are farthest
    # from real t where low is the circle's other end.
    nearer = -high if rho.min() > -high else -reach
    return max(low, nearer), high


def _singularities(
    spectrum: Spectrum, low: float, high: float, middle: float
) -> NDArray[Any]:
    """Return them as values of t; the worst case where eigenvalues are not known."""
    if not isinstance(spectrum, EigenSpectrum):
        return np.array([middle + 0.5j * np.pi])
    values = np.asarray(spectrum.values, dtype=complex)
    poles = 1 / values[np.abs(values) > 1e-12]
    # At the bounds themselves t is infinite.
    apart = (np.abs(poles - low) > 1e-9) & (np.abs(poles - high) > 1e-9)
    found = np.log((poles[apart] - low) / (high - poles[apart]))
    # Infinite rho, the singularity of eigenvalues of zero, is t = i pi.
    return np.append(found, 1j * np.pi)


def _count(poles: NDArray[Any]) -> int:
    """Return the nodes that reach `ACCURACY`, by the ellipse through the nearest."""
    root = np.sqrt(poles**2 - 1)
    rates = np.maximum(np.abs(poles + root), np.abs(poles - root))
    rate = float(rates.min(initial=1e3))
    return int(np.clip(np.ceil(-np.log(ACCURACY) / np.log(rate)) + 4, 8, 512))
