"""What the multiplier does city by city, and order by order of neighbours."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_multiplier import MANY, PROBES, random_signs
from spatial_coagg.weights._logdet import EigenSpectrum, Spectrum, factor, solve
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights._solve import LINKED, blocks, unit_columns

Matrix: TypeAlias = Any  # an array or a sparse array: the operators are the same


@dataclass(frozen=True, slots=True)
class Diagonals:
    """Diagonals of A^-1 and A^-1 W_x, shape (N,), and the largest standard errors.

    Attributes
    ----------
    own, lagged : array of shape (N,)
    error : float
        0 where they are exact.
    """

    own: FloatArray
    lagged: FloatArray
    error: float


def multiplier_diagonals(
    rho: float, lag: SparseMatrix, spillover: SparseMatrix
) -> Diagonals:
    """Return the diagonals: in blocks of solutions, or probed with very many places."""
    size = lag.shape[0]
    if rho == 0:
        return Diagonals(np.ones(size), spillover.diagonal(), 0.0)
    if size > MANY:
        return _probed_diagonals(rho, lag, spillover)
    # Rows of A^-1 are columns of the inverse of its transpose.
    factors, turned = factor(lag, rho), sparse.csr_array(spillover.T)
    own, lagged = np.empty(size), np.empty(size)
    for places in blocks(size):
        at = np.arange(len(places))
        found = factors.solve(unit_columns(places, size), "T")
        own[places] = found[places, at]
        lagged[places] = (turned @ found)[places, at]
    return Diagonals(own, lagged, 0.0)


def _probed_diagonals(
    rho: float, lag: SparseMatrix, spillover: SparseMatrix
) -> Diagonals:
    """Estimate what follows the first terms of the series from random signs.

    A^-1 = I + rho W + rho^2 W^2 + rho^3 W^3 A^-1 and A^-1 W_x = W_x + rho W W_x +
    rho^2 W^2 A^-1 W_x; the mean of v (M v) over signs v is the diagonal of M (Bekas,
    Kokiopoulou and Saad 2007, Applied Numerical Mathematics 57).
    """
    size = lag.shape[0]
    source, step = np.random.default_rng(0), 8
    sums, squares = np.zeros((2, size)), np.zeros((2, size))
    for _ in range(PROBES // step):
        signs = random_signs(source, size, step)
        both = np.concatenate([signs, spillover @ signs], axis=1)
        image = lag @ (lag @ solve(lag, rho, both))
        parts = rho**3 * (lag @ image[:, :step]), rho**2 * image[:, step:]
        for place, part in enumerate(parts):
            sums[place] += (signs * part).sum(axis=1)
            squares[place] += np.square(part).sum(axis=1)
    means = sums / PROBES
    spread = np.sqrt(np.maximum(squares / PROBES - means**2, 0) / (PROBES - 1))
    own = 1 + rho * lag.diagonal() + rho**2 * _paired(lag, lag) + means[0]
    lagged = spillover.diagonal() + rho * _paired(lag, spillover) + means[1]
    return Diagonals(own, lagged, float(spread.max()))


def _paired(first: SparseMatrix, second: SparseMatrix) -> FloatArray:
    """Return the diagonal of the product of two matrices."""
    return np.asarray((first * sparse.csr_array(second.T)).sum(axis=1))


def power_means(
    lag: SparseMatrix, spillover: SparseMatrix, spectrum: Spectrum, orders: int
) -> FloatArray:
    """Return mean diagonals of W^q and W^q W_x for q = 0 ... orders - 1, (orders, 2).

    Notes
    -----
    tr W^(p + q) is the sum over rows of W^p times those of the transposed W^q: half
    as many powers, a block of rows at a time, and rows of sparse weights stay sparse.
    """
    size = lag.shape[0]
    if spillover is lag and isinstance(spectrum, EigenSpectrum):
        powers = spectrum.values[:, None] ** np.arange(orders + 1)
        means = np.real(powers.sum(axis=0)) / size
        return np.stack([means[:-1], means[1:]], axis=1)
    if lag.nnz > LINKED * size**2:
        return _power_means(
            lag.toarray(), spillover.toarray(), orders, np.eye(size), 256
        )
    eye = sparse.csr_array(sparse.eye_array(size))
    return _power_means(lag, spillover, orders, eye, 2048)


def _power_means(
    lag: Matrix, spillover: Matrix, orders: int, eye: Matrix, width: int
) -> FloatArray:
    size, half = eye.shape[0], orders // 2
    turned, turned_spillover = lag.T, spillover.T
    found = np.zeros((orders, 2))
    for start in range(0, size, width):
        rows = eye[start : start + width]
        forth = _images(rows, lag, half)
        back = _images(rows, turned, half)
        back_lagged = _images(rows @ turned_spillover, turned, half)
        for order in range(orders):
            first, rest = order // 2, order - order // 2
            found[order] += (
                (forth[first] * back[rest]).sum(),
                (forth[first] * back_lagged[rest]).sum(),
            )
    return np.asarray(found / size)


def _images(rows: Matrix, matrix: Matrix, powers: int) -> list[Matrix]:
    """Return the rows times W^0 ... W^powers."""
    found = [rows]
    for _ in range(powers):
        found.append(found[-1] @ matrix)
    return found
