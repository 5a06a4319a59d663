"""Sums over pairs of cities and over years that tests of residuals need."""

import numpy as np

from spatial_coagg._typing import FloatArray, IntArray


def pesaran_statistic(residuals: FloatArray) -> float:
    """Return Pesaran's CD; `residuals` is (T, N), nan where a city lacks the year.

    Notes
    -----
    CD = P^(-1/2) sum over the P pairs i < j with three or more common years of
    T_ij^(1/2) r_ij, where r_ij is the correlation over the T_ij common years.
    """
    present = (~np.isnan(residuals)).astype(np.float64)
    filled = np.where(present > 0, residuals, 0.0)
    common = present.T @ present
    # Sums over the common years of each pair, whose means need not be zero.
    total = filled.T @ present
    squares = np.square(filled).T @ present
    with np.errstate(divide="ignore", invalid="ignore"):
        product = filled.T @ filled - total * total.T / common
        spread = squares - np.square(total) / common
        correlation = product / np.sqrt(spread * spread.T)
        terms = np.sqrt(common) * correlation
    pairs = np.triu(np.ones_like(common, dtype=bool), k=1)
    used = pairs & (common >= 3) & np.isfinite(terms)
    count = int(used.sum())
    return float(terms[used].sum() / np.sqrt(count)) if count else float("nan")


def modified_wald_statistic(residuals: FloatArray) -> tuple[float, int]:
    """Return the modified Wald statistic and the number of cities it is over.

    `residuals` is (T, N), nan where a city lacks the year.

    Notes
    -----
    W = sum_i (s_i - s)^2 / v_i, s_i = mean of e_it^2 over the city's T_i years, s that
    over all rows, v_i = sum_t (e_it^2 - s_i)^2 / (T_i (T_i - 1)) (Greene 2000, p. 598).
    A city needs two years and residuals that differ in size.
    """
    squares = np.square(residuals)
    years = (~np.isnan(squares)).sum(axis=0)
    own = np.nansum(squares, axis=0) / np.maximum(years, 1)
    overall = np.nanmean(squares)
    spread = np.nansum(np.square(squares - own), axis=0)
    # Two residuals of a within fit have equal size but for rounding.
    used = (years > 1) & (spread > 1e-20 * years * own**2)
    variance = spread[used] / (years[used] * (years[used] - 1))
    statistic = float(np.sum(np.square(own[used] - overall) / variance))
    return statistic, int(used.sum())


def slope_by_clusters(
    y: FloatArray, x: FloatArray, city: IntArray, *, constant: bool
) -> tuple[float, float, int]:
    """Return the slope of y on x, its variance clustered by city, and the clusters.

    Notes
    -----
    The variance carries N / (N - 1) (R - 1) / (R - k), as Stata's regress.
    """
    if constant:
        y, x = y - y.mean(), x - x.mean()
    length = float(x @ x)
    slope = float(x @ y) / length
    scores = np.bincount(city, weights=x * (y - slope * x))
    clusters = len(np.unique(city))
    rows = len(y)
    factor = clusters / (clusters - 1) * (rows - 1) / (rows - 1 - int(constant))
    return slope, factor * float(scores @ scores) / length**2, clusters
