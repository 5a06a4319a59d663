"""City codes of China that changed, and tables brought to the codes of one year."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import pandas as pd

from spatial_coagg.checks import check_choice, check_unique, listed
from spatial_coagg.errors import AlignmentError, Problem, SpatialCoaggError, TableError

# The chronology covers the changes of these years; the codes before them are those of
# the last day of FIRST_YEAR - 1.
FIRST_YEAR, LAST_YEAR = 2000, 2024

_KEYS = ["city", "year"]
_ROW_COLUMNS = ["city_before", "year", "city_after", "action"]


@dataclass(frozen=True, slots=True, eq=False)
class CrosswalkReport:
    """What a crosswalk did to a table, and what it left alone.

    Attributes
    ----------
    year : int
        The codes are those of the last day of this year.
    rows : DataFrame
        One line for each row that changed: ``city_before``, ``year``, ``city_after``
        and ``action``, which is ``"recoded"`` or ``"added"`` (to the row of the city
        that absorbed it).
    remarks : tuple of str
        Rows that were left as they are although their city did not exist at the end of
        `year`, and cities whose territory changed within the years of the table.
    """

    year: int
    rows: pd.DataFrame
    remarks: tuple[str, ...]

    @property
    def changes(self) -> pd.DataFrame:
        """The changed rows by city: first and last year, and number of rows."""
        by_city = self.rows.groupby(["city_before", "city_after", "action"])["year"]
        return by_city.agg(
            first_year="min", last_year="max", rows="count"
        ).reset_index()

    def __str__(self) -> str:
        """Return one line for each city that changed, then the remarks."""
        lines = [
            f"{row.city_before} -> {row.city_after} ({row.action}), "
            f"{row.first_year}-{row.last_year}, {row.rows} rows"
            for row in self.changes.itertuples()
        ]
        title = f"codes of {self.year}: {len(self.rows)} rows changed"
        return "\n".join([title, *lines, *self.remarks])


def read_crosswalk() -> pd.DataFrame:
    """Return the prefecture-level units whose code, name or existence changed.

    Returns
    -------
    DataFrame
        One row for each change of 2000-2024, in the order of approval:

        - ``year``, ``approved``: the State Council's approval; the new code stands in
          the official list of the end of that year. (Laiwu, approved on 2018-12-26, was
          announced in January 2019.)
        - ``event``: ``"recoded"`` (the same territory under another code, and mostly
          another name), ``"renamed"`` (the code stays), ``"founded"``, ``"split"``
          (dissolved, its territory shared out) or ``"absorbed"`` (dissolved into one
          other unit);
        - ``old_code``, ``new_code``, ``old_name_zh``, ``new_name_zh``, ``old_name_en``,
          ``new_name_en``, ``province_zh``, ``province_en``; blank where there is none;
        - ``other_codes``: other units that lost or won territory by it;
        - ``event_zh``, ``source``: the event in the words of the chronology, and where
          it is recorded.

    References
    ----------
    .. [1] FIERsity, "China prefecture crosswalk", chronology of changes 2000-2024, CC
       BY 4.0, https://github.com/FIERsity/china-prefecture-crosswalk. Lincang (2003)
       and Qamdo (2014, State Council letter 143 of 20 October 2014) are added.
    .. [2] Ministry of Civil Affairs, codes of administrative divisions (GB/T 2260) at
       the end of each year, for the codes before and after.

    Examples
    --------
    >>> changes = read_crosswalk()
    >>> dissolved = changes.event.isin(["split", "absorbed"]) & (changes.year > 2002)
    >>> changes[dissolved][["year", "event", "old_code", "old_name_en"]]
        year     event old_code old_name_en
    51  2011     split   341400      Chaohu
    64  2018  absorbed   371200       Laiwu
    """
    source = files("spatial_coagg.tables").joinpath("data/crosswalk.csv")
    with source.open("r", encoding="utf-8") as stream:
        changes = pd.read_csv(stream, dtype="str", keep_default_na=False)
    return changes.astype({"year": "int64"})


def apply_crosswalk(
    frame: pd.DataFrame,
    *,
    year: int,
    key: Literal["code", "name_zh"] = "code",
    additive: Sequence[str] | None = None,
) -> tuple[pd.DataFrame, CrosswalkReport]:
    """Bring every row of a table to the city codes at the end of one year.

    A unit that only got another code or name is followed through all its changes,
    forwards and backwards, whatever the year of the row. A unit that was dissolved or
    founded is left as it is and reported: nobody's numbers are added up silently.

    Parameters
    ----------
    frame : DataFrame
        Index ``(city, year)``.
    year : int
        1999 to 2024.
    key : {"code", "name_zh"}
        Whether the index holds six-digit codes or full Chinese names (襄樊市).
    additive : sequence of str, optional
        The columns of `frame`, all of them, when each may be added up (jobs, persons,
        yuan; no rates, averages or indices). Then the rows of a unit that was absorbed
        whole (Laiwu into Jinan) are added to those of the unit that absorbed it, year
        by year; a missing number makes the sum missing.

    Returns
    -------
    frame : DataFrame
        Index ``(city, year)``, sorted.
    report : CrosswalkReport

    Raises
    ------
    TableError
        If two rows would share a (city, year).
    SpatialCoaggError
        If `year` is out of range, or `additive` leaves out a column while there is
        something to add.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["522400", "520500", "341400"],
    ...         "year": [2010, 2011, 2010],
    ...         "jobs": [1, 2, 3],
    ...     }
    ... )
    >>> moved, report = apply_crosswalk(rows.set_index(["city", "year"]), year=2019)
    >>> moved  # doctest: +NORMALIZE_WHITESPACE
                 jobs
    city   year
    341400 2010     3
    520500 2010     1
           2011     2
    >>> print(report)
    codes of 2019: 1 rows changed
    522400 -> 520500 (recoded), 2010-2010, 1 rows
    341400 (巢湖市, Chaohu) was dissolved in 2011: 1 row left as it was
    """
    _check_request(frame, year)
    check_choice(key, ("code", "name_zh"), name="key")
    changes = _read_changes(key)
    table = frame.sort_index()
    before = [str(city) for city in table.index.get_level_values("city")]
    after = {city: _follow(city, changes, year) for city in set(before)}
    years = table.index.get_level_values("year")
    rows = pd.DataFrame(
        {
            "city_before": before,
            "year": years,
            "city_after": [after[city] for city in before],
            "action": "recoded",
        }
    )
    _check_no_collision(rows)
    keys = pd.MultiIndex.from_arrays([rows["city_after"], years], names=_KEYS)
    moved, added = _add_absorbed(table.set_axis(keys), changes, year, additive)
    recoded = rows[rows["city_before"] != rows["city_after"]]
    rows = pd.concat([recoded, added]).sort_values(_ROW_COLUMNS, ignore_index=True)
    remarks = _find_remarks(moved.index, changes, added, year)
    return moved.sort_index(), CrosswalkReport(year, rows, tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Change:
    """One change; `old` and `new` are codes or names, as the table is keyed."""

    year: int
    event: str
    old: str
    new: str
    name: str
    others: tuple[str, ...]


def _read_changes(key: str) -> list[_Change]:
    # The other units are known by code only.
    return [
        _Change(
            year=int(row["year"]),
            event=row["event"],
            old=row[f"old_{key}"],
            new=row[f"new_{key}"],
            name=f"{row['old_name_zh'] or row['new_name_zh']}, "
            f"{row['old_name_en'] or row['new_name_en']}",
            others=tuple(row["other_codes"].split()) if key == "code" else (),
        )
        for row in read_crosswalk().to_dict("records")
    ]


def _check_request(frame: pd.DataFrame, year: int) -> None:
    if list(frame.index.names) != _KEYS:
        raise AlignmentError(
            f"the table's index must be (city, year), got {list(frame.index.names)}"
        )
    check_unique(frame.index, name="the table, keyed by (city, year),")
    if not FIRST_YEAR - 1 <= year <= LAST_YEAR:
        raise SpatialCoaggError(
            f"year must be {FIRST_YEAR - 1} to {LAST_YEAR}, which the chronology of "
            f"changes covers; got {year}"
        )


def _follow(city: str, changes: list[_Change], year: int) -> str:
    kept = [change for change in changes if change.event in {"recoded", "renamed"}]
    for change in kept:
        if change.year <= year and city == change.old:
            city = change.new
    for change in reversed(kept):
        if change.year > year and city == change.new:
            city = change.old
    return city


def _check_no_collision(rows: pd.DataFrame) -> None:
    moved = rows["city_before"] != rows["city_after"]
    together = rows[moved & rows.duplicated(["city_after", "year"], keep=False)]
    problems = [
        Problem(
            message=f"becomes {after!r}, which has a row in that year already; keep "
            f"one of the two",
            city=city,
            year=str(year),
        )
        for city, year, after in zip(
            together["city_before"].tolist(),
            together["year"].tolist(),
            together["city_after"].tolist(),
            strict=True,
        )
    ]
    if problems:
        raise TableError("the crosswalk", problems)


def _add_absorbed(
    table: pd.DataFrame,
    changes: list[_Change],
    year: int,
    additive: Sequence[str] | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    added: list[tuple[str, int, str, str]] = []
    for change in changes:
        if change.event != "absorbed" or change.year > year or additive is None:
            continue
        pairs = [
            (when, (change.old, when), (change.new, when))
            for when in _years_of(table.index).get(change.old, [])
            if (change.new, when) in table.index
        ]
        if not pairs:
            continue
        _check_additive(table, additive, change.old)
        gone, host = [pair[1] for pair in pairs], [pair[2] for pair in pairs]
        both = table.loc[host].to_numpy() + table.loc[gone].to_numpy()
        sums = pd.DataFrame(both, table.loc[host].index, table.columns)
        table = pd.concat([table.drop(index=[*gone, *host]), sums])
        added += [(change.old, when, change.new, "added") for when, _, _ in pairs]
    return table, pd.DataFrame(added, columns=_ROW_COLUMNS)


def _check_additive(table: pd.DataFrame, additive: Sequence[str], city: str) -> None:
    others = [name for name in table.columns if name not in additive]
    if others:
        raise SpatialCoaggError(
            f"rows of {city!r} would be added to another city's, and {listed(others)} "
            f"is not among the additive columns; leave it out of the table or drop "
            f"additive="
        )


def _find_remarks(
    index: pd.Index, changes: list[_Change], added: pd.DataFrame, year: int
) -> Iterator[str]:
    years_of = _years_of(index)
    mended = set(zip(added["city_after"], added["year"], strict=True))
    for change in changes:
        old, new = years_of.get(change.old, []), years_of.get(change.new, [])
        if change.event in {"split", "absorbed"} and change.year <= year and old:
            yield f"{change.old} ({change.name}) was dissolved in {change.year}: " + (
                f"{_counted(old)} left as it was"
                if change.event == "split"
                else f"{_counted(old)} left; additive= adds what {change.new} has too"
            )
        if change.event in {"founded", "split"} and change.year > year and new:
            yield (
                f"{change.new} was founded in {change.year} ({change.name}): "
                f"{_counted(new)} left as it was"
            )
        hosts = [change.new] if change.event == "absorbed" else []
        for city in [*change.others, *hosts]:
            years = [
                when for when in years_of.get(city, []) if (city, when) not in mended
            ]
            if years and min(years) < change.year <= max(years):
                yield (
                    f"{city} has another territory since {change.year} ({change.name} "
                    f"was {change.event}): its numbers before and after are of "
                    f"different areas"
                )


def _years_of(index: pd.Index) -> dict[str, list[int]]:
    years: dict[str, list[int]] = {}
    for city, when in index.tolist():
        years.setdefault(city, []).append(int(when))
    return years


def _counted(years: list[int]) -> str:
    return f"{len(years)} row{'s' if len(years) > 1 else ''}"
