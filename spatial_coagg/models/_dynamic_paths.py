"""Paths of the outcome after a lasting change of a driver, for draws of the estimates.

From y_0 = S^-1 f on, y_h = S^-1 (f + tau y_{h-1} + eta W y_{h-1}), S = I - rho W and
f = b x + g W_x x: the sum of A^s S^-1 f over s = 0 ... h, A = S^-1 (tau I + eta W).
"""

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._responses import solver
from spatial_coagg.weights._matrix import SparseMatrix

# Powers of W up to which the series of the multiplier is used.
LIMIT = 2000
# Largest term that may be left out, where the first is one.
SMALL = 1e-17


def follow_change(
    draws: FloatArray,
    change: FloatArray,
    *,
    lag: SparseMatrix,
    spillover: SparseMatrix,
    years: int,
) -> FloatArray:
    """Return y_0 ... y_years, shape (years + 1, N, draws).

    `draws` holds (tau, eta, rho, b, g), shape (draws, 5); `change` is x, shape (N,).
    y_h is a series in W whose terms beyond :func:`count_powers` are rounding; where
    they are too many each draw has its own factorisation.
    """
    norm = float(abs(lag).sum(axis=1).max())
    count = count_powers(draws, norm, years)
    if count > LIMIT:
        return solve_each(draws, change, lag=lag, spillover=spillover, years=years)
    own = _powers(lag, change, count)
    lagged = _powers(lag, spillover @ change, count)
    found = np.empty((years + 1, len(change), len(draws)))
    terms = np.zeros((count, len(draws)))
    for year in range(years + 1):
        terms = _next_terms(draws, terms)
        found[year] = own @ (terms * draws[:, 3]) + lagged @ (terms * draws[:, 4])
    return found


def count_powers(draws: FloatArray, norm: float, years: int) -> int:
    """Return how many powers of W count; `LIMIT` + 1 where that is not enough.

    Terms are bounded by those of the largest |tau|, |eta| and |rho| with the norm of W
    (its largest row sum) in place of W.
    """
    tau, eta, rho = np.abs(draws[:, :3]).max(axis=0)
    largest = np.array([[tau, eta * norm, rho * norm]])
    terms = np.zeros((LIMIT + 1, 1))
    for _ in range(years + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            terms = _next_terms(largest, terms)
    counts = np.flatnonzero(~(terms[:, 0] < SMALL))
    return int(counts[-1]) + 1


def solve_each(
    draws: FloatArray,
    change: FloatArray,
    *,
    lag: SparseMatrix,
    spillover: SparseMatrix,
    years: int,
) -> FloatArray:
    """Return the same by solving year after year, draw by draw."""
    moved = spillover @ change
    found = np.empty((years + 1, len(change), len(draws)))
    for place, (tau, eta, rho, slope, lagged) in enumerate(draws):
        solve, _ = solver(lag, float(rho))
        force = slope * change + lagged * moved
        now = solve(force)
        found[0, :, place] = now
        for year in range(1, years + 1):
            now = solve(force + tau * now + eta * (lag @ now))
            found[year, :, place] = now
    return found


def _powers(matrix: SparseMatrix, start: FloatArray, count: int) -> FloatArray:
    """Return start, W start, W^2 start ... as columns."""
    found = np.empty((count, len(start)))
    for power in range(count):
        found[power] = start
        start = matrix @ start
    return found.T


def _next_terms(draws: FloatArray, before: FloatArray) -> FloatArray:
    """Return the series of (1 - rho w)^-1 (1 + (tau + eta w) y(w)) in w, for y's.

    Shape (powers, draws), like `before`.
    """
    tau, eta, rho = draws[:, :3].T
    found = tau * before
    found[1:] += eta * before[:-1]
    found[0] += 1
    for power in range(1, len(found)):
        found[power] += rho * found[power - 1]
    return np.asarray(found)
