"""Bias, fourth moments and roots of a spatial panel with the previous outcome.

The model is S y_t = (tau I + eta W) y_{t-1} + Z_t b + e_t with S = I - rho W, so that
y_t = A y_{t-1} + ... with A = S^-1 (tau I + eta W). Everything here is a function of
the eigenvalues w of W (Yu, de Jong and Lee 2008, Journal of Econometrics 146).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial_coagg._typing import FloatArray

Roots: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Dynamics:
    """How the outcome depends on its past and its neighbours.

    Attributes
    ----------
    previous, lagged : float
        tau, of y_{t-1}, and eta, of W y_{t-1}.
    rho : float
        Of W y_t.
    """

    previous: float
    lagged: float
    rho: float

    @property
    def total(self) -> float:
        """The sum tau + eta + rho, below one where the model is stable."""
        return self.previous + self.lagged + self.rho

    def roots(self, values: Roots) -> Roots:
        """Return the eigenvalues of A for those of W."""
        return (self.previous + self.lagged * values) / (1 - self.rho * values)


def without_unit(values: Roots) -> Roots:
    """Leave out the eigenvalue one of the common direction, which year effects take."""
    return np.delete(values, int(np.argmin(np.abs(values - 1))))


def score_bias(dynamics: Dynamics, values: Roots, *, years: int) -> FloatArray:
    """Return phi of tau, eta and rho: minus N times the mean of the score by them.

    Parameters
    ----------
    values : array of shape (N,)
        Eigenvalues of W, after the transformation of year effects.
    years : int
        T, without the first.

    Notes
    -----
    phi = (tr M, tr(W M), tr(G M (tau I + eta W)) + tr G) / N with G = W S^-1 and
    M = (I - A)^-1 S^-1. Eigenvalues of A above 1 - 1/N count as one (Yu, de Jong and
    Lee 2012, Journal of Econometrics 167): they leave A, and each adds
    T / (2 (1 - rho)) / N to all three.
    """
    size = len(values)
    roots, filtered = dynamics.roots(values), 1 / (1 - dynamics.rho * values)
    unit = np.real(roots) > 1 - 1 / size
    whole = filtered / np.where(unit, 1.0, 1 - roots)
    lagged = values * filtered
    moved = dynamics.previous + dynamics.lagged * values
    sums = [whole.sum(), (values * whole).sum(), (lagged * (whole * moved + 1)).sum()]
    shift = unit.sum() * years / (2 * (1 - dynamics.rho))
    return np.asarray((np.real(sums) + shift) / size)


def fourth_moment_part(
    multiplied: FloatArray, sigma2: float, excess: float, *, years: int, by_year: bool
) -> FloatArray:
    """Return the part of the score's variance by (rho, sigma2) that normality hides.

    Parameters
    ----------
    multiplied : array of shape (N, N)
        G = W S^-1.
    sigma2, excess : float
        Second and excess fourth moment of the noise, E e^4 - 3 sigma2^2.
    by_year : bool
        Whether the means over the cities are swept out.

    Notes
    -----
    The scores are quadratic in the noise of each year, by rho with the matrix
    J G J / sigma2 and by sigma2 with J / (2 sigma2^2), J = I - 11'/N or I; the part is
    `excess` times the sums of products of their diagonals. Third moments meet the means
    of Z, which are swept out.
    """
    size = len(multiplied)
    if by_year:
        multiplied = multiplied - multiplied.mean(axis=0)
        multiplied = multiplied - multiplied.mean(axis=1, keepdims=True)
    share = 1 - 1 / size if by_year else 1.0
    quadratic = [np.diag(multiplied) / sigma2, np.full(size, 0.5 * share / sigma2**2)]
    both = np.stack(quadratic)
    return np.asarray(excess * years * both @ both.T)


def excess_fourth_moment(noise: FloatArray, sigma2: float, *, by_year: bool) -> float:
    """Return E e^4 - 3 sigma2^2 of noise whose yearly means may be swept out.

    `noise` is (T, N). A swept residual is a sum of noises with weights 1 - 1/N and
    -1/N: its variance is (1 - 1/N) sigma2, its fourth cumulant that of the noise times
    the sum of fourth powers.
    """
    size = noise.shape[1]
    fourth = float((noise**4).mean())
    if not by_year:
        return fourth - 3 * sigma2**2
    cumulant = fourth - 3 * (sigma2 * (1 - 1 / size)) ** 2
    return float(cumulant / ((1 - 1 / size) ** 4 + (size - 1) / size**4))
