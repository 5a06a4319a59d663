"""Quasi-maximum likelihood: the sandwich for noise that is not normal.

The score of (slopes, rho, lambda, sigma2) at the truth is linear and quadratic in the
noise e: b'e / s + e'P e / s - tr P, with s its variance, b the swept mean of Z or W y,
and P = Q G Q, Q H Q or Q / 2s (G = B W A^-1 B^-1, H = W_e B^-1, Q takes out what the
effects explain). Its covariance is written in the noise itself, whose elements are
independent, because swept or transformed noise is not unless it is normal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_information import (
    expected_information,
    inverse_of,
)
from spatial_coagg.models._spatial_likelihood import Jacobian, Likelihood, Solution
from spatial_coagg.weights._logdet import factor
from spatial_coagg.weights._matrix import ROW_SUM, SparseMatrix, uneven_rows
from spatial_coagg.weights._solve import blocks, unit_columns

Operator: TypeAlias = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class NoiseMoments:
    """Moments of independent, equally distributed noise.

    Attributes
    ----------
    variance : float
    third : float
        E e^3; 0 where no term of the score needs it.
    cumulant : float
        E e^4 - 3 variance^2.
    """

    variance: float
    third: float
    cumulant: float


@dataclass(frozen=True, slots=True)
class Swept:
    """What is swept out: Q = (I - 11'/T where by city) kron (I - uu').

    Attributes
    ----------
    years : int
    by_city : bool
    unit : array of shape (N,)
        u, of length 1; zeros where there are no year effects.
    """

    years: int
    by_city: bool
    unit: FloatArray

    @property
    def share(self) -> float:
        """Diagonal of the first factor."""
        return 1 - 1 / self.years if self.by_city else 1.0

    @property
    def kept(self) -> FloatArray:
        """Diagonal of Q, shape (N,), the same in all years."""
        return self.share * (1 - np.square(self.unit))

    def power_sums(self, power: int) -> FloatArray:
        """Return the sums over a row of Q of its elements to a power, shape (N,)."""
        over_time = 1.0
        if self.by_city:
            over_time = self.share**power
            over_time += (self.years - 1) * (-1 / self.years) ** power
        u = self.unit
        others = (-u) ** power * (np.sum(u**power) - u**power)
        return np.asarray(over_time * ((1 - u**2) ** power + others))


def quasi_covariance(
    likelihood: Likelihood,
    found: Solution,
    weights: SparseMatrix,
    error_weights: SparseMatrix,
    *,
    by_city: bool,
    plain: bool,
) -> FloatArray:
    """Return I^-1 V I^-1 of (slopes, rho, lambda, sigma2).

    Parameters
    ----------
    likelihood : Likelihood
    found : Solution
        Its maximum, or corrected estimates.
    weights, error_weights : sparse array of shape (N, N)
    by_city : bool
        Whether there are city effects.
    plain : bool
        Whether `found` maximises the plain likelihood, which does not count what the
        effects take: the variance s of the noise is then more than its sigma2.

    Notes
    -----
    V = I + (mu4 - 3 s^2) / s^2 D'D + mu3 / s^2 (B'D + D'B): I the expected information
    of what the effects leave, D the diagonals of the P, B the means b.
    """
    whole = _after_effects(likelihood, weights, by_city=by_city)
    maximised = likelihood if plain else whole
    information = expected_information(whole, found, weights, error_weights)
    variance = score_variance(
        information, whole, found, weights, error_weights, by_city=by_city
    )
    ratio = maximised.rows / whole.rows
    stretch = np.ones(len(information))
    stretch[-1] = ratio
    units = ratio * np.outer(stretch, stretch)
    hessian = units * information
    place = len(found.slopes)
    for value, own, full in (
        (found.rho, maximised.lag, whole.lag),
        (found.error, maximised.error, whole.error),
    ):
        if own is not None and full is not None:
            gap = own.trace_square(value) - ratio * full.trace_square(value)
            hessian[place, place] += gap
            place += 1
    inverse = inverse_of(hessian)
    return np.asarray(inverse @ (ratio * units * variance) @ inverse)


def score_variance(
    information: FloatArray,
    likelihood: Likelihood,
    found: Solution,
    weights: SparseMatrix,
    error_weights: SparseMatrix,
    *,
    by_city: bool,
) -> FloatArray:
    """Return V, the covariance of the score (Kelejian and Prucha 2001, eq. 3.2)."""
    swept = likelihood.moments.swept(found.error)
    noise = swept @ np.concatenate([[1.0, -found.rho], -found.slopes])
    effects = Swept(len(noise), by_city, _year_direction(likelihood, found.error))
    s = found.ssr / likelihood.rows
    moments = noise_moments(noise, s, effects)
    size = len(information)
    diagonals, means = (
        np.zeros((noise.shape[1], size)),
        np.zeros((noise.shape[1], size)),
    )
    place = len(found.slopes)
    means[:, :place] = swept[:, :, 2:].sum(axis=0)
    if likelihood.lag is not None:
        spread = _spread(found, weights, error_weights)
        diagonals[:, place] = _diagonal(spread, effects.unit)
        total = spread(noise.sum(axis=0)[:, None])[:, 0]
        total = total - effects.unit * float(effects.unit @ total)
        means[:, place] = swept[:, :, 1].sum(axis=0) - total
        place += 1
    if likelihood.error is not None:
        passed = _passed(found, error_weights)
        diagonals[:, place] = _diagonal(passed, effects.unit)
    diagonals *= effects.share
    diagonals[:, -1] = effects.kept / (2 * s)
    mixed = means.T @ diagonals
    skewed = moments.third * (mixed + mixed.T)
    heavy = moments.cumulant * effects.years * (diagonals.T @ diagonals)
    return np.asarray(information + (skewed + heavy) / s**2)


def noise_moments(noise: FloatArray, s: float, effects: Swept) -> NoiseMoments:
    """Return the moments of e from swept noise r = Q e, shape (T, N).

    E r_i^3 = mu3 sum_j q_ij^3 and E r_i^4 = (mu4 - 3 s^2) sum_j q_ij^4 + 3 s^2 q_ii^2,
    so that few years do not bias them. City effects make the terms in mu3 zero (the
    means b add up to zero over the years), and two years would not identify it.
    """
    third = 0.0
    if not effects.by_city:
        third = float(np.mean(noise**3) / effects.power_sums(3).mean())
    normal = 3 * s**2 * float(np.square(effects.kept).mean())
    cumulant = (np.mean(noise**4) - normal) / effects.power_sums(4).mean()
    # No distribution has less: mu4 >= s^2 + mu3^2 / s.
    least = third**2 / s - 2 * s**2
    return NoiseMoments(s, third, max(float(cumulant), least))


def _after_effects(
    likelihood: Likelihood, weights: SparseMatrix, *, by_city: bool
) -> Likelihood:
    """Return the likelihood of what the effects leave: trace of Q rows, not N T."""
    moments = likelihood.moments
    years, cities = moments.columns.shape[:2]
    years -= by_city
    even = likelihood.lag is None or not uneven_rows(weights).any()
    even &= likelihood.error is None or bool(
        np.all(np.abs(moments.reach - 1) <= ROW_SUM)
    )
    unit = moments.by_year and even
    lag, error = (
        None if part is None else Jacobian(part.spectrum, years, without_unit=unit)
        for part in (likelihood.lag, likelihood.error)
    )
    return Likelihood(moments, years * (cities - moments.by_year), lag, error)


def _year_direction(likelihood: Likelihood, error: float) -> FloatArray:
    """Return u, the direction B 1 of a year effect."""
    reach = likelihood.moments.reach
    if not likelihood.moments.by_year:
        return np.zeros_like(reach)
    v = 1 - error * reach
    return np.asarray(v / np.sqrt(v @ v))


def _spread(
    found: Solution, weights: SparseMatrix, error_weights: SparseMatrix
) -> Operator:
    """Return the product with G = B W A^-1 B^-1."""
    solver = factor(weights, found.rho)
    if found.error == 0:
        return lambda columns: np.asarray(weights @ solver.solve(columns))
    unfiltered = factor(error_weights, found.error)

    def spread(columns: FloatArray) -> FloatArray:
        lagged = weights @ solver.solve(unfiltered.solve(columns))
        return np.asarray(lagged - found.error * (error_weights @ lagged))

    return spread


def _passed(found: Solution, error_weights: SparseMatrix) -> Operator:
    """Return the product with H = W_e B^-1."""
    unfiltered = factor(error_weights, found.error)
    return lambda columns: np.asarray(error_weights @ unfiltered.solve(columns))


def _diagonal(apply: Operator, u: FloatArray) -> FloatArray:
    """Return the diagonal of (I - uu') M (I - uu'), in blocks of columns of M."""
    size = len(u)
    own, sums = np.empty(size), np.empty(size)
    for places in blocks(size):
        found = apply(unit_columns(places, size))
        own[places] = found[places, np.arange(len(places))]
        sums[places] = u @ found
    image = apply(u[:, None])[:, 0]
    return np.asarray(own - u * (sums + image) + u**2 * float(u @ image))
