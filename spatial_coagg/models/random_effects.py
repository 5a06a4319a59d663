"""Random effects of cities, by feasible generalised least squares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from linearmodels.panel import RandomEffects

from spatial_coagg.checks import check_choice
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._static_sweep import group_means
from spatial_coagg.models.covariances import (
    CovarianceChoice,
    CovarianceRule,
    covariance_rule,
)
from spatial_coagg.models.fit import known_facts, write_fit
from spatial_coagg.models.goodness import RSquared, r_squared, slopes_test
from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.least_squares import (
    Solution,
    label_solution,
    standardised_design,
)
from spatial_coagg.models.static_rows import StaticRows, check_identified, select_rows
from spatial_coagg.tables.panel import Panel

Components: TypeAlias = Literal["swamy-arora", "baltagi-chang"]


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Variances of the city effects and of the errors.

    Attributes
    ----------
    cities : float
        sigma_u^2.
    errors : float
        sigma_e^2.
    theta : ndarray of shape (N,)
        Share of each city's mean that is taken out.
    """

    cities: float
    errors: float
    theta: pd.Series

    @property
    def share_of_cities(self) -> float:
        """Share of the variance that lies between cities (rho of xtreg)."""
        return self.cities / (self.cities + self.errors)


@dataclass(frozen=True, slots=True, eq=False)
class RandomEffectsFit:
    """A regression with random effects of cities; it answers the `Fit` protocol.

    Attributes
    ----------
    outcome : str
    standard_errors : str
        Which covariance, in words.
    estimates : DataFrame
        Index: drivers, then ``"constant"``. Columns: estimate, standard_error,
        statistic (z), p_value, lower, upper.
    covariance : DataFrame of shape (K + 1, K + 1)
    components : VarianceComponents
    city_effects : Series
        Index ``city``: the predicted effects, shrunk towards zero.
    fitted, residuals : Series
        Index ``(city, year)``; `fitted` includes the city effects.
    explained : RSquared
        R2 within, between and overall as Stata's xtreg, re has them.
    slopes_test : HypothesisTest
        That all drivers' coefficients are zero; chi-squared.
    left_out : int
        Rows of the panel not used because a value is missing.
    """

    outcome: str
    standard_errors: str
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    components: VarianceComponents
    city_effects: pd.Series
    fitted: pd.Series
    residuals: pd.Series
    explained: RSquared
    slopes_test: HypothesisTest
    left_out: int

    def __str__(self) -> str:
        """Return title, estimates and facts as a short text."""
        return write_fit(self.title, self.estimates, self.facts)

    @property
    def title(self) -> str:
        """The model in a few words."""
        return "Random effects (city)"

    @property
    def slopes(self) -> pd.Series:
        """Coefficients of the drivers."""
        return self.estimates["estimate"].iloc[:-1]

    @property
    def facts(self) -> Mapping[str, float | int | str]:
        """What else is known, in the order to print it."""
        facts: dict[str, float | int | str] = {
            "observations": len(self.residuals),
            "cities": len(self.city_effects),
            "years": len(self.residuals.index.unique("year")),
            "r2_within": self.explained.within,
            "r2_between": self.explained.between,
            "r2_overall": self.explained.overall,
            "sigma_cities": float(np.sqrt(self.components.cities)),
            "sigma_errors": float(np.sqrt(self.components.errors)),
            "share_of_cities": self.components.share_of_cities,
            "wald": self.slopes_test.statistic,
            "wald_p": self.slopes_test.p_value,
            "standard_errors": self.standard_errors,
        }
        if self.left_out:
            facts["rows_left_out"] = self.left_out
        return known_facts(facts)


def fit_random_effects(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    covariance: CovarianceChoice = "clustered",
    components: Components = "swamy-arora",
) -> RandomEffectsFit:
    """Regress the outcome on the drivers with random effects of cities.

    Parameters
    ----------
    panel : Panel
        Gaps and missing values are allowed; rows without a value are left out.
    outcome : str
    drivers : sequence of str
        The K drivers; they need not vary within cities.
    covariance : str or DriscollKraay
        As in `fit_fixed_effects`, of the quasi-demeaned rows.
    components : {"swamy-arora", "baltagi-chang"}
        How the variances are estimated where cities differ in their number of years:
        with the harmonic mean of those numbers, as Stata's xtreg, re, gretl and
        linearmodels do, or by Baltagi and Chang's traces, as xtreg, re sa and plm's
        "swar" do. The same in a balanced panel.

    Returns
    -------
    RandomEffectsFit

    Raises
    ------
    MissingColumnError, SpatialCoaggError, EstimationError
        As `fit_fixed_effects`; also if there are too few cities or rows for the
        variances.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.

    Notes
    -----
    y_it = a + x_it b + u_i + e_it. Least squares of y_it - theta_i ybar_i on likewise
    transformed drivers, theta_i = 1 - (sigma_e^2 / (T_i sigma_u^2 + sigma_e^2))^(1/2)
    [1]_ [2]_. Tests use the normal law, as xtreg, re. Classical standard errors are
    those of xtreg, re, plm and gretl; clustered ones carry N / (N - 1) (R - 1) /
    (R - K - 1), which plm calls "sss".

    References
    ----------
    .. [1] Swamy, P. A. V. B. and Arora, S. S. (1972). The exact finite sample
       properties of the estimators of coefficients in the error components regression
       models. Econometrica 40, 261-275.
    .. [2] Baltagi, B. H. and Chang, Y.-J. (1994). Incomplete panels: a comparative
       study of alternative estimators for the unbalanced one-way error component
       regression model. Journal of Econometrics 62, 67-89.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.random_effects import fit_random_effects
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a"] * 3 + ["b"] * 3 + ["c"] * 3,
    ...         "year": [2004, 2005, 2006] * 3,
    ...         "theta": [1.0, 2.0, 4.0, 2.0, 3.0, 3.5, 5.0, 4.0, 6.0],
    ...         "patents": [2.1, 3.0, 5.2, 5.0, 6.1, 6.4, 9.9, 9.0, 11.1],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> fit = fit_random_effects(panel, "patents", ["theta"])
    >>> fit.estimates["estimate"].round(3).to_dict()
    {'theta': 1.04, 'constant': 2.897}
    """
    check_choice(components, ["swamy-arora", "baltagi-chang"], name="components")
    rows = select_rows(panel, outcome, drivers)
    check_identified(rows, "none")
    _check_components(rows)
    rule = covariance_rule(covariance, rows, "none")
    rule = replace(rule, degrees_of_freedom=None)
    design = standardised_design(rows)
    found = RandomEffects(design.outcome, design.drivers).fit(
        small_sample=components == "baltagi-chang", debiased=False, **rule.options
    )
    solution = label_solution(found.params, found.cov, rows, design, rule)
    variances = design.scales[0] ** 2 * found.variance_decomposition.to_numpy()[:2]
    theta = pd.Series(found.theta["theta"].to_numpy(), rows.cities, name="theta")
    estimated = VarianceComponents(float(variances[0]), float(variances[1]), theta)
    return _describe(rows, solution, estimated, rule)


def _check_components(rows: StaticRows) -> None:
    cities, drivers = len(rows.cities), len(rows.drivers)
    if cities <= drivers + 1:
        raise EstimationError(
            f"the variance between cities needs more than {drivers + 1} cities for "
            f"{drivers} drivers, and there are {cities}; use fewer drivers"
        )
    if len(rows.frame) <= cities + drivers:
        raise EstimationError(
            f"the variance within cities needs more than {cities + drivers} rows for "
            f"{cities} cities and {drivers} drivers, and there are {len(rows.frame)}"
        )


def _describe(
    rows: StaticRows,
    solution: Solution,
    components: VarianceComponents,
    rule: CovarianceRule,
) -> RandomEffectsFit:
    city = rows.groups.city
    predicted = rows.x @ solution.slopes + solution.constant
    sizes = np.bincount(city)
    # The best linear predictor: the mean residual, shrunk.
    shares = sizes * components.cities
    shrunk = shares / (shares + components.errors)
    effects = shrunk * group_means(rows.y - predicted, city)
    fitted = predicted + effects[city]
    index = rows.frame.index
    return RandomEffectsFit(
        outcome=rows.outcome,
        standard_errors=rule.name,
        estimates=solution.estimates,
        covariance=solution.covariance,
        components=components,
        city_effects=pd.Series(effects, rows.cities, name="city_effect"),
        fitted=pd.Series(fitted, index, name="fitted"),
        residuals=pd.Series(rows.y - fitted, index, name="residual"),
        explained=r_squared(rows, solution.slopes),
        slopes_test=slopes_test(
            solution.estimates, solution.covariance, rule.degrees_of_freedom
        ),
        left_out=rows.left_out,
    )
