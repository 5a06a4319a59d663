"""Moran's I of a variable over the cities, for one year or for each year of a panel."""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg._typing import Alternative, FloatArray, Seed
from spatial_coagg.autocorrelation._moran import (
    SparseMatrix,
    moran_moments,
    moran_statistic,
    permuted_statistics,
)
from spatial_coagg.autocorrelation._tails import normal_p_value, permutation_p_value
from spatial_coagg.checks import check_choice, check_columns_exist, check_unique, listed
from spatial_coagg.errors import (
    IsolatedCityWarning,
    SpatialCoaggError,
    UnbalancedPanelError,
)
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.align import as_graph, restricted_to, weight_matrix

Weights: TypeAlias = Graph | W
FEWEST = 4


@dataclass(frozen=True, slots=True)
class MoranTest:
    """Moran's I and how likely it is where the cities' order is chance.

    Attributes
    ----------
    statistic : float
        Moran's I.
    expectation : float
        -1 / (N - 1).
    variance_normal, z_normal, p_normal : float
        If the values are draws from one normal distribution.
    variance_randomisation, z_randomisation, p_randomisation : float
        If every order of the values found is as likely.
    p_permutation : float
        From random orders; nan without permutations. Not below 1 / (permutations + 1),
        two-sided not below twice that.
    permutations : int
    alternative : {"two-sided", "greater", "less"}
    cities : int
        Cities in the test: those with links.
    islands : tuple of str
        Cities without any link, which are left out.
    """

    statistic: float
    expectation: float
    variance_normal: float
    z_normal: float
    p_normal: float
    variance_randomisation: float
    z_randomisation: float
    p_randomisation: float
    p_permutation: float
    permutations: int
    alternative: Alternative
    cities: int
    islands: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MoranByYear:
    """Moran's I of one column in each year.

    Attributes
    ----------
    column : str
    alternative : {"two-sided", "greater", "less"}
    permutations : int
    frame : DataFrame
        Index ``year``; columns statistic, expectation, variance_normal, z_normal,
        p_normal, variance_randomisation, z_randomisation, p_randomisation,
        p_permutation, cities, islands (their number).
    """

    column: str
    alternative: Alternative
    permutations: int
    frame: pd.DataFrame


def global_moran(
    values: pd.Series,
    weights: Weights,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> MoranTest:
    r"""Test whether neighbours resemble each other.

    Parameters
    ----------
    values : Series
        One number for each city; index city code, in any order.
    weights : Graph or libpysal.weights.W
        Of exactly those cities; aligned by label.
    permutations : int
        Random orders of the cities; 0 for none.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: neighbours resemble each other; ``"less"``: they differ.
    rng : Generator, int or None
        Source of chance; the same seed gives the same answer in any order of the rows.

    Returns
    -------
    MoranTest

    Raises
    ------
    AlignmentError
        If `weights` are about other cities.
    SpatialCoaggError
        If a value is missing, all values are equal, or fewer than four cities have
        links.

    Warns
    -----
    IsolatedCityWarning
        If cities have no link: they are left out.

    Notes
    -----
    .. math:: I = \frac{N}{\sum_{ij} w_{ij}}
              \frac{\sum_{ij} w_{ij} z_i z_j}{\sum_i z_i^2}

    with z the deviation from the mean. Moments: [1]_, pp. 42-46. The two-sided
    permutation p-value is min(1, 2 (1 + min(#>=, #<=)) / (P + 1)), so that both tails
    count whatever the shape of the distribution.

    References
    ----------
    .. [1] Cliff, A. D., and Ord, J. K. (1981). Spatial Processes. Pion.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.autocorrelation.moran import global_moran
    >>> from spatial_coagg.weights.economic import build_economic
    >>> values = pd.Series([1.0, 2.0, 4.0, 8.0, 9.0], index=list("abcde"))
    >>> test = global_moran(values, build_economic(values), permutations=99, rng=1)
    >>> round(test.statistic, 4), test.expectation
    (0.4461, -0.25)
    """
    check_choice(alternative, ("two-sided", "greater", "less"), name="alternative")
    if permutations < 0:
        raise SpatialCoaggError(f"permutations must be 0 or more, got {permutations}")
    check_unique(values.index, name="values")
    ordered = values.sort_index()
    _check_no_gap(ordered)
    graph = as_graph(weights, cities=ordered.index, of="the values")
    found, matrix, islands = _without_islands(ordered, weight_matrix(graph))
    if islands:
        warnings.warn(
            f"{len(islands)} cities without neighbours are left out of Moran's I: "
            f"{listed(islands)}",
            IsolatedCityWarning,
            stacklevel=2,
        )
    return _test(found, matrix, islands, permutations, alternative, rng)


def moran_by_year(
    panel: Panel,
    column: str,
    weights: Weights | Mapping[int, Weights],
    *,
    missing: Literal["error", "drop"] = "error",
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> MoranByYear:
    """Test in each year of a panel whether neighbours resemble each other.

    Parameters
    ----------
    panel : Panel
    column : str
        Variable of the panel, such as ``"theta"``.
    weights : Graph, W, or mapping of int to these
        Of the panel's cities; a mapping has one for each year.
    missing : {"error", "drop"}
        What to do in years where cities have no value. ``"drop"`` leaves them out of
        that year, with their links, and standardises the rows again; a warning says
        which links are lost.
    permutations, alternative, rng
        As in :func:`global_moran`; every year has its own stream of chance.

    Returns
    -------
    MoranByYear

    Raises
    ------
    MissingColumnError
        If the panel lacks `column`.
    UnbalancedPanelError
        If a value is missing and `missing` is ``"error"``.
    AlignmentError
        If weights are about other cities, or a year has none.
    SpatialCoaggError
        As in :func:`global_moran`.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg.autocorrelation.moran import moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = moran_by_year(panel, "theta", weights, permutations=99, rng=1)
    >>> bool((found.frame["p_permutation"] <= 0.02).all())
    True
    """
    check_choice(missing, ("error", "drop"), name="missing")
    check_columns_exist(panel.frame, [column], name="the panel")
    wide = panel.frame[column].unstack("city").sort_index()
    if missing == "error":
        _check_complete(wide, column)
    source = np.random.default_rng(rng)
    streams = source.spawn(len(wide))
    rows = {}
    for (year, values), stream in zip(wide.iterrows(), streams, strict=True):
        own = weights_of_year(weights, int(str(year)))
        present = values.dropna()
        if len(present) < len(values):
            own = restricted_to(own, present.index, islands="keep")
        test = global_moran(
            present,
            own,
            permutations=permutations,
            alternative=alternative,
            rng=stream,
        )
        rows[year] = asdict(test) | {"islands": len(test.islands)}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    told = frame.drop(columns=["permutations", "alternative"])
    return MoranByYear(column, alternative, permutations, told)


def weights_of_year(weights: Weights | Mapping[int, Weights], year: int) -> Weights:
    """Return the weights of a year: those given, or the mapping's."""
    if not isinstance(weights, Mapping):
        return weights
    if year not in weights:
        raise SpatialCoaggError(
            f"there are no weights for {year}; the mapping has "
            f"{listed(sorted(weights), limit=30)}"
        )
    return weights[year]


def _test(
    found: FloatArray,
    matrix: SparseMatrix,
    islands: tuple[str, ...],
    permutations: int,
    alternative: Alternative,
    rng: Seed,
) -> MoranTest:
    if len(found) < FEWEST:
        raise SpatialCoaggError(
            f"Moran's I needs at least {FEWEST} cities with neighbours, got "
            f"{len(found)}"
        )
    z = found - found.mean()
    if np.ptp(found) <= 1e-14 * np.abs(found).max():
        raise SpatialCoaggError(
            f"all {len(found)} values are equal to {found[0]:g}: Moran's I is not "
            f"defined; choose another variable or year"
        )
    statistic = moran_statistic(z, matrix)
    moments = moran_moments(z, matrix)
    excess = statistic - moments.expectation
    normal = excess / float(np.sqrt(moments.variance_normal))
    random = excess / float(np.sqrt(moments.variance_randomisation))
    chance = float("nan")
    if permutations:
        drawn = permuted_statistics(z, matrix, permutations, np.random.default_rng(rng))
        chance = permutation_p_value(statistic, drawn, alternative)
    return MoranTest(
        statistic=statistic,
        expectation=moments.expectation,
        variance_normal=moments.variance_normal,
        z_normal=normal,
        p_normal=normal_p_value(normal, alternative),
        variance_randomisation=moments.variance_randomisation,
        z_randomisation=random,
        p_randomisation=normal_p_value(random, alternative),
        p_permutation=chance,
        permutations=permutations,
        alternative=alternative,
        cities=len(found),
        islands=islands,
    )


def _without_islands(
    values: pd.Series, matrix: SparseMatrix
) -> tuple[FloatArray, SparseMatrix, tuple[str, ...]]:
    weight = np.asarray(matrix.sum(axis=1)) + np.asarray(matrix.sum(axis=0))
    linked = np.asarray(weight != 0)
    numbers = values.to_numpy(dtype=np.float64)
    if linked.all():
        return numbers, matrix, ()
    islands = tuple(str(city) for city in values.index[~linked])
    return numbers[linked], matrix[linked][:, linked], islands


def _check_no_gap(values: pd.Series) -> None:
    gaps = values.index[~np.isfinite(values.to_numpy(dtype=np.float64))]
    if len(gaps) > 0:
        raise SpatialCoaggError(
            f"{len(gaps)} cities have no value: {listed(gaps)}; leave them out of the "
            f"values and of the weights (restricted_to)"
        )


def _check_complete(wide: pd.DataFrame, column: str) -> None:
    years, cities = np.nonzero(wide.isna().to_numpy())
    if len(years) > 0:
        city, year = wide.columns[cities[0]], wide.index[years[0]]
        raise UnbalancedPanelError(
            f"{column!r} is missing in {len(years)} city-years, the first for city "
            f"{city!r} in {year}; balance the panel (Panel.balanced) or leave those "
            f'cities out year by year (missing="drop")'
        )
