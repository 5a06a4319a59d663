"""The rows of a panel that a static model uses, chosen and checked once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import BoolArray, Effects, FloatArray
from spatial_coagg.checks import (
    check_columns_exist,
    check_finite,
    check_variables,
    listed,
    warn_user,
)
from spatial_coagg.errors import EstimationError, MissingValueWarning
from spatial_coagg.models._static_sweep import Grouping, count_absorbed, sweep
from spatial_coagg.tables.panel import Panel

CONSTANT = "constant"
# What is left of a driver, as a share of its length, below which nothing is left: the
# rounding of doubles, with room for large means.
_NOTHING_LEFT = 1e-9
# Distance of a driver of length 1 from the span of the others.
_COLLINEAR = 1e-6
_WHERE = {
    "none": ("", "leave it out"),
    "city": ("within cities ", "leave it out or use year effects"),
    "year": ("between cities of the same year ", "leave it out or use city effects"),
    "city-year": (
        "other than from city to city or from year to year ",
        "leave it out or use one kind of effects",
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class StaticRows:
    """The R complete rows of a regression, sorted by city and year.

    Attributes
    ----------
    outcome : str
    drivers : tuple of str
        Names of the K drivers.
    frame : DataFrame
        Outcome and drivers, index ``(city, year)``, no value missing.
    left_out : int
        Rows of the panel that were not used because a value is missing.
    """

    outcome: str
    drivers: tuple[str, ...]
    frame: pd.DataFrame
    left_out: int

    @property
    def y(self) -> FloatArray:
        """Outcome, shape (R,)."""
        return self.frame[self.outcome].to_numpy()

    @property
    def x(self) -> FloatArray:
        """Drivers, shape (R, K)."""
        return self.frame[list(self.drivers)].to_numpy()

    @property
    def groups(self) -> Grouping:
        """City and year of each row, as positions among those that are used."""
        index = self.frame.index
        return Grouping(
            self.cities.get_indexer(index.get_level_values("city")).astype(np.int64),
            self.years.get_indexer(index.get_level_values("year")).astype(np.int64),
        )

    @property
    def labels(self) -> list[str]:
        """Drivers, then the constant."""
        return [*self.drivers, CONSTANT]

    @property
    def cities(self) -> pd.Index:
        """Cities with a row, sorted."""
        return self.frame.index.unique("city").sort_values()

    @property
    def years(self) -> pd.Index:
        """Years with a row, sorted."""
        return self.frame.index.unique("year").sort_values()


def select_rows(panel: Panel, outcome: str, drivers: Sequence[str]) -> StaticRows:
    """Return the complete rows of the outcome and the drivers.

    Raises
    ------
    MissingColumnError
        If a column is unknown.
    EstimationError
        If no driver is named, one is named twice or holds text, or no row is complete.
    SpatialCoaggError
        If a value is infinite.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.
    """
    check_variables(outcome, drivers, reserved=(CONSTANT,))
    names = [outcome, *drivers]
    frame = panel.frame
    check_columns_exist(frame, names, name="the panel")
    chosen = frame[names]
    texts = chosen.select_dtypes(exclude=["number", "bool"]).columns
    if len(texts) > 0:
        raise EstimationError(
            f"{listed(texts)} holds text; a regression needs numbers: convert the "
            f"column or leave it out"
        )
    numbers = chosen.astype(np.float64)
    check_finite(numbers, name="the panel")
    complete = numbers.notna().all(axis="columns")
    left_out = int((~complete).sum())
    if left_out == len(numbers):
        raise EstimationError(f"no row of the panel has all of {listed(names)}")
    if left_out:
        warn_user(
            _describe_missing(numbers, left_out),
            MissingValueWarning,
        )
    return StaticRows(outcome, tuple(drivers), numbers[complete].sort_index(), left_out)


def check_identified(rows: StaticRows, effects: Effects) -> None:
    """Raise unless the drivers can be told from the effects and from each other.

    Raises
    ------
    EstimationError
        Naming what is too few, does not vary or is collinear, and the way out.
    """
    groups = rows.groups
    if groups.cities < 2:
        raise EstimationError(
            f"all complete rows are of one city, {rows.cities[0]!r}; a panel model "
            f"needs at least two"
        )
    if groups.years < 2 and effects != "none":
        raise EstimationError(
            f"all complete rows are of one year, {rows.years[0]}; {effects} effects "
            f"need at least two: use effects='none' for a cross-section"
        )
    parameters = len(rows.drivers) + count_absorbed(groups, effects)
    if len(rows.frame) <= parameters:
        raise EstimationError(
            f"{len(rows.frame)} rows cannot identify {parameters} parameters "
            f"({listed(rows.drivers)}, constant and effects); use fewer drivers or "
            f"effects"
        )
    check_variation(rows, effects)


def check_variation(rows: StaticRows, effects: Effects) -> None:
    """Raise if the effects explain a variable, or other drivers explain a driver."""
    outcome = rows.y[:, None]
    if not _vary(sweep(outcome, rows.groups, effects), outcome)[0]:
        raise EstimationError(
            f"the outcome {rows.outcome!r} does not vary {_WHERE[effects][0]}in the "
            f"rows that are used, so nothing of it is left; choose another outcome"
        )
    check_drivers(rows.frame[list(rows.drivers)], rows.groups, effects)


def check_drivers(drivers: pd.DataFrame, groups: Grouping, effects: Effects) -> None:
    """Raise if the effects explain a driver, or the other drivers do."""
    values = drivers.to_numpy()
    left = sweep(values, groups, effects)
    where, way_out = _WHERE[effects]
    for name, varies in zip(drivers.columns, _vary(left, values), strict=True):
        if not varies:
            raise EstimationError(
                f"the driver {name!r} does not vary {where}in the rows that are used, "
                f"so nothing of it is left; {way_out}"
            )
    lengths = np.sqrt(np.square(left).sum(axis=0))
    check_collinearity(left / lengths, list(drivers.columns))


def _vary(left: FloatArray, whole: FloatArray) -> BoolArray:
    lengths = np.sqrt(np.square(left).sum(axis=0))
    varies: BoolArray = lengths > _NOTHING_LEFT * np.sqrt(np.square(whole).sum(axis=0))
    return varies


def check_collinearity(columns: FloatArray, names: Sequence[str]) -> None:
    """Raise if a column, each of length 1, is a combination of those before it."""
    triangle: FloatArray = np.linalg.qr(columns).R
    for number in range(1, len(names)):
        if abs(triangle[number, number]) < _COLLINEAR:
            shares = np.linalg.solve(
                triangle[:number, :number], triangle[:number, number]
            )
            partners = [
                name
                for name, share in zip(names[:number], shares, strict=True)
                if abs(share) > _COLLINEAR
            ]
            raise EstimationError(
                f"the driver {names[number]!r} is collinear with {listed(partners)}; "
                f"leave one of them out"
            )


def _describe_missing(numbers: pd.DataFrame, left_out: int) -> str:
    missing = numbers.isna().sum()
    columns = ", ".join(
        f"{name} {count}" for name, count in missing[missing > 0].items()
    )
    return (
        f"{left_out} of {len(numbers)} rows are left out of the estimate because a "
        f"value is missing ({columns})"
    )
