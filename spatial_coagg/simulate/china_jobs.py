"""Jobs of 285 Chinese cities whose synergy follows the paper's Tables 1 and 3."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.simulate._fields import (
    draw_over_cities,
    draw_over_years,
    smooth_root,
    standardised,
)
from spatial_coagg.simulate._jobs import JobTargets, SimulatedJobs, fit_jobs
from spatial_coagg.tables.published import read_published
from spatial_coagg.weights._sphere import all_pairs, distance_of_pairs_km, unit_vectors

YEARS = range(2004, 2020)
SERVICES = ("transport", "information", "technology", "leasing", "finance")
INDUSTRIES = ("manufacturing", *SERVICES)
REGIONS = ("east", "central", "west")

# Shares of a city's jobs, in the order of INDUSTRIES, about which cities vary.
TYPICAL_SHARES = (0.29, 0.055, 0.018, 0.025, 0.022, 0.035)
# Elasticity of a share with respect to one standard deviation of city size.
SIZE_SLOPE = 0.16
# Standard deviations of the logarithm of a share: between cities, and over the years.
BETWEEN_MANUFACTURING, BETWEEN_SERVICE, BETWEEN_ALL_SERVICES = 0.34, 0.37, 0.05
OVER_YEARS_MANUFACTURING, OVER_YEARS_SERVICE, OVER_YEARS_ALL_SERVICES = 0.26, 0.27, 0.13
PERSISTENCE = 0.6
# Smoothness over the map that gives theta a Moran's I of 0.3 to 0.5.
RANGE_KM, SMOOTH_BETWEEN, SMOOTH_OVER_YEARS = 300.0, 0.7, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class DrawnJobs:
    """Jobs in persons.

    Attributes
    ----------
    jobs : DataFrame
        Index ``(city, year)``; the industries and ``total``.
    national : DataFrame
        Index ``year``, same columns.
    size : Series
        Size of each city, mean 0 and standard deviation 1, index ``city``.
    """

    jobs: pd.DataFrame
    national: pd.DataFrame
    size: pd.Series


def draw_jobs(cities: pd.DataFrame, rng: np.random.Generator) -> DrawnJobs:
    """Draw the jobs of the cities of the panel.

    Parameters
    ----------
    cities : DataFrame
        Index ``city``, sorted; columns of :func:`load_city_list`.
    rng : Generator
    """
    km = distances_km(cities)
    root = smooth_root(km, range_km=RANGE_KM, share=SMOOTH_BETWEEN)
    rougher = smooth_root(km, range_km=RANGE_KM, share=SMOOTH_OVER_YEARS)
    size = _draw_size(cities, root, rng)
    total = _draw_total(size, root, rng)
    log_shares = _draw_log_shares(size, root, rougher, rng)
    region = pd.Categorical(cities["region"], categories=list(REGIONS)).codes
    made = fit_jobs(log_shares, total, region.astype(np.int64), _targets())
    return _labelled(made, cities.index, size)


def distances_km(cities: pd.DataFrame) -> FloatArray:
    """Return great-circle distances between seats (km), shape (N, N)."""
    seats = cities[["seat_lon", "seat_lat"]].to_numpy(dtype=np.float64)
    pairs = all_pairs(len(seats))
    km = np.zeros((len(seats), len(seats)))
    km[pairs[:, 0], pairs[:, 1]] = distance_of_pairs_km(unit_vectors(seats), pairs)
    return np.asarray(km + km.T)


def _draw_size(
    cities: pd.DataFrame, root: FloatArray, rng: np.random.Generator
) -> FloatArray:
    population = np.log(cities["seat_population"].to_numpy(dtype=np.float64))
    own = draw_over_cities(rng, root, count=1)[0]
    return standardised(np.sqrt(0.75) * standardised(population) + np.sqrt(0.25) * own)


def _draw_total(
    size: FloatArray, root: FloatArray, rng: np.random.Generator
) -> FloatArray:
    own = draw_over_cities(rng, root, count=1)[0]
    walk = 0.02 * rng.standard_normal((len(YEARS), len(size))).cumsum(axis=0)
    growth = 0.03 * np.arange(len(YEARS))[:, np.newaxis]
    return np.asarray(3.2e5 * np.exp(0.75 * size + 0.25 * own + growth + walk))


def _draw_log_shares(
    size: FloatArray,
    root: FloatArray,
    rougher: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    between = draw_over_cities(rng, root, count=7).T
    over_years = np.stack(
        [
            draw_over_years(rng, rougher, years=len(YEARS), persistence=PERSISTENCE)
            for _ in range(7)
        ],
        axis=-1,
    )
    services = np.full(len(SERVICES), 1.0)
    by_industry = np.concatenate([[BETWEEN_MANUFACTURING], BETWEEN_SERVICE * services])
    moving = np.concatenate([[OVER_YEARS_MANUFACTURING], OVER_YEARS_SERVICE * services])
    drawn = by_industry * between[:, :6] + moving * over_years[..., :6]
    shared = BETWEEN_ALL_SERVICES * between[:, 6] + (
        OVER_YEARS_ALL_SERVICES * over_years[..., 6]
    )
    drawn[..., 1:] += shared[..., np.newaxis]
    typical = np.log(TYPICAL_SHARES) + SIZE_SLOPE * size[:, np.newaxis]
    return np.asarray(typical + drawn)


def _targets() -> JobTargets:
    """Read Tables 1 and 3; Table 3 is interpolated, and 2004 taken from 2005."""
    regions = read_published(1)["value"]
    sectors = read_published(3)["value"].droplevel("quantity").unstack("column")
    known = sectors.index.astype(int).to_numpy()
    return JobTargets(
        regions=np.array(
            [[regions[str(year), name, "value"] for name in REGIONS] for year in YEARS]
        ),
        sectors=np.column_stack(
            [np.interp(list(YEARS), known, sectors[name]) for name in SERVICES]
        ),
    )


def _labelled(made: SimulatedJobs, codes: pd.Index, size: FloatArray) -> DrawnJobs:
    columns = [*INDUSTRIES, "total"]
    cube = np.concatenate([made.industries, made.total[..., np.newaxis]], axis=-1)
    keys = pd.MultiIndex.from_product([codes, list(YEARS)], names=["city", "year"])
    rows = cube.transpose(1, 0, 2).reshape(len(keys), len(columns))
    nation = np.column_stack([made.national_industries, made.national_total])
    return DrawnJobs(
        jobs=pd.DataFrame(rows, index=keys, columns=columns),
        national=pd.DataFrame(
            nation, index=pd.Index(list(YEARS), name="year"), columns=columns
        ),
        size=pd.Series(size, index=codes, name="size"),
    )
