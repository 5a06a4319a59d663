"""A solved dynamic model, and the tables and tests that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from spatial_coagg._typing import BoolArray, FloatArray
from spatial_coagg.models._gmm_bounds import fit_pooled_slopes, fit_within_slopes
from spatial_coagg.models._gmm_estimation import Course, Problem, Step
from spatial_coagg.models._gmm_inverse import invert_symmetric
from spatial_coagg.models._gmm_tests import (
    SphericalErrors,
    leave_out,
    serial_correlation,
    upper_tail,
)
from spatial_coagg.models._gmm_transform import (
    deviation_matrix,
    difference_matrix,
    error_covariance,
)
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.gmm_result import InstrumentTest, LagBounds, WaldTest
from spatial_coagg.models.gmm_rows import CONSTANT, Rows

LEVEL_INSTRUMENTS = "gmm for the level equation"


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A dynamic model and the steps that solved it.

    Attributes
    ----------
    rows : Rows
    problem : Problem
    course : Course
    method : GmmMethod
    """

    rows: Rows
    problem: Problem
    course: Course
    method: GmmMethod

    @property
    def step(self) -> Step:
        """The step that is reported."""
        one = self.method.steps == "one-step"
        return self.course.first if one else self.course.efficient

    @property
    def counted(self) -> BoolArray:
        """The rows (T, N) that count as observations: level rows in a system."""
        return self.problem.equations.used[-self.problem.equations.years :]

    @property
    def observations(self) -> int:
        """Number of rows that count as observations."""
        return int(self.counted.sum())

    @property
    def cities(self) -> int:
        """Number of cities with an observation."""
        return int(self.counted.any(axis=0).sum())

    @property
    def _sigma_rows(self) -> slice:
        years = self.problem.equations.years
        if self.method.is_system and self.method.weighting == 1:
            return slice(years, None)
        return slice(years)

    @property
    def sigma_observations(self) -> int:
        """Number of rows from which sigma2 is computed."""
        return int(self.problem.equations.used[self._sigma_rows].sum())

    def sigma2(self, step: Step) -> float:
        """Return the error variance; a differenced error has twice that."""
        residuals = step.residuals[self._sigma_rows]
        halves = self.method.uses_deviations or self.method.weighting == 1
        total = float(np.square(residuals).sum())
        return total / (1 if halves else 2) / self.sigma_observations

    @property
    def covariance(self) -> FloatArray:
        """Covariance (K, K) before any correction for few cities."""
        if self.method.covariance == "robust":
            return self.step.robust
        scale = self.sigma2(self.step) if self.method.is_spherical else 1.0
        return self.step.uncorrected * scale

    @property
    def small_factor(self) -> float:
        """Correction of the covariance for few cities, 1 where not asked for."""
        coefficients = len(self.rows.labels)
        if not self.method.small:
            return 1.0
        if self.method.is_spherical:
            return self.sigma_observations / (self.sigma_observations - coefficients)
        rows = (self.observations - 1) / (self.observations - coefficients)
        return rows * self.cities / (self.cities - 1)

    @property
    def reported_sigma2(self) -> float:
        """Error variance of the reported step, corrected where that was asked for."""
        rows = self.sigma_observations
        small = rows / (rows - len(self.rows.labels)) if self.method.small else 1.0
        return self.sigma2(self.step) * small

    @property
    def residual_degrees(self) -> int | None:
        """Degrees of freedom of t and F, None where the normal law is used."""
        if not self.method.small:
            return None
        constant = CONSTANT in self.rows.labels
        if self.method.is_spherical:
            return self.observations - len(self.rows.labels)
        return self.cities - constant


def build_error_covariance(years: int, method: GmmMethod) -> FloatArray:
    """Return H (R, R) of the method."""
    matrix = deviation_matrix if method.uses_deviations else difference_matrix
    return error_covariance(
        matrix(years), weighting=method.weighting, system=method.is_system
    )


def tabulate_serial_correlation(solution: Solution, orders: int) -> pd.DataFrame:
    """Return the z statistic and p-value of each order, index ``order``."""
    differences = solution.rows.differences(
        solution.step.coefficients, solution.step.residuals, solution.method
    )
    spherical = _spherical_errors(solution) if solution.method.is_spherical else None
    numbers = range(1, orders + 1)
    statistics = np.array(
        [
            serial_correlation(
                order,
                differences,
                solution.problem,
                solution.step,
                solution.covariance,
                spherical,
            )
            for order in numbers
        ]
    )
    return pd.DataFrame(
        {"statistic": statistics, "p_value": 2 * special.ndtr(-np.abs(statistics))},
        index=pd.Index(numbers, name="order"),
    )


def compute_sargan(solution: Solution) -> InstrumentTest:
    """Return Sargan's test, from one-step residuals."""
    first = solution.course.first
    return _instrument_test(solution, first.criterion / solution.sigma2(first))


def compute_hansen(solution: Solution) -> InstrumentTest:
    """Return Hansen's test, from the efficient step."""
    return _instrument_test(solution, solution.course.efficient.criterion)


def tabulate_differences(
    solution: Solution, labels: Sequence[str], hansen: float
) -> pd.DataFrame:
    """Return the difference-in-Hansen test of each instrument group."""
    instruments = solution.problem.instruments
    kept = {label: instruments.group != number for number, label in enumerate(labels)}
    if solution.method.is_system:
        kept[LEVEL_INSTRUMENTS] = ~instruments.level_only
    coefficients = len(solution.rows.labels)
    degrees = solution.course.first.weight.rank - coefficients
    records = {}
    for label, columns in kept.items():
        rest = leave_out(columns, solution.problem, solution.course)
        if rest is None:
            continue
        remaining = degrees - rest.left_out
        records[label] = (
            rest.statistic,
            remaining,
            upper_tail(rest.statistic, remaining),
            hansen - rest.statistic,
            rest.left_out,
            upper_tail(hansen - rest.statistic, rest.left_out),
        )
    columns = (
        "excluded_statistic",
        "excluded_degrees",
        "excluded_p_value",
        "statistic",
        "degrees",
        "p_value",
    )
    table = pd.DataFrame.from_dict(records, orient="index", columns=list(columns))
    return table.rename_axis("group")


def compute_wald(solution: Solution, *, with_constant: bool) -> WaldTest:
    """Return the Wald test; the degrees of freedom never count the constant."""
    labels = np.array(solution.rows.labels)
    tested = np.ones(len(labels), bool) if with_constant else labels != CONSTANT
    degrees = int((labels != CONSTANT).sum())
    coefficients = solution.step.coefficients[tested]
    covariance = solution.covariance * solution.small_factor
    inverse = invert_symmetric(covariance[np.ix_(tested, tested)]).matrix
    statistic = float(coefficients @ inverse @ coefficients)
    residual = solution.residual_degrees
    if residual is None:
        return WaldTest(statistic, degrees, None, upper_tail(statistic, degrees))
    statistic /= degrees
    p_value = float(special.fdtrc(degrees, residual, statistic))
    return WaldTest(statistic, degrees, residual, p_value)


def tabulate_long_run(
    solution: Solution, outcome_lags: Sequence[str], families: dict[str, list[str]]
) -> pd.DataFrame:
    """Return the sum of each driver's coefficients over 1 less the outcome's.

    `families` holds the labels of each driver and its lags. With s the sum of a
    family, a that of the outcome's lags, the gradient is 1 / (1 - a) for the family and
    s / (1 - a)^2 for the lags.
    """
    labels = list(solution.rows.labels)
    values = dict(zip(labels, solution.step.coefficients, strict=True))
    remainder = 1 - sum(values[lag] for lag in outcome_lags)
    gradient = np.zeros((len(families), len(labels)))
    effects = np.zeros(len(families))
    for row, family in enumerate(families.values()):
        effects[row] = sum(values[label] for label in family) / remainder
        gradient[row, [labels.index(label) for label in family]] = 1 / remainder
        gradient[row, [labels.index(lag) for lag in outcome_lags]] = (
            effects[row] / remainder
        )
    covariance = gradient @ (solution.covariance * solution.small_factor) @ gradient.T
    return tabulate_estimates(
        list(families),
        effects,
        covariance,
        degrees_of_freedom=solution.residual_degrees,
    )


def compute_lag_bounds(solution: Solution, label: str) -> LagBounds | None:
    """Return the within and pooled estimates around the GMM one."""
    if label not in solution.rows.labels:
        return None
    position = solution.rows.labels.index(label)
    rows = solution.rows
    within = fit_within_slopes(rows.y, rows.x, rows.complete)
    pooled = fit_pooled_slopes(rows.y, rows.x, rows.complete)
    return LagBounds(
        float(within[position]),
        float(solution.step.coefficients[position]),
        float(pooled[position]),
    )


def _spherical_errors(solution: Solution) -> SphericalErrors:
    years = solution.problem.equations.years
    changes = difference_matrix(years)
    if solution.method.weighting == 1:
        changes = np.eye(years)
    return SphericalErrors(
        solution.sigma2(solution.course.first),
        changes @ changes.T,
        build_error_covariance(years, solution.method)[:years],
    )


def _instrument_test(solution: Solution, statistic: float) -> InstrumentTest:
    degrees = solution.course.first.weight.rank - len(solution.rows.labels)
    return InstrumentTest(statistic, degrees, upper_tail(statistic, degrees))
