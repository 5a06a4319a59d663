"""Lagrange multiplier tests of whether a spatial lag or error was left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects
from spatial_coagg.checks import check_choice, check_is_list, warn_user
from spatial_coagg.errors import InferenceWarning, WeightsError
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.models._spatial_random import RandomLikelihood, RandomSolution
from spatial_coagg.models._spatial_random_tests import random_scores
from spatial_coagg.models._spatial_tests import (
    LeastSquares,
    Scores,
    conditional_statistic,
)
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.spatial_plan import (
    FIXED_EFFECTS,
    SpatialPlan,
    Weights,
    build_likelihood,
    check_some_spill,
    count_uneven,
    read_plan,
)
from spatial_coagg.models.spatial_random import (
    RandomError,
    check_random_columns,
    check_random_error,
    random_likelihood,
)
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_columns,
    check_observations,
)
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._matrix import SparseMatrix

Convention: TypeAlias = Literal["elhorst", "debarsy-ertur"]
Side: TypeAlias = Literal["lag", "error"]
SIDES: tuple[Side, ...] = ("lag", "error")
_GIVEN: Mapping[Side, str] = {
    "lag": "no spatial lag, given the spatial error",
    "error": "no spatial error, given the spatial lag",
}


@dataclass(frozen=True, slots=True, eq=False)
class LagrangeMultiplierTests:
    """Tests of a regression without spatial lag and error against models with them.

    Attributes
    ----------
    effects : {"none", "city", "year", "city-year", "random"}
    convention : {"elhorst", "debarsy-ertur"}
    lag, error : HypothesisTest
        That rho is zero if lambda is, and that lambda is zero if rho is.
    robust_lag, robust_error : HypothesisTest
        The same where the other one is near zero but unknown.
    joint : HypothesisTest
        That both are zero (two degrees of freedom).
    lag_given_error, error_given_lag : HypothesisTest or None
        The same where the other one is estimated; only with ``conditional=True``.
    """

    effects: Effects | Literal["random"]
    convention: Convention
    lag: HypothesisTest
    error: HypothesisTest
    robust_lag: HypothesisTest
    robust_error: HypothesisTest
    joint: HypothesisTest
    lag_given_error: HypothesisTest | None
    error_given_lag: HypothesisTest | None

    @property
    def frame(self) -> pd.DataFrame:
        """Index: lag, error, robust_lag ...; columns statistic, df and p_value."""
        names = [
            "lag", "error", "robust_lag", "robust_error", "joint", "lag_given_error",
            "error_given_lag",
        ]  # fmt: skip
        found = {name: getattr(self, name) for name in names}
        rows = {
            name: (test.statistic, test.degrees, test.p_value)
            for name, test in found.items()
            if test is not None
        }
        columns = ["statistic", "df", "p_value"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return frame.rename_axis("test")


def lagrange_multiplier_tests(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    effects: Effects | Literal["random"] = "city-year",
    random_error: RandomError = "baltagi",
    spillovers: Sequence[str] = (),
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    convention: Convention = "elhorst",
    conditional: bool = False,
) -> LagrangeMultiplierTests:
    r"""Test least squares for a spatial lag and a spatial error that were left out.

    Parameters
    ----------
    panel : Panel
        Every city in every year; one year is a cross-section (effects ``"none"``).
    weights : Graph or libpysal.weights.W
        W of the lag, of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
    effects : {"none", "city", "year", "city-year", "random"}
        ``"random"``: of the cities, estimated by maximum likelihood.
    random_error : {"baltagi", "kapoor-kelejian-prucha"}
        With random effects: whether, in the error that is tested for, the noise alone
        spills over or the city effects too.
    spillovers : sequence of str
        Drivers whose W x is in the regression that is tested; none by default.
    error_weights, spillover_weights : Graph or W, optional
        Of the error and of the W x; `weights` by default.
    convention : {"elhorst", "debarsy-ertur"}
        ``"elhorst"``: as though the swept data were N T observations. ``"debarsy-
        ertur"``: of the N (T - 1), (N - 1) T or (N - 1)(T - 1) observations that an
        orthonormal transformation of the effects leaves; with year effects every row
        of W must sum to one. They agree without effects and with random ones.
    conditional : bool
        Whether to test, too, for each one where the other is estimated by maximum
        likelihood.

    Returns
    -------
    LagrangeMultiplierTests

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    WeightsError
        If a row of W does not sum to one where it must.
    EstimationError
        If a coefficient is not identified (named), or there are too few observations.

    Warns
    -----
    InferenceWarning
        If the variance of random city effects is estimated as zero.

    Notes
    -----
    With least-squares residuals e of swept data, s2 = e'e / n and T_w = tr(W W + W'W)
    for each of the T years:

    .. math:: LM_\rho = \frac{(e'Wy/s^2)^2}{J}, \quad
              LM_\lambda = \frac{(e'We/s^2)^2}{T\,T_w}, \quad
              J = \frac{(WXb)'M(WXb)}{s^2} + T\,T_w

    robust forms LM_rho* = (e'Wy/s2 - e'We/s2)^2 / (J - T T_w) and LM_lambda* =
    (e'We/s2 - T T_w / J e'Wy/s2)^2 / (T T_w (1 - T T_w / J)), joint test LM_lambda +
    LM_rho* [1]_, [2]_; with different weights for lag and error the general form of
    the same scores and information. ``"elhorst"`` is Elhorst's ``LMsarsem_panel`` and
    splm's ``slmtest``, at T = 1 spdep's ``lm.LMtests`` (spreg's panel tests divide e'e
    by n - K). ``"debarsy-ertur"`` [3]_ is their ``lm_f_sar``, ``lm_f_err``,
    ``lm_f_joint``; with `conditional` their ``lm_f_err_c`` (a lag given the error) and
    ``lm_f_sar_c`` (an error given the lag), extended to year effects.

    With random effects scores and expected information are those of the likelihood of
    :func:`fit_spatial_random`, at its maximum without rho and lambda; `error` is then
    ``error_given_city`` of :func:`error_component_tests`, squared.

    With year effects the plain score is biased towards a negative rho. Of simulated
    panels without any influence of neighbours, ``"elhorst"`` with both effects rejects
    7 to 10 % at the 5 % level where there are 49 cities and six years, 5 to 7 % with
    281 and sixteen; ``"debarsy-ertur"`` 4 to 5 % in both, and finds a small rho or
    lambda more often (benchmarks/bench_spatial_tests.py).

    Where W y-hat is a combination of the regressors - groups of equal size whose
    members are all neighbours, and every driver's W x in the regression - rho and
    lambda have the same score: which of them was left out cannot be told locally, and
    robust and joint tests are nan.

    References
    ----------
    .. [1] Anselin, L., Bera, A., Florax, R., and Yoon, M. (1996). Simple diagnostic
       tests for spatial dependence. Regional Science and Urban Economics 26, 77-104.
    .. [2] Elhorst, J. P. (2010). Applied spatial econometrics: raising the bar.
       Spatial Economic Analysis 5, 9-28.
    .. [3] Debarsy, N., and Ertur, C. (2010). Testing for spatial autocorrelation in a
       fixed effects panel data model. Regional Science and Urban Economics 40, 453-470.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, lagrange_multiplier_tests
    >>> from spatial_coagg import load_example, load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> tests = lagrange_multiplier_tests(panel, weights, "ln_cr", ["ln_theta"])
    >>> list(tests.frame.index), tests.lag.p_value < 0.001
    (['lag', 'error', 'robust_lag', 'robust_error', 'joint'], True)
    """
    check_choice(convention, ("elhorst", "debarsy-ertur"), name="convention")
    check_choice(effects, (*FIXED_EFFECTS, "random"), name="effects")
    check_random_error(random_error, effects)
    check_is_list(spillovers, name="spillovers")
    check_some_spill(spillovers, spillover_weights)
    fixed: Effects = "none" if effects == "random" else effects
    plan = read_plan("gns", fixed, drivers, spillovers)
    matrices = WeightMatrices.of(panel).terms(
        weights, error_weights=error_weights, spillover_weights=spillover_weights
    )
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=plan.spillovers,
        spillover_weights=matrices.spillover, constant=fixed == "none",
    )  # fmt: skip
    own, error = matrices.lag, matrices.error
    if effects == "random":
        random = _RandomTested.of(rows, outcome, own, error, random_error)
        scores, given = random.scores(), random.conditional() if conditional else {}
    else:
        tested = _Tested(rows, outcome, plan, own, error, convention)
        scores, given = tested.scores(), tested.conditional() if conditional else {}
    tests = {
        side: chi_squared_test(_GIVEN[side], statistic, 1)
        for side, statistic in given.items()
    }
    return LagrangeMultiplierTests(
        effects=effects,
        convention=convention,
        lag=chi_squared_test("no spatial lag", scores.alone(0), 1),
        error=chi_squared_test("no spatial error", scores.alone(1), 1),
        robust_lag=chi_squared_test(
            "no spatial lag, whatever the error", scores.robust(0), 1
        ),
        robust_error=chi_squared_test(
            "no spatial error, whatever the lag", scores.robust(1), 1
        ),
        joint=chi_squared_test("neither spatial lag nor error", scores.joint(), 2),
        lag_given_error=tests.get("lag"),
        error_given_lag=tests.get("error"),
    )


@dataclass(frozen=True, slots=True)
class _Tested:
    """A regression and what it is tested against."""

    rows: SpatialRows
    outcome: str
    plan: SpatialPlan
    own: SparseMatrix
    error: SparseMatrix
    convention: Convention

    @property
    def transformed(self) -> bool:
        return self.convention == "debarsy-ertur"

    def scores(self) -> Scores:
        """Return those of rho and lambda where both are zero."""
        years, cities = self.rows.y.shape
        if self.transformed:
            self._check_transformable()
            years, cities = years - self.plan.by_city, cities - self.plan.by_year
        check_observations(self.rows, self.plan.effects, beside=("rho", "lambda"))
        outcome = self.rows.y[:, :, None]
        columns = np.concatenate([outcome, lag(outcome, self.own), self.rows.z], axis=2)
        moments = SpatialMoments.of(
            columns, None, by_city=self.plan.by_city, by_year=self.plan.by_year
        )
        check_columns(
            moments.swept(0.0), self.rows, self.outcome, self.plan.effects,
            has_lag=False,
        )  # fmt: skip
        null = LeastSquares(moments, years, cities, projected=self.transformed)
        return null.scores(self.own, self.error)

    def _check_transformable(self) -> None:
        if self.plan.by_year and count_uneven([self.own, self.error]):
            raise WeightsError(
                "rows of the weights do not sum to one (cities without neighbours or "
                "another normalisation), so year effects cannot be transformed away; "
                'use convention="elhorst", or weights with transform="row" and '
                'islands="nearest"'
            )

    def conditional(self) -> dict[Side, float]:
        """Return the statistic of each where the other one is estimated."""
        both = SpatialPlan("sac", self.plan.effects, ())
        correction: Literal["transform", "none"]
        correction = "transform" if self.transformed else "none"
        likelihood = build_likelihood(self.rows, both, self.own, self.error, correction)
        return {
            side: conditional_statistic(
                likelihood, self.own, self.error, tested=side,
                projected=self.transformed,
            )
            for side in SIDES
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _RandomTested:
    """A regression with random city effects, and the likelihood of all that is tested.

    Attributes
    ----------
    rows : SpatialRows
    likelihood : RandomLikelihood
        With a lag and an error.
    own : sparse array
    """

    rows: SpatialRows
    likelihood: RandomLikelihood
    own: SparseMatrix

    @classmethod
    def of(
        cls,
        rows: SpatialRows,
        outcome: str,
        own: SparseMatrix,
        error: SparseMatrix,
        form: RandomError,
    ) -> "_RandomTested":
        """Build the likelihood."""
        likelihood = random_likelihood(rows, "sac", form, own, error, serial=False)
        check_random_columns(likelihood.columns, rows, outcome, has_lag=False)
        return cls(rows, likelihood, own)

    def scores(self) -> Scores:
        """Return those of rho and lambda where both are zero."""
        found = self._restricted(())
        if found.point.phi == 0:
            warn_user(
                'phi = 0: these data show no random city effects; effects="none" tests '
                "the same with less",
                InferenceWarning,
            )
        return random_scores(self.likelihood, found, self.own)

    def conditional(self) -> dict[Side, float]:
        """Return the statistic of each where the other one is estimated."""
        lag_given, error_given = (
            random_scores(self.likelihood, self._restricted(kept), self.own)
            for kept in (("error",), ("lag",))
        )
        return {"lag": lag_given.robust(0), "error": error_given.robust(1)}

    def _restricted(self, kept: Sequence[Side]) -> RandomSolution:
        """Estimate without what is tested."""
        free = tuple(
            name for name in self.likelihood.free if name != "error" or name in kept
        )
        whole = self.likelihood
        alone = replace(
            whole,
            lag=whole.lag if "lag" in kept else None,
            error=whole.error if "error" in kept else None,
            matrix=whole.matrix if "error" in kept else None,
            form=whole.form if "error" in kept else "none",
            free=free,
            _still=[],
            _products=[],
        )
        return alone.maximise()
