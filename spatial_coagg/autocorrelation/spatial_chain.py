"""Spatial Markov: moves of cities between classes, by the class of their neighbours."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.autocorrelation.inputs import Weights, wide_values
from spatial_coagg.autocorrelation.transitions import row_shares
from spatial_coagg.checks import check_columns_exist, listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.align import ordered_links


@dataclass(frozen=True, slots=True)
class HomogeneityTest:
    """Whether moves are alike whatever the neighbours' class.

    Attributes
    ----------
    likelihood_ratio, p_likelihood_ratio : float
    chi_square, p_chi_square : float
        Pearson's.
    degrees_of_freedom : int
        Of both.
    """

    likelihood_ratio: float
    p_likelihood_ratio: float
    chi_square: float
    p_chi_square: float
    degrees_of_freedom: int


@dataclass(frozen=True, slots=True, eq=False)
class SpatialMarkov:
    """Moves between classes of a variable, by the class of the neighbours.

    Attributes
    ----------
    column : str
    cutoffs, lag_cutoffs : array of shape (classes - 1,)
        Upper bounds (inclusive) of the classes but the last.
    counts : DataFrame
        Moves from one year to the next; index (neighbours' class, class before),
        columns class after; classes are numbered from 1, the lowest.
    pooled : DataFrame
        Moves whatever the neighbours' class.
    probabilities : DataFrame
        `counts` over their row sums; nan in rows without any.
    homogeneity : HomogeneityTest
    """

    column: str
    cutoffs: FloatArray
    lag_cutoffs: FloatArray
    counts: pd.DataFrame
    pooled: pd.DataFrame
    probabilities: pd.DataFrame
    homogeneity: HomogeneityTest


def spatial_markov(
    panel: Panel,
    column: str,
    weights: Weights,
    *,
    classes: int = 5,
    relative: bool = True,
) -> SpatialMarkov:
    r"""Count moves between classes of a variable by the class of the neighbours.

    Parameters
    ----------
    panel : Panel
        Balanced in `column`, of consecutive years.
    column : str
    weights : Graph or libpysal.weights.W
        Of the panel's cities; every city must have a neighbour.
    classes : int
        Quantile classes of all city-years together, and of all neighbours' means.
    relative : bool
        Divide each value by the mean of its year first, so that a common trend moves
        no city.

    Returns
    -------
    SpatialMarkov

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If the column is missing or has gaps, or the weights are about other cities.
    SpatialCoaggError
        If cities have no neighbours, years are not consecutive, or the values do not
        fill the classes.

    Notes
    -----
    Rey (2001, Geographical Analysis 33, 195-214). With n_ij|s the moves from i to j
    among neighbours of class s, the tests of equal probabilities for all s are

    .. math:: LR = 2 \sum_{sij} n_{ij|s} \ln \frac{p_{ij|s}}{p_{ij}}, \qquad
              Q = \sum_{sij} \frac{(n_{ij|s} - n_{i|s} p_{ij})^2}{n_{i|s} p_{ij}}

    with :math:`\sum_i (a_i - 1)(b_i - 1)` degrees of freedom, a_i the classes of
    neighbours from which i was left and b_i the classes reached from i (Bickenbach
    and Bode 2003, International Regional Science Review 26, 363-390).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import spatial_markov
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> int(spatial_markov(panel, "theta", weights).pooled.to_numpy().sum())
    4215
    """
    check_columns_exist(panel.frame, [column], name="the panel")
    wide = wide_values(panel, column, complete=True)
    _check_consecutive(wide)
    matrix = ordered_links(weights, wide.columns).matrix
    sums = np.asarray(matrix.sum(axis=1))
    alone = wide.columns[sums == 0]
    if len(alone) > 0:
        raise SpatialCoaggError(
            f"{len(alone)} cities have no neighbours: {listed(alone)}; the class of "
            f"their neighbours is not defined: leave them out of the panel and of the "
            f'weights, or link them (islands="nearest")'
        )
    values = wide.to_numpy(dtype=np.float64)
    if relative:
        values = values / values.mean(axis=1, keepdims=True)
    lags = np.asarray(matrix @ values.T).T / sums
    own, cutoffs = _classify(values, classes, name=column)
    around, lag_cutoffs = _classify(lags, classes, name=f"the neighbours' {column}")
    moves = _count(own, around, classes)
    names = pd.RangeIndex(1, classes + 1)
    counts = pd.DataFrame(
        moves.reshape(classes * classes, classes),
        index=pd.MultiIndex.from_product([names, names], names=["lag", "before"]),
        columns=names.rename("after"),
    )
    pooled = counts.groupby(level="before").sum()
    return SpatialMarkov(
        column=column,
        cutoffs=cutoffs,
        lag_cutoffs=lag_cutoffs,
        counts=counts,
        pooled=pooled,
        probabilities=row_shares(counts),
        homogeneity=_test_homogeneity(moves.astype(np.float64)),
    )


def _check_consecutive(wide: pd.DataFrame) -> None:
    years = [int(str(year)) for year in wide.index]
    gaps = [year for year in years[1:] if year - 1 not in years]
    if len(years) < 2 or gaps:
        raise SpatialCoaggError(
            f"moves need consecutive years; the panel has {years}"
            + (f", none just before {gaps[0]}" if gaps else "")
        )


def _classify(
    values: FloatArray, classes: int, *, name: str
) -> tuple[IntArray, FloatArray]:
    if classes < 2:
        raise SpatialCoaggError(f"classes must be 2 or more, got {classes}")
    cutoffs = np.quantile(values, np.arange(1, classes) / classes)
    if (np.diff(cutoffs) <= 0).any():
        raise SpatialCoaggError(
            f"{name} has too many equal values for {classes} quantile classes; use "
            f"fewer classes"
        )
    return np.searchsorted(cutoffs, values, side="left"), cutoffs


def _count(own: IntArray, around: IntArray, classes: int) -> IntArray:
    """Return moves of shape (neighbours' class, before, after)."""
    moves = np.zeros((classes, classes, classes), dtype=np.int64)
    np.add.at(moves, (around[:-1], own[:-1], own[1:]), 1)
    return moves


def _test_homogeneity(moves: FloatArray) -> HomogeneityTest:
    left = moves.sum(axis=2, keepdims=True)
    pooled = moves.sum(axis=0)
    shares = pooled / np.maximum(pooled.sum(axis=1, keepdims=True), 1)
    expected = left * shares
    found = expected > 0
    pearson = float(np.sum((moves - expected)[found] ** 2 / expected[found]))
    some = moves > 0
    ratio = float(2 * np.sum(moves[some] * np.log(moves[some] / expected[some])))
    regimes = (left[:, :, 0] > 0).sum(axis=0)
    reached = (pooled > 0).sum(axis=1)
    freedom = int(np.sum(np.maximum(regimes - 1, 0) * np.maximum(reached - 1, 0)))
    return HomogeneityTest(
        likelihood_ratio=ratio,
        p_likelihood_ratio=_tail(ratio, freedom),
        chi_square=pearson,
        p_chi_square=_tail(pearson, freedom),
        degrees_of_freedom=freedom,
    )


def _tail(statistic: float, freedom: int) -> float:
    return float(stats.chi2.sf(statistic, freedom)) if freedom > 0 else float("nan")
