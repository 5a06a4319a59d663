"""One-step, two-step and iterated GMM from accumulated moments."""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._gmm_inverse import Inverse, invert_outer, invert_symmetric
from spatial_coagg.models._gmm_moments import Equations, InstrumentMatrix

_LARGEST_CHANGE = 1e-12


@dataclass(frozen=True, slots=True)
class Problem:
    """What every step shares.

    Attributes
    ----------
    equations : Equations
    instruments : InstrumentMatrix
        Z.
    zx : ndarray of shape (J, K)
        Z'X.
    zy : ndarray of shape (J,)
        Z'y.
    spherical : ndarray of shape (J, J)
        The sum of Z_i' H Z_i, covariance of the moments under i.i.d. errors.
    """

    equations: Equations
    instruments: InstrumentMatrix
    zx: FloatArray
    zy: FloatArray
    spherical: FloatArray


@dataclass(frozen=True, slots=True)
class Step:
    """One step of GMM.

    Attributes
    ----------
    coefficients : ndarray of shape (K,)
    weight : Inverse
        A, the (J, J) weighting matrix, and its rank.
    uncorrected : ndarray of shape (K, K)
        (X'Z A Z'X)^-1: the two-step covariance, or the one-step one up to sigma2.
    robust : ndarray of shape (K, K)
        Clustered by city in one step, Windmeijer's (2005) afterwards.
    residuals : ndarray of shape (R, N)
    moments : ndarray of shape (J, N)
        Z_i' e_i of every city.
    """

    coefficients: FloatArray
    weight: Inverse
    uncorrected: FloatArray
    robust: FloatArray
    residuals: FloatArray
    moments: FloatArray

    @property
    def criterion(self) -> float:
        """(Z'e)' A (Z'e): Hansen's J where A is the efficient weight."""
        total = self.moments.sum(axis=1)
        return float(total @ self.weight.matrix @ total)


@dataclass(frozen=True, slots=True)
class Course:
    """The steps taken.

    Attributes
    ----------
    first : Step
        One-step GMM.
    previous : Step
        The step whose residuals made the weight of `efficient`.
    efficient : Step
        The last step: two-step or iterated GMM.
    steps : int
        How many there were, the first included.
    converged : bool
        Whether the last change was negligible; true where it was not asked.
    """

    first: Step
    previous: Step
    efficient: Step
    steps: int
    converged: bool


def pose_problem(
    equations: Equations, instruments: InstrumentMatrix, error_covariance: FloatArray
) -> Problem:
    """Accumulate the products over the equation rows; H is (R, R)."""
    return Problem(
        equations,
        instruments,
        instruments.cross(equations.x),
        instruments.cross(equations.y[..., None])[:, 0],
        instruments.weighting(error_covariance),
    )


def take_first_step(problem: Problem) -> Step:
    """Solve with the weight that is right for i.i.d. errors."""
    weight = invert_symmetric(problem.spherical)
    coefficients, uncorrected, projection = _solve(problem, weight.matrix)
    residuals = problem.equations.residuals(coefficients)
    moments = problem.instruments.city_moments(residuals)
    influence = projection @ moments
    return Step(
        coefficients,
        weight,
        uncorrected,
        influence @ influence.T,
        residuals,
        moments,
    )


def take_next_step(problem: Problem, previous: Step) -> Step:
    """Solve with the weight that the previous residuals imply.

    The robust covariance is V + D V + V D' + D V1 D' with D the derivative of the
    estimate with respect to the previous one (Windmeijer 2005, equation 3.3).
    """
    weight = invert_outer(previous.moments)
    coefficients, uncorrected, projection = _solve(problem, weight.matrix)
    residuals = problem.equations.residuals(coefficients)
    moments = problem.instruments.city_moments(residuals)
    weighted = weight.matrix @ moments.sum(axis=1)
    scores = weighted @ previous.moments
    x = problem.equations.x
    through = problem.instruments.cross(x * scores[:, None])
    through += previous.moments @ problem.instruments.project(weighted, x)
    slope = projection @ through
    shift = slope @ uncorrected
    robust = uncorrected + shift + shift.T + slope @ previous.robust @ slope.T
    return Step(coefficients, weight, uncorrected, robust, residuals, moments)


def run_steps(problem: Problem, *, most_steps: int) -> Course:
    """Take the first step, the second, and so on until the coefficients stand still.

    With `most_steps` of 2 there is nothing to wait for.
    """
    first = take_first_step(problem)
    previous, last = first, take_next_step(problem, first)
    if most_steps == 2:
        return Course(first, previous, last, 2, converged=True)
    for steps in range(2, most_steps + 1):
        change = np.abs(last.coefficients - previous.coefficients)
        if (change <= _LARGEST_CHANGE * np.maximum(1, np.abs(last.coefficients))).all():
            return Course(first, previous, last, steps, converged=True)
        if steps < most_steps:
            previous, last = last, take_next_step(problem, last)
    return Course(first, previous, last, most_steps, converged=False)


def _solve(
    problem: Problem, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return b, (X'Z A Z'X)^-1 and the (K, J) matrix that takes Z'y to b."""
    half = problem.zx.T @ weight
    uncorrected = invert_symmetric(half @ problem.zx).matrix
    projection = uncorrected @ half
    return projection @ problem.zy, uncorrected, projection
