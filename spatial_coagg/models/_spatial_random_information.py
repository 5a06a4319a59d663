"""Information of a spatial panel with random city effects.

Order of the parameters: slopes, rho, lambda, psi, phi, sigma2; those that are free.
"""

from dataclasses import replace

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_city_traces import city_block_traces
from spatial_coagg.models._spatial_grams import gram_traces
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.models._spatial_random import (
    STEP,
    Point,
    RandomLikelihood,
    RandomSolution,
    derivatives,
)
from spatial_coagg.weights._logdet import solve
from spatial_coagg.weights._matrix import SparseMatrix

# Where the parameters of the covariance stand.
PLACES = {"rho": 0, "error": 1, "phi": 2, "sigma2": 3}


def observed_random_information(
    likelihood: RandomLikelihood, found: RandomSolution
) -> FloatArray:
    """Return minus the Hessian: exact in slopes, rho, sigma2, else differences."""
    free, has_lag = likelihood.free, likelihood.lag is not None
    columns = likelihood.columns
    contrast = np.concatenate([[1.0, -found.rho], -found.slopes])
    rest = (columns @ contrast)[:, :, None]
    own = [columns[:, :, 2:], columns[:, :, 1:2]] if has_lag else [columns[:, :, 2:]]
    turned = replace(
        likelihood, columns=np.concatenate([rest, *own], axis=2), _still=[]
    )
    place = np.array([getattr(found.point, name) for name in free])

    def parts(place: FloatArray) -> FloatArray:
        values = dict(zip(free, (float(x) for x in place), strict=True))
        gram, jacobian = turned.parts(Point(**values))
        return np.append(gram.ravel(), jacobian)

    first, second = derivatives(parts, place, _steps(found.point, free, likelihood))
    inner = columns.shape[2] - 2 + has_lag
    gram = parts(place)[:-1].reshape(inner + 1, inner + 1)
    sigma2, size = found.sigma2, inner + len(free) + 1
    information = np.zeros((size, size))
    information[:inner, :inner] = gram[1:, 1:] / sigma2
    if likelihood.lag is not None:
        information[inner - 1, inner - 1] += likelihood.lag.trace_square(found.rho)
    information[:inner, -1] = gram[1:, 0] / sigma2**2
    for i in range(len(free)):
        slope = first[i, :-1].reshape(gram.shape)
        information[:inner, inner + i] = -slope[1:, 0] / sigma2
        information[inner + i, -1] = -slope[0, 0] / (2 * sigma2**2)
        for j in range(i, len(free)):
            information[inner + i, inner + j] = (
                second[i, j, 0] / (2 * sigma2) - second[i, j, -1]
            )
    information[-1, -1] = -likelihood.rows / (2 * sigma2**2) + gram[0, 0] / sigma2**3
    return np.triu(information) + np.triu(information, 1).T


def _steps(
    point: Point, free: tuple[str, ...], likelihood: RandomLikelihood
) -> FloatArray:
    room = 1 - abs(point.serial)
    steps = {"error": STEP, "serial": min(STEP, 1e-3 * room), "phi": 1e-3 * point.phi}
    if likelihood.error is not None:
        low, high = likelihood.error.bounds
        steps["error"] = min(STEP, 0.3 * min(point.error - low, high - point.error))
    return np.array([steps[name] for name in free])


def expected_random_information(
    likelihood: RandomLikelihood, found: RandomSolution, weights: SparseMatrix
) -> FloatArray:
    """Return the expected information; without psi.

    For a normal vector with mean m and covariance O it is m_i' O^-1 m_j +
    tr(O^-1 O_i O^-1 O_j) / 2; here O has one block between and T - 1 within.
    """
    has_lag = likelihood.lag is not None
    z = likelihood.columns[:, :, 2:]
    means = z
    if has_lag:
        # y and W y less their means are explained by what Z explains less the same.
        of_y, of_lag = likelihood.means[:2]
        trend = z @ found.slopes + of_y - found.rho * of_lag
        solved = solve(weights, found.rho, trend.T).T
        lagged = lag(np.ascontiguousarray(solved)[:, :, None], weights) - of_lag
        means = np.concatenate([z, lagged], axis=2)
    turned = replace(likelihood, columns=means, _still=[])
    inner = turned.parts(found.point)[0] / found.sigma2
    known, slopes = inner.shape[0], z.shape[2]
    within, between = _covariance_traces(likelihood, found, weights)
    years = likelihood.columns.shape[0]
    free = likelihood.free
    chosen = [PLACES[name] for name in ("rho",) * has_lag + free + ("sigma2",)]
    covariances = (0.5 * ((years - 1) * within + between))[np.ix_(chosen, chosen)]
    size = slopes + len(chosen)
    information = np.zeros((size, size))
    information[:known, :known] = inner
    information[slopes:, slopes:] += covariances
    return information


def _covariance_traces(
    likelihood: RandomLikelihood, found: RandomSolution, weights: SparseMatrix
) -> tuple[FloatArray, FloatArray]:
    """Return tr(O^-1 O_i O^-1 O_j) of a row within and of the one between, (4, 4).

    Notes
    -----
    With G = B W A^-1 B^-1 and H = W_e B^-1 the slopes O^-1 O_i of a row are similar to
    G + G', H + H' and I / sigma2. Where noise alone spills over, those of the row
    between are K^-1 G K + G', K^-1 (H + H'), (I - K^-1) T / s and I / sigma2 with K = I
    + s B B', s = T phi; else they are as within, and T / (1 + s) I for phi.
    """
    point, years = found.point, likelihood.columns.shape[0]
    cities = likelihood.columns.shape[1]
    lag_filter, g, g_square = None, 0.0, 0.0
    if likelihood.lag is not None:
        lag_filter = weights, found.rho
        g = likelihood.lag.spectrum.trace(found.rho)
        g_square = likelihood.lag.spectrum.trace_square(found.rho)
    error_filter, h, h_square = None, 0.0, 0.0
    if likelihood.matrix is not None and likelihood.error is not None:
        error_filter = likelihood.matrix, point.error
        h = likelihood.error.spectrum.trace(point.error)
        h_square = likelihood.error.spectrum.trace_square(point.error)
    grams = gram_traces(lag_filter, error_filter, without_unit=False)
    unit, spread = 1 / found.sigma2, years / (1 + years * point.phi)
    within = _symmetric(
        [2 * (g_square + grams.lag), 2 * grams.both, 0.0, 2 * g * unit],
        [2 * (h_square + grams.error), 0.0, 2 * h * unit],
        [0.0, 0.0],
        [cities * unit**2],
    )
    if likelihood.form == "baltagi" and error_filter is not None and point.phi > 0:
        block = likelihood.city_block(point)
        traces = city_block_traces(block, lag_filter, error_filter)
        share, left = 1 / point.phi, cities - traces.inverse
        between = _symmetric(
            [
                2 * (g_square + traces.lag),
                2 * traces.both,
                2 * share * (g - traces.lag_once),
                2 * g * unit,
            ],
            [
                traces.error,
                2 * share * (traces.error_once - traces.error_twice),
                2 * traces.error_once * unit,
            ],
            [
                share**2 * (left - traces.inverse + traces.inverse_square),
                share * left * unit,
            ],
            [cities * unit**2],
        )
        return within, between
    between = within.copy()
    place = PLACES["phi"]
    between[place] = between[:, place] = spread * np.array(
        [2 * g, 2 * h, spread * cities, cities * unit]
    )
    return within, between


def _symmetric(*rows: list[float]) -> FloatArray:
    """Return the matrix with these rows from the diagonal on."""
    whole = np.zeros((len(rows), len(rows)))
    for place, row in enumerate(rows):
        whole[place, place:] = whole[place:, place] = row
    return whole
