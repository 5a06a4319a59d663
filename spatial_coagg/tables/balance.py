"""Which cities or years to keep so that every city has every year."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spatial_coagg._typing import BalancePolicy
from spatial_coagg.checks import listed, warn_user
from spatial_coagg.errors import BalanceWarning, UnbalancedPanelError

POLICIES: tuple[BalancePolicy, ...] = ("error", "drop-cities", "drop-years")


def complete_labels(
    grid: pd.DataFrame, columns: Sequence[str], *, policy: BalancePolicy
) -> pd.Index:
    """Return the cities or the years that lack nothing, and tell which do.

    Parameters
    ----------
    grid : DataFrame of bool, shape (N, T)
        Whether a city (row) has every one of `columns` in a year (column).
    columns : sequence of str
        The variables, for messages.
    policy : {"error", "drop-cities", "drop-years"}

    Returns
    -------
    Index
        Cities under ``"drop-cities"``, years under ``"drop-years"``.

    Raises
    ------
    UnbalancedPanelError
        Under ``"error"``, or if nothing is left.
    """
    if policy == "error":
        raise UnbalancedPanelError(_describe_gaps(grid, columns))
    by_city = policy == "drop-cities"
    complete = grid.all(axis="columns") if by_city else grid.all(axis="index")
    kept, left = complete.index[complete], complete.index[~complete]
    word = "cities" if by_city else "years"
    if len(kept) == 0:
        raise UnbalancedPanelError(
            f"balancing by {policy!r} leaves nothing: each of the {len(left)} "
            f"{word} lacks a value of {listed(columns)}; use the other policy or "
            f"fewer variables"
        )
    warn_user(
        f"{len(left)} of {len(complete)} {word} left out to balance the panel: "
        f"{listed(left.tolist())}",
        BalanceWarning,
    )
    return kept


def _describe_gaps(grid: pd.DataFrame, columns: Sequence[str]) -> str:
    missing = ~grid.to_numpy(dtype=bool)
    row, column = np.argwhere(missing)[0]
    return (
        f"{int(missing.sum())} of {grid.size} (city, year) cells lack a value of "
        f"{listed(columns)}, in {int(missing.any(axis=1).sum())} cities; the first is "
        f"city {grid.index[row]!r} in {grid.columns[column]}. Choose "
        f"balance='drop-cities' or 'drop-years', or complete the data"
    )
