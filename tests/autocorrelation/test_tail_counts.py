"""The counts of the local tests against a loop that reads like the definition."""

import numpy as np
import pytest
from places import graph_of, lattice, uneven

from spatial_coagg.autocorrelation import _local, _permutations
from spatial_coagg.autocorrelation._local import tail_counts
from spatial_coagg.autocorrelation._permutations import neighbour_draws
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights.align import weight_matrix


def hub() -> SparseMatrix:
    """Return weights of a hub, its rim and an island."""
    rim = [f"{place:02d}" for place in range(1, 12)]
    links = {("00", city): 1.0 for city in rim} | {(city, "00"): 0.5 for city in rim}
    return weight_matrix(graph_of(links, ("99",)))


def everybody() -> SparseMatrix:
    """Return dense weights: all cities are neighbours of all."""
    w = np.random.default_rng(3).uniform(size=(12, 12))
    names = [f"{place:02d}" for place in range(12)]
    return weight_matrix(
        graph_of(
            {
                (names[i], names[j]): float(w[i, j])
                for i in range(12)
                for j in range(12)
                if i != j
            }
        )
    )


def count_by_loop(
    columns: np.ndarray,
    matrix: SparseMatrix,
    permutations: int,
    seed: int,
    shares: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray]:
    size, width = len(columns), int(np.diff(matrix.indptr).max())
    statistics = columns.shape[1] if shares is None else 1
    above = np.zeros((size, statistics), dtype=int)
    below = np.zeros((size, statistics), dtype=int)
    w = matrix.toarray()
    draws = neighbour_draws(permutations, width, size - 1, np.random.default_rng(seed))
    for drawn in np.concatenate(list(draws)):
        for city in range(size):
            neighbours = np.flatnonzero(w[city])
            places = drawn[: len(neighbours)].copy()
            places[places == city] = size - 1
            assert len(set(places)) == len(places)
            assert city not in places
            lag = w[city, neighbours] @ columns[places]
            found = w[city, neighbours] @ columns[neighbours]
            if shares is not None:
                lag, found = np.array([lag @ shares[city]]), found @ shares[city]
            above[city] += lag >= found - 1e-9
            below[city] += lag <= found + 1e-9
    alone = np.diff(matrix.indptr) == 0
    above[alone] = below[alone] = 0
    return above, below


@pytest.mark.parametrize(
    "matrix",
    [weight_matrix(uneven()), weight_matrix(lattice(4)), hub(), everybody()],
    ids=["uneven", "lattice", "hub", "everybody"],
)
@pytest.mark.parametrize("shared", [False, True])
def test_counts_are_those_of_the_loop(matrix: SparseMatrix, *, shared: bool) -> None:
    rng = np.random.default_rng(1)
    columns = rng.integers(4, size=(matrix.shape[0], 3)).astype(float)
    shares = rng.normal(size=columns.shape) if shared else None
    ours = tail_counts(columns, matrix, 150, np.random.default_rng(5), shares=shares)
    theirs = count_by_loop(columns, matrix, 150, 5, shares)
    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


def test_neither_pieces_nor_blocks_change_the_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matrix = weight_matrix(lattice(6))
    columns = np.random.default_rng(2).normal(size=(36, 2))
    whole = tail_counts(columns, matrix, 500, np.random.default_rng(5))
    monkeypatch.setattr(_local, "PIECE", 100)
    monkeypatch.setattr(_local, "PRODUCT", 50)
    monkeypatch.setattr(_local, "DRAWS", 17)
    small = tail_counts(columns, matrix, 500, np.random.default_rng(5), workers=2)
    np.testing.assert_array_equal(whole, small)


def test_every_other_city_is_drawn_equally_often() -> None:
    # One neighbour each: a draw is one other city, told by its value.
    size = 6
    names = [f"{place}" for place in range(size)]
    matrix = weight_matrix(
        graph_of({(names[i], names[(i + 1) % size]): 1.0 for i in range(size)})
    )
    columns = np.arange(size, dtype=float)[:, None]
    above, below = tail_counts(columns, matrix, 50_000, np.random.default_rng(1))
    for city in range(size):
        others = np.delete(columns[:, 0], city)
        found = columns[(city + 1) % size, 0]
        assert above[city, 0] / 50_000 == pytest.approx(
            np.mean(others >= found), abs=0.01
        )
        assert below[city, 0] / 50_000 == pytest.approx(
            np.mean(others <= found), abs=0.01
        )


def test_draws_in_chunks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_permutations, "CHUNK", 1000)
    drawn = list(neighbour_draws(700, 10, 400, np.random.default_rng(1)))
    assert [len(part) for part in drawn] == [100] * 7
    assert all(len(set(row)) == 10 for part in drawn for row in part)
