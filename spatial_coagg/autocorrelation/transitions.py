"""How cities move between the classes of a local test from year to year."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.errors import SpatialCoaggError


@dataclass(frozen=True, slots=True, eq=False)
class ClassTransitions:
    """Moves between classes over pairs of years.

    Attributes
    ----------
    column : str
        The variable whose classes these are.
    step : int
        Years between the two ends of a move.
    counts : DataFrame
        Moves; rows the class before, columns the class after.
    probabilities : DataFrame
        `counts` over their row sums; nan in rows without any.
    stayers : Series
        Share of each class that stays in it.
    movers : DataFrame
        A row for each move into another class: city, year (of arrival), before, after.
    steady_state : Series
        Shares that the probabilities reproduce: where the classes drift if nothing
        changes; nan where they lead to no single answer.
    """

    column: str
    step: int
    counts: pd.DataFrame
    probabilities: pd.DataFrame
    stayers: pd.Series
    movers: pd.DataFrame
    steady_state: pd.Series


def class_transitions(local: LocalTest, *, step: int = 1) -> ClassTransitions:
    """Count how cities move between the classes of a local test over the years.

    Parameters
    ----------
    local : LocalTest
        Over years, such as :func:`local_moran_by_year` returns.
    step : int
        Calendar years between the two ends of a move. Pairs of years that far apart
        are used; years without such a partner are not.

    Returns
    -------
    ClassTransitions
        Classes that never occur are left out of its tables.

    Raises
    ------
    SpatialCoaggError
        If the test has one year only, or no two years are `step` apart.

    Notes
    -----
    The maximum-likelihood estimate of a first-order Markov chain (Anderson and
    Goodman 1957, Annals of Mathematical Statistics 28, 89-110).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import class_transitions, local_moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> local = local_moran_by_year(panel, "theta", weights, fdr="none", rng=1)
    >>> moves = class_transitions(local)
    >>> int(moves.counts.to_numpy().sum()) == 281 * 15
    True
    """
    if "year" not in local.frame.index.names:
        raise SpatialCoaggError(
            "the test is about one year; transitions need years: use "
            "local_moran_by_year"
        )
    if step < 1:
        raise SpatialCoaggError(f"step must be 1 or more years, got {step}")
    moves = _moves(local.frame["cluster"], step)
    if moves.empty:
        years = sorted(local.frame.index.unique("year"))
        raise SpatialCoaggError(f"no two of the years {years} are {step} apart")
    seen = [
        name
        for name in local.classes
        if (moves["before"] == name).any() or (moves["after"] == name).any()
    ]
    counts = (
        pd.crosstab(moves["before"], moves["after"])
        .reindex(index=seen, columns=seen, fill_value=0)
        .rename_axis(index="before", columns="after")
    )
    probabilities = row_shares(counts)
    return ClassTransitions(
        column=local.column,
        step=step,
        counts=counts,
        probabilities=probabilities,
        stayers=pd.Series(
            np.diag(probabilities.to_numpy()), index=counts.index, name="share"
        ),
        movers=moves[moves["before"] != moves["after"]].reset_index(drop=True),
        steady_state=steady_state(probabilities),
    )


def row_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts over their row sums; nan in rows without any."""
    totals = counts.sum(axis="columns")
    return counts.div(totals.where(totals > 0), axis="index")


def steady_state(probabilities: pd.DataFrame) -> pd.Series:
    """Return the shares p with p'P = p, nan where they are not unique.

    Raises nothing: a chain with several closed parts has no single answer.
    """
    size = len(probabilities)
    unknown = pd.Series(np.nan, index=probabilities.index, name="share")
    matrix = probabilities.to_numpy(dtype=np.float64)
    if np.isnan(matrix).any():
        return unknown
    system = np.vstack([matrix.T - np.eye(size), np.ones(size)])
    shares, _, rank, _ = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0))
    if int(rank) < size:
        return unknown
    return pd.Series(shares, index=probabilities.index, name="share")


def _moves(clusters: pd.Series, step: int) -> pd.DataFrame:
    wide = clusters.astype(str).unstack("year").sort_index()
    wide.columns = wide.columns.astype("int64")
    years = [int(year) for year in sorted(wide.columns)]
    parts = [
        pd.DataFrame(
            {
                "city": wide.index,
                "year": year,
                "before": wide[year - step].to_numpy(),
                "after": wide[year].to_numpy(),
            }
        )
        for year in years
        if year - step in years
    ]
    if not parts:
        return pd.DataFrame(columns=["city", "year", "before", "after"])
    return pd.concat(parts, ignore_index=True)
