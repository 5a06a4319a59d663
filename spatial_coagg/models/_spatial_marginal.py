"""Marginal likelihoods: slopes, variance, rho and lambda integrated out."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import integrate, optimize, special

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_likelihood import Jacobian
from spatial_coagg.models._spatial_moments import SpatialMoments

LogDensity: TypeAlias = Callable[[float], float]

# Places of the first look, and depth below the top (in logarithms) of what is left out.
LOOKS, DEPTH = 41, 34.0
# First step out from a maximum, as a share of the interval; it doubles.
STEP = 1e-4
TOLERANCE, WORST, PIECES = 1e-10, 1e-6, 200
# Share of the outcome's squares below which residuals are rounding.
EXACT = 1e-13


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient to integrate out: rho or lambda.

    Attributes
    ----------
    jacobian : Jacobian
    low, high : float
        Where its prior density is positive.
    log_density : callable
        Logarithm of that density.
    """

    jacobian: Jacobian
    low: float
    high: float
    log_density: LogDensity

    def term(self, value: float) -> float:
        """Return log-determinants plus log-density."""
        return self.jacobian.value(value) + self.log_density(value)

    def rough(self, value: float) -> float:
        """Return the same from what log-determinants can be had at once."""
        return self.jacobian.rough(value) + self.log_density(value)


def log_marginal(
    moments: SpatialMoments,
    freedom: int,
    lag: Coefficient | None,
    error: Coefficient | None,
) -> float:
    """Return ln m(y) of a model, its slopes and sigma under flat priors.

    Parameters
    ----------
    moments : SpatialMoments
        Columns y, W y, Z.
    freedom : int
        d: observations less effects less slopes.
    lag, error : Coefficient or None
        Of rho and of lambda, where the model has them.

    Returns
    -------
    float
        nan where the integral could not be computed to six digits, or nothing is left
        of the outcome.
    """
    half = freedom / 2
    constant = float(special.gammaln(half) - half * np.log(2 * np.pi))
    if error is None:
        return constant + _over_rho(moments, 0.0, half, lag)
    return constant + log_integral(
        lambda value: _over_rho(moments, value, half, lag) + error.term(value),
        error.low,
        error.high,
        rough=lambda value: _over_rho(moments, value, half, lag) + error.rough(value),
    )


def _over_rho(
    moments: SpatialMoments, error: float, half: float, lag: Coefficient | None
) -> float:
    """Integrate rho out of -ln|Z'Z| / 2 - d/2 ln e'e, given lambda."""
    whole = moments.at(error)
    reduced, log_size = _reduced(whole)
    least = reduced[0, 0]
    if lag is not None:
        least = least - reduced[0, 1] ** 2 / reduced[1, 1]
    if not least > EXACT * whole[0, 0]:
        return math.nan
    if lag is None:
        return -0.5 * log_size - half * math.log(reduced[0, 0])

    def fit(rho: float) -> float:
        ssr = reduced[0, 0] - 2 * rho * reduced[0, 1] + rho**2 * reduced[1, 1]
        return -half * math.log(ssr)

    return -0.5 * log_size + log_integral(
        lambda rho: fit(rho) + lag.term(rho),
        lag.low,
        lag.high,
        rough=lambda rho: fit(rho) + lag.rough(rho),
    )


def _reduced(whole: FloatArray) -> tuple[FloatArray, float]:
    """Partial Z out of y and W y; return their cross-products and ln|Z'Z|."""
    scale = np.sqrt(np.diag(whole)[2:])
    root = np.linalg.cholesky(whole[2:, 2:] / np.outer(scale, scale))
    half = np.linalg.solve(root, whole[2:, :2] / scale[:, None])
    log_size = 2 * float(np.log(np.diag(root)).sum() + np.log(scale).sum())
    return whole[:2, :2] - half.T @ half, log_size


def log_integral(
    height: LogDensity, low: float, high: float, *, rough: LogDensity | None = None
) -> float:
    """Return ln of the integral of exp(height) from `low` to `high`.

    `rough` heights, where they are cheaper, are looked at in `LOOKS` places; around
    each maximum the integral runs as far out as the integrand is above exp(-34) of the
    highest, adaptively.

    Returns
    -------
    float
        nan where the adaptive rule leaves a relative error above 1e-6.
    """
    modes = _modes(height, rough or height, low, high)
    if not modes:
        return math.nan
    top = max(peak for _, peak in modes)
    total = wrong = 0.0
    for start, end, inside in _pieces(height, modes, top, (low, high)):
        found = integrate.quad(
            lambda value: math.exp(height(value) - top),
            start,
            end,
            points=inside,
            epsabs=0.0,
            epsrel=TOLERANCE,
            limit=PIECES,
            full_output=1,
        )
        total += found[0]
        wrong += found[1]
    return top + math.log(total) if wrong <= WORST * total else math.nan


def _modes(
    height: LogDensity, rough: LogDensity, low: float, high: float
) -> list[tuple[float, float]]:
    """Return the local maxima and their heights; none where a height is nan.

    The ends are never evaluated.
    """
    width = (high - low) / LOOKS
    places = low + width * (np.arange(LOOKS) + 0.5)
    heights = np.array([rough(float(place)) for place in places])
    if np.isnan(heights).any():
        return []
    padded = np.concatenate([[-np.inf], heights, [-np.inf]])
    tops = np.flatnonzero((heights >= padded[:-2]) & (heights >= padded[2:]))
    found = []
    for place in places[tops]:
        best = optimize.minimize_scalar(
            lambda value: -height(float(value)),
            bounds=(max(low, float(place) - width), min(high, float(place) + width)),
            method="bounded",
            options={"xatol": 1e-6 * (high - low)},
        )
        found.append((float(best.x), -float(best.fun)))
    return found


def _pieces(
    height: LogDensity,
    modes: list[tuple[float, float]],
    top: float,
    ends: tuple[float, float],
) -> list[tuple[float, float, list[float]]]:
    """Return the disjoint intervals that count, each with the maxima inside."""
    spans = [
        (_outwards(height, mode, top, ends[0]), _outwards(height, mode, top, ends[1]))
        for mode, peak in modes
        if peak > top - DEPTH
    ]
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    places = [mode for mode, _ in modes]
    return [
        (start, end, [place for place in places if start < place < end])
        for start, end in merged
    ]


def _outwards(height: LogDensity, mode: float, top: float, end: float) -> float:
    """Return where the integrand no longer counts on the way from `mode` to `end`."""
    share = STEP
    while share < 1:
        place = mode + share * (end - mode)
        if height(place) < top - DEPTH:
            return place
        share *= 2
    return end
