"""Moran's I of the residuals of a regression, with its exact moments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from spatial_coagg._typing import Alternative, Effects, FloatArray
from spatial_coagg.checks import check_choice, check_is_list
from spatial_coagg.errors import WeightsError
from spatial_coagg.models._residual_moran import residual_moments
from spatial_coagg.models._spatial_moments import SpatialMoments
from spatial_coagg.models.spatial_plan import (
    SpatialPlan,
    Weights,
    check_some_spill,
    read_plan,
)
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_identified,
    check_observations,
    check_outcome,
)
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel

# Variance of I that is rounding.
_NO_VARIANCE = 1e-14


@dataclass(frozen=True, slots=True)
class ResidualMoran:
    """Moran's I of least-squares residuals.

    Attributes
    ----------
    statistic : float
        I, of all years together.
    expectation, variance : float
        Exact, if the errors are independent and normal with one variance.
    z : float
    p_value : float
        By the normal law.
    alternative : {"two-sided", "greater", "less"}
        ``"greater"``: residuals of neighbours resemble each other.
    degrees : int
        Observations less slopes and effects.
    effects : {"none", "city", "year", "city-year"}
    """

    statistic: float
    expectation: float
    variance: float
    z: float
    p_value: float
    alternative: Alternative
    degrees: int
    effects: Effects

    def __str__(self) -> str:
        """Return the statistic and the p-value."""
        p_value = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return (
            f"residuals of neighbours are unrelated: I = {self.statistic:.3f}, "
            f"z = {self.z:.3f}, {p_value}"
        )


def residual_moran(
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    effects: Effects = "city-year",
    spillovers: Sequence[str] = (),
    spillover_weights: Weights | None = None,
    alternative: Alternative = "two-sided",
) -> ResidualMoran:
    r"""Test whether the residuals of a regression resemble those of neighbours.

    Parameters
    ----------
    panel : Panel
        Every city in every year; one year is a cross-section (effects ``"none"``).
    weights : Graph or libpysal.weights.W
        Of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
    effects : {"none", "city", "year", "city-year"}
    spillovers : sequence of str
        Drivers whose W x is in the regression.
    spillover_weights : Graph or W, optional
        Of the W x; `weights` by default.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    ResidualMoran

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    WeightsError
        If no city has a neighbour.
    EstimationError
        If a coefficient is not identified (named), or there are too few observations.

    Notes
    -----
    .. math:: I = \frac{N}{S_0} \frac{\sum_t e_t' W e_t}{\sum_t e_t' e_t}, \quad
              E[I] = \frac{N}{S_0} \frac{\mathrm{tr}(MK)}{d}

    with M the projection that makes the residuals (slopes and effects), K the weights
    of all years, S0 the sum of W and d = tr M; the variance is that of Cliff and Ord
    [1]_ in the same terms. At T = 1 it is spdep's ``lm.morantest`` (whose default
    alternative is ``"greater"``). Residuals of models with rho or lambda have no such
    moments: use :func:`lagrange_multiplier_tests` with ``conditional=True``.

    References
    ----------
    .. [1] Cliff, A. D., and Ord, J. K. (1981). Spatial Processes, pp. 202-203. Pion.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import residual_moran
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> test = residual_moran(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> test.statistic > 0, test.expectation < 0, test.p_value < 0.001
    (True, True, True)
    """
    check_choice(alternative, ("two-sided", "greater", "less"), name="alternative")
    check_is_list(spillovers, name="spillovers")
    check_some_spill(spillovers, spillover_weights)
    plan = read_plan("slx", effects, drivers, spillovers)
    matrices = WeightMatrices.of(panel).terms(
        weights, error_weights=None, spillover_weights=spillover_weights
    )
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=plan.spillovers,
        spillover_weights=matrices.spillover, constant=effects == "none",
    )  # fmt: skip
    columns = np.concatenate([rows.y[:, :, None], rows.z], axis=2)
    _check_rows(rows, columns, outcome, plan)
    found = residual_moments(
        columns, matrices.lag, by_city=plan.by_city, by_year=plan.by_year
    )
    if found.variance <= _NO_VARIANCE * (1 + found.expectation**2):
        raise WeightsError(
            "Moran's I is the same whatever the residuals, as where every city is the "
            "neighbour of every other with one weight; use other weights"
        )
    z = (found.statistic - found.expectation) / float(np.sqrt(found.variance))
    tails = {"greater": z, "less": -z, "two-sided": abs(z)}
    share = 2 if alternative == "two-sided" else 1
    return ResidualMoran(
        statistic=found.statistic,
        expectation=found.expectation,
        variance=found.variance,
        z=z,
        p_value=share * float(stats.norm.sf(tails[alternative])),
        alternative=alternative,
        degrees=found.degrees,
        effects=effects,
    )


def _check_rows(
    rows: SpatialRows, columns: FloatArray, outcome: str, plan: SpatialPlan
) -> None:
    """Refuse what cannot be estimated; `columns` are y and Z."""
    check_observations(rows, plan.effects)
    swept = SpatialMoments.of(
        columns, None, by_city=plan.by_city, by_year=plan.by_year
    ).swept(0.0)
    check_identified(swept[:, :, 1:], rows.z, rows.labels, plan.effects)
    check_outcome(swept[:, :, 0], rows.y, swept[:, :, 1:], outcome, plan.effects)
