"""What every static spatial fit answers: its coefficients, and predictions."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_columns_exist, check_unique, listed
from spatial_coagg.errors import AlignmentError, EstimationError, SpatialCoaggError
from spatial_coagg.models._spatial_levels import Levels
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.models.fit import write_fit
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

    title: str
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
    years: pd.Index
    facts: Mapping[str, float | int | str]

    def __str__(self) -> str:
        """Return title, estimates and facts as a short text."""
        return write_fit(self.title, self.estimates, self.facts)

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
        TypeError
            If `drivers` is no DataFrame.
        MissingColumnError
            If a driver is missing.
        AlignmentError
            If the index is not (city, year) or empty, years are of another type than
            the fit's (text, not numbers), a city is missing in some year, or is not of
            the fit.
        DuplicateKeyError, SpatialCoaggError
            If a city-year stands twice, a driver is text, or a value is not finite.
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
        cube, years = self._read(drivers)
        trend = self._trend(cube, years)
        found = solve(self.weights.lag, self.rho, np.ascontiguousarray(trend.T))
        whole = self._every(years)
        return pd.Series(found.ravel(), index=whole, name=self.outcome)

    def _read(self, drivers: pd.DataFrame) -> tuple[FloatArray, pd.Index]:
        """Return the drivers, shape (T, N, K), and the T years, all checked."""
        names = list(self.drivers)
        if not isinstance(drivers, pd.DataFrame):
            raise TypeError(
                f"prediction takes a DataFrame with the index (city, year), got "
                f"{type(drivers).__name__}; of a Panel give panel.frame"
            )
        check_columns_exist(drivers, names, name="the drivers")
        texts = drivers[names].select_dtypes(exclude=["number", "bool"]).columns
        if len(texts) > 0:
            raise SpatialCoaggError(
                f"prediction needs numbers, and {listed(texts)} holds none; convert it "
                f"(pandas.to_numeric)"
            )
        years = self._years_of(drivers.index)
        whole = self._every(years)
        apart = [*whole[~whole.isin(drivers.index)], *drivers.index.difference(whole)]
        if len(apart) > 0:
            raise AlignmentError(
                f"prediction needs exactly the cities of the fit in every year; "
                f"{len(apart)} city-years differ, the first {apart[0]!r}"
            )
        flat = drivers.loc[whole, names].to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = ~np.isfinite(flat).all(axis=1)
        if wrong.any():
            city, year = whole[wrong][0]
            raise SpatialCoaggError(
                f"prediction needs every driver of every city; {int(wrong.sum())} "
                f"city-years lack one or have an infinite one, the first city "
                f"{city!r} in {year}: fill them, for they count in other cities too"
            )
        cube = flat.reshape(len(self.cities), len(years), -1).transpose(1, 0, 2)
        return np.ascontiguousarray(cube), years

    def _years_of(self, index: pd.Index) -> pd.Index:
        """Return the years of an index (city, year), of the same type as the fit's."""
        if list(index.names) != ["city", "year"]:
            raise AlignmentError(
                f"prediction needs the index levels city and year, in this order, got "
                f"{list(index.names)}; use set_index(['city', 'year'])"
            )
        check_unique(index, name="the drivers")
        years = index.unique("year").sort_values()
        if len(years) == 0:
            raise AlignmentError(
                "the drivers have no rows; give every city of the fit in one year or "
                "more"
            )
        kinds = {each.inferred_type for each in (years, self.years)}
        if len(kinds) > 1 and kinds != {"integer", "floating"}:
            raise AlignmentError(
                f"years of the drivers are of type {years.inferred_type} "
                f"({years.tolist()[0]!r}), those of the fit of type "
                f"{self.years.inferred_type} ({self.years.tolist()[0]!r}), so that "
                f"none is the same; convert them"
            )
        return years

    def _every(self, years: pd.Index) -> pd.MultiIndex:
        """Return every city of the fit in each of the years."""
        return pd.MultiIndex.from_product([self.cities, years], names=["city", "year"])

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
