"""Traces of products of G = W A^-1 with its transpose, from blocks of solutions."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._logdet import factor
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights._solve import Factors, blocks, multiplier, unit_columns

Filter: TypeAlias = tuple[SparseMatrix, float]
Multiplied: TypeAlias = tuple[FloatArray | SparseMatrix, float]

# Size of rho from which a difference over rho keeps its digits.
_NOT_SMALL = 0.01


@dataclass(frozen=True, slots=True)
class GramTraces:
    """What the expected information needs beside the derivatives of determinants.

    Attributes
    ----------
    lag : float
        tr G'G, with G = B W A^-1 B^-1, A = I - rho W and B = I - lambda W_e.
    error : float
        tr H'H, with H = W_e B^-1.
    both : float
        tr G'H + tr G H.
    """

    lag: float = 0.0
    error: float = 0.0
    both: float = 0.0


def gram_traces(
    lag: Filter | None, error: Filter | None, *, without_unit: bool
) -> GramTraces:
    """Compute the traces exactly, a block of columns of G and H at a time.

    Parameters
    ----------
    lag, error : pair of a sparse array of shape (N, N) and float, or None
        W and rho; W_e and lambda.
    without_unit : bool
        On the space orthogonal to the unit vector, which year effects take away; the
        rows of W and W_e then sum to one.

    Notes
    -----
    Memory grows with the links and factors; time with N solutions of each system.
    """
    some = lag or error
    if some is None:
        return GramTraces()
    size = some[0].shape[0]
    columns = _Columns.of(lag, error)
    sums = np.zeros(3)
    for places in blocks(size):
        unit = unit_columns(places, size)
        g, h, turned = columns.at(unit)
        sums += (np.sum(g * g), np.sum(h * h), np.sum(g * h) + np.sum(g * turned))
        if without_unit:
            of_g, of_h = g.sum(axis=0), h.sum(axis=0)
            sums -= np.array([of_g @ of_g, of_h @ of_h, of_g @ of_h]) / size
    if without_unit and lag is not None and error is not None:
        sums[2] -= 1 / ((1 - lag[1]) * (1 - error[1]))
    return GramTraces(*(float(each) for each in sums))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of G, of H and of H'."""

    lag: Multiplied | None
    error: Multiplied | None
    lag_factors: Factors | None
    error_factors: Factors | None
    turned: FloatArray | SparseMatrix | None

    @classmethod
    def of(cls, lag: Filter | None, error: Filter | None) -> "_Columns":
        """Factorise once."""
        return cls(
            multiplied(lag),
            multiplied(error),
            None if lag is None else factor(*lag),
            None if error is None else factor(*error),
            None if error is None else multiplier(sparse.csr_array(error[0].T)),
        )

    def at(self, unit: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return columns of G, H and H' (zeros where there is none)."""
        g = h = turned = np.zeros_like(unit)
        passed = unit
        if self.error is not None and self.error_factors is not None:
            passed = self.error_factors.solve(unit)
            h = passed_on(self.error, unit, passed)
            if self.lag is not None and self.turned is not None:
                turned = self.error_factors.solve(self.turned @ unit, "T")
        if self.lag is not None and self.lag_factors is not None:
            g = passed_on(self.lag, passed, self.lag_factors.solve(passed))
            if self.error is not None:
                g = g - self.error[1] * (self.error[0] @ g)
        return g, h, turned


def multiplied(filter_: Filter | None) -> Multiplied | None:
    """Return a filter whose matrix multiplies fast."""
    return None if filter_ is None else (multiplier(filter_[0]), filter_[1])


def passed_on(
    filter_: Multiplied, columns: FloatArray, solved: FloatArray
) -> FloatArray:
    """Return W A^-1 c from c and A^-1 c: rho W A^-1 = A^-1 - I."""
    matrix, rho = filter_
    if abs(rho) > _NOT_SMALL:
        return (solved - columns) / rho
    return np.asarray(matrix @ solved)
