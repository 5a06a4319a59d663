import re
import warnings

import numpy as np
import pandas as pd
import pytest
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    AlignmentError,
    EstimationError,
    InferenceWarning,
    SpatialCoaggError,
)
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.effects_over_time import dynamic_effects
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.reduced_form import ReducedForm
from spatial_coagg.models.responses import city_responses
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_iv import IVEffects, fit_spatial_iv
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import SpatialModel

FIXED = ("none", "city", "year", "city-year")
OTHER = nearest_matrix(12, 2, 5)


def iv_fit(
    draw: Draw, effects: IVEffects, *, lag: bool = True, error: bool = True
) -> SpatialIVFit:
    with warnings.catch_warnings(action="ignore"):  # weak instruments
        return fit_spatial_iv(
            draw.panel, draw.graph, "y", draw.names, effects=effects, error=error,
            lag=lag, spillovers=["x1"], spillover_weights=graph_of(OTHER, draw.codes),
        )  # fmt: skip


def ml_fit(draw: Draw, model: SpatialModel) -> SpatialPanelFit:
    return fit_spatial_panel(draw.panel, draw.graph, "y", draw.names, model=model)


def structural_error(draw: Draw, fit: ReducedForm, spilled: FloatArray) -> FloatArray:
    """Return y - rho W y - X b - W_x X g - constant, shape (T, N)."""
    n = draw.y.shape[1]
    lagged = np.einsum("ij,tjk->tik", spilled, draw.x)
    trend = draw.x @ fit.slopes.to_numpy() + lagged @ fit.spillover_slopes.to_numpy()
    constant = float(fit.estimates["estimate"].get("constant", 0.0))
    return draw.y @ (np.eye(n) - fit.rho * draw.w).T - trend - constant


@pytest.mark.parametrize("error", [False, True])
@pytest.mark.parametrize("effects", FIXED)
def test_fixed_effects_of_an_iv_fit_are_dummies(
    effects: IVEffects, *, error: bool
) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit = iv_fit(draw, effects, error=error)
    rest = structural_error(draw, fit, OTHER)
    # Regress B rest on B times dummies, of the cities and of the years.
    years, cities = rest.shape
    b = np.kron(np.eye(years), np.eye(cities) - fit.error_lambda * draw.w)
    by_city = np.kron(np.ones((years, 1)), np.eye(cities))
    by_year = np.kron(np.eye(years), np.ones((cities, 1)))
    dummies = np.hstack(
        [np.zeros((rest.size, 1))]
        + [by_city] * ("city" in effects)
        + [by_year] * ("year" in effects)
    )
    shares = np.linalg.lstsq(b @ dummies, b @ rest.ravel(), rcond=None)[0]
    explained = (dummies @ shares).reshape(rest.shape)
    noise = (b @ (rest.ravel() - dummies @ shares)).reshape(rest.shape)
    np.testing.assert_allclose(fit.residuals, noise.T.ravel(), atol=1e-9)
    np.testing.assert_allclose(fit.fitted + fit.residuals, draw.panel.frame["y"])
    levels = np.full(rest.shape, fit.level)
    if "city" in effects:
        assert fit.city_effects is not None
        assert fit.city_effects.mean() == pytest.approx(0, abs=1e-12)
        levels = levels + fit.city_effects.to_numpy()
    if "year" in effects:
        assert fit.year_effects is not None
        assert fit.year_effects.mean() == pytest.approx(0, abs=1e-12)
        levels = levels + fit.year_effects.to_numpy()[:, None]
    np.testing.assert_allclose(levels, explained, atol=1e-9)
    assert (fit.city_effects is None) == ("city" not in effects)
    assert (fit.year_effects is None) == ("year" not in effects)


@pytest.mark.parametrize("error", [False, True])
def test_random_effects_of_an_iv_fit_are_their_conditional_means(
    *, error: bool
) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit = iv_fit(draw, "random", error=error)
    rest = structural_error(draw, fit, OTHER)
    assert fit.sigma2_between is not None
    variance = (fit.sigma2_between - fit.sigma2) / 5
    back = np.linalg.inv(np.eye(12) - fit.error_lambda * draw.w)
    own = back @ back.T
    whole = np.kron(variance * np.ones((5, 5)) + fit.sigma2 * np.eye(5), own)
    together = variance * np.kron(np.ones((1, 5)), own)
    means = together @ np.linalg.solve(whole, rest.ravel())
    assert fit.city_effects is not None
    assert variance > 0
    if error:
        np.testing.assert_allclose(fit.city_effects, means, rtol=1e-8)
    else:  # sigma2 is of the last stage, the variances of the means of the first
        shares = fit.city_effects / rest.mean(axis=0)
        np.testing.assert_allclose(shares, shares.iloc[0])
        assert 0 < shares.iloc[0] < 1
    noise = (rest - fit.city_effects.to_numpy()) @ np.linalg.inv(back).T
    np.testing.assert_allclose(fit.residuals, noise.T.ravel(), atol=1e-9)


@pytest.mark.parametrize("kind", ["sar", "sdm", "sem", "city-year", "random", "slope"])
def test_prediction_is_the_reduced_form_written_out(kind: str) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit: SpatialIVFit | SpatialPanelFit
    spilled = OTHER
    if kind in ("sar", "sdm", "sem"):
        fit, spilled = ml_fit(draw, kind), draw.w  # type: ignore[arg-type]
    elif kind == "slope":
        fit = iv_fit(draw, "city-year", lag=False)
        assert fit.rho == 0
    else:
        fit = iv_fit(draw, kind)  # type: ignore[arg-type]
    ahead = draw_panel(n=12, t=3, rng=9)
    index = pd.MultiIndex.from_product(
        [draw.codes, [2003, 2004, 2010]], names=["city", "year"]
    )
    columns = {name: ahead.x[:, :, k].T.ravel() for k, name in enumerate(draw.names)}
    found = fit.predict(pd.DataFrame(columns, index=index))
    lagged = np.einsum("ij,tjk->tik", spilled, ahead.x)
    trend = ahead.x @ fit.slopes.to_numpy() + lagged @ fit.spillover_slopes.to_numpy()
    assert fit.city_effects is not None
    trend = trend + fit.level + fit.city_effects.to_numpy()
    trend = trend + float(fit.estimates["estimate"].get("constant", 0.0))
    if fit.year_effects is not None:
        known = [fit.year_effects[2003], fit.year_effects[2004], 0.0]
        trend = trend + np.array(known)[:, None]
    expected = np.linalg.solve(np.eye(12) - fit.rho * draw.w, trend.T)
    np.testing.assert_allclose(found.to_numpy(), expected.ravel())


@pytest.mark.parametrize("effects", [*FIXED, "random"])
def test_goodness_of_an_iv_fit_is_that_of_its_prediction(effects: IVEffects) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit = iv_fit(draw, effects)
    years, cities = draw.y.shape
    sweeps = np.eye(years * cities)
    if "city" in effects:
        sweeps -= np.kron(np.ones((years, years)) / years, np.eye(cities))
    if "year" in effects:
        means = np.kron(np.eye(years), np.ones((cities, cities)) / cities)
        sweeps = sweeps - means @ sweeps
    rest = structural_error(draw, fit, OTHER)
    own = (draw.y @ (np.eye(cities) - fit.rho * draw.w).T - rest).ravel()
    multiplier = np.linalg.inv(np.eye(cities) - fit.rho * draw.w)
    predicted = np.kron(np.eye(years), multiplier) @ (sweeps @ own)
    y = sweeps @ draw.y.ravel()
    correlation = np.corrcoef(y, predicted)[0, 1]
    assert fit.squared_correlation == pytest.approx(correlation**2, abs=1e-12)
    noise = fit.residuals.unstack("city").to_numpy()
    if effects == "random":
        y = (draw.y - draw.y.mean(axis=0)).ravel()
        noise = noise - noise.mean(axis=0)
    within = 1 - np.square(noise).sum() / np.square(y - y.mean()).sum()
    assert fit.r2_within == pytest.approx(within)
    apart = draw.y - draw.y.mean()
    overall = 1 - np.square(fit.residuals).sum() / np.square(apart).sum()
    assert fit.r2_overall == pytest.approx(overall)
    assert fit.facts["r2_within"] == fit.r2_within


def test_prediction_of_an_iv_fit_recovers_an_outcome_without_noise() -> None:
    draw = draw_panel(n=30, t=4, error=0.0, spread=1e-6, rng=2)
    fit = fit_spatial_iv(draw.panel, draw.graph, "y", draw.names, spillovers=draw.names)
    found = fit.predict(draw.panel.frame)
    np.testing.assert_allclose(found, draw.panel.frame["y"], atol=1e-4)


@pytest.mark.parametrize(
    ("label", "told"),
    [(str, "of type string ('2000'), "), (pd.Timestamp, "of type datetime64 (")],
)
def test_prediction_refuses_years_of_another_type(label: type, told: str) -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit, frame = ml_fit(draw, "sdm"), draw.panel.frame.reset_index()
    frame["year"] = frame["year"].map(label)
    told = re.escape(told) + r".*those of the fit of type integer \(2000\)"
    with pytest.raises(AlignmentError, match=told):
        fit.predict(frame.set_index(["city", "year"]))


def test_years_that_are_the_same_number_keep_their_effects() -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit, frame = ml_fit(draw, "sdm"), draw.panel.frame
    found = fit.predict(frame.rename(index=float, level="year"))
    np.testing.assert_array_equal(found, fit.predict(frame))


def test_prediction_refuses_drivers_without_rows_or_numbers() -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit, frame = ml_fit(draw, "sdm"), draw.panel.frame
    with pytest.raises(AlignmentError, match="the drivers have no rows"):
        fit.predict(frame.iloc[:0])
    for texts in (frame["x1"].astype(str), frame["x1"].astype(object)):
        with pytest.raises(SpatialCoaggError, match="numbers, and 'x1' holds none"):
            fit.predict(frame.assign(x1=texts))
    gap = frame.assign(x1=frame["x1"].astype("Float64"))
    gap.iloc[3, gap.columns.get_loc("x1")] = pd.NA
    with pytest.raises(SpatialCoaggError, match="1 city-years lack one"):
        fit.predict(gap)


def beyond() -> tuple[Draw, SpatialIVFit]:
    """Return a fit whose instruments are strong and whose rho lies beyond 1."""
    draw = draw_panel(
        n=8, t=4, rho=0.9, error=0.0, spillover=0.0, w=nearest_matrix(8, 4, 0), rng=3
    )
    told = r"rho = 1\.1\d+ lies outside its admissible interval \(-4\.0000, 1\.0000\)"
    with pytest.warns(InferenceWarning, match=f"{told}: .*; use stronger instruments"):
        fit = fit_spatial_iv(draw.panel, draw.graph, "y", draw.names, effects="city")
    return draw, fit


def test_a_rho_outside_its_interval_has_no_effects_and_no_predictions() -> None:
    draw, fit = beyond()
    assert fit.cragg_donald > 10
    told = r"rho = 1\.1\d+ lies outside .* and so neither effects nor predictions"
    for ask in (
        lambda: spatial_effects(fit, method="delta"),
        lambda: spatial_effects(fit, rng=1),
        lambda: city_responses(fit, "x0", rng=1),
        lambda: fit.predict(draw.panel.frame),
    ):
        with pytest.raises(EstimationError, match=told):
            ask()


def test_a_rho_outside_its_interval_has_no_correlation_with_its_prediction() -> None:
    _, fit = beyond()
    assert np.isnan(fit.squared_correlation)
    assert "squared_correlation" not in fit.facts
    assert fit.facts["r2_within"] == fit.r2_within


def test_fits_without_neighbours_have_no_spatial_effects() -> None:
    draw = draw_panel(n=12, t=5, rng=4)
    fit = fit_fixed_effects(draw.panel, "y", draw.names)
    told = "a FixedEffectsFit has no such effects: they are those of fit_spatial_panel"
    with pytest.raises(EstimationError, match=told):
        spatial_effects(fit)  # type: ignore[arg-type]
    with pytest.raises(EstimationError, match=told):
        city_responses(fit, "x0")  # type: ignore[arg-type]
    told = "a SpatialPanelFit has no effects over time"
    with pytest.raises(EstimationError, match=told):
        dynamic_effects(ml_fit(draw, "sdm"))  # type: ignore[arg-type]


def test_a_column_with_the_label_of_a_lag_is_no_lag() -> None:
    draw = draw_panel(n=9, t=4)
    panel = draw.panel
    named = panel.with_columns(panel.frame[["x1"]].set_axis(["W.x0"], axis=1))
    wrong = r"'W\.x0' where 'x0' spills over, whose lag .*; rename it"
    with pytest.raises(EstimationError, match=wrong):
        fit_spatial_panel(named, draw.graph, "y", ["x0", "W.x0"])
    fit = fit_spatial_panel(named, draw.graph, "y", ["x0", "W.x0"], model="sar")
    assert (fit.spillover_slopes == 0).all()
    other = fit_spatial_panel(named, draw.graph, "y", ["x0", "x1"], model="sar")
    one, two = (spatial_effects(each, draws=50, rng=1).frame for each in (fit, other))
    np.testing.assert_allclose(one, two, rtol=1e-6)
