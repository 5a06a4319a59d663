from math import asin, cos, radians, sin, sqrt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, Polygon, box

from spatial_coagg.errors import (
    AlignmentError,
    BoundaryError,
    DominanceWarning,
    IsolatedCityError,
    IsolatedCityWarning,
    MissingColumnError,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.weights import distance
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.distance import (
    build_distance_band,
    build_inverse_distance,
    build_nearest,
)


def haversine_km(one: Point, other: Point) -> float:
    low, high = radians(one.y), radians(other.y)
    step = radians(other.x - one.x)
    h = sin((high - low) / 2) ** 2 + cos(low) * cos(high) * sin(step / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(h))


def distances_of(seats: gpd.GeoDataFrame) -> pd.DataFrame:
    places = seats.sort_index().geometry
    return pd.DataFrame(
        {
            one: {
                other: haversine_km(places[one], places[other])
                for other in places.index
            }
            for one in places.index
        }
    )


@pytest.mark.parametrize("k", [1, 5, 29])
def test_nearest_equals_sorting_all_haversine_distances(
    seats: gpd.GeoDataFrame, k: int
) -> None:
    graph = build_nearest(seats, k=k)
    for city, row in distances_of(seats).items():
        expected = row.drop(index=city).nsmallest(k).index
        assert set(graph[city].index) == set(expected)
        assert graph[city].to_list() == pytest.approx([1 / k] * k)


def test_band_equals_a_double_loop(seats: gpd.GeoDataFrame) -> None:
    matrix = weight_matrix(
        build_distance_band(seats, band_km=900, transform="none")
    ).toarray()
    km = distances_of(seats).to_numpy()
    assert np.array_equal(matrix, (km <= 900) & (km > 0))


@pytest.mark.parametrize(("power", "cutoff_km"), [(1.0, None), (2.0, None), (1.5, 900)])
@pytest.mark.filterwarnings("ignore::spatial_coagg.errors.DominanceWarning")
def test_inverse_distance_equals_a_double_loop(
    seats: gpd.GeoDataFrame, power: float, cutoff_km: float | None
) -> None:
    graph = build_inverse_distance(
        seats, power=power, cutoff_km=cutoff_km, transform="none"
    )
    km = distances_of(seats).to_numpy()
    near = (km > 0) & (km <= (cutoff_km or np.inf))
    expected = np.where(near, np.where(km > 0, km, 1) ** -power, 0)
    matrix = weight_matrix(graph).toarray()
    np.testing.assert_allclose(matrix, expected, rtol=1e-12)
    assert np.array_equal(matrix, matrix.T)


def test_the_band_is_kilometres_and_not_degrees(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(IsolatedCityError, match="30 cities have no neighbours"):
        build_distance_band(seats, band_km=1)


def test_the_band_includes_its_edge() -> None:
    two = gpd.GeoDataFrame(
        index=["a", "b"], geometry=[Point(0, 0), Point(1, 0)], crs="EPSG:4326"
    )
    one_degree = 6371.0088 * np.pi / 180
    assert build_distance_band(two, band_km=one_degree).n_edges == 2
    with pytest.raises(IsolatedCityError):
        build_distance_band(two, band_km=one_degree - 1e-5)


def test_a_band_around_the_globe_links_everybody(seats: gpd.GeoDataFrame) -> None:
    assert build_distance_band(seats, band_km=30_000).n_edges == 30 * 29


def test_distance_crosses_the_date_line() -> None:
    fiji = gpd.GeoDataFrame(
        index=["west", "east", "south"],
        geometry=[Point(179.9, -17), Point(-179.9, -17), Point(179.9, -18)],
        crs="EPSG:4326",
    )
    assert build_nearest(fiji, k=1)["west"].index.to_list() == ["east"]


def test_ties_go_to_the_lower_code_whatever_the_order_of_rows() -> None:
    cross = {"m": (0, 0), "b": (1, 0), "a": (-1, 0), "d": (0, 1), "c": (0, -1)}
    frame = gpd.GeoDataFrame(
        index=list(cross), geometry=[Point(*xy) for xy in cross.values()], crs=4326
    )
    for seed in range(6):
        graph = build_nearest(frame.sample(frac=1, random_state=seed), k=2)
        assert graph["m"].index.to_list() == ["a", "b"]


def test_cities_at_one_place_are_each_others_nearest() -> None:
    twins = gpd.GeoDataFrame(
        index=["c", "a", "b", "d"],
        geometry=[Point(0, 0), Point(0, 0), Point(0, 0), Point(5, 0)],
        crs="EPSG:4326",
    )
    graph = build_nearest(twins, k=2)
    assert graph["a"].index.to_list() == ["b", "c"]
    assert graph["d"].index.to_list() == ["a", "b"]


def test_neighbours_are_sought_among_the_cities_given(seats: gpd.GeoDataFrame) -> None:
    some = seats.index[:10]
    graph = build_nearest(seats, k=3, cities=some)
    alone = build_nearest(seats.loc[some], k=3)
    pd.testing.assert_series_equal(graph.adjacency, alone.adjacency, check_exact=True)


def test_row_order_changes_no_digit(seats: gpd.GeoDataFrame) -> None:
    one = build_inverse_distance(seats)
    other = build_inverse_distance(seats.iloc[::-1])
    pd.testing.assert_series_equal(one.adjacency, other.adjacency, check_exact=True)


def test_a_projected_map_is_brought_to_degrees(seats: gpd.GeoDataFrame) -> None:
    plain = build_inverse_distance(seats)
    projected = build_inverse_distance(seats.to_crs("EPSG:3857"))
    np.testing.assert_allclose(
        projected.adjacency.to_numpy(), plain.adjacency.to_numpy(), rtol=1e-9
    )


def test_centroids_do_not_depend_on_the_projection(lattice: gpd.GeoDataFrame) -> None:
    plain = build_inverse_distance(lattice, points="centroid", transform="none")
    projected = build_inverse_distance(
        lattice.to_crs("ESRI:102025"), points="centroid", transform="none"
    )
    np.testing.assert_allclose(
        projected.adjacency.to_numpy(), plain.adjacency.to_numpy(), rtol=1e-6
    )


def test_the_centroid_of_a_ring_lies_in_its_hole() -> None:
    ring = box(0, -2, 4, 2).difference(box(1, -1, 3, 1))
    lopsided = Polygon([(10, -1), (10, 1), (12, 1), (12, -1)])
    both = gpd.GeoDataFrame(
        {"lon": [2.0, 11.0], "lat": [0.0, 0.0]},
        index=["ring", "square"],
        geometry=[ring, lopsided],
        crs="EPSG:4326",
    )
    centred = build_inverse_distance(both, points="centroid", transform="none")
    given = build_inverse_distance(both, points=("lon", "lat"), transform="none")
    assert centred["ring"]["square"] == pytest.approx(given["ring"]["square"], rel=1e-9)


def test_a_representative_point_lies_inside() -> None:
    # The centroid of this U lies in its opening, next to the square.
    crescent = box(110, 30, 113, 33).difference(box(110.2, 30.2, 112.8, 33))
    frame = gpd.GeoDataFrame(
        index=["u", "square"], geometry=[crescent, box(111, 31, 112, 32)], crs=4326
    )
    apart = build_inverse_distance(frame, transform="none")["u"]["square"]
    centred = build_inverse_distance(frame, points="centroid", transform="none")
    assert 1 / apart > 100
    assert 1 / centred["u"]["square"] < 50


def test_two_cities_at_one_place_have_no_inverse_distance() -> None:
    twins = gpd.GeoDataFrame(
        index=["b", "a", "c"], geometry=[Point(1, 1)] * 2 + [Point(2, 2)], crs=4326
    )
    with pytest.raises(WeightsError, match="'a' and 'b' stand at the same place"):
        build_inverse_distance(twins)


def test_a_city_alone_in_its_band_joins_its_nearest(seats: gpd.GeoDataFrame) -> None:
    with pytest.warns(IsolatedCityWarning) as caught:
        graph = build_inverse_distance(
            seats, cutoff_km=300, islands="nearest", transform="none"
        )
    assert isinstance(caught[0].message, IsolatedCityWarning)
    km = distances_of(seats)
    for city in caught[0].message.cities:
        nearest = km[city].drop(index=city).idxmin()
        assert graph[city][nearest] == pytest.approx(1 / km.loc[city, nearest])
        assert graph[nearest][city] == graph[city][nearest]


def test_keeping_and_dropping_differ_in_the_cities(seats: gpd.GeoDataFrame) -> None:
    with pytest.warns(IsolatedCityWarning, match="the spatial lag there is zero"):
        kept = build_distance_band(seats, band_km=300, islands="keep")
    with pytest.warns(IsolatedCityWarning, match="left out"):
        dropped = build_distance_band(seats, band_km=300, islands="drop")
    assert set(kept.unique_ids) - set(dropped.unique_ids) == set(kept.isolates)
    assert len(kept.isolates) > 0


def test_a_steep_power_warns_of_dominance(seats: gpd.GeoDataFrame) -> None:
    with pytest.warns(
        DominanceWarning, match=r"heaviest neighbour takes \d+% of a city's weight"
    ):
        build_inverse_distance(seats, power=4)


def test_seats_are_found_by_their_columns(lattice: gpd.GeoDataFrame) -> None:
    lattice["lon"], lattice["lat"] = range(9), [0.0] * 9
    graph = build_nearest(lattice, k=1, points=("lon", "lat"))
    assert graph[lattice.index[0]].index.to_list() == [lattice.index[1]]


def test_a_missing_seat_is_named(lattice: gpd.GeoDataFrame) -> None:
    lattice["lon"], lattice["lat"] = 1.0, 2.0
    lattice.loc["03", "lat"] = np.nan
    with pytest.raises(BoundaryError, match="1 cities have no lon or lat: '03'"):
        build_nearest(lattice, k=1, points=("lon", "lat"))


def test_missing_columns_of_seats_are_named(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(MissingColumnError, match="'seat_lon', 'seat_lat'"):
        build_nearest(lattice, k=1, points=("seat_lon", "seat_lat"))


def test_seats_need_two_columns(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="two columns"):
        build_nearest(lattice, k=1, points=("lon",))  # type: ignore[arg-type]


def test_latitude_before_longitude_is_noticed(lattice: gpd.GeoDataFrame) -> None:
    lattice["lon"], lattice["lat"] = 30.0, 110.0
    with pytest.raises(BoundaryError, match="outside the globe"):
        build_nearest(lattice, k=1, points=("lon", "lat"))


def test_an_unknown_kind_of_point_is_refused(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(SpatialCoaggError, match="points must be one of"):
        build_nearest(lattice, k=1, points="middle")  # type: ignore[arg-type]


def test_points_have_no_centroid_of_area(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="borders and centroids need polygons"):
        build_nearest(seats, k=1, points="centroid")


def test_a_map_without_crs_is_refused(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(BoundaryError, match="no CRS"):
        build_nearest(seats.set_crs(None, allow_override=True), k=1)


def test_a_missing_geometry_matters_only_where_wanted(seats: gpd.GeoDataFrame) -> None:
    seats.iloc[4, 0] = None
    assert build_nearest(seats, k=1, cities=seats.index[:4]).n == 4
    with pytest.raises(BoundaryError, match="1 cities have no geometry"):
        build_nearest(seats, k=1)


def test_an_unknown_city_is_named(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(AlignmentError, match="the map lacks 1 of the 2 cities"):
        build_nearest(seats, k=1, cities=["010000", "777777"])


@pytest.mark.parametrize("k", [0, 30, 2.0, True])
def test_k_must_fit_the_cities(seats: gpd.GeoDataFrame, k: int) -> None:
    with pytest.raises(WeightsError, match="k must be a whole number from 1 to 29"):
        build_nearest(seats, k=k)


@pytest.mark.parametrize("band_km", [0, -1, np.inf, np.nan, True, "300"])
def test_the_band_must_be_positive(seats: gpd.GeoDataFrame, band_km: float) -> None:
    with pytest.raises(WeightsError, match="band_km must be a positive number of km"):
        build_distance_band(seats, band_km=band_km)


def test_power_and_cutoff_must_be_positive(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(WeightsError, match="power must be a positive number; got -1"):
        build_inverse_distance(seats, power=-1)
    with pytest.raises(WeightsError, match="cutoff_km must be a positive number of km"):
        build_inverse_distance(seats, cutoff_km=0)


def test_a_power_beyond_numbers_is_refused(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(WeightsError, match="too large or small for a number"):
        build_inverse_distance(seats, power=200)


def test_too_many_links_are_refused_before_they_are_made(
    seats: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distance, "MOST_WEIGHTS", 100)
    with pytest.raises(
        WeightsError, match="this rule gives 870 weights among 30 cities"
    ):
        build_inverse_distance(seats)
    with pytest.raises(WeightsError, match="smaller distance or fewer cities"):
        build_distance_band(seats, band_km=3000)


def test_one_city_is_too_few(seats: gpd.GeoDataFrame) -> None:
    with pytest.raises(WeightsError, match="two cities or more; got 1"):
        build_inverse_distance(seats.iloc[:1])
    with pytest.raises(WeightsError, match="two cities or more; got 1"):
        build_nearest(seats.iloc[:1], k=1)
