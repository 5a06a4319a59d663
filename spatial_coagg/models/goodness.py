"""How much a static model explains, as Stata's xtreg says it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.models._static_sweep import count_absorbed, group_means, sweep
from spatial_coagg.models.static_rows import StaticRows


@dataclass(frozen=True, slots=True)
class FTest:
    """An F test of several restrictions.

    Attributes
    ----------
    statistic : float
    degrees : int
        Number of restrictions.
    residual_degrees : int
    p_value : float
    """

    statistic: float
    degrees: int
    residual_degrees: int
    p_value: float


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
        within=_squared_correlation(rows.y - means_y[city], predicted - means_p[city]),
        between=_squared_correlation(means_y, means_p),
        overall=_squared_correlation(rows.y, predicted),
    )


def effects_f_test(rows: StaticRows, effects: Effects, residual_sum: float) -> FTest:
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
    with np.errstate(divide="ignore"):
        statistic = float(np.divide(gained / (absorbed - 1), residual_sum / left))
    return f_test(statistic, absorbed - 1, left)


def slopes_f_test(
    estimates: pd.DataFrame, covariance: pd.DataFrame, degrees_of_freedom: int
) -> FTest:
    """Test that all slopes are zero; the constant is the last coefficient.

    Notes
    -----
    F = b' V^-1 b / K with the reported covariance V. A V without full rank, as with
    fewer clusters than drivers, counts its rank as the number of restrictions.
    """
    slopes = estimates["estimate"].to_numpy()[:-1]
    errors = np.sqrt(np.diag(covariance))[:-1]
    scaled = covariance.to_numpy()[:-1, :-1] / np.outer(errors, errors)
    rank = int(np.linalg.matrix_rank(scaled, hermitian=True))
    ratio = slopes / errors
    wald = ratio @ np.linalg.pinv(scaled, hermitian=True) @ ratio
    return f_test(float(wald) / rank, rank, degrees_of_freedom)


def residual_degrees(rows: StaticRows, effects: Effects) -> int:
    """Return the rows less the parameters of drivers, constant and effects."""
    absorbed = count_absorbed(rows.groups, effects)
    return len(rows.frame) - len(rows.drivers) - absorbed


def f_test(statistic: float, degrees: int, residual_degrees: int) -> FTest:
    """Return the test with its p-value."""
    p_value = float(stats.f.sf(statistic, degrees, residual_degrees))
    return FTest(statistic, degrees, residual_degrees, p_value)


def _squared_correlation(first: FloatArray, second: FloatArray) -> float:
    first, second = first - first.mean(), second - second.mean()
    product = float(first @ second) ** 2
    whole = float(first @ first) * float(second @ second)
    return product / whole if whole > 0 else float("nan")
