import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg.errors import (
    AlignmentError,
    DuplicateKeyError,
    IsolatedCityError,
    IsolatedCityWarning,
    LostLinkWarning,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.weights.align import (
    aligned_to,
    as_graph,
    restricted_to,
    weight_matrix,
)
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.distance import build_nearest


def make_graph(weights: dict[tuple[str, str], float]) -> Graph:
    index = pd.MultiIndex.from_tuples(weights, names=["focal", "neighbor"])
    return Graph(pd.Series(list(weights.values()), index=index, name="weight"))


@pytest.fixture
def chain() -> Graph:
    """A chain c - a - b and an island d, in no order."""
    return make_graph(
        {("c", "a"): 1, ("d", "d"): 0, ("a", "c"): 1, ("a", "b"): 3, ("b", "a"): 1}
    )


def test_cities_are_sorted_by_code(chain: Graph) -> None:
    graph = as_graph(chain)
    assert graph.unique_ids.to_list() == ["a", "b", "c", "d"]
    assert graph.adjacency.to_dict() == chain.adjacency.to_dict()


def test_the_matrix_is_in_the_order_of_the_cities(chain: Graph) -> None:
    expected = [[0, 3, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert weight_matrix(as_graph(chain)).toarray().tolist() == expected


def test_an_island_stores_no_zero(chain: Graph) -> None:
    matrix = weight_matrix(chain)
    assert matrix.nnz == 4
    assert matrix.has_canonical_format


def test_any_order_may_be_asked_for(chain: Graph) -> None:
    graph = as_graph(chain, cities=["d", "b", "c", "a"])
    assert graph.unique_ids.to_list() == ["d", "b", "c", "a"]
    matrix = weight_matrix(graph).toarray()
    assert matrix.tolist() == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 3, 1, 0]]
    # libpysal's own matrix, which esda uses, agrees.
    assert np.array_equal(graph.sparse.toarray(), matrix)


def test_the_spatial_lag_follows_the_order(seats: gpd.GeoDataFrame) -> None:
    graph = build_nearest(seats, k=4)
    values = pd.Series(np.arange(30.0), index=seats.index)
    shuffled = aligned_to(graph, values.index)
    lag = pd.Series(shuffled.lag(values), index=values.index)
    for city in values.index:
        assert lag[city] == pytest.approx(values[graph[city].index].mean())


def test_aligning_and_back_is_the_identity(seats: gpd.GeoDataFrame) -> None:
    graph = build_nearest(seats, k=4)
    back = aligned_to(aligned_to(graph, seats.index), graph.unique_ids)
    pd.testing.assert_series_equal(back.adjacency, graph.adjacency, check_exact=True)


def test_what_weights_are_is_recognised(chain: Graph) -> None:
    assert as_graph(chain).transformation == "O"
    assert as_graph(chain.transform("B")).transformation == "B"
    assert as_graph(chain.transform("R")).transformation == "R"


def test_w_is_accepted_by_label(chain: Graph) -> None:
    old = W(
        {"c": ["a"], "d": [], "a": ["c", "b"], "b": ["a"]},
        {"c": [1], "d": [], "a": [1, 3], "b": [1]},
        id_order=["d", "b", "a", "c"],
        silence_warnings=True,
    )
    assert as_graph(old).adjacency.equals(as_graph(chain).adjacency)


def test_w_round_trips_through_libpysal(seats: gpd.GeoDataFrame) -> None:
    graph = build_nearest(seats, k=4)
    assert as_graph(graph.to_W()).adjacency.equals(graph.adjacency)


def test_w_numbered_by_row_is_refused() -> None:
    with pytest.raises(
        AlignmentError,
        match=r"must be city codes, as text; found 0 \(int",
    ):
        as_graph(W({0: [1], 1: [0]}))


def test_w_with_a_stranger_is_refused() -> None:
    old = W({"a": ["b"], "b": ["a"]})
    old.neighbors["b"] = ["z"]
    with pytest.raises(AlignmentError, match="none of its 2 cities, such as one of"):
        as_graph(old)


def test_too_few_cities_are_an_error(chain: Graph) -> None:
    with pytest.raises(AlignmentError, match="w lacks 1 of the 5 cities of the values"):
        as_graph(chain, cities=list("abcde"), name="w", of="the values")


def test_too_many_cities_are_an_error(chain: Graph) -> None:
    with pytest.raises(AlignmentError, match="weights has 1 cities that the panel"):
        as_graph(chain, cities=list("abc"))


def test_a_city_asked_for_twice_is_an_error(chain: Graph) -> None:
    with pytest.raises(DuplicateKeyError, match="the cities of the panel"):
        as_graph(chain, cities=list("aabcd"))


def test_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a Graph or W of libpysal, got"):
        as_graph(np.eye(3))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({("a", "b"): -1.0, ("b", "a"): 1.0}, "weight -1 of 'b' for 'a' is negative"),
        ({("a", "b"): np.inf, ("b", "a"): 1.0}, "weight inf of 'b' for 'a' is no fini"),
        ({("a", "a"): 1.0, ("b", "a"): 1.0}, "no city is its own neighbour"),
        (
            {("a", ""): 1.0, ("", "a"): 1.0},
            "ids of weights must be city codes, as text; found ''",
        ),
    ],
)
def test_what_is_no_weight_is_refused(
    weights: dict[tuple[str, str], float], message: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=message):
        as_graph(make_graph(weights))


def test_a_link_given_twice_is_refused() -> None:
    index = pd.MultiIndex.from_tuples(
        [("a", "b"), ("a", "b"), ("b", "a")], names=["focal", "neighbor"]
    )
    doubled = Graph(pd.Series(1.0, index=index, name="weight"), is_sorted=True)
    with pytest.raises(WeightsError, match="1 links twice, such as that of 'a' to 'b'"):
        as_graph(doubled)


def test_restricting_reports_lost_links_and_standardises(
    lattice: gpd.GeoDataFrame,
) -> None:
    graph = build_contiguity(lattice)
    with pytest.warns(LostLinkWarning, match="10 of 16 links of the 3 selected cities"):
        corner = restricted_to(graph, ["05", "01", "02"])
    assert corner.unique_ids.to_list() == ["01", "02", "05"]
    assert corner.adjacency.to_list() == [0.5] * 6


@pytest.mark.filterwarnings("ignore::spatial_coagg.errors.LostLinkWarning")
def test_restricting_settles_islands(lattice: gpd.GeoDataFrame) -> None:
    graph = build_contiguity(lattice)
    some = ["01", "02", "09"]
    with pytest.raises(IsolatedCityError, match="'09'"):
        restricted_to(graph, some)
    with pytest.warns(IsolatedCityWarning, match="lag there is zero: '09'"):
        assert restricted_to(graph, some, islands="keep").n == 3
    with pytest.warns(IsolatedCityWarning, match="left out: '09'"):
        assert restricted_to(graph, some, islands="drop").n == 2
    with pytest.raises(SpatialCoaggError, match="islands must be one of"):
        restricted_to(graph, some, islands="nearest")  # type: ignore[arg-type]


def test_leaving_out_an_island_may_bare_another() -> None:
    one_way = make_graph({("a", "b"): 1, ("b", "a"): 1, ("c", "d"): 1, ("d", "d"): 0})
    with pytest.warns(IsolatedCityWarning) as caught:
        graph = restricted_to(one_way, list("abcd"), islands="drop")
    assert [warning.message.cities for warning in caught] == [("d",), ("c",)]  # type: ignore[union-attr]
    assert graph.unique_ids.to_list() == ["a", "b"]


def test_restricting_to_a_stranger_is_refused(chain: Graph) -> None:
    with pytest.raises(AlignmentError, match="graph lacks 1 of the 2 cities"):
        restricted_to(chain, ["a", "z"])
