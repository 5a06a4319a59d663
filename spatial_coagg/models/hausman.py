"""Hausman's test of whether the city effects may be treated as random."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from linearmodels.panel import PanelOLS

from spatial_coagg.checks import check_choice, warn_user
from spatial_coagg.errors import InferenceWarning
from spatial_coagg.models._static_sweep import group_means
from spatial_coagg.models.covariances import CovarianceChoice, covariance_rule
from spatial_coagg.models.fixed_effects import FixedEffectsFit, fit_fixed_effects
from spatial_coagg.models.goodness import wald_statistic
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.least_squares import repaired_covariance, standardised_design
from spatial_coagg.models.random_effects import (
    Components,
    RandomEffectsFit,
    fit_random_effects,
)
from spatial_coagg.models.static_rows import StaticRows, select_rows
from spatial_coagg.tables.panel import Panel

HausmanMethod: TypeAlias = Literal["mundlak", "classical"]
HYPOTHESIS = "the city effects are unrelated to the drivers"


@dataclass(frozen=True, slots=True, eq=False)
class HausmanTest:
    """Whether fixed and random effects estimate the same slopes.

    Attributes
    ----------
    test : HypothesisTest
        Chi-squared, one degree of freedom for each driver.
    method : {"mundlak", "classical"}
    standard_errors : str
        Which covariance, in words.
    comparison : DataFrame
        Index: drivers. Columns: fixed, random, difference.
    positive_definite : bool
        Whether the variance of the difference is; the classical statistic means
        nothing where it is not. Always true for ``"mundlak"``.
    """

    test: HypothesisTest
    method: HausmanMethod
    standard_errors: str
    comparison: pd.DataFrame
    positive_definite: bool

    @property
    def statistic(self) -> float:
        """Chi-squared."""
        return self.test.statistic

    @property
    def degrees(self) -> int:
        """Number of drivers compared."""
        return int(self.test.degrees or 0)

    @property
    def p_value(self) -> float:
        """Probability of such a difference if the hypothesis holds."""
        return self.test.p_value

    def __str__(self) -> str:
        """Return the hypothesis, the statistic and the p-value."""
        return str(self.test)


def hausman_test(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    method: HausmanMethod = "mundlak",
    covariance: CovarianceChoice = "clustered",
    components: Components = "swamy-arora",
) -> HausmanTest:
    """Test whether fixed and random effects of cities estimate the same slopes.

    A small p-value speaks for fixed effects.

    Parameters
    ----------
    panel : Panel
    outcome : str
    drivers : sequence of str
        Each must vary within cities.
    method : {"mundlak", "classical"}
        ``"mundlak"`` adds the drivers' deviations from their city means to the random
        effects regression and tests that their coefficients are zero; it is always
        defined and may be robust. ``"classical"`` is Hausman's quadratic form.
    covariance : str or DriscollKraay
        Of the auxiliary regression; the classical method has its own.
    components : {"swamy-arora", "baltagi-chang"}
        As in `fit_random_effects`.

    Returns
    -------
    HausmanTest

    Raises
    ------
    MissingColumnError, SpatialCoaggError, EstimationError
        As `fit_fixed_effects`.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.
    InferenceWarning
        If the classical difference of variances is not positive definite.

    Notes
    -----
    Mundlak [1]_: y*_it on x*_it and x_it - xbar_i, where * takes out theta_i times the
    city mean; the Wald test of the second group is plm's ``phtest(method = "aux")``,
    and with standard errors clustered by city its ``vcovHC(type = "sss")`` version.
    Classical [2]_: d'(V_FE - V_RE)^-1 d with the two models' own error variances, as
    Stata's ``hausman fe re`` and plm's phtest.

    References
    ----------
    .. [1] Mundlak, Y. (1978). On the pooling of time series and cross section data.
       Econometrica 46, 69-85.
    .. [2] Hausman, J. A. (1978). Specification tests in econometrics. Econometrica 46,
       1251-1271.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.hausman import hausman_test
    >>> rng = np.random.default_rng(1)
    >>> keys = pd.MultiIndex.from_product(
    ...     [[f"{i:02d}" for i in range(30)], range(2004, 2010)], names=["city", "year"]
    ... )
    >>> city = np.repeat(rng.normal(size=30), 6)
    >>> theta = city + rng.normal(size=180)
    >>> rows = pd.DataFrame({"theta": theta, "patents": theta + 2 * city}, keys)
    >>> rows["patents"] += rng.normal(size=180)
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> print(hausman_test(panel, "patents", ["theta"]))
    the city effects are unrelated to the drivers: chi2(1) = 98.141, p < 0.001
    """
    check_choice(method, ["mundlak", "classical"], name="method")
    rows = select_rows(panel, outcome, drivers)
    complete = Panel(rows.frame)
    fixed = fit_fixed_effects(complete, outcome, drivers, covariance="classical")
    random = fit_random_effects(
        complete, outcome, drivers, covariance="classical", components=components
    )
    comparison = pd.DataFrame({"fixed": fixed.slopes, "random": random.slopes})
    comparison["difference"] = comparison["fixed"] - comparison["random"]
    if method == "classical":
        return _classical(fixed, random, comparison)
    return _mundlak(rows, random.components.theta, covariance, comparison)


def _classical(
    fixed: FixedEffectsFit, random: RandomEffectsFit, comparison: pd.DataFrame
) -> HausmanTest:
    difference = comparison["difference"].to_numpy()
    variances = fixed.covariance.to_numpy() - random.covariance.to_numpy()
    variances = variances[:-1, :-1]
    # In units of the fixed effects' errors, so that the verdict ignores units.
    unit = fixed.estimates["standard_error"].to_numpy()[:-1]
    scaled = variances / np.outer(unit, unit)
    positive = bool(np.linalg.eigvalsh(scaled)[0] > 0)
    if not positive:
        warn_user(
            "the variance of the difference between fixed and random effects is not "
            "positive definite, so the classical Hausman statistic means little; use "
            "method='mundlak'",
            InferenceWarning,
        )
    ratio = difference / unit
    statistic = float(ratio @ np.linalg.pinv(scaled, hermitian=True) @ ratio)
    test = chi_squared_test(HYPOTHESIS, statistic, len(difference))
    return HausmanTest(test, "classical", "classical", comparison, positive)


def _mundlak(
    rows: StaticRows,
    theta: pd.Series,
    covariance: CovarianceChoice,
    comparison: pd.DataFrame,
) -> HausmanTest:
    count = len(rows.drivers)
    rule = covariance_rule(covariance, rows, "none", slopes=2 * count)
    design = standardised_design(rows)
    city = rows.groups.city
    share = theta.to_numpy()[city, None]
    outcome, drivers = design.outcome.to_numpy(), design.drivers.to_numpy()
    means = group_means(drivers, city)[city]
    # The first column of the drivers is the constant, which does not vary.
    columns = np.hstack([drivers - share * means, (drivers - means)[:, 1:]])
    index = design.outcome.index
    found = PanelOLS(
        pd.DataFrame(outcome - share * group_means(outcome, city)[city], index),
        pd.DataFrame(columns, index, [f"x{k}" for k in range(2 * count + 1)]),
        check_rank=False,
    ).fit(debiased=False, auto_df=False, count_effects=False, **rule.options)
    added = repaired_covariance(rule.factor * found.cov.to_numpy())[-count:, -count:]
    statistic, rank = wald_statistic(found.params.to_numpy()[-count:], added)
    test = chi_squared_test(HYPOTHESIS, statistic, rank)
    return HausmanTest(test, "mundlak", rule.name, comparison, positive_definite=True)
