"""A maximum that is doubtful is told: flat, at a bound, one of several, not reached."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from spatial_witness import Draw, draw_panel, nearest_matrix
from test_spatial_refusals import fit_of

from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models import (
    _spatial_likelihood,
    _spatial_random,
    spatial_random,
)
from spatial_coagg.models._spatial_information import inverse_of
from spatial_coagg.models._spatial_likelihood import Likelihood
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_random import fit_spatial_random
from spatial_coagg.weights import _logdet, _logdet_factor


def told_by(draw: Draw, **options: object) -> tuple[SpatialPanelFit, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = fit_of(draw, **options)
    assert {each.filename for each in caught} <= {__file__, fit_of.__code__.co_filename}
    assert {each.category for each in caught} <= {InferenceWarning}
    return fit, [str(each.message) for each in caught]


def complete(cities: int) -> Draw:
    """Return a panel in which everyone is everyone's neighbour."""
    w = (np.ones((cities, cities)) - np.eye(cities)) / (cities - 1)
    return draw_panel(n=cities, t=6, drivers=1, w=w, rng=1)


# Flat likelihoods


@pytest.mark.parametrize("covariance", ["expected", "observed", "robust"])
@pytest.mark.parametrize("effects", ["year", "city-year"])
@pytest.mark.parametrize(("model", "name"), [("sar", "rho"), ("sem", "lambda")])
def test_equal_weights_for_all_do_not_identify_rho_under_year_effects(
    model: str, name: str, effects: str, covariance: str
) -> None:
    # W is (1 1' - I) / (N - 1): without year means W y is y times a number.
    fit, told = told_by(
        complete(5), model=model, effects=effects, covariance=covariance
    )
    assert [each for each in told if f"do not identify {name}" in each] == told
    assert len(told) == 1
    assert fit.estimates["standard_error"].isna().all()


@pytest.mark.parametrize("covariance", ["expected", "observed", "robust"])
def test_a_flat_gns_has_no_standard_errors(covariance: str) -> None:
    fit, told = told_by(complete(5), model="gns", effects="city", covariance=covariance)
    assert "do not identify rho and lambda" in told[-1]
    assert fit.estimates["standard_error"].isna().all()
    assert np.isnan(fit.sigma2_standard_error)


def test_equal_weights_identify_rho_without_year_effects() -> None:
    for effects in ("none", "city", "random"):
        fit, told = told_by(complete(5), model="sar", effects=effects)
        assert told == []
        assert fit.estimates["standard_error"]["rho"] < 0.5


@pytest.mark.parametrize(("effects", "seed"), [("year", 5), ("random", 1), ("city", 2)])
def test_a_standard_error_wider_than_half_of_the_interval_is_told(
    effects: str, seed: int
) -> None:
    w = nearest_matrix(6, 4, seed)
    draw = draw_panel(n=6, t=2, drivers=1, w=w, rng=seed)
    fit, told = told_by(draw, model="sac", effects=effects)
    width = fit.interval[1] - fit.interval[0]
    for name in ("rho", "lambda"):
        error = fit.estimates["standard_error"][name]
        assert error > width / 2
        words = f"{name} = .* has a standard error of {error:.4g}, more than half"
        assert any(re.match(words, each) for each in told)


def test_a_matrix_that_is_not_positive_definite_has_no_inverse() -> None:
    sound = np.array([[4.0, 1.0], [1.0, 1e-12]])
    assert np.isnan(inverse_of(sound)).all()
    sound[1, 1] = 1e12
    np.testing.assert_allclose(inverse_of(sound) @ sound, np.eye(2), atol=1e-12)
    assert np.isnan(inverse_of(np.diag([1.0, 0.0]))).all()
    assert np.isnan(inverse_of(np.array([[1.0, np.nan], [np.nan, 1.0]]))).all()


# Several maxima, and bounds


def test_two_maxima_of_a_model_with_lambda_alone_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Likelihood.maximise

    def doubled(self: Likelihood) -> _spatial_likelihood.Solution:
        best = found(self)
        return replace(best, rivals=(best.log_likelihood - 1.0,))

    monkeypatch.setattr(Likelihood, "maximise", doubled)
    for model in ("sem", "sdem"):
        _, told = told_by(draw_panel(n=20, rng=3), model=model)
        assert f"likelihood of the {model} has 2 maxima of nearly" in told[0]
        assert "lambda may as well lie at another" in told[0]


def with_common_years() -> Draw:
    draw = draw_panel(n=9, t=6, rng=2)
    source = np.random.default_rng(0)
    y = source.standard_normal((6, 1)) + 1e-4 * source.standard_normal((6, 9))
    return Draw(y, draw.x, draw.w, draw.codes)


def with_few_cities() -> Draw:
    return draw_panel(n=6, t=2, drivers=1, w=nearest_matrix(6, 4, 1), rng=1)


@pytest.mark.parametrize(
    ("effects", "draw", "blamed"),
    [
        ("city", with_common_years(), "year effects or a driver are left out"),
        ("random", with_common_years(), "year effects or a driver are left out"),
        ("year", with_few_cities(), "a driver is left out or the cities are few"),
    ],
)
def test_a_bound_is_blamed_on_what_is_left_out(
    effects: str, draw: Draw, blamed: str
) -> None:
    _, told = told_by(draw, model="sar", effects=effects)
    bound = next(each for each in told if "lies at the bound" in each)
    assert bound.endswith(f"often because {blamed}")


def test_a_psi_at_its_bound_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_spatial_random, spatial_random):
        monkeypatch.setattr(module, "LONGEST", 0.92)
    draw = draw_panel(n=20, t=10, rng=1)
    steps = np.random.default_rng(1).standard_normal((10, 20))
    walks = steps.cumsum(axis=0).cumsum(axis=0)
    walking = Draw(draw.x[:, :, 0] + walks, draw.x, draw.w, draw.codes)
    with pytest.warns(InferenceWarning) as caught:
        fit_spatial_random(
            walking.panel, walking.graph, "y", walking.names, model="ols", serial=True
        )
    told = "psi = 0.9200 lies at the bound of its admissible interval (-0.9200, 0.9200)"
    assert any(str(each.message).startswith(told) for each in caught)


# Searches that do not arrive


def test_the_score_is_zero_where_a_search_arrives() -> None:
    draw = draw_panel(n=20, rng=3)
    for model in ("sar", "sem", "sac", "gns"):
        for effects in ("none", "city-year", "random"):
            with warnings.catch_warnings():
                for known in ("has a standard error", "phi = 0", "has 2 maxima"):
                    warnings.filterwarnings("ignore", f".*{known}")
                fit_of(draw, model=model, effects=effects)


@pytest.mark.parametrize("effects", ["city-year", "random"])
def test_a_newton_search_that_stops_early_is_told(
    effects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: Likelihood, reduced: object) -> tuple[float, float]:
        del self, reduced
        return 0.1, 0.0

    monkeypatch.setattr(_spatial_likelihood, "NEWTON", 0)
    monkeypatch.setattr(Likelihood, "_rough_rho", start)
    fit, told = told_by(draw_panel(n=20, rng=3), model="sar", effects=effects)
    assert fit.rho == pytest.approx(0.1)
    assert "did not converge: a score is" in told[0]


def test_a_lambda_that_is_not_sharpened_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_spatial_likelihood, "WIDENED", 0)
    monkeypatch.setattr(_spatial_likelihood, "_maxima", lambda *_: [0.1])
    fit, told = told_by(draw_panel(n=20, rng=3), model="sem")
    assert fit.error_lambda == 0.1
    assert "did not converge: a score is" in told[0]


def test_an_interpolation_that_does_not_settle_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_logdet, "FEW", 5)
    monkeypatch.setattr(_logdet, "FILLED", 2.0)
    monkeypatch.setattr(_logdet, "LINKED", 1.0)
    monkeypatch.setattr(_logdet_factor.FactorSpectrum, "settle", lambda *_: False)
    _, told = told_by(draw_panel(n=20, rng=3), model="sar")
    assert "log-determinants next to it are not smooth" in told[0]


def test_factorisations_that_are_not_smooth_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_logdet, "FEW", 5)
    monkeypatch.setattr(_logdet, "FILLED", 2.0)
    monkeypatch.setattr(_logdet, "LINKED", 1.0)
    monkeypatch.setattr(_logdet_factor, "GAP", -1.0)
    with pytest.raises(EstimationError, match="log-determinants of the sar"):
        fit_of(draw_panel(n=20, rng=3), model="sar")


@pytest.mark.parametrize("model", ["ols", "sem"])
def test_a_climb_that_stops_early_is_told(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_spatial_random, "NEWTON", 0)
    monkeypatch.setattr(_spatial_random, "WALKS", 1)
    _, told = told_by(draw_panel(n=20, rng=3), model=model, effects="random")
    assert "did not converge: a score is" in told[0]


# Where warnings point


def test_warnings_of_random_effects_point_at_the_caller() -> None:
    draw = draw_panel(n=30, rng=3)
    noise = np.random.default_rng(1).standard_normal(draw.y.shape)
    bare = Draw(draw.x[:, :, 0] + noise, draw.x, draw.w, draw.codes)
    with pytest.warns(InferenceWarning, match="phi = 0") as caught:
        fit_spatial_panel(
            bare.panel, bare.graph, "y", bare.names, model="sar", effects="random"
        )
    assert {each.filename for each in caught} == {__file__}
