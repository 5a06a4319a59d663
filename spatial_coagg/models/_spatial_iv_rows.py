"""Rows of a spatial equation with instruments: swept, filtered, quasi-demeaned."""

from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_error_moments import (
    ErrorComponents,
    MomentWeights,
    pooled_components,
    random_components,
)
from spatial_coagg.models._spatial_levels import Levels, fixed_levels
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.models._spatial_two_stage import TwoStage, two_stage
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, slots=True)
class FlatRows:
    """What two-stage least squares is run on: y, regressors, instruments."""

    y: FloatArray
    z: FloatArray
    h: FloatArray

    def solved(self) -> TwoStage:
        """Return the solution."""
        return two_stage(self.y, self.z, self.h)


@dataclass(frozen=True, slots=True)
class Equation:
    """A spatial equation and its instruments.

    Attributes
    ----------
    y : array of shape (T, N)
    z : array of shape (T, N, K)
        Regressors, W y the last of them where it is one.
    exogenous : tuple of int
        Which of them instrument themselves.
    outside : array of shape (T, N, L)
        The other instruments.
    matrix : sparse array or None
        W_e, where the error has neighbours.
    interval : tuple of float
        Of lambda.
    effects : str
    both_means : bool
        With random effects: deviations and means of the instruments apart (EC2SLS).
    """

    y: FloatArray
    z: FloatArray
    exogenous: tuple[int, ...]
    outside: FloatArray
    matrix: SparseMatrix | None
    interval: tuple[float, float]
    effects: str
    both_means: bool

    @property
    def by_city(self) -> bool:
        """Whether means over the years are swept out."""
        return "city" in self.effects

    @property
    def by_year(self) -> bool:
        """Whether means over the cities are."""
        return "year" in self.effects

    @property
    def rows(self) -> int:
        """Observations less those that the effects take."""
        years, cities = self.y.shape
        return int((years - self.by_city) * (cities - self.by_year))

    @property
    def is_instrumented(self) -> bool:
        """Whether some regressor is endogenous."""
        return bool(len(self.exogenous) < self.z.shape[2])

    def swept(self, error: float) -> FlatRows:
        """Return the rows with fixed effects swept out after B = I - lambda W_e."""
        whole = self._columns(error)
        if self.by_city:
            whole = whole - whole.mean(axis=0)
        if self.by_year:
            v = np.ones(self.y.shape[1])
            if self.matrix is not None:
                v = v - error * np.asarray(self.matrix.sum(axis=1))
            shares = np.einsum("n,tnc->tc", v, whole) / (v @ v)
            whole = whole - v[None, :, None] * shares[:, None, :]
        return self._split(whole)

    def swept_columns(self) -> tuple[FloatArray, FloatArray]:
        """Return the outcome and the regressors with fixed effects swept out."""
        if not (self.by_city or self.by_year):
            return self.y, self.z
        swept = self.swept(0.0)
        return swept.y.reshape(self.y.shape), swept.z.reshape(self.z.shape)

    def apart(self) -> tuple[FlatRows, FlatRows]:
        """Return deviations from the means over the years, and those means x root T."""
        whole = self._columns(0.0)
        means = whole.mean(axis=0)
        between = means[None] * np.sqrt(len(whole))
        return self._split(whole - means), self._split(between)

    def quasi_demeaned(self, found: ErrorComponents) -> FlatRows:
        """Return the rows of generalised least squares with random effects."""
        share = 1 - np.sqrt(found.noise / found.between)
        whole = self._columns(found.error)
        moved = self._split(whole - share * whole.mean(axis=0))
        if not self.both_means:
            return moved
        raw = self._columns(0.0)[:, :, 1 + self.z.shape[2] :]
        means = raw.mean(axis=0)
        deviations = (raw - means).reshape(-1, raw.shape[2])
        repeated = np.broadcast_to(means, raw.shape).reshape(-1, raw.shape[2])
        return FlatRows(moved.y, moved.z, np.hstack([moved.h, deviations, repeated]))

    def split(
        self, coefficients: FloatArray, found: ErrorComponents
    ) -> tuple[Levels, FloatArray]:
        """Return the effects, and the noise of shape (T, N) that they leave.

        Random effects are predicted: 1 - noise / between of a city's mean.
        """
        rest = self.y - self.z @ coefficients
        if self.effects == "random":
            share = 1 - found.noise / found.between
            levels = Levels(0.0, share * rest.mean(axis=0), None)
        else:
            levels = fixed_levels(
                rest, by_city=self.by_city, by_year=self.by_year, error=found.error,
                matrix=self.matrix,
            )  # fmt: skip
        rest = rest - levels.mean
        if levels.by_city is not None:
            rest = rest - levels.by_city
        if levels.by_year is not None:
            rest = rest - levels.by_year[:, None]
        if self.matrix is not None:
            rest = rest - found.error * lag(rest[:, :, None], self.matrix)[:, :, 0]
        return levels, rest

    def components(self, kind: MomentWeights) -> ErrorComponents:
        """Estimate lambda and the variances from first residuals."""
        if self.effects != "random":
            rest = self.swept(0.0).solved().residuals.reshape(self.y.shape)
            if self.matrix is None:
                return ErrorComponents(0.0, 1.0, 1.0)
            return pooled_components(
                rest,
                self.matrix,
                self.interval,
                blocks=len(self.y) - self.by_city,
                by_year=self.by_year,
            )
        within, between = (rows.solved() for rows in self.apart())
        years, cities = self.y.shape
        if self.matrix is None:
            return ErrorComponents(
                0.0,
                within.squares / (cities * (years - 1) - within.rank),
                between.squares / (cities - between.rank),
            )
        if self.is_instrumented:
            inner, outer = within.residuals.reshape(self.y.shape), between.residuals
        else:
            rest = self.swept(0.0).solved().residuals.reshape(self.y.shape)
            inner, outer = rest - rest.mean(axis=0), rest.mean(axis=0) * np.sqrt(years)
        return random_components(inner, outer, self.matrix, self.interval, kind)

    def _columns(self, error: float) -> FloatArray:
        """Return y, z, exogenous z and outside instruments, the last not filtered."""
        own = np.concatenate([self.y[:, :, None], self.z], axis=2)
        raw = np.concatenate([self.z[:, :, list(self.exogenous)], self.outside], axis=2)
        if self.matrix is not None and error != 0:
            own = own - error * lag(own, self.matrix)
        return np.concatenate([own, raw], axis=2)

    def _split(self, whole: FloatArray) -> FlatRows:
        flat = whole.reshape(-1, whole.shape[2])
        size = self.z.shape[2]
        z = flat[:, 1 : 1 + size]
        # The exogenous columns as they stand in the equation, then all as they were.
        h = np.hstack([z[:, list(self.exogenous)], flat[:, 1 + size :]])
        return FlatRows(flat[:, 0], z, h)
