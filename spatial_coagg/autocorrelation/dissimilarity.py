"""Geary's C and Getis and Ord's general G beside Moran's I."""

import numpy as np
import pandas as pd

from spatial_coagg._typing import Alternative, Seed
from spatial_coagg.autocorrelation._moments import geary_moments, getis_ord_moments
from spatial_coagg.autocorrelation._permutations import permuted_forms, spatial_form
from spatial_coagg.autocorrelation.inputs import Weights, check_inference, link_values
from spatial_coagg.autocorrelation.result import AutocorrelationTest, judge
from spatial_coagg.checks import listed
from spatial_coagg.errors import SpatialCoaggError


def geary(
    values: pd.Series,
    weights: Weights,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> AutocorrelationTest:
    r"""Test by squared differences whether neighbours resemble each other.

    Parameters
    ----------
    values : Series
        One number for each city; index city code, in any order.
    weights : Graph or libpysal.weights.W
        Of exactly those cities; aligned by label and used as they are.
    permutations : int
        Random orders of the cities; 0 for none.
    alternative : {"two-sided", "greater", "less"}
        Of the statistic. C is below 1 where neighbours resemble each other, so
        ``"less"`` asks for likeness and ``"greater"`` for difference.
    rng : Generator, int or None

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
    .. math:: C = \frac{N - 1}{2 \sum_{ij} w_{ij}}
              \frac{\sum_{ij} w_{ij} (x_i - x_j)^2}{\sum_i z_i^2}

    Moments: Cliff and Ord (1981), Spatial Processes, p. 56.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import build_economic, geary
    >>> values = pd.Series([1.0, 2.0, 4.0, 8.0, 9.0], index=list("abcde"))
    >>> round(geary(values, build_economic(values), permutations=0).statistic, 4)
    0.4525
    """
    check_inference(permutations, alternative)
    linked = link_values(values.to_frame("values"), weights, statistic="Geary's C")
    z, matrix = linked.numbers - linked.numbers.mean(axis=0), linked.matrix
    ends = np.asarray(matrix.sum(axis=1) + matrix.sum(axis=0), dtype=np.float64)
    scale = (len(z) - 1) / (2 * float(matrix.sum()) * float(np.square(z).sum()))
    source = np.random.default_rng(rng)
    return judge(
        "Geary's C",
        scale * float(spatial_form(z, matrix, squares=ends)[0]),
        geary_moments(z[:, 0], matrix),
        scale * permuted_forms(z, matrix, permutations, source, squares=ends),
        alternative=alternative,
        cities=len(z),
        islands=linked.islands,
    )


def getis_ord(
    values: pd.Series,
    weights: Weights,
    *,
    permutations: int = 9999,
    alternative: Alternative = "two-sided",
    rng: Seed = None,
) -> AutocorrelationTest:
    r"""Test whether high values lie beside high values, or low beside low.

    Parameters
    ----------
    values : Series
        One number for each city, none negative; index city code, in any order.
    weights : Graph or libpysal.weights.W
        Of exactly those cities; aligned by label and used as they are. The textbook's
        G has weights of 0 and 1 (``transform="none"``).
    permutations : int
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: high values gather; ``"less"``: low values gather.
    rng : Generator, int or None

    Returns
    -------
    AutocorrelationTest
        No normal approximation exists for G: those fields are nan.

    Raises
    ------
    AlignmentError, SpatialCoaggError
        As in :func:`geary`, and if a value is negative.

    Notes
    -----
    .. math:: G = \frac{\sum_{ij} w_{ij} x_i x_j}{\sum_{i \ne j} x_i x_j}

    Moments: Getis and Ord (1992), Geographical Analysis 24, 189-206.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import build_economic, getis_ord
    >>> values = pd.Series([1.0, 2.0, 4.0, 8.0, 9.0], index=list("abcde"))
    >>> round(getis_ord(values, build_economic(values), permutations=0).statistic, 4)
    0.3315
    """
    check_inference(permutations, alternative)
    negative = values.index[values.to_numpy(dtype=np.float64) < 0]
    if len(negative) > 0:
        raise SpatialCoaggError(
            f"Getis and Ord's G needs values of zero or more; negative are "
            f"{listed(negative)}. For values of both signs use global_moran"
        )
    linked = link_values(
        values.to_frame("values"), weights, statistic="Getis and Ord's G"
    )
    x, matrix = linked.numbers, linked.matrix
    scale = 1 / (float(x.sum()) ** 2 - float(np.square(x).sum()))
    source = np.random.default_rng(rng)
    return judge(
        "Getis and Ord's G",
        scale * float(spatial_form(x, matrix)[0]),
        getis_ord_moments(x[:, 0], matrix),
        scale * permuted_forms(x, matrix, permutations, source),
        alternative=alternative,
        cities=len(x),
        islands=linked.islands,
    )
