"""Arithmetic on sparse weight matrices."""

from typing import Any, TypeAlias

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, eigs

from spatial_coagg._typing import BoolArray, FloatArray, IntArray

SparseMatrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]

# Below this size all eigenvalues are computed; it takes well under a second.
SMALL = 500
# Distance of a row's sum from one that estimators take for one.
ROW_SUM = 1e-9


def matrix_of(
    rows: IntArray, columns: IntArray, weights: FloatArray, n: int
) -> SparseMatrix:
    """Return the (n, n) matrix with `weights` at (row, column); doubles are summed."""
    matrix: SparseMatrix = sparse.csr_array((weights, (rows, columns)), shape=(n, n))
    return canonical(matrix)


def matrix_of_pairs(pairs: IntArray, weights: FloatArray, n: int) -> SparseMatrix:
    """Return the symmetric (n, n) matrix with `weights` at `pairs`, shape (P, 2)."""
    first, second = pairs.T
    rows = np.concatenate([first, second])
    columns = np.concatenate([second, first])
    return matrix_of(rows, columns, np.tile(weights, 2), n)


def canonical(matrix: SparseMatrix) -> SparseMatrix:
    """Return a copy with sorted columns and no stored zeros."""
    made = matrix.copy()
    made.sum_duplicates()
    made.eliminate_zeros()
    return made


def row_sums(matrix: SparseMatrix) -> FloatArray:
    """Return the sum of each row."""
    return np.asarray(matrix.sum(axis=1), dtype=np.float64)


def neighbour_counts(matrix: SparseMatrix) -> IntArray:
    """Return the number of stored weights in each row."""
    return np.diff(matrix.indptr).astype(np.int64)


def standardised_rows(matrix: SparseMatrix) -> SparseMatrix:
    """Divide each row by its sum; empty rows stay empty.

    A row that sums to one, to within rounding, is left as it is: standardising twice
    is standardising once, to the last digit.
    """
    sums = row_sums(matrix)
    divisors = np.where((sums == 0) | _is_one(matrix, sums), 1.0, sums)
    return divided_rows(matrix, divisors)


def has_standard_rows(matrix: SparseMatrix) -> bool:
    """Tell whether every row that holds a weight sums to one."""
    sums = row_sums(matrix)
    return bool(np.all((neighbour_counts(matrix) == 0) | _is_one(matrix, sums)))


def uneven_rows(matrix: SparseMatrix) -> BoolArray:
    """Tell which rows do not sum to one, but for the digits that files leave off."""
    return np.abs(row_sums(matrix) - 1) > ROW_SUM


def largest_shares(matrix: SparseMatrix) -> FloatArray:
    """Return the largest share that one neighbour takes of each row (nan if empty)."""
    counts = neighbour_counts(matrix)
    filled = counts > 0
    shares = np.full(len(counts), np.nan)
    tops = np.maximum.reduceat(matrix.data, matrix.indptr[:-1][filled])
    shares[filled] = tops / row_sums(matrix)[filled]
    return shares


def spectral_radius(matrix: SparseMatrix) -> float:
    """Return the largest absolute eigenvalue of a matrix without negative entries."""
    pieces = connected_components(matrix, connection="strong")[0]
    if pieces == matrix.shape[0]:
        # No way leads back to where it began; rounding would hide the zero.
        return 0.0
    if matrix.shape[0] > SMALL:
        try:
            # A fixed start makes the answer the same in every run.
            start = np.ones(matrix.shape[0])
            found = eigs(matrix, k=1, v0=start, return_eigenvectors=False)
            return float(np.abs(found).max())
        except ArpackNoConvergence:
            pass
    return float(np.abs(np.linalg.eigvals(matrix.toarray())).max())


def _is_one(matrix: SparseMatrix, sums: FloatArray) -> BoolArray:
    tolerance = np.finfo(np.float64).eps * np.maximum(neighbour_counts(matrix), 4)
    return np.abs(sums - 1) <= tolerance


def divided_rows(matrix: SparseMatrix, divisors: FloatArray) -> SparseMatrix:
    """Divide each row by its own divisor."""
    divided = matrix.copy()
    divided.data = matrix.data / np.repeat(divisors, neighbour_counts(matrix))
    return divided
