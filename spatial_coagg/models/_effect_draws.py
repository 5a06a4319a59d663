"""Draws of estimates, and what draws of effects say of their uncertainty."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.errors import EstimationError, InferenceWarning

# Share of draws that cannot be used from which a warning is given.
MANY = 0.01


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
    roots, axes = np.linalg.eigh(covariance)
    scale = axes * np.sqrt(np.clip(roots, 0, None))
    found = values + source.standard_normal((draws, len(values))) @ scale.T
    kept = is_usable(found)
    rejected = int(draws - kept.sum())
    told = f"{rejected} of {draws} draws {reason}"
    if rejected > draws / 2:
        raise EstimationError(
            f"{told}: the model is estimated too loosely to simulate its effects; use "
            f"more years or fewer drivers"
        )
    if rejected > MANY * draws:
        warnings.warn(
            f"{told} and are not used: standard errors are too small",
            InferenceWarning,
            stacklevel=4,
        )
    return found[kept], rejected
