"""Jobs in the wide or the long layout, read and checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import Problem, SpatialCoaggError
from spatial_coagg.tables.cells import plain_text
from spatial_coagg.tables.keyed import (
    CellRules,
    KeyedRows,
    check_names,
    find_duplicates,
    named_headers,
    read_keyed_rows,
)
from spatial_coagg.tables.sheet import Sheet

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class JobsLayout:
    """What stands where in a file of jobs; the arguments of `read_employment`."""

    city: str | None
    year: str
    total: str | None
    industry: str | None
    jobs: str | None
    industries: Mapping[str, str] | Sequence[str] | None
    rules: CellRules
    persons_per_unit: float
    tolerance: float

    def __post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        if (self.industry is None) != (self.jobs is None):
            raise SpatialCoaggError(
                "a long file needs both industry= and jobs=, a wide one neither"
            )
        if not 0 < self.persons_per_unit < math.inf:
            raise SpatialCoaggError(
                f"persons_per_unit must be above 0, got {self.persons_per_unit}"
            )
        if not self.tolerance >= 0:
            raise SpatialCoaggError(
                f"tolerance must be 0 or more, got {self.tolerance}"
            )

    @property
    def keys(self) -> list[str]:
        """Headers of the keys."""
        return [self.year] if self.city is None else [self.city, self.year]


def read_jobs(page: Sheet, layout: JobsLayout) -> pd.DataFrame:
    """Return persons by key and industry, or raise with every problem of the sheet."""
    if layout.industry is not None and layout.jobs is not None:
        rows = _read_long(page, layout, industry=layout.industry, jobs=layout.jobs)
    else:
        rows = _read_wide(page, layout)
    persons = rows.content
    if layout.persons_per_unit != 1:
        # Rounded, because 0.07 x 10,000 is 700.0000000000001.
        persons = (persons * layout.persons_per_unit).round(6)
    rows = replace(rows, content=persons)
    return rows.table(_find_excess(persons, layout.tolerance))


def _read_wide(page: Sheet, layout: JobsLayout) -> KeyedRows:
    known = [*layout.keys, *([] if layout.total is None else [layout.total])]
    others = page.others(known) if layout.industries is None else []
    headers = named_headers(layout.industries, default=others)
    if layout.total is not None:
        check_names([*headers, TOTAL])
        headers[TOTAL] = layout.total
    rows = read_keyed_rows(
        page,
        city=layout.city,
        year=layout.year,
        numbers=headers,
        texts={},
        rules=layout.rules,
    )
    negative = [
        problem
        for name, header in headers.items()
        for problem in _find_negative(rows.content[name], header)
    ]
    more = [*find_duplicates(rows.keys), *negative]
    return replace(rows, problems=(*rows.problems, *more))


def _read_long(
    page: Sheet, layout: JobsLayout, *, industry: str, jobs: str
) -> KeyedRows:
    beside, _ = page.pick([] if layout.total is None else [layout.total])
    rows = read_keyed_rows(
        page,
        city=layout.city,
        year=layout.year,
        numbers={"jobs": jobs} | {TOTAL: header for header in beside},  # noqa: B035
        texts={"industry": industry},
        rules=layout.rules,
    )
    if any(problem.row is None for problem in rows.problems):
        rows.table()
    found = rows.content["industry"]
    labels = _labels(found, layout, total_is_label=not beside)
    chosen = found.isin(list(labels))
    named = rows.keys.assign(industry=found.map(labels))[chosen]
    again = find_duplicates(named)
    problems = [
        *_find_blank_labels(found, industry),
        *_find_absent_labels(found, labels, industry),
        *again,
        *_find_negative(rows.content["jobs"][chosen], jobs),
    ]
    once = named.drop(index=[problem.row for problem in again])
    wide = _spread(rows, once.dropna(), rows.content["jobs"], list(labels.values()))
    wide = replace(wide, problems=tuple(rows.located([*rows.problems, *problems])))
    return (
        wide
        if layout.total is None or not beside
        else _with_total(wide, rows, layout.total)
    )


def _labels(
    found: pd.Series, layout: JobsLayout, *, total_is_label: bool
) -> dict[str, str]:
    """Return label in the file -> name of the column."""
    every = sorted(set(found.dropna()))
    total = plain_text(layout.total) if layout.total and total_is_label else None
    names = named_headers(
        layout.industries, default=[label for label in every if label != total]
    )
    if layout.total is not None:
        check_names([*names, TOTAL])
    if total is not None:
        names[TOTAL] = total
    labels = {plain_text(label): name for name, label in names.items()}
    if len(labels) < len(names):
        raise SpatialCoaggError("industries names one label twice; name each once")
    return labels


def _spread(
    rows: KeyedRows, named: pd.DataFrame, jobs: pd.Series, order: list[str]
) -> KeyedRows:
    """Return one row for each key, at the first row where it stands in the file."""
    keys = list(rows.keys.columns)
    first = rows.keys[rows.keys.notna().all(axis="columns")].drop_duplicates()
    wide = named.assign(jobs=jobs).pivot(index=keys, columns="industry", values="jobs")
    filled = wide.reindex(columns=order).reset_index()
    values = first.merge(filled, on=keys, how="left").set_axis(first.index)[order]
    return replace(rows, keys=first, content=values.astype("float64"))


def _with_total(wide: KeyedRows, rows: KeyedRows, header: str) -> KeyedRows:
    """Return the table with the total that stands on every row of a key."""
    keys = list(rows.keys.columns)
    known = rows.keys.assign(total=rows.content[TOTAL]).dropna()
    distinct = known.drop_duplicates()
    unequal = distinct[distinct.duplicated(keys)]
    problems = [
        Problem(
            message="the total differs from that of an earlier row of the same key; "
            "make them equal",
            row=row,
            column=header,
            value=f"{value:.15g}",
        )
        for row, value in _items(unequal[TOTAL])
    ]
    totals = distinct.drop_duplicates(keys)
    values = wide.keys.merge(totals, on=keys, how="left").set_axis(wide.keys.index)
    return replace(
        wide,
        content=wide.content.assign(**{TOTAL: values[TOTAL]}),
        problems=(*wide.problems, *rows.located(problems)),
    )


def _find_negative(numbers: pd.Series, header: str) -> list[Problem]:
    return [
        Problem(
            message="jobs cannot be negative; correct it or leave the cell blank",
            row=row,
            column=header,
            value=f"{value:.15g}",
        )
        for row, value in _items(numbers[numbers < 0])
    ]


def _find_excess(persons: pd.DataFrame, tolerance: float) -> list[Problem]:
    if TOTAL not in persons:
        return []
    # Summed in the order of names, so that the order of columns changes no digit.
    industries = persons.drop(columns=TOTAL).sort_index(axis="columns")
    together = industries.sum(axis="columns")
    excess = industries[together > persons[TOTAL] * (1 + tolerance)].index.tolist()
    return [
        Problem(
            message=f"the industries add up to {together[row]:,.10g} persons, above "
            f"the total of {persons.loc[row, TOTAL]:,.10g}; correct them, leave out "
            f"industries that contain others, or raise tolerance={tolerance:g}",
            row=row,
        )
        for row in excess
    ]


def _items(numbers: pd.Series) -> list[tuple[int, float]]:
    return list(zip(numbers.index.tolist(), numbers.tolist(), strict=True))


def _find_blank_labels(labels: pd.Series, header: str) -> list[Problem]:
    return [
        Problem(
            message="the industry is blank; fill it in or delete the row",
            row=row,
            column=header,
        )
        for row in labels.index[labels.isna()].tolist()
    ]


def _find_absent_labels(
    found: pd.Series, labels: dict[str, str], header: str
) -> list[Problem]:
    known = sorted(set(found.dropna()))
    return [
        Problem(
            message=f"no row has this industry; the file has {listed(known, limit=30)}",
            column=header,
            value=label,
        )
        for label in labels
        if label not in known
    ]
