"""Tests of what neighbours leave out refuse data without anything to test."""

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.error_components import error_component_tests
from spatial_coagg.models.spatial_choice import choose_spatial_model
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_panel import fit_spatial_panel
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


def test_instruments_with_random_effects_name_an_outcome_of_the_cities() -> None:
    still = replace(DRAW, y=np.broadcast_to(DRAW.y[:1], DRAW.y.shape))
    with pytest.raises(EstimationError, match="'y' does not vary beyond its city"):
        run("instruments", still, effects="random")


def test_random_effects_without_variance_are_told_by_the_tests() -> None:
    y, x = (each - each.mean(axis=0) for each in (DRAW.y, DRAW.x))
    with pytest.warns(InferenceWarning, match="phi = 0: these data show no random"):
        run("multipliers", replace(DRAW, y=y, x=x), effects="random")


def test_random_effects_beyond_all_noise_are_told() -> None:
    near = draw_panel(n=30, t=6, rng=1, spread=1e-6)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_spatial_panel(
            near.panel, near.graph, "y", near.names, model="gns", effects="random"
        )
    told = [str(each.message) for each in caught]
    assert any(re.search(r"phi = \d+\.\d+ lies at the bound", each) for each in told)


@pytest.mark.parametrize("function", SPILLING)
def test_no_list_of_spillovers_is_no_list(function: Callable[..., object]) -> None:
    with pytest.raises(EstimationError, match=r"must be a list .* got None"):
        function(DRAW.panel, DRAW.graph, "y", DRAW.names, spillovers=None)
    with pytest.raises(EstimationError, match="spillovers must be a list of names"):
        run("instruments", DRAW, spillovers=None)


@pytest.mark.parametrize("name", ["multipliers", "choice"])
def test_unknown_effects_are_told_all_that_there_are(name: str) -> None:
    with pytest.raises(SpatialCoaggError, match="'city-year', 'random'"):
        run(name, DRAW, effects="twoway")
    with pytest.raises(SpatialCoaggError, match="'city-year', 'random'"):
        fit_spatial_panel(
            DRAW.panel, DRAW.graph, "y", DRAW.names,
            effects="twoway",  # type: ignore[arg-type]
        )  # fmt: skip


def test_prediction_from_a_panel_says_what_to_give() -> None:
    fit = fit_spatial_panel(DRAW.panel, DRAW.graph, "y", DRAW.names)
    with pytest.raises(TypeError, match=r"got Panel; of a Panel give panel\.frame"):
        fit.predict(DRAW.panel)  # type: ignore[arg-type]


def test_printed_effects_tell_the_coverage_of_their_intervals() -> None:
    fit = fit_spatial_panel(DRAW.panel, DRAW.graph, "y", DRAW.names)
    assert "level=0.5" in str(spatial_effects(fit, method="delta", level=0.5))
