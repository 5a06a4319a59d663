"""ln|I - rho W| from factorisations, interpolated between a few values of rho."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial import chebyshev

from spatial_coagg.weights._logdet_moments import MomentSpectrum

# Places from which a factorisation is dear and the likelihood sharp: windows are
# narrow, with fewer nodes.
MANY = 20_000
# Half-width of a window, as a share of the distance to the nearer bound and at most,
# and its nodes: with few and with many places. The error falls by the factor 4.2 or
# 20 with each node.
WIDE, NARROW, WIDEST = (0.45, 18), (0.1, 10), 0.2
# Gap to a factorisation from which a window is made anew: absolute, and per place.
GAP, GAP_PER_PLACE = 1e-8, 1e-12
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Window:
    """An interpolation of the logarithm on a short interval of rho."""

    low: float
    high: float
    curve: chebyshev.Chebyshev
    slope: chebyshev.Chebyshev
    bend: chebyshev.Chebyshev


@dataclass(frozen=True, slots=True)
class FactorSpectrum:
    """Factorisations at a few values of rho, and Chebyshev interpolation between them.

    Attributes
    ----------
    size : int
        N.
    interval : tuple of float
    evaluate : callable
        Returns ln|I - rho W| by one factorisation.
    guide : MomentSpectrum
        Cheap estimates that show where to look.
    reach : float
        Largest rho in size at which the guide holds.
    """

    size: int
    interval: tuple[float, float]
    evaluate: Callable[[float], float]
    guide: MomentSpectrum
    reach: float
    _known: dict[float, float] = field(default_factory=dict)
    _windows: list[Window] = field(default_factory=list)

    def rough(self, rho: float) -> float:
        """Return ln|I - rho W| nearly, at no cost."""
        if abs(rho) <= self.reach:
            return self.guide.log_determinant(rho)
        return self.log_determinant(rho)

    def exact(self, rho: float) -> float:
        """Return ln|I - rho W| by a factorisation at this very rho."""
        if rho not in self._known:
            self._known[rho] = self.evaluate(rho)
        return self._known[rho]

    def log_determinant(self, rho: float) -> float:
        """Return ln|I - rho W|, factorised before or interpolated."""
        if rho in self._known:
            return self._known[rho]
        return float(self._window(rho).curve(rho))

    def trace(self, rho: float) -> float:
        """Return tr(W (I - rho W)^-1), minus the derivative of the logarithm."""
        return -float(self._window(rho).slope(rho))

    def trace_square(self, rho: float) -> float:
        """Return tr((W (I - rho W)^-1)^2), minus its second derivative."""
        return -float(self._window(rho).bend(rho))

    def settle(self, rho: float) -> bool:
        """Hold the window at rho to a factorisation; tell whether it could stay.

        Raises
        ------
        ArithmeticError
            If no window agrees, however short.
        """
        value = self.exact(rho)
        share, nodes = self._shape()
        for round_ in range(_ROUNDS):
            gap = abs(float(self._window(rho).curve(rho)) - value)
            if gap <= GAP + GAP_PER_PLACE * self.size:
                return round_ == 0
            self._windows.remove(self._window(rho))
            share, nodes = share / 2, nodes + 4
            self._windows.insert(0, self._made(rho, share, nodes))
        raise ArithmeticError(
            f"factorisations of I - rho W near rho = {rho:.6f} do not lie on a smooth "
            f"curve"
        )

    def _shape(self) -> tuple[float, int]:
        return WIDE if self.size < MANY else NARROW

    def _window(self, rho: float) -> Window:
        """Return a window that holds rho; the latest first."""
        for window in self._windows:
            if window.low <= rho <= window.high:
                return window
        self._windows.insert(0, self._made(rho, *self._shape()))
        return self._windows[0]

    def _made(self, rho: float, share: float, nodes: int) -> Window:
        low, high = self.interval
        reach = min(WIDEST, share * (rho - low), share * (high - rho))
        ends = [rho - reach, rho + reach]
        curve = chebyshev.Chebyshev.interpolate(
            lambda places: np.array([self.exact(float(x)) for x in places]),
            nodes - 1,
            domain=ends,
        )
        return Window(ends[0], ends[1], curve, curve.deriv(1), curve.deriv(2))
