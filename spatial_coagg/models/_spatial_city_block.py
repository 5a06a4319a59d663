"""I + scale B B': the covariance of city effects and noise, if noise alone spills over.

B = I - lambda W_e; the covariance is that of B times the means over the years, in
units of the noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import splu

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix

# Links per pair of cities up to which factorisations are sparse.
SPARSE, FEW = 0.05, 400


@dataclass(frozen=True, slots=True)
class CityBlock:
    """The matrix of N x N, factorised.

    Attributes
    ----------
    matrix : array or sparse array
    log_determinant : float
    solve : callable
        Returns its inverse times columns.
    """

    matrix: FloatArray | SparseMatrix
    log_determinant: float
    solve: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class CityProducts:
    """W_e + W_e' and W_e W_e', dense where that is quicker."""

    once: FloatArray | SparseMatrix
    twice: FloatArray | SparseMatrix

    @classmethod
    def of(cls, matrix: SparseMatrix) -> "CityProducts":
        """Multiply once for all lambda."""
        once = sparse.csr_array(matrix + matrix.T)
        twice = sparse.csr_array(matrix @ matrix.T)
        cities = matrix.shape[0]
        if cities > FEW and twice.nnz < SPARSE * cities**2:
            return cls(once, twice)
        return cls(once.toarray(), twice.toarray())

    def block(self, error: float, scale: float) -> CityBlock:
        """Return the matrix for lambda and the scale of the city effects."""
        system = scale * (error**2 * self.twice - error * self.once)
        if isinstance(system, np.ndarray):
            system[np.diag_indices_from(system)] += 1 + scale
            return _dense_block(system)
        return _sparse_block(system + (1 + scale) * sparse.eye_array(system.shape[0]))


def _dense_block(system: FloatArray) -> CityBlock:
    made, low = linalg.cho_factor(system, check_finite=False)

    def solve(columns: FloatArray) -> FloatArray:
        found = linalg.cho_solve((made, low), columns, check_finite=False)
        return np.asarray(found, dtype=np.float64)

    return CityBlock(system, 2 * float(np.sum(np.log(np.diag(made)))), solve)


def _sparse_block(system: SparseMatrix) -> CityBlock:
    made = splu(
        sparse.csc_array(system), permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0, options={"SymmetricMode": True},
    )  # fmt: skip
    logarithm = float(np.sum(np.log(np.abs(made.U.diagonal()))))
    return CityBlock(
        sparse.csr_array(system),
        logarithm,
        lambda columns: np.asarray(made.solve(columns), dtype=np.float64),
    )
