"""What must hold of a spatial fit whatever the data: limits, orders, units, truth."""

import warnings

import numpy as np
import pandas as pd
import pytest
from spatial_witness import (
    MODELS,
    WITH_LAG,
    Draw,
    codes_of,
    dense_model,
    draw_panel,
    graph_of,
    nearest_matrix,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import InferenceWarning
from spatial_coagg.example import load_example
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.tables.panel import Panel


def fit_of(draw: Draw, model: str = "sdm", **options: object) -> SpatialPanelFit:
    return fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model=model, **options
    )  # type: ignore[arg-type]


def check_dense(fit: SpatialPanelFit, draw: Draw, model: str, **other: object) -> None:
    dense = dense_model(draw, model, fit.effects, fit.correction, **other)  # type: ignore[arg-type]
    found = dense.maximise()
    values = [*found["slopes"]]
    values += [found["rho"]] * dense.has_lag + [found["error"]] * dense.has_error
    np.testing.assert_allclose(fit.estimates["estimate"], values, atol=3e-6)
    assert fit.log_likelihood == pytest.approx(found["log_likelihood"], abs=1e-8)
    slopes, sigma2 = dense.least_squares(fit.rho, fit.error_lambda)
    covariance = dense.expected_covariance(slopes, fit.rho, fit.error_lambda, sigma2)
    np.testing.assert_allclose(
        fit.covariance, covariance[:-1, :-1], rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("model", ["sac", "sdm", "sdem", "gns"])
@pytest.mark.parametrize("effects", ["none", "city", "city-year"])
def test_lag_error_and_durbin_terms_take_their_own_weights(
    model: str, effects: str
) -> None:
    error_w, spillover_w = nearest_matrix(9, 2, 21), nearest_matrix(9, 4, 22)
    draw = draw_panel(error_w=error_w, rng=6)
    options = {
        "effects": effects,
        "error_weights": graph_of(error_w),
        "spillover_weights": graph_of(spillover_w),
    }
    if model not in ("sdm", "sdem", "gns"):
        options.pop("spillover_weights")
    if model == "sdm":
        options.pop("error_weights")
    fit = fit_of(draw, model, **options)
    check_dense(fit, draw, model, error_w=error_w, spillover_w=spillover_w)


@pytest.mark.parametrize("model", ["sdm", "sdem", "slx", "gns"])
def test_only_the_spillovers_asked_for_are_there(model: str) -> None:
    draw = draw_panel(rng=6)
    fit = fit_of(draw, model, effects="city", spillovers=["x1"])
    assert "W.x1" in fit.estimates.index
    assert "W.x0" not in fit.estimates.index
    assert fit.spillover_slopes["x0"] == 0
    check_dense(fit, draw, model, spillovers=[1])


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sac"])
@pytest.mark.parametrize("effects", ["none", "city"])
def test_weights_may_have_islands_and_any_row_sums(model: str, effects: str) -> None:
    w = (nearest_matrix(9, 3, 1) > 0) * 0.7
    w[4] = 0.0
    draw = draw_panel(w=w, rho=0.2, error=0.1, rng=8)
    with warnings.catch_warnings(action="ignore"):  # a second maximum of the SAC
        fit = fit_of(draw, model, effects=effects)
    check_dense(fit, draw, model)


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sac"])
@pytest.mark.parametrize("effects", ["year", "city-year"])
def test_year_effects_with_such_weights_are_dummies_and_told(
    model: str, effects: str
) -> None:
    w = (nearest_matrix(9, 3, 1) > 0) * 0.7
    w[4] = 0.0
    draw = draw_panel(w=w, rho=0.2, error=0.1, rng=8)
    told = "9 rows of the weights do not sum to one"
    with pytest.warns(InferenceWarning, match=told):
        fit = fit_of(draw, model, effects=effects)
    assert fit.correction == "none"
    check_dense(fit, draw, model)


@pytest.mark.parametrize("model", MODELS)
def test_one_year_is_a_cross_section(model: str) -> None:
    draw = draw_panel(n=30, t=1, rng=2)
    fit = fit_of(draw, model, effects="none")
    check_dense(fit, draw, model)
    assert fit.rows == 30


@pytest.mark.parametrize("effects", ["none", "city", "year", "city-year"])
def test_without_a_lag_slopes_are_those_of_least_squares(effects: str) -> None:
    draw = draw_panel(n=12, t=5, rng=2)
    fit = fit_of(draw, "ols", effects=effects)
    if effects == "none":
        z = np.concatenate([draw.x, np.ones((5, 12, 1))], axis=2).reshape(-1, 3)
        slopes = np.linalg.lstsq(z, draw.y.ravel(), rcond=None)[0]
    else:
        least = fit_fixed_effects(draw.panel, "y", draw.names, effects=effects)  # type: ignore[arg-type]
        slopes = least.estimates["estimate"].loc[draw.names].to_numpy()
    np.testing.assert_allclose(fit.estimates["estimate"], slopes, rtol=1e-9)


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sac"])
def test_weights_of_nothing_leave_least_squares(model: str) -> None:
    # With W close to zero, rho has no grip and the slopes are those without it.
    draw = draw_panel(n=12, t=5, rng=2)
    tiny = Draw(draw.y, draw.x, draw.w * 1e-9, draw.codes)
    with warnings.catch_warnings(action="ignore"):
        fit = fit_of(
            tiny, model, effects="city", spillovers=[] if model == "sdm" else None
        )
    least = fit_fixed_effects(draw.panel, "y", draw.names, effects="city")
    np.testing.assert_allclose(
        fit.estimates["estimate"].loc[draw.names],
        least.estimates["estimate"].loc[draw.names],
        rtol=1e-6,
    )


@pytest.mark.parametrize("model", ["sdm", "sac", "gns"])
@pytest.mark.parametrize("effects", ["none", "city-year", "random"])
def test_order_of_rows_and_names_of_cities_change_nothing(
    model: str, effects: str
) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    names = dict(zip(draw.codes, reversed(draw.codes), strict=True))
    frame = draw.panel.frame.reset_index()
    renamed = frame.assign(city=frame["city"].map(names)).sample(frac=1, random_state=1)
    with warnings.catch_warnings(action="ignore"):
        fit = fit_of(draw, model, effects=effects)
        other = fit_spatial_panel(
            Panel.from_frame(renamed, city="city", year="year"),
            graph_of(draw.w[::-1, ::-1], draw.codes),
            "y",
            draw.names,
            model=model,  # type: ignore[arg-type]
            effects=effects,  # type: ignore[arg-type]
        )
    pd.testing.assert_frame_equal(fit.estimates, other.estimates, rtol=1e-5, atol=1e-6)
    assert fit.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-10)
    turned = other.residuals.rename(index=names, level="city").sort_index()
    np.testing.assert_allclose(fit.residuals.sort_index(), turned, atol=1e-5)


@pytest.mark.parametrize("model", ["sdm", "gns"])
def test_units_of_a_driver_scale_its_slopes_alone(model: str) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    scaled = Draw(draw.y, draw.x * np.array([1e4, 1.0]), draw.w, draw.codes)
    with warnings.catch_warnings(action="ignore"):
        one, other = (fit_of(each, model) for each in (draw, scaled))
    for name in one.estimates.index:
        factor = 1e4 if name in ("x0", "W.x0") else 1.0
        for column in ("estimate", "standard_error"):
            assert other.estimates[column][name] * factor == pytest.approx(
                one.estimates[column][name], rel=1e-5
            )


def test_units_of_the_outcome_scale_all_slopes() -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    scaled = Draw(draw.y * 100, draw.x, draw.w, draw.codes)
    one, other = fit_of(draw), fit_of(scaled)
    assert other.rho == pytest.approx(one.rho, abs=1e-9)
    np.testing.assert_allclose(other.slopes, one.slopes * 100, rtol=1e-8)
    assert other.sigma2 == pytest.approx(one.sigma2 * 1e4)


@pytest.mark.parametrize("effects", ["city", "year", "city-year"])
@pytest.mark.parametrize("model", ["sar", "sdem", "gns"])
def test_effects_and_residuals_add_up_to_the_outcome(model: str, effects: str) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    with warnings.catch_warnings(action="ignore"):
        fit = fit_of(draw, model, effects=effects)
    # y - rho W y - Z b - effects is the error u, and u - lambda W u the noise.
    eye = np.eye(12)
    z = np.concatenate([draw.x, np.einsum("ij,tjk->tik", draw.w, draw.x)], axis=2)
    slopes = np.r_[fit.slopes, fit.spillover_slopes]
    error = draw.y @ (eye - fit.rho * draw.w).T - z @ slopes - fit.level
    if fit.city_effects is not None:
        error = error - fit.city_effects.to_numpy()
        assert fit.city_effects.mean() == pytest.approx(0, abs=1e-12)
    if fit.year_effects is not None:
        error = error - fit.year_effects.to_numpy()[:, None]
        assert fit.year_effects.mean() == pytest.approx(0, abs=1e-12)
    noise = error @ (eye - fit.error_lambda * draw.w).T
    np.testing.assert_allclose(fit.residuals.to_numpy(), noise.T.ravel(), atol=1e-9)
    whole = fit.fitted + fit.residuals
    np.testing.assert_allclose(whole, draw.panel.frame["y"], atol=1e-10)


def test_transformation_with_city_effects_only_rescales_the_variance() -> None:
    # The log-determinant counts T - 1 years and so do the rows: same rho, slopes.
    draw = draw_panel(n=12, t=5, rng=4)
    one = fit_of(draw, effects="city", correction="transform")
    other = fit_of(draw, effects="city", correction="none")
    np.testing.assert_allclose(
        one.estimates["estimate"], other.estimates["estimate"], rtol=1e-8
    )
    assert one.sigma2 == pytest.approx(other.sigma2 * 5 / 4)


def swept_information(draw: Draw, fit: SpatialPanelFit) -> FloatArray:
    """Return the information of swept columns, Q B Z and G Q B Z b, of all N cities."""
    years, cities = draw.y.shape
    eye, z = np.eye(cities), draw.x
    if fit.spillovers:
        z = np.concatenate([z, np.einsum("ij,tjk->tik", draw.w, z)], axis=2)
    b = eye - fit.error_lambda * draw.w
    g, h = draw.w @ np.linalg.inv(eye - fit.rho * draw.w), draw.w @ np.linalg.inv(b)
    swept = np.einsum("nm,tmk->tnk", (eye - 1 / cities) @ b, z - z.mean(axis=0))
    slopes = np.r_[fit.slopes, fit.spillover_slopes][: z.shape[2]]
    mean = np.einsum("nm,tmk->tnk", g, swept) @ slopes
    columns = np.concatenate([swept, mean[:, :, None]], axis=2)
    columns = columns.reshape(draw.y.size, -1)
    g = b @ g @ np.linalg.inv(b)
    known, has_error = columns.shape[1], "lambda" in fit.estimates.index
    info = np.zeros((known + has_error + 1, known + has_error + 1))
    info[:known, :known] = columns.T @ columns / fit.sigma2
    # The traces of pairs of rho, lambda and sigma2, whose matrix is I / 2 sigma2.
    forms = [g, *([h] if has_error else []), eye / (2 * fit.sigma2)]
    for i, one in enumerate(forms):
        for j, other in enumerate(forms):
            pair = np.trace(one @ other) + np.trace(one.T @ other)
            info[known - 1 + i, known - 1 + j] += years * pair
    return info


@pytest.mark.parametrize("model", ["sar", "sdm", "sac"])
def test_analytical_correction_is_its_recipe_with_dense_matrices(model: str) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    with warnings.catch_warnings(action="ignore"):
        plain = fit_of(draw, model, correction="none")
        fit = fit_of(draw, model, correction="bias")
    score = [1 / (1 - plain.rho)]
    score += [1 / (1 - plain.error_lambda)] * (model == "sac")
    score += [1 / (2 * plain.sigma2)]
    bias = np.r_[np.zeros(len(plain.estimates) - len(score) + 1), score]
    shift = np.linalg.solve(swept_information(draw, plain) / 60, bias) / 12
    moved = np.r_[plain.estimates["estimate"], plain.sigma2] + shift
    np.testing.assert_allclose(fit.estimates["estimate"], moved[:-1], rtol=1e-7)
    assert fit.sigma2 == pytest.approx(moved[-1] * 5 / 4)


@pytest.mark.slow
def test_the_truth_of_the_example_is_recovered() -> None:
    example = load_example("spatial")
    truth = example.truth
    assert truth.weights is not None
    fit = fit_spatial_panel(
        example.balanced_panel, truth.weights, "ln_cr", truth.drivers
    )
    known = truth.coefficients.reindex(fit.estimates.index).fillna(0.0)
    gaps = (fit.estimates["estimate"] - known) / fit.estimates["standard_error"]
    assert np.abs(gaps).max() < 3.0
    assert np.square(gaps).sum() < 2.5 * len(gaps)


@pytest.mark.slow
def test_transformation_removes_the_bias_of_few_cities() -> None:
    w, found = nearest_matrix(16, 4, 3), []
    for seed in range(60):
        draw = draw_panel(n=16, t=4, rho=0.5, error=0.0, w=w, rng=seed)
        plain, fit = (fit_of(draw, correction=each) for each in ("none", "transform"))
        found.append([plain.rho, plain.sigma2, fit.rho, fit.sigma2])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(60)
    # 64 observations carry the plain variance, 45 the transformed; 5 go to slopes.
    assert mean[1] == pytest.approx(40 / 64, abs=0.08)
    assert mean[3] == pytest.approx(40 / 45, abs=0.08)
    assert mean[0] < 0.5 - 3 * error[0]
    assert mean[2] == pytest.approx(0.5, abs=0.03 + 3 * error[2])


def test_the_set_of_models_with_a_lag_is_the_one_tested() -> None:
    for model in MODELS:
        with warnings.catch_warnings(action="ignore"):
            fit = fit_of(draw_panel(n=12, t=5, rng=4), model, effects="city")
        assert ("rho" in fit.estimates.index) == (model in WITH_LAG)
        assert fit.cities.to_list() == codes_of(12)
