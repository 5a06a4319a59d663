"""Tables of levels: who leads, how regions differ, how sectors differ."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import AlignmentError
from spatial_coagg.tables.published import read_published


def rank_cities(
    theta: pd.Series, names: Mapping[str, str], years: Sequence[int], *, top: int = 10
) -> pd.DataFrame:
    """Return the cities of highest theta in each of `years`.

    Parameters
    ----------
    theta : Series
        Index ``(city, year)``.
    names : mapping of str to str
        Name of each city code.
    years : sequence of int
        Must occur in `theta`.
    top : int
        How many cities.

    Returns
    -------
    DataFrame
        Index ``rank`` (equal values share the order of their codes), columns
        ``(year, "city")`` and ``(year, "theta")``.

    Raises
    ------
    AlignmentError
        If a year does not occur.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product(
    ...     [["310000", "320500"], [2019]], names=["city", "year"]
    ... )
    >>> theta = pd.Series([3.9, 3.7], index=index)
    >>> names = {"310000": "Shanghai", "320500": "Suzhou"}
    >>> rank_cities(theta, names, [2019], top=1)[2019].to_dict("records")
    [{'city': 'Shanghai', 'theta': 3.9}]
    """
    present = set(theta.index.get_level_values("year"))
    absent = [year for year in years if year not in present]
    if absent:
        raise AlignmentError(f"theta has no year {listed(absent)}; choose others")
    columns: dict[tuple[int, str], pd.Series] = {}
    for year in years:
        now = theta.xs(year, level="year").dropna().sort_index()
        best = now.sort_values(ascending=False, kind="stable").iloc[:top]
        rank = pd.RangeIndex(1, len(best) + 1, name="rank")
        called = [names[code] for code in best.index.astype("str")]
        columns[year, "city"] = pd.Series(called, index=rank)
        columns[year, "theta"] = pd.Series(best.to_numpy(), index=rank)
    return pd.DataFrame(columns)


def average_by_region(theta: pd.Series, regions: pd.Series) -> pd.DataFrame:
    """Return the average theta of all cities and of each region, year by year.

    Parameters
    ----------
    theta : Series
        Index ``(city, year)``.
    regions : Series
        Region of each city, index ``city``; a city without one counts in ``all``
        only.

    Returns
    -------
    DataFrame
        Index ``year``; columns ``all``, then the regions in alphabetical order.
    """
    region = regions.reindex(theta.index.get_level_values("city")).to_numpy()
    years = theta.index.get_level_values("year")
    table = pd.DataFrame({"theta": theta.to_numpy(), "region": region, "year": years})
    parts: pd.DataFrame = table.groupby(["year", "region"])["theta"].mean().unstack()
    whole = table.groupby("year")["theta"].mean().rename("all")
    return pd.concat([whole, parts], axis="columns")


def average_by_sector(thetas: pd.DataFrame) -> pd.DataFrame:
    """Return the average of each theta column, year by year."""
    means: pd.DataFrame = thetas.groupby(level="year").mean()
    return means


def published_ranking() -> pd.DataFrame:
    """Return the paper's Table 2 in the shape of :func:`rank_cities`."""
    printed = read_published(2)["printed"].unstack(["column", "quantity"])
    columns: dict[tuple[int, str], pd.Series] = {}
    for year in (2009, 2014, 2019):
        columns[year, "city"] = printed[str(year), "city"]
        columns[year, "theta"] = printed[str(year), "value"].astype(float)
    table = pd.DataFrame(columns)
    table.index = table.index.astype("int64").rename("rank")
    return table.sort_index()


def published_averages(table: int) -> pd.DataFrame:
    """Return the paper's Table 1 (regions) or 3 (sectors), index year."""
    values = read_published(table)["value"].droplevel("quantity").unstack("column")
    values.index = values.index.astype("int64").rename("year")
    values.columns.name = None
    ordered: pd.DataFrame = values.sort_index()
    return ordered
