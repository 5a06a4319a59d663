import re
import warnings
from typing import Any

import numpy as np
import pytest
from spatial_witness import (
    Draw,
    draw_panel,
    graph_of,
    nearest_matrix,
    real_interval,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, UnbalancedPanelError
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.responses import city_responses
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.report.regression_table import tabulate_models
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights import _logdet
from spatial_coagg.weights._logdet import EigenSpectrum
from spatial_coagg.weights._matrix import SparseMatrix


def fit_of(draw: Draw, panel: Panel | None = None, **options: Any) -> SpatialIVFit:  # noqa: ANN401
    drivers = options.pop("drivers", draw.names)
    with warnings.catch_warnings(action="ignore"):  # weak instruments
        return fit_spatial_iv(panel or draw.panel, draw.graph, "y", drivers, **options)


def with_column(panel: Panel, name: str, like: str) -> Panel:
    return panel.with_columns(panel.frame[[like]].set_axis([name], axis=1))


def test_a_driver_called_like_a_lag_stays_exogenous() -> None:
    draw = draw_panel(n=14, t=6, drivers=3, rng=4)
    panel = with_column(draw.panel, "W.x0", "x1")
    outside = {"endogenous": ["x0"], "instruments": ["x2"]}
    named = fit_of(draw, panel, drivers=["x0", "W.x0"], **outside)
    plain = fit_of(draw, panel, drivers=["x0", "x1"], **outside)
    assert named.endogenous == plain.endogenous == ("x0", "W.y")
    np.testing.assert_allclose(named.estimates, plain.estimates)


@pytest.mark.parametrize("name", ["drivers", "endogenous", "instruments", "spillovers"])
def test_text_is_no_list_of_names(name: str) -> None:
    told = re.escape(f"{name} must be a list of names, such as ['x0']")
    with pytest.raises(EstimationError, match=told):
        fit_of(draw_panel(), **{name: "x0"})


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({}, 1),
        ({"error": True}, 1),
        ({"lag": False, "error": True}, 1),
        ({"lag": False, "endogenous": ["x0"], "instruments": ["x2"]}, 0),
    ],
)
def test_eigenvalues_are_computed_once_and_only_where_needed(
    options: dict[str, Any], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, counted = draw_panel(n=14, t=6, drivers=3, rng=4), []
    compute = _logdet._eigenvalues

    def counting(matrix: SparseMatrix, scale: FloatArray | None) -> EigenSpectrum:
        counted.append(matrix)
        return compute(matrix, scale)

    monkeypatch.setattr(_logdet, "_eigenvalues", counting)
    fit_of(draw, drivers=["x0", "x1"], **options)
    assert len(counted) == times


def test_bounds_are_told_of_the_coefficients_that_are_there() -> None:
    draw, other = draw_panel(n=14, t=6, rng=4), nearest_matrix(14, 2, 8)
    both = fit_of(draw, error=True, error_weights=graph_of(other))
    facts = both.facts
    assert (facts["rho_low"], facts["rho_high"]) == both.interval
    np.testing.assert_allclose(both.interval, real_interval(draw.w))
    ends = facts["lambda_low"], facts["lambda_high"]
    np.testing.assert_allclose(ends, real_interval(other))
    assert "lambda_low" not in fit_of(draw).facts
    slope = fit_of(draw, lag=False, error=True)
    assert "rho_low" not in slope.facts
    assert slope.interval == (-np.inf, np.inf)


def test_effects_of_an_equation_without_lag_are_its_slopes() -> None:
    draw = draw_panel(n=14, t=6, rng=4)
    fit = fit_of(draw, lag=False, error=True, spillovers=["x1"])
    found = spatial_effects(fit, draws=50, rng=1, orders=3)
    estimate = found.frame["estimate"]
    assert estimate["direct", "x1"] == pytest.approx(fit.slopes["x1"])
    assert estimate["indirect", "x1"] == pytest.approx(fit.spillover_slopes["x1"])
    assert found.rejected == 0
    summed = found.orders.groupby(level="driver")["total"].sum()
    np.testing.assert_allclose(summed, estimate["total"])
    assert city_responses(fit, "x1", draws=50, rng=1).rejected == 0


def test_a_table_prints_how_strong_and_how_valid_instruments_are() -> None:
    draw = draw_panel(n=14, t=6, rng=4)
    iv, likelihood = (
        fit_of(draw),
        fit_spatial_panel(draw.panel, draw.graph, "y", draw.names, model="sar"),
    )
    test = iv.overidentification
    assert test is not None
    frame = tabulate_models({"IV": iv, "ML": likelihood}).to_frame()
    cells = frame.xs("fact", level="line")
    for label, number in (
        ("First-stage F (Cragg-Donald)", iv.cragg_donald),
        ("Over-identification test", test.statistic),
        ("Over-identification, p-value", test.p_value),
    ):
        assert cells.loc[label].to_list() == [f"{number:.3f}", ""]


def test_the_past_of_a_driver_instruments_it() -> None:
    draw = draw_panel(n=25, t=8, rng=4)
    lagged = draw.panel.with_columns(draw.panel.previous(["x0"]))
    later = lagged.restricted_to(years=draw.panel.years[1:])
    options = {"endogenous": ["x0"], "spillovers": ["x0"]}
    fit = fit_of(draw, later, instruments=["previous.x0"], **options)
    assert fit.endogenous == ("x0", "W.x0", "W.y")
    assert {"previous.x0", "W.previous.x0"} <= set(fit.instruments)
    assert len(fit.years) == 7
    with pytest.raises(UnbalancedPanelError, match="25 of 200 city-years are missing"):
        fit_of(draw, lagged, instruments=["previous.x0"], **options)
