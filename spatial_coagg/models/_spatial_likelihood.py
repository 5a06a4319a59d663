"""The concentrated likelihood of rho and lambda, and its maximum."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from spatial_coagg.models._spatial_moments import SpatialMoments
from spatial_coagg.weights._logdet import Spectrum

FloatArray: TypeAlias = NDArray[np.float64]

# Share of an interval kept clear at its ends; where it has no end, rho is looked for
# between these bounds.
EDGE, FAR = 1e-6, 30.0
TOLERANCE = 1e-12
STARTS = 41
# Half of the first bracket around a maximum, as a share of the interval.
SHARPEN = 1e-5


@dataclass(frozen=True, slots=True)
class Jacobian:
    """years x (ln|I - rho W| - ln(1 - rho), if the unit eigenvalue is swept out).

    Attributes
    ----------
    spectrum : Spectrum
    years : int
        T, or T - 1 after the transformation of city effects.
    without_unit : bool
        After the transformation of year effects, which takes the eigenvalue 1 away.
    """

    spectrum: Spectrum
    years: int
    without_unit: bool

    @property
    def bounds(self) -> tuple[float, float]:
        """Return where rho is looked for."""
        low, high = (float(np.clip(end, -FAR, FAR)) for end in self.spectrum.interval)
        edge = EDGE * (high - low)
        return low + edge, high - edge

    def value(self, rho: float) -> float:
        """Return the term of the log-likelihood."""
        unit = np.log(abs(1 - rho)) if self.without_unit else 0.0
        return float(self.years * (self.spectrum.log_determinant(rho) - unit))

    def trace(self, rho: float) -> float:
        """Return minus the derivative."""
        unit = 1 / (1 - rho) if self.without_unit else 0.0
        return float(self.years * (self.spectrum.trace(rho) - unit))

    def trace_square(self, rho: float) -> float:
        """Return minus the second derivative."""
        unit = 1 / (1 - rho) ** 2 if self.without_unit else 0.0
        return float(self.years * (self.spectrum.trace_square(rho) - unit))


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the likelihood is highest.

    Attributes
    ----------
    rho, error : float
        0 where the model has none.
    slopes : array of shape (K,)
    ssr : float
    log_likelihood : float
    rivals : tuple of float
        Log-likelihoods of other local maxima.
    """

    rho: float
    error: float
    slopes: FloatArray
    ssr: float
    log_likelihood: float
    rivals: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The likelihood with slopes and variance concentrated out.

    Attributes
    ----------
    moments : SpatialMoments
        Columns y, W y, Z.
    rows : float
        Effective observations.
    lag, error : Jacobian or None
        Of rho and of lambda, where the model has them.
    """

    moments: SpatialMoments
    rows: int
    lag: Jacobian | None
    error: Jacobian | None

    def maximise(self) -> Solution:
        """Find the highest local maximum."""
        if self.error is None:
            rho, _ = self._best_rho(self._reduced(0.0))
            return self._solution(rho, 0.0, ())
        found = _maxima(lambda value: self._profile(value)[1], self.error.bounds)
        error = self._sharpened(self.error, found[0][0])
        rho, _ = self._best_rho(self._reduced(error))
        return self._solution(rho, error, tuple(height for _, height in found[1:]))

    def value(self, rho: float, error: float) -> float:
        """Return the concentrated log-likelihood, all constants included."""
        reduced = self._reduced(error)
        return self._height(reduced, rho) + self._error_term(error)

    def _profile(self, error: float) -> tuple[float, float]:
        rho, height = self._best_rho(self._reduced(error))
        return rho, height + self._error_term(error)

    def _error_term(self, error: float) -> float:
        return 0.0 if self.error is None else self.error.value(error)

    def _reduced(self, error: float) -> FloatArray:
        """Return the (2, 2) cross-products of y and W y after Z is partialled out."""
        whole = self.moments.at(error)
        if whole.shape[0] == 2:
            return whole
        cross = whole[2:, :2]
        return np.asarray(
            whole[:2, :2] - cross.T @ np.linalg.solve(whole[2:, 2:], cross)
        )

    def _height(self, reduced: FloatArray, rho: float) -> float:
        contrast = np.array([1.0, -rho])
        variance = float(contrast @ reduced @ contrast) / self.rows
        jacobian = 0.0 if self.lag is None else self.lag.value(rho)
        return float(jacobian - 0.5 * self.rows * (np.log(2 * np.pi * variance) + 1))

    def _best_rho(self, reduced: FloatArray) -> tuple[float, float]:
        if self.lag is None:
            return 0.0, self._height(reduced, 0.0)
        low, high = self.lag.bounds
        found = optimize.minimize_scalar(
            lambda rho: -self._height(reduced, rho),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-7 * (high - low)},
        )
        rho = self._root(reduced, float(found.x))
        return rho, self._height(reduced, rho)

    def _root(self, reduced: FloatArray, near: float) -> float:
        """Sharpen a maximum by Newton's method on the derivative."""
        if self.lag is None:
            return near
        low, high = self.lag.bounds
        rho = near
        for _ in range(4):
            ssr = reduced[0, 0] - 2 * rho * reduced[0, 1] + rho**2 * reduced[1, 1]
            half = rho * reduced[1, 1] - reduced[0, 1]
            slope = -self.rows * half / ssr - self.lag.trace(rho)
            curve = -self.rows * (
                reduced[1, 1] / ssr - 2 * (half / ssr) ** 2
            ) - self.lag.trace_square(rho)
            if curve >= 0:
                return near
            step = -slope / curve
            rho = float(np.clip(rho + step, low, high))
            if abs(step) < TOLERANCE:
                break
        return rho

    def _sharpened(self, part: Jacobian, near: float) -> float:
        """Return the root of the profile's derivative next to a maximum."""
        low, high = part.bounds
        reach = SHARPEN * (high - low)
        for _ in range(6):
            ends = max(near - reach, low), min(near + reach, high)
            scores = [self._error_score(part, end) for end in ends]
            if scores[0] > 0 > scores[1]:
                return float(
                    optimize.brentq(
                        lambda error: self._error_score(part, error), *ends,
                        xtol=TOLERANCE,
                    )
                )  # fmt: skip
            reach *= 4
        return near

    def _error_score(self, part: Jacobian, error: float) -> float:
        """Return the derivative of the likelihood, highest over rho, by lambda."""
        rho, _ = self._best_rho(self._reduced(error))
        contrast, ssr = self._contrast(rho, error)
        bend = float(contrast @ self.moments.slopes(error)[0] @ contrast)
        return -part.trace(error) - 0.5 * self.rows * bend / ssr

    def _contrast(self, rho: float, error: float) -> tuple[FloatArray, float]:
        """Return (1, -rho, -slopes) and its sum of squares."""
        whole = self.moments.at(error)
        own = np.array([1.0, -rho])
        right = whole[2:, :2] @ own
        slopes = np.linalg.solve(whole[2:, 2:], right) if len(right) else right
        contrast = np.concatenate([own, -slopes])
        return contrast, float(own @ self._reduced(error) @ own)

    def _solution(
        self, rho: float, error: float, rivals: tuple[float, ...]
    ) -> Solution:
        contrast, ssr = self._contrast(rho, error)
        slopes = -contrast[2:]
        return Solution(rho, error, slopes, ssr, self.value(rho, error), rivals)


def _maxima(
    height: Callable[[float], float], bounds: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return the local maxima of a function on an interval, the highest first."""
    places = np.linspace(bounds[0], bounds[1], STARTS)
    heights = np.array([height(float(place)) for place in places])
    padded = np.concatenate([[-np.inf], heights, [-np.inf]])
    tops = np.flatnonzero((heights >= padded[:-2]) & (heights >= padded[2:]))
    found = []
    for top in tops:
        low, high = places[max(int(top) - 1, 0)], places[min(int(top) + 1, STARTS - 1)]
        best = optimize.minimize_scalar(
            lambda place: -height(float(place)),
            bounds=(float(low), float(high)),
            method="bounded",
            options={"xatol": 1e-10},
        )
        found.append((float(best.x), -float(best.fun)))
    return sorted(found, key=lambda pair: -pair[1])
