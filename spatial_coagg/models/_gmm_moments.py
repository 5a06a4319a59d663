"""Instruments stored year by year, and the products of them that GMM needs.

An equation row is one year of the transformed or of the level equation. Its block holds
the instruments that are not zero there, so nothing is stored or multiplied for the
zeros that fill most of the textbook matrix Z, and no city is ever visited alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Equations:
    """The estimating equations, transformed rows first, then level rows if any.

    Attributes
    ----------
    y : ndarray of shape (R, N)
    x : ndarray of shape (R, N, K)
    used : ndarray of bool, shape (R, N)
        Which rows take part; the others are zero in `y` and `x`.
    years : int
        T; R is T, or 2 T in a system.
    """

    y: FloatArray
    x: FloatArray
    used: BoolArray
    years: int

    def residuals(self, coefficients: FloatArray) -> FloatArray:
        """Return y - x b, shape (R, N)."""
        return self.y - self.x @ coefficients


@dataclass(frozen=True, slots=True)
class Block:
    """Instruments of one equation row: `values` (n, N), `columns` (n,) in Z."""

    columns: IntArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class InstrumentMatrix:
    """The matrix Z of J instruments without its zeros.

    Attributes
    ----------
    blocks : tuple of Block
        One for each of the R equation rows.
    group : ndarray of int, shape (J,)
        Number of the instrument group that made each column.
    level_only : ndarray of bool, shape (J,)
        Whether a column comes from own past values and serves the level equation.
    """

    blocks: tuple[Block, ...]
    group: IntArray
    level_only: BoolArray

    @property
    def count(self) -> int:
        """J, the number of columns that are not zero."""
        return len(self.group)

    def weighting(self, covariance: FloatArray) -> FloatArray:
        """Return the sum over cities of Z_i' H Z_i, shape (J, J)."""
        total = np.zeros((self.count, self.count))
        for row, left in enumerate(self.blocks):
            if len(left.columns) == 0:
                continue
            for other in np.flatnonzero(covariance[row, row:]) + row:
                right = self.blocks[other]
                product = covariance[row, other] * (left.values @ right.values.T)
                total[np.ix_(left.columns, right.columns)] += product
                if other != row:
                    total[np.ix_(right.columns, left.columns)] += product.T
        return total

    def cross(self, values: FloatArray) -> FloatArray:
        """Return Z' v for `values` (R, N, K), shape (J, K)."""
        total = np.zeros((self.count, values.shape[2]))
        for block, row in zip(self.blocks, values, strict=True):
            total[block.columns] += block.values @ row
        return total

    def city_moments(self, residuals: FloatArray) -> FloatArray:
        """Return Z_i' e_i of every city, shape (J, N)."""
        total = np.zeros((self.count, residuals.shape[1]))
        for block, row in zip(self.blocks, residuals, strict=True):
            total[block.columns] += block.values * row
        return total

    def project(self, weights: FloatArray, values: FloatArray) -> FloatArray:
        """Return a' Z_i' V_i of every city for `weights` a (J,), shape (N, K)."""
        total = np.zeros(values.shape[1:])
        for block, row in zip(self.blocks, values, strict=True):
            total += (weights[block.columns] @ block.values)[:, None] * row
        return total


@dataclass(frozen=True, slots=True)
class PastValues:
    """One variable whose past values are instruments.

    Attributes
    ----------
    group : int
    base : ndarray of shape (T, N)
        Zero where missing.
    first, last : int
        Lags.
    collapse : bool
    row_offset : int
        0 for the transformed rows, T for the level rows.
    level_only : bool
    """

    group: int
    base: FloatArray
    first: int
    last: int
    collapse: bool
    row_offset: int
    level_only: bool


@dataclass(frozen=True, slots=True)
class OwnValues:
    """One variable that is its own instrument: `rows` (R, N), zero where absent."""

    group: int
    rows: FloatArray


def build_instruments(
    sources: Sequence[PastValues | OwnValues], used: BoolArray
) -> InstrumentMatrix:
    """Lay out the columns of Z year by year, leaving out those that are all zero."""
    columns: list[list[int]] = [[] for _ in used]
    values: list[list[FloatArray]] = [[] for _ in used]
    group: list[int] = []
    level_only: list[bool] = []
    for source in sources:
        numbered: dict[int, int] = {}
        for key, row, cells in _cells(source, used):
            if not cells.any():
                continue
            if key not in numbered:
                numbered[key] = len(group)
                group.append(source.group)
                level_only.append(isinstance(source, PastValues) and source.level_only)
            columns[row].append(numbered[key])
            values[row].append(cells)
    blocks = tuple(
        Block(
            np.array(numbers, dtype=np.int64),
            np.array(cells).reshape(len(numbers), used.shape[1]),
        )
        for numbers, cells in zip(columns, values, strict=True)
    )
    return InstrumentMatrix(
        blocks, np.array(group, dtype=np.int64), np.array(level_only, dtype=bool)
    )


def _cells(
    source: PastValues | OwnValues, used: BoolArray
) -> Iterator[tuple[int, int, FloatArray]]:
    """Yield column key, equation row and the N values there."""
    if isinstance(source, OwnValues):
        for row in range(len(used)):
            yield 0, row, source.rows[row] * used[row]
        return
    years = len(source.base)
    for year in range(years):
        row = year + source.row_offset
        if not used[row].any():
            continue
        deepest = min(source.last, year)
        for lag in range(max(source.first, year - years + 1), deepest + 1):
            key = lag if source.collapse else year * 2 * years + lag
            yield key, row, source.base[year - lag] * used[row]
