"""Fixed effects of cities and years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.checks import check_choice
from spatial_coagg.models._static_sweep import Split, split_effects, sweep
from spatial_coagg.models.covariances import (
    CovarianceChoice,
    CovarianceRule,
    covariance_rule,
)
from spatial_coagg.models.fit import known_facts, write_fit
from spatial_coagg.models.goodness import (
    effects_f_test,
    r_squared,
    residual_degrees,
    slopes_test,
)
from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.least_squares import Solution, estimate
from spatial_coagg.models.static_rows import (
    StaticRows,
    check_identified,
    select_rows,
)
from spatial_coagg.tables.panel import Panel

TITLES: Mapping[Effects, str] = {
    "none": "Pooled least squares",
    "city": "Fixed effects (city)",
    "year": "Fixed effects (year)",
    "city-year": "Fixed effects (city, year)",
}


@dataclass(frozen=True, slots=True, eq=False)
class FixedEffectsFit:
    """A regression with effects of cities, years or both; it answers to `Fit`.

    Attributes
    ----------
    outcome : str
    effects : {"city", "year", "city-year", "none"}
    standard_errors : str
        Which covariance, in words.
    estimates : DataFrame
        Index: drivers, then ``"constant"``, the mean effect as xtreg, fe prints it.
        Columns: estimate, standard_error, statistic (t), p_value, lower, upper.
    covariance : DataFrame of shape (K + 1, K + 1)
    city_effects : Series
        Index ``city``: what the city adds to the constant; averages to zero over the
        rows. Empty where the model has none.
    year_effects : Series
        Index ``year``, likewise.
    fitted, residuals : Series
        Index ``(city, year)``; `fitted` includes the effects.
    r2 : float
        Share of the variance explained by drivers and effects together (LSDV).
    r2_within : float
        Share explained by the drivers once the effects are taken out.
    r2_between, r2_overall : float
        Squared correlations as Stata's xtreg has them, drivers only.
    sigma2 : float
        Variance of the errors, R - K - A degrees of freedom.
    effects_test : HypothesisTest or None
        That all effects are zero; classical. None for ``effects="none"``.
    slopes_test : HypothesisTest
        That all drivers' coefficients are zero, with the reported covariance.
    left_out : int
        Rows of the panel not used because a value is missing.
    """

    outcome: str
    effects: Effects
    standard_errors: str
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    city_effects: pd.Series
    year_effects: pd.Series
    fitted: pd.Series
    residuals: pd.Series
    r2: float
    r2_within: float
    r2_between: float
    r2_overall: float
    sigma2: float
    effects_test: HypothesisTest | None
    slopes_test: HypothesisTest
    left_out: int

    def __str__(self) -> str:
        """Return title, estimates and facts as a short text."""
        return write_fit(self.title, self.estimates, self.facts)

    @property
    def title(self) -> str:
        """The model in a few words."""
        return TITLES[self.effects]

    @property
    def slopes(self) -> pd.Series:
        """Coefficients of the drivers."""
        return self.estimates["estimate"].iloc[:-1]

    @property
    def constant(self) -> float:
        """The mean effect."""
        return float(self.estimates["estimate"].to_numpy()[-1])

    @property
    def observations(self) -> int:
        """Rows used."""
        return len(self.residuals)

    @property
    def cities(self) -> int:
        """Cities with a row."""
        return len(self.residuals.index.unique("city"))

    @property
    def years(self) -> int:
        """Years with a row."""
        return len(self.residuals.index.unique("year"))

    @property
    def facts(self) -> Mapping[str, float | int | str]:
        """What else is known, in the order to print it."""
        facts: dict[str, float | int | str] = {
            "observations": self.observations,
            "cities": self.cities,
            "years": self.years,
            "r2": self.r2,
            "r2_within": self.r2_within,
            "r2_between": self.r2_between,
            "r2_overall": self.r2_overall,
            "sigma2": self.sigma2,
        }
        if self.effects_test is not None:
            facts["f_effects"] = self.effects_test.statistic
            facts["f_effects_p"] = self.effects_test.p_value
        facts["f_slopes"] = self.slopes_test.statistic
        facts["f_slopes_p"] = self.slopes_test.p_value
        facts["standard_errors"] = self.standard_errors
        if self.left_out:
            facts["rows_left_out"] = self.left_out
        return known_facts(facts)


def fit_fixed_effects(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    effects: Effects = "city",
    covariance: CovarianceChoice = "clustered",
) -> FixedEffectsFit:
    """Regress the outcome on the drivers with effects of cities, years or both.

    Parameters
    ----------
    panel : Panel
        Gaps and missing values are allowed; rows without a value are left out.
    outcome : str
    drivers : sequence of str
        The K drivers.
    effects : {"city", "year", "city-year", "none"}
        What is taken out; ``"none"`` is pooled least squares.
    covariance : str or DriscollKraay
        ``"clustered"`` by city (default), ``"classical"``, ``"robust"``,
        ``"two-way-clustered"`` by city and year, or ``DriscollKraay(bandwidth=2)``.

    Returns
    -------
    FixedEffectsFit

    Raises
    ------
    MissingColumnError
        If a column is unknown.
    SpatialCoaggError
        If a value is infinite or an option is unknown.
    EstimationError
        If there is one city or year only, there are fewer rows than parameters, or a
        driver does not vary within the effects or is collinear with others; the
        message names it.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.
    InferenceWarning
        If a two-way clustered covariance had to be made positive.

    Notes
    -----
    y_it = a + x_it b + mu_i + tau_t + e_it, by least squares after the means of cities
    (and years) are swept out [1]_. Small-sample factors, with R rows, N cities, T
    years, K drivers and A parameters of constant and effects:

    - classical: e'e / (R - K - A), as Stata's xtreg, fe and regress;
    - robust: White's with R / (R - K - A), as areg and reghdfe, vce(robust). With few
      years it is inconsistent under city effects [2]_; prefer clustered;
    - clustered: N / (N - 1) (R - 1) / (R - C), C = K + 1 (K + T with year effects), as
      xtreg, fe vce(cluster city), reghdfe, and gretl's --robust; t with N - 1 degrees.
      linearmodels leaves out N / (N - 1) unless asked, plm leaves out both;
    - two-way-clustered: the same with the smaller of N and T for N, and C = K + 1, as
      reghdfe, vce(cluster city year);
    - Driscoll-Kraay: T / (T - 1) (R - 1) / (R - C), as xtscc, fe.

    The coefficients and the unscaled covariances come from linearmodels; its R2 between
    and overall are not Stata's, so those are computed here. A city with one row adds
    nothing to the slopes but counts as a row and as a city, as in xtreg; reghdfe leaves
    it out.

    References
    ----------
    .. [1] Baltagi, B. H. (2021). Econometric Analysis of Panel Data, 6th ed. Springer.
    .. [2] Stock, J. H. and Watson, M. W. (2008). Heteroskedasticity-robust standard
       errors for fixed effects panel data regression. Econometrica 76, 155-174.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.fixed_effects import fit_fixed_effects
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a"] * 3 + ["b"] * 3 + ["c"] * 3,
    ...         "year": [2004, 2005, 2006] * 3,
    ...         "theta": [1.0, 2.0, 4.0, 2.0, 3.0, 3.5, 5.0, 4.0, 6.0],
    ...         "patents": [2.1, 3.0, 5.2, 5.0, 6.1, 6.4, 9.9, 9.0, 11.1],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> fit = fit_fixed_effects(panel, "patents", ["theta"])
    >>> fit.estimates["estimate"].round(3).to_dict()
    {'theta': 1.032, 'constant': 2.925}
    >>> fit.estimates["standard_error"].round(3).to_dict()
    {'theta': 0.018, 'constant': 0.061}
    >>> fit.city_effects.round(2).to_dict()
    {'a': -1.9, 'b': -0.02, 'c': 1.92}
    """
    check_choice(effects, list(TITLES), name="effects")
    rows = select_rows(panel, outcome, drivers)
    check_identified(rows, effects)
    rule = covariance_rule(covariance, rows, effects)
    return _describe(rows, effects, estimate(rows, effects, rule), rule)


def _describe(
    rows: StaticRows,
    effects: Effects,
    solution: Solution,
    rule: CovarianceRule,
) -> FixedEffectsFit:
    split = _split(rows, effects, solution)
    index = rows.frame.index
    squares = float(np.square(split.rest).sum())
    explained = r_squared(rows, solution.slopes)
    test = None if effects == "none" else effects_f_test(rows, effects, squares)
    return FixedEffectsFit(
        outcome=rows.outcome,
        effects=effects,
        standard_errors=rule.name,
        estimates=solution.estimates,
        covariance=solution.covariance,
        city_effects=_labelled(split.city, rows.cities, "city_effect"),
        year_effects=_labelled(split.year, rows.years, "year_effect"),
        fitted=pd.Series(rows.y - split.rest, index, name="fitted"),
        residuals=pd.Series(split.rest, index, name="residual"),
        r2=1 - squares / _sum_of_squares(rows, "none"),
        r2_within=1 - squares / _sum_of_squares(rows, effects),
        r2_between=explained.between,
        r2_overall=explained.overall,
        sigma2=squares / residual_degrees(rows, effects),
        effects_test=test,
        slopes_test=slopes_test(
            solution.estimates, solution.covariance, rule.degrees_of_freedom
        ),
        left_out=rows.left_out,
    )


def _split(rows: StaticRows, effects: Effects, solution: Solution) -> Split:
    """Return effects that average to zero over the rows, and the residuals."""
    groups = rows.groups
    unexplained = rows.y - rows.x @ solution.slopes - solution.constant
    split = split_effects(unexplained, groups, effects)
    city = (
        split.city - split.city[groups.city].mean() if len(split.city) else split.city
    )
    year = (
        split.year - split.year[groups.year].mean() if len(split.year) else split.year
    )
    return Split(city, year, split.rest)


def _sum_of_squares(rows: StaticRows, effects: Effects) -> float:
    return float(np.square(sweep(rows.y, rows.groups, effects)).sum())


def _labelled(effects: FloatArray, labels: pd.Index, name: str) -> pd.Series:
    return pd.Series(effects, labels[: len(effects)], name=name)
