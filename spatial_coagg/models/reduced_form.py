"""What every static spatial fit answers: its coefficients, and predictions."""

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_columns_exist, check_unique
from spatial_coagg.errors import AlignmentError, EstimationError, SpatialCoaggError
from spatial_coagg.models._spatial_levels import Levels
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.models.spatial_rows import CONSTANT
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.weights._logdet import solve

# What to do about a rho that is not admissible.
INSIDE = (
    "use stronger instruments or fewer effects, or maximum likelihood "
    "(fit_spatial_panel), which keeps rho inside"
)


def label_levels(
    levels: Levels, cities: pd.Index, years: pd.Index
) -> tuple[pd.Series | None, pd.Series | None]:
    """Return the effects of the cities and of the years, where there are any."""
    city = year = None
    if levels.by_city is not None:
        city = pd.Series(levels.by_city, index=cities, name="city effect")
    if levels.by_year is not None:
        year = pd.Series(levels.by_year, index=years, name="year effect")
    return city, year


def outside_interval(rho: float, interval: tuple[float, float]) -> str:
    """Say that a rho is not admissible and what that means; else nothing."""
    low, high = interval
    if low < rho < high:
        return ""
    return (
        f"rho = {rho:.4f} lies outside its admissible interval ({low:.4f}, "
        f"{high:.4f}): there is no reduced form, and so neither effects nor predictions"
    )


class ReducedForm:
    """The part of a fit that follows from its estimates, effects and weights."""

    __slots__ = ()

    estimates: pd.DataFrame
    city_effects: pd.Series | None
    year_effects: pd.Series | None
    level: float
    interval: tuple[float, float]
    outcome: str
    drivers: tuple[str, ...]
    spillovers: tuple[str, ...]
    weights: SpatialWeights
    cities: pd.Index

    @property
    def rho(self) -> float:
        """Coefficient of the neighbours' outcome; 0 where the model has none."""
        return self._coefficient("rho")

    @property
    def slopes(self) -> pd.Series:
        """Coefficients of the drivers."""
        return self.estimates["estimate"].loc[list(self.drivers)]

    @property
    def spillover_slopes(self) -> pd.Series:
        """Coefficients of the lagged drivers; 0 for a driver that is not lagged."""
        lagged = {
            name: self._coefficient(f"W.{name}") if name in self.spillovers else 0.0
            for name in self.drivers
        }
        return pd.Series(lagged, name="estimate")

    def check_admissible(self) -> None:
        """Raise `EstimationError` if rho lies outside its interval."""
        told = outside_interval(self.rho, self.interval)
        if told:
            raise EstimationError(f"{told}; {INSIDE}")

    def predict(self, drivers: pd.DataFrame) -> pd.Series:
        """Predict the outcome from drivers alone, by the reduced form.

        Parameters
        ----------
        drivers : DataFrame
            Index (city, year) with every city of the fit in each year; the drivers'
            columns. Years outside the fit have no year effect: the mean is used.

        Returns
        -------
        Series
            (I - rho W)^-1 (X b + W X g + effects), index (city, year).

        Raises
        ------
        MissingColumnError
            If a driver is missing.
        AlignmentError
            If the index is not (city, year), a city is missing in some year, or is not
            of the fit.
        DuplicateKeyError, SpatialCoaggError
            If a city-year stands twice, or a driver's value is not a finite number.
        EstimationError
            If rho lies outside its admissible interval.

        Notes
        -----
        What is known of the neighbours' noise is not used (trend and signal of
        Goulard, Laurent and Thomas-Agnan 2017 without the noise term).

        Examples
        --------
        See :func:`fit_spatial_panel`.
        """
        self.check_admissible()
        check_columns_exist(drivers, list(self.drivers), name="the drivers")
        if list(drivers.index.names) != ["city", "year"]:
            raise AlignmentError(
                f"prediction needs the index levels city and year, in this order, got "
                f"{list(drivers.index.names)}; use set_index(['city', 'year'])"
            )
        check_unique(drivers.index, name="the drivers")
        years = drivers.index.unique("year").sort_values()
        whole = pd.MultiIndex.from_product([self.cities, years], names=["city", "year"])
        apart = [*whole[~whole.isin(drivers.index)], *drivers.index.difference(whole)]
        if len(apart) > 0:
            raise AlignmentError(
                f"prediction needs exactly the cities of the fit in every year; "
                f"{len(apart)} city-years differ, the first {apart[0]!r}"
            )
        cube = drivers.loc[whole, list(self.drivers)].to_numpy(dtype=np.float64)
        wrong = ~np.isfinite(cube).all(axis=1)
        if wrong.any():
            city, year = whole[wrong][0]
            raise SpatialCoaggError(
                f"prediction needs every driver of every city; {int(wrong.sum())} "
                f"city-years lack one or have an infinite one, the first city "
                f"{city!r} in {year}: fill them, for they count in other cities too"
            )
        x = cube.reshape(len(self.cities), len(years), -1).transpose(1, 0, 2)
        trend = self._trend(np.ascontiguousarray(x), years)
        found = solve(self.weights.lag, self.rho, np.ascontiguousarray(trend.T))
        return pd.Series(found.ravel(), index=whole, name=self.outcome)

    def _trend(self, x: FloatArray, years: pd.Index) -> FloatArray:
        trend = x @ self.slopes.to_numpy() + self.level
        lagged = lag(x, self.weights.spillover)
        trend = trend + lagged @ self.spillover_slopes.to_numpy()
        trend = trend + self._coefficient(CONSTANT)
        if self.city_effects is not None:
            trend = trend + self.city_effects.to_numpy()[None, :]
        if self.year_effects is not None:
            own = self.year_effects.reindex(years).fillna(0.0)
            trend = trend + own.to_numpy()[:, None]
        return np.asarray(trend)

    def _coefficient(self, label: str) -> float:
        if label not in self.estimates.index:
            return 0.0
        return float(self.estimates["estimate"][label])
