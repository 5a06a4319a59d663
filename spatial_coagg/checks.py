"""Checks made once, at the border, with messages that say what to do."""

import inspect
import warnings
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from spatial_coagg.errors import (
    AlignmentError,
    DuplicateKeyError,
    EstimationError,
    MissingColumnError,
    SpatialCoaggError,
)


def check_columns_exist(
    frame: pd.DataFrame, columns: Iterable[str], *, name: str
) -> None:
    """Raise unless `frame` has every one of `columns`."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise MissingColumnError(
            f"{name} has no column {listed(absent)}; "
            f"it has {listed(list(frame.columns), limit=30)}"
        )


def check_choice(value: object, choices: Collection[object], *, name: str) -> None:
    """Raise unless `value` is one of `choices`."""
    if value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        raise SpatialCoaggError(f"{name} must be one of {allowed}; got {value!r}")


def check_is_list(names: Sequence[str] | None, *, name: str) -> None:
    """Raise if text or nothing is given where a list of names is wanted."""
    if isinstance(names, str):
        raise EstimationError(f"{name} must be a list of names, such as [{names!r}]")
    if names is None:
        raise EstimationError(f"{name} must be a list of names, such as [], got None")


def check_variables(
    outcome: str, drivers: Sequence[str], *, reserved: Collection[str]
) -> None:
    """Raise unless the drivers are a list of names that a model can tell apart."""
    check_is_list(drivers, name="drivers")
    names = [outcome, *drivers]
    if len(names) == 1:
        raise EstimationError("there is nothing to estimate; name at least one driver")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise EstimationError(
            f"{listed(twice)} occurs twice among outcome and drivers; name each once"
        )
    taken = [name for name in names if name in reserved]
    if taken:
        raise EstimationError(
            f"a variable cannot be called {taken[0]!r}, which is the model's own; "
            f"rename it"
        )


def check_unique(keys: pd.Index, *, name: str) -> None:
    """Raise if a key occurs twice."""
    if keys.has_duplicates:
        twice = keys[keys.duplicated()].unique()
        raise DuplicateKeyError(
            f"{name} has {len(twice)} duplicated keys, such as {listed(twice)}; "
            f"keep one row for each"
        )


def check_cities_covered(
    cities: pd.Index, covered: pd.Index, *, name: str, of: str = "the panel"
) -> None:
    """Raise unless `name` covers every one of `cities`."""
    absent = cities.difference(covered)
    if len(absent) > 0:
        raise AlignmentError(
            f"{name} lacks {len(absent)} of the {len(cities)} cities of {of}: "
            f"{listed(absent)}; add them to {name} or leave those cities out of {of}"
        )


def check_same_cities(
    cities: pd.Index, others: pd.Index, *, name: str, of: str = "the panel"
) -> None:
    """Raise unless `name` is about exactly `cities`, in any order."""
    check_cities_covered(cities, others, name=name, of=of)
    extra = others.difference(cities)
    if len(extra) > 0:
        raise AlignmentError(
            f"{name} has {len(extra)} cities that {of} lacks: {listed(extra)}; "
            f"restrict {name} to the cities of {of}, which may change its links"
        )


def check_finite(frame: pd.DataFrame, *, name: str) -> None:
    """Raise if a value is infinite (missing values are the caller's decision)."""
    infinite = np.isinf(frame.to_numpy(dtype=float))
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise SpatialCoaggError(
            f"{name} has {int(infinite.sum())} infinite values, the first in column "
            f"{frame.columns[column]!r} at {frame.index[row]!r}; a logarithm of zero "
            f"gives one: leave those rows out or use ln(1 + x)"
        )


def warn_user(message: Warning | str, category: type[Warning] | None = None) -> None:
    """Warn at the line outside the package that called into it."""
    frame, depth = inspect.currentframe(), 1
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __name__.partition(".")[0]


def listed(items: Sequence[object] | pd.Index, *, limit: int = 5) -> str:
    """Write the first items of a list, and how many more there are."""
    shown = ", ".join(repr(item) for item in items[:limit])
    return f"{shown} and {len(items) - limit} more" if len(items) > limit else shown
