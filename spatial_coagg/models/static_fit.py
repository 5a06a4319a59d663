"""What the pooled estimators of transformed rows return."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.models.covariances import CovarianceChoice, covariance_rule
from spatial_coagg.models.fit import known_facts, write_fit
from spatial_coagg.models.goodness import (
    RSquared,
    r_squared,
    residual_degrees,
    slopes_test,
)
from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.least_squares import estimate
from spatial_coagg.models.static_rows import StaticRows


@dataclass(frozen=True, slots=True, eq=False)
class StaticFit:
    """A least-squares regression of transformed rows; it answers the `Fit` protocol.

    Attributes
    ----------
    title, outcome : str
    standard_errors : str
        Which covariance, in words.
    estimates : DataFrame
        Index: drivers, then ``"constant"``; the columns of every fit.
    covariance : DataFrame of shape (K + 1, K + 1)
    fitted, residuals : Series
        Of the transformed rows.
    r2 : float
        Of the regression itself.
    explained : RSquared
        R2 within, between and overall as Stata's xtreg has them.
    sigma2 : float
        Variance of the errors.
    slopes_test : HypothesisTest
        That all drivers' coefficients are zero, with the reported covariance.
    cities, years : int
        That the rows come from.
    left_out : int
        Rows of the panel not used because a value is missing.
    """

    title: str
    outcome: str
    standard_errors: str
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    fitted: pd.Series
    residuals: pd.Series
    r2: float
    explained: RSquared
    sigma2: float
    slopes_test: HypothesisTest
    cities: int
    years: int
    left_out: int

    def __str__(self) -> str:
        """Return title, estimates and facts as a short text."""
        return write_fit(self.title, self.estimates, self.facts)

    @property
    def slopes(self) -> pd.Series:
        """Coefficients of the drivers."""
        return self.estimates["estimate"].iloc[:-1]

    @property
    def observations(self) -> int:
        """Rows of the regression."""
        return len(self.residuals)

    @property
    def facts(self) -> Mapping[str, float | int | str]:
        """What else is known, in the order to print it."""
        facts: dict[str, float | int | str] = {
            "observations": self.observations,
            "cities": self.cities,
            "years": self.years,
            "r2": self.r2,
            "r2_within": self.explained.within,
            "r2_between": self.explained.between,
            "r2_overall": self.explained.overall,
            "sigma2": self.sigma2,
            "f_slopes": self.slopes_test.statistic,
            "f_slopes_p": self.slopes_test.p_value,
            "standard_errors": self.standard_errors,
        }
        if self.left_out:
            facts["rows_left_out"] = self.left_out
        return known_facts(facts)


def fit_transformed(
    rows: StaticRows,
    *,
    title: str,
    covariance: CovarianceChoice,
    levels: StaticRows,
) -> StaticFit:
    """Regress transformed rows with a constant.

    Parameters
    ----------
    rows : StaticRows
        Transformed.
    title : str
    covariance : str or DriscollKraay
    levels : StaticRows
        The rows they come from: R2 within, between and overall are of these.
    """
    rule = covariance_rule(covariance, rows, "none")
    solution = estimate(rows, "none", rule)
    fitted = rows.x @ solution.slopes + solution.constant
    residuals = rows.y - fitted
    squares = float(np.square(residuals).sum())
    whole = float(np.square(rows.y - rows.y.mean()).sum())
    return StaticFit(
        title=title,
        outcome=rows.outcome,
        standard_errors=rule.name,
        estimates=solution.estimates,
        covariance=solution.covariance,
        fitted=pd.Series(fitted, rows.frame.index, name="fitted"),
        residuals=pd.Series(residuals, rows.frame.index, name="residual"),
        r2=1 - squares / whole,
        explained=r_squared(levels, solution.slopes),
        sigma2=squares / residual_degrees(rows, "none"),
        slopes_test=slopes_test(
            solution.estimates, solution.covariance, rule.degrees_of_freedom
        ),
        cities=len(levels.cities),
        years=len(levels.years),
        left_out=rows.left_out,
    )
