"""Random numbers for cities over years: smooth over the map, persistent in time."""

import numpy as np

from spatial_coagg._typing import FloatArray


def smooth_root(km: FloatArray, *, range_km: float, share: float) -> FloatArray:
    """Return the root R, shape (N, N), that makes independent draws smooth on a map.

    Parameters
    ----------
    km : ndarray of shape (N, N)
        Distances between cities.
    range_km : float
        Distance at which the correlation of the smooth part is 1 / e.
    share : float
        Part of the variance that is smooth; the rest is each city's own.

    Notes
    -----
    R R' = share exp(-km / range_km) + (1 - share) I, so that R z has unit variances.
    """
    smooth = share * np.exp(-km / range_km)
    whole = smooth + (1 - share) * np.eye(len(km))
    return np.asarray(np.linalg.cholesky(whole), dtype=np.float64)


def draw_over_cities(
    rng: np.random.Generator, root: FloatArray, *, count: int
) -> FloatArray:
    """Return `count` smooth fields of unit variance, shape (count, N)."""
    return np.asarray(rng.standard_normal((count, len(root))) @ root.T)


def draw_over_years(
    rng: np.random.Generator, root: FloatArray, *, years: int, persistence: float
) -> FloatArray:
    """Return a stationary AR(1) of smooth fields of unit variance, shape (T, N)."""
    shocks = draw_over_cities(rng, root, count=years)
    path = np.empty_like(shocks)
    path[0] = shocks[0]
    for year in range(1, years):
        fresh = np.sqrt(1 - persistence**2) * shocks[year]
        path[year] = persistence * path[year - 1] + fresh
    return path


def standardised(values: FloatArray) -> FloatArray:
    """Shift and scale to mean 0 and standard deviation 1 (divisor N)."""
    return np.asarray((values - values.mean()) / values.std())
