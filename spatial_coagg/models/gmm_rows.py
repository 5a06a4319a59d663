"""The equations and the instruments of a dynamic model, from variables on a grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import BoolArray, FloatArray, IntArray
from spatial_coagg.checks import listed
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._gmm_moments import Equations, OwnValues, PastValues
from spatial_coagg.models._gmm_tests import Differences
from spatial_coagg.models._gmm_transform import deviate_forward, difference_years
from spatial_coagg.models.gmm_grid import Grid
from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.instruments import (
    GmmInstruments,
    InstrumentGroup,
    StandardInstruments,
)

CONSTANT = "constant"
YEAR_DUMMIES = "iv(year dummies)"


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The model in levels and as the equations that are estimated.

    Attributes
    ----------
    grid : Grid
        Of the cities that have a complete row.
    labels : tuple of str
        Names of the K coefficients: regressors, year dummies, constant.
    year_dummies : int
        How many of them are year dummies.
    y : ndarray of shape (T, N)
    x : ndarray of shape (T, N, K)
    complete : ndarray of bool, shape (T, N)
        Where outcome and regressors are all there.
    equations : Equations
    """

    grid: Grid
    labels: tuple[str, ...]
    year_dummies: int
    y: FloatArray
    x: FloatArray
    complete: BoolArray
    equations: Equations

    @property
    def dummies(self) -> FloatArray:
        """The year dummies, shape (T, N, D)."""
        stop = len(self.labels) - (CONSTANT in self.labels)
        return self.x[..., stop - self.year_dummies : stop]

    def differences(
        self, coefficients: FloatArray, residuals: FloatArray, method: GmmMethod
    ) -> Differences:
        """Return the model in first differences, zero where a year is missing.

        `residuals` (R, N) are those of the equations, which are differenced already
        unless they were deviated.
        """
        years = len(self.complete)
        if not method.uses_deviations:
            used, x = self.equations.used[:years], self.equations.x[:years]
            return Differences(residuals[:years], x, used)
        present = self.complete.copy()
        present[0] = False
        present[1:] &= self.complete[:-1]
        changes = difference_years(self.y - self.x @ coefficients)
        x = difference_years(self.x)
        return Differences(
            np.where(present, changes, 0.0),
            np.where(present[..., None], x, 0.0),
            present,
        )


def build_rows(
    grid: Grid,
    outcome: str,
    regressors: Sequence[str],
    *,
    groups: Sequence[InstrumentGroup],
    method: GmmMethod,
    year_dummies: bool,
) -> Rows:
    """Transform the variables and mark the rows that have everything they need.

    Raises
    ------
    EstimationError
        If no row is complete, or none is left after the transformation.
    """
    whole = _complete(grid, [outcome, *regressors])
    if not whole.any():
        _refuse_short(grid, outcome, regressors)
    grid = grid.restricted_to(np.any(whole, axis=0))
    complete = _complete(grid, [outcome, *regressors])
    levels = grid.stacked([outcome, *regressors])
    used = _usable(grid, complete, levels, groups, method)
    if not used[: len(grid.years)].any():
        _refuse_short(grid, outcome, regressors)
    dummy_years = _years_in_use(complete, used, method)[1:]
    if not year_dummies:
        dummy_years = dummy_years[:0]
    labels = [*regressors, *(f"year.{grid.years[year]}" for year in dummy_years)]
    dummies = [_dummy(year, complete.shape) for year in dummy_years]
    levels = np.concatenate([levels, *dummies], axis=2)
    if method.is_system and method.constant:
        levels = np.concatenate([levels, np.ones((*complete.shape, 1))], axis=2)
        labels.append(CONSTANT)
    stacked = transform(levels, _known(grid, complete, groups), method)
    if method.is_system:
        stacked = np.concatenate([stacked, levels])
    stacked[~used] = 0.0
    equations = Equations(
        np.ascontiguousarray(stacked[..., 0]),
        np.ascontiguousarray(stacked[..., 1:]),
        used,
        len(grid.years),
    )
    return Rows(
        grid,
        tuple(labels),
        len(dummies),
        levels[..., 0],
        levels[..., 1:],
        complete,
        equations,
    )


def list_sources(
    rows: Rows, groups: Sequence[InstrumentGroup], method: GmmMethod
) -> list[PastValues | OwnValues]:
    """Turn the instrument groups into sources of columns.

    A source carries the number of its group; the year dummies, which serve the level
    equation of a system, come after the groups, and the constant is -1.
    """
    sources: list[PastValues | OwnValues] = []
    for number, group in enumerate(groups):
        if isinstance(group, GmmInstruments):
            sources += _past_values(rows, group, number, method)
        else:
            values = rows.grid.stacked(group.names)
            known = _known(rows.grid, rows.complete, groups)
            sources += _own_values(values, known, group.equation, number, method)
    if rows.year_dummies:
        equation = "level" if method.is_system else "difference"
        known = _known(rows.grid, rows.complete, groups)
        sources += _own_values(rows.dummies, known, equation, len(groups), method)
    if CONSTANT in rows.labels:
        ones = np.ones((*rows.complete.shape, 1))
        sources += _own_values(ones, rows.complete, "level", -1, method)
    return sources


def transform(values: FloatArray, known: BoolArray, method: GmmMethod) -> FloatArray:
    """Difference or deviate `values` (T, N, K); row t is dated t, or t + 1."""
    if method.uses_deviations:
        return deviate_forward(values, known)
    return difference_years(values)


def _complete(grid: Grid, names: Sequence[str]) -> BoolArray:
    return _all_finite(grid.stacked(names))


def _all_finite(values: FloatArray) -> BoolArray:
    finite: BoolArray = np.all(np.isfinite(values), axis=2)
    return finite


def _known(
    grid: Grid, complete: BoolArray, groups: Sequence[InstrumentGroup]
) -> BoolArray:
    """Mark the rows whose future mean counts: standard instruments are there too."""
    known = complete
    for group in groups:
        if isinstance(group, StandardInstruments):
            known = known & _complete(grid, group.names)
    return known


def _usable(
    grid: Grid,
    complete: BoolArray,
    levels: FloatArray,
    groups: Sequence[InstrumentGroup],
    method: GmmMethod,
) -> BoolArray:
    """Mark the equation rows (R, N) in which nothing is missing."""
    known = _known(grid, complete, groups)
    transformed = _all_finite(transform(levels, known, method))
    if method.uses_deviations:
        transformed[1:] &= complete[:-1]
    else:
        transformed &= complete
    level = complete.copy()
    for group in groups:
        if isinstance(group, StandardInstruments):
            values = grid.stacked(group.names)
            if group.equation != "level":
                transformed &= _all_finite(transform(values, known, method))
            if group.equation != "difference":
                level &= _all_finite(values)
    return np.concatenate([transformed, level]) if method.is_system else transformed


def _years_in_use(complete: BoolArray, used: BoolArray, method: GmmMethod) -> IntArray:
    """Return the positions of the years that enter some estimated row."""
    years = len(complete)
    if method.is_system:
        return np.flatnonzero(used[years:].any(axis=1))
    if method.uses_deviations:
        return np.flatnonzero(complete[:, used.any(axis=0)].any(axis=1))
    rows: BoolArray = np.any(used, axis=1)
    rows[:-1] |= rows[1:]
    return np.flatnonzero(rows)


def _dummy(year: int, shape: tuple[int, ...]) -> FloatArray:
    dummy = np.zeros((*shape, 1))
    dummy[year] = 1.0
    return dummy


def _past_values(
    rows: Rows, group: GmmInstruments, number: int, method: GmmMethod
) -> list[PastValues | OwnValues]:
    sources: list[PastValues | OwnValues] = []
    years = len(rows.grid.years)
    first, last = group.lags[0], years if group.lags[1] is None else group.lags[1]
    for name in group.names:
        values = rows.grid.values[name]
        changes = np.nan_to_num(difference_years(values))
        past = np.nan_to_num(values)
        if group.equation != "level":
            sources.append(
                PastValues(
                    number, past, first, last, group.collapse, 0, level_only=False
                )
            )
        if group.equation == "both" and method.is_system:
            lag = group.level_lag
            sources.append(
                PastValues(
                    number, changes, lag, lag, group.collapse, years, level_only=True
                )
            )
        if group.equation == "level":
            sources.append(
                PastValues(
                    number, changes, first, last, group.collapse, years, level_only=True
                )
            )
    return sources


def _own_values(
    values: FloatArray, known: BoolArray, equation: str, number: int, method: GmmMethod
) -> list[PastValues | OwnValues]:
    parts = []
    absent = np.zeros_like(values)
    if equation == "level":
        parts.append(absent)
    else:
        parts.append(np.nan_to_num(transform(values, known, method)))
    if method.is_system:
        parts.append(absent if equation == "difference" else np.nan_to_num(values))
    stacked = np.concatenate(parts)
    return [OwnValues(number, stacked[..., k]) for k in range(stacked.shape[2])]


def _refuse_short(grid: Grid, outcome: str, regressors: Sequence[str]) -> None:
    raise EstimationError(
        f"too few years: of {len(grid.years)} years no city has consecutive ones with "
        f"{outcome!r} and every one of {listed(list(regressors))} to transform; use "
        f"fewer lags, more years, or complete the data"
    )
