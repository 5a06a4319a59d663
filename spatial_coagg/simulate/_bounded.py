"""Outcomes that a linear equation in logarithms keeps below a ceiling."""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import gamma

from spatial_coagg._typing import FloatArray

# Least room between what is expected and the ceiling.
MARGIN = 0.04


def place_below(
    movement: FloatArray,
    score: FloatArray,
    *,
    ceiling: float,
    mean: float,
    shape: float,
) -> FloatArray:
    """Return city means, shape (N,), that keep all years below the ceiling.

    Parameters
    ----------
    movement : ndarray of shape (T, N)
        How the expected outcome moves about its city mean.
    score : ndarray of shape (N,)
        Cities of higher score are placed higher.
    ceiling : float
    mean : float
        Mean of the city means.
    shape : float
        Of the gamma distribution that the distances below the ceiling follow; the
        smaller, the longer the tail of low cities.
    """
    ranks = np.argsort(np.argsort(-score, kind="stable"), kind="stable")
    distances = gamma.ppf((ranks + 0.5) / len(ranks), shape)
    least = movement.max(axis=0) + MARGIN
    scale = (ceiling - mean - least.mean()) / distances.mean()
    return np.asarray(ceiling - least - scale * distances)


def draw_below(
    rng: np.random.Generator, room: FloatArray, *, sd: float, shape: float
) -> FloatArray:
    """Return noise of mean zero, below `room` everywhere, shape (T, N).

    Notes
    -----
    u = a (1 - G), G gamma with mean 1 and variance 1 / shape, so that u < a, with
    a = min(c, room): near the ceiling the noise is smaller, and its mean is zero given
    everything else. c makes its standard deviation over all cells `sd`.
    """

    def miss(cap: float) -> float:
        return float(np.mean(np.minimum(cap, room) ** 2) / shape - sd**2)

    cap = brentq(miss, 0, float(room.max()))
    draws = 1 - rng.gamma(shape, 1 / shape, size=room.shape)
    return np.asarray(np.minimum(cap, room) * draws)
