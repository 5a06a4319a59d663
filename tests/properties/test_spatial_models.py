"""Laws of spatial models, for any weights, effects and draws."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spatial_witness import Draw, draw_panel, nearest_matrix

from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel

EFFECTS = st.sampled_from(["none", "city", "year", "city-year"])
few = settings(max_examples=12, deadline=None)


@st.composite
def draws(draw: st.DrawFn) -> Draw:
    seed = draw(st.integers(0, 10_000))
    n, t = draw(st.integers(8, 16)), draw(st.integers(3, 6))
    w = nearest_matrix(n, draw(st.integers(2, 4)), seed)
    rho, error = draw(st.floats(-0.5, 0.7)), draw(st.floats(-0.3, 0.5))
    return draw_panel(n=n, t=t, rho=rho, error=error, w=w, rng=seed)


def fit_of(draw: Draw, model: str, effects: str, **options: Any) -> SpatialPanelFit:  # noqa: ANN401
    with warnings.catch_warnings(action="ignore"):
        return fit_spatial_panel(
            draw.panel,
            draw.graph,
            "y",
            draw.names,
            model=model,
            effects=effects,
            **options,
        )  # type: ignore[arg-type]


@few
@given(draws(), EFFECTS)
def test_a_larger_model_fits_no_worse(draw: Draw, effects: str) -> None:
    height = {
        model: fit_of(draw, model, effects).log_likelihood
        for model in ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns")
    }
    nested = {
        # A spatial error is a Durbin model with a common factor.
        "slx": ("ols",), "sar": ("ols",), "sem": ("ols",), "sdm": ("sar", "slx", "sem"),
        "sdem": ("sem", "slx"), "sac": ("sar", "sem"), "gns": ("sac", "sdm", "sdem"),
    }  # fmt: skip
    for larger, smaller in nested.items():
        for each in smaller:
            assert height[larger] >= height[each] - 1e-6, (larger, each)


@few
@given(draws(), st.sampled_from(["sar", "sdm", "sdem", "gns"]))
def test_what_the_effects_take_changes_nothing(draw: Draw, model: str) -> None:
    source = np.random.default_rng(0)
    years, cities = draw.y.shape
    fit = fit_of(draw, model, "city-year")
    shift = source.standard_normal(cities) + source.standard_normal((years, 1))
    moved = Draw(draw.y + shift, draw.x, draw.w, draw.codes)
    other = fit_of(moved, model, "city-year")
    # City shifts pass through W as city shifts, year shifts as year shifts.
    np.testing.assert_allclose(
        fit.estimates["estimate"], other.estimates["estimate"], rtol=1e-5, atol=1e-6
    )
    assert fit.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-7)


@few
@given(draws(), st.sampled_from(["sar", "sdm"]), st.floats(0.1, 10.0))
def test_weights_in_other_units_scale_rho_and_spillovers(
    draw: Draw, model: str, factor: float
) -> None:
    scaled = Draw(draw.y, draw.x, draw.w * factor, draw.codes)
    one, other = (fit_of(each, model, "city") for each in (draw, scaled))
    low, high = one.interval
    assume(low + 0.01 < one.rho < high - 0.01)
    assert other.rho * factor == pytest.approx(one.rho, abs=1e-6)
    np.testing.assert_allclose(
        other.spillover_slopes * factor, one.spillover_slopes, atol=1e-5
    )
    np.testing.assert_allclose(other.slopes, one.slopes, atol=1e-5)
    here, there = (spatial_effects(each, method="delta").frame for each in (one, other))
    np.testing.assert_allclose(
        here["estimate"], there["estimate"], rtol=1e-4, atol=1e-6
    )


@few
@given(draws(), EFFECTS)
def test_effects_add_up_and_follow_the_row_sums(draw: Draw, effects: str) -> None:
    fit = fit_of(draw, "sdm", effects)
    frame = spatial_effects(fit, method="delta").frame["estimate"]
    np.testing.assert_allclose(frame["direct"] + frame["indirect"], frame["total"])
    # Row-standardised: total = (b + g) / (1 - rho).
    total = (fit.slopes + fit.spillover_slopes) / (1 - fit.rho)
    np.testing.assert_allclose(frame["total"], total, rtol=1e-7)


@few
@given(draws(), EFFECTS, st.sampled_from(["sar", "sem", "sac", "gns"]))
def test_no_other_rho_is_likelier(draw: Draw, effects: str, model: str) -> None:
    fit = fit_of(draw, model, effects, correction="none")
    source = np.random.default_rng(1)
    years, cities = draw.y.shape
    eye = np.eye(cities)
    z = draw.x
    if fit.spillovers:
        z = np.concatenate([z, np.einsum("ij,tjk->tik", draw.w, z)], axis=2)
    parts = [z.reshape(draw.y.size, -1), np.ones((draw.y.size, 1))]
    parts += [np.kron(np.ones((years, 1)), eye)] * ("city" in effects)
    parts += [np.kron(np.eye(years), np.ones((cities, 1)))] * ("year" in effects)
    whole = np.hstack(parts)
    for _ in range(25):
        rho, error = source.uniform(-0.9, 0.95, 2)
        a = eye - rho * (model != "sem") * draw.w
        b = eye - error * (model != "sar") * draw.w
        right = np.kron(np.eye(years), b) @ whole
        left = (draw.y @ a.T @ b.T).ravel()
        rest = left - right @ np.linalg.lstsq(right, left, rcond=None)[0]
        logs = np.linalg.slogdet(a)[1] + np.linalg.slogdet(b)[1]
        spread = np.log(2 * np.pi * np.square(rest).mean()) + 1
        height = years * logs - 0.5 * draw.y.size * spread
        assert height <= fit.log_likelihood + 1e-6
