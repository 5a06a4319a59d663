"""Wald tests that coefficients are restricted, as where a model is a simpler one."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import listed
from spatial_coagg.errors import EstimationError
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.goodness import wald_statistic
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_nesting import (
    Terms,
    check_common_factor,
    is_common_factor,
)
from spatial_coagg.models.spatial_plan import TITLES

# A model's name, labels whose coefficients are zero, or a matrix of restrictions.
Restriction: TypeAlias = str | Sequence[str] | pd.DataFrame


def wald_test(
    fit: Fit, restriction: Restriction, *, values: pd.Series | float = 0.0
) -> HypothesisTest:
    r"""Test restrictions on the coefficients of one fit.

    Parameters
    ----------
    fit : Fit
        Any fit: its estimates and their covariance are used as they are.
    restriction : str, sequence of str or DataFrame
        Of a spatial model by maximum likelihood, the name of a simpler one, such as
        ``"sar"``: what it lacks is zero, and an SDM is a ``"sem"`` where g + rho b = 0
        (common factor). Or labels of coefficients (one as text, or several). Or a
        matrix R of R b = r: one row for each restriction, one column for each label
        concerned.
    values : Series or float
        r, by label or by row of the matrix; zero by default.

    Returns
    -------
    HypothesisTest
        Chi-squared, one degree of freedom for each restriction.

    Raises
    ------
    EstimationError
        If a label is unknown, the model does not contain the other, restrictions
        depend on each other, or a coefficient has no variance.

    Notes
    -----
    .. math:: W = (Rb - r)' (R V R')^{-1} (Rb - r)

    For the common factor R is the derivative of g + rho b by (b, g, rho), which is
    (rho I, I, b) [1]_. It needs every driver's W x, the same W for lag and W x, and a
    W whose rows sum to one unless city effects alone are in. A test that rho or
    lambda is zero takes it to lie inside its interval, as it does.

    References
    ----------
    .. [1] Elhorst, J. P. (2014). Spatial Econometrics, pp. 8 and 61. Springer.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes, wald_test
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> wald_test(fit, "sem").degrees
    2
    >>> wald_test(fit, ["W.ln_theta"]).hypothesis
    "coefficients are zero: 'W.ln_theta'"
    """
    if isinstance(restriction, str) and restriction in TITLES:
        return _model_test(fit, restriction, values)
    if isinstance(restriction, pd.DataFrame):
        return _matrix_test(fit, restriction, values)
    labels = [restriction] if isinstance(restriction, str) else list(restriction)
    chosen = pd.DataFrame(np.eye(len(labels)), index=labels, columns=labels)
    wanted = _as_values(values, labels)
    words = "coefficients are zero: " + listed(labels)
    if np.any(wanted != 0):
        told = [
            f"{label} = {value:g}" for label, value in zip(labels, wanted, strict=True)
        ]
        words = ", ".join(told)
    return _linear(fit, chosen, wanted, words)


def _model_test(fit: Fit, model: str, values: pd.Series | float) -> HypothesisTest:
    """Test that a spatial model is a simpler one."""
    if not isinstance(fit, SpatialPanelFit):
        raise EstimationError(
            f"{model!r} names a model of fit_spatial_panel, which says nothing of "
            f"{fit.title!r}; name the coefficients that are to be zero, such as "
            f"{str(fit.estimates.index[0])!r}"
        )
    if not isinstance(values, float | int) or values != 0:
        raise EstimationError(
            f"values= does not apply to the name of a model; that a {fit.model} is a "
            f"{model} fixes them"
        )
    words = f"the {fit.model} is a {model}"
    if is_common_factor(model, fit.model):
        return _common_factor(fit, words)
    own, simpler = Terms.of(fit.model), Terms.of(model)
    if own == simpler or not simpler.inside(own):
        raise EstimationError(
            f"a {model} is not a special case of the {fit.model} (other than itself); "
            f"fit a model that contains it, such as the gns"
        )
    labels = [f"W.{name}" for name in fit.spillovers if not simpler.spillovers]
    labels += ["rho"] * (own.lag and not simpler.lag)
    labels += ["lambda"] * (own.error and not simpler.error)
    chosen = pd.DataFrame(np.eye(len(labels)), index=labels, columns=labels)
    return _linear(fit, chosen, np.zeros(len(labels)), words)


def _common_factor(fit: SpatialPanelFit, words: str) -> HypothesisTest:
    """Test g + rho b = 0 by the delta method."""
    check_common_factor(fit)
    here = list(fit.drivers)
    there = [f"W.{name}" for name in here]
    b, g = fit.slopes.to_numpy(), fit.spillover_slopes.to_numpy()
    labels = [*here, *there, "rho"]
    eye = np.eye(len(here))
    jacobian = np.hstack([fit.rho * eye, eye, b[:, None]])
    inner = fit.covariance.loc[labels, labels].to_numpy()
    return _wald(g + fit.rho * b, jacobian @ inner @ jacobian.T, words)


def _matrix_test(
    fit: Fit, matrix: pd.DataFrame, values: pd.Series | float
) -> HypothesisTest:
    wanted = _as_values(values, list(matrix.index))
    words = f"{len(matrix)} restrictions on {listed(list(matrix.columns))}"
    return _linear(fit, matrix, wanted, words)


def _as_values(values: pd.Series | float, labels: list[str]) -> FloatArray:
    if not isinstance(values, pd.Series):
        return np.full(len(labels), float(values))
    absent = [label for label in labels if label not in values.index]
    if absent:
        raise EstimationError(f"values lacks {listed(absent)}")
    return values.loc[labels].to_numpy(dtype=np.float64)


def _linear(
    fit: Fit, matrix: pd.DataFrame, wanted: FloatArray, words: str
) -> HypothesisTest:
    labels = list(matrix.columns)
    strange = [label for label in labels if label not in fit.estimates.index]
    if strange:
        raise EstimationError(
            f"{fit.title!r} has no coefficient {listed(strange)}; it has "
            f"{listed(list(fit.estimates.index), limit=30)}"
        )
    if len(matrix) == 0 or not labels:
        raise EstimationError("no coefficient is restricted; name one or more")
    r = matrix.to_numpy(dtype=np.float64)
    b = fit.estimates["estimate"].loc[labels].to_numpy()
    inner = fit.covariance.loc[labels, labels].to_numpy()
    return _wald(r @ b - wanted, r @ inner @ r.T, words)


def _wald(gap: FloatArray, covariance: FloatArray, words: str) -> HypothesisTest:
    if not (np.diag(covariance) > 0).all():
        raise EstimationError(
            f"a coefficient concerned has no variance (as at the bound of its "
            f"interval), so that {words!r} cannot be tested"
        )
    statistic, rank = wald_statistic(gap, covariance)
    if rank < len(gap):
        raise EstimationError(
            f"the {len(gap)} restrictions depend on each other (rank {rank}); leave "
            f"some of them out"
        )
    return chi_squared_test(words, statistic, len(gap))
