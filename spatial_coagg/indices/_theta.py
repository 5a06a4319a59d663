"""The co-agglomeration index of two location quotients."""

import numpy as np

from spatial_coagg._typing import FloatArray


def theta_of(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return theta, eq. (2), elementwise; nan where both quotients are zero."""
    depth = first + second
    # Grouping by the commutative sum keeps theta symmetric to the last digit.
    with np.errstate(divide="ignore", invalid="ignore"):
        evenness = 1 - np.abs(first - second) / depth
    return np.asarray(evenness + depth, dtype=np.float64)
