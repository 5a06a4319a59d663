"""Draws of estimates, and what draws of effects say of their uncertainty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.checks import check_choice, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning

# Draws where nothing is asked for.
DRAWS = 1000
# Share of draws that cannot be used from which a warning is given.
MANY = 0.01
# Share of a variance below which the rest of it is rounding.
_DEPENDENT = 1e-12


EffectMethod: TypeAlias = Literal["simulation", "delta"]


class Spilling(Protocol):
    """A fit of drivers, some of which spill over."""

    @property
    def estimates(self) -> pd.DataFrame:
        """Return the table of estimates."""
        ...

    @property
    def covariance(self) -> pd.DataFrame:
        """Return their covariance."""
        ...

    @property
    def drivers(self) -> tuple[str, ...]:
        """Return all drivers."""
        ...

    @property
    def spillovers(self) -> tuple[str, ...]:
        """Return those that have a W x."""
        ...


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Effects with standard errors and intervals, arrays of one shape.

    Attributes
    ----------
    point, errors, lower, upper : array
    """

    point: FloatArray
    errors: FloatArray
    lower: FloatArray
    upper: FloatArray

    @classmethod
    def of_errors(
        cls, point: FloatArray, errors: FloatArray, level: float
    ) -> "Uncertain":
        """Return normal intervals of coverage `level`."""
        reach = special.ndtri(0.5 + level / 2) * errors
        return cls(point, errors, point - reach, point + reach)

    @classmethod
    def of_draws(
        cls, point: FloatArray, found: FloatArray, level: float
    ) -> "Uncertain":
        """Return quantiles of draws, which lie along the first axis of `found`."""
        tails = [(1 - level) / 2, (1 + level) / 2]
        lower, upper = np.quantile(found, tails, axis=0)
        return cls(point, found.std(axis=0, ddof=1), lower, upper)

    def columns(self) -> FloatArray:
        """Return the columns of every fit along a last axis, in their order."""
        z = np.full_like(self.point, np.nan)
        np.divide(self.point, self.errors, out=z, where=self.errors > 0)
        p_value = 2 * special.ndtr(-np.abs(z))
        each = (self.point, self.errors, z, p_value, self.lower, self.upper)
        return np.stack(each, axis=-1)


def settle_draws(method: EffectMethod, draws: int | None, rng: Seed) -> int:
    """Return how many draws to make; refuse what is about draws where none are made."""
    check_choice(method, ("simulation", "delta"), name="method")
    for name, given in (("draws", draws), ("rng", rng)):
        if method == "delta" and given is not None:
            raise EstimationError(
                f'nothing is drawn by method="delta", so {name}= does not apply; leave '
                f"it out"
            )
    return DRAWS if draws is None else draws


def joint_estimates(
    fit: Spilling, before: Sequence[str] = (), after: Sequence[str] = ()
) -> tuple[FloatArray, FloatArray]:
    """Return values and covariance of slopes and of slopes of W x, and of other labels.

    Zeros where the fit has no such estimate.

    Raises
    ------
    EstimationError
        If the covariance is nan.
    """
    lags = [f"W.{x}" if x in fit.spillovers else None for x in fit.drivers]
    labels = [*before, *fit.drivers, *lags, *after]
    places = fit.estimates.index.get_indexer(pd.Index(labels, dtype=object))
    known = np.flatnonzero(places >= 0)
    values, covariance = np.zeros(len(labels)), np.zeros((len(labels), len(labels)))
    values[known] = fit.estimates["estimate"].to_numpy()[places[known]]
    own = fit.covariance.to_numpy()
    covariance[np.ix_(known, known)] = own[np.ix_(places[known], places[known])]
    if np.isnan(covariance).any():
        raise EstimationError(
            "the fit has no standard errors (its information is not positive "
            "definite), so its effects have none; choose a model with fewer terms, or "
            "other weights or effects"
        )
    return values, covariance


def _root(covariance: FloatArray) -> FloatArray:
    """Return a triangular L with L L' the covariance, in units of its deviations.

    Cholesky's method in the order of the labels, a dependent one adding nothing: a
    change of units scales the draws, and rounding moves them by as much.
    """
    errors = np.sqrt(np.diag(covariance))
    unit = np.where(errors > 0, errors, 1.0)
    left = covariance / np.outer(unit, unit)
    root = np.zeros_like(left)
    for place in range(len(left)):
        if left[place, place] > _DEPENDENT:
            column = left[:, place] / np.sqrt(left[place, place])
            root[:, place] = column
            left = left - np.outer(column, column)
    return np.asarray(root * unit[:, None])


def draw_jointly(
    values: FloatArray,
    covariance: FloatArray,
    draws: int,
    rng: Seed,
    *,
    is_usable: Callable[[FloatArray], NDArray[np.bool_]],
    reason: str,
) -> tuple[FloatArray, int]:
    """Draw from the joint normal distribution of the estimates.

    Returns the draws that are usable, and how many are not; `reason` says why, as in
    "5 of 100 draws <reason>".
    """
    source = np.random.default_rng(rng)
    found = values + source.standard_normal((draws, len(values))) @ _root(covariance).T
    kept = is_usable(found)
    rejected = int(draws - kept.sum())
    told = f"{rejected} of {draws} draws {reason}"
    if rejected > draws / 2:
        raise EstimationError(
            f"{told}: the model is estimated too loosely to simulate its effects; use "
            f"more years or fewer drivers"
        )
    if rejected > MANY * draws:
        warn_user(
            f"{told} and are not used: standard errors are too small",
            InferenceWarning,
        )
    return found[kept], rejected
