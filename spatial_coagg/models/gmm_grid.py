"""A panel's variables and their lags on the whole calendar."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import BoolArray, FloatArray
from spatial_coagg.checks import check_columns_exist, check_finite, listed, warn_user
from spatial_coagg.errors import EstimationError, MissingValueWarning
from spatial_coagg.tables.panel import Panel, plain

_PREVIOUS = re.compile(r"previous(\d*)\.(.+)")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Variables on the whole calendar, missing where a city has no row.

    Attributes
    ----------
    values : dict of str to ndarray of shape (T, N)
        Every variable that was asked for, lags included.
    exists : ndarray of bool, shape (T, N)
        Where the panel has a row.
    years : Index of int, shape (T,)
    """

    values: dict[str, FloatArray]
    exists: BoolArray
    years: pd.Index

    def stacked(self, names: Sequence[str]) -> FloatArray:
        """Return the variables as an array of shape (T, N, K)."""
        empty = np.empty((*self.exists.shape, 0))
        columns = [self.values[name][..., None] for name in names]
        return np.concatenate([empty, *columns], axis=2)

    def restricted_to(self, cities: BoolArray) -> "Grid":
        """Return the grid of these cities (N,), from their first to last row."""
        occupied = np.flatnonzero(self.exists[:, cities].any(axis=1))
        span = slice(occupied[0], occupied[-1] + 1)
        return Grid(
            {name: array[span, cities] for name, array in self.values.items()},
            self.exists[span, cities],
            self.years[span],
        )


def lay_out_grid(panel: Panel, needed: Sequence[str], own: Sequence[str]) -> Grid:
    """Put every variable on the calendar.

    Parameters
    ----------
    panel : Panel
    needed : sequence of str
        Outcome, regressors and standard instruments, lags among them: a row that
        lacks one is left out, with a warning.
    own : sequence of str
        Variables whose past values are instruments; a missing one is a zero.

    Raises
    ------
    MissingColumnError
        If the panel lacks a variable.
    EstimationError
        If a variable is not numeric or a lag reaches beyond the panel.
    """
    frame = panel.frame
    parts = {name: split_lag(name, frame.columns) for name in [*needed, *own]}
    bases = list(dict.fromkeys(base for base, _ in parts.values()))
    check_columns_exist(frame, bases, name="the panel")
    frame = frame[bases]
    _check_numbers(frame)
    check_finite(frame, name="the panel")
    _warn_of_missing(frame, list(dict.fromkeys(parts[name][0] for name in needed)))
    city = frame.index.get_level_values("city").factorize()[0]
    year = frame.index.get_level_values("year").to_numpy(dtype=np.int64)
    first, last = int(year.min()), int(year.max())
    exists = np.zeros((last - first + 1, int(city.max()) + 1), dtype=bool)
    exists[year - first, city] = True
    cells = np.full((*exists.shape, len(bases)), np.nan)
    cells[year - first, city] = frame.to_numpy(dtype=np.float64)
    columns = {
        base: np.ascontiguousarray(cells[..., k]) for k, base in enumerate(bases)
    }
    for name, (_, lag) in parts.items():
        check_lag(lag, len(exists), name)
    values = {
        name: _previous(columns[base], lag, exists)
        for name, (base, lag) in parts.items()
    }
    return Grid(values, exists, pd.RangeIndex(first, last + 1))


def split_lag(name: str, columns: Collection[str]) -> tuple[str, int]:
    """Read ``"previous2.roads"`` as roads two years before, unless it is a column."""
    match = _PREVIOUS.fullmatch(name)
    if name in columns or match is None:
        return name, 0
    return match[2], int(match[1] or 1)


def write_lag(name: str, lag: int) -> str:
    """Write the name of a variable `lag` years before."""
    return f"previous{lag if lag > 1 else ''}.{name}"


def check_lag(lag: int, years: int, name: str) -> None:
    """Raise if `lag` reaches beyond a panel of so many `years`."""
    if lag >= years:
        raise EstimationError(
            f"{name} reaches {lag} years back, but the panel spans {years} years; "
            f"use a lag of at most {years - 1}"
        )


def _previous(values: FloatArray, lag: int, exists: BoolArray) -> FloatArray:
    if lag == 0:
        return values
    earlier = np.full_like(values, np.nan)
    earlier[lag:] = values[:-lag]
    # A lag belongs to a row: where the panel has no row there is no lag either.
    earlier[~exists] = np.nan
    return earlier


def _check_numbers(frame: pd.DataFrame) -> None:
    if frame.empty:
        raise EstimationError("the panel has no rows; read the data first")
    for column, dtype in frame.dtypes.items():
        if not pd.api.types.is_numeric_dtype(dtype):
            raise EstimationError(
                f"column {column!r} holds {dtype}, not numbers; convert it first"
            )


def _warn_of_missing(frame: pd.DataFrame, columns: list[str]) -> None:
    lacking = np.isnan(frame[columns].to_numpy(dtype=np.float64))
    rows = lacking.any(axis=1)
    if rows.any():
        without = [columns[k] for k in np.flatnonzero(lacking.any(axis=0))]
        warn_user(
            f"{int(rows.sum())} of {len(frame)} rows lack a value of {listed(without)} "
            f"and are left out, the first at {plain(frame.index[rows.argmax()])}",
            MissingValueWarning,
        )
