"""Specification tests of a dynamic model: serial correlation and instruments."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from spatial_coagg._typing import BoolArray, FloatArray
from spatial_coagg.models._gmm_estimation import Course, Problem, Step
from spatial_coagg.models._gmm_inverse import invert_outer, invert_symmetric, rank_of


@dataclass(frozen=True, slots=True)
class Differences:
    """The model in first differences, whatever transformation was estimated.

    Attributes
    ----------
    residuals : ndarray of shape (T, N)
        Zero where there is none.
    x : ndarray of shape (T, N, K)
    present : ndarray of bool, shape (T, N)
        Where there is a residual.
    """

    residuals: FloatArray
    x: FloatArray
    present: BoolArray


@dataclass(frozen=True, slots=True)
class SphericalErrors:
    """What replaces the observed residuals when the errors are taken as i.i.d.

    Attributes
    ----------
    sigma2 : float
    of_differences : ndarray of shape (T, T)
        Covariance of the differenced errors, up to sigma2.
    with_equations : ndarray of shape (T, R)
        Their covariance with the errors of the equation rows, up to sigma2.
    """

    sigma2: float
    of_differences: FloatArray
    with_equations: FloatArray


def serial_correlation(
    order: int,
    differences: Differences,
    problem: Problem,
    step: Step,
    covariance: FloatArray,
    spherical: SphericalErrors | None,
) -> float:
    """Return the z statistic of Arellano and Bond (1991, equation 8), or nan.

    `covariance` is the reported one of the coefficients, shape (K, K); the two-step
    or one-step influence of the coefficients enters through `step`.
    """
    now, before = differences.residuals, np.zeros_like(differences.residuals)
    before[order:] = now[:-order]
    products = (now * before).sum(axis=0)
    if not products.any():
        return float("nan")
    if spherical is None:
        variance = float(products @ products)
        moments = step.moments @ products
    else:
        lagged = before * differences.present
        variance = spherical.sigma2 * float(
            (lagged * (spherical.of_differences @ lagged)).sum()
        )
        implied = spherical.with_equations.T @ lagged
        moments = spherical.sigma2 * problem.instruments.city_moments(implied).sum(1)
    gradient = np.einsum("tn,tnk->k", before, differences.x)
    influence = step.uncorrected @ (problem.zx.T @ (step.weight.matrix @ moments))
    variance += float(gradient @ (covariance @ gradient - 2 * influence))
    return float(products.sum() / np.sqrt(variance)) if variance > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Subset:
    """Hansen's test without one group of instruments.

    Attributes
    ----------
    statistic : float
        J of the remaining instruments.
    left_out : int
        Degrees of freedom of the group.
    """

    statistic: float
    left_out: int


def leave_out(kept: BoolArray, problem: Problem, course: Course) -> Subset | None:
    """Re-estimate with the `kept` (J,) instruments and the same sub-matrix of S.

    None where the rest cannot identify the model, or nothing was left out.
    """
    rank = course.first.weight.rank
    coefficients = problem.zx.shape[1]
    others = int(kept.sum())
    if others == 0:
        return None
    if not course.first.weight.is_exact:
        others = rank_of(problem.spherical[np.ix_(kept, kept)])
    if others < coefficients or others >= rank:
        return None
    zx, zy = problem.zx[kept], problem.zy[kept]
    weight = invert_outer(course.previous.moments[kept]).matrix
    half = zx.T @ weight
    bread = invert_symmetric(half @ zx)
    if not bread.is_exact:
        return None
    moments = zy - zx @ (bread.matrix @ (half @ zy))
    return Subset(float(moments @ weight @ moments), rank - others)


def upper_tail(statistic: float, degrees: int) -> float:
    """Return the chi-squared p-value, nan without degrees of freedom.

    A difference of two tests may come out negative: then it is 1.
    """
    if degrees <= 0:
        return float("nan")
    return float(special.chdtrc(degrees, max(statistic, 0.0)))
