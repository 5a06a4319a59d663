"""Inverses of moment matrices that may be singular or badly scaled."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from spatial_coagg._typing import FloatArray


@dataclass(frozen=True, slots=True)
class Inverse:
    """An inverse, and the rank found; below full rank it is a generalised one."""

    matrix: FloatArray
    rank: int

    @property
    def is_exact(self) -> bool:
        """Whether the matrix had full rank."""
        return self.rank == len(self.matrix)


def invert_symmetric(matrix: FloatArray) -> Inverse:
    """Invert a positive semidefinite matrix after scaling its diagonal to one.

    Scaling keeps a unit of measurement from looking like a lack of rank.
    """
    scale = _unit_scale(np.diag(matrix))
    values, vectors = linalg.eigh(matrix * scale * scale[:, None])
    kept = values > _tolerance(values)
    basis = vectors[:, kept] * scale[:, None]
    return Inverse((basis / values[kept]) @ basis.T, int(kept.sum()))


def invert_outer(moments: FloatArray) -> Inverse:
    """Invert the sum of outer products m_i m_i' of `moments` (J, N).

    Below full rank it is the Moore-Penrose inverse, taken from the singular values of
    the moments themselves, which are known to twice the digits of their squares.
    """
    scale = _unit_scale(np.square(moments).sum(axis=1))
    scaled = moments * scale[:, None]
    values, vectors = linalg.eigh(scaled @ scaled.T)
    rank = int((values > _tolerance(values)).sum())
    if rank == len(moments):
        basis = vectors * scale[:, None]
        return Inverse((basis / values) @ basis.T, rank)
    left, singular, _ = linalg.svd(moments, full_matrices=False)
    basis = left[:, :rank] / singular[:rank]
    return Inverse(basis @ basis.T, rank)


def rank_of(matrix: FloatArray) -> int:
    """Return the rank of a positive semidefinite matrix, whatever its units."""
    scale = _unit_scale(np.diag(matrix))
    values, _ = linalg.eigh(matrix * scale * scale[:, None])
    return int((values > _tolerance(values)).sum())


def _unit_scale(diagonal: FloatArray) -> FloatArray:
    return 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))


def _tolerance(values: FloatArray) -> float:
    return float(len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0))
