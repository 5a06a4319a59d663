"""Moments of a spatially autocorrelated error (Kelejian and Prucha 1999; KKP 2007).

With e = u - lambda W u, the three moments of e'e, (We)'(We) and e'(We) are quadratic in
lambda and linear in the variances, so that the best lambda is a root of a cubic.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_likelihood import EDGE, FAR
from spatial_coagg.weights._matrix import SparseMatrix

MomentWeights: TypeAlias = Literal["unweighted", "weighted", "fully-weighted"]
# Eigenvalue of the moments' correlation below which they depend on each other.
DEPENDENT = 1e-9


@dataclass(frozen=True, slots=True)
class ErrorMoments:
    """g = G (lambda, lambda^2, variances) of one or two blocks of three moments.

    Attributes
    ----------
    known : array of shape (M,)
    linear, square : array of shape (M,)
    variances : array of shape (M, V)
    """

    known: FloatArray
    linear: FloatArray
    square: FloatArray
    variances: FloatArray


@dataclass(frozen=True, slots=True)
class ErrorComponents:
    """lambda, the noise's variance and sigma_1^2 (that plus T sigma_mu^2)."""

    error: float
    noise: float
    between: float
    at_bound: bool = False


def three_moments(
    residuals: FloatArray, matrix: SparseMatrix, *, blocks: int, by_year: bool
) -> ErrorMoments:
    """Return the moments of residuals of shape (T, N).

    Parameters
    ----------
    blocks : int
        T, or T - 1 where the means over the years are swept out.
    by_year : bool
        Whether the means over the cities are; then W e is swept likewise, and the
        traces are those of what is left.
    """
    once = _lagged(residuals, matrix, by_year=by_year)
    twice = _lagged(once, matrix, by_year=by_year)
    cities = residuals.shape[1]
    square, single = float(np.sum(matrix.data**2)), float(matrix.diagonal().sum())
    size = float(cities)
    if by_year:
        rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
        # tr(J W' J W J) and tr(J W J) with J = I - 11'/N
        square -= float(rows @ rows + columns @ columns) / cities
        square += float(rows.sum()) ** 2 / cities**2
        single -= float(rows.sum()) / cities
        size -= 1
    flat = np.stack([residuals.ravel(), once.ravel(), twice.ravel()])
    products = flat @ flat.T
    (u_u, u_o, u_t), (o_o, o_t), t_t = products[0], products[1, 1:], products[2, 2]
    scale = blocks * size
    return ErrorMoments(
        np.array([u_u, o_o, u_o]) / scale,
        np.array([2 * u_o, 2 * o_t, u_t + o_o]) / scale,
        -np.array([o_o, t_t, o_t]) / scale,
        np.array([[1.0], [square / size], [single / size]]),
    )


def _lagged(columns: FloatArray, matrix: SparseMatrix, *, by_year: bool) -> FloatArray:
    found = np.asarray((matrix @ columns.T).T)
    return found - found.mean(axis=1, keepdims=True) if by_year else found


def solve_moments(
    moments: ErrorMoments, interval: tuple[float, float], weight: FloatArray | None
) -> tuple[float, FloatArray, bool]:
    """Return lambda in its interval, the variances, and whether lambda is at a bound.

    `weight` is the covariance of the moments; the identity by default.
    """
    root = np.eye(len(moments.known)) if weight is None else _inverse_root(weight)
    a, b, c = (
        root @ each for each in (moments.known, -moments.linear, -moments.square)
    )
    spread = root @ moments.variances
    basis = np.linalg.qr(spread)[0]
    a_, b_, c_ = (each - basis @ (basis.T @ each) for each in (a, b, c))
    # |a + b x + c x^2|^2 is a quartic in x.
    quartic = np.array(
        [c_ @ c_, 2 * (b_ @ c_), b_ @ b_ + 2 * (a_ @ c_), 2 * (a_ @ b_), a_ @ a_]
    )
    stationary = np.roots(np.polyder(quartic))
    low, high = np.clip(interval, -FAR, FAR)
    edge = EDGE * (high - low)
    low, high = low + edge, high - edge
    real = stationary[np.abs(stationary.imag) < 1e-7 * (1 + np.abs(stationary))].real
    inside = real[(real > low) & (real < high)]
    places = np.concatenate([inside, [low, high]])
    best = int(np.argmin(np.polyval(quartic, places)))
    found = float(places[best])
    rest = a + b * found + c * found**2
    variances = np.linalg.lstsq(spread, rest, rcond=None)[0]
    return found, np.asarray(variances), best >= len(inside)


def _inverse_root(weight: FloatArray) -> FloatArray:
    """Return R with R'R the inverse of a covariance, without moments that depend.

    Where every city has one neighbour, whose only neighbour it is, e'e is (We)'(We).
    """
    scale = np.sqrt(np.diag(weight))
    values, axes = np.linalg.eigh(weight / np.outer(scale, scale))
    kept = values > DEPENDENT
    return np.asarray((axes[:, kept] / np.sqrt(values[kept])).T / scale)


def pooled_components(
    residuals: FloatArray,
    matrix: SparseMatrix,
    interval: tuple[float, float],
    *,
    blocks: int,
    by_year: bool,
) -> ErrorComponents:
    """Return lambda and the noise's variance, without city effects."""
    moments = three_moments(residuals, matrix, blocks=blocks, by_year=by_year)
    error, variances, bound = solve_moments(moments, interval, None)
    return ErrorComponents(error, float(variances[0]), float(variances[0]), bound)


def random_components(
    within: FloatArray,
    between: FloatArray,
    matrix: SparseMatrix,
    interval: tuple[float, float],
    kind: MomentWeights,
) -> ErrorComponents:
    """Return lambda and both variances (Kapoor, Kelejian and Prucha 2007).

    Parameters
    ----------
    within : array of shape (T, N)
        Residuals less their means over the years.
    between : array of shape (N,)
        Those means times the root of T.
    """
    years = len(within)
    inner = three_moments(within, matrix, blocks=years - 1, by_year=False)
    outer = three_moments(between[None], matrix, blocks=1, by_year=False)
    error, variances, bound = solve_moments(inner, interval, None)
    noise = float(variances[0])
    left = between - error * (matrix @ between)
    whole = float(left @ left) / len(between)
    if kind == "unweighted":
        return ErrorComponents(error, noise, whole, bound)
    nothing = np.zeros((3, 1))
    both = ErrorMoments(
        np.concatenate([inner.known, outer.known]),
        np.concatenate([inner.linear, outer.linear]),
        np.concatenate([inner.square, outer.square]),
        np.block([[inner.variances, nothing], [nothing, outer.variances]]),
    )
    shape = np.eye(3) if kind == "weighted" else _moment_covariance(matrix)
    scales = np.diag([noise**2 / (years - 1), whole**2])
    weight = np.asarray(np.kron(scales, shape), dtype=np.float64)
    error, variances, bound = solve_moments(both, interval, weight)
    return ErrorComponents(error, float(variances[0]), float(variances[1]), bound)


def _moment_covariance(matrix: SparseMatrix) -> FloatArray:
    """Return T_W of Kapoor, Kelejian and Prucha (2007), equation 20."""
    cities = matrix.shape[0]
    gram = sparse.csr_array(matrix.T @ matrix)
    both = sparse.csr_array(matrix + matrix.T)
    first = 2 * float(gram.diagonal().sum())
    second = 2 * float((gram.multiply(gram)).sum())
    third = float(gram.multiply(both).sum())
    fourth = float((matrix.multiply(matrix.T)).sum() + gram.diagonal().sum())
    table = [[2.0 * cities, first, 0.0], [first, second, third], [0.0, third, fourth]]
    return np.array(table) / cities
