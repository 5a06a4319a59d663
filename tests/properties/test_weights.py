import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph

from spatial_coagg.weights.align import aligned_to, as_graph, weight_matrix
from spatial_coagg.weights.distance import (
    build_distance_band,
    build_inverse_distance,
    build_nearest,
)
from spatial_coagg.weights.economic import build_economic
from spatial_coagg.weights.files import read_weights, write_weights
from spatial_coagg.weights.gravity import build_gravity
from spatial_coagg.weights.nested import build_nested
from spatial_coagg.weights.summary import summarise_weights
from spatial_coagg.weights.transform import transformed

pytestmark = pytest.mark.filterwarnings(
    "ignore::spatial_coagg.errors.SpatialCoaggWarning"
)
LAW = settings(deadline=None, max_examples=25)
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(3, 25)


def draw_codes(rng: np.random.Generator, n: int) -> list[str]:
    return [f"{number:03d}" for number in rng.permutation(999)[:n]]


def draw_seats(seed: int, n: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    places = gpd.points_from_xy(rng.uniform(75, 130, n), rng.uniform(18, 52, n))
    frame = {"gdp": rng.lognormal(10, 1, n)}
    return gpd.GeoDataFrame(frame, index=draw_codes(rng, n), geometry=places, crs=4326)


def draw_graph(seed: int, n: int) -> Graph:
    """Weights of any size, one way or two, with zeros and islands, in any order."""
    rng = np.random.default_rng(seed)
    matrix = rng.lognormal(0, 3, (n, n)) * (rng.random((n, n)) < 0.3)
    np.fill_diagonal(matrix, 0.0)
    codes = draw_codes(rng, n)
    return Graph.from_arrays(np.repeat(codes, n), codes * n, matrix.ravel())


def assert_same(one: Graph, other: Graph) -> None:
    pd.testing.assert_series_equal(one.adjacency, other.adjacency, check_exact=True)


def build_all(seats: gpd.GeoDataFrame) -> dict[str, Graph]:
    inverse = build_inverse_distance(seats)
    economic = build_economic(seats["gdp"])
    return {
        "nearest": build_nearest(seats, k=2),
        "band": build_distance_band(seats, band_km=700, islands="nearest"),
        "inverse": inverse,
        "spectral": build_inverse_distance(seats, transform="spectral"),
        "economic": economic,
        "gravity": build_gravity(seats, seats["gdp"]),
        "nested": build_nested(inverse, economic, share=0.4),
    }


@LAW
@given(SEEDS, SIZES)
def test_standardising_rows_twice_is_standardising_once(seed: int, n: int) -> None:
    once = transformed(draw_graph(seed, n), transform="row")
    assert_same(transformed(once, transform="row"), once)


@LAW
@given(SEEDS, SIZES)
def test_aligning_and_back_is_the_identity(seed: int, n: int) -> None:
    graph = as_graph(draw_graph(seed, n))
    other = np.random.default_rng(seed).permutation(graph.unique_ids.to_numpy())
    assert_same(aligned_to(aligned_to(graph, list(other)), graph.unique_ids), graph)


@LAW
@given(SEEDS, SIZES)
def test_the_matrix_holds_each_weight_at_its_labels(seed: int, n: int) -> None:
    graph = as_graph(draw_graph(seed, n))
    cities = graph.unique_ids
    matrix = pd.DataFrame(weight_matrix(graph).toarray(), cities, cities)
    for (focal, neighbour), weight in graph.adjacency.items():
        assert matrix.loc[focal, neighbour] == weight
    assert np.count_nonzero(matrix) == np.count_nonzero(graph.adjacency)


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.integers(4, 15))
def test_the_order_of_rows_changes_no_digit(seed: int, n: int) -> None:
    seats = draw_seats(seed, n)
    ordered, shuffled = (
        build_all(seats),
        build_all(seats.sample(frac=1, random_state=1)),
    )
    for rule, graph in ordered.items():
        assert graph.unique_ids.is_monotonic_increasing, rule
        assert_same(graph, shuffled[rule])


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.integers(4, 15))
def test_renaming_cities_renames_and_nothing_else(seed: int, n: int) -> None:
    seats = draw_seats(seed, n)
    names = dict(
        zip(seats.index, draw_codes(np.random.default_rng(seed), n), strict=True)
    )
    before, after = build_all(seats), build_all(seats.rename(index=names))
    for rule, graph in before.items():
        renamed = {
            (names[focal], names[other]): weight
            for (focal, other), weight in graph.adjacency.items()
        }
        assert after[rule].adjacency.to_dict() == pytest.approx(renamed, rel=1e-9), rule


@LAW
@given(SEEDS, SIZES)
def test_bands_are_two_way_and_nested(seed: int, n: int) -> None:
    seats = draw_seats(seed, n)
    narrow, wide = (
        weight_matrix(
            build_distance_band(seats, band_km=km, islands="keep", transform="none")
        ).toarray()
        for km in (600, 1200)
    )
    assert np.array_equal(narrow, narrow.T)
    assert np.all(narrow <= wide)


@LAW
@given(SEEDS, SIZES)
def test_the_nearest_two_are_among_the_nearest_three(seed: int, n: int) -> None:
    seats = draw_seats(seed, n + 1)
    two, three = (build_nearest(seats, k=k).adjacency.index for k in (2, 3))
    assert two.isin(three).all()


@LAW
@given(SEEDS, SIZES, st.floats(-180, 180))
def test_turning_the_globe_changes_no_distance(
    seed: int, n: int, degrees: float
) -> None:
    seats = draw_seats(seed, n)
    turned = (seats.geometry.x + degrees + 180) % 360 - 180
    moved = seats.set_geometry(gpd.points_from_xy(turned, seats.geometry.y), crs=4326)
    np.testing.assert_allclose(
        build_inverse_distance(moved).adjacency,
        build_inverse_distance(seats).adjacency,
        rtol=1e-7,  # places that nearly coincide lose digits in their difference
    )


@LAW
@given(SEEDS, SIZES, st.floats(1e-3, 1e3))
def test_the_unit_of_the_economy_does_not_matter(
    seed: int, n: int, unit: float
) -> None:
    gdp = draw_seats(seed, n)["gdp"]
    np.testing.assert_allclose(
        build_economic(gdp * unit).adjacency, build_economic(gdp).adjacency, rtol=1e-7
    )


@LAW
@given(SEEDS, SIZES, st.sampled_from([".csv", ".gwt", ".parquet"]))
def test_files_give_back_what_was_written(seed: int, n: int, ending: str) -> None:
    graph = as_graph(draw_graph(seed, n))
    with tempfile.TemporaryDirectory() as folder:
        write_weights(graph, Path(folder) / f"w{ending}")
        assert_same(read_weights(Path(folder) / f"w{ending}"), graph)


@LAW
@given(SEEDS, SIZES)
def test_facts_do_not_depend_on_the_order_of_cities(seed: int, n: int) -> None:
    graph = draw_graph(seed, n)
    # libpysal counts a link of weight zero when it looks for pieces; as_graph drops it.
    plain = as_graph(graph)
    facts, again = summarise_weights(graph), summarise_weights(plain)
    assert facts.islands == again.islands == tuple(sorted(graph.isolates))
    assert facts.links == again.links
    assert facts.components == again.components == plain.n_components
