"""Solutions of (I - rho W) x = b, by factorisation or by iteration."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.linalg import SuperLU, splu

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix

# Places up to which, and share of the pairs linked from which, W is dense to LAPACK.
FEW, LINKED = 500, 0.1
# Places above which systems are solved by iteration, if rho W shrinks every vector by
# this factor at least: a factorisation takes gigabytes there.
ITERATE, SHRINKS = 200_000, 0.95
CLOSE = 1e-14
# Share of the largest entry of its column below which a diagonal entry is no pivot,
# where I - rho W is not dominated by its diagonal.
PIVOT = 1e-3
# Numbers of a block of columns.
_CACHED = 400_000


class Factors(Protocol):
    """An LU factorisation of I - rho W."""

    def solve(self, columns: FloatArray, trans: Literal["N", "T"] = "N") -> FloatArray:
        """Return (I - rho W)^-1 times columns, or its transpose times them."""
        ...


@dataclass(frozen=True, slots=True)
class DenseFactors:
    """LAPACK's factors, for few places or many links."""

    lu: FloatArray
    pivots: NDArray[np.integer[Any]]

    def solve(self, columns: FloatArray, trans: Literal["N", "T"] = "N") -> FloatArray:
        """Return the inverse times columns, or its transpose times them."""
        return linalg.lu_solve(
            (self.lu, self.pivots),
            columns,
            trans=1 if trans == "T" else 0,
            check_finite=False,
        )


@dataclass(frozen=True, slots=True)
class SparseFactors:
    """SuperLU's factors."""

    lu: "SuperLU[Any]"

    def solve(self, columns: FloatArray, trans: Literal["N", "T"] = "N") -> FloatArray:
        """Return the inverse times columns, or its transpose times them."""
        found = self.lu.solve(columns, trans)  # type: ignore[call-overload] # stub
        return np.asarray(found, dtype=np.float64)


def factor(matrix: SparseMatrix, rho: float) -> Factors:
    """Return the LU of I - rho W, sparse where W is and places are not too few."""
    size = matrix.shape[0]
    if size > FEW and matrix.nnz <= LINKED * size**2:
        return SparseFactors(sparse_factor(matrix, rho))
    system = -rho * matrix.toarray()
    system.flat[:: size + 1] += 1.0
    found = linalg.lu_factor(system, overwrite_a=True, check_finite=False)
    return DenseFactors(*found)


def sparse_factor(matrix: SparseMatrix, rho: float) -> "SuperLU[Any]":
    """Return the sparse LU of I - rho W; minimum-degree ordering, symmetric mode."""
    system = sparse.csc_array(sparse.eye_array(matrix.shape[0]) - rho * matrix)
    return splu(
        system,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0 if abs(rho) * largest_row(matrix) < 1 else PIVOT,
        options={"SymmetricMode": True},
    )


def multiplier(matrix: SparseMatrix) -> FloatArray | SparseMatrix:
    """Return the matrix in the form that multiplies columns the faster."""
    size = matrix.shape[0]
    is_dense = size > FEW and matrix.nnz > LINKED * size**2
    return matrix.toarray() if is_dense else matrix


def solve(matrix: SparseMatrix, rho: float, columns: FloatArray) -> FloatArray:
    """Return (I - rho W)^-1 times columns, shape (N,) or (N, C).

    Notes
    -----
    With very many places x = b + rho W x is iterated: the error shrinks by the factor
    |rho| times the largest row sum at each step.
    """
    shrinks = abs(rho) * largest_row(matrix)
    if shrinks == 0:
        return np.array(columns)
    if matrix.shape[0] <= ITERATE or shrinks > SHRINKS:
        return np.asarray(factor(matrix, rho).solve(np.ascontiguousarray(columns)))
    found = columns
    for _ in range(int(np.ceil(np.log(CLOSE) / np.log(shrinks)))):
        found = columns + rho * (matrix @ found)
    return found


def blocks(size: int) -> list[NDArray[np.int64]]:
    """Cut N places into blocks whose columns of N numbers fit into a cache."""
    width = int(np.clip(_CACHED // size, 16, 256))
    return [
        np.arange(start, min(start + width, size)) for start in range(0, size, width)
    ]


def unit_columns(places: NDArray[np.int64], size: int) -> FloatArray:
    """Return the columns of the identity at some places, shape (N, places)."""
    found = np.zeros((size, len(places)), order="F")
    found[places, np.arange(len(places))] = 1.0
    return found


def largest_row(matrix: SparseMatrix) -> float:
    """Return the largest sum of the sizes of a row's weights."""
    return float(np.asarray(abs(matrix).sum(axis=1)).max(initial=0.0))
