"""Moran's I of a whole panel, of two variables, and of now against before."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from spatial_coagg._typing import Alternative, Seed
from spatial_coagg.autocorrelation._moments import (
    history_moments,
    product_moments,
)
from spatial_coagg.autocorrelation._permutations import (
    permuted_forms,
    permuted_products,
    spatial_form,
)
from spatial_coagg.autocorrelation.inputs import (
    Weights,
    check_inference,
    link_values,
    pair_values,
    weights_of_year,
    wide_values,
)
from spatial_coagg.autocorrelation.result import (
    AutocorrelationTest,
    judge,
    tests_by_year,
)
from spatial_coagg.checks import check_columns_exist, listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.tables.panel import Panel


def panel_moran(
    panel: Panel,
    column: str,
    weights: Weights,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> AutocorrelationTest:
    r"""Test over all years at once whether neighbours resemble each other.

    Parameters
    ----------
    panel : Panel
        Balanced in `column`.
    column : str
    weights : Graph or libpysal.weights.W
        Of the panel's cities, the same for all years.
    permutations, alternative, rng
        As in :func:`global_moran`. A permutation moves whole histories of cities, so
        that likeness of a city with its own past does not count as evidence.

    Returns
    -------
    AutocorrelationTest
        `cities` counts cities, not city-years; there is no normal approximation.

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError, SpatialCoaggError
        If the column is missing, has gaps or is constant in a year, or the weights
        are about other cities.

    Warns
    -----
    IsolatedCityWarning
        If cities have no link: they are left out.

    Notes
    -----
    .. math:: I = \frac{N}{\sum_{ij} w_{ij}}
              \frac{\sum_t z_t' W z_t}{\sum_t z_t' z_t}

    with z the deviation from the mean of the year, so that a common trend is no
    likeness. Expectation -1 / (N - 1); the variance over all orders of histories is
    exact (Mantel 1967, Cancer Research 27, 209-220).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes, panel_moran
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> panel_moran(panel, "theta", weights, permutations=99, rng=1).p_permutation
    0.02
    """
    check_inference(permutations, alternative)
    check_columns_exist(panel.frame, [column], name="the panel")
    wide = wide_values(panel, column, complete=True)
    linked = link_values(wide.T, weights, statistic="the panel's Moran's I")
    z, matrix = linked.numbers - linked.numbers.mean(axis=0), linked.matrix
    scale = len(z) / float(matrix.sum()) / float(np.square(z).sum())
    source = np.random.default_rng(rng)
    return judge(
        "Panel Moran's I",
        scale * float(spatial_form(z, matrix).sum()),
        history_moments(z, matrix),
        scale * permuted_forms(z, matrix, permutations, source),
        alternative=alternative,
        cities=len(z),
        islands=linked.islands,
    )


def bivariate_moran(
    first: pd.Series,
    second: pd.Series,
    weights: Weights,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> AutocorrelationTest:
    r"""Test whether one variable goes with another variable of the neighbours.

    Parameters
    ----------
    first : Series
        The city's own variable, such as theta; index city code.
    second : Series
        The neighbours' variable, such as innovation, or theta of an earlier year;
        the same cities, in any order.
    weights : Graph or libpysal.weights.W
        Of exactly those cities; aligned by label.
    permutations, alternative, rng
        As in :func:`global_moran`. A permutation moves `second` among the cities.

    Returns
    -------
    AutocorrelationTest

    Raises
    ------
    AlignmentError
        If the two variables or the weights are about different cities.
    SpatialCoaggError
        If a value is missing, all values of one are equal, or fewer than four cities
        have links.

    Notes
    -----
    .. math:: I_{xy} = \frac{N}{\sum_{ij} w_{ij}}
              \frac{\sum_{ij} w_{ij} x_i y_j}{\sqrt{\sum_i x_i^2 \sum_i y_i^2}}

    with both in deviations from their means (Anselin, Syabri and Smirnov 2002). It
    holds the correlation of the two within a city too, as far as `second` is alike
    among neighbours: it describes, it does not separate.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import bivariate_moran, build_economic
    >>> values = pd.Series([1.0, 2.0, 4.0, 8.0, 9.0], index=list("abcde"))
    >>> weights = build_economic(values)
    >>> round(bivariate_moran(values, -values, weights, permutations=0).statistic, 4)
    -0.4461
    """
    check_inference(permutations, alternative)
    table = pair_values(first, second)
    linked = link_values(table, weights, statistic="the bivariate Moran's I")
    z, matrix = linked.numbers - linked.numbers.mean(axis=0), linked.matrix
    lengths = np.sqrt(np.square(z).sum(axis=0))
    scale = len(z) / float(matrix.sum()) / float(lengths[0] * lengths[1])
    fixed, moved = scale * (matrix.T @ z[:, 0]), z[:, 1]
    source = np.random.default_rng(rng)
    return judge(
        "Bivariate Moran's I",
        float(fixed @ moved),
        product_moments(fixed, moved),
        permuted_products(fixed, moved, permutations, source),
        alternative=alternative,
        cities=len(z),
        islands=linked.islands,
    )


def bivariate_moran_by_year(
    panel: Panel,
    first: str,
    second: str,
    weights: Weights | Mapping[int, Weights],
    *,
    lag: int = 0,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> pd.DataFrame:
    """Test in each year whether a variable goes with one of the neighbours, or did.

    Parameters
    ----------
    panel : Panel
        Balanced in both columns.
    first : str
        The city's own variable in the year.
    second : str
        The neighbours' variable, `lag` years before; with ``second=first`` and
        ``lag=1`` this is the space-time Moran: now against the neighbours before.
    weights : Graph, W, or mapping of int to these
        Of the panel's cities; a mapping has one for each year of `first`.
    lag : int
        Calendar years; 0 for the same year.
    permutations, alternative, rng
        As in :func:`bivariate_moran`; every year has its own stream of chance.

    Returns
    -------
    DataFrame
        Index ``year``; columns as :class:`MoranByYear`. Years whose earlier year the
        panel lacks are absent.

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError, SpatialCoaggError
        As in :func:`bivariate_moran`; also if no year has its earlier one.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import bivariate_moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = bivariate_moran_by_year(
    ...     panel, "theta", "theta", weights, lag=1, permutations=0
    ... )
    >>> int(found.index.min() - panel.years[0])
    1
    """
    if lag < 0:
        raise SpatialCoaggError(f"lag must be 0 or more years, got {lag}")
    check_columns_exist(panel.frame, [first, second], name="the panel")
    own = wide_values(panel, first, complete=True)
    others = wide_values(panel, second, complete=True)
    years = [year for year in own.index if year - lag in others.index]
    if not years:
        raise SpatialCoaggError(
            f"no year of the panel ({listed(own.index, limit=30)}) has one {lag} years "
            f"before it; use a smaller lag"
        )
    tests = {}
    streams = np.random.default_rng(rng).spawn(len(years))
    for year, stream in zip(years, streams, strict=True):
        tests[year] = bivariate_moran(
            own.loc[year],
            others.loc[year - lag],
            weights_of_year(weights, year),
            permutations=permutations,
            alternative=alternative,
            rng=stream,
        )
    return tests_by_year(tests)
