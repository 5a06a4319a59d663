"""Variables with given moments, collinearity and movement within cities."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import fixed_point, least_squares

from spatial_coagg._typing import FloatArray


@dataclass(frozen=True, slots=True)
class ControlTargets:
    """What K variables in logarithms should look like beside ln theta.

    Attributes
    ----------
    mean, sd : ndarray of shape (K,)
        Over all cities and years.
    vif : ndarray of shape (1 + K,)
        Variance inflation factors of the pooled data, that of ln theta first.
    sign : ndarray of shape (K,)
        1 or -1: sign of the correlation with ln theta and among each other.
    within : ndarray of shape (K,)
        Standard deviation within cities that the other variables leave unexplained.
    trend : float
        Standard deviation over the years of the trend of the first variable; the
        trends of the others follow the common factor.
    """

    mean: FloatArray
    sd: FloatArray
    vif: FloatArray
    sign: FloatArray
    within: FloatArray
    trend: float


def fit_controls(
    log_theta: FloatArray,
    movement: FloatArray,
    levels: FloatArray,
    targets: ControlTargets,
) -> FloatArray:
    """Return K variables, shape (T, N, K), that meet the targets exactly.

    Parameters
    ----------
    log_theta : ndarray of shape (T, N)
    movement : ndarray of shape (T, N, K)
        Draws that become the movement within cities.
    levels : ndarray of shape (N, K)
        Draws that become the differences between cities, the first one foremost in
        the first variable.
    targets : ControlTargets

    Notes
    -----
    Pooled correlations are those of one common factor, corr(j, k) = l_j l_k, whose
    loadings give the wanted variance inflation factors. Movement within cities is a
    trend along the factor, and independent of one another beyond it; differences
    between cities make up the rest of the wanted covariance. Draws are made exactly
    uncorrelated first, so that the moments hold in the sample.
    """
    loadings = factor_loadings(targets.vif) * np.concatenate([[1.0], targets.sign])
    direction = loadings[1:] * targets.sd
    trend = targets.trend * direction / direction[0]
    time = _unit_trend(len(log_theta))
    own = _own_variances(trend, targets.within)
    within = _within(log_theta, movement, time, own, trend)
    between = _between(log_theta, levels, within, loadings, targets.sd)
    return np.asarray(targets.mean + between + within)


def factor_loadings(vif: FloatArray) -> FloatArray:
    """Return loadings of one factor that give these variance inflation factors.

    Notes
    -----
    With psi = 1 - l^2, VIF_k = 1 / psi_k - (l_k / psi_k)^2 / (1 + sum l^2 / psi), by
    the Sherman-Morrison formula.
    """

    def miss(z: FloatArray) -> FloatArray:
        loading = np.tanh(z)
        rest = 1 - loading**2
        factor = 1 + (loading**2 / rest).sum()
        return np.asarray(1 / rest - (loading / rest) ** 2 / factor - vif)

    start = np.arctanh(0.98 * np.sqrt(1 - 1 / vif))
    return np.tanh(least_squares(miss, start, xtol=1e-12).x)


def _unit_trend(years: int) -> FloatArray:
    time = np.arange(years) - (years - 1) / 2
    return np.asarray(time / time.std())


def _own_variances(trend: FloatArray, within: FloatArray) -> FloatArray:
    """Return the movement that leaves `within` unexplained beside a common trend."""

    def implied(own: FloatArray) -> FloatArray:
        others = (trend**2 / own).sum() - trend**2 / own
        return np.asarray(within**2 - trend**2 / (1 + others))

    return np.asarray(fixed_point(implied, within**2, xtol=1e-12))


def _within(
    log_theta: FloatArray,
    movement: FloatArray,
    time: FloatArray,
    own: FloatArray,
    trend: FloatArray,
) -> FloatArray:
    years, cities, count = movement.shape
    path = np.repeat(time, cities)
    moving = (log_theta - log_theta.mean(axis=0)).ravel()
    draws = (movement - movement.mean(axis=0)).reshape(-1, count)
    free = _without(draws, np.column_stack([path, moving]))
    noise = _uncorrelated(free).reshape(years, cities, count) * np.sqrt(own)
    return np.asarray(noise + time[:, np.newaxis, np.newaxis] * trend)


def _between(
    log_theta: FloatArray,
    levels: FloatArray,
    within: FloatArray,
    loadings: FloatArray,
    sd: FloatArray,
) -> FloatArray:
    mean = log_theta.mean(axis=0)
    moving = log_theta - mean
    # What differences between cities must add to the movement within them.
    wanted = np.outer(loadings[1:] * sd, loadings[1:] * sd)
    np.fill_diagonal(wanted, sd**2)
    wanted -= np.einsum("tnj,tnk->jk", within, within) / log_theta.size
    with_theta = loadings[0] * loadings[1:] * log_theta.std() * sd
    with_theta -= np.einsum("tn,tnk->k", moving, within) / log_theta.size
    slope = with_theta / mean.var()
    root = np.linalg.cholesky(wanted - np.outer(slope, slope) * mean.var())
    centred = mean - mean.mean()
    free = _uncorrelated(_without(levels - levels.mean(axis=0), centred[:, np.newaxis]))
    return np.asarray(np.outer(centred, slope) + free @ root.T)


def _without(draws: FloatArray, others: FloatArray) -> FloatArray:
    slopes = np.linalg.lstsq(others, draws)[0]
    return np.asarray(draws - others @ slopes)


def _uncorrelated(draws: FloatArray) -> FloatArray:
    """Make columns of mean zero uncorrelated, of variance one; the first one keeps."""
    factor = np.linalg.cholesky(draws.T @ draws / len(draws))
    return np.asarray(np.linalg.solve(factor, draws.T).T)
