"""What year effects take from the scores of rho and lambda."""

import numpy as np

from spatial_coagg.weights._logdet import factor
from spatial_coagg.weights._matrix import SparseMatrix


def score_biases(
    rho: float, error: float, weights: SparseMatrix, error_weights: SparseMatrix
) -> tuple[float, float]:
    """Return minus the mean score, in each year, of rho and lambda at their truth.

    Year effects project each year off v = B 1, B = I - lambda W_e, so the scores lose
    v'B G B^-1 v / v'v and v'H v / v'v, with G = W (I - rho W)^-1 and H = W_e B^-1.
    Where rows sum to one these are 1 / (1 - rho) and 1 / (1 - lambda) (Lee and Yu
    2010).
    """
    ones = np.ones(weights.shape[0])
    reach = np.asarray(error_weights @ ones)
    v = ones - error * reach
    spread = weights @ factor(weights, rho).solve(ones)
    spread = spread - error * (error_weights @ spread)
    length = float(v @ v)
    return float(v @ spread) / length, float(v @ reach) / length
