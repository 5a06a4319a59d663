from unittest import mock

import numpy as np
import pytest
from spatial_witness import (
    MODELS,
    DenseModel,
    Draw,
    dense_model,
    draw_panel,
    graph_of,
    nearest_matrix,
    real_interval,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.weights import _logdet

# Nine cities hardly tell rho from lambda.
pytestmark = pytest.mark.filterwarnings("ignore:.*has a standard error of")

CASES = [
    (model, effects, correction)
    for model in MODELS
    for effects, correction in (
        ("none", "none"),
        ("city", "transform"),
        ("city", "none"),
        ("year", "transform"),
        ("year", "none"),
        ("city-year", "transform"),
        ("city-year", "none"),
    )
]


def fit_of(draw: Draw, model: str, **options: object) -> SpatialPanelFit:
    return fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model=model, **options
    )  # type: ignore[arg-type]


def numbers_of(fit: SpatialPanelFit) -> FloatArray:
    return fit.estimates["estimate"].to_numpy()


def witness_numbers(dense: DenseModel, found: dict[str, object]) -> FloatArray:
    parts = [found["slopes"]]
    parts += [[found["rho"]]] * dense.has_lag + [[found["error"]]] * dense.has_error
    return np.concatenate(parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("model", "effects", "correction"), CASES)
def test_estimates_maximise_the_dense_likelihood(
    model: str, effects: str, correction: str
) -> None:
    draw = draw_panel(rng=3)
    fit = fit_of(draw, model, effects=effects, correction=correction)
    dense = dense_model(draw, model, effects, correction)
    found = dense.maximise()
    assert fit.log_likelihood == pytest.approx(found["log_likelihood"], abs=1e-8)
    np.testing.assert_allclose(
        numbers_of(fit), witness_numbers(dense, found), atol=2e-6
    )
    assert fit.sigma2 == pytest.approx(found["sigma2"], rel=1e-5)
    assert fit.rows == len(dense.y)


@pytest.mark.parametrize(("model", "effects", "correction"), CASES)
def test_observed_errors_are_those_of_a_numerical_hessian(
    model: str, effects: str, correction: str
) -> None:
    draw = draw_panel(rng=3)
    fit = fit_of(
        draw, model, effects=effects, correction=correction, covariance="observed"
    )
    dense = dense_model(draw, model, effects, correction)
    slopes, sigma2 = dense.least_squares(fit.rho, fit.error_lambda)
    found = {"rho": fit.rho, "error": fit.error_lambda, "all_slopes": slopes}
    covariance = dense.observed_covariance({**found, "sigma2": sigma2})
    np.testing.assert_allclose(
        fit.covariance, covariance[:-1, :-1], rtol=2e-4, atol=2e-6
    )
    assert fit.sigma2_standard_error**2 == pytest.approx(covariance[-1, -1], rel=1e-4)


@pytest.mark.parametrize(("model", "effects", "correction"), CASES)
def test_expected_errors_are_those_of_the_dense_formulas(
    model: str, effects: str, correction: str
) -> None:
    draw = draw_panel(rng=3)
    fit = fit_of(draw, model, effects=effects, correction=correction)
    dense = dense_model(draw, model, effects, correction)
    slopes, sigma2 = dense.least_squares(fit.rho, fit.error_lambda)
    covariance = dense.expected_covariance(slopes, fit.rho, fit.error_lambda, sigma2)
    np.testing.assert_allclose(
        fit.covariance, covariance[:-1, :-1], rtol=1e-7, atol=1e-9
    )
    assert fit.sigma2_standard_error**2 == pytest.approx(covariance[-1, -1], rel=1e-7)


@pytest.mark.filterwarnings("ignore:.*phi = 0")
@pytest.mark.parametrize("effects", ["city", "random"])
def test_lambda_has_the_interval_of_its_own_weights(effects: str) -> None:
    draw, error_w = draw_panel(rng=3), nearest_matrix(9, 2, 5)
    fit = fit_of(draw, "sac", effects=effects, error_weights=graph_of(error_w))
    for name, w in (("rho", draw.w), ("lambda", error_w)):
        ends = [fit.facts[f"{name}_low"], fit.facts[f"{name}_high"]]
        assert ends == pytest.approx(real_interval(w))
    assert fit.interval == pytest.approx(real_interval(draw.w))


@pytest.mark.filterwarnings("ignore:.*phi = 0")
@pytest.mark.parametrize("model", ["ols", "slx"])
@pytest.mark.parametrize("effects", ["city-year", "none", "random"])
def test_models_without_rho_and_lambda_compute_no_eigenvalue(
    model: str, effects: str
) -> None:
    draw = draw_panel(n=12, rng=3)
    with mock.patch.object(_logdet, "_eigenvalues", side_effect=AssertionError):
        fit = fit_of(draw, model, effects=effects)
        spatial_effects(fit, draws=20, rng=1)
        spatial_effects(fit, method="delta")
    assert fit.weights.spectrum.interval == pytest.approx(real_interval(draw.w))


@pytest.mark.filterwarnings("ignore:.*phi = 0")
@pytest.mark.parametrize("effects", ["city", "random"])
def test_a_model_has_the_intervals_of_its_own_coefficients_alone(effects: str) -> None:
    draw = draw_panel(rng=3)
    for model, names in (("ols", []), ("sar", ["rho"]), ("sem", ["lambda"])):
        fit = fit_of(draw, model, effects=effects)
        found = [fact.removesuffix("_low") for fact in fit.facts if "_low" in fact]
        assert found == names
        assert np.isfinite(fit.interval).all() == (model == "sar")
