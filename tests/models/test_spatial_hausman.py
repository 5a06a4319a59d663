import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from spatial_references import reference_panel, reference_weights, specifications
from spatial_witness import Draw, draw_panel, nearest_matrix

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models.likelihood_ratio import likelihood_ratio_test
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_hausman import (
    SpatialHausmanTest,
    compare_city_effects,
    spatial_hausman_test,
)
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_plan import SpatialModel

BANK = specifications("tests")
MODELS: tuple[SpatialModel, ...] = ("sar", "sem", "sdm")


def drawn(related: float, rng: int, *, cities: int = 40, years: int = 5) -> Draw:
    """Draw y = 0.3 W y + x + W x / 2 + city + noise; x takes part in the city."""
    w = nearest_matrix(cities, 4, rng=0)
    source = np.random.default_rng(rng)
    city = source.standard_normal(cities)
    x = source.standard_normal((years, cities, 1)) + related * city[:, None]
    trend = x[:, :, 0] + 0.5 * x[:, :, 0] @ w.T + city
    right = trend + source.standard_normal((years, cities))
    y = np.asarray(np.linalg.solve(np.eye(cities) - 0.3 * w, right.T).T)
    return replace(draw_panel(n=cities, t=years, w=w), y=y, x=x)


def hausman_of(draw: Draw, **options: Any) -> SpatialHausmanTest:  # noqa: ANN401 (options)
    return spatial_hausman_test(draw.panel, draw.graph, "y", draw.names, **options)


def bank_test(name: str, **options: Any) -> SpatialHausmanTest:  # noqa: ANN401 (options)
    panel, outcome, drivers = reference_panel(name, "tests")
    weights = reference_weights(BANK[name]["weights"])
    return spatial_hausman_test(
        panel, weights, outcome, drivers, method="classical", correction="none",
        **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["cigar_tests", "produc_tests"])
def test_classical_test_of_errors_is_that_of_splm(name: str) -> None:
    call = "sphtest(spatial.model='error',method='ML',errors='BSK')"
    case = BANK[name]["others"][call]
    with pytest.warns(InferenceWarning, match="is not positive definite"):
        found = bank_test(name, model="sem")
    # splm takes the absolute value, and stops where its optimiser is content.
    assert abs(found.test.statistic) == pytest.approx(case["statistic"], rel=1e-5)
    assert found.test.degrees == case["degrees"]
    assert not found.positive_definite


@pytest.mark.parametrize("name", ["cigar_tests", "produc_tests"])
def test_test_of_lags_is_that_of_splm_where_rho_is_taken_as_known(name: str) -> None:
    case = BANK[name]["others"]["sphtest(spatial.model='lag',method='ML')"]
    with pytest.warns(InferenceWarning, match="is not positive definite"):
        found = bank_test(name, model="sar")
    assert isinstance(found.random, SpatialPanelFit)
    known = variance_given_rho(found.random, name)
    labels = list(found.comparison.index)
    fixed = found.fixed.covariance.loc[labels, labels].to_numpy()
    gap = found.comparison["difference"].to_numpy()
    statistic = abs(gap @ np.linalg.solve(fixed - known, gap))
    assert statistic == pytest.approx(case["statistic"], rel=1e-5)
    assert len(gap) == case["degrees"]


def variance_given_rho(random: SpatialPanelFit, name: str) -> FloatArray:
    """Return sigma2 (X' V^-1 X)^-1 of the slopes by quasi-demeaning."""
    panel, _, drivers = reference_panel(name, "tests")
    shape = (len(random.cities), len(random.years), len(drivers))
    x = panel.frame.sort_index()[list(drivers)].to_numpy().reshape(shape)
    x = np.concatenate([x, np.ones((*shape[:2], 1))], axis=2)
    phi = float(random.estimates["estimate"]["phi"])
    share = 1 - 1 / np.sqrt(1 + shape[1] * phi)
    moved = (x - share * x.mean(axis=1, keepdims=True)).reshape(-1, x.shape[2])
    whole = random.sigma2 * np.linalg.inv(moved.T @ moved)
    return np.asarray(whole[:-1, :-1], dtype=np.float64)


@pytest.mark.parametrize("name", ["cigar_tests", "produc_tests"])
def test_test_by_moments_is_that_of_splm(name: str) -> None:
    case = BANK[name]["others"]["sphtest(spatial.model='sarar',method='GM')"]
    panel, outcome, drivers = reference_panel(name, "tests")
    fixed, random = (
        fit_spatial_iv(
            panel, reference_weights(BANK[name]["weights"]), outcome, drivers,
            error=True, effects=effects,
        )
        for effects in ("city", "random")
    )  # fmt: skip
    with warnings.catch_warnings(action="ignore"):  # not positive definite
        found = compare_city_effects(fixed, random, labels=[*drivers, "rho"])
    # splm minimises the moments numerically; ours are exact.
    assert abs(found.test.statistic) == pytest.approx(case["statistic"], rel=1e-6)
    assert found.test.degrees == case["degrees"]


def test_classical_test_is_the_quadratic_form() -> None:
    found = hausman_of(drawn(0.5, rng=3), method="classical")
    assert found.positive_definite
    labels = ["x0", "W.x0"]
    assert list(found.comparison.index) == labels
    first, second = (
        fit.covariance.loc[labels, labels].to_numpy()
        for fit in (found.fixed, found.random)
    )
    gap = found.comparison["difference"].to_numpy()
    wanted = gap @ np.linalg.solve(first - second, gap)
    assert found.test.statistic == pytest.approx(wanted, rel=1e-7)
    assert found.auxiliary is None
    assert str(found).startswith("the city effects are unrelated to the drivers: chi2")


@pytest.mark.parametrize("model", MODELS)
def test_effects_related_to_a_driver_are_found(model: SpatialModel) -> None:
    assert hausman_of(drawn(0.8, rng=1), model=model).test.p_value < 1e-6
    assert hausman_of(drawn(0.0, rng=1), model=model).test.p_value > 0.01


def test_mundlak_test_is_near_the_ratio_of_likelihoods() -> None:
    found = hausman_of(drawn(0.1, rng=2, cities=60), model="sdm")
    assert found.auxiliary is not None
    assert isinstance(found.random, SpatialPanelFit)
    ratio = likelihood_ratio_test(found.random, found.auxiliary)
    assert found.test.degrees == ratio.degrees == 2
    assert found.test.statistic == pytest.approx(ratio.statistic, rel=0.15)
    added = ["mean.x0", "W.mean.x0"]
    assert set(added) < set(found.auxiliary.estimates.index)


@pytest.mark.slow
def test_p_values_of_the_mundlak_test_are_uniform_under_the_hypothesis() -> None:
    found = [
        hausman_of(drawn(0.0, rng=seed, cities=30), model="sar").test.p_value
        for seed in range(40)
    ]
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_no_spillovers_are_no_spillovers() -> None:
    draw = drawn(0.0, 1)
    none, sar = (
        hausman_of(draw, model=model, **options)
        for model, options in (("sdm", {"spillovers": []}), ("sar", {}))
    )
    assert list(none.comparison.index) == ["x0"]
    assert none.test.degrees == 1
    assert none.test.statistic == pytest.approx(sar.test.statistic, rel=1e-6)


def test_bad_requests_are_refused() -> None:
    draw = drawn(0.0, rng=1)
    with pytest.raises(ValueError, match="method must be one of"):
        hausman_of(draw, method="hausman")
    found = hausman_of(draw, model="sar")
    with pytest.raises(EstimationError, match="fixed effects has no coefficient 'phi'"):
        compare_city_effects(found.fixed, found.random, labels=["phi"])
    other = hausman_of(draw, model="sdm")
    with pytest.raises(EstimationError, match=r"random effects has no .* 'W.x0'"):
        compare_city_effects(other.fixed, found.random)
    with pytest.raises(EstimationError, match="no coefficient to compare"):
        compare_city_effects(found.fixed, found.random, labels=[])
