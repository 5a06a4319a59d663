"""Numbers that leap from one year to the next, as slips of a digit or a unit do."""

from itertools import pairwise

import numpy as np
import pandas as pd

from spatial_coagg.errors import Problem

LEAP = 10.0


def find_jumps(table: pd.DataFrame, *, leap: float = LEAP) -> list[Problem]:
    """Return the values that are `leap` times the year before, or one part of that.

    Parameters
    ----------
    table : DataFrame
        Numbers, index ``(city, year)``, such as jobs by industry.
    leap : float
        Factor from which a change counts, upwards or downwards.

    Returns
    -------
    list of Problem
        With city, year, column and value, by city, year and column. Only consecutive
        years are compared, and only values above zero. One value that is wrong by
        itself is told once, as it leaps up, not again as the next year leaps back.

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["city", "year"]
    >>> key = pd.MultiIndex.from_product([["320500"], [2004, 2005]], names=names)
    >>> jobs = pd.DataFrame({"finance": [20.0, 20000.0]}, key)
    >>> print(find_jumps(jobs)[0])  # doctest: +NORMALIZE_WHITESPACE
    column finance, city 320500, year 2005, value '20000': 1000 times the 20 of 2004;
    check the digits and the unit
    """
    found = []
    for column in table.columns:
        grid = table[column].unstack("year").sort_index()
        years = [int(year) for year in grid.columns]
        for before, year in pairwise(years):
            if year == before + 1:
                found += _leaps(grid, str(column), before, year, leap)
    return sorted(found, key=lambda each: (each.city, each.year, each.column))


def _leaps(
    grid: pd.DataFrame, column: str, before: int, year: int, leap: float
) -> list[Problem]:
    old, new = grid[before], grid[year]
    known = (old > 0) & (new > 0)
    ratio = (new / old).where(known, np.nan)
    earlier = grid[before - 1] if before - 1 in grid.columns else old
    # The value before was the odd one if it had leapt from a year like this one.
    back = (old / earlier).where((earlier > 0) & (old > 0), np.nan)
    returns = ((ratio >= leap) & (back <= 1 / leap)) | (
        (ratio <= 1 / leap) & (back >= leap)
    )
    odd = ((ratio >= leap) | (ratio <= 1 / leap)) & ~returns
    return [
        Problem(
            f"{_times(float(ratio[city]))} the {float(old[city]):g} of {before}; check "
            f"the digits and the unit",
            column=column,
            value=f"{float(new[city]):g}",
            city=str(city),
            year=str(year),
        )
        for city in grid.index[odd]
    ]


def _times(ratio: float) -> str:
    return f"{ratio:.4g} times" if ratio >= 1 else f"one part in {1 / ratio:.4g} of"
