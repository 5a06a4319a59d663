"""Responses of cities to a driver in a dynamic spatial model: the way and its end."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._dynamic_paths import follow_change
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.effects import SpatialFit
from spatial_coagg.models.effects_over_time import JointEstimates
from spatial_coagg.models.responses import (
    DrawnResponses,
    check_request,
    curves_of,
    draw_responses,
)

AnySpatialFit: TypeAlias = SpatialFit | DynamicSpatialFit


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPaths:
    """A driver's responses over the years, at the estimates and over draws.

    Attributes
    ----------
    fit : DynamicSpatialFit
    long_run : DrawnResponses
    point : ndarray of shape (1, 5)
        tau, eta, rho, b, g.
    drawn : ndarray of shape (draws, 5)
    """

    fit: DynamicSpatialFit
    long_run: DrawnResponses
    point: FloatArray
    drawn: FloatArray

    def follow(self, change: FloatArray, years: int) -> tuple[FloatArray, FloatArray]:
        """Return the outcome's change from the year of a lasting change x on.

        Shapes (years + 1, N, 1), at the estimates, and (years + 1, N, draws).
        """
        weights = self.fit.weights
        point, drawn = (
            follow_change(
                each,
                change,
                lag=weights.lag,
                spillover=weights.spillover,
                years=years,
            )
            for each in (self.point, self.drawn)
        )
        return point, drawn


def draw_paths(
    fit: DynamicSpatialFit, driver: str, *, draws: int, level: float, rng: Seed
) -> DrawnPaths:
    """Draw the estimates of a stable dynamic model and prepare to solve.

    Raises
    ------
    EstimationError
        If the model is not stable: then there is no long run.

    Notes
    -----
    In the long run y = ((1 - tau) I - (rho + eta) W)^-1 (b I + g W) x: that of a static
    model with b, g and rho + eta divided by 1 - tau.
    """
    check_request(fit.drivers, driver, draws=draws, level=level)
    if not fit.is_stable:
        raise EstimationError(
            f"the model is not stable (largest root {fit.largest_root:.4f}): a change "
            f"has no long run; ask a static model, or one with fewer dynamics"
        )
    joint = JointEstimates.of(fit)
    sampled, rejected = joint.sample(draws, rng)
    place = 3 + fit.drivers.index(driver)
    taken = [0, 1, 2, place, place + len(fit.drivers)]
    point, drawn = joint.values[None, taken], sampled[:, taken]
    ends = DrawnResponses(
        curves_of(fit.weights, _long_run(point)),
        curves_of(fit.weights, _long_run(drawn)),
        rejected,
    )
    return DrawnPaths(fit, ends, point, drawn)


def draw_long_run(
    fit: AnySpatialFit, driver: str, *, draws: int, level: float, rng: Seed
) -> DrawnResponses:
    """Draw what a static model says, and where a dynamic one ends."""
    if isinstance(fit, DynamicSpatialFit):
        paths = draw_paths(fit, driver, draws=draws, level=level, rng=rng)
        return paths.long_run
    return draw_responses(fit, driver, draws=draws, level=level, rng=rng)


def _long_run(draws: FloatArray) -> FloatArray:
    """Return b, g and rho of the static model that a dynamic one tends to."""
    tau, eta, rho, slope, lagged = draws.T
    return np.asarray(np.column_stack([slope, lagged, rho + eta]) / (1 - tau)[:, None])
