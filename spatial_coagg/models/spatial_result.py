"""The numbers of a spatial panel model get their labels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_levels import Levels, fixed_levels
from spatial_coagg.models._spatial_likelihood import Likelihood, Solution
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.goodness import share_explained, squared_correlation
from spatial_coagg.models.reduced_form import label_levels
from spatial_coagg.models.spatial_covariances import EstimateCovariance
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_logdet import log_determinant_facts
from spatial_coagg.models.spatial_plan import Correction, SpatialPlan
from spatial_coagg.models.spatial_rows import SpatialRows
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.weights._logdet import solve


@dataclass(frozen=True, slots=True)
class SpatialResult:
    """The numbers of a fit, before they get their labels.

    Attributes
    ----------
    rows : SpatialRows
    plan : SpatialPlan
    likelihood : Likelihood
    found : Solution
    covariance : EstimateCovariance
    """

    rows: SpatialRows
    plan: SpatialPlan
    likelihood: Likelihood
    found: Solution
    covariance: EstimateCovariance

    def fit(
        self,
        outcome: str,
        drivers: tuple[str, ...],
        correction: Correction,
        matrices: SpatialWeights,
    ) -> SpatialPanelFit:
        """Put the labels back."""
        found, plan = self.found, self.plan
        labels = [
            *self.rows.labels,
            *(["rho"] if plan.has_lag else []),
            *(["lambda"] if plan.has_error else []),
        ]
        values = np.concatenate(
            [
                found.slopes,
                [found.rho] if plan.has_lag else [],
                [found.error] if plan.has_error else [],
            ]
        )
        whole = self.covariance.matrix
        inner = whole[:-1, :-1]
        noise = self._noise()
        index = self.rows.index
        residuals = pd.Series(noise.T.ravel(), index=index, name="residual")
        levels = self._levels(matrices)
        city, year = label_levels(levels, self.rows.cities, self.rows.years)
        sigma2 = found.ssr / self.likelihood.rows
        r2, correlation = self._goodness(noise, matrices)
        overall = share_explained(self.rows.y, noise)
        years, cities = self.rows.y.shape
        criteria = len(values) + 1
        facts: dict[str, float | int | str] = {
            "observations": years * cities,
            "cities": cities,
            "years": years,
            "effects": plan.effects,
            "correction": correction,
            "log_likelihood": found.log_likelihood,
            "aic": 2 * criteria - 2 * found.log_likelihood,
            "bic": criteria * float(np.log(self.likelihood.rows))
            - 2 * found.log_likelihood,
            "sigma2": sigma2,
            "sigma2_divisor": self.likelihood.rows,
            "r2_within": r2,
            "r2_overall": overall,
            "squared_correlation": correlation,
            "rho_low": matrices.spectrum.interval[0],
            "rho_high": matrices.spectrum.interval[1],
        }
        facts |= log_determinant_facts(self.likelihood, found, whole)
        facts["standard_errors"] = self.covariance.name
        return SpatialPanelFit(
            title=plan.title,
            model=plan.model,
            effects=plan.effects,
            correction=correction,
            standard_errors=self.covariance.name,
            estimates=tabulate_estimates(
                labels,
                values,
                inner,
                degrees_of_freedom=self.covariance.degrees_of_freedom,
            ),
            covariance=pd.DataFrame(inner, index=labels, columns=labels),
            sigma2=sigma2,
            sigma2_standard_error=float(np.sqrt(whole[-1, -1])),
            log_likelihood=found.log_likelihood,
            rows=self.likelihood.rows,
            interval=matrices.spectrum.interval,
            r2_within=r2,
            r2_overall=overall,
            squared_correlation=correlation,
            city_effects=city,
            year_effects=year,
            level=levels.mean,
            residuals=residuals,
            fitted=pd.Series(
                self.rows.y.T.ravel() - residuals.to_numpy(), index=index, name=outcome
            ),
            outcome=outcome,
            drivers=drivers,
            spillovers=plan.spillovers,
            weights=matrices,
            cities=self.rows.cities,
            years=self.rows.years,
            facts=facts,
        )

    def _noise(self) -> FloatArray:
        """Return the swept residuals e, shape (T, N)."""
        contrast = np.concatenate([[1.0, -self.found.rho], -self.found.slopes])
        return np.asarray(self.likelihood.moments.swept(self.found.error) @ contrast)

    def _levels(self, matrices: SpatialWeights) -> Levels:
        plan, rows, found = self.plan, self.rows, self.found
        rest = rows.y - rows.z @ found.slopes
        if plan.has_lag:
            rest = rest - found.rho * lag(rows.y[:, :, None], matrices.lag)[:, :, 0]
        return fixed_levels(
            rest, by_city=plan.by_city, by_year=plan.by_year, error=found.error,
            matrix=matrices.error if plan.has_error else None,
        )  # fmt: skip

    def _goodness(
        self, noise: FloatArray, matrices: SpatialWeights
    ) -> tuple[float, float]:
        swept = self.likelihood.moments.swept(0.0)
        own, trend = swept[:, :, 0], swept[:, :, 2:] @ self.found.slopes
        predicted = solve(matrices.lag, self.found.rho, trend.T).T
        return share_explained(own, noise), squared_correlation(own, predicted)
