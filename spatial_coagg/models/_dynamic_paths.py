"""Paths of the outcome after a lasting change of a driver, for draws of the estimates.

From y_0 = S^-1 f on, y_h = S^-1 (f + tau y_{h-1} + eta W y_{h-1}), S = I - rho W and
f = b x + g W_x x: the sum of A^s S^-1 f over s = 0 ... h, A = S^-1 (tau I + eta W).
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spatial_coagg.models._responses import solver

FloatArray: TypeAlias = NDArray[np.float64]
SparseMatrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]


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
    Each draw has its own factorisation.
    """
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
