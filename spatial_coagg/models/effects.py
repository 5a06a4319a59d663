"""Direct, indirect and total effects of a spatial model, with standard errors."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models._spatial_multiplier import Multiplier
from spatial_coagg.models._spatial_places import (
    Diagonals,
    multiplier_diagonals,
    power_means,
)
from spatial_coagg.models.effect_draws import (
    EffectMethod,
    Uncertain,
    draw_jointly,
    joint_estimates,
    settle_draws,
)
from spatial_coagg.models.fit import ESTIMATE_COLUMNS, write_fit
from spatial_coagg.models.reduced_form import ReducedForm
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.weights._logdet import solve

SpatialFit: TypeAlias = SpatialPanelFit | SpatialIVFit
KINDS = ("direct", "indirect", "total")


@dataclass(frozen=True, eq=False)
class SpatialEffects:
    """What a driver higher by one does here, elsewhere and in all.

    Attributes
    ----------
    frame : DataFrame
        Index (effect, driver), effect direct, indirect or total; the columns of every
        fit: estimate, standard_error, statistic, p_value, lower, upper.
    draws : DataFrame or None
        The simulated effects; columns (effect, driver).
    rejected : int
        Draws outside the admissible interval, not used.
    method : {"simulation", "delta"}
    fit : SpatialPanelFit or SpatialIVFit
        What `received`, `given` and `orders` are computed from, when first read.
    depth : int
        How many orders of neighbours `orders` tells apart.
    level : float
        Coverage of the intervals.
    """

    frame: pd.DataFrame
    draws: pd.DataFrame | None
    rejected: int
    method: EffectMethod
    fit: SpatialFit = field(repr=False)
    depth: int
    level: float

    def __str__(self) -> str:
        """Return the effects with their intervals as a short text."""
        facts: dict[str, float | int | str] = {
            "level": self.level,
            "method": self.method,
        }
        if self.draws is not None:
            facts |= {"draws": len(self.draws), "rejected": self.rejected}
        return write_fit(f"Effects, {self.fit.title}", self.frame, facts)

    @cached_property
    def received(self) -> pd.DataFrame:
        """What a city receives if the driver rises by one in all other cities.

        Index city, columns drivers; at the estimates.
        """
        weights = self.fit.weights
        ones = np.ones(len(self.fit.cities))
        sides = np.stack([ones, np.asarray(weights.spillover.sum(axis=1))], axis=1)
        return self._without_own(solve(weights.lag, self.fit.rho, sides))

    @cached_property
    def given(self) -> pd.DataFrame:
        """What all other cities receive if it rises by one in this city.

        Index city, columns drivers; at the estimates.
        """
        weights = self.fit.weights
        turned = sparse.csr_array(weights.lag.T)
        columns = solve(turned, self.fit.rho, np.ones(len(self.fit.cities)))
        lagged = weights.spillover.T @ columns
        return self._without_own(np.stack([columns, lagged], axis=1))

    @property
    def diagonal_error(self) -> float:
        """Largest standard error of a diagonal element behind `received` and `given`.

        0 up to 20,000 cities, where they are exact; else they are estimated by probing,
        and this times a coefficient is what `received` may be off for some city.
        """
        return self._diagonals.error

    @cached_property
    def orders(self) -> pd.DataFrame:
        """What comes by way of neighbours of each order; the sum of all is `frame`.

        Index (driver, order from 0), columns direct, indirect, total. Order 0 is the
        city itself, I b; order q what takes q steps from neighbour to neighbour, the
        last of them by W_x or by W: rho^q W^q b + rho^(q - 1) W^(q - 1) W_x g. The
        direct effects of higher orders are what comes back.
        """
        return _by_order(self.fit, self.depth)

    @cached_property
    def _diagonals(self) -> Diagonals:
        weights = self.fit.weights
        return multiplier_diagonals(self.fit.rho, weights.lag, weights.spillover)

    def _without_own(self, sums: FloatArray) -> pd.DataFrame:
        """Weigh sums of A^-1 and A^-1 W_x, less their diagonals; `sums` is (N, 2)."""
        own = np.stack([self._diagonals.own, self._diagonals.lagged], axis=1)
        slopes = [self.fit.slopes.to_numpy(), self.fit.spillover_slopes.to_numpy()]
        return pd.DataFrame(
            (sums - own) @ np.stack(slopes),
            index=self.fit.cities,
            columns=list(self.fit.drivers),
        )


def spatial_effects(
    fit: SpatialFit,
    *,
    draws: int | None = None,
    method: EffectMethod = "simulation",
    orders: int = 10,
    level: float = 0.95,
    rng: Seed = None,
) -> SpatialEffects:
    r"""Compute average direct, indirect and total effects of each driver.

    Parameters
    ----------
    fit : SpatialPanelFit or SpatialIVFit
    draws : int, optional
        Of the joint normal distribution of the estimates, for ``"simulation"`` alone;
        1,000 by default.
    method : {"simulation", "delta"}
        Where standard errors come from. Intervals of the simulation are quantiles of
        the draws; estimates are at the point estimate in both.
    orders : int
        How many orders of neighbours `orders` tells apart.
    level : float
        Coverage of the intervals.
    rng : Generator, int or None
        Of those draws.

    Returns
    -------
    SpatialEffects

    Raises
    ------
    SpatialCoaggError
        If `draws`, `orders` or `level` make no sense.
    EstimationError
        If `fit` is no static spatial model, rho or more than half of its draws lie
        outside the admissible interval, or `draws` or `rng` are given where nothing is
        drawn.

    Warns
    -----
    InferenceWarning
        If more than one per cent of the draws lie outside the admissible interval.

    Notes
    -----
    .. math:: S_k = (I - \rho W)^{-1} (I b_k + W_x g_k)

    direct: the mean of the diagonal of S; total: the mean of its row sums; indirect:
    the difference (LeSage and Pace 2009, Introduction to Spatial Econometrics, 2.7).
    Models without W y have S = I b + W_x g, whose effects are linear in the estimates.
    The means are interpolated in rho (to rounding), so that no draw needs an inverse.
    Standard errors use the whole covariance of the estimates. With more than 20,000
    cities and other weights for W x than for W y, the mean diagonal of (I - rho W)^-1
    W_x is estimated by probing with fixed random signs.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes, spatial_effects
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found = spatial_effects(fit, draws=200, rng=1)
    >>> found.frame.loc["total"].shape, found.rejected
    ((2, 6), 0)
    """
    draws = settle_draws(method, draws, rng)
    if draws < 2 or orders < 1 or not 0 < level < 1:
        raise SpatialCoaggError(
            f"draws must be 2 or more, orders 1 or more and level between 0 and 1, got "
            f"{draws}, {orders} and {level}"
        )
    check_spatial(fit)
    names, simulated, rejected = _names(fit.drivers), None, 0
    if method == "delta":
        values, covariance = joint_estimates(fit, after=["rho"])
        multiplier = _multiplier(fit, _bracket(fit.rho))
        point = _effects(values[None, :], multiplier)[0]
        errors = _delta_errors(values, covariance, multiplier)
        effects = Uncertain.of_errors(point, errors, level)
    else:
        values, sampled, rejected = draw_estimates(fit, draws, rng)
        multiplier = _multiplier(fit, sampled[:, -1])
        point = _effects(values[None, :], multiplier)[0]
        found = _effects(sampled, multiplier)
        effects = Uncertain.of_draws(point, found, level)
        simulated = pd.DataFrame(found.reshape(len(found), -1), columns=names)
    table = effects.columns().reshape(len(names), -1)
    frame = pd.DataFrame(table, index=names, columns=list(ESTIMATE_COLUMNS))
    return SpatialEffects(frame, simulated, rejected, method, fit, orders, level)


def check_spatial(fit: SpatialFit) -> None:
    """Refuse what is no static spatial fit, and a rho that is not admissible."""
    if not isinstance(fit, ReducedForm):
        raise EstimationError(
            f"a {type(fit).__name__} has no such effects: they are those of "
            f"fit_spatial_panel and fit_spatial_iv (dynamic_effects: those of "
            f"fit_dynamic_spatial)"
        )
    fit.check_admissible()


def draw_estimates(
    fit: SpatialFit, draws: int, rng: Seed
) -> tuple[FloatArray, FloatArray, int]:
    """Return estimates of slopes, slopes of W x and rho, and draws of them.

    Draws whose rho is not admissible are left out; the last number is how many.
    """
    values, covariance = joint_estimates(fit, after=["rho"])
    low, high = fit.interval
    found, rejected = draw_jointly(
        values, covariance, draws, rng,
        is_usable=lambda found: (found[:, -1] > low) & (found[:, -1] < high),
        reason=f"have a rho outside the admissible interval ({low:.3f}, {high:.3f})",
    )  # fmt: skip
    return values, found, rejected


def _bracket(rho: float) -> FloatArray:
    """Return two values next to rho, between which the multiplier is interpolated."""
    spread = 1e-3 * max(1.0, abs(rho))
    return np.array([rho - spread, rho + spread])


def _multiplier(fit: SpatialFit, rho: FloatArray) -> Multiplier:
    weights = fit.weights
    if "rho" not in fit.estimates.index:
        return Multiplier.without_lag(weights.spillover)
    return Multiplier.over(
        float(min(rho.min(), fit.rho)),
        float(max(rho.max(), fit.rho)),
        lag=weights.lag,
        spillover=weights.spillover,
        spectrum=weights.spectrum,
    )


def _effects(values: FloatArray, multiplier: Multiplier) -> FloatArray:
    """Return direct, indirect, total of each driver, shape (draws, 3, K)."""
    drivers = (values.shape[1] - 1) // 2
    slopes, lagged = values[:, :drivers], values[:, drivers:-1]
    means = multiplier.at(values[:, -1])[:, :, None]
    direct = means[:, 0] * slopes + means[:, 1] * lagged
    total = means[:, 2] * slopes + means[:, 3] * lagged
    return np.stack([direct, total - direct, total], axis=1)


def _delta_errors(
    values: FloatArray, covariance: FloatArray, multiplier: Multiplier
) -> FloatArray:
    drivers = (len(values) - 1) // 2
    slopes, lagged = values[:drivers], values[drivers:-1]
    means, bends = multiplier.at(values[-1:])[0], multiplier.slope(float(values[-1]))
    errors = np.empty((3, drivers))
    for driver in range(drivers):
        gradients = np.zeros((3, len(values)))
        for row, place in ((0, 0), (2, 2)):
            gradients[row, driver] = means[place]
            gradients[row, drivers + driver] = means[place + 1]
            gradients[row, -1] = (
                bends[place] * slopes[driver] + bends[place + 1] * lagged[driver]
            )
        gradients[1] = gradients[2] - gradients[0]
        spread = np.einsum("ij,jk,ik->i", gradients, covariance, gradients)
        errors[:, driver] = np.sqrt(np.clip(spread, 0, None))
    return errors


def _names(drivers: tuple[str, ...]) -> pd.MultiIndex:
    """Return every (effect, driver), in the order given."""
    kinds, count = len(KINDS), len(drivers)
    return pd.MultiIndex(
        levels=[list(KINDS), list(drivers)],
        codes=[
            np.arange(kinds).repeat(count).tolist(),
            np.tile(np.arange(count), kinds).tolist(),
        ],
        names=["effect", "driver"],
    )


def _by_order(fit: SpatialFit, orders: int) -> pd.DataFrame:
    """Return the terms rho^q W^q b + rho^(q-1) W^(q-1) W_x g of the multiplier."""
    weights = fit.weights
    slopes = np.stack([fit.slopes.to_numpy(), fit.spillover_slopes.to_numpy()])
    diagonals = power_means(weights.lag, weights.spillover, weights.spectrum, orders)
    ones = np.ones(len(fit.cities))
    sums = np.stack([ones, np.asarray(weights.spillover.sum(axis=1))], axis=1)
    totals = np.empty((orders, 2))
    for order in range(orders):
        totals[order] = sums.mean(axis=0)
        sums = weights.lag @ sums
    direct, total = (
        _by_steps(fit.rho ** np.arange(orders)[:, None] * means) @ slopes
        for means in (diagonals, totals)
    )
    terms = np.stack([direct, total - direct, total], axis=2)
    index = pd.MultiIndex.from_product(
        [fit.drivers, range(orders)], names=["driver", "order"]
    )
    values = terms.transpose(1, 0, 2).reshape(-1, 3)
    return pd.DataFrame(values, index=index, columns=list(KINDS)).sort_index()


def _by_steps(means: FloatArray) -> FloatArray:
    """Move the means of rho^q W^q W_x to order q + 1, for W_x is a step itself."""
    moved = np.zeros_like(means)
    moved[:, 0], moved[1:, 1] = means[:, 0], means[:-1, 1]
    return moved
