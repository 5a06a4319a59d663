import re
import warnings
from typing import Any

import numpy as np
import pytest
from spatial_witness import Draw, draw_panel

from spatial_coagg.errors import EstimationError
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.tables.panel import Panel


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
