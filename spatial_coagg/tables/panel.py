"""The panel: one row for each city and year, sorted, keyed and unchanging."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spatial_coagg._typing import BalancePolicy, FloatArray
from spatial_coagg.checks import (
    check_choice,
    check_cities_covered,
    check_columns_exist,
    check_unique,
    listed,
)
from spatial_coagg.errors import (
    AlignmentError,
    DuplicateKeyError,
    SpatialCoaggError,
    TableError,
)
from spatial_coagg.tables.balance import POLICIES, complete_labels
from spatial_coagg.tables.keys import find_gaps, read_codes, read_years

KEYS = ("city", "year")


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A table of cities over years.

    Make one with :meth:`from_frame`; the constructor only stores.

    Attributes
    ----------
    frame : DataFrame
        One row for each observed (city, year), index ``(city, year)``, sorted.
        Reading it gives a copy, so nothing done to it reaches the panel.
    attributes : DataFrame
        What does not change over the years (region, name), index ``city``.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> rows = pd.DataFrame(
    ...     {
    ...         "code": ["320500", "310000", "320500", "310000"],
    ...         "year": [2005, 2005, 2004, 2004],
    ...         "theta": [3.7, 3.4, 3.6, 3.5],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="code", year="year")
    >>> panel.cube(["theta"])[:, :, 0]
    array([[3.5, 3.6],
           [3.4, 3.7]])
    """

    _frame: pd.DataFrame
    _attributes: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        city: str,
        year: str,
        attributes: pd.DataFrame | Sequence[str] | None = None,
    ) -> "Panel":
        """Make a panel from a table with one row for each city and year.

        Parameters
        ----------
        frame : DataFrame
            Any row order. `city` and `year` may be columns or index levels.
        city, year : str
            Names of the two keys. Codes are kept as text; whole years as integers.
        attributes : DataFrame or sequence of str, optional
            Either a table indexed by city code, covering every city, or the names of
            columns of `frame` that hold one value for each city (region, name).

        Returns
        -------
        Panel

        Raises
        ------
        MissingColumnError
            If `city` or `year` is absent.
        TableError
            If a code or a year is blank or malformed; the rows count from 2, as if
            the names of the columns were row 1.
        DuplicateKeyError
            If a (city, year) or the name of a column occurs twice.
        AlignmentError
            If `attributes` lacks a city or changes within one.
        SpatialCoaggError
            If there is no row, or `city` and `year` are the same.
        """
        if city == year or len(frame) == 0:
            reason = "it has no rows" if city != year else f"both keys are {city!r}"
            raise SpatialCoaggError(f"no panel can be made of the table: {reason}")
        table = _with_index_as_columns(frame)
        check_columns_exist(table, [city, year], name="the table")
        codes, code_problems = read_codes(table[city])
        years, year_problems = read_years(table[year])
        if code_problems or year_problems:
            raise TableError("the table", [*code_problems, *year_problems])
        index = pd.MultiIndex.from_arrays([codes, years], names=list(KEYS))
        check_unique(index, name="the table, keyed by (city, year),")
        body = table.drop(columns=[city, year]).set_axis(index, axis="index")
        body = body.sort_index()
        if attributes is None:
            return cls(body, _no_attributes(body))
        if isinstance(attributes, pd.DataFrame):
            return cls(body, _no_attributes(body)).with_attributes(attributes)
        fixed = _constant_within_city(body, list(attributes))
        return cls(body.drop(columns=list(attributes)), fixed)

    @property
    def frame(self) -> pd.DataFrame:
        """The table, index ``(city, year)``, sorted; a copy."""
        # Copied on writing, as pandas does since version 3.
        return self._frame.copy(deep=False)

    @property
    def attributes(self) -> pd.DataFrame:
        """Attributes of the cities, index ``city``; a copy."""
        return self._attributes.copy(deep=False)

    @property
    def columns(self) -> list[str]:
        """Names of the variables."""
        return list(self._frame.columns)

    @property
    def cities(self) -> pd.Index:
        """Codes of the N cities, sorted."""
        return _level(self._frame, "city")

    @property
    def years(self) -> pd.Index:
        """The T years that occur, sorted."""
        return _level(self._frame, "year")

    @property
    def is_balanced(self) -> bool:
        """Whether every city has a row in every year."""
        return len(self._frame) == len(self.cities) * len(self.years)

    @property
    def gaps(self) -> pd.MultiIndex:
        """The (city, year) pairs missing between a city's first and last year."""
        return find_gaps(self._frame.index)

    def cube(
        self, columns: Sequence[str], *, balance: BalancePolicy = "error"
    ) -> FloatArray:
        """Return the variables as an array with axes year, city, variable.

        Parameters
        ----------
        columns : sequence of str
            The K variables.
        balance : {"error", "drop-cities", "drop-years"}
            What to do where a city lacks a year or a value; see :meth:`balanced`,
            which also tells which cities and years remain.

        Returns
        -------
        ndarray of shape (T, N, K)

        Raises
        ------
        UnbalancedPanelError
            If a value is missing and `balance` is ``"error"``.
        SpatialCoaggError
            If a variable holds no numbers.
        """
        names = _names(columns)
        panel = self.balanced(names, policy=balance)
        cities, years = panel.cities, panel.years
        chosen = panel.frame[names]
        texts = chosen.select_dtypes(exclude=["number", "bool"]).columns
        if len(texts) > 0:
            raise SpatialCoaggError(
                f"{listed(texts)} holds no numbers; a cube is made of numbers only"
            )
        values = chosen.to_numpy(dtype=np.float64)
        by_city = values.reshape(len(cities), len(years), len(names))
        return np.ascontiguousarray(by_city.transpose(1, 0, 2))

    def balanced(
        self, columns: Sequence[str] | None = None, *, policy: BalancePolicy = "error"
    ) -> "Panel":
        """Return the panel where every city has every year and no value is missing.

        Parameters
        ----------
        columns : sequence of str, optional
            Variables that must be present; all of them by default.
        policy : {"error", "drop-cities", "drop-years"}
            Whether to refuse, or to leave out the incomplete cities or years, which
            is announced by a `BalanceWarning`.

        Raises
        ------
        UnbalancedPanelError
            If something is missing under ``"error"``, or nothing is left otherwise.
        """
        check_choice(policy, POLICIES, name="policy")
        wanted = self.columns if columns is None else _names(columns)
        check_columns_exist(self._frame, wanted, name="the panel")
        present = self._frame[wanted].notna().all(axis="columns")
        grid = present.unstack("year", fill_value=False)
        if grid.to_numpy(dtype=bool).all():
            return self
        kept = complete_labels(grid, wanted, policy=policy)
        if policy == "drop-cities":
            return self.restricted_to(cities=kept)
        return self.restricted_to(years=kept)

    def previous(self, columns: Sequence[str], *, years: int = 1) -> pd.DataFrame:
        """Return the values of `years` calendar years before, row by row.

        A city without a row in that year gets a missing value: a gap is a gap.

        Returns
        -------
        DataFrame
            Same index as `frame`; columns ``"previous.<name>"``, or
            ``"previous<years>.<name>"`` for more than one year.
        """
        names = _names(columns)
        check_columns_exist(self._frame, names, name="the panel")
        if years < 1:
            raise SpatialCoaggError(f"years must be 1 or more, got {years}")
        index = self._frame.index
        source = pd.MultiIndex.from_arrays(
            [
                index.get_level_values("city"),
                index.get_level_values("year") - years,
            ],
            names=list(KEYS),
        )
        prefix = "previous" if years == 1 else f"previous{years}"
        earlier = self._frame[names].reindex(source)
        return earlier.set_axis(index, axis="index").add_prefix(f"{prefix}.")

    def with_columns(self, table: pd.DataFrame | pd.Series) -> "Panel":
        """Return the panel with more variables, aligned by (city, year).

        Parameters
        ----------
        table : DataFrame or named Series
            Index ``(city, year)`` in any order; it must have every row of the panel,
            and further rows are not used.

        Raises
        ------
        AlignmentError
            If `table` lacks a (city, year) of the panel or a name is taken.
        """
        if isinstance(table, pd.Series) and table.name is None:
            raise AlignmentError("the series needs a name, which the variable gets")
        added = table.to_frame() if isinstance(table, pd.Series) else table
        if list(added.index.names) != list(KEYS):
            raise AlignmentError(
                f"the table's index must be (city, year), got {added.index.names}"
            )
        check_unique(added.index, name="the table, keyed by (city, year),")
        taken = [name for name in added.columns if name in self._frame.columns]
        if taken:
            raise AlignmentError(f"the panel already has {listed(taken)}; rename them")
        absent = self._frame.index.difference(added.index)
        if len(absent) > 0:
            raise AlignmentError(
                f"the table lacks {len(absent)} rows of the panel, such as "
                f"{plain(absent[0])}; complete it or restrict the panel first"
            )
        joined = self._frame.join(added.reindex(self._frame.index))
        return Panel(joined, self._attributes)

    def with_attributes(self, attributes: pd.DataFrame) -> "Panel":
        """Return the panel with more attributes of the cities, aligned by code.

        Parameters
        ----------
        attributes : DataFrame
            Index city code, in any order; it must have every city of the panel, and
            further cities are not used.

        Raises
        ------
        AlignmentError
            If `attributes` lacks a city or a name is taken.
        DuplicateKeyError
            If a city occurs twice.
        """
        taken = [name for name in attributes.columns if name in self._attributes]
        if taken:
            raise AlignmentError(
                f"the cities already have {listed(taken)}; rename or leave it out"
            )
        check_unique(attributes.index, name="the attributes, keyed by city,")
        check_cities_covered(self.cities, attributes.index, name="attributes")
        added = attributes.reindex(self.cities).rename_axis("city")
        return Panel(self._frame, self._attributes.join(added))

    def restricted_to(
        self,
        *,
        cities: Sequence[str] | pd.Index | None = None,
        years: Sequence[int] | pd.Index | None = None,
    ) -> "Panel":
        """Return the panel with these cities and years only.

        Raises
        ------
        AlignmentError
            If a city or year asked for does not occur, or nothing would be left.
        """
        frame, fixed = self._frame, self._attributes
        if cities is not None:
            asked = pd.Index(_names(cities))
            check_cities_covered(asked, self.cities, name="the panel", of="the request")
            frame = frame.loc[frame.index.get_level_values("city").isin(asked)]
        if years is not None:
            absent = [int(year) for year in years if year not in self.years]
            if absent:
                raise AlignmentError(
                    f"the panel has no year {listed(absent)}; it has "
                    f"{self.years[0]} to {self.years[-1]}"
                )
            frame = frame.loc[frame.index.get_level_values("year").isin(list(years))]
        if len(frame) == 0:
            raise AlignmentError("the restriction leaves no row of the panel")
        left = frame.index.unique("city")
        return Panel(frame, fixed.loc[fixed.index.isin(left)])

    def __repr__(self) -> str:
        """Say what the panel covers, in one line."""
        years = self.years
        span = f"{years[0]}-{years[-1]}" if len(years) else "no years"
        return (
            f"Panel({len(self.cities)} cities, {span}, {len(self._frame)} rows, "
            f"{len(self.columns)} variables)"
        )


def plain(label: object) -> object:
    """Write a key without numpy's type name around it."""
    if isinstance(label, tuple):
        return tuple(plain(part) for part in label)
    return label.item() if isinstance(label, np.generic) else label


def _with_index_as_columns(frame: pd.DataFrame) -> pd.DataFrame:
    check_unique(frame.columns, name="the table's header")
    named = [name for name in frame.index.names if name is not None]
    both = [name for name in named if name in frame.columns]
    if both:
        raise DuplicateKeyError(
            f"the table has {listed(both)} both as a column and in its index; drop one"
        )
    return frame.reset_index(level=named) if named else frame


def _names(columns: Sequence[str] | pd.Index) -> list[str]:
    if isinstance(columns, str):
        raise SpatialCoaggError(f"give a list of names, such as [{columns!r}]")
    return list(columns)


def _level(frame: pd.DataFrame, key: str) -> pd.Index:
    labels: pd.Index = frame.index.get_level_values(key).unique().sort_values()
    return labels.rename(key)


def _no_attributes(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(index=_level(frame, "city"))


def _constant_within_city(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    check_columns_exist(frame, columns, name="the table")
    grouped = frame[columns].groupby(level="city")
    distinct = grouped.nunique(dropna=False)
    for column in columns:
        changing = distinct.index[distinct[column] > 1]
        if len(changing) > 0:
            raise AlignmentError(
                f"attribute {column!r} changes within {len(changing)} cities, such as "
                f"{changing[0]!r}; keep it as a variable or make it constant"
            )
    return grouped.first()
