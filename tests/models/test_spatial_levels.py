"""A spatial model does not depend on the level of its columns."""

import warnings

import numpy as np
import pytest
from spatial_witness import Draw, draw_panel

from spatial_coagg.errors import InferenceWarning
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel

# Squares of such levels leave no digit of a residual of size 1 in double precision.
LEVELS = {"y": 1e7, "x0": -3e7, "x1": 2e6}


def fit_of(
    draw: Draw, model: str, effects: str, covariance: str | None = None
) -> SpatialPanelFit:
    with warnings.catch_warnings(action="ignore", category=InferenceWarning):
        return fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names,
            model=model, effects=effects,  # type: ignore[arg-type] # parametrised
            covariance=covariance,  # type: ignore[arg-type]
        )  # fmt: skip


def raised(draw: Draw) -> Draw:
    x = draw.x + np.array([LEVELS["x0"], LEVELS["x1"]])
    return Draw(draw.y + LEVELS["y"], x, draw.w, draw.codes)


@pytest.mark.parametrize("model", ["ols", "sar", "sem", "sdm", "sac", "gns"])
@pytest.mark.parametrize("effects", ["none", "year", "city-year", "random"])
def test_levels_move_no_estimate(model: str, effects: str) -> None:
    draw = draw_panel(n=25, t=5, rng=3)
    low, high = (fit_of(each, model, effects) for each in (draw, raised(draw)))
    # The draw is itself rounded at that level: to 1e-9 of its noise.
    same = [label for label in low.estimates.index if label != "constant"]
    for column in ("estimate", "standard_error"):
        np.testing.assert_allclose(
            high.estimates.loc[same, column], low.estimates.loc[same, column], atol=1e-6
        )
    assert high.log_likelihood == pytest.approx(low.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("covariance", ["expected", "observed", "robust"])
@pytest.mark.parametrize("effects", ["none", "random"])
def test_the_constant_moves_with_the_levels(effects: str, covariance: str) -> None:
    # y + c = rho W (y + c) + (X + d) b + a + (1 - rho) c - d'b: rows of W sum to one.
    if (effects, covariance) == ("random", "robust"):
        pytest.skip("random effects have information matrices only")
    draw = draw_panel(n=25, t=5, rng=3)
    low, high = (
        fit_of(each, "sar", effects, covariance=covariance)
        for each in (draw, raised(draw))
    )
    labels = ["constant", "rho", "x0", "x1"]
    turn = np.eye(4)
    turn[0, 1:] = [-LEVELS["y"], -LEVELS["x0"], -LEVELS["x1"]]
    moved = turn @ low.estimates.loc[labels, "estimate"] + [LEVELS["y"], 0, 0, 0]
    np.testing.assert_allclose(high.estimates.loc[labels, "estimate"], moved, rtol=1e-7)
    np.testing.assert_allclose(
        high.covariance.loc[labels, labels],
        turn @ low.covariance.loc[labels, labels].to_numpy() @ turn.T,
        rtol=1e-5,
        atol=1e-9,
    )


def test_a_prediction_moves_with_the_level() -> None:
    draw = draw_panel(n=25, t=5, rng=3)
    low, high = (fit_of(each, "sdm", "none") for each in (draw, raised(draw)))
    gap = high.predict(raised(draw).panel.frame) - low.predict(draw.panel.frame)
    np.testing.assert_allclose(gap, LEVELS["y"], atol=1e-5)
    assert high.squared_correlation == pytest.approx(low.squared_correlation, abs=1e-9)
