"""Tests of what neighbours leave out refuse data without anything to test."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from spatial_coagg.errors import EstimationError, WeightsError
from spatial_coagg.models.error_components import error_component_tests
from spatial_coagg.models.spatial_choice import choose_spatial_model
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_residuals import residual_moran
from spatial_coagg.models.spatial_tests import lagrange_multiplier_tests

TESTS: dict[str, Callable[..., object]] = {
    "multipliers": lagrange_multiplier_tests,
    "choice": choose_spatial_model,
    "moran": residual_moran,
    "instruments": fit_spatial_iv,
}
DRAW = draw_panel(n=20, t=6, rng=4)
SPILLING = [lagrange_multiplier_tests, residual_moran, error_component_tests]


def run(name: str, draw: Draw, **options: Any) -> None:  # noqa: ANN401
    TESTS[name](draw.panel, draw.graph, "y", draw.names, **options)


@pytest.mark.parametrize("name", TESTS)
def test_an_outcome_that_effects_sweep_out_is_named(name: str) -> None:
    still = replace(DRAW, y=np.broadcast_to(DRAW.y[:1], DRAW.y.shape))
    with pytest.raises(EstimationError, match="the outcome 'y' does not vary beyond"):
        run(name, still, effects="city")
    flat = replace(DRAW, y=np.full(DRAW.y.shape, 3.0))
    with pytest.raises(EstimationError, match="the outcome 'y' does not vary"):
        run(name, flat, effects="none")


@pytest.mark.parametrize("name", TESTS)
def test_an_outcome_that_the_drivers_are_is_named(name: str) -> None:
    exact = replace(DRAW, y=2 * DRAW.x[:, :, 0] - DRAW.x[:, :, 1])
    with pytest.raises(EstimationError, match="explain the outcome 'y' exactly"):
        run(name, exact, effects="city-year")


@pytest.mark.parametrize("effects", ["random", "none"])
def test_random_effects_and_pooled_data_refuse_it_too(effects: str) -> None:
    exact = replace(DRAW, y=2 * DRAW.x[:, :, 0] - DRAW.x[:, :, 1])
    with pytest.raises(EstimationError, match="explain the outcome 'y' exactly"):
        run("multipliers", exact, effects=effects)
    with pytest.raises(EstimationError, match="explain the outcome 'y' exactly"):
        error_component_tests(exact.panel, exact.graph, "y", exact.names)
    still = replace(DRAW, y=np.broadcast_to(DRAW.y[:1], DRAW.y.shape))
    if effects == "random":
        with pytest.raises(EstimationError, match="does not vary beyond its city"):
            run("multipliers", still, effects=effects)


def test_tests_count_what_the_effects_leave() -> None:
    few = draw_panel(n=5, t=3, drivers=7, rng=1)
    wrong = "leave 8 observations for 7 slopes, rho, lambda after the city-year effects"
    with pytest.raises(EstimationError, match=wrong):
        run("multipliers", few)
    with pytest.raises(EstimationError, match="leave 4 observations for 7 slopes"):
        run("moran", replace(few, y=few.y[:2], x=few.x[:2]))


@pytest.mark.parametrize("function", SPILLING)
def test_weights_of_spillovers_need_spillovers(function: Callable[..., object]) -> None:
    other = graph_of(nearest_matrix(20, 2, 1))
    with pytest.raises(EstimationError, match="no driver spills over"):
        function(DRAW.panel, DRAW.graph, "y", DRAW.names, spillover_weights=other)


def test_a_moran_that_cannot_vary_is_refused() -> None:
    equal = draw_panel(n=5, t=4, w=(np.ones((5, 5)) - np.eye(5)) / 4, rng=2)
    with pytest.raises(WeightsError, match="the same whatever the residuals"):
        run("moran", equal)
