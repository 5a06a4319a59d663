import numpy as np
import pytest
from libpysal.graph import Graph

from spatial_coagg.simulate.panels import Spatial, simulate_panel
from spatial_coagg.simulate.truth import Truth

PAIRS = {"a": {"b": 1.0}, "b": {"a": 0.5, "c": 0.5}, "c": {"b": 1.0}}


@pytest.fixture
def truth() -> Truth:
    process = Spatial(
        Graph.from_weights_dict(PAIRS), rho=0.4, spillovers={"roads": 0.2}
    )
    return simulate_panel({"roads": 0.5, "rails": 0.1}, process=process, rng=1).truth


def test_effects_are_what_raising_each_city_in_turn_does(truth: Truth) -> None:
    w = np.array([[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]])
    own, on_others = [], []
    for city in range(3):
        raised = np.zeros(3)
        raised[city] = 1.0
        response = np.linalg.solve(np.eye(3) - 0.4 * w, 0.5 * raised + 0.2 * w @ raised)
        own.append(response[city])
        on_others.append(response.sum() - response[city])
    effects = truth.effects.loc["roads"]
    assert effects["direct"] == pytest.approx(np.mean(own))
    assert effects["indirect"] == pytest.approx(np.mean(on_others))


def test_total_effect_of_standard_rows_is_the_closed_form(truth: Truth) -> None:
    expected = [(0.5 + 0.2) / 0.6, 0.1 / 0.6]
    np.testing.assert_allclose(truth.effects["total"], expected)


def test_drivers_are_neither_spillovers_nor_rho(truth: Truth) -> None:
    assert truth.drivers == ["roads", "rails"]
    assert truth.coefficients.to_dict() == {
        "roads": 0.5,
        "rails": 0.1,
        "W.roads": 0.2,
        "rho": 0.4,
    }
