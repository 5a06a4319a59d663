"""Local Moran: which cities lie among alike or unlike neighbours, by year."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from spatial_coagg._typing import BoolArray, FloatArray, Seed
from spatial_coagg.autocorrelation._local import tail_counts
from spatial_coagg.autocorrelation._moments import lag_moments
from spatial_coagg.autocorrelation.classes import (
    FalseDiscovery,
    LocalPlan,
    Permutations,
    SettledPlan,
    p_values_of_counts,
    quadrants,
)
from spatial_coagg.autocorrelation.inputs import (
    Weights,
    name_of,
    pair_values,
    weights_of_year,
    wide_values,
)
from spatial_coagg.autocorrelation.local_result import (
    LocalTest,
    LocalValues,
    local_frame,
    local_test,
    read_local_values,
)
from spatial_coagg.checks import check_columns_exist
from spatial_coagg.tables.panel import Panel

KIND = "local Moran"
CENTRED = 1e-12


def local_moran(
    values: pd.Series,
    weights: Weights,
    *,
    permutations: Permutations = 9999,
    fdr: FalseDiscovery = "benjamini-hochberg",
    alpha: float = 0.05,
    workers: int | None = None,
    rng: Seed = None,
) -> LocalTest:
    r"""Test for each city whether its neighbours resemble it.

    Parameters
    ----------
    values : Series
        One number for each city, nan where there is no data; index city code, in any
        order.
    weights : Graph or libpysal.weights.W
        Of exactly those cities; aligned by label.
    permutations : int or "enough"
        Draws of neighbours for each city. ``"enough"`` takes as many as the strictest
        cut-off needs, 2 N / alpha - 1 for N cities, and 9,999 at least.
    fdr : {"benjamini-hochberg", "bonferroni", "none"}
        How the number of cities tested is allowed for.
    alpha : float
        Level: the share of false among the cities found (Benjamini-Hochberg), or the
        chance of any false one (Bonferroni), or of each (none).
    workers : int, optional
        As joblib's ``n_jobs``; a backend registered with joblib (Dask) is used. The
        answer does not depend on it.
    rng : Generator, int or None

    Returns
    -------
    LocalTest
        Classes HH, LL (city and neighbours high, low), HL, LH (city high among low,
        and the reverse), not significant, no neighbours, no data.

    Raises
    ------
    AlignmentError
        If `weights` are about other cities.
    SpatialCoaggError
        If a value is infinite, all values are equal, fewer than four cities have data
        and neighbours, or an option does not exist.

    Warns
    -----
    InferenceWarning
        If the permutations are too few for the strictest cut-off.
    LostLinkWarning
        If cities without data are somebody's neighbours: those links are lost and
        rows that summed to one do so again.

    Notes
    -----
    .. math:: I_i = (N - 1) \frac{z_i \sum_j w_{ij} z_j}{\sum_j z_j^2}

    with z the deviation from the mean of all cities with data (Anselin 1995,
    Geographical Analysis 27, 93-115). Expectation and variance are exact over all
    orders of the other cities, the city itself held fast (Sokal, Oden and Thomson
    1998), and so are the draws. The two-sided p-value is
    min(1, 2 (1 + min(#>=, #<=)) / (P + 1)).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes, local_moran
    >>> panel = load_example().panel
    >>> theta = panel.frame["theta"].xs(2019, level="year")
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = local_moran(theta, weights, permutations="enough", rng=1)
    >>> found.permutations, int(found.counts.sum())
    (11239, 281)
    """
    plan = LocalPlan(permutations, fdr, alpha, workers)
    name = name_of(values)
    known = read_local_values(values.to_frame(name), weights, kind=KIND)
    settled = plan.settled(known.tests)
    z = known.deviations
    frame = _frames(known, z, z, settled, _seed(rng))[0]
    return local_test(KIND, name, frame, settled)


def local_bivariate_moran(
    first: pd.Series,
    second: pd.Series,
    weights: Weights,
    *,
    permutations: Permutations = 9999,
    fdr: FalseDiscovery = "benjamini-hochberg",
    alpha: float = 0.05,
    workers: int | None = None,
    rng: Seed = None,
) -> LocalTest:
    r"""Test for each city whether its value goes with another value of its neighbours.

    Parameters
    ----------
    first : Series
        The city's own variable; index city code; nan where there is no data.
    second : Series
        The neighbours' variable, of the same cities in any order.
    weights, permutations, fdr, alpha, workers, rng
        As in :func:`local_moran`.

    Returns
    -------
    LocalTest
        `lag` is of `second`; the first letter of a class is about `first`, the other
        about the neighbours' `second`.

    Raises
    ------
    AlignmentError, SpatialCoaggError
        As in :func:`local_moran`; also if the two are about different cities.

    Notes
    -----
    .. math:: I_i = (N - 1) \frac{x_i \sum_j w_{ij} y_j}
              {\sqrt{\sum_j x_j^2 \sum_j y_j^2}}

    with both in deviations (Anselin, Syabri and Smirnov 2002).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import local_bivariate_moran
    >>> panel = load_example().panel
    >>> year = panel.frame.xs(2019, level="year")
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = local_bivariate_moran(
    ...     year["theta"], year["ln_sci"], weights, fdr="none", rng=1
    ... )
    >>> found.kind
    'local bivariate Moran'
    """
    plan = LocalPlan(permutations, fdr, alpha, workers)
    kind = "local bivariate Moran"
    table = pair_values(first, second)
    known = read_local_values(table, weights, kind=kind)
    settled = plan.settled(known.tests)
    z = known.deviations
    frame = _frames(known, z[:, :1], z[:, 1:], settled, _seed(rng))[0]
    return local_test(kind, f"{first.name} and {second.name}", frame, settled)


def local_moran_by_year(
    panel: Panel,
    column: str,
    weights: Weights | Mapping[int, Weights],
    *,
    permutations: Permutations = 9999,
    fdr: FalseDiscovery = "benjamini-hochberg",
    alpha: float = 0.05,
    workers: int | None = None,
    rng: Seed = None,
) -> LocalTest:
    """Test for each city and year whether its neighbours resemble it.

    Parameters
    ----------
    panel : Panel
        May have gaps: a city without a value in a year is of class "no data" then.
    column : str
        Variable of the panel, such as ``"theta"``.
    weights : Graph, W, or mapping of int to these
        Of the panel's cities; a mapping has one for each year.
    permutations, fdr, alpha, workers, rng
        As in :func:`local_moran`. The cut-off is that of each year by itself. Years
        with the same cities and weights share the draws, and with the same seed each
        year has the numbers that :func:`local_moran` gives for it, if `permutations`
        are the same.

    Returns
    -------
    LocalTest
        Its frame has index (city, year), sorted; ``counts`` has a row for each year.

    Raises
    ------
    MissingColumnError
        If the panel lacks `column`.
    AlignmentError, SpatialCoaggError
        As in :func:`local_moran`, or if a year has no weights.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import local_moran_by_year
    >>> panel = load_example().panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = local_moran_by_year(panel, "theta", weights, fdr="none", rng=1)
    >>> found.counts.shape
    (16, 7)
    """
    plan = LocalPlan(permutations, fdr, alpha, workers)
    check_columns_exist(panel.frame, [column], name="the panel")
    wide = wide_values(panel, column, complete=False)
    groups = _alike_years(wide, weights)
    read = {
        years: read_local_values(wide.loc[list(years)].T, own, kind=KIND)
        for years, own in groups.items()
    }
    tests = max(known.tests for known in read.values())
    settled = plan.settled(tests)
    seed = _seed(rng)
    frames: dict[int, pd.DataFrame] = {}
    for years, known in read.items():
        z = known.deviations
        found = _frames(known, z, z, settled, seed)
        frames |= dict(zip(years, found, strict=True))
    whole = pd.concat(frames, names=["year"]).swaplevel().sort_index()
    return local_test(KIND, column, pd.DataFrame(whole), settled)


def _frames(
    known: LocalValues,
    own: FloatArray,
    others: FloatArray,
    plan: SettledPlan,
    seed: int,
) -> list[pd.DataFrame]:
    """Return the table of each column: `own` against the lag of `others`."""
    scale = (len(own) - 1) / len(own)
    lags = np.asarray(known.matrix @ others)
    means, variances = lag_moments(others, known.matrix)
    source = np.random.default_rng(seed)
    above, below = tail_counts(
        others, known.matrix, plan.permutations, source, workers=plan.workers
    )
    p = p_values_of_counts(above, below, plan.permutations)
    p[np.abs(own) <= CENTRED] = 1.0
    found = known.numbers[:, -own.shape[1] :]
    frames = []
    for column in range(own.shape[1]):
        mine = own[:, column]
        named = quadrants(mine, lags[:, column])
        frames.append(
            local_frame(
                known,
                {
                    "value": known.numbers[:, column],
                    "lag": np.asarray(known.matrix @ found[:, column]),
                    "statistic": scale * mine * lags[:, column],
                    "expectation": scale * mine * means[:, column],
                    "variance": np.square(scale * mine) * variances[:, column],
                    "p_value": p[:, column],
                },
                plan,
                quadrant=named,
                labels=named,
            )
        )
    return frames


def _alike_years(
    wide: pd.DataFrame, weights: Weights | Mapping[int, Weights]
) -> dict[tuple[int, ...], Weights]:
    """Group the years that have the same weights and the same cities with data."""
    groups: dict[tuple[int, bytes], list[int]] = {}
    own: dict[int, Weights] = {}
    for year, values in wide.iterrows():
        number = int(str(year))
        own[number] = weights_of_year(weights, number)
        present: BoolArray = values.notna().to_numpy()
        groups.setdefault((id(own[number]), present.tobytes()), []).append(number)
    return {tuple(years): own[years[0]] for years in groups.values()}


def _seed(rng: Seed) -> int:
    return int(np.random.default_rng(rng).integers(2**62))
