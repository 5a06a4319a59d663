"""The economy of each city, over all years or year by year."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_cities_covered, check_unique, listed
from spatial_coagg.errors import UnbalancedPanelError, WeightsError
from spatial_coagg.weights.links import read_cities


def economy_of_cities(
    economy: pd.Series, *, cities: pd.Index | Sequence[str] | None
) -> pd.Series:
    """Return one number for each city, sorted by code; years are averaged.

    Raises
    ------
    UnbalancedPanelError
        If the cities are not all observed in the same years.
    """
    selected = _selected(economy, cities)
    if selected.index.nlevels == 1:
        return selected
    table = selected.unstack("year")
    gaps = table.isna().any(axis="columns")
    if gaps.any():
        city = table.index[gaps][0]
        years = table.columns[table.loc[city].isna()].to_list()
        raise UnbalancedPanelError(
            f"{selected.name} lacks {listed(years)} for {city!r} ({int(gaps.sum())} "
            f"cities have gaps), so averages over the years would not be comparable; "
            f"give years that all cities have"
        )
    averages: pd.Series = table.mean(axis="columns").rename(str(selected.name))
    return averages


def economies_by_year(
    economy: pd.Series, *, cities: pd.Index | Sequence[str] | None
) -> dict[int, pd.Series]:
    """Return, for each year, one number for each city, sorted by code."""
    selected = _selected(economy, cities)
    if selected.index.nlevels == 1:
        raise WeightsError(
            f"{selected.name} has no years; index it by (city, year), or build one "
            f"graph for all years"
        )
    by_year = {}
    for year in selected.index.unique("year").sort_values():
        values = selected.xs(year, level="year")
        if cities is not None:
            wanted = read_cities(cities, name="cities")
            found = f"{selected.name} of {year}"
            check_cities_covered(wanted, values.index, name=found, of="the selection")
        by_year[int(year)] = values
    return by_year


def _selected(economy: pd.Series, cities: pd.Index | Sequence[str] | None) -> pd.Series:
    if not isinstance(economy, pd.Series):
        raise TypeError(
            f"economy must be a Series indexed by city or by (city, year), got "
            f"{type(economy).__name__}"
        )
    named = economy.rename("economy" if economy.name is None else str(economy.name))
    keyed = _keyed(named).sort_index()
    check_unique(keyed.index, name=str(named.name))
    if cities is not None:
        wanted = read_cities(cities, name="cities").sort_values()
        found = keyed.index.unique(0)
        check_cities_covered(wanted, found, name=str(named.name), of="the selection")
        keyed = keyed[keyed.index.get_level_values(0).isin(wanted)]
    _check_values(keyed)
    return keyed.astype(np.float64)


def _keyed(economy: pd.Series) -> pd.Series:
    index, name = economy.index, f"the index of {economy.name}"
    if index.nlevels == 1:
        return economy.set_axis(read_cities(index, name=name))
    if set(index.names) != {"city", "year"}:
        raise WeightsError(
            f"{name} must be city, or the two levels city and year; got levels "
            f"{list(index.names)}"
        )
    codes = index.unique("city")
    read_cities(codes, name=name)
    return economy if index.names[0] == "city" else economy.swaplevel()


def _check_values(economy: pd.Series) -> None:
    if len(economy) == 0 or not pd.api.types.is_numeric_dtype(economy.dtype):
        raise WeightsError(
            f"{economy.name} must hold numbers; it has {len(economy)} values of type "
            f"{economy.dtype}"
        )
    wrong = ~np.isfinite(economy.to_numpy(dtype=np.float64, na_value=np.nan))
    if wrong.any():
        raise WeightsError(
            f"{economy.name} has {int(wrong.sum())} missing or infinite values, at "
            f"{listed(economy.index[wrong])}; fill them in or leave those cities out"
        )
