"""Local Geary, and Getis and Ord's local G and G*."""

import numpy as np
import pandas as pd
from scipy import sparse

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.autocorrelation._local import tail_counts
from spatial_coagg.autocorrelation.classes import (
    NO_DATA,
    NO_NEIGHBOURS,
    NOT_SIGNIFICANT,
    FalseDiscovery,
    LocalPlan,
    Permutations,
    SettledPlan,
    p_values_of_counts,
    quadrants,
)
from spatial_coagg.autocorrelation.inputs import STANDARDISED, Weights, name_of
from spatial_coagg.autocorrelation.local_result import (
    LocalTest,
    LocalValues,
    local_frame,
    local_test,
    read_local_values,
)
from spatial_coagg.weights._matrix import SparseMatrix

ABSENT = (NOT_SIGNIFICANT, NO_NEIGHBOURS, NO_DATA)
LIKENESS = ("HH", "LL", "similar", "different", *ABSENT)
SPOTS = ("hot spot", "cold spot", *ABSENT)


def local_geary(
    values: pd.Series,
    weights: Weights,
    *,
    permutations: Permutations = 9999,
    fdr: FalseDiscovery = "benjamini-hochberg",
    alpha: float = 0.05,
    workers: int | None = None,
    rng: Seed = None,
) -> LocalTest:
    r"""Test for each city, by squared differences, whether its neighbours resemble it.

    Parameters
    ----------
    values, weights, permutations, fdr, alpha, workers, rng
        As in :func:`local_moran`.

    Returns
    -------
    LocalTest
        Classes HH and LL (alike, both high or both low), similar (alike, on two sides
        of the mean), different, not significant, no neighbours, no data.

    Raises
    ------
    AlignmentError, SpatialCoaggError
        As in :func:`local_moran`.

    Notes
    -----
    .. math:: c_i = \sum_j w_{ij} (u_i - u_j)^2

    with u in standard deviations from the mean (Anselin 1995; 2019, Geographical
    Analysis 51, 133-150). Expectation and variance are exact over all orders of the
    other cities.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes, local_geary
    >>> panel = load_example().panel
    >>> theta = panel.frame["theta"].xs(2019, level="year")
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> local_geary(theta, weights, fdr="none", rng=1).classes[:4]
    ('HH', 'LL', 'similar', 'different')
    """
    kind = "local Geary"
    asked = LocalPlan(permutations, fdr, alpha, workers)
    known = read_local_values(values.to_frame(name_of(values)), weights, kind=kind)
    plan = asked.settled(known.tests)
    u = known.deviations[:, 0]
    sums = np.asarray(known.matrix.sum(axis=1))
    columns = np.column_stack([u, np.square(u)])
    lags = np.asarray(known.matrix @ columns)
    statistic = np.square(u) * sums - 2 * u * lags[:, 0] + lags[:, 1]
    shares = np.column_stack([-2 * u, np.ones_like(u)])
    p = _p_values(columns, known, plan, rng, shares=shares)
    mean, variance = _difference_moments(u, known.matrix)
    sides = quadrants(u, lags[:, 0])
    alike = [side if side in ("HH", "LL") else "similar" for side in sides]
    labels = np.where(statistic < mean, alike, "different").tolist()
    columns_told = {
        "value": known.numbers[:, 0],
        "lag": np.asarray(known.matrix @ known.numbers[:, 0]),
        "statistic": statistic,
        "expectation": mean,
        "variance": variance,
        "p_value": p,
    }
    frame = local_frame(
        known,
        columns_told,
        plan,
        quadrant=sides,
        labels=labels,
        classes=LIKENESS,
    )
    return local_test(kind, name_of(values), frame, plan, LIKENESS)


def local_getis_ord(
    values: pd.Series,
    weights: Weights,
    *,
    star: bool = True,
    permutations: Permutations = 9999,
    fdr: FalseDiscovery = "benjamini-hochberg",
    alpha: float = 0.05,
    workers: int | None = None,
    rng: Seed = None,
) -> LocalTest:
    r"""Test for each city whether high or low values gather around it.

    Parameters
    ----------
    values, weights, permutations, fdr, alpha, workers, rng
        As in :func:`local_moran`. The values must have a sum other than zero.
    star : bool
        Count the city among its own neighbours (G*), with the mean weight of the
        others; rows that sum to one do so again.

    Returns
    -------
    LocalTest
        Classes hot spot, cold spot, not significant, no neighbours, no data. The
        z-value of Ord and Getis is (statistic - expectation) / sqrt(variance).

    Raises
    ------
    AlignmentError, SpatialCoaggError
        As in :func:`local_moran`.

    Notes
    -----
    .. math:: G_i = \frac{\sum_j w_{ij} x_j}{\sum_j x_j}

    the sums without city i itself unless `star`. Moments: Ord and Getis (1995),
    Geographical Analysis 27, 286-306. Draws hold the city's own value fast.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import local_getis_ord
    >>> panel = load_example().panel
    >>> theta = panel.frame["theta"].xs(2019, level="year")
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = local_getis_ord(theta, weights, permutations="enough", rng=1)
    >>> bool(found.counts["hot spot"] > 0)
    True
    """
    kind = "Getis-Ord G*" if star else "Getis-Ord G"
    asked = LocalPlan(permutations, fdr, alpha, workers)
    known = read_local_values(values.to_frame(name_of(values)), weights, kind=kind)
    plan = asked.settled(known.tests)
    x = known.numbers[:, 0]
    matrix = _with_self(known.matrix) if star else known.matrix
    p = _p_values(known.deviations, known, plan, rng)
    told = _spots(x, matrix, star=star)
    labels = np.where(
        told["statistic"] > told["expectation"], "hot spot", "cold spot"
    ).tolist()
    frame = local_frame(
        known,
        {"value": x, "lag": np.asarray(known.matrix @ x), **told, "p_value": p},
        plan,
        quadrant=labels,
        labels=labels,
        classes=SPOTS,
    )
    return local_test(kind, name_of(values), frame, plan, SPOTS)


def _p_values(
    columns: FloatArray,
    known: LocalValues,
    plan: SettledPlan,
    rng: Seed,
    *,
    shares: FloatArray | None = None,
) -> FloatArray:
    """Return a p-value for each city with data."""
    above, below = tail_counts(
        columns,
        known.matrix,
        plan.permutations,
        np.random.default_rng(rng),
        shares=shares,
        workers=plan.workers,
    )
    return p_values_of_counts(above[:, 0], below[:, 0], plan.permutations)


def _difference_moments(
    u: FloatArray, matrix: SparseMatrix
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the local Geary over orders of the other cities."""
    n = len(u)
    second, third, fourth = (float(np.sum(u**power)) for power in (2, 3, 4))
    mean = (n * u**2 + second) / (n - 1)
    square = (n * u**4 + 6 * u**2 * second - 4 * u * third + fourth) / (n - 1)
    sums = np.asarray(matrix.sum(axis=1))
    squares = np.asarray(matrix.power(2).sum(axis=1))
    share = (squares - sums**2 / (n - 1)) * (n - 1) / (n - 2)
    return sums * mean, share * (square - mean**2)


def _with_self(matrix: SparseMatrix) -> SparseMatrix:
    """Add each city to its own neighbours with their mean weight."""
    degrees = np.diff(matrix.indptr)
    sums = np.asarray(matrix.sum(axis=1))
    own = sums / np.maximum(degrees, 1)
    if np.allclose(sums[degrees > 0], 1.0, rtol=0, atol=STANDARDISED):
        shrink = degrees / (degrees + 1)
        return sparse.csr_array(
            sparse.diags_array(shrink) @ (matrix + sparse.diags_array(own))
        )
    return sparse.csr_array(matrix + sparse.diags_array(own))


def _spots(x: FloatArray, matrix: SparseMatrix, *, star: bool) -> dict[str, FloatArray]:
    """Return G or G*, its expectation and its variance."""
    own = np.zeros_like(x) if star else x
    members = len(x) - (0 if star else 1)
    total = x.sum() - own
    mean = total / members
    spread = (np.square(x).sum() - np.square(own)) / members - np.square(mean)
    sums = np.asarray(matrix.sum(axis=1))
    squares = np.asarray(matrix.power(2).sum(axis=1))
    share = (members * squares - np.square(sums)) / (members - 1)
    return {
        "statistic": np.asarray(matrix @ x) / total,
        "expectation": sums / members,
        "variance": share * spread / np.square(total),
    }
