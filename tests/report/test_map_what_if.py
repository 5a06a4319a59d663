import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from map_decoding import decode_numbers
from numpy.testing import assert_allclose
from what_if_layers import ENDS, make_layer, without_spillovers

from spatial_coagg import build_nearest, fit_spatial_panel, load_example, load_shapes
from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.planner.scenarios import what_if
from spatial_coagg.report.map_what_if import WhatIfLayer, encode_what_if

CITIES = pd.Index([f"{k:02d}" for k in range(14)], name="city")
LAYER = make_layer(CITIES)
PANEL = load_example("spatial").balanced_panel


@pytest.fixture(scope="module")
def fit() -> SpatialPanelFit:
    weights = build_nearest(load_shapes(), k=4, cities=PANEL.cities)
    return fit_spatial_panel(PANEL, weights, "ln_cr", ["ln_theta", "ln_gdp"])


@pytest.mark.parametrize("percent", [10, -25])
def test_a_fit_makes_the_numbers_of_what_if(
    fit: SpatialPanelFit, percent: float
) -> None:
    theta = PANEL.frame["theta"]
    layer = WhatIfLayer.from_fit(
        fit, "ln_theta", theta=theta, outcome="CR", draws=150, rng=7
    )
    asked = what_if(fit, {"320500": percent}, theta=theta, draws=150, rng=7)
    shown = layer.changes("320500", percent)
    told = asked.cities[["lower", "total", "upper"]]
    assert_allclose(shown, told, rtol=1e-8, atol=1e-12)
    sums = asked.overall.loc[["own", "neighbours", "total"], ENDS] * 100
    assert_allclose(layer.sums("320500", percent), sums, rtol=1e-8)
    assert layer.theta["320500"] == theta["320500"].iloc[-1]
    assert layer.theta_range == (theta.min(), theta.max())


def test_a_fall_turns_the_interval_round() -> None:
    up, down = LAYER.changes("03", 10), LAYER.changes("03", -10)
    assert (down["lower"] <= down["median"]).all()
    assert (down["median"] <= down["upper"]).all()
    ratio = math.log(0.9) / math.log(1.1)
    turned = 100 * np.expm1(np.log1p(up / 100) * ratio)
    assert_allclose(down["lower"], turned["upper"])
    sums = LAYER.sums("03", -10)
    assert_allclose(sums["lower"], LAYER.sums("03", 10)["upper"] * ratio)


def test_the_step_is_that_of_the_drivers_scale() -> None:
    before = float(LAYER.theta["05"])
    steps = {
        scale: replace(LAYER, driver_scale=scale).step("05", 20)
        for scale in ("ln", "ln1p", "level")
    }
    assert_allclose(steps["ln"], np.log(1.2))
    assert_allclose(steps["ln1p"], np.log(1 + 1.2 * before) - np.log(1 + before))
    assert_allclose(steps["level"], 0.2 * before)


def test_an_outcome_in_levels_is_told_in_its_units() -> None:
    layer = replace(LAYER, outcome_logged=False)
    place = CITIES.get_loc("05")
    plain = LAYER.responses.median[:, place] * math.log(1.1)
    assert_allclose(layer.changes("05", 10)["median"], plain)
    assert_allclose(layer.sums("05", 10).loc["own", "median"], plain[place])
    assert_allclose(LAYER.sums("05", 10), 100 * layer.sums("05", 10))


def test_two_digits_of_a_typical_neighbour_are_shown() -> None:
    for percent in (0.1, 1, 10, 100):
        size = 100 * LAYER.typical * math.log1p(percent / 100)
        shown = f"{size:.{LAYER.decimals('05', percent)}f}"
        digits = shown.replace(".", "").lstrip("0")
        assert len(digits) == 2 or (size >= 100 and "." not in shown)
    assert LAYER.decimals("05", 0) == 2


def test_a_model_without_spillovers_is_measured_by_its_own_effects() -> None:
    alone = without_spillovers(LAYER)
    assert_allclose(alone.typical, np.median(np.diag(LAYER.responses.median)))


def test_encoded_responses_come_back_finer_than_any_digit_shown() -> None:
    coded = encode_what_if(LAYER, cities=CITIES)
    unit = coded["unit"]
    parts = {
        name: np.array(decode_numbers(coded[name])).reshape(14, 14)  # type: ignore[literal-required]
        for name in ("median", "below", "above")
    }
    read = {
        "median": parts["median"],
        "lower": parts["median"] - parts["below"],
        "upper": parts["median"] + parts["above"],
    }
    for name, whole in read.items():
        exact = getattr(LAYER.responses, name).T
        assert np.abs(whole / unit - exact).max() <= 0.5 / unit
        assert (np.sign(whole) == np.sign(exact)).all()
    assert 0.5 / unit <= LAYER.typical / 100 / 2000


def test_a_tiny_response_keeps_its_sign() -> None:
    found = LAYER.responses
    tiny = replace(found, lower=np.where(found.lower > 0, 1e-13, found.lower))
    coded = encode_what_if(replace(LAYER, responses=tiny), cities=CITIES)
    lower = np.array(decode_numbers(coded["median"])) - decode_numbers(coded["below"])
    assert (np.sign(lower.reshape(14, 14)) == np.sign(found.lower.T)).all()


def test_cities_are_places_on_a_map_in_its_own_order() -> None:
    wide = pd.Index(["99", *CITIES[::-1], "a"], name="city")
    coded = encode_what_if(LAYER, cities=wide)
    assert [wide[place] for place in coded["cities"]] == list(CITIES)
    assert_allclose(coded["own"], LAYER.own.to_numpy(), rtol=1e-11)
    assert coded["terms"] == {"driver": "θ", "outcome": "patents", "level": "90"}


def test_only_percentages_can_be_too_huge_to_write() -> None:
    levels = replace(LAYER, outcome_logged=False)
    assert encode_what_if(LAYER, cities=CITIES)["huge"] == 1000
    assert encode_what_if(levels, cities=CITIES)["huge"] is None


def test_a_map_without_a_city_of_the_model_is_refused() -> None:
    with pytest.raises(AlignmentError, match=r"boundaries lacks 1 of the 14 .* '13'"):
        encode_what_if(LAYER, cities=CITIES[:-1])


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="percent must be above -100, got -100"):
        LAYER.changes("05", -100)
    with pytest.raises(SpatialCoaggError, match="city 'zz' takes no part in the model"):
        LAYER.sums("zz", 10)


def test_parts_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="theta must have the cities of resp"):
        replace(LAYER, theta=LAYER.theta.iloc[::-1])
    with pytest.raises(SpatialCoaggError, match="theta_range must be the least"):
        replace(LAYER, theta_range=(2.0, 1.0))
    with pytest.raises(SpatialCoaggError, match="driver_scale must be one of 'ln'"):
        replace(LAYER, driver_scale="log")  # type: ignore[arg-type]
