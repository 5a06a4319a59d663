import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy.sparse.linalg import ArpackNoConvergence

from spatial_coagg.errors import DominanceWarning, SpatialCoaggError, WeightsError
from spatial_coagg.weights import _matrix
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.distance import build_inverse_distance, build_nearest
from spatial_coagg.weights.economic import build_economic
from spatial_coagg.weights.transform import transformed


def test_rows_sum_to_one(seats: gpd.GeoDataFrame) -> None:
    graph = transformed(
        build_inverse_distance(seats, transform="none"), transform="row"
    )
    assert weight_matrix(graph).sum(axis=1) == pytest.approx(1.0)
    assert graph.transformation == "R"


def test_rows_equal_those_of_libpysal(seats: gpd.GeoDataFrame) -> None:
    plain = build_inverse_distance(seats, transform="none")
    np.testing.assert_allclose(
        transformed(plain, transform="row").adjacency,
        plain.transform("R").adjacency,
        rtol=1e-14,
    )


def test_doing_nothing_changes_nothing(seats: gpd.GeoDataFrame) -> None:
    plain = build_inverse_distance(seats, transform="none")
    assert transformed(plain, transform="none").adjacency.equals(plain.adjacency)


def test_the_largest_eigenvalue_becomes_one(lattice: gpd.GeoDataFrame) -> None:
    plain = build_contiguity(lattice, transform="none")
    scaled = weight_matrix(transformed(plain, transform="spectral")).toarray()
    assert np.abs(np.linalg.eigvals(scaled)).max() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("k", [1, 4])
def test_large_matrices_give_the_eigenvalue_of_small_ones(
    seats: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    plain = build_nearest(seats, k=k, transform="none")
    small = transformed(plain, transform="spectral")
    monkeypatch.setattr(_matrix, "SMALL", 5)
    large = transformed(plain, transform="spectral")
    np.testing.assert_allclose(large.adjacency, small.adjacency, rtol=1e-9)


def test_links_without_a_circle_have_no_largest_eigenvalue() -> None:
    index = pd.MultiIndex.from_tuples(
        [("a", "b"), ("b", "c"), ("c", "c")], names=["focal", "neighbor"]
    )
    chain = Graph(pd.Series([1.0, 1.0, 0.0], index=index, name="weight"))
    with pytest.raises(WeightsError, match="no eigenvalue other than zero"):
        transformed(chain, transform="spectral")


def test_an_iteration_that_fails_is_replaced_by_all_eigenvalues(
    lattice: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ArpackNoConvergence("no convergence", np.zeros(0), np.zeros((0, 0)))

    plain = build_contiguity(lattice, transform="none")
    expected = transformed(plain, transform="spectral")
    monkeypatch.setattr(_matrix, "SMALL", 5)
    monkeypatch.setattr(_matrix, "eigs", fail)
    again = transformed(plain, transform="spectral")
    assert again.adjacency.equals(expected.adjacency)


def test_an_unknown_transform_is_refused(lattice: gpd.GeoDataFrame) -> None:
    with pytest.raises(SpatialCoaggError, match="transform must be one of 'row'"):
        transformed(build_contiguity(lattice), transform="column")  # type: ignore[arg-type]


def test_dominance_names_the_city_and_the_share() -> None:
    pairs = pd.Series({f"{i:02d}": i // 2 * 10 + i % 2 * 1e-3 for i in range(14)})
    with pytest.warns(DominanceWarning, match=r"takes 100% .*more than 25%.*floor"):
        build_economic(pairs)


def test_rows_of_few_neighbours_never_dominate() -> None:
    assert build_economic(pd.Series({"a": 1.0, "b": 1.001, "c": 9.0})).n == 3
