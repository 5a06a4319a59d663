import itertools

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import lat2W
from scipy import stats

from spatial_coagg.autocorrelation.moran import global_moran, moran_by_year
from spatial_coagg.errors import (
    AlignmentError,
    IsolatedCityWarning,
    LostLinkWarning,
    MissingColumnError,
    SpatialCoaggError,
    UnbalancedPanelError,
)
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.align import weight_matrix


def lattice(side: int) -> Graph:
    graph = Graph.from_W(lat2W(side, side)).transform("R")
    adjacency = graph.adjacency.rename(lambda place: f"{place:03d}")
    return Graph(adjacency)


def draw(side: int, seed: int = 0) -> pd.Series:
    values = np.random.default_rng(seed).normal(size=side * side)
    codes = [f"{place:03d}" for place in range(side * side)]
    return pd.Series(values, index=codes)


def test_statistic_and_moments_are_those_of_all_orders() -> None:
    values = pd.Series([1.0, 2.0, 4.0, 8.0, 9.0, 3.0], index=list("abcdef"))
    links = pd.Series(
        [1.0, 0.5, 0.5, 1.0, 0.3, 0.7, 1.0, 1.0],
        index=pd.MultiIndex.from_tuples(
            [
                ("a", "b"),
                ("b", "a"),
                ("b", "c"),
                ("c", "d"),
                ("d", "c"),
                ("d", "e"),
                ("e", "f"),
                ("f", "e"),
            ],
            names=["focal", "neighbor"],
        ),
        name="weight",
    )
    graph = Graph(links)
    w = weight_matrix(graph).toarray()
    z = values.to_numpy() - values.mean()
    every = np.array(
        [
            len(z) / w.sum() * (np.array(order) @ w @ np.array(order)) / (z @ z)
            for order in itertools.permutations(z)
        ]
    )
    test = global_moran(values, graph, permutations=99_999, rng=3)
    assert every.mean() == pytest.approx(-1 / 5, abs=1e-12)
    assert test.variance_randomisation == pytest.approx(every.var(), rel=1e-10)
    above = np.mean(every >= test.statistic - 1e-12)
    below = np.mean(every <= test.statistic + 1e-12)
    exact = min(1.0, 2 * min(above, below))
    assert test.p_permutation == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_p_values_follow_the_alternative(alternative: str) -> None:
    values, graph = draw(6, seed=4), lattice(6)
    test = global_moran(values, graph, alternative=alternative, rng=1)
    normal = {
        "greater": stats.norm.sf(test.z_normal),
        "less": stats.norm.cdf(test.z_normal),
        "two-sided": 2 * stats.norm.sf(abs(test.z_normal)),
    }
    assert test.p_normal == pytest.approx(normal[alternative], rel=1e-12)
    assert test.p_permutation == pytest.approx(test.p_randomisation, abs=0.03)


def test_clustered_values_reach_the_least_p_value() -> None:
    graph = lattice(8)
    values = pd.Series(np.arange(64.0), index=graph.unique_ids)
    test = global_moran(values, graph, permutations=999, rng=1)
    assert test.p_permutation == 2 / 1000


def test_order_shift_and_scale_change_nothing() -> None:
    values, graph = draw(6), lattice(6)
    first = global_moran(values, graph, permutations=99, rng=5)
    shuffled = values.sample(frac=1, random_state=1)
    assert global_moran(shuffled, graph, permutations=99, rng=5) == first
    moved = global_moran(3.5 * values + 10, graph, permutations=99, rng=5)
    assert moved.statistic == pytest.approx(first.statistic, rel=1e-10)
    assert moved.p_permutation == first.p_permutation


def with_island() -> tuple[pd.Series, Graph]:
    values = draw(4)
    graph = lattice(4)
    adjacency = pd.concat(
        [
            graph.adjacency,
            pd.Series(
                [0.0],
                index=pd.MultiIndex.from_tuples(
                    [("999", "999")], names=["focal", "neighbor"]
                ),
                name="weight",
            ),
        ]
    )
    return pd.concat([values, pd.Series({"999": 50.0})]), Graph(adjacency)


def test_an_island_is_left_out_and_named() -> None:
    values, graph = with_island()
    with pytest.warns(IsolatedCityWarning, match="'999'"):
        test = global_moran(values, graph, permutations=0)
    assert test.islands == ("999",)
    assert test.cities == 16
    alone = global_moran(values.drop("999"), lattice(4), permutations=0)
    assert test.statistic == alone.statistic


def test_other_cities_are_refused() -> None:
    with pytest.raises(AlignmentError, match="'x'"):
        global_moran(draw(4).rename({"000": "x"}), lattice(4))


def test_a_missing_value_is_named() -> None:
    values = draw(4)
    values["003"] = np.nan
    with pytest.raises(SpatialCoaggError, match="1 cities have no value: '003'"):
        global_moran(values, lattice(4))


def test_equal_values_are_refused() -> None:
    with pytest.raises(
        SpatialCoaggError, match=r"all 16 values of 'values' are equal to 2"
    ):
        global_moran(draw(4) * 0 + 2.0, lattice(4))


def test_few_cities_are_refused() -> None:
    links = pd.Series(
        [1.0, 1.0],
        index=pd.MultiIndex.from_tuples(
            [("a", "b"), ("b", "a")], names=["focal", "neighbor"]
        ),
        name="weight",
    )
    with pytest.raises(SpatialCoaggError, match="at least 4 cities"):
        global_moran(pd.Series({"a": 1.0, "b": 2.0}), Graph(links))


def test_negative_permutations_and_unknown_alternatives_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="permutations must be 0 or more"):
        global_moran(draw(4), lattice(4), permutations=-1)
    with pytest.raises(SpatialCoaggError, match="alternative must be one of"):
        global_moran(draw(4), lattice(4), alternative="both")  # type: ignore[arg-type]


def make_panel() -> Panel:
    frames = [
        draw(4, seed).rename("theta").rename_axis("city").reset_index().assign(year=y)
        for seed, y in enumerate((2004, 2005, 2006))
    ]
    return Panel.from_frame(pd.concat(frames), city="city", year="year")


def test_each_year_is_the_test_of_its_values() -> None:
    found = moran_by_year(make_panel(), "theta", lattice(4), permutations=0).frame
    assert list(found.index) == [2004, 2005, 2006]
    for seed, year in enumerate(found.index):
        alone = global_moran(draw(4, seed), lattice(4), permutations=0)
        assert found.loc[year, "statistic"] == alone.statistic


def test_a_mapping_gives_each_year_its_weights() -> None:
    mapping = {2004: lattice(4), 2005: lattice(4), 2006: lat2W(4, 4)}
    ids = [f"{place:03d}" for place in range(16)]
    mapping[2006].remap_ids(ids)
    mapping[2006].transform = "r"
    same = moran_by_year(make_panel(), "theta", lattice(4), permutations=9, rng=1)
    found = moran_by_year(make_panel(), "theta", mapping, permutations=9, rng=1)
    pd.testing.assert_frame_equal(found.frame, same.frame)
    del mapping[2005]
    with pytest.raises(SpatialCoaggError, match="no weights for 2005"):
        moran_by_year(make_panel(), "theta", mapping, permutations=0)


def test_a_year_keeps_its_chance_whatever_the_others_are() -> None:
    found = moran_by_year(make_panel(), "theta", lattice(4), permutations=99, rng=2)
    again = moran_by_year(make_panel(), "theta", lattice(4), permutations=99, rng=2)
    pd.testing.assert_frame_equal(found.frame, again.frame)


def panel_with_gap() -> Panel:
    frame = make_panel().frame.copy()
    frame.loc[("005", 2005), "theta"] = np.nan
    return Panel.from_frame(frame, city="city", year="year")


def test_a_gap_in_the_panel_is_named_or_left_out() -> None:
    panel = panel_with_gap()
    with pytest.raises(UnbalancedPanelError, match=r"'005' in 2005"):
        moran_by_year(panel, "theta", lattice(4))
    with pytest.warns(LostLinkWarning):
        found = moran_by_year(panel, "theta", lattice(4), missing="drop", rng=1)
    assert list(found.frame["cities"]) == [16, 15, 16]


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(MissingColumnError, match="'thta'"):
        moran_by_year(make_panel(), "thta", lattice(4))


def test_weights_of_libpysal_are_accepted() -> None:
    weights = lat2W(4, 4)
    weights.remap_ids([f"{place:03d}" for place in range(16)])
    weights.transform = "r"
    found = global_moran(draw(4), weights, permutations=0)
    alone = global_moran(draw(4), lattice(4), permutations=0)
    assert found.statistic == alone.statistic
