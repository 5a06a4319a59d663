"""Jobs of cities and of the nation whose thetas average to given figures."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.indices._theta import theta_of

# A city's industries take at most this share of its jobs.
LARGEST_SHARE = 0.93
# Jobs of the nation for each job of the cities.
NATION_PER_CITY = 2.0


@dataclass(frozen=True, slots=True)
class JobTargets:
    """Averages of theta over cities, year by year.

    Attributes
    ----------
    regions : ndarray of shape (T, 3)
        Theta of all services together, averaged over the cities of each region.
    sectors : ndarray of shape (T, S)
        Theta of each service, averaged over all cities.
    """

    regions: FloatArray
    sectors: FloatArray


@dataclass(frozen=True, slots=True)
class SimulatedJobs:
    """Jobs in persons, whole numbers; industry 0 is manufacturing.

    Attributes
    ----------
    industries : ndarray of shape (T, N, 1 + S)
    total : ndarray of shape (T, N)
    national_industries : ndarray of shape (T, 1 + S)
    national_total : ndarray of shape (T,)
    """

    industries: FloatArray
    total: FloatArray
    national_industries: FloatArray
    national_total: FloatArray


def fit_jobs(
    log_shares: FloatArray, total: FloatArray, region: IntArray, targets: JobTargets
) -> SimulatedJobs:
    """Shift industries until the averages of theta are the targets, year by year.

    Parameters
    ----------
    log_shares : ndarray of shape (T, N, 1 + S)
        Logarithm of each industry's share of a city's jobs, before shifting.
    total : ndarray of shape (T, N)
        Jobs of each city.
    region : ndarray of shape (N,)
        0, 1 or 2.
    targets : JobTargets

    Notes
    -----
    Each year has as many unknowns as targets: a shift of manufacturing in regions 1
    and 2, and the nation's share of each industry, apart from the cities'. Were it
    summed over the cities, theta would be tied to how shares go with city size.
    """
    shifts = _solve_years(log_shares, region, targets)
    shares = np.stack(
        [
            _city_shares(logs, region, at)
            for logs, at in zip(log_shares, shifts, strict=True)
        ]
    )
    whole = np.rint(total)
    national_total = np.rint(NATION_PER_CITY * whole.sum(axis=1))
    nation = _nation_shares(log_shares, shifts)
    return SimulatedJobs(
        industries=np.rint(shares * whole[..., np.newaxis]),
        total=whole,
        national_industries=np.rint(nation * national_total[:, np.newaxis]),
        national_total=national_total,
    )


def _solve_years(
    log_shares: FloatArray, region: IntArray, targets: JobTargets
) -> FloatArray:
    years, _, industries = log_shares.shape
    shifts = np.zeros((years, 2 + industries))
    for year in range(years):
        wanted = np.concatenate([targets.regions[year], targets.sectors[year]])

        def miss(
            at: FloatArray, year: int = year, wanted: FloatArray = wanted
        ) -> FloatArray:
            return _averages(log_shares[year], region, at) - wanted

        start = shifts[max(year - 1, 0)]
        # Six decimals, so that the last bit of a solver decides nobody's job.
        shifts[year] = np.round(least_squares(miss, start, xtol=1e-10).x, 6)
    return shifts


def _averages(log_shares: FloatArray, region: IntArray, at: FloatArray) -> FloatArray:
    shares = _city_shares(log_shares, region, at)
    nation = _nation_shares(log_shares, at)
    quotients = shares / nation
    services = shares[:, 1:].sum(axis=1) / nation[1:].sum()
    theta = theta_of(quotients[:, 0], services)
    by_region = np.bincount(region, theta) / np.bincount(region)
    sectors = theta_of(quotients[:, :1], quotients[:, 1:]).mean(axis=0)
    return np.concatenate([by_region, sectors])


def _city_shares(
    log_shares: FloatArray, region: IntArray, at: FloatArray
) -> FloatArray:
    shifted = log_shares.copy()
    shifted[:, 0] += np.array([0.0, *at[:2]])[region]
    shares = np.exp(shifted)
    together = shares.sum(axis=1, keepdims=True)
    return np.asarray(shares * np.minimum(1, LARGEST_SHARE / together))


def _nation_shares(log_shares: FloatArray, at: FloatArray) -> FloatArray:
    return np.asarray(np.exp(log_shares.mean(axis=-2) + at[..., 2:]))
