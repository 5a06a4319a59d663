"""Jobs that come or go: quotients, national totals and thetas computed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_cities_covered, check_unique, listed
from spatial_coagg.errors import AlignmentError, MissingColumnError, SpatialCoaggError
from spatial_coagg.indices.coagglomeration import group_thetas

JobChanges: TypeAlias = Mapping[str, Mapping[str, float]] | pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class JobsBase:
    """The jobs that a what-if changes, and how theta is made of them.

    Attributes
    ----------
    jobs : DataFrame
        Persons, index ``(city, year)``; a column for each industry and `total`.
    manufacturing : str
        Column on one side of theta.
    services : sequence of str
        Columns on the other side, added up.
    total : str or None
        Column of all jobs; None adds the columns up.
    national : DataFrame, optional
        The nation's totals in persons, index ``year``. Without it the totals are
        summed over the cities of `jobs`.
    within : Series, optional
        Group of each city: totals are then summed over the cities of the group.
    year : int, optional
        Whose jobs change; the last year by default.

    Examples
    --------
    >>> from spatial_coagg import load_example
    >>> from spatial_coagg.planner.job_changes import JobsBase
    >>> example = load_example("spatial")
    >>> base = JobsBase(
    ...     example.jobs, "manufacturing", ["finance"], national=example.national
    ... )
    >>> base.at
    2019
    """

    jobs: pd.DataFrame
    manufacturing: str
    services: Sequence[str]
    total: str | None = "total"
    national: pd.DataFrame | None = None
    within: pd.Series | None = None
    year: int | None = None

    @property
    def at(self) -> int:
        """The year whose jobs change."""
        years = self.jobs.index.get_level_values("year")
        return int(years.max()) if self.year is None else self.year

    @property
    def thetas(self) -> pd.Series:
        """Theta, index ``(city, year)``."""
        return group_thetas(
            self.jobs,
            manufacturing=self.manufacturing,
            groups={"theta": tuple(self.services)},
            total=self.total,
            national=self.national,
            within=self.within,
        )["theta"]


@dataclass(frozen=True, slots=True, eq=False)
class MovedThetas:
    """Theta before and after a change of jobs.

    Attributes
    ----------
    before, after : Series
        Index city, the cities asked for.
    low, high : float
        Smallest and largest theta seen in them in any year.
    notes : tuple of str
        Where theta went against the jobs.
    """

    before: pd.Series
    after: pd.Series
    low: float
    high: float
    notes: tuple[str, ...]


def move_jobs(
    base: JobsBase, changes: object, cities: pd.Index, years: pd.Index
) -> MovedThetas:
    """Compute theta of `cities` before and after jobs come or go.

    Parameters
    ----------
    base : JobsBase
    changes : nested mapping or DataFrame
        City code to industry to persons; see :func:`what_if`.
    cities, years : Index
        Whose theta is returned, and over which years it counts as seen.

    Raises
    ------
    AlignmentError, MissingColumnError, SpatialCoaggError
        If city, industry or year is not there, a number is none or more jobs are lost
        than there are; if theta of one of `cities` does not exist.

    Notes
    -----
    An industry's jobs, the city's total and the nation's totals change together, so
    that the quotients of all other cities move a little too.
    """
    asked = read_changes(base, changes)
    seen = base.thetas
    this = base.jobs.index.get_level_values("year") == base.at
    now = replace(base, jobs=base.jobs.loc[this])
    later = replace(
        now, jobs=_with_changes(now, asked), national=_nation_with(now, asked)
    )
    before, after = (
        _of_cities(each.thetas, base.at, cities, when)
        for each, when in ((now, "before"), (later, "after"))
    )
    rows = seen[
        seen.index.isin(cities, level="city") & seen.index.isin(years, level="year")
    ]
    return MovedThetas(
        before,
        after,
        float(min(rows.min(), before.min())),
        float(max(rows.max(), before.max())),
        _against(asked, before, after),
    )


def read_changes(base: JobsBase, changes: object) -> pd.DataFrame:
    """Return persons added, index city, a column for each industry that changes."""
    table = _to_table(changes)
    check_unique(table.index, name="changes")
    check_unique(table.columns, name="the header of changes")
    here = base.jobs.index
    if base.at not in here.get_level_values("year"):
        raise AlignmentError(f"the jobs table has no year {base.at}")
    known = here[here.get_level_values("year") == base.at].get_level_values("city")
    check_cities_covered(
        table.index, known, name=f"the jobs table of {base.at}", of="changes"
    )
    _check_industries(base, table)
    numbers = table.apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = (~np.isfinite(numbers) & table.notna()).to_numpy()
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise SpatialCoaggError(
            f"changes of {table.columns[column]!r} in city {table.index[row]!r} are no "
            f"number: {table.iloc[row, column]}"
        )
    return pd.DataFrame(numbers.fillna(0.0))


def _to_table(changes: object) -> pd.DataFrame:
    if isinstance(changes, pd.DataFrame):
        table = changes
    elif isinstance(changes, Mapping) and all(
        isinstance(part, Mapping) for part in changes.values()
    ):
        table = pd.DataFrame.from_dict(
            {city: dict(part) for city, part in changes.items()}, orient="index"
        )
    else:
        raise SpatialCoaggError(
            'changes of jobs must be a table or nested: {"330100": {"finance": 20_000}}'
        )
    if table.size == 0:
        raise SpatialCoaggError("changes names no jobs; give a city and an industry")
    return table


def _check_industries(base: JobsBase, table: pd.DataFrame) -> None:
    industries = [name for name in base.jobs.columns if name != base.total]
    unknown = [name for name in table.columns if name not in industries]
    if unknown:
        raise MissingColumnError(
            f"changes names {listed(unknown)}, which is no industry of the jobs table; "
            f"it has {listed(industries, limit=30)}"
        )


def _with_changes(now: JobsBase, asked: pd.DataFrame) -> pd.DataFrame:
    jobs = now.jobs.astype(float)
    added = asked.reindex(jobs.index.get_level_values("city"), fill_value=0.0)
    added.index = jobs.index
    here = jobs[list(asked.columns)]
    wrong = (here.isna() & (added != 0)) | (here + added < 0)
    if wrong.to_numpy().any():
        row, column = np.argwhere(wrong.to_numpy())[0]
        raise SpatialCoaggError(
            f"city {jobs.index[row][0]!r} has {here.iloc[row, column]:,.0f} jobs in "
            f"{asked.columns[column]!r} in {now.at}; {added.iloc[row, column]:+,.0f} "
            f"cannot be"
        )
    changed = {name: here[name] + added[name] for name in asked.columns}
    if now.total is not None:
        changed[now.total] = jobs[now.total] + added.sum(axis="columns")
    return jobs.assign(**changed)


def _nation_with(now: JobsBase, asked: pd.DataFrame) -> pd.DataFrame | None:
    if now.national is None:
        return None
    nation = now.national.astype(float)
    added = asked.sum()[[name for name in asked.columns if name in nation.columns]]
    if now.total is not None:
        added[now.total] = float(asked.to_numpy().sum())
    this = nation.index == now.at
    _check_persons(now, nation.loc[this, list(added.index)].iloc[0])
    nation.loc[this, list(added.index)] += added.to_numpy()
    return nation


def _check_persons(now: JobsBase, nation: pd.Series) -> None:
    here = now.jobs[list(nation.index)].sum()
    few = nation < here / 2
    if few.any():
        name = nation.index[few.to_numpy()][0]
        raise SpatialCoaggError(
            f"the nation has {nation[name]:,.0f} jobs in {name!r} in {now.at}, the "
            f"cities {here[name]:,.0f}: national totals must count persons, like the "
            f"jobs, if jobs are to be added to both"
        )


def _of_cities(thetas: pd.Series, year: int, cities: pd.Index, when: str) -> pd.Series:
    found = thetas.xs(year, level="year").reindex(cities)
    absent = found.index[found.isna().to_numpy()]
    if len(absent) > 0:
        raise AlignmentError(
            f"{len(absent)} cities of the fit have no theta in {year} {when} the "
            f"change of jobs: {listed(absent)}; complete their jobs, or choose another "
            f"year"
        )
    return found


def _against(
    asked: pd.DataFrame, before: pd.Series, after: pd.Series
) -> tuple[str, ...]:
    """Say where theta falls with more jobs, or rises with fewer."""
    here = asked.loc[asked.index.isin(before.index)]
    moved = (after - before).loc[here.index]
    more = (here >= 0).all(axis="columns") & (here > 0).any(axis="columns")
    fewer = (here <= 0).all(axis="columns") & (here < 0).any(axis="columns")
    why = (
        "theta rewards balance between the two sides as well as depth, and is measured "
        "against all jobs of the city"
    )
    notes = []
    for cities, words in (
        (here.index[(more & (moved < 0)).to_numpy()], "more jobs lower theta of"),
        (here.index[(fewer & (moved > 0)).to_numpy()], "fewer jobs raise theta of"),
    ):
        if len(cities) > 0:
            told = ", ".join(
                f"{city!r} ({before[city]:.3f} to {after[city]:.3f})"
                for city in cities[:5]
            )
            rest = f" and {len(cities) - 5} more" if len(cities) > 5 else ""
            notes.append(f"{words} {told}{rest}: {why}")
    return tuple(notes)
