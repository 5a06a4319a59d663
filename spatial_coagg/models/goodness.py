"""How much a static model explains, as Stata's xtreg says it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.models._static_sweep import count_absorbed, group_means, sweep
from spatial_coagg.models.hypothesis import (
    HypothesisTest,
    chi_squared_test,
    f_test,
)
from spatial_coagg.models.static_rows import StaticRows


@dataclass(frozen=True, slots=True)
class RSquared:
    """Squared correlations of the outcome with what the drivers predict.

    Attributes
    ----------
    within : float
        After taking out city means.
    between : float
        Of the city means, each city counted once.
    overall : float
        Of the rows.
    """

    within: float
    between: float
    overall: float


def r_squared(rows: StaticRows, slopes: FloatArray) -> RSquared:
    """Return R2 within, between and overall for these slopes, as Stata defines them.

    Notes
    -----
    Stata, xtreg, methods and formulas: the squared correlations of y and xb after
    city means are taken out, of their city means, and of the rows.
    """
    city = rows.groups.city
    predicted = rows.x @ slopes
    means_y, means_p = group_means(rows.y, city), group_means(predicted, city)
    return RSquared(
        within=squared_correlation(rows.y - means_y[city], predicted - means_p[city]),
        between=squared_correlation(means_y, means_p),
        overall=squared_correlation(rows.y, predicted),
    )


def effects_f_test(
    rows: StaticRows, effects: Effects, residual_sum: float
) -> HypothesisTest:
    """Test that all effects are zero, given the residual sum of squares with them.

    Notes
    -----
    The classical F test of the pooled against the full model, as xtreg, fe prints it.
    """
    outcome, drivers = (
        sweep(values, rows.groups, "none") for values in (rows.y, rows.x)
    )
    pooled = outcome - drivers @ np.linalg.lstsq(drivers, outcome, rcond=None)[0]
    absorbed = count_absorbed(rows.groups, effects)
    left = residual_degrees(rows, effects)
    gained = float(np.square(pooled).sum()) - residual_sum
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(gained / (absorbed - 1), residual_sum / left))
    return f_test("all effects are zero", statistic, absorbed - 1, left)


def slopes_test(
    estimates: pd.DataFrame, covariance: pd.DataFrame, residual_degrees: int | None
) -> HypothesisTest:
    """Test that all slopes are zero; the constant is the last coefficient.

    Notes
    -----
    W = b' V^-1 b with the reported covariance V, chi-squared, or W / K as F where there
    are residual degrees of freedom. A V without full rank, as with fewer clusters than
    drivers, counts its rank as the number of restrictions.
    """
    wald, rank = wald_statistic(
        estimates["estimate"].to_numpy()[:-1], covariance.to_numpy()[:-1, :-1]
    )
    hypothesis = "all coefficients but the constant are zero"
    if residual_degrees is None:
        return chi_squared_test(hypothesis, wald, rank)
    return f_test(hypothesis, wald / rank, rank, residual_degrees)


def wald_statistic(
    coefficients: FloatArray, covariance: FloatArray
) -> tuple[float, int]:
    """Return b' V^-1 b and the rank of V, whatever the units of b.

    A coefficient without a variance, as where the fit is perfect, makes it nan.
    """
    errors = np.sqrt(np.diag(covariance))
    if not (errors > 0).all():
        return float("nan"), len(errors)
    scaled = covariance / np.outer(errors, errors)
    ratio = coefficients / errors
    rank = int(np.linalg.matrix_rank(scaled, hermitian=True))
    return float(ratio @ np.linalg.pinv(scaled, hermitian=True) @ ratio), rank


def residual_degrees(rows: StaticRows, effects: Effects) -> int:
    """Return the rows less the parameters of drivers, constant and effects."""
    absorbed = count_absorbed(rows.groups, effects)
    return len(rows.frame) - len(rows.drivers) - absorbed


def share_explained(outcome: FloatArray, residuals: FloatArray) -> float:
    """Return 1 - squared residuals over squared deviations from the mean of all."""
    whole = float(np.square(outcome - outcome.mean()).sum())
    return 1 - float(np.square(residuals).sum()) / whole


def squared_correlation(first: FloatArray, second: FloatArray) -> float:
    """Return the squared correlation of two arrays of one shape; nan if one is flat."""
    first, second = (first - first.mean()).ravel(), (second - second.mean()).ravel()
    product = float(first @ second) ** 2
    whole = float(first @ first) * float(second @ second)
    return product / whole if whole > 0 else float("nan")
