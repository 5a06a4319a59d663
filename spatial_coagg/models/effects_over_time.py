"""Effects of a dynamic spatial model: at once, over the years, in the long run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    SpatialCoaggError,
)
from spatial_coagg.models._dynamic_multiplier import DynamicMultiplier
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.effect_draws import (
    EffectMethod,
    Uncertain,
    draw_jointly,
    joint_estimates,
    settle_draws,
)
from spatial_coagg.models.effects import KINDS
from spatial_coagg.models.fit import ESTIMATE_COLUMNS, write_fit
from spatial_coagg.models.reduced_form import outside_interval
from spatial_coagg.weights._logdet import EigenSpectrum

# Step of a difference quotient, in standard errors.
_STEP = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class EffectsOverTime:
    """What a driver higher by one does here, elsewhere and in all, over the years.

    Attributes
    ----------
    frame : DataFrame
        Index (run, effect, driver), run ``"short-run"`` or ``"long-run"``, effect
        ``"direct"``, ``"indirect"`` or ``"total"``; the columns of every fit. Long-run
        effects of a model that is not stable do not exist: nan.
    passing : DataFrame
        Index (effect, driver, periods after); a driver higher by one in one year only.
    lasting : DataFrame
        A driver higher by one from some year on; tends to the long run.
    rejected : int
        Draws not used: rho outside the admissible interval, or not stable although the
        estimates are.
    method : {"simulation", "delta"}
    level : float
        Coverage of the intervals.
    """

    frame: pd.DataFrame
    passing: pd.DataFrame
    lasting: pd.DataFrame
    rejected: int
    method: EffectMethod
    level: float

    def __str__(self) -> str:
        """Return short-run and long-run effects with intervals as a short text."""
        facts: dict[str, float | int | str] = {
            "level": self.level,
            "method": self.method,
        }
        if self.method == "simulation":
            facts["rejected"] = self.rejected
        return write_fit("Effects over time", self.frame, facts)


def dynamic_effects(
    fit: DynamicSpatialFit,
    *,
    horizon: int = 10,
    draws: int | None = None,
    method: EffectMethod = "simulation",
    level: float = 0.95,
    rng: Seed = None,
) -> EffectsOverTime:
    r"""Compute direct, indirect and total effects of each driver over the years.

    Parameters
    ----------
    fit : DynamicSpatialFit
    horizon : int
        How many periods after the rise `passing` and `lasting` go.
    draws : int, optional
        Of the joint normal distribution of the estimates, for ``"simulation"`` alone;
        1,000 by default.
    method : {"simulation", "delta"}
        Where standard errors come from. Intervals of the simulation are quantiles of
        the draws; estimates are at the point estimate in both.
    level : float
        Coverage of the intervals.
    rng : Generator, int or None
        Of those draws.

    Returns
    -------
    EffectsOverTime

    Raises
    ------
    SpatialCoaggError
        If `horizon`, `draws` or `level` make no sense.
    EstimationError
        If `fit` is no dynamic model, rho lies outside its admissible interval, more
        than half of the draws cannot be used, or `draws` or `rng` are given where
        nothing is drawn.

    Warns
    -----
    InferenceWarning
        If the model is not stable, or more than one per cent of the draws are not used.

    Notes
    -----
    .. math:: \partial y_{t+h} / \partial x_{kt} = A^h S^{-1} (I b_k + W g_k), \quad
              A = S^{-1} (\tau I + \eta W), \quad S = I - \rho W

    and in the long run ((1 - tau) I - (rho + eta) W)^-1 (I b + W g): direct the mean
    diagonal, total the mean row sum, indirect the difference (Debarsy, Ertur and LeSage
    2012, Statistical Methodology 9, 158-171; Elhorst 2014, Spatial Econometrics, 4.6).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import dynamic_effects, fit_dynamic_spatial
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_dynamic_spatial(panel, weights, "ln_cr", ["ln_theta"])
    >>> found = dynamic_effects(fit, horizon=3, draws=200, rng=1)
    >>> found.frame.shape, found.lasting.loc[("total", "ln_theta")].shape
    ((6, 6), (4, 6))
    """
    draws = settle_draws(method, draws, rng)
    if horizon < 0 or draws < 2 or not 0 < level < 1:
        raise SpatialCoaggError(
            f"horizon must be 0 or more, draws 2 or more and level between 0 and 1, "
            f"got {horizon}, {draws} and {level}"
        )
    joint = JointEstimates.of(fit)
    if not fit.is_stable:
        warn_user(
            f"the model is not stable (largest root {fit.largest_root:.4f}): it has no "
            f"long-run effects",
            InferenceWarning,
        )
    point = joint.effects(joint.values[None], horizon)[0]
    rejected = 0
    if method == "delta":
        effects = Uncertain.of_errors(point, joint.delta_errors(horizon), level)
    else:
        sampled, rejected = joint.sample(draws, rng)
        effects = Uncertain.of_draws(point, joint.effects(sampled, horizon), level)
    runs, passing, lasting = _split(effects.columns(), fit.drivers)
    return EffectsOverTime(runs, passing, lasting, rejected, method, level)


@dataclass(frozen=True, slots=True)
class JointEstimates:
    """Estimates in the order tau, eta, rho, slopes, slopes of W x; 0 where none.

    Attributes
    ----------
    fit : DynamicSpatialFit
    values : array of shape (3 + 2 K,)
    covariance : array of shape (3 + 2 K, 3 + 2 K)
    multiplier : DynamicMultiplier
    """

    fit: DynamicSpatialFit
    values: FloatArray
    covariance: FloatArray
    multiplier: DynamicMultiplier

    @classmethod
    def of(cls, fit: DynamicSpatialFit) -> "JointEstimates":
        """Read the estimates of a fit."""
        if not isinstance(fit, DynamicSpatialFit):
            raise EstimationError(
                f"a {type(fit).__name__} has no effects over time: they are those of "
                f"fit_dynamic_spatial (spatial_effects: those of fit_spatial_panel and "
                f"fit_spatial_iv)"
            )
        told = outside_interval(fit.dynamics.rho, fit.interval)
        if told:
            raise EstimationError(f'{told}; use more years or correction="none"')
        past = f"previous.{fit.outcome}"
        values, covariance = joint_estimates(fit, before=[past, f"W.{past}", "rho"])
        found = fit.weights.spectrum
        if not isinstance(found, EigenSpectrum):
            raise EstimationError("effects over time take all eigenvalues of W")
        return cls(
            fit,
            values,
            covariance,
            DynamicMultiplier(found.values, fit.weights.lag),
        )

    def effects(self, values: FloatArray, horizon: int) -> FloatArray:
        """Return effects of R parameters, shape (R, 2 H + 3, 3, K).

        The second axis: passing for h = 0 ... H, lasting for the same, the long run.
        """
        size = (values.shape[1] - 3) // 2
        means = self.multiplier.means(values[:, :3], horizon)
        if not self.fit.is_stable:
            means[:, -1] = np.nan
        lasting = np.cumsum(means[:, :-1], axis=1)
        means = np.concatenate([means[:, :-1], lasting, means[:, -1:]], axis=1)
        means, slopes = means[..., None], values[:, None, 3:]
        own, lagged = slopes[..., :size], slopes[..., size:]
        direct = means[:, :, 0] * own + means[:, :, 1] * lagged
        total = means[:, :, 2] * own + means[:, :, 3] * lagged
        return np.stack([direct, total - direct, total], axis=2)

    def sample(self, draws: int, rng: Seed) -> tuple[FloatArray, int]:
        """Draw parameters; leave out those that are not admissible."""
        return draw_jointly(
            self.values, self.covariance, draws, rng, is_usable=self._is_usable,
            reason="are not stable or have a rho outside the admissible interval "
            "({:.3f}, {:.3f})".format(*self.fit.interval),
        )  # fmt: skip

    def _is_usable(self, found: FloatArray) -> NDArray[np.bool_]:
        low, high = self.fit.interval
        inside = (found[:, 2] > low) & (found[:, 2] < high)
        if self.fit.is_stable:
            inside &= self.multiplier.largest_roots(found[:, :3]) < 1
        return np.asarray(inside)

    def delta_errors(self, horizon: int) -> FloatArray:
        """Return standard errors of the effects by the delta method."""
        steps = np.diag(_STEP * np.sqrt(np.diag(self.covariance)))
        both = self.effects(
            np.concatenate([self.values + steps, self.values - steps]), horizon
        )
        size = len(steps)
        width = 2 * np.diag(steps)[:, None, None, None]
        change = both[:size] - both[size:]
        slopes = np.divide(change, width, out=np.zeros_like(change), where=width > 0)
        spread = np.einsum("i...,ij,j...->...", slopes, self.covariance, slopes)
        return np.asarray(np.sqrt(np.clip(spread, 0, None)))


def _split(
    whole: FloatArray, drivers: tuple[str, ...]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return short and long run, passing and lasting; (2 H + 3, 3, K, columns)."""
    after = (len(whole) - 1) // 2
    runs = _labelled(
        whole[[0, -1]], (("short-run", "long-run"), KINDS, drivers), "run effect driver"
    )
    levels = (KINDS, drivers, range(after))
    passing, lasting = (
        _labelled(np.moveaxis(part, 0, 2), levels, "effect driver periods")
        for part in (whole[:after], whole[after:-1])
    )
    return runs, passing, lasting


def _labelled(
    values: FloatArray, levels: Sequence[Sequence[str | int]], names: str
) -> pd.DataFrame:
    index = pd.MultiIndex.from_product(levels, names=names.split())
    return pd.DataFrame(
        values.reshape(len(index), len(ESTIMATE_COLUMNS)),
        index=index,
        columns=list(ESTIMATE_COLUMNS),
    )
