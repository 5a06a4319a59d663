import pandas as pd
import pytest

from spatial_coagg.errors import SettingsError
from spatial_coagg.planner.neighbours import build_weights, describe_rule
from spatial_coagg.planner.settings import WeightsSettings
from spatial_coagg.report.words import Words
from spatial_coagg.tables.shapes import load_shapes
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.distance import (
    build_distance_band,
    build_inverse_distance,
    build_nearest,
)

SHAPES = load_shapes()
PLACES = SHAPES.loc[SHAPES.index.str.startswith("32")]
CITIES = pd.Index(PLACES.index.sort_values(), name="city")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"rule": "queen"}, build_contiguity(PLACES, cities=CITIES)),
        ({"rule": "rook"}, build_contiguity(PLACES, cities=CITIES, rule="rook")),
        ({"rule": "nearest", "k": 3}, build_nearest(PLACES, k=3, cities=CITIES)),
        (
            {"rule": "nearest", "k": 3, "points": "seat"},
            build_nearest(PLACES, k=3, cities=CITIES, points=("seat_lon", "seat_lat")),
        ),
        (
            {"rule": "band", "band_km": 200, "points": "centroid"},
            build_distance_band(PLACES, band_km=200, cities=CITIES, points="centroid"),
        ),
        (
            {"rule": "inverse-distance", "power": 1},
            build_inverse_distance(PLACES, power=1, cities=CITIES),
        ),
    ],
)
def test_each_rule_is_its_builder(
    settings: dict[str, object], expected: object
) -> None:
    chosen = WeightsSettings.model_validate(settings)
    found = weight_matrix(build_weights(PLACES, CITIES, chosen))
    assert abs(found - weight_matrix(expected)).max() == 0
    assert describe_rule(chosen, Words()).endswith(".")


def test_seats_need_a_map_that_has_them() -> None:
    chosen = WeightsSettings(rule="nearest", k=2, points="seat")
    with pytest.raises(SettingsError, match="seat"):
        build_weights(PLACES[["geometry"]], CITIES, chosen)


def test_rules_are_described_by_what_they_do() -> None:
    said = {
        rule: describe_rule(
            WeightsSettings.model_validate(rest | {"rule": rule}), Words()
        )
        for rule, rest in (
            ("queen", {}),
            ("nearest", {"k": 4}),
            ("band", {"band_km": 150}),
        )
    }
    assert "border" in said["queen"]
    assert "4 nearest" in said["nearest"]
    assert "150" in said["band"]
