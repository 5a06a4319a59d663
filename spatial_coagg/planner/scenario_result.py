"""What a what-if returns, and how draws become its tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._responses import quantiles
from spatial_coagg.models.dynamic_responses import DrawnPaths
from spatial_coagg.models.responses import DrawnResponses, tails
from spatial_coagg.planner.scales import Scale

PARTS = ("own", "neighbours", "total")
LONG_RUN = "the long run"
END_OF_PATH = "the long run, at the end of the path"
# Share of a number below which a difference is rounding.
_ROUNDING = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """What goes with a change of theta, in every city.

    Attributes
    ----------
    mode : {"synergy", "jobs"}
    scale : Scale
        Of the driver and the outcome.
    unit : str
        Of `cities`: ``"% of cr"``, ``"% of 1 + patents"`` or the outcome's name.
    horizon : str
        A static model speaks of ``"the long run"``, a dynamic one of where its path
        ends.
    level : float
        Coverage of the intervals.
    changes : DataFrame
        Index city. Columns: before, after (theta, missing where not known) and step
        (change of the driver as it stands in the model).
    cities : DataFrame
        Index city. Columns in `unit`: own, neighbours, total (medians), lower, upper
        (of the total). includes_zero: whether that interval does; rank: by total, 1
        for the largest; extrapolated: whether theta leaves the values seen (missing
        where they are not known).
    effects : DataFrame
        Index (effect, city), effect own, neighbours or total; columns estimate (at the
        point estimates), median, lower, upper, in units of the outcome as it stands in
        the model, where own and neighbours add up to total for each draw.
    overall : DataFrame
        Index effect, the same columns: summed over the cities.
    path : DataFrame or None
        Of a dynamic model: index (years_after, city), the same columns: the total from
        the year of the change (0) on, if it stays.
    rejected : int
        Draws outside the admissible interval, not used.
    notes : tuple of str
        What a reader must know.
    """

    mode: str
    scale: Scale
    unit: str
    horizon: str
    level: float
    changes: pd.DataFrame
    cities: pd.DataFrame
    effects: pd.DataFrame
    overall: pd.DataFrame
    path: pd.DataFrame | None
    rejected: int
    notes: tuple[str, ...]

    @property
    def changed(self) -> pd.Index:
        """Cities whose driver changes."""
        return self.changes.index[(self.changes["step"] != 0).to_numpy()]

    @property
    def average(self) -> pd.DataFrame:
        """`overall` for each city on average, in `unit`."""
        return self.scale.told(self.overall / len(self.cities))


def summarise(
    point: FloatArray, drawn: FloatArray, *, level: float, index: pd.Index
) -> pd.DataFrame:
    """Return estimate, median, lower and upper; `drawn` has shape (len(point), D)."""
    lower, median, upper = quantiles(np.sort(drawn, axis=-1), tails(level))
    return pd.DataFrame(
        {"estimate": point, "median": median, "lower": lower, "upper": upper},
        index=index,
    )


def spread_changes(
    made: DrawnResponses, step: pd.Series, *, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Send changes of the driver through the multiplier: by city, and summed.

    Parameters
    ----------
    made : DrawnResponses
    step : Series
        Change of the driver, index city, all cities of the fit.
    level : float
    """
    vector = step.to_numpy(dtype=np.float64)
    places = np.flatnonzero(vector)
    sides = []
    for curves in (made.point, made.drawn):
        total = curves.applied(vector)
        own = np.zeros_like(total)
        own[places] = curves.diagonal(places) * vector[places, None]
        rest = total - own
        # What is left of a city that nobody but itself concerns is rounding.
        rest[np.abs(rest) < _ROUNDING * np.abs(total)] = 0.0
        sides.append({"own": own, "neighbours": rest, "total": total})
    point, drawn = sides
    by_city = {
        part: summarise(point[part][:, 0], drawn[part], level=level, index=step.index)
        for part in PARTS
    }
    summed = [
        summarise(
            point[part].sum(axis=0),
            drawn[part].sum(axis=0, keepdims=True),
            level=level,
            index=pd.Index([part], name="effect"),
        )
        for part in PARTS
    ]
    return pd.concat(by_city, names=["effect"]), pd.concat(summed)


def spread_over_years(
    made: DrawnPaths, step: pd.Series, *, years: int, level: float
) -> pd.DataFrame:
    """Follow a lasting change of the driver through the years of a dynamic model.

    Parameters
    ----------
    made : DrawnPaths
    step : Series
        Change of the driver, index city, all cities of the fit.
    years : int
        After the year of the change.
    level : float
    """
    point, drawn = made.follow(step.to_numpy(dtype=np.float64), years)
    by_year = {
        year: summarise(point[year, :, 0], drawn[year], level=level, index=step.index)
        for year in range(years + 1)
    }
    return pd.concat(by_year, names=["years_after"])


def readable(effects: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Return the table a planner reads, one row for each city, in the scale's unit."""
    told = scale.told(effects)
    total = told.loc["total"]
    table = pd.DataFrame({part: told.loc[part]["median"] for part in PARTS})
    return table.assign(
        lower=total["lower"],
        upper=total["upper"],
        includes_zero=(total["lower"] <= 0) & (total["upper"] >= 0),
        rank=rank_of(table["total"]),
    )


def rank_of(gains: pd.Series) -> pd.Series:
    """Return ranks, 1 for the largest; gains equal up to rounding share theirs."""
    largest = float(gains.abs().max())
    shares = (gains / largest if largest > 0 else gains).round(10)
    return shares.rank(ascending=False, method="min").astype(int)
