"""Extreme eigenvalues of weights, and the scaling that makes weights symmetric."""

import numpy as np
from scipy import linalg as dense
from scipy import sparse
from scipy.sparse import csgraph, linalg

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights._matrix import SparseMatrix, neighbour_counts, uneven_rows

# Steps of Lanczos's method, and the residual at which it stops, as a share of the
# largest eigenvalue.
STEPS, CLOSE = 240, 1e-7
# Relative gap between a weight and its mirror image that is rounding.
SYMMETRIC = 1e-12
# Logarithm of the ratio of two scales beyond which products lose all digits.
FAR_APART = 300.0
_POWERS = 100


def symmetriser(matrix: SparseMatrix) -> FloatArray | None:
    """Return s with s_i w_ij / s_j symmetric, or None where there is none.

    A row-standardised symmetric matrix has one: its eigenvalues are real.

    Notes
    -----
    (s_i / s_j)^2 = w_ji / w_ij along a spanning tree of each component fixes s; the
    other links must agree.
    """
    forth = matrix.sorted_indices()
    back = sparse.csr_array(forth.T).sorted_indices()
    same = np.array_equal(forth.indptr, back.indptr) and np.array_equal(
        forth.indices, back.indices
    )
    if not same or (forth.data <= 0).any():
        return None
    row = np.repeat(np.arange(forth.shape[0]), np.diff(forth.indptr))
    steps = sparse.csr_array(
        (0.5 * (np.log(forth.data) - np.log(back.data)), forth.indices, forth.indptr),
        shape=forth.shape,
    )
    logs = _summed_from_roots(forth, steps)
    if logs.max(initial=0.0) - logs.min(initial=0.0) > FAR_APART:
        return None
    scale = np.exp(logs - logs.mean())
    ratio = scale[row] / scale[forth.indices]
    scaled, mirrored = ratio * forth.data, back.data / ratio
    gap = np.abs(scaled - mirrored).max(initial=0.0)
    return scale if gap <= SYMMETRIC * scaled.max(initial=1.0) else None


def symmetrised(matrix: SparseMatrix, scale: FloatArray) -> SparseMatrix:
    """Return the symmetric matrix with s_i w_ij / s_j, which has W's eigenvalues."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    data = scale[row] * matrix.data / scale[matrix.indices]
    scaled = sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
    return sparse.csr_array((scaled + scaled.T) / 2)


def _summed_from_roots(links: SparseMatrix, steps: SparseMatrix) -> FloatArray:
    """Return the sum of the steps from each component's root to each place.

    One more place, linked to one of each component, lets one search reach them all;
    sums then double their reach until every place has arrived at the root.
    """
    size = links.shape[0]
    _, labels = csgraph.connected_components(links, directed=False)
    roots = np.unique(labels, return_index=True)[1]
    everywhere = np.concatenate([links.indices, roots])
    starts = np.append(links.indptr, len(everywhere))
    graph = sparse.csr_array(
        (np.ones(len(everywhere)), everywhere, starts), shape=(size + 1, size + 1)
    )
    _, before = csgraph.breadth_first_order(graph, size, directed=True)
    parents = before[:size].astype(np.int64)
    inner = np.flatnonzero(parents < size)
    sums = np.zeros(size + 1)
    if len(inner) > 0:
        sums[inner] = np.asarray(steps[parents[inner], inner])
    above = np.append(parents, size)
    while (above < size).any():
        sums, above = sums + sums[above], above[above]
    return sums[:size]


def interval_between(smallest: float, largest: float) -> tuple[float, float]:
    """Return the rho around zero for which no 1 - rho x of an eigenvalue x is zero."""
    low = 1 / smallest if smallest < 0 else -np.inf
    high = 1 / largest if largest > 0 else np.inf
    return float(low), float(high)


def extremes_of_symmetric(matrix: SparseMatrix, largest: float) -> tuple[float, float]:
    """Return bounds of the eigenvalues of a symmetric matrix, close from outside.

    Parameters
    ----------
    matrix : sparse array of shape (N, N)
    largest : float
        A bound of the largest eigenvalue.

    Notes
    -----
    Lanczos's method without reorthogonalisation keeps three vectors and finds the
    ends first. Its values lie inside the spectrum, so its residual is added: rho is
    never let out of the admissible interval. Weights have no eigenvalue below minus
    the largest (Perron and Frobenius).
    """
    low, high = _lanczos_ends(matrix)
    top = min(high, largest)
    return max(low, -top), top


def smallest_of(matrix: SparseMatrix, largest: float) -> float:
    """Return a bound of the real eigenvalues of weights that cannot be symmetrised.

    Where Arnoldi's method does not converge soon, Perron's bound serves: no
    eigenvalue is larger in size than the largest.
    """
    size = matrix.shape[0]
    start = np.ones(size) + 1e-3 * np.cos(np.arange(size))
    try:
        found = linalg.eigs(
            matrix, k=1, which="SR", v0=start, ncv=min(40, size - 1), tol=1e-6,
            maxiter=60, return_eigenvectors=False,
        )  # fmt: skip
    except linalg.ArpackNoConvergence:
        return -largest
    return max(float(np.real(found[0])) - 1e-5 * largest, -largest)


def largest_of(matrix: SparseMatrix) -> float:
    """Return the largest eigenvalue of weights, or a close bound from above.

    Row-standardised weights have 1. For others no positive x gives less than it by
    max (W x)_i / x_i (Collatz and Wielandt); powers of I + W bring x near its vector.
    """
    if row_standardised(matrix):
        return 1.0
    x = np.ones(matrix.shape[0])
    bound = np.inf
    for _ in range(_POWERS):
        image = matrix @ x
        bound = min(bound, float(np.max(image / x)))
        x = x + image
        x = np.maximum(x / x.max(), 1e-200)
    return bound


def row_standardised(matrix: SparseMatrix) -> bool:
    """Tell whether every row that has a weight sums to one, and there is one."""
    uneven = uneven_rows(matrix)[neighbour_counts(matrix) > 0]
    return len(uneven) > 0 and not uneven.any()


def _lanczos_ends(matrix: SparseMatrix) -> tuple[float, float]:
    """Return the ends of the spectrum of a symmetric matrix, residuals added."""
    size = matrix.shape[0]
    now = np.random.default_rng(0).standard_normal(size)
    now /= np.linalg.norm(now)
    before, beta = np.zeros(size), 0.0
    diagonal: list[float] = []
    beside: list[float] = []
    low = high = 0.0
    for step in range(min(STEPS, size)):
        image = matrix @ now - beta * before
        alpha = float(now @ image)
        image -= alpha * now
        diagonal.append(alpha)
        beta = float(np.linalg.norm(image))
        done = beta <= 1e-14 * max(map(abs, diagonal)) or step + 1 == min(STEPS, size)
        if done or step % 20 == 19:
            values, vectors = dense.eigh_tridiagonal(diagonal, beside)
            gaps = np.abs(beta * vectors[-1, [0, -1]])
            low, high = float(values[0] - gaps[0]), float(values[-1] + gaps[1])
            if done or gaps.max() <= CLOSE * np.abs(values).max():
                return low, high
        beside.append(beta)
        before, now = now, image / beta
    return low, high
