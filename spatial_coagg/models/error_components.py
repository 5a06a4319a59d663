"""Tests of random city effects, spatial errors and serial correlation in errors."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_is_list
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._error_components import (
    Marginals,
    city_effects_given_error,
    error_given_city_effects,
    marginal_statistics,
    standardised_city_statistic,
)
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import (
    SpatialModel,
    Weights,
    check_some_spill,
    read_plan,
)
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_identified,
    check_outcome,
)
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._matrix import SparseMatrix

# Of the one-sided joint test: shares of chi-squared with 0, 1 and 2 degrees.
_SHARES = (0.25, 0.5, 0.25)


@dataclass(frozen=True, slots=True, eq=False)
class ErrorComponentTests:
    """Tests of what the errors of a pooled regression are made of.

    Attributes
    ----------
    frame : DataFrame
        Index: the hypothesis tested, see :func:`error_component_tests`; columns
        statistic, law (``"normal"``, ``"chi-squared"`` or ``"chi-bar-squared"``), df
        (nan for the normal law) and p_value.
    """

    frame: pd.DataFrame


def error_component_tests(
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    spillovers: Sequence[str] = (),
    spillover_weights: Weights | None = None,
    conditional: bool = False,
) -> ErrorComponentTests:
    r"""Test whether errors contain city effects, neighbours' errors or their own past.

    Parameters
    ----------
    panel : Panel
        Every city in every year, two years or more.
    weights : Graph or libpysal.weights.W
        W of the error, of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
        They and a constant are the regression; they may be constant in time.
    spillovers : sequence of str
        Drivers whose W x is in it.
    spillover_weights : Graph or W, optional
        Of the W x; `weights` by default.
    conditional : bool
        Whether to test, too, for spatial errors given random effects and for random
        effects given spatial errors, by maximum likelihood.

    Returns
    -------
    ErrorComponentTests
        Rows: ``city`` (random city effects), ``city_standardised`` (less its exact
        mean, over its deviation), ``error`` (spatial error), ``serial``
        (autocorrelation over the years), ``city_or_error``,
        ``city_or_error_one_sided`` (both from zero up), ``any`` (all three); with
        `conditional` ``error_given_city`` and ``city_given_error``.

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    EstimationError
        If a coefficient is not identified (named), or there is one year.

    Notes
    -----
    Baltagi, Song and Koh [1]_: LM1, SLM1, LM2, LM_J, LM_H, LM*-lambda and LM*-mu;
    Baltagi, Song, Jung and Koh [2]_: J. ``city``, ``city_standardised`` and
    ``city_given_error`` ask for a variance above zero and have one tail; the other
    normal ones have two. splm's ``bsktest(standardize =
    FALSE)`` prints the same statistics with twice the upper tail as p-value (without a
    sign in the conditional ones), its ``bsjktest(test = "J")`` is ``any``. The
    standardised form of ``error`` is :func:`residual_moran` with effects ``"none"``.

    With two years city effects and autocorrelation cannot be told apart: ``any`` has
    two degrees of freedom. splm's tests C.1 to C.3, each component given the two
    others, take the noise's variance from raw residuals, which is no maximum; test
    ``"lambda"``, ``"psi"`` and phi of :func:`fit_spatial_random` with ``serial=True``
    by :func:`wald_test` and :func:`likelihood_ratio_test` instead.

    References
    ----------
    .. [1] Baltagi, B. H., Song, S. H., and Koh, W. (2003). Testing panel data
       regression models with spatial error correlation. Journal of Econometrics 117,
       123-150.
    .. [2] Baltagi, B. H., Song, S. H., Jung, B. C., and Koh, W. (2007). Testing for
       serial correlation, spatial autocorrelation and random effects using panel data.
       Journal of Econometrics 140, 5-51.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, error_component_tests, load_example
    >>> from spatial_coagg import load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> tests = error_component_tests(panel, weights, "ln_cr", ["ln_theta"])
    >>> bool((tests.frame["p_value"] < 0.001).all())
    True
    """
    check_is_list(spillovers, name="spillovers")
    check_some_spill(spillovers, spillover_weights)
    chosen = read_plan("slx", "none", drivers, spillovers).spillovers
    matrices = WeightMatrices.of(panel).terms(
        weights, error_weights=None, spillover_weights=spillover_weights
    )
    own = matrices.lag
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=chosen,
        spillover_weights=matrices.spillover, constant=True,
    )  # fmt: skip
    _check_rows(rows, outcome)
    noise = _left(rows, _least_squares(rows))
    tests = _marginal_rows(
        marginal_statistics(noise, own),
        standardised_city_statistic(noise, rows.z),
        years=len(rows.years),
    )
    if conditional:

        def fit(model: SpatialModel, *, random: bool) -> SpatialPanelFit:
            with warnings.catch_warnings(action="ignore"):  # a phi of zero is a result
                return fit_spatial_panel(
                    _whole(rows), weights, "y", list(rows.labels[:-1]), model=model,
                    effects="random" if random else "none",
                )  # fmt: skip

        tests |= _conditional_rows(
            rows, own, fit("ols", random=True), fit("sem", random=False)
        )
    columns = ["statistic", "law", "df", "p_value"]
    frame = pd.DataFrame.from_dict(tests, orient="index", columns=columns)
    return ErrorComponentTests(frame.rename_axis("test"))


_Row = tuple[float, str, float, float]


def _check_rows(rows: SpatialRows, outcome: str) -> None:
    years, cities = rows.y.shape
    if years < 2 or cities <= len(rows.labels) + 1:
        raise EstimationError(
            f"{years} years of {cities} cities are too few to test their errors with "
            f"{len(rows.labels)} coefficients; it takes two years and more cities than "
            f"coefficients"
        )
    check_identified(rows.z, rows.z, rows.labels, "none")
    check_outcome(rows.y, rows.y, rows.z, outcome, "none")


def _least_squares(rows: SpatialRows) -> FloatArray:
    flat = rows.z.reshape(rows.y.size, -1)
    return np.asarray(np.linalg.lstsq(flat, rows.y.ravel(), rcond=None)[0])


def _left(rows: SpatialRows, slopes: FloatArray) -> FloatArray:
    return np.asarray(rows.y - rows.z @ slopes)


def _whole(rows: SpatialRows) -> Panel:
    """Return the regression's columns, W x among them, as a panel."""
    index = pd.MultiIndex.from_product(
        [rows.cities, rows.years], names=["city", "year"]
    )
    columns = {"y": rows.y.T.ravel()}
    for place, label in enumerate(rows.labels[:-1]):
        columns[label] = rows.z[:, :, place].T.ravel()
    return Panel(pd.DataFrame(columns, index=index))


def _marginal_rows(
    found: Marginals, standardised: float, *, years: int
) -> dict[str, _Row]:
    one_sided = max(found.city, 0.0) ** 2 + max(found.error, 0.0) ** 2
    return {
        "city": _above_zero(found.city),
        "city_standardised": _above_zero(standardised),
        "error": _two_sided(found.error),
        "serial": _two_sided(found.serial),
        "city_or_error": _chi_squared(found.city**2 + found.error**2, 2),
        "city_or_error_one_sided": (
            one_sided,
            "chi-bar-squared",
            2.0,
            _mixed(one_sided),
        ),
        "any": _chi_squared(found.joint, 3 if years > 2 else 2),
    }


def _conditional_rows(
    rows: SpatialRows,
    own: SparseMatrix,
    random: SpatialPanelFit,
    spatial: SpatialPanelFit,
) -> dict[str, _Row]:
    labels = list(rows.labels)
    beside_city, beside_error = (
        _left(rows, fit.estimates["estimate"].loc[labels].to_numpy())
        for fit in (random, spatial)
    )
    return {
        "error_given_city": _two_sided(error_given_city_effects(beside_city, own)),
        "city_given_error": _above_zero(
            city_effects_given_error(
                beside_error, own, spatial.error_lambda, spatial.sigma2
            )
        ),
    }


def _above_zero(z: float) -> _Row:
    return z, "normal", float("nan"), float(stats.norm.sf(z))


def _two_sided(z: float) -> _Row:
    return z, "normal", float("nan"), float(2 * stats.norm.sf(abs(z)))


def _chi_squared(statistic: float, degrees: int) -> _Row:
    tail = float(stats.chi2.sf(statistic, degrees))
    return statistic, "chi-squared", float(degrees), tail


def _mixed(statistic: float) -> float:
    """Return the tail of the mixture; at zero everything lies above."""
    if statistic <= 0:
        return 1.0
    first, second = (float(stats.chi2.sf(statistic, degrees)) for degrees in (1, 2))
    return _SHARES[1] * first + _SHARES[2] * second
