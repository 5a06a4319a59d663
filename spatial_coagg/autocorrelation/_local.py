"""How often the neighbours of a city, drawn by chance, exceed those it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed

from spatial_coagg._typing import FloatArray
from spatial_coagg.autocorrelation._permutations import IntArray, neighbour_draws
from spatial_coagg.autocorrelation._tails import TIE
from spatial_coagg.weights._matrix import SparseMatrix

# Pieces of work for joblib at least, whatever the number of workers.
TASKS = 16
# Draws that one piece has at most, and neighbours' values that it holds: 8 MB.
DRAWS, PIECE = 1_000, 1_000_000
# Multiplications of one product: few enough for the cache, and for BLAS to start no
# threads of its own, which stand in each other's way beside the workers.
PRODUCT = 250_000


@dataclass(frozen=True, slots=True)
class Block:
    """Cities with the same number of neighbours: positions (B,) and weights (B, k)."""

    cities: IntArray
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class Hits:
    """Where cities of a block were drawn themselves: row, draw and which neighbour."""

    rows: IntArray
    draws: IntArray
    turns: IntArray


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

    Notes
    -----
    Places are drawn from all cities but the last. Where a city draws itself it takes
    the last instead, so that each city draws from the others, and the lags of all are
    one product of weights and values drawn, mended where a city drew itself.
    """
    found = np.asarray(matrix @ columns)
    if shares is not None:
        found = (found * shares).sum(axis=1, keepdims=True)
    above = np.zeros(found.shape, dtype=np.int64)
    below = np.zeros(found.shape, dtype=np.int64)
    width = int(np.diff(matrix.indptr).max())
    for drawn in neighbour_draws(permutations, width, len(columns) - 1, rng):
        held = drawn.size * columns.shape[1]
        most = max(1, min(DRAWS, PRODUCT // (2 * width)))
        parts = max(TASKS, -(-len(drawn) // most), -(-held // PIECE))
        pieces = np.array_split(drawn, min(parts, len(drawn)))
        blocks = _blocks(matrix, len(pieces[0]))
        counted = Parallel(n_jobs=workers, prefer="threads")(
            delayed(_count)(piece, blocks, columns, found, shares) for piece in pieces
        )
        for more, fewer in counted:
            above += more
            below += fewer
    return above, below


def _blocks(matrix: SparseMatrix, draws: int) -> list[Block]:
    """Group the cities by their number of neighbours, so that lags fit the cache."""
    degrees = np.diff(matrix.indptr)
    blocks = []
    for degree in np.unique(degrees[degrees > 0]):
        cities = np.flatnonzero(degrees == degree)
        places = matrix.indptr[cities][:, None] + np.arange(degree)
        weights = np.asarray(matrix.data[places], dtype=np.float64)
        step = max(2, PRODUCT // (draws * int(degree)))
        blocks += [
            Block(cities[start : start + step], weights[start : start + step])
            for start in range(0, len(cities), step)
        ]
    return blocks


def _count(
    drawn: IntArray,
    blocks: Sequence[Block],
    columns: FloatArray,
    found: FloatArray,
    shares: FloatArray | None,
) -> tuple[IntArray, IntArray]:
    above = np.zeros(found.shape, dtype=np.int64)
    below = np.zeros(found.shape, dtype=np.int64)
    values = columns.T[:, drawn.T]
    order = np.argsort(drawn, axis=None, kind="stable")
    starts = np.searchsorted(drawn.ravel()[order], np.arange(len(columns) + 1))
    for block in blocks:
        hits = _hits(block, order, starts, drawn.shape[1])
        lags = _lags(block, values, columns, hits)
        if shares is not None:
            lags = iter([_weighted_sum(lags, shares[block.cities])])
        for column, lag in enumerate(lags):
            observed = found[block.cities, column][:, None]
            slack = TIE * np.maximum(1.0, np.abs(observed))
            above[block.cities, column] = (lag >= observed - slack).sum(axis=1)
            below[block.cities, column] = (lag <= observed + slack).sum(axis=1)
    return above, below


def _hits(block: Block, order: IntArray, starts: IntArray, width: int) -> Hits:
    """Find the draws of a block's own cities; `order` sorts the draws by place."""
    first, last = starts[block.cities], starts[block.cities + 1]
    counts = last - first
    rows = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    places = order[np.arange(len(rows)) + (first - before)[rows]]
    draws, turns = np.divmod(places, width)
    used = turns < block.weights.shape[1]
    return Hits(rows[used], draws[used], turns[used])


def _lags(
    block: Block, values: FloatArray, columns: FloatArray, hits: Hits
) -> Iterator[FloatArray]:
    """Yield each column's lags of shape (B, P), `values` drawn being (C, k, P)."""
    weights = block.weights[hits.rows, hits.turns]
    gaps = columns[-1] - columns[block.cities[hits.rows]]
    for drawn, gap in zip(values, gaps.T, strict=True):
        lag = _product(block.weights, drawn[: block.weights.shape[1]])
        lag[hits.rows, hits.draws] += weights * gap
        yield lag


def _product(weights: FloatArray, drawn: FloatArray) -> FloatArray:
    # Of a single row BLAS would make threads however small it is.
    if len(weights) == 1:
        return np.asarray(np.einsum("bk,kp->bp", weights, drawn))
    return np.asarray(weights @ drawn)


def _weighted_sum(lags: Iterator[FloatArray], shares: FloatArray) -> FloatArray:
    """Return the sum of lags of shape (B, P), each times its shares of shape (B,)."""
    own = shares.T[:, :, None]
    parts = [share * lag for share, lag in zip(own, lags, strict=True)]
    return np.asarray(np.sum(parts, axis=0))
