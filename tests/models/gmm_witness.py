"""Dynamic GMM written out slowly: one city at a time, dense Z, H and S."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Witness:
    """What the slow way finds."""

    one_step: Array
    one_robust: Array
    one_classical: Array
    two_step: Array
    two_uncorrected: Array
    two_corrected: Array
    sargan: float
    hansen: float
    ar: tuple[float, ...]


@dataclass(frozen=True)
class City:
    """Stacked rows of one city: transformed, then level."""

    y: Array
    x: Array
    z: Array


def witness(
    y: Array,
    w: Array,
    *,
    lags: tuple[int, int],
    collapse: bool,
    system: bool,
    deviations: bool,
    weighting: int,
) -> Witness:
    """Regress y on its past, w and a constant; gmm(y, lags), iv(w); y, w are (T, N)."""
    years, count = y.shape
    columns = _columns(years, lags, collapse=collapse, system=system)
    cities = [
        _city(y[:, i], w[:, i], columns, system=system, deviations=deviations)
        for i in range(count)
    ]
    z_all = sum(np.abs(city.z).sum(axis=0) for city in cities)
    cities = [City(city.y, city.x, city.z[:, z_all > 0]) for city in cities]
    h = _error_covariance(
        years, system=system, deviations=deviations, weighting=weighting
    )
    zx = sum(city.z.T @ city.x for city in cities)
    zy = sum(city.z.T @ city.y for city in cities)
    s1 = sum(city.z.T @ h @ city.z for city in cities)
    a1 = np.linalg.pinv(s1, hermitian=True)
    v1 = np.linalg.inv(zx.T @ a1 @ zx)
    b1 = v1 @ zx.T @ a1 @ zy
    e1 = [city.y - city.x @ b1 for city in cities]
    s2 = sum(
        city.z.T @ np.outer(e, e) @ city.z for city, e in zip(cities, e1, strict=True)
    )
    v1_robust = v1 @ zx.T @ a1 @ s2 @ a1 @ zx @ v1
    a2 = np.linalg.pinv(s2, hermitian=True)
    v2 = np.linalg.inv(zx.T @ a2 @ zx)
    b2 = v2 @ zx.T @ a2 @ zy
    e2 = [city.y - city.x @ b2 for city in cities]
    g2 = sum(city.z.T @ e for city, e in zip(cities, e2, strict=True))
    derivative = _derivative(cities, e1, v2 @ zx.T @ a2, a2 @ g2)
    corrected = (
        v2 + derivative @ v2 + v2 @ derivative.T + derivative @ v1_robust @ derivative.T
    )
    sigma2 = _variance(
        cities,
        e1,
        slice(years, None) if system and weighting == 1 else slice(years),
        1 if deviations or weighting == 1 else 2,
    )
    g1 = sum(city.z.T @ e for city, e in zip(cities, e1, strict=True))
    influence = v2 @ zx.T @ a2
    ar = tuple(
        _serial((y, w), cities, e2, b2, influence, corrected, order)
        for order in (1, 2, 3)
    )
    return Witness(
        b1,
        v1_robust,
        v1 * sigma2,
        b2,
        v2,
        corrected,
        float(g1 @ a1 @ g1 / sigma2),
        float(g2 @ a2 @ g2),
        ar,
    )


def _columns(
    years: int, lags: tuple[int, int], *, collapse: bool, system: bool
) -> list[tuple[str, int, int]]:
    """Name the columns of Z: (kind, year or -1, lag)."""
    columns = []
    for lag in range(lags[0], lags[1] + 1):
        columns += [("past", -1 if collapse else t, lag) for t in range(years)]
    if system:
        columns += [
            ("change", -1 if collapse else t, lags[0] - 1) for t in range(years)
        ]
    columns.append(("own", -1, 0))
    if system:
        columns.append(("one", -1, 0))
    return list(dict.fromkeys(columns))


def _derivative(
    cities: list[City], residuals: list[Array], projection: Array, weighted: Array
) -> Array:
    """Differentiate the two-step estimate by the one-step one (Windmeijer 2005)."""
    derivative = np.empty((len(projection), len(projection)))
    for k in range(len(projection)):
        ds = -sum(
            city.z.T @ (np.outer(city.x[:, k], e) + np.outer(e, city.x[:, k])) @ city.z
            for city, e in zip(cities, residuals, strict=True)
        )
        derivative[:, k] = -projection @ ds @ weighted
    return derivative


def _variance(
    cities: list[City], residuals: list[Array], rows: slice, divisor: int
) -> float:
    count = sum(int(np.any(city.x[rows], axis=1).sum()) for city in cities)
    return sum(float(e[rows] @ e[rows]) for e in residuals) / divisor / count


def _city(
    y: Array,
    w: Array,
    columns: list[tuple[str, int, int]],
    *,
    system: bool,
    deviations: bool,
) -> City:
    years = len(y)
    before = np.concatenate([[np.nan], y[:-1]])
    x = np.column_stack([before, w, np.ones(years)] if system else [before, w])
    levels = np.column_stack([y, x, w])
    moved = _deviate(levels) if deviations else _difference(levels)
    stacked = np.vstack([moved, levels]) if system else moved
    used = np.isfinite(stacked).all(axis=1)
    z = np.zeros((len(stacked), len(columns)))
    for row in np.flatnonzero(used):
        for number, (kind, year, lag) in enumerate(columns):
            if kind == "own":
                z[row, number] = stacked[row, -1]
            elif year in {-1, row % years}:
                cell = _cell(kind, y, row % years, lag, transformed=row < years)
                z[row, number] = np.nan_to_num(cell)
    stacked[~used] = 0.0
    return City(stacked[:, 0], stacked[:, 1:-1], z)


def _difference(levels: Array) -> Array:
    moved = np.full_like(levels, np.nan)
    for t in range(1, len(levels)):
        moved[t] = levels[t] - levels[t - 1]
    return moved


def _deviate(levels: Array) -> Array:
    moved = np.full_like(levels, np.nan)
    complete = np.isfinite(levels).all(axis=1)
    for t in np.flatnonzero(complete):
        future = [s for s in range(t + 1, len(levels)) if complete[s]]
        if future:
            scale = np.sqrt(len(future) / (len(future) + 1))
            moved[t + 1] = scale * (levels[t] - levels[future].mean(axis=0))
    return moved


def _cell(kind: str, y: Array, t: int, lag: int, *, transformed: bool) -> float:
    if kind == "past" and transformed and t - lag >= 0:
        return float(y[t - lag])
    if kind == "change" and not transformed and t - lag >= 1:
        return float(y[t - lag] - y[t - lag - 1])
    return float(kind == "one" and not transformed)


def _error_covariance(
    years: int, *, system: bool, deviations: bool, weighting: int
) -> Array:
    move = np.zeros((years, years))
    for t in range(1, years):
        if deviations:
            ahead = years - t
            move[t, t - 1] = np.sqrt(ahead / (ahead + 1))
            move[t, t:] = -np.sqrt(ahead / (ahead + 1)) / ahead
        else:
            move[t, t], move[t, t - 1] = 1.0, -1.0
    rows = 2 * years if system else years
    if weighting == 1:
        return np.eye(rows)
    stacked = np.vstack([move, np.eye(years)])[:rows]
    h: Array = stacked @ stacked.T
    if weighting == 2:
        h[:years, years:] = h[years:, :years] = 0.0
    return h


def _serial(
    data: tuple[Array, Array],
    cities: list[City],
    residuals: list[Array],
    b: Array,
    influence: Array,
    covariance: Array,
    order: int,
) -> float:
    """Write out Arellano and Bond's m from differenced residuals, city by city."""
    total, square = 0.0, 0.0
    gradient, moments = np.zeros(len(b)), np.zeros(influence.shape[1])
    for y, w, city, e in zip(data[0].T, data[1].T, cities, residuals, strict=True):
        before = np.concatenate([[np.nan], y[:-1]])
        levels = np.column_stack([y, before, w, np.ones(len(y))])[:, : len(b) + 1]
        change = _difference(levels)
        change[~np.isfinite(change).all(axis=1)] = 0.0
        error = change[:, 0] - change[:, 1:] @ b
        product = 0.0
        for t in range(order, len(error)):
            product += error[t] * error[t - order]
            gradient += error[t - order] * change[t, 1:]
        total += product
        square += product**2
        moments += city.z.T @ e * product
    shift = gradient @ (covariance @ gradient - 2 * influence @ moments)
    return float(total / np.sqrt(square + shift))
