import warnings

import numpy as np
import pytest
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix
from test_spatial_random import KKP, Normal

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError
from spatial_coagg.models.error_components import error_component_tests
from spatial_coagg.models.spatial_choice import choose_spatial_model
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_random import RandomError
from spatial_coagg.models.spatial_tests import (
    LagrangeMultiplierTests,
    lagrange_multiplier_tests,
)

FORMS: tuple[RandomError, ...] = ("baltagi", "kapoor-kelejian-prucha")
ERROR_W = nearest_matrix(12, 2, 31)


def draw_random(
    rng: int = 3,
    *,
    rho: float = 0.3,
    error: float = 0.3,
    n: int = 12,
) -> Draw:
    """Draw random city effects, without year effects."""
    drawn = draw_panel(n=n, t=4, error=error, rho=rho, spillover=0.0, rng=rng)
    y, x = (each - each.mean(axis=1, keepdims=True) for each in (drawn.y, drawn.x))
    more = np.random.default_rng(rng).standard_normal(n)
    return Draw(y + more, x, drawn.w, drawn.codes)


def multipliers(
    draw: Draw, form: RandomError, *, conditional: bool = False, error_w: FloatArray
) -> LagrangeMultiplierTests:
    return lagrange_multiplier_tests(
        draw.panel, draw.graph, "y", draw.names, effects="random", random_error=form,
        conditional=conditional, error_weights=graph_of(error_w, draw.codes),
    )  # fmt: skip


def estimates(draw: Draw, model: SpatialModel, form: RandomError) -> FloatArray:
    """Return slopes, rho, lambda, phi and sigma2, zeros where the model has none."""
    fit = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model=model, effects="random",
        random_error=form if model == "sem" else "baltagi",
        error_weights=graph_of(ERROR_W, draw.codes) if model == "sem" else None,
    )  # fmt: skip
    found = fit.estimates["estimate"]
    slopes = found[["x0", "x1", "constant"]]
    free = [float(found.get(name, 0.0)) for name in ("rho", "lambda", "phi")]
    return np.r_[slopes, free, fit.sigma2]


class Dense:
    """Numerical score and expected information of the likelihood, NT x NT."""

    def __init__(self, draw: Draw, form: RandomError, theta: FloatArray) -> None:
        witness = Normal(draw, "sac", form, serial=False, error_w=ERROR_W)
        steps = np.eye(len(theta)) * 1e-5
        high, low = (
            [witness.log_likelihood(theta + sign * step) for step in steps]
            for sign in (1, -1)
        )
        self.score = (np.array(high) - np.array(low)) / 2e-5
        self.information = witness.expected_information(theta)

    def statistic(self, tested: list[int], known: list[int]) -> float:
        """Return that of some parameters, `known` ones held at zero."""
        kept = [each for each in range(len(self.score)) if each not in known]
        inverse = np.linalg.inv(self.information[np.ix_(kept, kept)])
        at = [kept.index(each) for each in tested]
        score = self.score[tested]
        return float(score @ inverse[np.ix_(at, at)] @ score)


@pytest.mark.parametrize("form", FORMS)
def test_statistics_are_those_of_a_dense_likelihood(form: RandomError) -> None:
    draw = draw_random()
    found = multipliers(draw, form, error_w=ERROR_W)
    dense = Dense(draw, form, estimates(draw, "ols", form))
    rho, lam = 3, 4
    assert found.lag.statistic == pytest.approx(dense.statistic([rho], [lam]), rel=1e-5)
    assert found.error.statistic == pytest.approx(
        dense.statistic([lam], [rho]), rel=1e-5
    )
    assert found.joint.statistic == pytest.approx(
        dense.statistic([rho, lam], []), rel=1e-5
    )
    # A robust statistic is what the joint one adds to the other alone.
    assert found.robust_lag.statistic == pytest.approx(
        found.joint.statistic - found.error.statistic
    )
    assert found.robust_error.statistic == pytest.approx(
        found.joint.statistic - found.lag.statistic
    )


@pytest.mark.parametrize("form", FORMS)
def test_conditional_statistics_are_those_of_a_dense_likelihood(
    form: RandomError,
) -> None:
    draw = draw_random()
    found = multipliers(draw, form, conditional=True, error_w=ERROR_W)
    for test, model, place in (
        (found.lag_given_error, "sem", 3),
        (found.error_given_lag, "sar", 4),
    ):
        dense = Dense(draw, form, estimates(draw, model, form))  # type: ignore[arg-type]
        assert test is not None
        wanted = pytest.approx(dense.statistic([place], []), rel=1e-3)
        assert test.statistic == wanted, model


def test_the_error_is_that_of_baltagi_song_and_koh() -> None:
    draw = draw_random()
    found = multipliers(draw, "baltagi", error_w=ERROR_W)
    other = error_component_tests(
        draw.panel, graph_of(ERROR_W, draw.codes), "y", draw.names, conditional=True
    )
    root = other.frame["statistic"]["error_given_city"]
    assert found.error.statistic == pytest.approx(root**2, rel=1e-6)


def test_without_variance_between_cities_the_tests_are_those_of_pooled_data() -> None:
    # Within-city data: the variance is estimated as zero.
    draw = draw_random()
    y, x = (each - each.mean(axis=0) for each in (draw.y, draw.x))
    flat = Draw(y, x, draw.w, draw.codes)
    with warnings.catch_warnings(action="ignore"):  # phi = 0
        random, pooled = (
            lagrange_multiplier_tests(
                flat.panel, flat.graph, "y", flat.names,
                effects=effects,  # type: ignore[arg-type]
            ).frame
            for effects in ("random", "none")
        )  # fmt: skip
    np.testing.assert_allclose(random, pooled, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_true_hypothesis_is_rejected_one_time_in_twenty(form: RandomError) -> None:
    rejected = np.zeros(5)
    draws = 300
    for rng in range(draws):
        draw = draw_random(rng, rho=0.0, error=0.0, n=36)
        frame = lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", draw.names, effects="random",
            random_error=form,
        ).frame  # fmt: skip
        rejected += frame["p_value"] < 0.05
    # Standard error of a share: 1.3 per cent.
    assert (rejected / draws > 0.01).all(), rejected
    assert (rejected / draws < 0.09).all(), rejected


def test_the_choice_takes_random_effects() -> None:
    draw = draw_random(rho=0.6, error=0.0, n=30)
    chosen = choose_spatial_model(
        draw.panel, draw.graph, "y", draw.names, effects="random"
    )
    assert chosen.model == "sar"
    assert chosen.fit.effects == "random"
    kinds = [step.kind for step in chosen.steps]
    assert kinds.count("LR") == 2  # against SAR and SEM
    noisy = draw_random(rho=0.0, error=0.6, n=30)
    assert (
        choose_spatial_model(
            noisy.panel, noisy.graph, "y", noisy.names, effects="random"
        ).model
        == "sem"
    )


def test_a_form_of_the_error_needs_random_effects() -> None:
    draw = draw_random()
    with pytest.raises(EstimationError, match="is about random effects"):
        lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", draw.names, random_error=KKP
        )  # type: ignore[arg-type]
