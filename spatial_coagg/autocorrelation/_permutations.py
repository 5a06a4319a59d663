"""Random orders of cities, whole or for the neighbours of one city at a time."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix

IntArray: TypeAlias = NDArray[np.int64]

# Numbers that one chunk of draws may hold: 64 MB.
CHUNK = 8_000_000
# Numbers worked on at once: few enough for the cache of a core.
BLOCK = 200_000


def permuted_forms(
    columns: FloatArray,
    matrix: SparseMatrix,
    permutations: int,
    rng: np.random.Generator,
    *,
    squares: FloatArray | None = None,
) -> FloatArray:
    """Return the form of :func:`spatial_form` for random orders of the rows.

    Parameters
    ----------
    columns : array of shape (N, C)
        Rows are moved whole, so that a city keeps its history.
    matrix : sparse array of shape (N, N)
    squares : array of shape (N,), optional

    Returns
    -------
    array of shape (permutations,)
    """
    size, width = columns.shape
    step = max(1, BLOCK // (size * width))
    found = np.empty(permutations)
    rows = np.arange(size)
    for start in range(0, permutations, step):
        count = min(step, permutations - start)
        orders = rng.permuted(np.broadcast_to(rows, (count, size)), axis=1)
        drawn = columns[np.ascontiguousarray(orders.T)].reshape(size, count * width)
        forms = spatial_form(drawn, matrix, squares=squares)
        found[start : start + count] = forms.reshape(count, width).sum(axis=1)
    return found


def spatial_form(
    columns: FloatArray, matrix: SparseMatrix, *, squares: FloatArray | None = None
) -> FloatArray:
    """Return x'Wx of each column x; with `squares` s, the sum of s_i x_i² - 2 x'Wx."""
    forms = np.einsum("np,np->p", columns, matrix @ columns)
    if squares is None:
        return np.asarray(forms)
    return np.asarray(squares @ np.square(columns) - 2 * forms)


def permuted_products(
    fixed: FloatArray, moved: FloatArray, permutations: int, rng: np.random.Generator
) -> FloatArray:
    """Return fixed'x for random orders x of `moved`."""
    size = len(moved)
    step = max(1, BLOCK // size)
    found = np.empty(permutations)
    for start in range(0, permutations, step):
        count = min(step, permutations - start)
        drawn = rng.permuted(np.broadcast_to(moved, (count, size)), axis=1)
        found[start : start + count] = drawn @ fixed
    return found


def neighbour_draws(
    permutations: int, width: int, others: int, rng: np.random.Generator
) -> Iterator[IntArray]:
    """Yield draws of `width` different places among `others`, in random order.

    Each array has shape (count, width), entries 0 ... others - 1; the counts sum to
    `permutations` and depend on nothing but the sizes.
    """
    step = max(1, CHUNK // max(width, 1))
    for start in range(0, permutations, step):
        yield _draw(min(step, permutations - start), width, others, rng)


def _draw(count: int, width: int, others: int, rng: np.random.Generator) -> IntArray:
    if width * width > others:
        return _draw_from_orders(count, width, others, rng)
    drawn = rng.integers(others, size=(count, width))
    pending = np.arange(count)
    while len(pending) > 0:
        ordered = np.sort(drawn[pending], axis=1)
        pending = pending[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
        drawn[pending] = rng.integers(others, size=(len(pending), width))
    return drawn


def _draw_from_orders(
    count: int, width: int, others: int, rng: np.random.Generator
) -> IntArray:
    drawn = np.empty((count, width), dtype=np.int64)
    step = max(1, CHUNK // others)
    for start in range(0, count, step):
        part = drawn[start : start + step]
        whole = np.broadcast_to(np.arange(others), (len(part), others))
        part[:] = rng.permuted(whole, axis=1)[:, :width]
    return drawn
