"""Static panel models against R, gretl, Stata and other Python libraries."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from static_references import (
    CASES,
    FOLDER,
    GRETL,
    PLM,
    PYTHON,
    load_panel,
    load_produc,
    plm_numbers,
    read_results,
)

from spatial_coagg._typing import Effects
from spatial_coagg.models.between import fit_between
from spatial_coagg.models.covariances import CovarianceChoice, DriscollKraay
from spatial_coagg.models.diagnostics import variance_inflation
from spatial_coagg.models.first_difference import fit_first_difference
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.fixed_effects import FixedEffectsFit, fit_fixed_effects
from spatial_coagg.models.pooled import fit_pooled
from spatial_coagg.models.residual_tests import (
    cross_section_test,
    serial_correlation_test,
)
from spatial_coagg.tables.panel import Panel

ALL = list(CASES)
WITH_GRETL = ["F01", "F02", "F03", "F05"]
# The banks' own tolerance: coefficients 1e-8, standard errors and statistics 1e-7.
COEFFICIENT, ERROR = 1e-8, 1e-7


def fixed(
    name: str, effects: Effects = "city", covariance: CovarianceChoice = "clustered"
) -> FixedEffectsFit:
    case = CASES[name]
    return fit_fixed_effects(
        load_panel(name),
        case.outcome,
        case.names,
        effects=effects,
        covariance=covariance,
    )


def plm(name: str, model: str) -> dict[str, Any]:
    results: dict[str, Any] = read_results(name)[PLM][model]
    return results


def errors(fit: Fit) -> list[float]:
    found: list[float] = fit.estimates["standard_error"].tolist()
    return found


def clustered_factor(fit: FixedEffectsFit, clusters: int) -> float:
    rows, counted = fit.observations, len(fit.estimates)
    return float(np.sqrt(clusters / (clusters - 1) * (rows - 1) / (rows - counted)))


def agree(fit: Fit, name: str, numbers: dict[str, Any]) -> None:
    case = CASES[name]
    coefficients = plm_numbers(case, numbers["coef"])
    ours = fit.estimates.iloc[: len(coefficients)]
    np.testing.assert_allclose(ours["estimate"], coefficients, rtol=COEFFICIENT)
    np.testing.assert_allclose(
        ours["standard_error"], plm_numbers(case, numbers["se"]), rtol=ERROR
    )


@pytest.mark.parametrize("name", ALL)
def test_within_is_that_of_plm(name: str) -> None:
    fit, reference = fixed(name, covariance="classical"), plm(name, "within")
    agree(fit, name, reference)
    assert fit.r2_within == pytest.approx(reference["r2_within"], rel=ERROR)
    assert fit.sigma2 == pytest.approx(reference["sigma2"], rel=ERROR)
    test, slopes = reference["F_effects"], reference["F_slopes"]
    assert fit.effects_test is not None
    assert fit.effects_test.statistic == pytest.approx(test["stat"], rel=ERROR)
    assert fit.effects_test.degrees == test["df"][0]
    assert fit.effects_test.residual_degrees == test["df"][1]
    assert fit.slopes_test.statistic == pytest.approx(slopes["stat"], rel=ERROR)


@pytest.mark.parametrize("name", ALL)
def test_r_squared_are_those_of_stata(name: str) -> None:
    fit, reference = fixed(name), plm(name, "within")["stata_r2"]
    assert fit.r2_within == pytest.approx(reference["within_corr2"], rel=ERROR)
    assert fit.r2_between == pytest.approx(reference["between_corr2"], rel=ERROR)
    assert fit.r2_overall == pytest.approx(reference["overall_corr2"], rel=ERROR)


@pytest.mark.parametrize("name", ALL)
def test_constant_is_that_of_stata(name: str) -> None:
    fit, reference = fixed(name, covariance="classical"), plm(name, "within")
    assert fit.constant == pytest.approx(reference["intercept_stata"], rel=ERROR)
    assert errors(fit)[-1] == pytest.approx(reference["intercept_se"], rel=ERROR)


@pytest.mark.parametrize("name", ["F01", "F02", "F05"])
def test_city_effects_are_those_of_plm(name: str) -> None:
    reference = plm(name, "within")["fixef_dmean_first5"]
    effects = fixed(name).city_effects
    if name == "F02":
        effects = effects.set_axis(effects.index.map(_state_names()))
    np.testing.assert_allclose(
        effects[list(reference)], list(reference.values()), rtol=1e-7
    )


def _state_names() -> dict[str, str]:
    frame = load_produc()
    return dict(zip(frame["city"], frame["state"], strict=True))


@pytest.mark.parametrize("name", WITH_GRETL)
def test_clustered_errors_are_those_of_gretl_and_stata(name: str) -> None:
    reference = read_results(name)[GRETL]["fixed_robust"]
    fit = fixed(name)
    constant, *slopes = reference["se"]
    np.testing.assert_allclose(errors(fit), [*slopes, constant], rtol=ERROR)
    constant, *slopes = reference["coef"]
    np.testing.assert_allclose(
        fit.estimates["estimate"], [*slopes, constant], rtol=COEFFICIENT
    )


@pytest.mark.parametrize("name", ALL)
def test_clustered_errors_are_those_of_pyfixest(name: str) -> None:
    reference = read_results(name)[PYTHON]["pyfixest"]["se_CRV1"]
    np.testing.assert_allclose(
        errors(fixed(name))[:-1], list(reference.values()), rtol=ERROR
    )


@pytest.mark.parametrize("name", ALL)
def test_robust_errors_are_those_of_pyfixest(name: str) -> None:
    reference = read_results(name)[PYTHON]["pyfixest"]["se_hetero"]
    np.testing.assert_allclose(
        errors(fixed(name, covariance="robust"))[:-1],
        list(reference.values()),
        rtol=ERROR,
    )


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_two_way_errors_are_those_of_plm_times_the_stated_factor(name: str) -> None:
    reference = plm_numbers(CASES[name], plm(name, "within")["se_twoway_DC_HC0"])
    fit = fixed(name, covariance="two-way-clustered")
    factor = clustered_factor(fit, min(fit.cities, fit.years))
    np.testing.assert_allclose(
        errors(fit)[:-1], factor * np.array(reference), rtol=ERROR
    )


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bandwidth", [0, 2])
def test_driscoll_kraay_is_that_of_plm_times_the_stated_factor(
    name: str, bandwidth: int
) -> None:
    reference = plm(name, "within")["DK"][f"se_lag{bandwidth}_HC0"]
    fit = fixed(name, covariance=DriscollKraay(bandwidth))
    factor = clustered_factor(fit, fit.years)
    np.testing.assert_allclose(
        errors(fit)[:-1],
        factor * np.array(plm_numbers(CASES[name], reference)),
        rtol=ERROR,
    )


def test_driscoll_kraay_is_that_of_xtscc_in_print() -> None:
    text = (FOLDER / "fe_xtscc_produc.json").read_text(encoding="utf-8")
    reference = json.loads(text)
    panel = Panel.from_frame(load_produc(), city="city", year="year")
    fit = fit_fixed_effects(
        panel,
        "gsp",
        list(reference["coef"]),
        effects="city-year",
        covariance=DriscollKraay(),
    )
    assert fit.standard_errors == f"Driscoll-Kraay, bandwidth {reference['lag']}"
    printed = fit.estimates.loc[list(reference["coef"])]
    # Seven printed digits.
    np.testing.assert_allclose(
        printed["estimate"], list(reference["coef"].values()), rtol=1e-6
    )
    np.testing.assert_allclose(
        printed["standard_error"], list(reference["se"].values()), rtol=1e-6
    )
    np.testing.assert_allclose(
        printed["p_value"], list(reference["p"].values()), atol=6e-4
    )
    np.testing.assert_allclose(
        printed[["lower", "upper"]], list(reference["interval"].values()), rtol=1e-6
    )


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_two_way_effects_are_those_of_plm(name: str) -> None:
    reference = plm(name, "twoway")
    fit = fixed(name, "city-year", "classical")
    agree(fit, name, reference)
    assert fit.r2_within == pytest.approx(reference["r2"], rel=ERROR)
    assert fit.effects_test is not None
    assert fit.effects_test.statistic == pytest.approx(
        reference["F_both"]["stat"], rel=ERROR
    )
    assert fit.effects_test.degrees == reference["F_both"]["df"][0]


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_two_way_clustered_by_city_is_that_of_plm_times_the_stated_factor(
    name: str,
) -> None:
    fit = fixed(name, "city-year")
    reference = plm_numbers(CASES[name], plm(name, "twoway")["se_cluster_HC0"])
    rows, cities = fit.observations, fit.cities
    counted = len(reference) + fit.years
    factor = np.sqrt(cities / (cities - 1) * (rows - 1) / (rows - counted))
    np.testing.assert_allclose(
        errors(fit)[:-1], factor * np.array(reference), rtol=ERROR
    )


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_year_effects_are_those_of_plm(name: str) -> None:
    agree(fixed(name, "year", "classical"), name, plm(name, "time"))


@pytest.mark.parametrize("name", WITH_GRETL)
def test_lsdv_r_squared_is_that_of_gretl(name: str) -> None:
    reference = read_results(name)[GRETL]["fixed"]["stats"]["lsdv_r2"]
    assert fixed(name).r2 == pytest.approx(reference, rel=ERROR)


@pytest.mark.parametrize("name", ALL)
def test_pooled_is_that_of_plm(name: str) -> None:
    case, reference = CASES[name], plm(name, "pooled")
    panel = load_panel(name)
    fit = fit_pooled(panel, case.outcome, case.names, covariance="classical")
    agree(fit, name, reference)
    assert fit.r2 == pytest.approx(reference["r2"], rel=ERROR)
    clustered = fit_pooled(panel, case.outcome, case.names)
    np.testing.assert_allclose(
        errors(clustered), plm_numbers(case, reference["se_cluster_sss"]), rtol=ERROR
    )


@pytest.mark.parametrize("name", ALL)
def test_between_is_that_of_plm(name: str) -> None:
    case, reference = CASES[name], plm(name, "between")
    fit = fit_between(
        load_panel(name), case.outcome, case.names, covariance="classical"
    )
    agree(fit, name, reference)
    assert fit.r2 == pytest.approx(reference["r2"], rel=ERROR)
    assert fit.explained.between == pytest.approx(reference["r2"], rel=ERROR)


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_first_differences_are_those_of_plm(name: str) -> None:
    case, reference = CASES[name], plm(name, "fd")
    fit = fit_first_difference(
        load_panel(name), case.outcome, case.names, covariance="classical"
    )
    agree(fit, name, reference)
    assert fit.r2 == pytest.approx(reference["r2"], rel=ERROR)


@pytest.mark.parametrize("name", ALL)
def test_variance_inflation_is_that_of_car(name: str) -> None:
    case, reference = CASES[name], plm(name, "vif")
    found = variance_inflation(load_panel(name), case.names)
    np.testing.assert_allclose(
        found.frame["vif"][case.names],
        plm_numbers(case, reference["vif"]),
        rtol=ERROR,
    )
    assert found.mean == pytest.approx(reference["mean"], rel=ERROR)


@pytest.mark.parametrize("name", ALL)
def test_cross_section_test_is_that_of_plm(name: str) -> None:
    reference = plm(name, "tests")["pesaran_cd"]
    test = cross_section_test(fixed(name).residuals)
    assert test.statistic == pytest.approx(reference["stat"], rel=ERROR)
    assert test.p_value == pytest.approx(reference["p"], rel=1e-6)


@pytest.mark.parametrize("name", ["F01", "F02", "F03", "F05"])
def test_serial_correlation_is_that_of_plm_times_the_stated_factor(name: str) -> None:
    case, reference = CASES[name], plm(name, "tests")["wooldridge_fd_ar"]
    panel = load_panel(name)
    test = serial_correlation_test(
        panel, case.outcome, case.names, errors="differences", trend=True
    )
    rows = reference["df"][1] + 2
    cities = len(panel.cities)
    factor = cities / (cities - 1) * (rows - 1) / (rows - 2)
    assert test.statistic * factor == pytest.approx(reference["stat"], rel=ERROR)
    assert test.residual_degrees == cities - 1


def test_pooled_mundlak_regression_is_that_of_plm() -> None:
    reference = plm("F05", "mundlak")["pooled_ols"]["wald_cluster_sss"]
    case, panel = CASES["F05"], load_panel("F05")
    means = panel.frame[case.names].groupby(level="city").transform("mean")
    means = means.add_prefix("mean.")
    fit = fit_pooled(
        panel.with_columns(means), case.outcome, [*case.names, *means.columns]
    )
    added = list(means.columns)
    coefficients = fit.slopes[added].to_numpy()
    covariance = fit.covariance.loc[added, added].to_numpy()
    wald = coefficients @ np.linalg.solve(covariance, coefficients)
    assert wald == pytest.approx(reference["stat"], rel=ERROR)


def test_order_of_rows_changes_no_digit() -> None:
    case, panel = CASES["F02"], load_panel("F02")
    frame = panel.frame.reset_index()
    shuffled = frame.sample(frac=1.0, random_state=3)
    again = Panel.from_frame(shuffled, city="city", year="year")
    first = fit_fixed_effects(panel, case.outcome, case.names)
    second = fit_fixed_effects(again, case.outcome, case.names)
    pd.testing.assert_frame_equal(first.estimates, second.estimates, rtol=0, atol=0)
