import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

from spatial_coagg.errors import IsolatedCityWarning
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.distance import build_nearest
from spatial_coagg.weights.economic import build_economic
from spatial_coagg.weights.summary import summarise_weights


def test_facts_of_a_map_with_an_island(archipelago: gpd.GeoDataFrame) -> None:
    with pytest.warns(IsolatedCityWarning):
        graph = build_contiguity(archipelago, islands="keep")
    facts = summarise_weights(graph)
    assert (facts.cities, facts.links, facts.weights) == (7, 11, 22)
    assert facts.mean_neighbours == pytest.approx(22 / 7)
    assert (facts.fewest_neighbours, facts.most_neighbours) == (0, 5)
    assert (facts.components, facts.islands) == (2, ("99",))
    assert facts.two_way
    assert facts.row_standardised
    assert facts.mean_largest_share == pytest.approx((4 / 3 + 2 / 5) / 6)
    assert facts.max_largest_share == pytest.approx(1 / 3)
    assert facts.max_to_median == 1.0


def test_dominance_equals_a_loop_over_rows() -> None:
    economy = pd.Series(
        np.random.default_rng(2).lognormal(0, 1, 9), index=list("ihgfedcba")
    )
    graph = build_economic(economy, transform="none")
    largest = [graph[city].max() / graph[city].sum() for city in economy.index]
    facts = summarise_weights(graph)
    assert facts.mean_largest_share == pytest.approx(np.mean(largest))
    assert facts.max_largest_share == pytest.approx(max(largest))
    assert facts.max_to_median == pytest.approx(
        graph.adjacency.max() / graph.adjacency.median()
    )


def test_one_way_links_count_once(seats: gpd.GeoDataFrame) -> None:
    graph = build_nearest(seats, k=3)
    facts = summarise_weights(graph.to_W())
    pairs = {frozenset(pair) for pair in graph.adjacency.index}
    assert (facts.links, facts.weights) == (len(pairs), 90)
    assert not facts.two_way


def test_weights_without_links_have_no_dominance() -> None:
    index = pd.MultiIndex.from_tuples(
        [("b", "b"), ("a", "a")], names=["focal", "neighbor"]
    )
    facts = summarise_weights(Graph(pd.Series([0.0, 0.0], index=index, name="weight")))
    assert facts.islands == ("a", "b")
    assert facts.components == 2
    assert np.isnan(facts.mean_largest_share)
    assert np.isnan(facts.max_to_median)


def test_the_table_has_one_row_per_fact(lattice: gpd.GeoDataFrame) -> None:
    table = summarise_weights(build_contiguity(lattice)).to_frame()
    assert table.index.name == "fact"
    assert table.loc["links", "value"] == 20
    assert table.loc["islands", "value"] == ""
