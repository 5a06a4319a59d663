import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from shapely import Point, Polygon, box

from spatial_coagg.errors import (
    AlignmentError,
    BoundaryError,
    DataWarning,
    DuplicateKeyError,
    IsolatedCityError,
    IsolatedCityWarning,
    LostLinkWarning,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.tables.shapes import load_shapes
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.summary import summarise_weights


def make_map(shapes: dict[str, object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        index=list(shapes), geometry=list(shapes.values()), crs="EPSG:4326"
    )


def links_of(graph: Graph) -> set[tuple[str, str]]:
    adjacency = graph.adjacency
    return set(adjacency[adjacency > 0].index)


def test_queen_counts_corners(lattice: gpd.GeoDataFrame) -> None:
    graph = build_contiguity(lattice, transform="none")
    everybody_else = ["01", "02", "03", "04", "06", "07", "08", "09"]
    assert graph["05"].to_dict() == dict.fromkeys(everybody_else, 1.0)
    assert graph["01"].to_dict() == {"02": 1.0, "04": 1.0, "05": 1.0}


def test_rook_counts_lines_only(lattice: gpd.GeoDataFrame) -> None:
    graph = build_contiguity(lattice, rule="rook", transform="none")
    assert set(graph["05"].index) == {"02", "04", "06", "08"}


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_links_equal_a_double_loop_over_polygons(
    lattice: gpd.GeoDataFrame, rule: str
) -> None:
    shapes = lattice.geometry
    expected = set()
    for one in lattice.index:
        for other in lattice.index:
            shared = shapes[one].intersection(shapes[other])
            enough = rule == "queen" or shared.length > 0
            if one != other and not shared.is_empty and enough:
                expected.add((one, other))
    assert links_of(build_contiguity(lattice, rule=rule)) == expected


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_a_clean_map_gives_the_links_of_libpysal(
    lattice: gpd.GeoDataFrame, rule: str
) -> None:
    theirs = Graph.build_contiguity(lattice, rook=rule == "rook", strict=True)
    assert links_of(build_contiguity(lattice, rule=rule)) == links_of(theirs)


def test_cities_are_sorted_whatever_the_order_of_rows(
    lattice: gpd.GeoDataFrame,
) -> None:
    graph = build_contiguity(lattice)
    again = build_contiguity(lattice.sample(frac=1, random_state=8))
    assert graph.unique_ids.is_monotonic_increasing
    pd.testing.assert_series_equal(graph.adjacency, again.adjacency, check_exact=True)


def test_any_crs_gives_the_same_links(lattice: gpd.GeoDataFrame) -> None:
    projected = lattice.to_crs("EPSG:3857")
    assert links_of(build_contiguity(projected)) == links_of(build_contiguity(lattice))


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_a_corner_on_the_middle_of_a_line_costs_no_link(rule: str) -> None:
    wide_above_two = make_map(
        {"a": box(0, 1, 2, 2), "b": box(0, 0, 1, 1), "c": box(1, 0, 2, 1)}
    )
    by_vertices = Graph.build_contiguity(wide_above_two, rook=True, strict=False)
    assert ("a", "b") not in links_of(by_vertices)
    assert ("a", "b") in links_of(build_contiguity(wide_above_two, rule=rule))


@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_an_overlapping_sliver_costs_no_link(rule: str) -> None:
    sliver = Polygon([(0, 0), (1, 0), (1.001, 0.5), (1, 1), (0, 1)])
    careless = make_map({"a": sliver, "b": box(1, 0, 2, 1)})
    strict = Graph.build_contiguity(careless, rook=False, strict=True)
    assert ("a", "b") not in links_of(strict)
    assert ("a", "b") in links_of(build_contiguity(careless, rule=rule))


def test_a_large_overlap_is_reported() -> None:
    doubled = make_map({"a": box(0, 0, 1, 1), "b": box(0.5, 0, 2, 1)})
    with pytest.warns(DataWarning, match="1 pairs of polygons overlap by up to 50%"):
        graph = build_contiguity(doubled)
    assert links_of(graph) == {("a", "b"), ("b", "a")}


def test_a_gap_separates() -> None:
    apart = make_map({"a": box(0, 0, 1, 1), "b": box(1.0001, 0, 2, 1)})
    with pytest.raises(IsolatedCityError, match="2 cities have no neighbours"):
        build_contiguity(apart)


def test_subsetting_keeps_the_links_of_the_full_map(
    lattice: gpd.GeoDataFrame,
) -> None:
    corner = ["05", "02", "01"]
    with pytest.warns(LostLinkWarning) as caught:
        graph = build_contiguity(lattice, cities=corner, transform="none")
    assert str(caught[0].message) == (
        "10 of 16 links of the 3 selected cities lead to cities outside the selection "
        "and are lost; 3 cities lose some, 0 lose all"
    )
    assert links_of(graph) == {
        (one, other) for one in corner for other in corner if one != other
    }


def test_the_full_map_in_another_order_is_no_loss(lattice: gpd.GeoDataFrame) -> None:
    graph = build_contiguity(lattice, cities=lattice.index)
    assert graph.n == 9


def test_cities_bared_by_subsetting_are_named(lattice: gpd.GeoDataFrame) -> None:
    with (
        pytest.warns(LostLinkWarning, match="1 lose all: '09'"),
        pytest.warns(IsolatedCityWarning, match="1 city has no neighbours.*'09'"),
    ):
        build_contiguity(lattice, cities=["01", "02", "09"], islands="keep")


def test_islands_are_refused_by_default(archipelago: gpd.GeoDataFrame) -> None:
    with pytest.raises(
        IsolatedCityError,
        match="1 city has no neighbours: '99'; choose islands=\"nearest\"",
    ):
        build_contiguity(archipelago)


def test_a_kept_island_has_a_spatial_lag_of_zero(
    archipelago: gpd.GeoDataFrame,
) -> None:
    with pytest.warns(IsolatedCityWarning, match="spatial lag there is zero: '99'"):
        graph = build_contiguity(archipelago, islands="keep")
    assert graph.isolates.to_list() == ["99"]
    assert graph.lag(np.ones(7)).tolist() == pytest.approx([1.0] * 6 + [0.0])


def test_an_island_joins_its_nearest_city_both_ways(
    archipelago: gpd.GeoDataFrame,
) -> None:
    with pytest.warns(IsolatedCityWarning) as caught:
        graph = build_contiguity(archipelago, islands="nearest", transform="none")
    assert str(caught[0].message) == (
        "1 city has no neighbours by the rule; joined with the nearest city, both "
        "ways: '99' with '02'"
    )
    assert isinstance(caught[0].message, IsolatedCityWarning)
    assert caught[0].message.cities == ("99",)
    assert graph["99"].to_dict() == {"02": 1.0}
    assert graph["02"]["99"] == 1.0
    assert graph.asymmetry().empty


def test_two_islands_nearest_to_one_another_are_joined_once() -> None:
    apart = make_map(
        {"a": box(0, 0, 1, 1), "b": box(3, 0, 4, 1), "c": box(9, 0, 10, 1)}
    )
    with pytest.warns(IsolatedCityWarning, match="3 cities have no neighbours"):
        graph = build_contiguity(apart, islands="nearest", transform="none")
    assert links_of(graph) == {("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")}
    assert graph.adjacency.to_list() == [1.0] * 4


def test_an_island_may_be_left_out(archipelago: gpd.GeoDataFrame) -> None:
    with pytest.warns(IsolatedCityWarning, match="no neighbours; left out: '99'"):
        graph = build_contiguity(archipelago, islands="drop")
    assert "99" not in graph.unique_ids
    assert graph.n == 6


def test_leaving_out_everybody_is_refused() -> None:
    apart = make_map({"a": box(0, 0, 1, 1), "b": box(3, 0, 4, 1)})
    with pytest.raises(IsolatedCityError, match="none of the 2 cities has a neighbour"):
        build_contiguity(apart, islands="drop")


def test_a_lone_city_has_no_nearest() -> None:
    with pytest.raises(IsolatedCityError, match="no other city is there to join"):
        build_contiguity(make_map({"a": box(0, 0, 1, 1)}), islands="nearest")


def test_spectral_weights_stay_symmetric(lattice: gpd.GeoDataFrame) -> None:
    graph = build_contiguity(lattice, transform="spectral")
    matrix = graph.sparse.toarray()
    assert np.array_equal(matrix, matrix.T)
    assert np.abs(np.linalg.eigvalsh(matrix)).max() == pytest.approx(1.0)


def test_a_map_without_crs_is_refused(lattice: gpd.GeoDataFrame) -> None:
    bare = lattice.set_crs(None, allow_override=True)
    with pytest.raises(BoundaryError, match=r"no CRS.*set_crs\('EPSG:4326'\)"):
        build_contiguity(bare)


def test_a_missing_geometry_is_named(lattice: gpd.GeoDataFrame) -> None:
    lattice.loc["04", "geometry"] = None
    with pytest.raises(BoundaryError, match="1 cities have no geometry: '04'"):
        build_contiguity(lattice)


def test_an_empty_geometry_is_named(lattice: gpd.GeoDataFrame) -> None:
    lattice.loc["04", "geometry"] = Polygon()
    with pytest.raises(BoundaryError, match="1 cities have no geometry: '04'"):
        build_contiguity(lattice)


def test_points_have_no_border() -> None:
    dots = make_map({"a": Point(0, 0), "b": box(1, 1, 2, 2)})
    with pytest.raises(BoundaryError, match="no polygons: 'a', the first a Point"):
        build_contiguity(dots)


def test_an_invalid_polygon_is_named() -> None:
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(BoundaryError, match=r"'a': Self-intersection.*make_valid"):
        build_contiguity(make_map({"a": bow_tie, "b": box(1, 0, 2, 1)}))


def test_a_doubled_code_is_refused(lattice: gpd.GeoDataFrame) -> None:
    twice = gpd.GeoDataFrame(pd.concat([lattice, lattice.iloc[:1]]))
    with pytest.raises(DuplicateKeyError, match="index of the boundaries has 1 dupl"):
        build_contiguity(twice)


def test_numbers_are_no_codes(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(AlignmentError, match="must be city codes, as text; found 0"):
        build_contiguity(lattice.reset_index(drop=True))


def test_an_unknown_city_is_named(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(AlignmentError, match=r"the map lacks 1 of the 2 cities .*'77'"):
        build_contiguity(lattice, cities=["01", "77"])


def test_a_plain_table_is_no_map(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(TypeError, match="must be a GeoDataFrame"):
        build_contiguity(pd.DataFrame(lattice))


def test_an_empty_map_is_refused(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="hold no city"):
        build_contiguity(lattice.iloc[:0])


@pytest.mark.parametrize("argument", ["rule", "islands", "transform"])
def test_an_unknown_choice_lists_the_known(
    lattice: gpd.GeoDataFrame, argument: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=f"{argument} must be one of"):
        build_contiguity(lattice, **{argument: "bishop"})


@pytest.mark.filterwarnings("ignore::spatial_coagg.errors.IsolatedCityWarning")
def test_one_city_has_no_eigenvalue() -> None:
    lone = make_map({"a": box(0, 0, 1, 1)})
    with pytest.raises(WeightsError, match="no eigenvalue"):
        build_contiguity(lone, islands="keep", transform="spectral")


def test_seven_of_the_281_cities_of_china_have_no_neighbour() -> None:
    shapes = load_shapes()
    sample = shapes.index[shapes["in_sample"]]
    with (
        pytest.warns(LostLinkWarning, match=r"6 lose all"),
        pytest.warns(IsolatedCityWarning, match="7 cities have no neighbours"),
    ):
        graph = build_contiguity(shapes, cities=sample, islands="keep")
    facts = summarise_weights(graph)
    # Zhoushan, Haikou, Sanya, Lhasa, Xining, Urumqi, Karamay.
    assert facts.islands == (
        "330900", "460100", "460200", "540100", "630100", "650100", "650200",
    )  # fmt: skip
    assert (facts.cities, facts.components) == (281, 9)
