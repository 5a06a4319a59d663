"""The numbers of a spatial panel model get their labels."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_levels import Levels, fixed_levels
from spatial_coagg.models._spatial_likelihood import Likelihood, Solution
from spatial_coagg.models._spatial_moments import lag, uncentred_slopes
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.goodness import share_explained, squared_correlation
from spatial_coagg.models.reduced_form import label_levels
from spatial_coagg.models.spatial_covariances import EstimateCovariance
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_logdet import log_determinant_facts
from spatial_coagg.models.spatial_plan import Correction, SpatialPlan
from spatial_coagg.models.spatial_rows import CONSTANT, SpatialRows
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.weights._logdet import solve

EVERYWHERE = (-np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class Heading:
    """What was estimated, in words.

    Attributes
    ----------
    title, model, effects, correction, outcome : str
    drivers, spillovers : tuple of str
    """

    title: str
    model: str
    effects: str
    correction: str
    outcome: str
    drivers: tuple[str, ...]
    spillovers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was found, whatever the effects.

    Attributes
    ----------
    labels : tuple of str
    values : array of shape (P,)
    covariance : EstimateCovariance
        Of the values and, last, sigma2.
    sigma2, log_likelihood : float
    rows, counted : int
        Effective observations, which sigma2 is over; those that the log-likelihood is
        of.
    noise : array of shape (T, N)
    levels : Levels
    r2_within, squared_correlation : float
    facts : mapping
        About log-determinants.
    """

    labels: tuple[str, ...]
    values: FloatArray
    covariance: EstimateCovariance
    sigma2: float
    log_likelihood: float
    rows: int
    counted: int
    noise: FloatArray
    levels: Levels
    r2_within: float
    squared_correlation: float
    facts: Mapping[str, float | int | str]

    def fit(
        self, rows: SpatialRows, heading: Heading, weights: SpatialWeights
    ) -> SpatialPanelFit:
        """Put the labels back."""
        inner = self.covariance.matrix[:-1, :-1]
        labels, index = list(self.labels), rows.index
        residuals = pd.Series(self.noise.T.ravel(), index=index, name="residual")
        city, year = label_levels(self.levels, rows.cities, rows.years)
        interval = weights.spectrum.interval if "rho" in labels else EVERYWHERE
        overall = share_explained(rows.y, self.noise)
        return SpatialPanelFit(
            title=heading.title,
            model=heading.model,
            effects=heading.effects,
            correction=heading.correction,
            standard_errors=self.covariance.name,
            estimates=tabulate_estimates(
                labels,
                self.values,
                inner,
                degrees_of_freedom=self.covariance.degrees_of_freedom,
            ),
            covariance=pd.DataFrame(inner, index=labels, columns=labels),
            sigma2=self.sigma2,
            sigma2_standard_error=float(np.sqrt(self.covariance.matrix[-1, -1])),
            log_likelihood=self.log_likelihood,
            rows=self.rows,
            interval=interval,
            r2_within=self.r2_within,
            r2_overall=overall,
            squared_correlation=self.squared_correlation,
            city_effects=city,
            year_effects=year,
            level=self.levels.mean,
            residuals=residuals,
            fitted=pd.Series(
                rows.y.T.ravel() - residuals.to_numpy(),
                index=index,
                name=heading.outcome,
            ),
            outcome=heading.outcome,
            drivers=heading.drivers,
            spillovers=heading.spillovers,
            weights=weights,
            cities=rows.cities,
            years=rows.years,
            facts=self._facts(rows, heading, interval, overall),
        )

    def _facts(
        self,
        rows: SpatialRows,
        heading: Heading,
        interval: tuple[float, float],
        overall: float,
    ) -> dict[str, float | int | str]:
        years, cities = rows.y.shape
        parameters = len(self.values) + 1
        depth = -2 * self.log_likelihood
        facts: dict[str, float | int | str] = {
            "observations": years * cities,
            "cities": cities,
            "years": years,
            "effects": heading.effects,
        }
        if heading.effects != "random":
            facts["correction"] = heading.correction
        facts |= {
            "log_likelihood": self.log_likelihood,
            "aic": 2 * parameters + depth,
            "bic": parameters * float(np.log(self.counted)) + depth,
            "sigma2": self.sigma2,
            "sigma2_divisor": self.rows,
            "r2_within": self.r2_within,
            "r2_overall": overall,
            "squared_correlation": self.squared_correlation,
        }
        if interval != EVERYWHERE:
            facts["rho_low"], facts["rho_high"] = interval
        facts |= self.facts
        facts["standard_errors"] = self.covariance.name
        return facts


@dataclass(frozen=True, slots=True)
class SpatialResult:
    """A fit with fixed effects, before its numbers get their labels.

    Attributes
    ----------
    rows : SpatialRows
    plan : SpatialPlan
    likelihood : Likelihood
        After a correction that of the corrected estimates.
    found : Solution
    covariance : EstimateCovariance
    weights : SpatialWeights
    """

    rows: SpatialRows
    plan: SpatialPlan
    likelihood: Likelihood
    found: Solution
    covariance: EstimateCovariance
    weights: SpatialWeights

    def fit(
        self, outcome: str, drivers: tuple[str, ...], correction: Correction
    ) -> SpatialPanelFit:
        """Put the labels back."""
        plan, found, rows = self.plan, self.found, self.likelihood.rows
        noise = self._noise()
        r2, correlation = self._goodness(noise)
        known = {"rho": found.rho, "lambda": found.error}
        numbers = Numbers(
            labels=(*self.rows.labels, *plan.coefficients),
            values=np.array(
                [*self._slopes(), *(known[name] for name in plan.coefficients)]
            ),
            covariance=self.covariance,
            sigma2=found.ssr / rows,
            log_likelihood=found.log_likelihood,
            rows=rows,
            # Corrected estimates keep the plain log-likelihood, of all rows.
            counted=self.rows.y.size if correction == "bias" else rows,
            noise=noise,
            levels=self._levels(),
            r2_within=r2,
            squared_correlation=correlation,
            facts=log_determinant_facts(self.likelihood, found, self.covariance.matrix),
        )
        heading = Heading(
            plan.title, plan.model, plan.effects, correction, outcome, drivers,
            plan.spillovers,
        )  # fmt: skip
        return numbers.fit(self.rows, heading, self.weights)

    def _noise(self) -> FloatArray:
        """Return the swept residuals e, shape (T, N)."""
        contrast = np.concatenate([[1.0, -self.found.rho], -self.found.slopes])
        return np.asarray(self.likelihood.moments.swept(self.found.error) @ contrast)

    def _slopes(self) -> FloatArray:
        """Return the slopes of the rows as they are."""
        if CONSTANT not in self.rows.labels:
            return self.found.slopes
        means = self.likelihood.moments.means
        return uncentred_slopes(self.found.slopes, self.found.rho, means)

    def _levels(self) -> Levels:
        plan, rows, found = self.plan, self.rows, self.found
        rest = rows.y - rows.z @ self._slopes()
        if plan.has_lag:
            rest = rest - found.rho * lag(rows.y[:, :, None], self.weights.lag)[:, :, 0]
        return fixed_levels(
            rest, by_city=plan.by_city, by_year=plan.by_year, error=found.error,
            matrix=self.weights.error if plan.has_error else None,
        )  # fmt: skip

    def _goodness(self, noise: FloatArray) -> tuple[float, float]:
        swept = self.likelihood.moments.swept(0.0)
        own, trend = swept[:, :, 0], swept[:, :, 2:] @ self.found.slopes
        if CONSTANT in self.rows.labels:
            trend = self.rows.z @ self._slopes()
        predicted = solve(self.weights.lag, self.found.rho, trend.T).T
        return share_explained(own, noise), squared_correlation(own, predicted)
