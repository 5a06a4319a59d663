"""Scores of rho and lambda at restricted estimates, and what they are set against."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_information import expected_information
from spatial_coagg.models._spatial_likelihood import Likelihood
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.weights._matrix import SparseMatrix

# Share of rho's information below which nothing is left of it given lambda.
_APART = 1e-10


@dataclass(frozen=True, slots=True)
class Scores:
    """Derivatives of the log-likelihood by rho and lambda where both are zero.

    Attributes
    ----------
    score : array of shape (2,)
    information : array of shape (2, 2)
        Expected, slopes and sigma2 partialled out.
    told_apart : bool
        Whether rho has information that lambda has not.
    """

    score: FloatArray
    information: FloatArray
    told_apart: bool

    def alone(self, place: int) -> float:
        """Return the statistic of one parameter, the other being zero."""
        return float(self.score[place] ** 2 / self.information[place, place])

    def robust(self, place: int) -> float:
        """Return that of one parameter, the other being near zero (Bera, Yoon)."""
        if not self.told_apart:
            return float("nan")
        score, information = self._given(place)
        return score**2 / information

    def joint(self) -> float:
        """Return the statistic of both."""
        if not self.told_apart:
            return float("nan")
        return float(self.score @ np.linalg.solve(self.information, self.score))

    def _given(self, place: int) -> tuple[float, float]:
        """Return score and information of one parameter given the other."""
        other = 1 - place
        ratio = self.information[place, other] / self.information[other, other]
        score = self.score[place] - ratio * self.score[other]
        left = self.information[place, place] - ratio * self.information[place, other]
        return float(score), float(left)


def tells_apart(information: FloatArray, alone: float) -> bool:
    """Whether rho has information that lambda has not, as a share of what it has."""
    beyond = information[0, 0] - information[0, 1] ** 2 / information[1, 1]
    return bool(beyond > _APART * alone)


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """What least squares leaves of swept columns, and how many years they stand for.

    Attributes
    ----------
    moments : SpatialMoments
        Columns y, W y and Z of T years and N cities.
    years, cities : int
        T and N, or T - 1 and N - 1 after the transformation of the effects.
    projected : bool
        Whether the effects are projected out of the mean of W y; if not, that is W
        times the swept drivers' part (Elhorst, splm).
    """

    moments: SpatialMoments
    years: int
    cities: int
    projected: bool

    @property
    def without_unit(self) -> bool:
        """Whether the transformation takes the unit vector out."""
        return self.cities < int(self.moments.columns.shape[1])

    def scores(self, own: SparseMatrix, error: SparseMatrix) -> Scores:
        """Return the scores of rho (of W y) and lambda (of the error)."""
        swept = self.moments.swept(0.0)
        noise = self._left(swept, swept[:, :, 0])
        rows = self.years * self.cities
        sigma2 = float(np.square(noise).sum()) / rows
        spilled = lag(noise[:, :, None], error)[:, :, 0]
        ends = np.array([self._trace(own), self._trace(error)])
        score = np.array([np.sum(noise * swept[:, :, 1]), np.sum(noise * spilled)])
        first, both, second = (
            self._information(*pair)
            for pair in ((own, own), (own, error), (error, error))
        )
        inner, outer = (
            self._left(swept, mean) for mean in self._mean_lags(swept, noise, own)
        )
        shown = float(np.square(inner if self.projected else outer).sum()) / sigma2
        whole = np.array([[first + shown, both], [both, second]])
        whole -= 2 * np.outer(ends, ends) / rows
        # What rho's information exceeds lambda's by, the effects out of both.
        beyond = float(np.square(inner).sum()) / sigma2
        beyond += first - both**2 / second
        return Scores(
            score / sigma2 - ends, whole, told_apart=beyond > _APART * (first + shown)
        )

    def _left(self, swept: FloatArray, values: FloatArray) -> FloatArray:
        """Return values less their projection on Z, shape (T, N)."""
        flat = swept[:, :, 2:].reshape(values.size, -1)
        shares = np.linalg.lstsq(flat, values.ravel(), rcond=None)[0]
        return values - (flat @ shares).reshape(values.shape)

    def _mean_lags(
        self, swept: FloatArray, noise: FloatArray, own: SparseMatrix
    ) -> tuple[FloatArray, FloatArray]:
        """Return the part of W y that is not noise: effects swept out, and W y-hat."""
        found = swept[:, :, 1] - lag(noise[:, :, None], own)[:, :, 0]
        if self.moments.by_year:
            found = found - found.mean(axis=1, keepdims=True)
        plain = lag((swept[:, :, 0] - noise)[:, :, None], own)[:, :, 0]
        return found, plain

    def _trace(self, matrix: SparseMatrix) -> float:
        return self.years * (float(matrix.diagonal().sum()) - self.without_unit)

    def _information(self, first: SparseMatrix, second: SparseMatrix) -> float:
        """Return years x (tr(F G) + tr(F'G)), without the unit vector if it is out."""
        found = float(first.multiply(second.T).sum() + first.multiply(second).sum())
        if self.without_unit:
            ends = [np.asarray(each.sum(axis=0)) for each in (first, second)]
            found -= 1.0 + float(ends[0] @ ends[1]) / first.shape[0]
        return self.years * found


def conditional_statistic(
    likelihood: Likelihood,
    own: SparseMatrix,
    error: SparseMatrix,
    *,
    tested: Literal["lag", "error"],
    projected: bool,
) -> float:
    """Return the score statistic of rho given lambda, or of lambda given rho.

    Parameters
    ----------
    likelihood : Likelihood
        Of the model with both.
    own, error : sparse array of shape (N, N)
    tested : {"lag", "error"}
        Which one is zero; the other is at its maximum-likelihood estimate.
    projected : bool
        As in `LeastSquares`.
    """
    alone = (
        replace(likelihood, lag=None)
        if tested == "lag"
        else replace(likelihood, error=None)
    )
    found = alone.maximise()
    sigma2 = found.ssr / likelihood.rows
    contrast = np.concatenate([[1.0, -found.rho], -found.slopes])
    if tested == "lag":
        score = float(likelihood.moments.at(found.error)[1] @ contrast) / sigma2
        part, place = likelihood.lag, -3
    else:
        bend = likelihood.moments.slopes(found.error)[0]
        score = -0.5 * float(contrast @ bend @ contrast) / sigma2
        part, place = likelihood.error, -2
    score -= 0.0 if part is None else part.trace(0.0)
    whole = expected_information(likelihood, found, own, error, projected=projected)
    return score**2 * float(np.linalg.inv(whole)[place, place])
