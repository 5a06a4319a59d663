"""Information of a spatial panel with random city effects.

Order of the parameters: slopes, rho, lambda, psi, phi, sigma2; those that are free.
"""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial_coagg.models._spatial_moments import SparseMatrix, lag
from spatial_coagg.models._spatial_random import (
    STEP,
    Point,
    RandomLikelihood,
    RandomSolution,
    derivatives,
)
from spatial_coagg.weights._logdet import factor

FloatArray: TypeAlias = NDArray[np.float64]


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
    has_lag, point = likelihood.lag is not None, found.point
    z = likelihood.columns[:, :, 2:]
    means = z
    if has_lag:
        trend = np.ascontiguousarray((z @ found.slopes).T)
        solved = np.ascontiguousarray(factor(weights, found.rho).solve(trend).T)
        means = np.concatenate([z, lag(solved[:, :, None], weights)], axis=2)
    turned = replace(likelihood, columns=means, _still=[])
    inner = turned.parts(point)[0] / found.sigma2
    known, slopes = inner.shape[0], z.shape[2]
    within, between = _relative_slopes(likelihood, found, weights)
    years = likelihood.columns.shape[0]
    covariances = np.array(
        [
            [
                0.5 * ((years - 1) * np.sum(a * b.T) + np.sum(c * d.T))
                for b, d in zip(within, between, strict=True)
            ]
            for a, c in zip(within, between, strict=True)
        ]
    )
    size = slopes + len(within)
    information = np.zeros((size, size))
    information[:known, :known] = inner
    information[slopes:, slopes:] += covariances
    return information


def _relative_slopes(
    likelihood: RandomLikelihood, found: RandomSolution, weights: SparseMatrix
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return S^-1 S_i within and between, for rho, lambda, phi, sigma2."""
    point, years = found.point, likelihood.columns.shape[0]
    cities = likelihood.columns.shape[1]
    eye, spread = np.eye(cities), 1 + years * point.phi
    inverse: FloatArray = eye
    bend: FloatArray = np.zeros_like(eye)
    if likelihood.matrix is not None:
        w = likelihood.matrix.toarray()
        b = eye - point.error * w
        inverse = np.asarray(np.linalg.inv(b.T @ b), dtype=np.float64)
        bend = -(w.T @ b + b.T @ w)
    noise = -inverse @ bend @ inverse
    if likelihood.form == "baltagi":
        whole, by_phi = years * point.phi * eye + inverse, years * eye
        by_error = noise
    else:
        whole, by_phi = spread * inverse, years * inverse
        by_error = spread * noise
    precision, outer = np.linalg.inv(inverse), np.linalg.inv(whole)
    pairs = []
    if likelihood.lag is not None:
        g = weights @ np.linalg.inv(eye - found.rho * weights.toarray())
        pairs.append((precision @ g @ inverse + g.T, outer @ g @ whole + g.T))
    if "error" in likelihood.free:
        pairs.append((precision @ noise, outer @ by_error))
    if "phi" in likelihood.free:
        pairs.append((np.zeros_like(eye), outer @ by_phi))
    pairs.append((eye / found.sigma2, eye / found.sigma2))
    within, between = ([pair[side] for pair in pairs] for side in (0, 1))
    return within, between
