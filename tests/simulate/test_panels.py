import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.simulate.panels import Dynamic, Spatial, simulate_panel

SLOPES = {"roads": 0.8, "schools": -0.5}


def ring(cities: int) -> Graph:
    """Link each city to the one before and the one after."""
    codes = [f"{number:03d}" for number in range(cities)]
    rows = {
        code: {codes[place - 1]: 0.5, codes[(place + 1) % cities]: 0.5}
        for place, code in enumerate(codes)
    }
    return Graph.from_weights_dict(rows)


def test_static_outcome_is_its_equation() -> None:
    simulated = simulate_panel(
        SLOPES, cities=5, years=4, year_sd=0.7, noise_sd=0.0, rng=1
    )
    frame, truth = simulated.panel.frame, simulated.truth
    for (city, year), row in frame.iterrows():  # type: ignore[misc] # a pair of keys
        expected = 0.8 * row["roads"] - 0.5 * row["schools"]
        expected += truth.city_effects[city] + truth.year_effects[year]
        assert row["y"] == pytest.approx(expected, abs=1e-12)


def test_dynamic_outcome_is_its_equation() -> None:
    simulated = simulate_panel(
        SLOPES, process=Dynamic(0.6), cities=5, years=4, noise_sd=0.0, rng=1
    )
    truth = simulated.truth
    y, roads, schools = (
        simulated.panel.frame[name].unstack("year") for name in ("y", *SLOPES)
    )
    for year in (2005, 2006, 2007):
        expected = 0.6 * y[year - 1] + 0.8 * roads[year] - 0.5 * schools[year]
        np.testing.assert_allclose(y[year], expected + truth.city_effects, rtol=1e-12)
    settled = (0.8 * roads[2004] - 0.5 * schools[2004] + truth.city_effects) / 0.4
    np.testing.assert_allclose(y[2004], 0.6 * settled + 0.4 * settled, rtol=1e-12)


def test_spatial_outcome_is_its_equation() -> None:
    process = Spatial(ring(7), rho=0.3, spillovers={"roads": 0.2})
    simulated = simulate_panel(SLOPES, process=process, years=3, noise_sd=0.0, rng=1)
    truth = simulated.truth
    w = ring(7).sparse.toarray()
    for year in (2004, 2006):
        now = simulated.panel.frame.xs(year, level="year")
        y, roads, schools = (now[name].to_numpy() for name in ("y", *SLOPES))
        right = 0.8 * roads - 0.5 * schools + 0.2 * w @ roads
        right += truth.city_effects.to_numpy() + truth.year_effects[year]
        np.testing.assert_allclose(y - 0.3 * w @ y, right, rtol=1e-12, atol=1e-12)


def test_same_seed_gives_the_same_panel() -> None:
    first, second = (simulate_panel(SLOPES, rng=5).panel.frame for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_within_estimator_recovers_the_truth_and_pooling_does_not() -> None:
    simulated = simulate_panel({"roads": 0.8}, cities=400, city_sd=2.0, rng=2)
    frame = simulated.panel.frame
    within = frame - frame.groupby(level="city").transform("mean")
    slope = (within["roads"] * within["y"]).sum() / (within["roads"] ** 2).sum()
    error = 0.5 / np.sqrt((within["roads"] ** 2).sum())
    assert abs(slope - 0.8) < 2 * error
    pooled = np.polyfit(frame["roads"], frame["y"], 1)[0]
    assert pooled > 0.8 + 20 * error


def test_city_effects_of_a_dynamic_panel_are_independent_of_the_drivers() -> None:
    simulated = simulate_panel({"roads": 0.8}, process=Dynamic(), cities=4000, rng=3)
    mean = simulated.panel.frame["roads"].groupby(level="city").mean()
    assert abs(np.corrcoef(mean, simulated.truth.city_effects)[0, 1]) < 0.05


def test_burn_in_of_zero_starts_where_the_city_would_settle() -> None:
    process = Dynamic(0.5, burn_in=0)
    simulated = simulate_panel(
        {"roads": 1.0}, process=process, cities=3, noise_sd=0.0, rng=4
    )
    first = simulated.panel.frame.xs(2004, level="year")
    expected = (first["roads"] + simulated.truth.city_effects) / 0.5
    np.testing.assert_allclose(first["y"], expected)


def test_cities_of_a_spatial_panel_are_those_of_its_weights() -> None:
    simulated = simulate_panel(SLOPES, process=Spatial(ring(6)), cities=6, rng=1)
    assert simulated.panel.cities.to_list() == [f"{number:03d}" for number in range(6)]
    with pytest.raises(SpatialCoaggError, match="weights have 6 cities, not 7"):
        simulate_panel(SLOPES, process=Spatial(ring(6)), cities=7)


def test_spillover_of_no_driver_is_refused() -> None:
    process = Spatial(ring(6), spillovers={"rails": 0.1})
    with pytest.raises(SpatialCoaggError, match="'rails' belong to no driver"):
        simulate_panel(SLOPES, process=process)


@pytest.mark.parametrize(("previous", "burn_in"), [(1.0, 40), (0.5, -1)])
def test_process_that_never_settles_is_refused(previous: float, burn_in: int) -> None:
    with pytest.raises(SpatialCoaggError, match="between -1 and 1 and burn_in"):
        Dynamic(previous, burn_in)


def test_panel_of_nothing_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="got 0, 60 and 8"):
        simulate_panel({})
    with pytest.raises(SpatialCoaggError, match="got 2, 1 and 0"):
        simulate_panel(SLOPES, cities=1, years=0)


def test_equation_says_which_process_it_is() -> None:
    processes = (None, Dynamic(), Spatial(ring(5)))
    equations = [
        simulate_panel(SLOPES, process=process, rng=1).truth.equation
        for process in processes
    ]
    assert equations == [
        "y = x b + city + year + noise",
        "y = previous y(t-1) + x b + city + year + noise",
        "(I - rho W) y = x b + W x g + city + year + noise",
    ]
