"""The innovation index of 281 Chinese cities, from known equations."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray
from spatial_coagg.simulate._bounded import draw_below, place_below
from spatial_coagg.simulate._fields import standardised
from spatial_coagg.simulate._outcome import follow_years, spread_over_neighbours
from spatial_coagg.simulate.china_controls import NOISE_SD
from spatial_coagg.simulate.truth import CONSTANT, RHO, Truth
from spatial_coagg.tables.published import read_published
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.distance import build_nearest

Mode: TypeAlias = Literal["static", "dynamic", "dynamic-contaminated", "spatial"]

OUTCOME = "ln_cr"
DRIVERS = ("ln_theta", "ln_sci", "ln_gov", "ln_fin", "ln_gdp", "ln_ind")
# The index ends at 100.
CEILING = np.log(100.0)
# How much of a city's place is told by its drivers, and how long the tail of low
# cities is: they give the index the mean and spread of Table 4.
TOLD, TAIL, SKEW = 0.55, 0.58, 6.0

DYNAMIC_NOISE_SD, DYNAMIC_CITY_SD, BURN_IN = 0.25, 0.25, 40

NEIGHBOURS, SPATIAL_RHO, SPATIAL_NOISE_SD, SPATIAL_YEAR_SD = 5, 0.4, 0.25, 0.05
SPILLOVERS = {
    "W.ln_theta": 0.15,
    "W.ln_sci": 0.01,
    "W.ln_gov": -0.10,
    "W.ln_fin": 0.12,
    "W.ln_gdp": -0.25,
    "W.ln_ind": 0.05,
}


@dataclass(frozen=True, slots=True, eq=False)
class DrawnOutcome:
    """An outcome and where it comes from.

    Attributes
    ----------
    outcome : Series
        ln CR, index ``(city, year)``, sorted.
    expected : Series
        What it would be without noise.
    truth : Truth
    """

    outcome: pd.Series
    expected: pd.Series
    truth: Truth


def draw_outcome(
    drivers: pd.DataFrame,
    cities: pd.DataFrame,
    mode: Mode,
    rng: np.random.Generator,
) -> DrawnOutcome:
    """Draw ln CR in one of the modes.

    Parameters
    ----------
    drivers : DataFrame
        Index ``(city, year)``, balanced and sorted; columns ``DRIVERS``.
    cities : DataFrame
        Index ``city``, sorted; seats as in :func:`load_city_list`.
    mode : {"static", "dynamic", "dynamic-contaminated", "spatial"}
    rng : Generator
    """
    grid = drivers[DRIVERS[0]].unstack("year")
    by_city = drivers[list(DRIVERS)].to_numpy().reshape(*grid.shape, len(DRIVERS))
    x = by_city.transpose(1, 0, 2)
    if mode == "static":
        return _draw_static(x, grid, rng)
    if mode == "spatial":
        return _draw_spatial(x, grid, cities, rng)
    return _draw_dynamic(x, grid, rng, settled=mode == "dynamic")


def _draw_static(
    x: FloatArray, grid: pd.DataFrame, rng: np.random.Generator
) -> DrawnOutcome:
    coefficients = _published(6, "1")
    told = x @ _slopes(coefficients) + coefficients[CONSTANT]
    mean = np.asarray(told.mean(axis=0), dtype=np.float64)
    score = TOLD * standardised(mean) + np.sqrt(1 - TOLD**2) * (
        rng.standard_normal(len(mean))
    )
    # City effects average to zero, because the city means keep the mean of `told`.
    place = place_below(
        told - mean, score, ceiling=CEILING, mean=float(mean.mean()), shape=TAIL
    )
    expected = told + place - mean
    noise = draw_below(rng, CEILING - expected, sd=NOISE_SD, shape=SKEW)
    truth = _truth(
        "ln CR = constant + x b + city + noise",
        coefficients,
        city_effects=pd.Series(place - mean, index=grid.index),
        years=grid.columns,
        noise_sd=NOISE_SD,
    )
    return _labelled(expected + noise, expected, grid, truth)


def _draw_dynamic(
    x: FloatArray, grid: pd.DataFrame, rng: np.random.Generator, *, settled: bool
) -> DrawnOutcome:
    coefficients = _published(7, "6")
    previous = float(coefficients[f"previous.{OUTCOME}"])
    own = DYNAMIC_CITY_SD * standardised(rng.standard_normal(len(grid)))
    told = x @ _slopes(coefficients) + coefficients[CONSTANT]
    right = told + own
    years, cities = right.shape
    noise = DYNAMIC_NOISE_SD * rng.standard_normal((BURN_IN + years, cities))
    # Drivers stand still before the first year. Cities that have settled are where
    # their city effect leads; the others come from the opposite side, so that their
    # first changes go with the city effect and the level equation is invalid.
    before = right if settled else told - own
    early = np.broadcast_to(before[0], (BURN_IN, cities))
    limit = early[0] / (1 - previous)
    start = follow_years(early, noise[:BURN_IN], previous=previous, start=limit)[-1]
    outcome = follow_years(right, noise[BURN_IN:], previous=previous, start=start)
    quiet = np.zeros_like(right)
    expected = follow_years(right, quiet, previous=previous, start=limit)
    truth = _truth(
        "ln CR = constant + previous ln CR(t-1) + x b + city + noise",
        coefficients,
        city_effects=pd.Series(own, index=grid.index),
        years=grid.columns,
        noise_sd=DYNAMIC_NOISE_SD,
    )
    return _labelled(outcome, expected, grid, truth)


def _draw_spatial(
    x: FloatArray,
    grid: pd.DataFrame,
    cities: pd.DataFrame,
    rng: np.random.Generator,
) -> DrawnOutcome:
    weights = nearest_seats(cities)
    w = weight_matrix(weights)
    slopes = _published(6, "1").drop(CONSTANT)
    through = x @ np.array([SPILLOVERS[f"W.{name}"] for name in DRIVERS])
    told = x @ _slopes(slopes) + through @ w.T
    apart = told.mean(axis=0) - told.mean()
    own = 0.3 * standardised(rng.standard_normal(len(grid))) - 0.7 * apart
    by_year = SPATIAL_YEAR_SD * standardised(rng.standard_normal(len(told)))
    # The constant is not identified beside city effects; it sets the mean of ln CR.
    level = (1 - SPATIAL_RHO) * 3.73 - told.mean()
    right = told + own + level + by_year[:, np.newaxis]
    noise = SPATIAL_NOISE_SD * rng.standard_normal(right.shape)
    truth = _truth(
        "(I - rho W) ln CR = constant + x b + W x g + city + year + noise",
        pd.concat(
            [slopes, pd.Series({**SPILLOVERS, RHO: SPATIAL_RHO, CONSTANT: level})]
        ),
        city_effects=pd.Series(own, index=grid.index),
        years=grid.columns,
        noise_sd=SPATIAL_NOISE_SD,
        year_effects=by_year,
        weights=weights,
    )
    expected = spread_over_neighbours(right, w, SPATIAL_RHO)
    outcome = spread_over_neighbours(right + noise, w, SPATIAL_RHO)
    return _labelled(outcome, expected, grid, truth)


def nearest_seats(cities: pd.DataFrame) -> Graph:
    """Link each city to the five whose seats are nearest, rows of sum one."""
    seats = gpd.GeoDataFrame(
        index=cities.index,
        geometry=gpd.points_from_xy(cities["seat_lon"], cities["seat_lat"]),
        crs="EPSG:4326",
    )
    return build_nearest(seats, k=NEIGHBOURS)


def _published(table: int, column: str) -> pd.Series:
    """Return the coefficients of a column of Table 6 or 7, labelled as fits do."""
    printed = read_published(table)["value"].xs("estimate", level="quantity")
    names = printed.xs(column, level="column")
    labels = {f"ln({name[3:]})": name for name in DRIVERS}
    labels["previous.ln(cr)"] = f"previous.{OUTCOME}"
    wanted = [name for name in names.index if name in labels or name == CONSTANT]
    return names[wanted].rename(index=labels).rename_axis(None).rename(None)


def _slopes(coefficients: pd.Series) -> FloatArray:
    return coefficients[list(DRIVERS)].to_numpy(dtype=np.float64)


def _truth(
    equation: str,
    coefficients: pd.Series,
    *,
    city_effects: pd.Series,
    years: pd.Index,
    noise_sd: float,
    year_effects: FloatArray | None = None,
    weights: Graph | None = None,
) -> Truth:
    by_year = np.zeros(len(years)) if year_effects is None else year_effects
    return Truth(
        equation=equation,
        coefficients=coefficients,
        city_effects=city_effects.rename("city_effect"),
        year_effects=pd.Series(by_year, index=years, name="year_effect"),
        noise_sd=noise_sd,
        weights=weights,
    )


def _labelled(
    outcome: FloatArray, expected: FloatArray, grid: pd.DataFrame, truth: Truth
) -> DrawnOutcome:
    keys = pd.MultiIndex.from_product([grid.index, grid.columns])
    return DrawnOutcome(
        outcome=pd.Series(outcome.T.ravel(), index=keys, name=OUTCOME),
        expected=pd.Series(expected.T.ravel(), index=keys, name="expected"),
        truth=truth,
    )
