"""Theta: how evenly and how deeply two industries settle in the same city."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_columns_exist, check_unique, listed
from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.indices._theta import theta_of
from spatial_coagg.indices.jobs_table import JobsTable, add_columns
from spatial_coagg.indices.quotient import location_quotient


def coagglomeration_theta(first: pd.Series, second: pd.Series) -> pd.Series:
    """Score how evenly and how deeply two industries settle in the same city.

    Parameters
    ----------
    first, second : Series
        Location quotients (no unit) of the two industries, with the same labels in
        any order.

    Returns
    -------
    Series
        theta, named so, in the order of `first`; larger means more co-agglomeration.

    Raises
    ------
    AlignmentError
        If one has a label that the other lacks.
    DuplicateKeyError
        If a label occurs twice.
    SpatialCoaggError
        If a quotient is negative or infinite.

    Notes
    -----
    theta = (1 - |a - b| / (a + b)) + (a + b), eq. (2) of [1]_.

    A missing quotient gives a missing theta. So do two quotients of zero: where
    neither industry is present, 0 / 0 says nothing about their balance. One quotient
    of zero leaves the other: theta = 0 + b.

    References
    ----------
    .. [1] Y. Geng, "Research on the impact of Industrial Synergy Agglomeration on
       Regional Innovation and Development", section 3.1.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.indices.coagglomeration import coagglomeration_theta
    >>> manufacturing = pd.Series({"310000": 1.5, "320500": 0.0, "330100": 0.0})
    >>> finance = pd.Series({"310000": 0.5, "320500": 1.5, "330100": 0.0})
    >>> coagglomeration_theta(manufacturing, finance)
    310000    2.5
    320500    1.5
    330100    NaN
    Name: theta, dtype: float64
    """
    for series, name in ((first, "the first quotients"), (second, "the second ones")):
        check_unique(series.index, name=name)
    aligned = _align(first, second)
    a, b = first.to_numpy(dtype=np.float64), aligned.to_numpy(dtype=np.float64)
    for quotients in (a, b):
        if np.any((quotients < 0) | np.isinf(quotients)):
            raise SpatialCoaggError(
                "a location quotient is negative or infinite; theta needs quotients "
                "from 0 up, as location_quotient returns them"
            )
    return pd.Series(theta_of(a, b), index=first.index, name="theta")


def group_thetas(
    jobs: pd.DataFrame,
    *,
    manufacturing: str,
    groups: Mapping[str, Sequence[str]],
    total: str | None = "total",
    national: pd.DataFrame | None = None,
    within: pd.Series | None = None,
) -> pd.DataFrame:
    """Return theta of manufacturing with each of several groups of industries.

    The jobs of a group are added up before its quotient is taken.

    Parameters
    ----------
    jobs, total, national, within
        As for :func:`location_quotient`.
    manufacturing : str
        Column of the industry that stands on one side of every pair.
    groups : mapping of str to sequence of str
        Name of each group and the columns it is made of; groups may overlap.

    Returns
    -------
    DataFrame
        theta, index ``(city, year)``, sorted; a column for each group. Missing where
        the jobs of one of its industries are.

    Raises
    ------
    SpatialCoaggError
        If there is no group, a group is empty, holds `manufacturing` or the total or
        an industry twice, or has the name of one of them; and as
        :func:`location_quotient` does.

    Warns
    -----
    DataWarning
        As :func:`location_quotient` does; columns are called by their group.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.indices.coagglomeration import group_thetas
    >>> jobs = pd.DataFrame(
    ...     {
    ...         "manufacturing": [300, 100],
    ...         "finance": [20, 60],
    ...         "transport": [40, 40],
    ...         "total": [1000, 1000],
    ...     },
    ...     index=pd.MultiIndex.from_product(
    ...         [["310000", "320500"], [2019]], names=["city", "year"]
    ...     ),
    ... )
    >>> groups = {"services": ["finance", "transport"], "finance alone": ["finance"]}
    >>> thetas = group_thetas(jobs, manufacturing="manufacturing", groups=groups)
    >>> thetas.round(3)  # doctest: +NORMALIZE_WHITESPACE
                 services  finance alone
    city   year
    310000 2019     2.917            2.5
    320500 2019     2.321            2.5
    """
    needed = _check_groups(groups, manufacturing=manufacturing, total=total)
    check_columns_exist(jobs, needed, name="the jobs table")
    used = jobs if total is None else jobs[[*needed, total]]
    table = JobsTable.from_frame(used, total=total)
    nation = (
        None
        if national is None
        else JobsTable.from_national(
            national, industries=list(table.industries.columns), total=total
        )
    )
    quotients = location_quotient(
        _sum_groups(table, manufacturing, groups),
        total=_EVERYTHING,
        national=None if nation is None else _sum_groups(nation, manufacturing, groups),
        within=within,
    ).values
    first = quotients[manufacturing]
    return pd.DataFrame(
        {name: coagglomeration_theta(first, quotients[name]) for name in groups}
    )


_EVERYTHING = "all industries"


def _align(first: pd.Series, second: pd.Series) -> pd.Series:
    if first.index.equals(second.index):
        return second
    for one, other, words in (
        (first, second, "second lacks {} labels of first"),
        (second, first, "first lacks {} labels of second"),
    ):
        absent = one.index.difference(other.index)
        if len(absent) > 0:
            raise AlignmentError(
                f"{words.format(len(absent))}: {listed(absent.to_list())}; take both "
                f"quotients from the same cities and years"
            )
    return second.reindex(first.index)


def _check_groups(
    groups: Mapping[str, Sequence[str]], *, manufacturing: str, total: str | None
) -> list[str]:
    """Return the industries needed, each once, or say what is wrong with the groups."""
    if not groups:
        raise SpatialCoaggError("groups names no group; give one or more")
    taken = {manufacturing, total, _EVERYTHING}
    for name, parts in groups.items():
        if isinstance(parts, str):
            raise SpatialCoaggError(
                f"group {name!r} must be a list of columns, such as [{parts!r}]"
            )
        if len(parts) == 0 or len(set(parts)) < len(parts):
            raise SpatialCoaggError(
                f"group {name!r} must name one or more columns, each once; "
                f"got {list(parts)}"
            )
        if taken & {name, *parts}:
            raise SpatialCoaggError(
                f"group {name!r} must neither have the name of nor hold "
                f"{listed(sorted(taken & {name, *parts}, key=str))}, which stands on "
                f"the other side of theta"
            )
    return list(
        dict.fromkeys(
            [manufacturing, *(part for each in groups.values() for part in each)]
        )
    )


def _sum_groups(
    table: JobsTable, manufacturing: str, groups: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    sums = {name: add_columns(table.industries[list(groups[name])]) for name in groups}
    return pd.DataFrame(
        {manufacturing: table.industries[manufacturing]}
        | sums
        | {_EVERYTHING: table.everything}
    )
