"""The concentrated likelihood of rho and lambda, and its maximum."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_moments import SpatialMoments
from spatial_coagg.weights._logdet import Spectrum

# Share of an interval kept clear at its ends; where it has no end, rho is looked for
# between these bounds.
EDGE, FAR = 1e-6, 30.0
TOLERANCE = 1e-12
STARTS = 41
# Half of the first bracket around a maximum, as a share of the interval.
SHARPEN, WIDENED = 1e-5, 7
# Steps of Newton's method, and times that interpolation may be made anew.
NEWTON, ROUNDS = 12, 4
# Share of an interval next to its ends that counts as the bound.
AT_BOUND = 1e-4


def is_bound(value: float, bounds: tuple[float, float]) -> bool:
    """Tell whether a coefficient lies at an end of where it is looked for."""
    low, high = bounds
    return bool(min(value - low, high - value) < AT_BOUND * (high - low))


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

    def rough(self, rho: float) -> float:
        """Return the same, as well as it can be had at once."""
        unit = np.log(abs(1 - rho)) if self.without_unit else 0.0
        return float(self.years * (self.spectrum.rough(rho) - unit))

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
    gap : float
        The largest score of rho and lambda there, in its own standard deviations, 0 at
        a bound; infinite where interpolation did not settle.
    """

    rho: float
    error: float
    slopes: FloatArray
    ssr: float
    log_likelihood: float
    rivals: tuple[float, ...]
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class _Score:
    """First and second derivative, and the size of the parts of the second."""

    slope: float
    curve: float
    scale: float


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
        """Find the highest local maximum.

        It is looked for on a rough log-determinant where the exact one is dear, then
        found as the root of the exact score; interpolation is held to a factorisation
        at the maximum.
        """
        found = self._found()
        for _ in range(ROUNDS):
            if self._settled(found):
                break
            found = self._found()
        gap = self._gap(found) if self._settled(found) else np.inf
        return replace(found, gap=gap)

    def _found(self) -> Solution:
        if self.error is None:
            rho, _ = self._best_rho(self._reduced(0.0))
            return self._solution(rho, 0.0, ())
        tops = [
            self._sharpened(self.error, place)
            for place in _maxima(self._rough_profile, self.error.bounds)
        ]
        heights = [self._profile(error) for error in tops]
        best = int(np.argmax(heights))
        rho, _ = self._best_rho(self._reduced(tops[best]))
        rivals = tuple(sorted(heights[:best] + heights[best + 1 :], reverse=True))
        return self._solution(rho, tops[best], rivals)

    def _settled(self, found: Solution) -> bool:
        """Hold the log-determinants at a solution to their exact values."""
        kept = True
        for part, value in ((self.lag, found.rho), (self.error, found.error)):
            if part is not None:
                kept = part.spectrum.settle(value) and kept
        return kept

    def _gap(self, found: Solution) -> float:
        """Return the largest score at a solution, in its own standard deviations."""
        gaps = [0.0]
        if self.lag is not None and not is_bound(found.rho, self.lag.bounds):
            score = self._rho_score(self.lag, self._reduced(found.error), found.rho)
            gaps.append(abs(score.slope) / np.sqrt(score.scale))
        if self.error is not None and not is_bound(found.error, self.error.bounds):
            contrast, ssr = self._contrast(found.rho, found.error)
            bend = self.moments.slopes(found.error)[1]
            curve = 0.5 * self.rows * abs(float(contrast @ bend @ contrast)) / ssr
            curve += abs(self.error.trace_square(found.error))
            slope = self._error_score(self.error, found.error)
            gaps.append(abs(slope) / np.sqrt(curve))
        return float(max(gaps))

    def value(self, rho: float, error: float) -> float:
        """Return the concentrated log-likelihood, all constants included."""
        reduced = self._reduced(error)
        return self._height(reduced, rho) + self._error_term(error)

    def _profile(self, error: float) -> float:
        """Return the likelihood, highest over rho."""
        height = self._best_rho(self._reduced(error))[1]
        return height + self._error_term(error)

    def _rough_profile(self, error: float) -> float:
        term = 0.0 if self.error is None else self.error.rough(error)
        return self._rough_rho(self._reduced(error))[1] + term

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

    def _height(
        self, reduced: FloatArray, rho: float, *, roughly: bool = False
    ) -> float:
        ssr = reduced[0, 0] - 2 * rho * reduced[0, 1] + rho**2 * reduced[1, 1]
        jacobian = 0.0
        if self.lag is not None:
            jacobian = self.lag.rough(rho) if roughly else self.lag.value(rho)
        variance = 2 * np.pi * ssr / self.rows
        return float(jacobian - 0.5 * self.rows * (np.log(variance) + 1))

    def _best_rho(self, reduced: FloatArray) -> tuple[float, float]:
        rho = self._root(reduced, self._rough_rho(reduced)[0])
        return rho, self._height(reduced, rho)

    def _rough_rho(self, reduced: FloatArray) -> tuple[float, float]:
        """Return where the rough likelihood is highest, and how high."""
        if self.lag is None:
            return 0.0, self._height(reduced, 0.0)
        low, high = self.lag.bounds
        found = optimize.minimize_scalar(
            lambda rho: -self._height(reduced, rho, roughly=True),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-7 * (high - low)},
        )
        return float(found.x), -float(found.fun)

    def _root(self, reduced: FloatArray, near: float) -> float:
        """Sharpen a maximum by Newton's method on the derivative."""
        if self.lag is None:
            return near
        low, high = self.lag.bounds
        rho = near
        for _ in range(NEWTON):
            score = self._rho_score(self.lag, reduced, rho)
            if score.curve >= 0:
                return near
            step = -score.slope / score.curve
            rho = float(np.clip(rho + step, low, high))
            if abs(step) < TOLERANCE:
                break
        return rho

    def _rho_score(self, part: Jacobian, reduced: FloatArray, rho: float) -> "_Score":
        ssr = reduced[0, 0] - 2 * rho * reduced[0, 1] + rho**2 * reduced[1, 1]
        half = (rho * reduced[1, 1] - reduced[0, 1]) / ssr
        squares, bend = self.rows * reduced[1, 1] / ssr, part.trace_square(rho)
        return _Score(
            -self.rows * half - part.trace(rho),
            2 * self.rows * half**2 - squares - bend,
            squares + abs(bend),
        )

    def _sharpened(self, part: Jacobian, near: float) -> float:
        """Return the root of the profile's derivative next to a maximum."""
        low, high = part.bounds
        reach = SHARPEN * (high - low)
        for _ in range(WIDENED):
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
) -> list[float]:
    """Return where a function has local maxima on an interval."""
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
        found.append(float(best.x))
    return found
