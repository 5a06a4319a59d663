"""Least-squares estimates between which a GMM estimate should lie."""

import numpy as np

from spatial_coagg._typing import BoolArray, FloatArray
from spatial_coagg.models._gmm_inverse import invert_symmetric


def fit_pooled_slopes(y: FloatArray, x: FloatArray, complete: BoolArray) -> FloatArray:
    """Return the slopes (K,) of least squares with one constant.

    `y` is (T, N), `x` (T, N, K); rows outside `complete` (T, N) do not count.
    """
    rows = complete.ravel()
    outcome = y.ravel()[rows]
    drivers = x.reshape(len(rows), -1)[rows]
    return _fit(outcome - outcome.mean(), drivers - drivers.mean(axis=0))


def fit_within_slopes(y: FloatArray, x: FloatArray, complete: BoolArray) -> FloatArray:
    """Return the slopes (K,) of least squares with a constant for each city."""
    outcome = _sweep_cities(y[..., None], complete)[..., 0]
    drivers = _sweep_cities(x, complete)
    return _fit(outcome.ravel(), drivers.reshape(outcome.size, -1))


def _sweep_cities(values: FloatArray, complete: BoolArray) -> FloatArray:
    known = np.where(complete[..., None], values, 0.0)
    count = np.maximum(complete.sum(axis=0), 1)[:, None]
    return np.where(complete[..., None], known - known.sum(axis=0) / count, 0.0)


def _fit(y: FloatArray, x: FloatArray) -> FloatArray:
    return invert_symmetric(x.T @ x).matrix @ (x.T @ y)
