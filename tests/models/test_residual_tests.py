import numpy as np
import pandas as pd
import pytest
from scipy import stats
from static_data import as_panel, simulate_rows, simulated_panel

from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.residual_tests import (
    cross_section_test,
    equal_variance_test,
    serial_correlation_test,
)


def residuals_of(missing: float = 0.0, seed: int = 0) -> pd.Series:
    panel = simulated_panel(missing=missing, seed=seed)
    return fit_fixed_effects(panel, "y", ["a", "b"]).residuals


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_cross_section_test_equals_a_double_loop(missing: float) -> None:
    residuals = residuals_of(missing)
    grid = residuals.unstack("city")
    total, pairs = 0.0, 0
    for first in range(grid.shape[1]):
        for second in range(first + 1, grid.shape[1]):
            both = grid.iloc[:, [first, second]].dropna()
            if len(both) >= 3:
                correlation = np.corrcoef(both.to_numpy(), rowvar=False)[0, 1]
                total += np.sqrt(len(both)) * correlation
                pairs += 1
    test = cross_section_test(residuals)
    assert test.statistic == pytest.approx(total / np.sqrt(pairs))
    assert test.p_value == pytest.approx(2 * stats.norm.sf(abs(test.statistic)))


def test_cross_section_test_ignores_the_order_of_rows() -> None:
    residuals = residuals_of(0.2)
    shuffled = residuals.sample(frac=1.0, random_state=1)
    assert cross_section_test(shuffled) == cross_section_test(residuals)


def test_shared_shocks_are_found() -> None:
    rows = simulate_rows(cities=20, years=10)
    shock = np.random.default_rng(3).normal(size=10)
    rows["y"] += 3 * shock[rows["year"] - 2004]
    fit = fit_fixed_effects(as_panel(rows), "y", ["a", "b"])
    assert cross_section_test(fit.residuals).p_value < 0.001


def test_pairs_without_common_years_are_refused() -> None:
    residuals = residuals_of()
    early = residuals.index.get_level_values("year") < 2006
    with pytest.raises(EstimationError, match="no two cities share three years"):
        cross_section_test(residuals[early])


def test_other_index_is_refused() -> None:
    with pytest.raises(EstimationError, match="index must be"):
        cross_section_test(residuals_of().reset_index(drop=True))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_equal_variance_test_equals_a_loop(missing: float) -> None:
    residuals = residuals_of(missing, seed=2)
    overall = float(np.mean(np.square(residuals)))
    statistic, cities = 0.0, 0
    for _, own in residuals.groupby(level="city"):
        if len(own) < 3:
            continue
        squares = np.square(own.to_numpy())
        spread = np.sum((squares - squares.mean()) ** 2)
        variance = spread / (len(own) * (len(own) - 1))
        statistic += (squares.mean() - overall) ** 2 / variance
        cities += 1
    test = equal_variance_test(residuals)
    assert test.statistic == pytest.approx(statistic)
    assert test.degrees == cities


def test_cities_with_two_years_cannot_be_compared() -> None:
    panel = simulated_panel(years=2)
    residuals = fit_fixed_effects(panel, "y", ["a"]).residuals
    with pytest.raises(EstimationError, match="residuals of different size"):
        equal_variance_test(residuals)


def test_serial_correlation_equals_two_regressions_written_out() -> None:
    rows = simulate_rows(cities=15, years=7, missing=0.1)
    frame = rows.set_index(["city", "year"]).sort_index()
    before = frame.copy()
    before.index = pd.MultiIndex.from_arrays(
        [frame.index.get_level_values(0), frame.index.get_level_values(1) + 1]
    )
    changes = (frame - before.reindex(frame.index)).dropna()
    x, y = changes[["a", "b"]].to_numpy(), changes["y"].to_numpy()
    left = pd.Series(y - x @ np.linalg.solve(x.T @ x, x.T @ y), changes.index)
    pairs = [
        (city, left[city, year], left[city, year - 1])
        for city, year in left.index
        if (city, year - 1) in left.index
    ]
    now, past = (np.array([pair[k] for pair in pairs]) for k in (1, 2))
    slope = past @ now / (past @ past)
    scores: dict[str, float] = {}
    for city, value, previous in pairs:
        scores[city] = scores.get(city, 0.0) + previous * (value - slope * previous)
    clusters, count = len(scores), len(pairs)
    variance = (
        clusters
        / (clusters - 1)
        * sum(score**2 for score in scores.values())
        / (past @ past) ** 2
    )
    test = serial_correlation_test(as_panel(rows), "y", ["a", "b"])
    assert count > clusters
    assert test.statistic == pytest.approx((slope + 0.5) ** 2 / variance)
    assert test.residual_degrees == clusters - 1


def test_constant_errors_pass_and_walks_fail() -> None:
    rows = simulate_rows(cities=60, years=8)
    assert serial_correlation_test(as_panel(rows), "y", ["a", "b"]).p_value > 0.01
    walk = np.random.default_rng(1).normal(size=(60, 8)).cumsum(axis=1).ravel()
    walking = as_panel(rows.assign(y=rows["y"] + 3 * walk))
    assert serial_correlation_test(walking, "y", ["a", "b"]).p_value < 0.001
    fresh = serial_correlation_test(walking, "y", ["a", "b"], errors="differences")
    assert fresh.hypothesis.startswith("differenced errors")


def test_too_short_panel_is_refused() -> None:
    with pytest.raises(EstimationError, match="three successive years"):
        serial_correlation_test(simulated_panel(years=2), "y", ["a"])


def test_unknown_errors_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="errors must be one of"):
        serial_correlation_test(
            simulated_panel(),
            "y",
            ["a"],
            errors="both",  # type: ignore[arg-type]  # the error is the test
        )
