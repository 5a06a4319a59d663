"""Moran's I of a variable over the cities, for one year or for each year of a panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from spatial_coagg._typing import Alternative, Seed
from spatial_coagg.autocorrelation._moments import moran_moments
from spatial_coagg.autocorrelation._permutations import permuted_forms, spatial_form
from spatial_coagg.autocorrelation.inputs import (
    Weights,
    among,
    check_inference,
    link_values,
    name_of,
    weights_of_year,
    wide_values,
)
from spatial_coagg.autocorrelation.result import (
    AutocorrelationTest,
    judge,
    tests_by_year,
)
from spatial_coagg.checks import check_choice, check_columns_exist
from spatial_coagg.tables.panel import Panel


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
) -> AutocorrelationTest:
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
    AutocorrelationTest

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
    check_inference(permutations, alternative)
    table = values.to_frame(name_of(values))
    linked = link_values(table, weights, statistic="Moran's I")
    z, matrix = linked.numbers - linked.numbers.mean(axis=0), linked.matrix
    scale = len(z) / float(matrix.sum()) / float(np.square(z).sum())
    source = np.random.default_rng(rng)
    return judge(
        "Moran's I",
        scale * float(spatial_form(z, matrix)[0]),
        moran_moments(z[:, 0], matrix),
        scale * permuted_forms(z, matrix, permutations, source),
        alternative=alternative,
        cities=len(z),
        islands=linked.islands,
    )


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
    wide = wide_values(panel, column, complete=missing == "error")
    source = np.random.default_rng(rng)
    streams = source.spawn(len(wide))
    tests = {}
    for (year, values), stream in zip(wide.iterrows(), streams, strict=True):
        own = weights_of_year(weights, int(str(year)))
        present = values.dropna()
        if len(present) < len(values):
            own = among(own, present.index)
        tests[int(str(year))] = global_moran(
            present,
            own,
            permutations=permutations,
            alternative=alternative,
            rng=stream,
        )
    return MoranByYear(column, alternative, permutations, tests_by_year(tests))
