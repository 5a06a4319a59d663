"""Outcomes that follow a known equation."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from spatial_coagg._typing import FloatArray, Matrix


def follow_years(
    systematic: FloatArray, noise: FloatArray, *, previous: float, start: FloatArray
) -> FloatArray:
    """Return y_t = previous y_(t-1) + systematic_t + noise_t, shape (T, N).

    Parameters
    ----------
    systematic, noise : ndarray of shape (T, N)
    previous : float
        Coefficient of the year before.
    start : ndarray of shape (N,)
        y of the year before the first.
    """
    path = np.empty_like(systematic)
    before = start
    for year in range(len(systematic)):
        before = previous * before + systematic[year] + noise[year]
        path[year] = before
    return path


def spread_over_neighbours(values: FloatArray, w: Matrix, rho: float) -> FloatArray:
    """Return (I - rho W)^-1 values, year by year; `values` is (T, N)."""
    n = values.shape[-1]
    system = sparse.csc_array(sparse.eye_array(n) - rho * sparse.csr_array(w))
    return np.asarray(splu(system).solve(np.ascontiguousarray(values.T)).T)


def average_effects(
    w: Matrix, *, rho: float, slopes: FloatArray, spillovers: FloatArray
) -> FloatArray:
    """Return average direct and total effects, shape (K, 2).

    Notes
    -----
    S_k = (I - rho W)^-1 (slope_k I + spillover_k W) has one column for the city that
    changes. The direct effect is the mean of its diagonal, the total effect the mean
    of its row sums (LeSage and Pace 2009). The inverse is made dense.
    """
    dense = w.toarray() if sparse.issparse(w) else np.asarray(w)
    n = len(dense)
    multiplier = np.linalg.inv(np.eye(n) - rho * dense)
    through = multiplier @ dense
    direct = slopes * np.trace(multiplier) / n + spillovers * np.trace(through) / n
    total = slopes * multiplier.sum() / n + spillovers * through.sum() / n
    return np.column_stack([direct, total])
