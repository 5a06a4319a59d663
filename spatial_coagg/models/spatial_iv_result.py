"""The numbers of a spatial model by instruments get their tests and labels."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import listed, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_error_moments import ErrorComponents
from spatial_coagg.models._spatial_iv_rows import Equation, FlatRows
from spatial_coagg.models._spatial_two_stage import (
    FirstStages,
    TwoStage,
    first_stages,
    hansen,
    sandwich,
    sargan,
)
from spatial_coagg.models.fit import known_facts, tabulate_estimates
from spatial_coagg.models.goodness import share_explained, squared_correlation
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.reduced_form import INSIDE, label_levels, outside_interval
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.models.spatial_iv_terms import IVTerms
from spatial_coagg.models.spatial_rows import SpatialRows
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.weights._logdet import solve

IVCovariance: TypeAlias = Literal["classical", "robust", "clustered"]
# First-stage F below which instruments count as weak (Staiger and Stock 1997).
_WEAK = 10.0


@dataclass(frozen=True, slots=True)
class IVResult:
    """The rows of the last stage, before they get their labels."""

    terms: IVTerms
    rows: SpatialRows
    matrices: SpatialWeights
    equation: Equation
    components: ErrorComponents
    flat: FlatRows

    def fit(self, outside: tuple[str, ...], asked: IVCovariance) -> SpatialIVFit:
        """Solve, test and put the labels back."""
        terms, rows = self.terms, self.rows
        found = self.flat.solved()
        labels = terms.labels(rows)
        self._check_identified(found, labels)
        self._warn_of_rho(found)
        sigma2 = found.squares / (self.equation.rows - len(labels))
        if terms.error:
            sigma2 = self.components.noise
        covariance = self._covariance(found, sigma2, asked)
        stages, cragg_donald = self._first_stages(labels)
        test = self._overidentification(found, asked)
        is_random = terms.effects == "random"
        between = self.components.between if is_random else None
        levels, noise = self.equation.split(found.coefficients, self.components)
        by_city, by_year = label_levels(levels, rows.cities, rows.years)
        goodness = self._goodness(found.coefficients, noise)
        residuals = pd.Series(noise.T.ravel(), index=rows.index, name="residual")
        return SpatialIVFit(
            title=terms.title,
            effects=terms.effects,
            standard_errors=asked,
            estimates=tabulate_estimates(labels, found.coefficients, covariance),
            covariance=pd.DataFrame(covariance, index=labels, columns=labels),
            error_lambda=self.components.error,
            sigma2=sigma2,
            sigma2_between=between,
            endogenous=tuple(stages.index),
            instruments=outside,
            first_stages=stages,
            cragg_donald=cragg_donald,
            overidentification=test,
            **goodness,
            city_effects=by_city,
            year_effects=by_year,
            level=levels.mean,
            residuals=residuals,
            fitted=pd.Series(
                rows.y.T.ravel() - residuals.to_numpy(),
                index=rows.index,
                name=terms.outcome,
            ),
            rows=self.equation.rows,
            interval=self._interval,
            outcome=terms.outcome,
            drivers=terms.drivers,
            spillovers=terms.spillovers,
            weights=self.matrices,
            cities=rows.cities,
            years=rows.years,
            facts=self._facts(found, sigma2, cragg_donald, test, asked)
            | known_facts(goodness),
        )

    @property
    def _interval(self) -> tuple[float, float]:
        return self.matrices.spectrum.interval if self.terms.lag else (-np.inf, np.inf)

    def _check_identified(self, found: TwoStage, labels: list[str]) -> None:
        if found.rank == len(labels):
            return
        raise EstimationError(
            f"{len(labels)} coefficients ({listed(labels, limit=12)}) but what the "
            f"instruments and effects leave of their columns has rank {found.rank}: "
            f"leave out columns that others add up to or that do not vary beyond the "
            f"effects, or add instruments"
        )

    def _warn_of_rho(self, found: TwoStage) -> None:
        told = outside_interval(self._rho(found.coefficients), self._interval)
        if told:
            warn_user(
                f"{told}; {INSIDE}",
                InferenceWarning,
            )

    def _rho(self, coefficients: FloatArray) -> float:
        return float(coefficients[-1]) if self.terms.lag else 0.0

    def _covariance(
        self, found: TwoStage, sigma2: float, asked: IVCovariance
    ) -> FloatArray:
        if asked == "classical":
            inverse = np.linalg.inv(found.projected.T @ found.projected)
            return np.asarray(sigma2 * inverse)
        rows, size = self.equation.rows, len(found.coefficients)
        groups = self._groups(asked)
        factor = rows / (rows - size)
        if groups is not None:
            cities = len(self.rows.cities)
            factor = cities / (cities - 1) * (rows - 1) / (rows - size)
        return factor * sandwich(found, groups)

    def _groups(self, asked: IVCovariance) -> np.ndarray | None:
        years, cities = self.rows.y.shape
        return np.tile(np.arange(cities), years) if asked == "clustered" else None

    def _first_stages(self, labels: list[str]) -> tuple[pd.DataFrame, float]:
        equation, flat = self.equation, self.flat
        others = [
            place for place in range(len(labels)) if place not in equation.exogenous
        ]
        if not others:
            columns = ["f", "degrees", "residual_degrees", "p_value", "partial_r2"]
            return pd.DataFrame(columns=columns, dtype=np.float64), float("nan")
        found = first_stages(
            flat.z[:, others], flat.z[:, list(equation.exogenous)], flat.h,
            equation.rows,
        )  # fmt: skip
        names = [
            f"W.{self.terms.outcome}" if labels[place] == "rho" else labels[place]
            for place in others
        ]
        self._warn_of_weakness(found, names)
        law = stats.f(found.degrees, found.residual_degrees)
        table = pd.DataFrame(
            {
                "f": found.f,
                "degrees": found.degrees,
                "residual_degrees": found.residual_degrees,
                "p_value": law.sf(found.f),
                "partial_r2": found.partial_r2,
            },
            index=pd.Index(names, name="endogenous"),
        )
        return table, found.cragg_donald

    def _warn_of_weakness(self, found: FirstStages, names: list[str]) -> None:
        weak = [name for name, f in zip(names, found.f, strict=True) if f < _WEAK]
        told = f"{listed(weak)} are weak (first-stage F {float(found.f.min()):.1f}"
        if not weak and found.cragg_donald < _WEAK:
            told = (
                f"{listed(names)} are weak together, though not for each one alone "
                f"(Cragg and Donald's statistic {found.cragg_donald:.1f}"
            )
        elif not weak:
            return
        warn_user(
            f"the instruments of {told}, below 10): estimates are biased towards least "
            f"squares and their standard errors too small",
            InferenceWarning,
        )

    def _overidentification(
        self, found: TwoStage, asked: IVCovariance
    ) -> HypothesisTest | None:
        degrees = found.basis.shape[1] - len(found.coefficients)
        if degrees == 0 or not self.equation.is_instrumented:
            return None
        if asked == "classical":
            statistic = sargan(found, self.equation.rows)
            return chi_squared_test(
                "the instruments are valid (Sargan)", statistic, degrees
            )
        flat = self.flat
        statistic = hansen(found, flat.y, flat.z, self._groups(asked))
        return chi_squared_test(
            "the instruments are valid (Hansen)", statistic, degrees
        )

    def _goodness(
        self, coefficients: FloatArray, noise: FloatArray
    ) -> dict[str, float]:
        equation, y = self.equation, self.rows.y
        swept, count = equation.swept(0.0), len(coefficients) - self.terms.lag
        own = swept.y.reshape(y.shape)
        trend = swept.z.reshape(equation.z.shape)[:, :, :count] @ coefficients[:count]
        rho, correlation = self._rho(coefficients), float("nan")
        if not outside_interval(rho, self._interval):
            predicted = solve(self.matrices.lag, rho, trend.T).T
            correlation = squared_correlation(own, predicted)
        within = own, noise
        if self.terms.effects == "random":
            within = own - own.mean(axis=0), noise - noise.mean(axis=0)
        return {
            "r2_within": share_explained(*within),
            "r2_overall": share_explained(y, noise),
            "squared_correlation": correlation,
        }

    def _facts(
        self,
        found: TwoStage,
        sigma2: float,
        cragg_donald: float,
        test: HypothesisTest | None,
        asked: IVCovariance,
    ) -> dict[str, float | int | str]:
        years, cities = self.rows.y.shape
        facts: dict[str, float | int | str] = {
            "observations": years * cities,
            "cities": cities,
            "years": years,
            "effects": self.terms.effects,
            "instruments": found.basis.shape[1],
            "sigma2": sigma2,
            "standard_errors": asked,
        }
        if self.terms.error:
            facts["lambda"] = self.components.error
        if self.terms.effects == "random":
            facts["sigma2_between"] = self.components.between
        if self.equation.is_instrumented:
            facts["cragg_donald"] = cragg_donald
        if test is not None:
            facts["overidentification"] = test.statistic
            facts["overidentification_p"] = test.p_value
        if self.terms.lag:
            facts["rho_low"], facts["rho_high"] = self._interval
        if self.terms.error:
            facts["lambda_low"], facts["lambda_high"] = self.equation.interval
        return facts
