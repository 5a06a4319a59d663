"""Rows keyed by city and year: cells read into codes, years, numbers and text."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spatial_coagg.checks import listed, warn_user
from spatial_coagg.errors import DataWarning, Problem, SpatialCoaggError, TableError
from spatial_coagg.tables.cells import is_blank, plain_text, read_numbers
from spatial_coagg.tables.keys import find_gaps, read_codes, read_years
from spatial_coagg.tables.sheet import Sheet

KEYS = ("city", "year")


@dataclass(frozen=True, slots=True)
class CellRules:
    """How cells are read.

    Attributes
    ----------
    missing_marks : collection of str
        Texts that stand for a missing number, besides the usual ones.
    code_digits : int or None
        Digits of a city code; see `read_codes`.
    """

    missing_marks: Collection[str] = ()
    code_digits: int | None = None

    def __post_init__(self) -> None:
        """Refuse one text where a collection is meant."""
        if isinstance(self.missing_marks, str):
            raise SpatialCoaggError(
                f"missing_marks must be a list, such as [{self.missing_marks!r}]"
            )
        if self.code_digits is not None and self.code_digits < 0:
            raise SpatialCoaggError(
                f"code_digits must be 0 or more, got {self.code_digits}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class KeyedRows:
    """The rows of a sheet, read.

    Attributes
    ----------
    source : str
        The file, and the sheet where there are several.
    keys : DataFrame
        Columns ``city`` and ``year`` (those that were asked for), missing where a cell
        could not be read; index the row in the file.
    content : DataFrame
        Numbers and texts, same index.
    problems : tuple of Problem
        Every cell and header that could not be read.
    """

    source: str
    keys: pd.DataFrame
    content: pd.DataFrame
    problems: tuple[Problem, ...]

    def table(self, more: Iterable[Problem] = ()) -> pd.DataFrame:
        """Return the values indexed by the keys, sorted.

        Raises
        ------
        TableError
            If there are problems, these or `more`; it lists all, in the order of rows.
        """
        problems = self.located([*self.problems, *more])
        if problems:
            # Those of the whole file come first, then those of rows in their order.
            ordered = sorted(problems, key=lambda problem: problem.row or 0)
            raise TableError(self.source, ordered)
        by_key = self.content.set_index([self.keys[key] for key in self.keys.columns])
        return by_key.sort_index()

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return the problems with the city and year of their row, where known."""
        rows = self.keys.index.isin([problem.row for problem in problems])
        keys = self.keys[rows].astype(object)
        known = keys.where(keys.notna(), None).to_dict("index")
        return [
            problem
            if problem.row not in known
            else replace(
                problem,
                city=problem.city or _text_or_none(known[problem.row].get("city")),
                year=problem.year or _text_or_none(known[problem.row].get("year")),
            )
            for problem in problems
        ]


def read_keyed_rows(
    sheet: Sheet,
    *,
    city: str | None,
    year: str,
    numbers: Mapping[str, str],
    texts: Mapping[str, str],
    rules: CellRules,
) -> KeyedRows:
    """Read the keys and the wanted columns of a sheet, and collect every problem.

    Parameters
    ----------
    sheet : Sheet
    city, year : str
        Headers of the keys; no `city` for a table of one place.
    numbers, texts : mapping of str to str
        Name of each column to return, and its header in the file.
    rules : CellRules

    Returns
    -------
    KeyedRows
        A column whose header is not in the file is a problem, and all missing.
    """
    check_names([*numbers, *texts])
    key_headers = [year] if city is None else [city, year]
    wanted = [*key_headers, *numbers.values(), *texts.values()]
    cells, problems = sheet.pick(wanted)
    rows = sheet.columns[0].index
    absent = pd.Series(None, index=rows, dtype=object)
    keys: dict[str, pd.Series] = dict.fromkeys(KEYS[-len(key_headers) :], absent)
    if city is not None and city in cells:
        keys["city"], found = read_codes(
            cells[city], rows=rows, digits=rules.code_digits
        )
        problems.extend(found)
    if year in cells:
        keys["year"], found = read_years(cells[year], rows=rows)
        problems.extend(found)
    values: dict[str, pd.Series] = {}
    for name, header in numbers.items():
        column = cells.get(header, absent)
        values[name], found = read_numbers(column, missing_marks=rules.missing_marks)
        problems.extend(_shortened(found, values[name], column))
    for name, header in texts.items():
        values[name] = _read_texts(cells.get(header, absent))
    return KeyedRows(
        sheet.source,
        pd.DataFrame(keys),
        pd.DataFrame(values, index=rows),
        tuple(problems),
    )


def named_headers(
    columns: Mapping[str, str] | Sequence[str] | None, *, default: Sequence[str]
) -> dict[str, str]:
    """Return new name -> header; a list of headers keeps its names."""
    if isinstance(columns, Mapping):
        return dict(columns)
    if isinstance(columns, str):
        raise SpatialCoaggError(f"give a list of headers, such as [{columns!r}]")
    headers = list(default if columns is None else columns)
    if len(set(headers)) < len(headers):
        twice = [name for name in dict.fromkeys(headers) if headers.count(name) > 1]
        raise SpatialCoaggError(f"headers asked for twice: {listed(twice)}")
    return dict(zip(headers, headers, strict=True))


def check_names(names: Sequence[str]) -> None:
    """Raise if a name occurs twice or is that of a key."""
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise SpatialCoaggError(f"two columns would be called {listed(twice)}; rename")
    taken = [name for name in names if name in KEYS]
    if taken:
        raise SpatialCoaggError(f"{listed(taken)} is the name of a key; choose another")


def find_duplicates(keys: pd.DataFrame) -> list[Problem]:
    """Return a problem for each row whose key already stands in an earlier row."""
    known = keys[keys.notna().all(axis="columns")]
    names = list(keys.columns)
    again = known[known.duplicated(keep=False)]
    rows = pd.Series(again.index, index=again.index)
    first = rows.groupby([again[name] for name in names]).transform("first")
    later = first[again.duplicated()]
    what = " and ".join(names) if len(names) < 3 else "city, year and industry"
    return [
        Problem(message=f"this {what} already stands in row {at}; keep one", row=row)
        for row, at in zip(later.index.tolist(), later.tolist(), strict=True)
    ]


def warn_of_gaps(index: pd.Index, *, source: str) -> None:
    """Tell the reader where cities lack years between their first and last one."""
    gaps = find_gaps(index)
    if len(gaps) == 0:
        return
    cities = gaps.unique("city")
    years = [int(year) for year in gaps.unique("year").sort_values()]
    noun = "city" if len(cities) == 1 else "cities"
    warn_user(
        f"{source}: {len(gaps)} years are missing between the first and last year of "
        f"{len(cities)} {noun} (in {listed(years)}), such as city "
        f"{gaps[0][0]!r} in {gaps[0][1]}. The gaps stay gaps: no value is carried over "
        f"them",
        DataWarning,
    )


def _shortened(
    problems: list[Problem], numbers: pd.Series, cells: pd.Series
) -> list[Problem]:
    # A column of names would otherwise be a problem in each of its rows.
    filled = len(problems) + int(numbers.notna().sum())
    if len(problems) < 3 or len(problems) < filled:
        return problems
    first = problems[0]
    message = (
        f"none of the {filled} filled cells is a number, such as {first.value!r} in "
        f"row {first.row}; leave the column out of the numbers, or correct it"
    )
    return [Problem(message=message, column=str(cells.name))]


def _read_texts(cells: pd.Series) -> pd.Series:
    known = {
        cell: None if is_blank(cell) else plain_text(_without_point(cell))
        for cell in cells.unique()
    }
    texts = [known[cell] for cell in cells]
    return pd.Series(texts, index=cells.index, name=cells.name, dtype="str")


def _without_point(cell: object) -> object:
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def _text_or_none(key: object) -> str | None:
    return None if key is None else str(key)
