"""Spatial models by two-stage least squares, with endogenous drivers."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_choice, check_is_list, listed
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_error_moments import ErrorComponents, MomentWeights
from spatial_coagg.models._spatial_iv_rows import Equation, FlatRows
from spatial_coagg.models._spatial_two_stage import (
    FirstStages,
    TwoStage,
    first_stages,
    hansen,
    sandwich,
    sargan,
)
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.goodness import share_explained, squared_correlation
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.reduced_form import label_levels
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.models.spatial_iv_terms import (
    IVEffects,
    IVTerms,
    RandomMethod,
    build_equation,
    warn_of_components,
)
from spatial_coagg.models.spatial_plan import Weights
from spatial_coagg.models.spatial_rows import (
    CONSTANT,
    SpatialRows,
    check_identified,
)
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._logdet import solve

IVCovariance: TypeAlias = Literal["classical", "robust", "clustered"]
# First-stage F below which instruments count as weak (Staiger and Stock 1997).
_WEAK = 10.0


def fit_spatial_iv(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    effects: IVEffects = "city-year",
    endogenous: Sequence[str] = (),
    instruments: Sequence[str] = (),
    spillovers: Sequence[str] = (),
    lag: bool = True,
    error: bool = False,
    orders: int = 2,
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    covariance: IVCovariance = "classical",
    moments: MomentWeights = "fully-weighted",
    random_method: RandomMethod = "ec2sls",
) -> SpatialIVFit:
    r"""Fit a spatial model by two-stage least squares, generalised for spatial errors.

    Parameters
    ----------
    panel : Panel
        Every city in every year; one year is a cross-section (effects ``"none"``).
    weights : Graph or libpysal.weights.W
        W, of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
        All drivers, the endogenous ones among them.
    effects : {"none", "city", "year", "city-year", "random"}
    endogenous : sequence of str
        Drivers that the noise may drive.
    instruments : sequence of str
        Columns outside the equation that instrument them, such as their lags in time.
        Where an endogenous driver spills over, W times them instruments that.
    spillovers : sequence of str
        Drivers that get a W x.
    lag : bool
        Whether W y is in the equation; W x, W^2 x ... instrument it.
    error : bool
        Whether the error has neighbours: lambda from moments, then the same equation
        with that filtered out.
    orders : int
        Highest power of W of the instruments.
    error_weights, spillover_weights : Graph or W, optional
        Of the error and of the W x; `weights` by default.
    covariance : {"classical", "robust", "clustered"}
        The last two are robust to heteroskedasticity (n / (n - K)), and to any
        correlation within cities (N / (N - 1) (n - 1) / (n - K)).
    moments : {"fully-weighted", "weighted", "unweighted"}
        With random effects and `error`: how the six moments are weighted.
    random_method : {"ec2sls", "g2sls"}
        With random effects: the instruments' means and deviations apart (Baltagi and
        Liu 2011), or quasi-demeaned like the equation.

    Returns
    -------
    SpatialIVFit

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    EstimationError
        If nothing is to be instrumented or filtered, a name is misplaced or stands
        where a list is wanted, or the instruments do not identify the equation.

    Warns
    -----
    InferenceWarning
        If a first-stage F is below 10, lambda at its bound, or the variance of random
        effects not positive.

    Notes
    -----
    .. math:: y_t = \rho W y_t + X_t b + W_x X_t g + \mu + \alpha_t 1 + u_t, \quad
              u_t = \lambda W_e u_t + e_t

    W y and W x are formed before effects are swept out. lambda solves the three
    moments of Kelejian and Prucha (1999, International Economic Review 40), with
    random effects the six of Kapoor, Kelejian and Prucha (2007, Journal of
    Econometrics 140), exactly: their sum of squares is a quartic. Their traces count
    what the effects leave. The rest is Kelejian and Prucha (1998, Journal of Real
    Estate Finance and Economics 17) and Mutl and Pfaffermayr (2011, Econometrics
    Journal 14). Unlike maximum likelihood, rho stays consistent if the variance
    differs between cities, with ``covariance="robust"``.

    sigma2 is the sum of squares over n - K, n = `rows`; with `error` the moments' own.
    Other programs: spatialreg's ``stsls``, ``GMerrorsar``; splm's ``spgm`` (method
    ``"w2sls"``, ``"g2sls"``, ``"ec2sls"``; its standard errors with city effects count
    N T rows where ours count N (T - 1)).

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg.models.spatial_iv import fit_spatial_iv
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_iv(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> list(fit.estimates.index), fit.endogenous
    (['ln_theta', 'ln_gdp', 'rho'], ('W.ln_cr',))
    """
    for names, name in (
        (drivers, "drivers"),
        (endogenous, "endogenous"),
        (instruments, "instruments"),
        (spillovers, "spillovers"),
    ):
        check_is_list(names, name=name)
    terms = IVTerms(
        outcome, tuple(drivers), tuple(endogenous), tuple(instruments),
        tuple(spillovers), effects, lag, error, orders,
    )  # fmt: skip
    terms.check()
    for value, choices, name in (
        (covariance, ("classical", "robust", "clustered"), "covariance"),
        (moments, ("fully-weighted", "weighted", "unweighted"), "moments"),
        (random_method, ("ec2sls", "g2sls"), "random_method"),
    ):
        check_choice(value, choices, name=name)
    terms.check_options(
        error_weights=(error_weights, None),
        spillover_weights=(spillover_weights, None),
        orders=(orders, 2),
        moments=(moments, "fully-weighted"),
        random_method=(random_method, "ec2sls"),
    )
    read = WeightMatrices.of(panel, None, None)
    own = read.read(weights, name="weights")
    noise, spilled = (
        own if given is None else read.read(given, name=name)
        for name, given in (
            ("error_weights", error_weights),
            ("spillover_weights", spillover_weights),
        )
    )
    matrices = SpatialWeights(own, noise, spilled, read.spectrum(own) if lag else None)
    bounds = read.spectrum(noise).interval if error else (0.0, 0.0)
    rows = SpatialRows.of(
        panel,
        outcome,
        [*drivers, *instruments],
        spillovers=terms.lagged_columns,
        spillover_weights=spilled,
        constant=effects in ("none", "random"),
    )
    equation, outside = build_equation(rows, terms, matrices, bounds, random_method)
    swept = "none" if effects == "random" else effects
    check_identified(*equation.swept_and_raw(), _labels(terms, rows), swept)
    components = equation.components(moments)
    warn_of_components(components, terms)
    if components.between < components.noise:
        components = replace(components, between=components.noise)
    flat = (
        equation.quasi_demeaned(components)
        if effects == "random"
        else equation.swept(components.error)
    )
    result = _IVResult(terms, rows, matrices, equation, components, flat)
    return result.fit(outside, covariance)


@dataclass(frozen=True, slots=True)
class _IVResult:
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
        labels = _labels(terms, rows)
        self._check_identified(found, labels)
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
            facts=self._facts(found, sigma2, cragg_donald, test, asked) | goodness,
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
        if weak:
            warnings.warn(
                f"the instruments of {listed(weak)} are weak (first-stage F "
                f"{float(found.f.min()):.1f}, below 10): estimates are biased towards "
                f"least squares and their standard errors too small",
                InferenceWarning,
                stacklevel=5,
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
        rho = float(coefficients[-1]) if self.terms.lag else 0.0
        predicted = solve(self.matrices.lag, rho, trend.T).T
        within = own, noise
        if self.terms.effects == "random":
            within = own - own.mean(axis=0), noise - noise.mean(axis=0)
        return {
            "r2_within": share_explained(*within),
            "r2_overall": share_explained(y, noise),
            "squared_correlation": squared_correlation(own, predicted),
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


def _labels(terms: IVTerms, rows: SpatialRows) -> list[str]:
    lags = [f"W.{name}" for name in terms.spillovers]
    constant = [CONSTANT] if CONSTANT in rows.labels else []
    return [*terms.drivers, *lags, *constant, *(["rho"] * terms.lag)]
