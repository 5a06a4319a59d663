"""The equation of a dynamic spatial panel: columns, likelihood, correction, labels."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    UnbalancedPanelError,
)
from spatial_coagg.models._dynamic_spatial import (
    Dynamics,
    Roots,
    excess_fourth_moment,
    fourth_moment_part,
    score_bias,
    without_unit,
)
from spatial_coagg.models._spatial_information import expected_information
from spatial_coagg.models._spatial_likelihood import Jacobian, Likelihood, Solution
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.spatial_plan import SpatialPlan
from spatial_coagg.models.spatial_rows import SpatialRows, check_identified
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.weights._logdet import EigenSpectrum

DynamicCorrection: TypeAlias = Literal["bias", "none"]
DynamicCovariance: TypeAlias = Literal["expected", "robust"]
STANDARD_ERRORS = {
    "expected": "expected information",
    "robust": "robust to non-normal noise",
}


@dataclass(frozen=True, slots=True)
class DynamicEquation:
    """The equation as a static one with the past among its columns.

    `labels` are of the slopes: previous outcome, its lag (if any), drivers, W x.
    """

    rows: SpatialRows
    plan: SpatialPlan
    matrices: SpatialWeights
    outcome: str
    labels: tuple[str, ...]
    likelihood: Likelihood
    values: Roots

    @classmethod
    def of(
        cls,
        rows: SpatialRows,
        plan: SpatialPlan,
        matrices: SpatialWeights,
        outcome: str,
        *,
        previous_lag: bool,
    ) -> "DynamicEquation":
        """Form the columns, check them, and the likelihood of what is left."""
        _check_spacing(rows.years)
        y = rows.y[:, :, None]
        lagged = lag(y, matrices.lag)
        past = [y[:-1], *([lagged[:-1]] if previous_lag else [])]
        z = np.concatenate([*past, rows.z[1:]], axis=2)
        labels = (
            f"previous.{outcome}",
            *([f"W.previous.{outcome}"] if previous_lag else []),
            *rows.labels,
        )
        columns = np.concatenate([y[1:], lagged[1:], z], axis=2)
        moments = SpatialMoments.of(columns, None, by_city=True, by_year=plan.by_year)
        years, cities = columns.shape[0], columns.shape[1] - plan.by_year
        if years < 2 or (years - 1) * cities <= len(labels) + 2:
            raise EstimationError(
                f"{len(rows.years)} years of {len(rows.cities)} cities are too few for "
                f"{len(labels)} slopes beside the effects; it takes three years, of "
                f"which the first only starts the dynamics"
            )
        check_identified(moments.swept(0.0)[:, :, 2:], z, labels, plan.effects)
        jacobian = Jacobian(matrices.spectrum, years, without_unit=plan.by_year)
        likelihood = Likelihood(moments, years * cities, jacobian, None)
        values = _eigenvalues(matrices)
        if plan.by_year:
            values = without_unit(values)
        return cls(rows, plan, matrices, outcome, labels, likelihood, values)

    @property
    def years(self) -> int:
        """Years less the first."""
        return len(self.rows.years) - 1

    def dynamics(self, found: Solution) -> Dynamics:
        """Return tau, eta and rho of a solution."""
        has_lag = self.labels[1] == f"W.{self.labels[0]}"
        eta = float(found.slopes[1]) if has_lag else 0.0
        return Dynamics(float(found.slopes[0]), eta, found.rho)

    def information(self, found: Solution) -> FloatArray:
        """Return the expected information at a solution."""
        own = self.matrices.lag
        return expected_information(self.likelihood, found, own, own)

    def corrected(self, found: Solution) -> Solution:
        """Take the bias of order 1/T out of a solution."""
        dynamics, size = self.dynamics(found), len(found.slopes)
        past = size - len(self.rows.labels)
        tau, eta, rho = score_bias(dynamics, self.values, years=self.years)
        sigma2 = found.ssr / self.likelihood.rows
        bias = np.zeros(size + 2)
        bias[:past] = [tau, eta][:past]
        bias[-2:] = rho, 1 / (2 * sigma2)
        # (I / NT)^-1 phi / T = N I^-1 phi
        shift = len(self.values) * np.linalg.solve(self.information(found), bias)
        return replace(
            found,
            rho=float(found.rho + shift[-2]),
            slopes=found.slopes + shift[:-2],
            ssr=float((sigma2 + shift[-1]) * self.likelihood.rows),
        )

    def noise(self, found: Solution) -> FloatArray:
        """Return the swept residuals, shape (T, N)."""
        contrast = np.concatenate([[1.0, -found.rho], -found.slopes])
        return np.asarray(self.likelihood.moments.swept(0.0) @ contrast)

    def covariance(self, found: Solution, asked: DynamicCovariance) -> FloatArray:
        """Return the covariance of slopes, rho and sigma2."""
        inverse = np.asarray(np.linalg.inv(self.information(found)), dtype=np.float64)
        if asked == "expected":
            return inverse
        own, by_year = self.matrices.lag.toarray(), self.plan.by_year
        multiplied = own @ np.linalg.inv(np.eye(len(own)) - found.rho * own)
        sigma2 = found.ssr / self.likelihood.rows
        part = fourth_moment_part(
            multiplied,
            sigma2,
            excess_fourth_moment(self.noise(found), sigma2, by_year=by_year),
            years=self.years,
            by_year=by_year,
        )
        return np.asarray(inverse + inverse[:, -2:] @ part @ inverse[-2:])

    def warn(self, found: Solution) -> None:
        """Tell of rho at or beyond its bounds, and of a model that is not stable."""
        low, high = self.matrices.spectrum.interval
        room = 1e-4 * (min(high, 30.0) - max(low, -30.0))
        if not low + room < found.rho < high - room:
            warn_user(
                f"rho = {found.rho:.4f} lies at or beyond the bound of its admissible "
                f"interval ({low:.4f}, {high:.4f}): the model does not fit these data, "
                f'or the years are too few for correction="bias"',
                InferenceWarning,
            )
        dynamics = self.dynamics(found)
        largest = self.largest_root(found)
        if largest >= 1:
            warn_user(
                f"the model is not stable: tau + eta + rho = {dynamics.total:.4f} and "
                f"the largest root of its dynamics is {largest:.4f}, not below one; "
                f"shocks do not die out and there are no long-run effects (take "
                f"differences, or year effects)",
                InferenceWarning,
            )

    def largest_root(self, found: Solution) -> float:
        """Return the largest modulus of an eigenvalue of the dynamics."""
        roots = self.dynamics(found).roots(_eigenvalues(self.matrices))
        return float(np.abs(roots).max())

    def fit(
        self,
        highest: Solution,
        found: Solution,
        drivers: tuple[str, ...],
        correction: DynamicCorrection,
        asked: DynamicCovariance,
    ) -> DynamicSpatialFit:
        """Put the labels back."""
        labels, whole = [*self.labels, "rho"], self.covariance(found, asked)
        inner = whole[:-1, :-1]
        rows, spectrum_ = self.rows, self.matrices.spectrum
        years = rows.years[1:]
        index = pd.MultiIndex.from_product([rows.cities, years], names=["city", "year"])
        before = [*highest.slopes, highest.rho, highest.ssr / self.likelihood.rows]
        return DynamicSpatialFit(
            title=_title(self.plan),
            model=self.plan.model,
            effects=self.plan.effects,
            correction=correction,
            standard_errors=STANDARD_ERRORS[asked],
            estimates=tabulate_estimates(
                labels, np.append(found.slopes, found.rho), inner
            ),
            covariance=pd.DataFrame(inner, index=labels, columns=labels),
            uncorrected=pd.Series(before, index=[*labels, "sigma2"], name="estimate"),
            sigma2=found.ssr / self.likelihood.rows,
            sigma2_standard_error=float(np.sqrt(whole[-1, -1])),
            log_likelihood=highest.log_likelihood,
            rows=self.likelihood.rows,
            interval=spectrum_.interval,
            largest_root=self.largest_root(found),
            residuals=pd.Series(
                self.noise(found).T.ravel(), index=index, name="residual"
            ),
            outcome=self.outcome,
            drivers=drivers,
            spillovers=self.plan.spillovers,
            weights=self.matrices,
            cities=rows.cities,
            years=years,
            facts=self._facts(highest, found, correction)
            | {"standard_errors": STANDARD_ERRORS[asked]},
        )

    def _facts(
        self, highest: Solution, found: Solution, correction: DynamicCorrection
    ) -> dict[str, float | int | str]:
        cities = len(self.rows.cities)
        low, high = self.matrices.spectrum.interval
        return {
            "observations": self.years * cities,
            "cities": cities,
            "years": self.years,
            "effects": self.plan.effects,
            "correction": correction,
            "log_likelihood": highest.log_likelihood,
            "sigma2": found.ssr / self.likelihood.rows,
            "tau_eta_rho": self.dynamics(found).total,
            "largest_root": self.largest_root(found),
            "rho_low": low,
            "rho_high": high,
        }


def _check_spacing(years: pd.Index) -> None:
    """Refuse years that are not equally spaced."""
    steps = np.diff(years.to_numpy(dtype=np.int64))
    if len(steps) > 0 and steps.min() != steps.max():
        place = int(np.argmax(steps))
        raise UnbalancedPanelError(
            f"the previous outcome needs equally spaced years; after {years[place]} "
            f"comes {years[place + 1]}; fill the gap or use the years on one side of it"
        )


def _eigenvalues(matrices: SpatialWeights) -> Roots:
    found = matrices.spectrum
    if isinstance(found, EigenSpectrum):
        return found.values
    raise EstimationError("a dynamic spatial model takes all eigenvalues of W")


def _title(plan: SpatialPlan) -> str:
    name = {"sar": "Dynamic spatial lag (SAR)", "sdm": "Dynamic spatial Durbin (SDM)"}
    return f"{name[plan.model]}, effects: {plan.effects.replace('-', ', ')}"
