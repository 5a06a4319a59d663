"""PySAL's spreg, run beside ours on drawn data, where both have the same model."""

import numpy as np
import pytest
import spreg
from libpysal.weights import W, full2W
from spatial_witness import Draw, draw_panel, nearest_matrix
from test_spatial_large import lattice

from spatial_coagg._typing import FloatArray
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_iv import IVCovariance, fit_spatial_iv
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_residuals import residual_moran
from spatial_coagg.models.spatial_tests import lagrange_multiplier_tests

pytestmark = pytest.mark.filterwarnings("ignore")  # spreg's own

# spreg searches rho by golden sections and prints what it does.
CLOSE, MOMENTS = 2e-6, 1e-4
SLOPES = ["constant", "x0", "x1"]
LAGGED = [*SLOPES, "W.x0", "W.x1"]


def cross_section() -> Draw:
    return draw_panel(n=49, t=1, w=nearest_matrix(49, 4, 1), rng=3)


def panel(matrix: FloatArray) -> Draw:
    return draw_panel(n=len(matrix), t=6, w=matrix, rng=4)


def stacked(draw: Draw) -> tuple[FloatArray, FloatArray, W]:
    """Return y and x with a row for each city, years side by side, as spreg has it."""
    x = [draw.x[:, :, place].T for place in range(draw.x.shape[2])]
    return draw.y.T, np.hstack(x), full2W(draw.w)


def fit_of(draw: Draw, model: SpatialModel, effects: str) -> SpatialPanelFit:
    return fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model=model,
        effects=effects,  # type: ignore[arg-type]
        correction="none",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        ("sar", [*SLOPES, "rho"]),
        ("sdm", [*LAGGED, "rho"]),
        ("sem", [*SLOPES, "lambda"]),
        ("sdem", [*LAGGED, "lambda"]),
    ],
)
def test_likelihood_of_a_cross_section(model: SpatialModel, labels: list[str]) -> None:
    draw = cross_section()
    y, x, w = stacked(draw)
    estimator = spreg.ML_Lag if "rho" in labels else spreg.ML_Error
    theirs = estimator(y, x, w, slx_lags=int("W.x0" in labels), epsilon=1e-12)
    ours = fit_of(draw, model, "none")
    table = ours.estimates.loc[labels]
    np.testing.assert_allclose(table["estimate"], theirs.betas.ravel(), rtol=CLOSE)
    np.testing.assert_allclose(
        table["standard_error"], np.sqrt(np.diag(theirs.vm)), rtol=CLOSE
    )
    assert ours.log_likelihood == pytest.approx(float(theirs.logll), rel=1e-12)


def test_multipliers_of_a_cross_section() -> None:
    draw = cross_section()
    y, x, w = stacked(draw)
    theirs = spreg.ML_Lag(y, x, w, epsilon=1e-12, spat_impacts="full")
    ours = fit_of(draw, "sar", "none")
    frame = spatial_effects(ours, method="delta").frame["estimate"]
    found = frame.unstack("driver")["x1"] / ours.slopes["x1"]
    wanted = [float(each) for each in theirs.sp_multipliers["full"]]
    np.testing.assert_allclose(found, wanted, rtol=CLOSE)


@pytest.mark.parametrize(
    ("covariance", "robust"), [("classical", None), ("robust", "white")]
)
def test_two_stage_least_squares(covariance: IVCovariance, robust: str | None) -> None:
    draw = cross_section()
    y, x, w = stacked(draw)
    theirs = spreg.GM_Lag(y, x, w=w, w_lags=2, robust=robust, sig2n_k=True)
    ours = fit_spatial_iv(
        draw.panel, draw.graph, "y", draw.names, effects="none", covariance=covariance
    )
    table = ours.estimates.loc[[*SLOPES, "rho"]]
    np.testing.assert_allclose(table["estimate"], theirs.betas.ravel(), rtol=1e-10)
    np.testing.assert_allclose(
        table["standard_error"], np.sqrt(np.diag(theirs.vm)), rtol=1e-10
    )


def test_an_endogenous_driver() -> None:
    draw = cross_section()
    y, x, w = stacked(draw)
    theirs = spreg.GM_Lag(
        y, x[:, :1], yend=x[:, 1:], q=draw.w @ x[:, 1:] + x[:, 1:], w=w, w_lags=2,
        lag_q=False, sig2n_k=True,
    )  # fmt: skip
    outside = draw.panel.frame[["x1"]].set_axis(["z"], axis=1)
    outside["z"] = (draw.w @ x[:, 1:] + x[:, 1:]).ravel()
    ours = fit_spatial_iv(
        draw.panel.with_columns(outside), draw.graph, "y", draw.names, effects="none",
        endogenous=["x1"], instruments=["z"],
    )  # fmt: skip
    table = ours.estimates.loc[[*SLOPES, "rho"]]
    np.testing.assert_allclose(table["estimate"], theirs.betas.ravel(), rtol=1e-9)
    np.testing.assert_allclose(
        table["standard_error"], np.sqrt(np.diag(theirs.vm)), rtol=1e-9
    )


@pytest.mark.parametrize("lag", [True, False])
def test_moments_of_the_error(*, lag: bool) -> None:
    draw = cross_section()
    y, x, w = stacked(draw)
    theirs = spreg.GM_Combo(y, x, w=w, w_lags=2) if lag else spreg.GM_Error(y, x, w)
    ours = fit_spatial_iv(
        draw.panel, draw.graph, "y", draw.names, effects="none", lag=lag, error=True
    )
    found = [*ours.estimates["estimate"].loc[[*SLOPES, *["rho"] * lag]]]
    found.append(ours.error_lambda)
    # spreg minimises the three moments by BFGS and stops early.
    np.testing.assert_allclose(found, theirs.betas.ravel(), rtol=MOMENTS)


def test_tests_of_least_squares_residuals() -> None:
    draw = cross_section()
    y, x, w = stacked(draw)
    theirs = spreg.OLS(y, x, w, spat_diag=True, moran=True)
    ours = lagrange_multiplier_tests(
        draw.panel, draw.graph, "y", draw.names, effects="none"
    )
    for own, (statistic, p_value) in (
        (ours.lag, theirs.lm_lag),
        (ours.error, theirs.lm_error),
        (ours.robust_lag, theirs.rlm_lag),
        (ours.robust_error, theirs.rlm_error),
        (ours.joint, theirs.lm_sarma),
    ):
        assert own.statistic == pytest.approx(float(statistic), rel=1e-10)
        assert own.p_value == pytest.approx(float(p_value), rel=1e-8)
    moran = residual_moran(draw.panel, draw.graph, "y", draw.names, effects="none")
    found = moran.statistic, moran.z, moran.p_value
    np.testing.assert_allclose(found, theirs.moran_res, rtol=1e-9)


@pytest.mark.parametrize(("model", "last"), [("sar", "rho"), ("sem", "lambda")])
def test_panels_with_city_effects(model: SpatialModel, last: str) -> None:
    draw = panel(nearest_matrix(49, 4, 1))
    estimator = spreg.Panel_FE_Lag if model == "sar" else spreg.Panel_FE_Error
    theirs = estimator(*stacked(draw), epsilon=1e-12)
    table = fit_of(draw, model, "city").estimates.loc[["x0", "x1", last]]
    np.testing.assert_allclose(table["estimate"], theirs.betas.ravel(), rtol=CLOSE)
    np.testing.assert_allclose(
        table["standard_error"], np.sqrt(np.diag(theirs.vm)), rtol=CLOSE
    )


def test_a_panel_with_random_effects_and_a_lag() -> None:
    draw = panel(lattice(7).toarray())
    theirs = spreg.Panel_RE_Lag(*stacked(draw), epsilon=1e-12)
    ours = fit_of(draw, "sar", "random").estimates["estimate"]
    # Its phi is the share of the city means that is taken out, 1 - theta.
    found = [*ours[[*SLOPES, "rho"]], 1 / np.sqrt(1 + 6 * ours["phi"])]
    np.testing.assert_allclose(found, theirs.betas.ravel(), rtol=1e-4)


def test_moments_of_a_panel_with_random_effects() -> None:
    draw = panel(lattice(7).toarray())
    theirs = spreg.GM_KKP(*stacked(draw))
    ours = fit_spatial_iv(
        draw.panel, draw.graph, "y", draw.names, effects="random", lag=False,
        error=True, moments="weighted",
    )  # fmt: skip
    found = [*ours.estimates["estimate"].loc[SLOPES], ours.error_lambda]
    np.testing.assert_allclose(found, theirs.betas.ravel()[: len(found)], rtol=MOMENTS)
