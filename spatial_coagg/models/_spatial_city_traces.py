"""Traces with I + scale B B', from blocks of solutions."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_city_block import CityBlock
from spatial_coagg.models._spatial_grams import Filter, Multiplied, passed_on
from spatial_coagg.weights._logdet import factor
from spatial_coagg.weights._solve import Factors, blocks, multiplier, unit_columns


@dataclass(frozen=True, slots=True)
class CityTraces:
    """Traces with K = I + scale B B', G = B W A^-1 B^-1, H = W_e B^-1 and S = H + H'.

    Attributes
    ----------
    inverse, inverse_square : float
        tr K^-1 and tr K^-2.
    lag, lag_once : float
        tr K^-1 G K G' and tr K^-1 G.
    error, error_once, error_twice : float
        tr K^-1 S K^-1 S, tr K^-1 H and tr K^-1 H K^-1.
    both : float
        tr K^-1 G S.
    """

    inverse: float
    inverse_square: float
    lag: float
    lag_once: float
    error: float
    error_once: float
    error_twice: float
    both: float


def city_block_traces(
    block: CityBlock, lag: Filter | None, error: Filter
) -> CityTraces:
    """Compute the traces exactly, a block of columns at a time; cf. `gram_traces`."""
    size = error[0].shape[0]
    noise = _Spilling.of(error)
    outcome = None if lag is None else _Spilling.of(lag)
    sums = np.zeros(8)
    for places in blocks(size):
        unit = unit_columns(places, size)
        k = block.solve(unit)
        h, h_k = noise.forth(unit), noise.forth(k)
        both, both_k = h + noise.back(unit), h_k + noise.back(k)
        g = g_k = np.zeros_like(unit)
        if outcome is not None:
            g, g_k = (_turned_lag(outcome, noise, each) for each in (unit, k))
        at = places, np.arange(len(places))
        sums += (
            k[at].sum(), np.sum(k * k),
            np.sum(g_k * (block.matrix @ g)), g_k[at].sum(),
            np.sum(both_k * block.solve(both)), np.sum(k * h), np.sum(k * h_k),
            np.sum(g_k * both),
        )  # fmt: skip
    return CityTraces(*(float(each) for each in sums))


@dataclass(frozen=True, slots=True)
class _Spilling:
    """W (I - rho W)^-1 and its transpose, to multiply columns."""

    filter: Multiplied
    turned: Multiplied
    factors: Factors

    @classmethod
    def of(cls, filter_: Filter) -> "_Spilling":
        """Factorise once."""
        matrix, rho = filter_
        turned = multiplier(sparse.csr_array(matrix.T))
        return cls((multiplier(matrix), rho), (turned, rho), factor(matrix, rho))

    def forth(self, columns: FloatArray) -> FloatArray:
        """Return W (I - rho W)^-1 c."""
        return passed_on(self.filter, columns, self.factors.solve(columns))

    def back(self, columns: FloatArray) -> FloatArray:
        """Return the transpose of that matrix times c."""
        return passed_on(self.turned, columns, self.factors.solve(columns, "T"))


def _turned_lag(
    outcome: _Spilling, noise: _Spilling, columns: FloatArray
) -> FloatArray:
    """Return G' c = B'^-1 (W A^-1)' B' c."""
    matrix, error = noise.turned
    found = outcome.back(columns - error * (matrix @ columns))
    return noise.factors.solve(found, "T")
