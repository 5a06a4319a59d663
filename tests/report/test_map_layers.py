import numpy as np
import pandas as pd
import pytest
from map_decoding import decode_values

from spatial_coagg.errors import AlignmentError, DuplicateKeyError, SpatialCoaggError
from spatial_coagg.report.classes import class_breaks
from spatial_coagg.report.map_layers import EncodedLayer, Layer, encode_layers

CITIES = pd.Index(["A", "B", "C"], name="city")


def by_year(*rows: tuple[str, int, float]) -> pd.Series:
    index = pd.MultiIndex.from_tuples([r[:2] for r in rows], names=["city", "year"])
    return pd.Series([row[2] for row in rows], index=index)


def encode_one(layer: Layer) -> EncodedLayer:
    return encode_layers({"theta": layer}, cities=CITIES)[1][0]


def values_of(layer: EncodedLayer, cities: int = 3) -> list[list[int | None]]:
    return decode_values(layer["values"], cities=cities)


def test_values_are_whole_numbers_by_year_and_city() -> None:
    values = by_year(("B", 2005, 2.5), ("A", 2004, 1.25), ("A", 2005, 1.5))
    years, [layer] = encode_layers({"theta": Layer(values)}, cities=CITIES)
    assert years == [2004, 2005]
    assert layer["decimals"] == 3
    assert values_of(layer) == [[1250, None, None], [1500, 2500, None]]


def test_levels_may_come_year_first() -> None:
    values = by_year(("A", 2004, 1.0), ("B", 2005, 2.0))
    swapped = values.swaplevel().sort_index()
    assert encode_one(Layer(values)) == encode_one(Layer(swapped))


def test_the_order_of_the_rows_plays_no_part() -> None:
    values = by_year(("A", 2004, 1.0), ("B", 2005, 2.0), ("C", 2004, 3.0))
    assert encode_one(Layer(values)) == encode_one(Layer(values.iloc[::-1]))


def test_a_layer_covers_the_years_of_all() -> None:
    layers = {
        "one": Layer(by_year(("A", 2004, 1.0))),
        "two": Layer(by_year(("A", 2006, 1.0))),
        "still": Layer(pd.Series([1.0, 2.0], index=["A", "B"])),
    }
    years, encoded = encode_layers(layers, cities=CITIES)
    assert years == [2004, 2006]
    assert [len(values_of(layer)) for layer in encoded] == [2, 2, 1]
    assert [layer["still"] for layer in encoded] == [False, False, True]
    assert values_of(encoded[0])[1] == [None, None, None]


def test_classes_are_those_of_the_numbers_shown() -> None:
    numbers = np.random.default_rng(1).normal(2, 0.5, 300)
    cities = pd.Index([f"{k:03d}" for k in range(300)], name="city")
    layer = Layer(pd.Series(numbers, index=cities))
    encoded = encode_layers({"theta": layer}, cities=cities)[1][0]
    scheme = encoded["schemes"][0]
    breaks = np.array(scheme["breaks"]) / 10 ** encoded["decimals"]
    shown = np.round(numbers, encoded["decimals"])
    counts = np.bincount(np.searchsorted(breaks, shown))
    assert len(scheme["colours"]) == len(counts) == 6
    assert counts.min() > 40


def test_the_three_rules_are_offered_behind_the_one_chosen() -> None:
    values = pd.Series([0.0, 1.0, 10.0], index=CITIES)
    names = [
        [scheme["name"] for scheme in encode_one(layer)["schemes"]]
        for layer in (Layer(values, scheme="equal"), Layer(values, scheme=[2.0]))
    ]
    assert names == [
        ["equal", "quantile", "fisher-jenks"],
        ["given", "quantile", "fisher-jenks", "equal"],
    ]


def test_each_rule_is_that_of_class_breaks() -> None:
    numbers = np.random.default_rng(4).lognormal(0, 1, 60)
    cities = pd.Index([f"{k:02d}" for k in range(60)], name="city")
    layer = Layer(pd.Series(numbers, index=cities), classes=4)
    encoded = encode_layers({"theta": layer}, cities=cities)[1][0]
    for scheme in encoded["schemes"]:
        exact = class_breaks(numbers, scheme=scheme["name"], classes=4)  # type: ignore[arg-type]  # a name
        shown = np.array(scheme["breaks"]) / 10 ** encoded["decimals"]
        np.testing.assert_allclose(shown, exact, atol=0.06 * np.diff(exact).min())


def test_breaks_given_are_kept_to_the_digit() -> None:
    values = pd.Series([1000.0, 2000.0, 3000.0], index=CITIES)
    layer = encode_one(Layer(values, scheme=[1500.25, 2500.0]))
    assert (layer["decimals"], layer["schemes"][0]["decimals"]) == (2, 2)
    assert layer["schemes"][0]["breaks"] == [150025, 250000]


def test_breaks_without_end_are_written_with_nine_decimals() -> None:
    values = pd.Series([0.1, 0.2, 0.4], index=CITIES)
    assert encode_one(Layer(values, scheme=[1 / 3]))["schemes"][0]["decimals"] == 9


def test_large_numbers_have_no_decimals_and_constants_some() -> None:
    large = pd.Series([1e6, 2e6, 3e6], index=CITIES)
    assert encode_one(Layer(large))["decimals"] == 0
    same = pd.Series([2.5, 2.5, 2.5], index=CITIES)
    assert values_of(encode_one(Layer(same))) == [[2500, 2500, 2500]]
    zero = pd.Series([0.0, 0.0, 0.0], index=CITIES)
    assert [s["breaks"] for s in encode_one(Layer(zero))["schemes"]] == [[], [], []]


def test_integers_with_missing_values_are_numbers() -> None:
    values = pd.Series([1, None, 3], index=CITIES, dtype="Int64")
    assert values_of(encode_one(Layer(values)))[0][1] is None


def test_text_makes_classes_without_order() -> None:
    values = pd.Series(["low", "high", None], index=CITIES)
    layer = encode_one(Layer(values))
    assert layer["labels"] == ["high", "low"]
    assert values_of(layer) == [[1, 0, None]]


def test_categories_keep_their_order_and_colours() -> None:
    kinds = pd.Categorical(["low", "high", "low"], categories=["low", "high", "none"])
    colours = {"low": "#111111", "high": "#222222", "none": "#333333"}
    layer = encode_one(Layer(pd.Series(kinds, index=CITIES), palette=colours))
    assert layer["labels"] == ["low", "high", "none"]
    assert layer["schemes"][0]["colours"] == ["#111111", "#222222", "#333333"]


def test_a_city_that_is_not_on_the_map_is_named() -> None:
    values = pd.Series([1.0, 2.0], index=["A", "Z"])
    with pytest.raises(
        AlignmentError, match="boundaries lacks 1 of the 2 cities of layer 'theta': 'Z'"
    ):
        encode_one(Layer(values))


def test_a_city_twice_is_refused() -> None:
    with pytest.raises(DuplicateKeyError, match="layer 'theta' has 1 duplicated keys"):
        encode_one(Layer(pd.Series([1.0, 2.0], index=["A", "A"])))
    with pytest.raises(DuplicateKeyError, match="layer 'theta'"):
        encode_one(Layer(by_year(("A", 2004, 1.0), ("A", 2004, 2.0))))


def test_levels_without_their_names_are_refused() -> None:
    values = by_year(("A", 2004, 1.0)).rename_axis(["place", "year"])
    with pytest.raises(SpatialCoaggError, match="its index levels are 'place', 'year'"):
        encode_one(Layer(values))


def test_infinite_empty_and_no_layers_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match=r"infinite values.*ln\(1 \+ x\)"):
        encode_one(Layer(pd.Series([1.0, -np.inf], index=["A", "B"])))
    with pytest.raises(SpatialCoaggError, match="layer 'theta' has no value at all"):
        encode_one(Layer(pd.Series([np.nan], index=["A"])))
    with pytest.raises(SpatialCoaggError, match="layers is empty"):
        encode_layers({}, cities=CITIES)


def test_numbers_take_no_mapping_of_colours() -> None:
    layer = Layer(pd.Series([1.0], index=["A"]), palette={"a": "#111111"})
    with pytest.raises(SpatialCoaggError, match="its palette must be named"):
        encode_one(layer)
