import numpy as np
import pytest
from static_data import as_panel, simulate_rows, simulated_panel
from static_references import CASES, GRETL, PLM, PYTHON, load_panel, plm_numbers
from static_references import read_results as results

from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.random_effects import RandomEffectsFit, fit_random_effects

ALL = list(CASES)


def fit_reference(name: str, components: str = "swamy-arora") -> RandomEffectsFit:
    case = CASES[name]
    return fit_random_effects(
        load_panel(name),
        case.outcome,
        case.names,
        covariance="classical",
        components=components,  # type: ignore[arg-type]  # a text of the test's own
    )


@pytest.mark.parametrize("name", ALL)
def test_baltagi_chang_is_plm_swar(name: str) -> None:
    case, reference = CASES[name], results(name)[PLM]["re_swar"]
    fit = fit_reference(name, "baltagi-chang")
    np.testing.assert_allclose(
        fit.estimates["estimate"], plm_numbers(case, reference["coef"]), rtol=1e-8
    )
    np.testing.assert_allclose(
        fit.estimates["standard_error"], plm_numbers(case, reference["se"]), rtol=1e-7
    )
    components = fit.components
    assert components.errors == pytest.approx(reference["sigma2_idios"], rel=1e-7)
    assert components.cities == pytest.approx(reference["sigma2_id"], rel=1e-7)
    theta = reference["theta"]
    least, most = (
        (theta["min"], theta["max"]) if isinstance(theta, dict) else (theta, theta)
    )
    assert components.theta.min() == pytest.approx(least, rel=1e-7)
    assert components.theta.max() == pytest.approx(most, rel=1e-7)
    stata = reference["stata_r2"]
    assert fit.explained.within == pytest.approx(stata["within_corr2"], rel=1e-7)
    assert fit.explained.between == pytest.approx(stata["between_corr2"], rel=1e-7)
    assert fit.explained.overall == pytest.approx(stata["overall_corr2"], rel=1e-7)


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_swamy_arora_is_that_of_gretl_and_stata(name: str) -> None:
    reference = results(name)[GRETL]["random"]
    fit = fit_reference(name)
    constant, *slopes = reference["coef"]
    np.testing.assert_allclose(
        # gretl's 2022c solution carries ten digits here.
        fit.estimates["estimate"],
        [*slopes, constant],
        rtol=1e-8,
        atol=1e-10,
    )
    constant, *slopes = reference["se"]
    np.testing.assert_allclose(
        fit.estimates["standard_error"], [*slopes, constant], rtol=1e-7
    )


def test_share_of_cities_is_that_of_linearmodels() -> None:
    reference = results("F05")[PYTHON]["RandomEffects"]["variance"]
    share = fit_reference("F05").components.share_of_cities
    assert share == pytest.approx(reference["Percent due to Effects"], rel=1e-7)


def test_clustered_errors_are_those_of_plm_times_the_stated_factor() -> None:
    reference = results("F01")[PLM]["re_swar"]["se_cluster_HC0"]
    case, panel = CASES["F01"], load_panel("F01")
    fit = fit_random_effects(panel, case.outcome, case.names)
    factor = np.sqrt(10 / 9 * 199 / (200 - 3))
    np.testing.assert_allclose(
        fit.estimates["standard_error"],
        factor * np.array(plm_numbers(case, reference)),
        rtol=1e-7,
    )


def test_fit_answers_to_the_protocol() -> None:
    rows = simulate_rows()
    rows.loc[3, "a"] = np.nan
    with pytest.warns(match="1 of 72 rows"):
        fit = fit_random_effects(as_panel(rows), "y", ["a", "b"])
    assert isinstance(fit, Fit)
    assert fit.title == "Random effects (city)"
    assert fit.facts["rows_left_out"] == 1
    assert fit.facts["observations"] == len(fit.fitted)
    assert fit.slopes_test.law == "chi-squared"
    assert list(fit.slopes.index) == ["a", "b"]


def test_fitted_and_residuals_add_up_to_the_outcome() -> None:
    panel = simulated_panel(missing=0.2)
    fit = fit_random_effects(panel, "y", ["a", "b"])
    np.testing.assert_allclose(fit.fitted + fit.residuals, panel.frame["y"])


def test_a_driver_that_is_constant_within_cities_is_allowed() -> None:
    rows = simulate_rows()
    rows["coast"] = (rows["city"] > "005").astype(float)
    fit = fit_random_effects(as_panel(rows), "y", ["a", "b", "coast"])
    assert np.isfinite(fit.estimates.to_numpy()).all()


def test_city_effects_are_shrunk_means_of_residuals() -> None:
    panel = simulated_panel()
    fit = fit_random_effects(panel, "y", ["a", "b"])
    predicted = (
        panel.frame[["a", "b"]] @ fit.slopes + fit.estimates["estimate"].iloc[-1]
    )
    means = (panel.frame["y"] - predicted).groupby(level="city").mean()
    shrink = (
        6 * fit.components.cities / (6 * fit.components.cities + fit.components.errors)
    )
    np.testing.assert_allclose(fit.city_effects, shrink * means)


def test_without_variance_between_cities_it_is_pooled() -> None:
    rows = simulate_rows(seed=1)
    rng = np.random.default_rng(5)
    rows["a"], rows["b"] = rng.normal(size=(2, len(rows)))
    noise = rng.normal(size=len(rows)).reshape(12, 6)
    rows["y"] = rows["a"] + (noise - noise.mean(axis=1, keepdims=True)).ravel()
    fit = fit_random_effects(as_panel(rows), "y", ["a", "b"])
    assert fit.components.cities == 0.0
    assert (fit.city_effects == 0.0).all()


def test_too_few_cities_are_refused() -> None:
    with pytest.raises(EstimationError, match="needs more than 3 cities for 2 drivers"):
        fit_random_effects(simulated_panel(cities=3), "y", ["a", "b"])


def test_too_few_rows_are_refused() -> None:
    rows = simulate_rows().groupby("city").head(1)
    with pytest.raises(EstimationError, match="needs more than 14 rows for 12 cities"):
        fit_random_effects(as_panel(rows), "y", ["a", "b"])


def test_unknown_components_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="components must be one of"):
        fit_random_effects(
            simulated_panel(),
            "y",
            ["a"],
            components="amemiya",  # type: ignore[arg-type]  # the error is the test
        )
