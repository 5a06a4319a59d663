"""Information matrices of (slopes, rho, lambda, sigma2), effects projected out."""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_grams import gram_traces
from spatial_coagg.models._spatial_likelihood import Likelihood, Solution
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.weights._logdet import solve
from spatial_coagg.weights._matrix import SparseMatrix

# Smallest eigenvalue, in units of the diagonal, above which a matrix is positive
# definite and not the rounding of a flat one.
_DEFINITE = 1e-13


@dataclass(frozen=True, slots=True)
class Traces:
    """Traces of G = W A^-1 (bar: B G B^-1) and H = W_e B^-1, over all years."""

    lag: float = 0.0
    lag_square: float = 0.0
    lag_gram: float = 0.0
    error: float = 0.0
    error_square: float = 0.0
    error_gram: float = 0.0
    both: float = 0.0


def inverse_of(information: FloatArray) -> FloatArray:
    """Return the inverse; nan throughout where a matrix is not positive definite."""
    diagonal = np.diag(information)
    if not (diagonal > 0).all():
        return np.full_like(information, np.nan)
    scale = np.sqrt(diagonal)
    units = np.outer(scale, scale)
    scaled = information / units
    if not np.isfinite(scaled).all() or np.linalg.eigvalsh(scaled)[0] <= _DEFINITE:
        return np.full_like(information, np.nan)
    return np.asarray(np.linalg.inv(scaled) / units)


def observed_information(likelihood: Likelihood, found: Solution) -> FloatArray:
    """Return minus the Hessian of the log-likelihood at its maximum.

    Order: slopes, rho (if any), lambda (if any), sigma2.
    """
    sigma2 = found.ssr / likelihood.rows
    whole = likelihood.moments.at(found.error)
    contrast = np.concatenate([[1.0, -found.rho], -found.slopes])
    # Columns of the parameters: Z, then W y where rho is estimated.
    places = [*range(2, len(whole)), *([1] if likelihood.lag is not None else [])]
    inner = whole[np.ix_(places, places)] / sigma2
    if likelihood.lag is not None:
        inner[-1, -1] += likelihood.lag.trace_square(found.rho)
    gradient = (whole @ contrast)[places]
    size = len(places) + (likelihood.error is not None) + 1
    information = np.zeros((size, size))
    information[: len(places), : len(places)] = inner
    information[: len(places), -1] = gradient / sigma2**2
    if likelihood.error is not None:
        first, second = likelihood.moments.slopes(found.error)
        at = len(places)
        information[: len(places), at] = -(first @ contrast)[places] / sigma2
        information[at, at] = float(contrast @ second @ contrast) / (
            2 * sigma2
        ) + likelihood.error.trace_square(found.error)
        information[at, -1] = -float(contrast @ first @ contrast) / (2 * sigma2**2)
    information[-1, -1] = likelihood.rows / (2 * sigma2**2)
    return np.triu(information) + np.triu(information, 1).T


def expected_information(
    likelihood: Likelihood,
    found: Solution,
    weights: SparseMatrix,
    error_weights: SparseMatrix,
    *,
    projected: bool = True,
) -> FloatArray:
    """Return the expectation of :func:`observed_information` (Lee and Yu 2010).

    The mean of W y is G times the fitted structural part, effects included; what the
    effects explain of it is projected out like everything else. With `projected` false
    it is G times the swept drivers' part, as Elhorst, splm and SDPDmod have it.
    """
    sigma2 = found.ssr / likelihood.rows
    swept = likelihood.moments.swept(found.error)
    z = swept[:, :, 2:]
    traces = _traces(likelihood, found, weights, error_weights)
    columns = [z]
    if likelihood.lag is not None:
        columns.append(
            _mean_lag(likelihood, found, swept, weights, error_weights)
            if projected
            else _plain_mean_lag(found, swept, weights)
        )
    whole = np.concatenate(columns, axis=2).reshape(-1, z.shape[2] + len(columns) - 1)
    inner = whole.T @ whole / sigma2
    known = inner.shape[0]
    size = known + (likelihood.error is not None) + 1
    information = np.zeros((size, size))
    information[:known, :known] = inner
    if likelihood.lag is not None:
        at = known - 1
        information[at, at] += traces.lag_square + traces.lag_gram
        information[at, -1] = traces.lag / sigma2
    if likelihood.error is not None:
        information[known, known] = traces.error_square + traces.error_gram
        information[known, -1] = traces.error / sigma2
        if likelihood.lag is not None:
            information[known - 1, known] = traces.both
    information[-1, -1] = likelihood.rows / (2 * sigma2**2)
    return np.triu(information) + np.triu(information, 1).T


def _mean_lag(
    likelihood: Likelihood,
    found: Solution,
    swept: FloatArray,
    weights: SparseMatrix,
    error_weights: SparseMatrix,
) -> FloatArray:
    """Return Q B G times the fitted structural part, shape (T, N, 1).

    W y less W A^-1 B^-1 e: the part of W y that is not noise.
    """
    contrast = np.concatenate([[1.0, -found.rho], -found.slopes])
    noise = swept @ contrast
    if likelihood.error is not None:
        noise = solve(error_weights, found.error, noise.T).T
    noise = solve(weights, found.rho, noise.T).T
    lagged = lag(noise[:, :, None], weights)
    if likelihood.error is not None:
        lagged = lagged - found.error * lag(lagged, error_weights)
    if likelihood.moments.by_year:
        v = 1 - found.error * likelihood.moments.reach
        shares = np.einsum("n,tnc->tc", v, lagged) / (v @ v)
        lagged = lagged - v[None, :, None] * shares[:, None, :]
    return np.asarray(swept[:, :, 1:2] - lagged)


def _plain_mean_lag(
    found: Solution, swept: FloatArray, weights: SparseMatrix
) -> FloatArray:
    """Return G times the swept drivers' part, shape (T, N, 1)."""
    solved = solve(weights, found.rho, (swept[:, :, 2:] @ found.slopes).T).T
    return lag(np.ascontiguousarray(solved)[:, :, None], weights)


def _traces(
    likelihood: Likelihood,
    found: Solution,
    weights: SparseMatrix,
    error_weights: SparseMatrix,
) -> Traces:
    lag_part, error_part = likelihood.lag, likelihood.error
    part = lag_part or error_part
    if part is None:
        return Traces()
    grams = gram_traces(
        None if lag_part is None else (weights, found.rho),
        None if error_part is None else (error_weights, found.error),
        without_unit=part.without_unit,
    )
    lag_traces = error_traces = (0.0, 0.0)
    if lag_part is not None:
        lag_traces = lag_part.trace(found.rho), lag_part.trace_square(found.rho)
    if error_part is not None:
        value = found.error
        error_traces = error_part.trace(value), error_part.trace_square(value)
    return Traces(
        *lag_traces, part.years * grams.lag,
        *error_traces, part.years * grams.error, part.years * grams.both,
    )  # fmt: skip
