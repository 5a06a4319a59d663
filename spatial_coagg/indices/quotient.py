"""Location quotients: how much more of an industry a city has than the nation."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_cities_covered, check_unique, listed, warn_user
from spatial_coagg.errors import AlignmentError, DataWarning, SpatialCoaggError
from spatial_coagg.indices.jobs_table import JobsTable


@dataclass(frozen=True, slots=True, eq=False)
class LocationQuotients:
    """Location quotients, and what they compare with.

    Attributes
    ----------
    values : DataFrame
        Quotients (no unit), index ``(city, year)``, sorted; a column for each industry.
    benchmark : str
        The totals that were used, in words.

    Examples
    --------
    >>> key = pd.MultiIndex.from_tuples([("320500", 2019)], names=["city", "year"])
    >>> values = pd.DataFrame({"finance": [1.2]}, index=key)
    >>> LocationQuotients(values, "the national totals given").benchmark
    'the national totals given'
    """

    values: pd.DataFrame
    benchmark: str


def location_quotient(
    jobs: pd.DataFrame,
    *,
    total: str | None = "total",
    national: pd.DataFrame | None = None,
    within: pd.Series | None = None,
) -> LocationQuotients:
    """Divide each city's industry shares by those of the nation in the same year.

    Parameters
    ----------
    jobs : DataFrame
        Persons, index ``(city, year)`` in any order; a column for each industry, and
        the column `total`.
    total : str or None
        Column of the jobs in all industries. None takes the sum of the columns given,
        which is right only where they cover the whole economy.
    national : DataFrame, optional
        The nation's totals, index ``year``, same columns; in any unit, the same for
        all of them. Without it the totals are summed over the cities of `jobs`.
    within : Series, optional
        Group of each city (a country, say), index ``city``: totals are then summed
        over the cities of the group. Cities that `jobs` lacks are not used.

    Returns
    -------
    LocationQuotients
        Sorted by city and year.

    Raises
    ------
    MissingColumnError
        If `jobs` or `national` lacks a column.
    AlignmentError
        If `national` lacks a year, `within` lacks a city, or both are given.
    DuplicateKeyError
        If a (city, year), a year of `national` or a city of `within` occurs twice.
    SpatialCoaggError
        If jobs are negative, infinite or no numbers; if a city has jobs in an industry
        but none in total; or if the nation has none where a city has some.

    Warns
    -----
    DataWarning
        If cities with missing jobs were left out of the totals.

    Notes
    -----
    LQ_ij = (l_ij / I_i) / (L_j / L), eq. (1) of [1]_: l_ij jobs of industry j in city
    i, I_i all jobs in i, L_j and L the same for the nation.

    No jobs in an industry give a quotient of 0. Missing jobs give a missing quotient,
    and so do a city without any jobs, an industry that nobody has, and a missing
    national total. Where totals are summed over cities, a city whose l_ij or I_i is
    missing enters neither L_j nor the L that divides it: it counts as absent, not as
    zero. The average of the quotients weighted by I_i is then 1.

    References
    ----------
    .. [1] Y. Geng, "Research on the impact of Industrial Synergy Agglomeration on
       Regional Innovation and Development", section 3.1.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.indices.quotient import location_quotient
    >>> jobs = pd.DataFrame(
    ...     {"manufacturing": [300, 100], "finance": [20, 60], "total": [1000, 1000]},
    ...     index=pd.MultiIndex.from_product(
    ...         [["310000", "320500"], [2019]], names=["city", "year"]
    ...     ),
    ... )
    >>> quotients = location_quotient(jobs)
    >>> quotients.values  # doctest: +NORMALIZE_WHITESPACE
                 manufacturing  finance
    city   year
    310000 2019            1.5      0.5
    320500 2019            0.5      1.5
    >>> quotients.benchmark
    'the sum over the 2 cities of the sample'
    """
    if national is not None and within is not None:
        raise AlignmentError(
            "national totals and groups to sum within exclude each other; give one"
        )
    table = JobsTable.from_frame(jobs, total=total)
    shares = _shares(table.industries, table.everything)
    if national is not None:
        benchmark = _given_shares(national, table, total=total)
        words = "the national totals given"
    else:
        groups = _groups_of(table.industries.index, within)
        benchmark = _summed_shares(table, groups)
        words = _describe(table, groups, within)
    _check_nation_has_jobs(shares, benchmark)
    return LocationQuotients(shares.div(benchmark).where(benchmark != 0), words)


def _shares(industries: pd.DataFrame, everything: pd.Series) -> pd.DataFrame:
    return industries.div(everything.where(everything != 0), axis="index")


def _given_shares(
    national: pd.DataFrame, table: JobsTable, *, total: str | None
) -> pd.DataFrame:
    names = list(table.industries.columns)
    nation = JobsTable.from_national(national, industries=names, total=total)
    rows = table.industries.index
    years = rows.get_level_values("year")
    absent = years.unique().difference(nation.industries.index)
    if len(absent) > 0:
        raise AlignmentError(
            f"the national totals lack the years {listed(absent.to_list(), limit=20)}; "
            f"add them, or restrict the jobs table to the years they have"
        )
    by_year = _shares(nation.industries, nation.everything)
    return by_year.reindex(years).set_axis(rows, axis="index")


def _groups_of(rows: pd.Index, within: pd.Series | None) -> pd.Series:
    """Return the group of each row; one group for all by default."""
    if within is None:
        return pd.Series("", index=rows)
    check_unique(within.index, name="within, keyed by city,")
    cities = rows.unique("city")
    check_cities_covered(cities, within.index, name="within", of="the jobs table")
    blank = within.loc[cities].isna()
    if blank.any():
        raise AlignmentError(
            f"within names no group for {int(blank.sum())} cities: "
            f"{listed(cities[blank.to_numpy()])}; give them one or leave them out"
        )
    found = within.reindex(rows.get_level_values("city")).astype("str")
    return found.set_axis(rows)


def _summed_shares(table: JobsTable, groups: pd.Series) -> pd.DataFrame:
    years = table.industries.index.get_level_values("year")
    by = [groups.to_numpy(), years]
    known = table.known
    everything = known.mul(table.everything.fillna(0.0), axis="index")
    jobs = table.industries.where(known, 0.0).groupby(by).transform("sum")
    return jobs / everything.groupby(by).transform("sum").where(lambda sums: sums != 0)


def _describe(table: JobsTable, groups: pd.Series, within: pd.Series | None) -> str:
    cities = len(table.industries.index.unique("city"))
    words = f"the sum over the {cities} cities of the sample"
    if within is not None:
        called = f" of {within.name!r}" if within.name is not None else ""
        words = f"the sums over the cities of each of {groups.nunique()} groups{called}"
    unknown = ~table.known
    if not unknown.any(axis=None):
        return words
    counts = ", ".join(
        f"{count} of {name!r}" for name, count in unknown.sum().items() if count > 0
    )
    warn_user(
        f"jobs are missing in {int(unknown.any(axis='columns').sum())} rows of the "
        f"jobs table ({counts}); where an industry's jobs or the total is missing, the "
        f"city is left out of that industry's totals, and its quotient is missing",
        DataWarning,
    )
    return f"{words}, cities with missing jobs left out"


def _check_nation_has_jobs(shares: pd.DataFrame, benchmark: pd.DataFrame) -> None:
    impossible = ((benchmark == 0) & (shares > 0)).to_numpy()
    if impossible.any():
        row, column = np.argwhere(impossible)[0]
        city, year = shares.index[row]
        raise SpatialCoaggError(
            f"the nation has no jobs in {shares.columns[column]!r} in {year}, but city "
            f"{city!r} has some; correct the national totals"
        )
