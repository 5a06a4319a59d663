import numpy as np
import pytest
from static_data import as_panel, simulate_rows, simulated_panel
from static_references import CASES, PLM, load_panel
from static_references import read_results as results

from spatial_coagg.errors import EstimationError, InferenceWarning, SpatialCoaggError
from spatial_coagg.models._static_sweep import group_means
from spatial_coagg.models.hausman import hausman_test
from spatial_coagg.models.random_effects import fit_random_effects
from spatial_coagg.models.static_rows import select_rows


@pytest.mark.parametrize("name", ["F01", "F03"])
def test_mundlak_is_the_auxiliary_test_of_plm(name: str) -> None:
    case, reference = CASES[name], results(name)[PLM]["re_swar"]
    panel = load_panel(name)
    robust = hausman_test(panel, case.outcome, case.names)
    assert robust.statistic == pytest.approx(
        reference["hausman_aux_robust_sss"]["stat"], rel=1e-7
    )
    assert robust.degrees == reference["hausman_aux_robust_sss"]["df"]
    assert robust.p_value == pytest.approx(
        reference["hausman_aux_robust_sss"]["p"], rel=1e-6
    )
    plain = hausman_test(panel, case.outcome, case.names, covariance="classical")
    assert plain.statistic == pytest.approx(reference["hausman_aux"]["stat"], rel=1e-7)


@pytest.mark.parametrize("name", ["F02", "F04"])
def test_mundlak_is_the_wald_test_of_means_in_plm(name: str) -> None:
    case, reference = CASES[name], results(name)[PLM]["mundlak"]["re"]
    test = hausman_test(
        load_panel(name), case.outcome, case.names, covariance="classical"
    )
    # Means of logs are 3,000 times as large as what is left of them in the drivers.
    assert test.statistic == pytest.approx(reference["wald_classic"]["stat"], rel=1e-6)


def test_classical_is_that_of_plm() -> None:
    case, reference = CASES["F01"], results("F01")[PLM]["re_swar"]["hausman"]
    test = hausman_test(load_panel("F01"), case.outcome, case.names, method="classical")
    assert test.statistic == pytest.approx(reference["stat"], rel=1e-6)
    assert test.degrees == reference["df"]
    assert test.p_value == pytest.approx(reference["p"], rel=1e-6)
    assert test.positive_definite


@pytest.mark.parametrize("name", ["F02", "F03", "F04", "F05"])
def test_classical_warns_where_plm_does_not(name: str) -> None:
    case, reference = CASES[name], results(name)[PLM]["re_swar"]["hausman"]
    with pytest.warns(InferenceWarning, match="not positive definite"):
        test = hausman_test(
            load_panel(name),
            case.outcome,
            case.names,
            method="classical",
            components="baltagi-chang",
        )
    assert test.statistic == pytest.approx(reference["stat"], rel=1e-6)
    assert not test.positive_definite


def test_mundlak_equals_an_unbalanced_regression_written_out() -> None:
    panel = simulated_panel(missing=0.3, seed=4)
    test = hausman_test(panel, "y", ["a", "b"], covariance="classical")
    rows = select_rows(panel, "y", ["a", "b"])
    city = rows.groups.city
    theta = fit_random_effects(panel, "y", ["a", "b"]).components.theta.to_numpy()[city]
    mean_x, mean_y = group_means(rows.x, city)[city], group_means(rows.y, city)[city]
    x = np.column_stack([1 - theta, rows.x - theta[:, None] * mean_x, rows.x - mean_x])
    y = rows.y - theta * mean_y
    b = np.linalg.solve(x.T @ x, x.T @ y)
    variance = np.linalg.inv(x.T @ x) * np.sum((y - x @ b) ** 2) / (len(y) - 5)
    wald = b[-2:] @ np.linalg.solve(variance[-2:, -2:], b[-2:])
    assert test.statistic == pytest.approx(wald, rel=1e-9)


def test_effects_related_to_a_driver_are_found() -> None:
    test = hausman_test(simulated_panel(cities=60), "y", ["a", "b"])
    assert test.p_value < 0.001
    assert "chi2(2)" in str(test)
    assert list(test.comparison.columns) == ["fixed", "random", "difference"]


def test_missing_values_are_told_once() -> None:
    rows = simulate_rows()
    rows.loc[0, "a"] = np.nan
    with pytest.warns(match="left out") as caught:
        hausman_test(as_panel(rows), "y", ["a", "b"])
    assert len(caught) == 1


def test_a_driver_without_variation_within_cities_is_refused() -> None:
    rows = simulate_rows()
    rows["coast"] = (rows["city"] > "005").astype(float)
    with pytest.raises(EstimationError, match="'coast' does not vary within cities"):
        hausman_test(as_panel(rows), "y", ["a", "coast"])


def test_unknown_method_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="method must be one of"):
        hausman_test(
            simulated_panel(),
            "y",
            ["a"],
            method="sigmamore",  # type: ignore[arg-type]  # the error is the test
        )
