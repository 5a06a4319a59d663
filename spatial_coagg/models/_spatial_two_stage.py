"""Two-stage least squares on flat rows: estimates, first stages, tests."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from spatial_coagg._typing import FloatArray

# Share of the largest pivot, columns of length one, below which one is dependent.
DEPENDENT = 1e-9


@dataclass(frozen=True, slots=True)
class TwoStage:
    """A two-stage least-squares solution of n rows.

    Attributes
    ----------
    coefficients : array of shape (K,)
    projected : array of shape (n, K)
        Regressors projected on the instruments.
    residuals : array of shape (n,)
    basis : array of shape (n, L)
        Orthonormal instruments; those that depend on others add nothing.
    rank : int
        Of `projected`.
    """

    coefficients: FloatArray
    projected: FloatArray
    residuals: FloatArray
    basis: FloatArray
    rank: int

    @property
    def squares(self) -> float:
        """Sum of squared residuals."""
        return float(self.residuals @ self.residuals)


def two_stage(y: FloatArray, z: FloatArray, h: FloatArray) -> TwoStage:
    """Regress y on z, instrumented by h; a column of zeros gets the coefficient 0."""
    basis = orthonormal(h)
    projected = basis @ (basis.T @ z)
    lengths = np.linalg.norm(projected, axis=0)
    keep = lengths > DEPENDENT * np.maximum(np.linalg.norm(z, axis=0), 1e-300)
    scaled = projected[:, keep] / lengths[keep]
    solved, _, rank, _ = np.linalg.lstsq(scaled, y, rcond=DEPENDENT)
    coefficients = np.zeros(z.shape[1])
    coefficients[keep] = solved / lengths[keep]
    return TwoStage(coefficients, projected, y - z @ coefficients, basis, int(rank))


def orthonormal(columns: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the columns."""
    lengths = np.linalg.norm(columns, axis=0)
    used = columns[:, lengths > 0] / lengths[lengths > 0]
    if used.shape[1] == 0:
        return np.zeros((len(columns), 0))
    q, r, _ = linalg.qr(used, mode="economic", pivoting=True)
    pivots = np.abs(np.diag(r))
    return np.asarray(q[:, pivots > DEPENDENT * pivots[0]], dtype=np.float64)


def sandwich(found: TwoStage, groups: NDArray[np.int64] | None) -> FloatArray:
    """Return the covariance robust to heteroskedasticity, or clustered by groups."""
    bread = np.linalg.inv(found.projected.T @ found.projected)
    meat = _meat(found.projected, found.residuals, groups)
    return np.asarray(bread @ meat @ bread)


def _meat(
    columns: FloatArray, residuals: FloatArray, groups: NDArray[np.int64] | None
) -> FloatArray:
    scores = columns * residuals[:, None]
    if groups is not None:
        sums = np.zeros((int(groups.max()) + 1, scores.shape[1]))
        np.add.at(sums, groups, scores)
        scores = sums
    return np.asarray(scores.T @ scores)


def sargan(found: TwoStage, rows: int) -> float:
    """Return rows x the share of the residuals that the instruments explain."""
    explained = found.basis.T @ found.residuals
    return float(explained @ explained) / found.squares * rows


def hansen(
    found: TwoStage, y: FloatArray, z: FloatArray, groups: NDArray[np.int64] | None
) -> float:
    """Return J of the two-step estimator, robust or clustered."""
    spread = _meat(found.basis, found.residuals, groups)
    weight = np.linalg.pinv(spread, hermitian=True)
    hz, hy = found.basis.T @ z, found.basis.T @ y
    b = np.linalg.solve(hz.T @ weight @ hz, hz.T @ weight @ hy)
    moments = hy - hz @ b
    return float(moments @ weight @ moments)


@dataclass(frozen=True, slots=True)
class FirstStages:
    """How strong the instruments are, for each of the M endogenous columns.

    Attributes
    ----------
    f, partial_r2 : array of shape (M,)
        Of the excluded instruments.
    degrees, residual_degrees : int
    cragg_donald : float
        Smallest eigenvalue of the matrix of F; the F itself where M is 1.
    """

    f: FloatArray
    partial_r2: FloatArray
    degrees: int
    residual_degrees: int
    cragg_donald: float


def first_stages(
    endogenous: FloatArray, exogenous: FloatArray, h: FloatArray, rows: int
) -> FirstStages:
    """Regress the endogenous columns on all instruments and on the included ones."""
    whole, own = orthonormal(h), orthonormal(exogenous)
    left = endogenous - own @ (own.T @ endogenous)
    rest = endogenous - whole @ (whole.T @ endogenous)
    before, after = left.T @ left, rest.T @ rest
    degrees = whole.shape[1] - own.shape[1]
    residual_degrees = rows - whole.shape[1]
    noise = after / residual_degrees
    f = np.diag(before - after) / degrees / np.diag(noise)
    roots = linalg.eigvalsh(before - after, noise)
    return FirstStages(
        f,
        1 - np.diag(after) / np.diag(before),
        degrees,
        residual_degrees,
        float(roots[0]) / degrees,
    )
