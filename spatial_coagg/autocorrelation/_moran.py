"""Moran's I: the statistic, its moments and its permutations, on plain arrays."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray: TypeAlias = NDArray[np.float64]
SparseMatrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]

# Numbers that one chunk of permutations may hold: 64 MB.
CHUNK = 8_000_000


@dataclass(frozen=True, slots=True)
class Moments:
    """Expectation and variances of Moran's I where the cities' order is chance."""

    expectation: float
    variance_normal: float
    variance_randomisation: float


def moran_statistic(z: FloatArray, matrix: SparseMatrix) -> float:
    """Return (N / S0) z'Wz / z'z for deviations `z` from the mean."""
    size, total = len(z), float(matrix.sum())
    return float(size / total * (z @ (matrix @ z)) / (z @ z))


def moran_moments(z: FloatArray, matrix: SparseMatrix) -> Moments:
    """Return the moments of Cliff and Ord (1981, pp. 42-46)."""
    n = float(len(z))
    s0 = float(matrix.sum())
    both = matrix + matrix.T
    s1 = float((both.power(2)).sum()) / 2
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    s2 = float(np.square(np.asarray(rows) + np.asarray(columns)).sum())
    expectation = -1 / (n - 1)
    normal = (n * n * s1 - n * s2 + 3 * s0 * s0) / ((n * n - 1) * s0 * s0)
    kurtosis = float(np.mean(z**4) / np.mean(z**2) ** 2)
    first = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0)
    second = kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    below = (n - 1) * (n - 2) * (n - 3) * s0 * s0
    random = (first - second) / below if below > 0 else float("nan")
    square = expectation * expectation
    return Moments(expectation, normal - square, random - square)


def permuted_statistics(
    z: FloatArray, matrix: SparseMatrix, permutations: int, rng: np.random.Generator
) -> FloatArray:
    """Return the statistic for as many random orders of the cities."""
    size = len(z)
    step = max(1, CHUNK // size)
    scale = size / float(matrix.sum()) / float(z @ z)
    found = np.empty(permutations)
    for start in range(0, permutations, step):
        count = min(step, permutations - start)
        drawn = rng.permuted(np.broadcast_to(z, (count, size)), axis=1)
        lags = (matrix @ drawn.T).T
        found[start : start + count] = scale * np.einsum("pn,pn->p", drawn, lags)
    return found
