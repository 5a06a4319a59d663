"""Controls of 281 Chinese cities that look like the paper's Tables 4, 5 and 6."""

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.simulate._controls import ControlTargets, fit_controls
from spatial_coagg.simulate._fields import (
    draw_over_cities,
    draw_over_years,
    smooth_root,
)
from spatial_coagg.simulate.china_jobs import distances_km
from spatial_coagg.tables.published import read_published

# GDP leads, because city size goes into it first.
CONTROLS = ("gdp", "sci", "gov", "fin", "ind")
# Spending is the larger a share of GDP, the poorer the city.
SIGNS = (1.0, 1.0, -1.0, 1.0, 1.0)
# Decimals kept: GDP and science spending in 10,000 yuan, the others ratios.
DECIMALS = {"gdp": 0, "sci": 0, "gov": 5, "fin": 4, "ind": 4}
# Table 4 has GDP in 100 million yuan; the regressions have it in 10,000 yuan.
GDP_UNITS = 10_000.0
# With it the standard errors of Table 6 follow from the movement within cities.
NOISE_SD, OBSERVATIONS = 0.394, 4467
# Standard deviation over the years of the trend of ln GDP. More growth would leave
# more movement of GDP unexplained than the standard error in Table 6 allows.
GDP_TREND = 0.085
RANGE_KM, SMOOTH_SHARE, PERSISTENCE = 300.0, 0.5, 0.7


def draw_controls(
    cities: pd.DataFrame,
    theta: pd.Series,
    size: pd.Series,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw the controls beside a given theta.

    Parameters
    ----------
    cities : DataFrame
        Index ``city``, sorted; columns of :func:`load_city_list`.
    theta : Series
        Index ``(city, year)``, balanced, of the same cities.
    size : Series
        Index ``city``.
    rng : Generator

    Returns
    -------
    DataFrame
        Index of `theta`; levels of ``gdp`` and ``sci`` (10,000 yuan), ``gov``,
        ``fin`` and ``ind`` (ratios), ``population`` (persons), ``area_km2``.
    """
    table = theta.unstack("year").reindex(cities.index)
    root = smooth_root(distances_km(cities), range_km=RANGE_KM, share=SMOOTH_SHARE)
    order = [size.reindex(cities.index).to_numpy(dtype=np.float64)]
    logs = fit_controls(
        np.log(table.to_numpy(dtype=np.float64)).T,
        _draw_movement(root, table.shape[1], rng),
        _draw_levels(order[0], root, rng),
        control_targets(),
    )
    columns: dict[str, FloatArray] = {}
    for place, name in enumerate(CONTROLS):
        levels = np.asarray(np.exp(logs[..., place].T), dtype=np.float64)
        columns[name] = np.round(levels, DECIMALS[name]).ravel()
    columns |= _draw_people_and_land(cities, order[0], table.shape[1], rng)
    keys = pd.MultiIndex.from_product(
        [cities.index, table.columns], names=["city", "year"]
    )
    return pd.DataFrame(columns, index=keys)


def control_targets() -> ControlTargets:
    """Read the moments, inflation factors and standard errors of Tables 4 to 6."""
    moments = read_published(4)["value"]
    factors = read_published(5)["value"]
    errors = read_published(6)["value"]
    mean = np.array([moments[name, "mean", "value"] for name in CONTROLS])
    sd = np.array([moments[name, "sd", "value"] for name in CONTROLS])
    # A lognormal variable with this mean and standard deviation.
    log_sd = np.sqrt(np.log1p((sd / mean) ** 2))
    units = np.array([GDP_UNITS if name == "gdp" else 1.0 for name in CONTROLS])
    error = np.array(
        [errors[f"ln({name})", "1", "standard_error"] for name in CONTROLS]
    )
    return ControlTargets(
        mean=np.log(mean * units) - log_sd**2 / 2,
        sd=log_sd,
        vif=np.array([factors[name, "vif", "value"] for name in ("theta", *CONTROLS)]),
        sign=np.array(SIGNS),
        within=NOISE_SD / (np.sqrt(OBSERVATIONS) * error),
        trend=GDP_TREND,
    )


def _draw_movement(
    root: FloatArray, years: int, rng: np.random.Generator
) -> FloatArray:
    drawn = [
        draw_over_years(rng, root, years=years, persistence=PERSISTENCE)
        for _ in CONTROLS
    ]
    return np.stack(drawn, axis=-1)


def _draw_levels(
    size: FloatArray, root: FloatArray, rng: np.random.Generator
) -> FloatArray:
    drawn = draw_over_cities(rng, root, count=len(CONTROLS)).T
    drawn[:, 0] = 0.9 * size + np.sqrt(1 - 0.9**2) * drawn[:, 0]
    return drawn


def _draw_people_and_land(
    cities: pd.DataFrame, size: FloatArray, years: int, rng: np.random.Generator
) -> dict[str, FloatArray]:
    growth = 0.005 * np.arange(years)
    walk = 0.004 * rng.standard_normal((len(size), years)).cumsum(axis=1)
    own = 0.35 * rng.standard_normal(len(size))
    people = 3.4e6 * np.exp((0.5 * size + own)[:, np.newaxis] + growth + walk)
    typical = cities["region"].map({"east": 9e3, "central": 1.4e4, "west": 2.2e4})
    land = typical.to_numpy(dtype=np.float64) * np.exp(
        0.5 * rng.standard_normal(len(size))
    )
    return {
        "population": np.rint(people).ravel(),
        "area_km2": np.repeat(np.rint(land), years),
    }
