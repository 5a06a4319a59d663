"""p-values from a normal approximation and from draws under the null."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# Draws closer than this to the observed value count as equal to it.
TIE = 1e-12


def normal_p_value(z: float, alternative: str) -> float:
    """Return the p-value of a standard normal statistic."""
    if alternative == "greater":
        return float(stats.norm.sf(z))
    if alternative == "less":
        return float(stats.norm.cdf(z))
    return float(2 * stats.norm.sf(abs(z)))


def permutation_p_value(
    observed: float, drawn: NDArray[np.float64], alternative: str
) -> float:
    """Return (1 + as extreme) / (1 + drawn); twice the smaller tail if two-sided."""
    slack = TIE * max(1.0, abs(observed))
    above = 1 + int(np.count_nonzero(drawn >= observed - slack))
    below = 1 + int(np.count_nonzero(drawn <= observed + slack))
    chances = len(drawn) + 1
    if alternative == "greater":
        return above / chances
    if alternative == "less":
        return below / chances
    return min(1.0, 2 * min(above, below) / chances)
