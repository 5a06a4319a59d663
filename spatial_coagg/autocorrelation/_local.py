"""How often the neighbours of a city, drawn by chance, exceed those it has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse

from spatial_coagg.autocorrelation._permutations import (
    BLOCK,
    FloatArray,
    IntArray,
    SparseMatrix,
    neighbour_draws,
)
from spatial_coagg.autocorrelation._tails import TIE

# Pieces of work for joblib, whatever the number of workers.
TASKS = 16


@dataclass(frozen=True, slots=True)
class Block:
    """Cities with the same number of neighbours: positions (B,) and weights (B, k)."""

    cities: IntArray
    weights: FloatArray


def tail_counts(
    columns: FloatArray,
    matrix: SparseMatrix,
    permutations: int,
    rng: np.random.Generator,
    *,
    shares: FloatArray | None = None,
    workers: int | None = None,
) -> tuple[IntArray, IntArray]:
    """Count draws of the neighbours' lag that reach the lag found.

    Parameters
    ----------
    columns : array of shape (N, C)
        Values of about unit size; each column is a variable of its own.
    matrix : sparse array of shape (N, N)
    permutations : int
        The neighbours of a city are drawn from all other cities, in random order.
        All cities and columns share the draws.
    shares : array of shape (N, C), optional
        If given, the statistic of city i is the sum over columns of shares[i, c] times
        the lag of column c, instead of each lag by itself.
    workers : int, optional
        As joblib's ``n_jobs``. The answer does not depend on it.

    Returns
    -------
    two arrays of shape (N, C), or (N, 1) with `shares`
        Draws at or above, and at or below, the value found.
    """
    found = np.asarray(matrix @ columns)
    if shares is not None:
        found = (found * shares).sum(axis=1, keepdims=True)
    above = np.zeros(found.shape, dtype=np.int64)
    below = np.zeros(found.shape, dtype=np.int64)
    degrees = np.diff(matrix.indptr)
    width = int(degrees.max())
    for drawn in neighbour_draws(permutations, width, len(columns) - 1, rng):
        tasks = _tasks(matrix, degrees, len(drawn), columns.shape[1])
        counted = Parallel(n_jobs=workers, prefer="threads")(
            delayed(_count)(drawn, task, columns, found, shares) for task in tasks
        )
        for task, (more, fewer) in zip(tasks, counted, strict=True):
            cities = np.concatenate([block.cities for block in task])
            above[cities] += more
            below[cities] += fewer
    return above, below


def _tasks(
    matrix: SparseMatrix, degrees: IntArray, count: int, width: int
) -> list[list[Block]]:
    blocks = []
    for degree in np.unique(degrees[degrees > 0]):
        cities = np.flatnonzero(degrees == degree)
        places = matrix.indptr[cities][:, None] + np.arange(degree)
        weights = np.asarray(matrix.data[places], dtype=np.float64)
        step = max(1, BLOCK // (count * max(int(degree), width)))
        blocks += [
            Block(cities[start : start + step], weights[start : start + step])
            for start in range(0, len(cities), step)
        ]
    size = max(1, -(-len(blocks) // TASKS))
    return [blocks[start : start + size] for start in range(0, len(blocks), size)]


def _count(
    drawn: IntArray,
    task: Sequence[Block],
    columns: FloatArray,
    found: FloatArray,
    shares: FloatArray | None,
) -> tuple[IntArray, IntArray]:
    above, below = [], []
    for block in task:
        lags = _lags(drawn, block, columns)
        if shares is not None:
            own = shares[block.cities][:, None, :]
            lags = (lags * own).sum(axis=2, keepdims=True)
        observed = found[block.cities][:, None, :]
        slack = TIE * np.maximum(1.0, np.abs(observed))
        above.append(np.count_nonzero(lags >= observed - slack, axis=1))
        below.append(np.count_nonzero(lags <= observed + slack, axis=1))
    return np.concatenate(above), np.concatenate(below)


def _lags(drawn: IntArray, block: Block, columns: FloatArray) -> FloatArray:
    """Return lags of shape (B, P, C) for cities that draw the others' values."""
    size, degree = block.weights.shape
    count, width = len(drawn), columns.shape[1]
    places = np.broadcast_to(drawn[None, :, :degree], (size, count, degree))
    places = places + (places >= block.cities[:, None, None])
    if width == 1:
        return np.asarray(columns[:, 0][places] @ block.weights[:, :, None])
    weights = np.broadcast_to(block.weights[:, None, :], places.shape)
    chooser = sparse.csr_array(
        (
            weights.ravel(),
            places.ravel().astype(np.int32),
            np.arange(0, places.size + 1, degree, dtype=np.int32),
        ),
        shape=(size * count, len(columns)),
    )
    return np.asarray(chooser @ columns).reshape(size, count, width)
