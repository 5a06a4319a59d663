import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from static_data import as_panel, simulate_rows, simulated_panel

from spatial_coagg._typing import Effects
from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    MissingColumnError,
    MissingValueWarning,
    SpatialCoaggError,
)
from spatial_coagg.models.covariances import DriscollKraay
from spatial_coagg.models.fit import ESTIMATE_COLUMNS, Fit
from spatial_coagg.models.fixed_effects import FixedEffectsFit, fit_fixed_effects
from spatial_coagg.tables.panel import Panel

ALL_EFFECTS: list[Effects] = ["none", "city", "year", "city-year"]


def fit(panel: Panel, **options: Any) -> FixedEffectsFit:  # noqa: ANN401 - passed on
    return fit_fixed_effects(panel, "y", ["a", "b"], **options)


def dummies_of(frame: pd.DataFrame, effects: Effects) -> np.ndarray:
    city, year = (frame.index.get_level_values(key) for key in ("city", "year"))
    columns = [np.ones((len(frame), 1))]
    if "city" in effects:
        columns.append(pd.get_dummies(city, dtype=float).to_numpy()[:, 1:])
    if "year" in effects:
        columns.append(pd.get_dummies(year, dtype=float).to_numpy()[:, 1:])
    return np.hstack(columns)


@pytest.mark.parametrize("effects", ALL_EFFECTS)
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_sweeping_equals_dummy_variables(effects: Effects, missing: float) -> None:
    panel = simulated_panel(missing=missing)
    found = fit(panel, effects=effects, covariance="classical")
    frame = panel.frame
    x = np.hstack([frame[["a", "b"]].to_numpy(), dummies_of(frame, effects)])
    y = frame["y"].to_numpy()
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    left = y - x @ b
    sigma2 = left @ left / (len(y) - x.shape[1])
    variance = sigma2 * np.linalg.inv(x.T @ x)
    np.testing.assert_allclose(found.slopes, b[:2], rtol=1e-9)
    np.testing.assert_allclose(found.covariance.iloc[:2, :2], variance[:2, :2])
    np.testing.assert_allclose(found.residuals, left, atol=1e-9)
    assert found.sigma2 == pytest.approx(sigma2)
    assert found.r2 == pytest.approx(1 - left @ left / np.sum((y - y.mean()) ** 2))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_effects_fitted_and_residuals_add_up_to_the_outcome(missing: float) -> None:
    panel = simulated_panel(missing=missing)
    found = fit(panel, effects="city-year")
    frame = panel.frame
    again = (
        found.constant
        + frame[["a", "b"]] @ found.slopes
        + found.city_effects.reindex(frame.index, level="city")
        + found.year_effects.reindex(frame.index, level="year")
    )
    np.testing.assert_allclose(found.fitted, again)
    np.testing.assert_allclose(found.fitted + found.residuals, frame["y"])
    over_rows = found.city_effects.reindex(frame.index, level="city")
    assert over_rows.mean() == pytest.approx(0, abs=1e-12)


def test_clustered_errors_equal_a_double_loop() -> None:
    panel = simulated_panel(missing=0.2)
    found = fit(panel)
    frame = panel.frame
    swept = frame - frame.groupby(level="city").transform("mean")
    x = swept[["a", "b"]].to_numpy()
    bread = np.linalg.inv(x.T @ x)
    meat = np.zeros((2, 2))
    for city in panel.cities:
        score = np.zeros(2)
        for row in np.flatnonzero(frame.index.get_level_values("city") == city):
            score += x[row] * found.residuals.iloc[row]
        meat += np.outer(score, score)
    rows, cities = len(frame), len(panel.cities)
    factor = cities / (cities - 1) * (rows - 1) / (rows - 3)
    np.testing.assert_allclose(
        found.covariance.iloc[:2, :2], factor * bread @ meat @ bread
    )


def test_effects_that_are_absent_are_empty() -> None:
    panel = simulated_panel()
    assert len(fit(panel, effects="none").city_effects) == 0
    assert fit(panel, effects="none").effects_test is None
    assert len(fit(panel, effects="city").year_effects) == 0
    assert len(fit(panel, effects="year").city_effects) == 0
    assert list(fit(panel, effects="year").year_effects.index) == list(panel.years)


def test_fit_answers_to_the_protocol() -> None:
    found = fit(simulated_panel())
    assert isinstance(found, Fit)
    assert found.title == "Fixed effects (city)"
    assert tuple(found.estimates.columns) == ESTIMATE_COLUMNS
    assert list(found.estimates.index) == ["a", "b", "constant"]
    assert list(found.covariance.columns) == ["a", "b", "constant"]
    assert list(found.facts)[:4] == ["observations", "cities", "years", "r2"]
    assert found.facts["standard_errors"] == "clustered by city"
    assert "rows_left_out" not in found.facts


def test_two_groups_of_cities_without_a_common_year_lose_one_constant_more() -> None:
    rows = simulate_rows(years=8)
    early = (rows["city"] < "006") == (rows["year"] < 2008)
    found = fit(as_panel(rows[early]), effects="city-year", covariance="classical")
    assert found.effects_test is not None
    assert found.effects_test.degrees == 12 + 8 - 2 - 1


def test_rows_with_missing_values_are_left_out_and_told() -> None:
    rows = simulate_rows()
    rows.loc[[0, 5], "a"] = np.nan
    rows.loc[5, "y"] = np.nan
    message = r"2 of 72 rows are left out .* \(y 1, a 2\)"
    with pytest.warns(MissingValueWarning, match=message) as caught:
        found = fit(as_panel(rows))
    assert caught[0].filename == __file__
    assert found.facts["rows_left_out"] == 2
    assert found.observations == 70
    complete = fit(as_panel(rows.dropna()))
    pd.testing.assert_frame_equal(found.estimates, complete.estimates)


def test_a_city_with_one_row_adds_a_city_and_no_slope() -> None:
    rows = simulate_rows()
    single = rows[(rows["city"] != "000") | (rows["year"] == 2004)]
    without = rows[rows["city"] != "000"]
    first, second = fit(as_panel(single)), fit(as_panel(without))
    np.testing.assert_allclose(first.slopes, second.slopes)
    assert first.cities == second.cities + 1


def test_two_way_clustering_that_is_not_positive_is_repaired_and_told() -> None:
    panel = simulated_panel(cities=8, years=4, seed=4)
    with pytest.warns(InferenceWarning, match="not positive definite"):
        found = fit(panel, effects="city-year", covariance="two-way-clustered")
    values = np.linalg.eigvalsh(found.covariance)
    assert values[0] > -1e-12
    assert found.slopes_test.degrees == 1


def test_two_way_clustering_without_any_variance_is_refused() -> None:
    panel = simulated_panel(cities=8, years=4, seed=20)
    with pytest.raises(EstimationError, match="no positive variance here"):
        fit(panel, effects="city-year", covariance="two-way-clustered")


def test_driscoll_kraay_equals_a_double_loop() -> None:
    panel = simulated_panel(years=9, missing=0.2)
    found = fit(panel, covariance=DriscollKraay(bandwidth=2))
    frame = panel.frame
    x = (frame - frame.groupby(level="city").transform("mean"))[["a", "b"]]
    scores = x.mul(found.residuals, axis="index").groupby(level="year").sum()
    meat = np.zeros((2, 2))
    for first in range(9):
        for second in range(9):
            weight = max(0.0, 1 - abs(first - second) / 3)
            meat += weight * np.outer(scores.iloc[first], scores.iloc[second])
    bread = np.linalg.inv(x.to_numpy().T @ x.to_numpy())
    rows = len(frame)
    factor = 9 / 8 * (rows - 1) / (rows - 3)
    np.testing.assert_allclose(
        found.covariance.iloc[:2, :2], factor * bread @ meat @ bread
    )
    assert found.standard_errors == "Driscoll-Kraay, bandwidth 2"


def test_large_means_lose_no_digits() -> None:
    rows = simulate_rows()
    plain = fit(as_panel(rows))
    moved = rows.assign(a=rows["a"] * 1e6 + 1e10)
    scaled = fit(as_panel(moved))
    assert scaled.slopes["a"] * 1e6 == pytest.approx(plain.slopes["a"], rel=1e-7)
    ratio = (
        scaled.estimates["statistic"].iloc[:2] / plain.estimates["statistic"].iloc[:2]
    )
    np.testing.assert_allclose(ratio, 1, rtol=1e-7)


def test_a_perfect_fit_is_told_as_such() -> None:
    rows = simulate_rows()
    found = fit(as_panel(rows.assign(y=2 * rows["a"] - rows["b"])))
    np.testing.assert_allclose(found.slopes, [2, -1])
    assert found.r2_within == pytest.approx(1)


def test_a_fit_without_any_error_has_no_tests() -> None:
    rows = simulate_rows(cities=4, years=2)
    rows["a"] = [0.0, 1.0, 0.0, 1.0, 0.0, 2.0, 0.0, 2.0]
    rows["y"] = 2 * rows["a"]
    found = fit_fixed_effects(as_panel(rows), "y", ["a"])
    assert found.slopes["a"] == pytest.approx(2)


def test_one_year_is_a_cross_section_without_effects() -> None:
    rows = simulate_rows(cities=30)
    panel = as_panel(rows[rows["year"] == 2004])
    assert fit(panel, effects="none").years == 1
    with pytest.raises(EstimationError, match=r"of one year, 2004; city effects"):
        fit(panel)
    with pytest.raises(EstimationError, match="at least two years"):
        fit(panel, effects="none", covariance="two-way-clustered")


def test_one_city_is_refused() -> None:
    rows = simulate_rows()
    with pytest.raises(EstimationError, match="of one city, '003'"):
        fit(as_panel(rows[rows["city"] == "003"]), effects="none")


@pytest.mark.parametrize(
    ("effects", "where"),
    [
        ("none", "'a' does not vary in the rows"),
        ("city", "'a' does not vary within cities"),
        ("year", "'a' does not vary between cities of the same year"),
        ("city-year", "other than from city to city or from year to year"),
    ],
)
def test_a_driver_without_variation_is_named(effects: Effects, where: str) -> None:
    rows = simulate_rows()
    size = rows["city"].astype(int) * 1000.7
    values = {
        "none": rows["y"] * 0 + 3.1,
        "city": size,
        "year": rows["year"] * 1.3,
        "city-year": size + rows["year"] * 1.3,
    }
    with pytest.raises(EstimationError, match=where):
        fit(as_panel(rows.assign(a=values[effects])), effects=effects)


def test_an_outcome_without_variation_is_named() -> None:
    rows = simulate_rows()
    rows["y"] = rows["city"].astype(float)
    with pytest.raises(EstimationError, match="outcome 'y' does not vary within"):
        fit(as_panel(rows))


def test_collinear_drivers_are_named() -> None:
    rows = simulate_rows()
    rows["c"] = rows["a"] - 3 * rows["b"] + rows["city"].astype(int)
    with pytest.raises(
        EstimationError, match="'c' is collinear with 'a', 'b'; leave one"
    ):
        fit_fixed_effects(as_panel(rows), "y", ["a", "b", "c"])


def test_infinite_values_are_refused() -> None:
    rows = simulate_rows()
    rows.loc[7, "a"] = -np.inf
    with pytest.raises(SpatialCoaggError, match=r"1 infinite values, .* 'a'"):
        fit(as_panel(rows))


def test_unknown_columns_are_refused() -> None:
    with pytest.raises(MissingColumnError, match="no column 'roads'"):
        fit_fixed_effects(simulated_panel(), "y", ["a", "roads"])


def test_too_few_rows_are_refused() -> None:
    rows = simulate_rows(cities=3, years=2)
    with pytest.raises(EstimationError, match="6 rows cannot identify 6 parameters"):
        fit(as_panel(rows), effects="city-year")


@pytest.mark.parametrize(
    ("outcome", "drivers", "message"),
    [
        ("y", "a", r"drivers must be a list of names, such as \['a'\]"),
        ("y", [], "name at least one driver"),
        ("y", ["a", "a"], "'a' occurs twice"),
        ("a", ["a", "b"], "'a' occurs twice"),
        ("y", ["name"], "'name' holds text"),
        ("y", ["constant"], "cannot be called 'constant'"),
        ("y", ["empty"], "no row of the panel has all of 'y', 'empty'"),
    ],
)
def test_impossible_requests_are_refused(
    outcome: str, drivers: list[str], message: str
) -> None:
    rows = simulate_rows().assign(name="x", constant=1.0, empty=np.nan)
    with pytest.raises(EstimationError, match=message):
        fit_fixed_effects(as_panel(rows), outcome, drivers)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="effects must be one of"):
        fit(simulated_panel(), effects="time")
    with pytest.raises(SpatialCoaggError, match="covariance must be one of"):
        fit(simulated_panel(), covariance="hc3")


def test_driscoll_kraay_needs_successive_years() -> None:
    rows = simulate_rows()
    panel = as_panel(rows[rows["year"] != 2006])
    with pytest.raises(EstimationError, match="no row is of 2006"):
        fit(panel, covariance=DriscollKraay())


def test_driscoll_kraay_needs_more_years_than_its_bandwidth() -> None:
    with pytest.raises(EstimationError, match="bandwidth of 6 years needs more than"):
        fit(simulated_panel(), covariance=DriscollKraay(bandwidth=6))
    with pytest.raises(SpatialCoaggError, match="bandwidth must be 0 or more"):
        DriscollKraay(bandwidth=-1)


@pytest.mark.slow
def test_clustered_intervals_cover_the_truth() -> None:
    inside = 0
    for seed in range(100):
        found = fit(simulated_panel(cities=40, seed=seed), effects="city-year")
        row = found.estimates.loc["a"]
        inside += int(row["lower"] <= 2 <= row["upper"])
    # 100 draws at 95 % have a standard deviation of 2.2 points.
    assert inside >= 89


def test_nothing_is_warned_of_complete_rows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(simulated_panel(missing=0.3), effects="city-year")
