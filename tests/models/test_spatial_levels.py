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


def fit_of(draw: Draw, model: str, effects: str) -> SpatialPanelFit:
    with warnings.catch_warnings(action="ignore", category=InferenceWarning):
        return fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names,
            model=model, effects=effects,  # type: ignore[arg-type] # parametrised
        )  # fmt: skip


def raised(draw: Draw) -> Draw:
    x = draw.x + np.array([LEVELS["x0"], LEVELS["x1"]])
    return Draw(draw.y + LEVELS["y"], x, draw.w, draw.codes)


@pytest.mark.parametrize("model", ["ols", "sar", "sem", "sdm", "sac", "gns"])
@pytest.mark.parametrize("effects", ["year", "city-year"])
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
