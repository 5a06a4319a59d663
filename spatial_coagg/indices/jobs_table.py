"""A table of jobs, checked and sorted, with the jobs in all industries set apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_columns_exist, check_finite, check_unique
from spatial_coagg.errors import AlignmentError, SpatialCoaggError


@dataclass(frozen=True, slots=True, eq=False)
class JobsTable:
    """Jobs by industry, and in all industries.

    Attributes
    ----------
    industries : DataFrame
        Persons, sorted by its index; a column for each industry.
    everything : Series
        Persons in all industries, same index.
    """

    industries: pd.DataFrame
    everything: pd.Series

    @classmethod
    def from_frame(cls, jobs: pd.DataFrame, *, total: str | None) -> "JobsTable":
        """Check the jobs of cities, index ``(city, year)``.

        Parameters
        ----------
        jobs : DataFrame
        total : str or None
            Column of all jobs; None adds the others up.

        Raises
        ------
        AlignmentError, DuplicateKeyError, MissingColumnError, SpatialCoaggError
            If the table cannot be used; see :func:`location_quotient`.
        """
        name = "the jobs table"
        if list(jobs.index.names) != ["city", "year"]:
            raise AlignmentError(
                f"{name}'s index must be (city, year), got {tuple(jobs.index.names)}"
            )
        check_unique(jobs.columns, name=f"the header of {name}")
        industries = [column for column in jobs.columns if column != total]
        if not industries:
            raise SpatialCoaggError(f"{name} has no column of an industry")
        table = cls._read(jobs, industries=industries, total=total, name=name)
        _check_total_has_jobs(table)
        return table

    @classmethod
    def from_national(
        cls, national: pd.DataFrame, *, industries: Sequence[str], total: str | None
    ) -> "JobsTable":
        """Check national totals, index ``year``; further industries are not used."""
        name = "the table of national totals"
        if national.index.nlevels != 1:
            raise AlignmentError(
                f"{name} must have one row for each year, index year; its index is "
                f"{tuple(national.index.names)}"
            )
        return cls._read(national, industries=industries, total=total, name=name)

    @classmethod
    def _read(
        cls,
        table: pd.DataFrame,
        *,
        industries: Sequence[str],
        total: str | None,
        name: str,
    ) -> "JobsTable":
        wanted = list(industries) if total is None else [*industries, total]
        check_columns_exist(table, wanted, name=name)
        check_unique(table.index, name=f"{name}, by its keys,")
        numbers = _numbers(table[wanted], name=name).sort_index()
        parts = numbers[list(industries)]
        return cls(parts, add_columns(parts) if total is None else numbers[total])

    @property
    def known(self) -> pd.DataFrame:
        """Whether both the jobs in an industry and in all industries are there."""
        return self.industries.notna().mul(self.everything.notna(), axis="index")


def add_columns(table: pd.DataFrame) -> pd.Series:
    """Add columns up, row by row; missing where one of them is.

    They are added in the order of their names, so that the order they stand in cannot
    change the last digit.
    """
    return table[sorted(table.columns)].sum(axis="columns", skipna=False)


def _numbers(table: pd.DataFrame, *, name: str) -> pd.DataFrame:
    try:
        numbers = table.astype(float)
    except (TypeError, ValueError) as reason:
        raise SpatialCoaggError(
            f"{name} holds something that is no number ({reason}); read it with "
            f"read_employment, or keep only its columns of jobs"
        ) from reason
    check_finite(numbers, name=name)
    negative = (numbers < 0).to_numpy()
    if negative.any():
        row, column = np.argwhere(negative)[0]
        raise SpatialCoaggError(
            f"{name} has {int(negative.sum())} negative numbers of jobs, the first in "
            f"column {numbers.columns[column]!r} at {numbers.index[row]!r}; correct "
            f"them or make them missing"
        )
    return numbers


def _check_total_has_jobs(table: JobsTable) -> None:
    idle = (table.everything == 0) & (table.industries > 0).any(axis="columns")
    if idle.any():
        city, year = idle.index[idle.to_numpy()][0]
        raise SpatialCoaggError(
            f"{int(idle.sum())} rows of the jobs table have jobs in an industry but "
            f"none in total, the first for city {city!r} in {year}; correct the total "
            f"or make it missing"
        )
