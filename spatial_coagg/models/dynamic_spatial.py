"""Spatial panel models with the previous outcome, corrected for their bias."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_choice
from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    UnbalancedPanelError,
    WeightsError,
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
from spatial_coagg.models.spatial_fit import SpatialWeights
from spatial_coagg.models.spatial_plan import SpatialPlan, Weights, read_plan
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_identified,
    read_matrix,
)
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._logdet import DENSE_LIMIT, EigenSpectrum, spectrum

DynamicModel: TypeAlias = Literal["sar", "sdm"]
DynamicEffects: TypeAlias = Literal["city", "city-year"]
DynamicCorrection: TypeAlias = Literal["bias", "none"]
DynamicCovariance: TypeAlias = Literal["expected", "robust"]
STANDARD_ERRORS = {
    "expected": "expected information",
    "robust": "robust to non-normal noise",
}
_ROWS_SUM = 1e-9


def fit_dynamic_spatial(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    model: DynamicModel = "sdm",
    effects: DynamicEffects = "city-year",
    previous_lag: bool = True,
    spillovers: Sequence[str] | None = None,
    correction: DynamicCorrection = "bias",
    covariance: DynamicCovariance = "expected",
) -> DynamicSpatialFit:
    r"""Fit a spatial panel model in which the outcome depends on its own past.

    Parameters
    ----------
    panel : Panel
        Every city in every year, equally spaced. The first year only starts the
        dynamics.
    weights : Graph or libpysal.weights.W
        W, of exactly the panel's cities, compared by label; at most 4,000.
    outcome : str
    drivers : sequence of str
    model : {"sdm", "sar"}
        With W x or without.
    effects : {"city-year", "city"}
        ``"city-year"`` needs rows of W that sum to one.
    previous_lag : bool
        Whether the neighbours' previous outcome is in the equation, too.
    spillovers : sequence of str, optional
        Drivers that get a W x in the SDM; all by default.
    correction : {"bias", "none"}
        Least squares within cities mistakes the effects of few years for dynamics:
        ``"bias"`` takes out what is of order 1/T.
    covariance : {"expected", "robust"}
        Expected information, or its sandwich with the fourth moment of the noise,
        which need not be normal but must have one variance.

    Returns
    -------
    DynamicSpatialFit

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, years are unequally spaced, or
        weights are about other cities.
    WeightsError
        If a row of W does not sum to one under year effects.
    EstimationError
        If a coefficient is not identified (named), or there are too few years or too
        many cities.

    Warns
    -----
    InferenceWarning
        If the model is not stable, or rho at its bound or corrected beyond it.

    Notes
    -----
    .. math:: y_t = \rho W y_t + \tau y_{t-1} + \eta W y_{t-1} + X_t b + W X_t g
              + \mu + \alpha_t 1 + e_t

    tau is labelled ``previous.<outcome>``, eta ``W.previous.<outcome>``. The
    likelihood is conditional on the first year [1]_; year effects are transformed away
    first [2]_, then city means. The correction adds (I / NT)^-1 phi / T, I the expected
    information and phi the bias of the score at the maximum; eigenvalues of the
    dynamics above 1 - 1/N count as unit roots [3]_. Standard errors are at the
    corrected estimates. It needs T of the order of N^(1/3) or more; with few years and
    no spatial lag :func:`fit_dynamic_gmm` has no such bias.

    The model is stable if every eigenvalue of (I - rho W)^-1 (tau I + eta W) is below
    one in modulus: for row-standardised W tau + eta + rho < 1 and that of the other end
    of the spectrum.

    Other programs: SDPDmod's ``SDPDm(dynamic = TRUE, LYtrans = TRUE)`` (whose standard
    errors use reduced-form residuals, and a fourth moment that depends on the basis of
    the transformation; with unit roots and ``stl = FALSE`` it leaves out a term);
    Elhorst's routines; xsmle's ``dlag(3)``.

    References
    ----------
    .. [1] Yu, J., de Jong, R. and Lee, L. (2008). Quasi-maximum likelihood estimators
       for spatial dynamic panel data with fixed effects when both n and T are large.
       Journal of Econometrics 146, 118-134.
    .. [2] Lee, L. and Yu, J. (2010). A spatial dynamic panel data model with both time
       and individual fixed effects. Econometric Theory 26, 564-597.
    .. [3] Yu, J., de Jong, R. and Lee, L. (2012). Estimation for spatial dynamic panel
       data with fixed effects: the case of spatial cointegration. Journal of
       Econometrics 167, 16-37.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import fit_dynamic_spatial
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_dynamic_spatial(panel, weights, "ln_cr", ["ln_theta"], model="sar")
    >>> list(fit.estimates.index)
    ['previous.ln_cr', 'W.previous.ln_cr', 'ln_theta', 'rho']
    >>> fit.is_stable
    True
    """
    for value, choices, name in (
        (model, ("sar", "sdm"), "model"),
        (effects, ("city", "city-year"), "effects"),
        (correction, ("bias", "none"), "correction"),
        (covariance, ("expected", "robust"), "covariance"),
    ):
        check_choice(value, choices, name=name)
    plan = read_plan(model, effects, drivers, spillovers)
    cities = panel.frame.index.unique("city").sort_values()
    own = read_matrix(weights, cities, name="weights")
    if len(cities) > DENSE_LIMIT:
        raise EstimationError(
            f"a dynamic spatial model takes all eigenvalues of W: {len(cities)} cities "
            f"are more than {DENSE_LIMIT}; use fewer or larger regions"
        )
    uneven = int((np.abs(np.asarray(own.sum(axis=1)) - 1) > _ROWS_SUM).sum())
    if plan.by_year and uneven:
        raise WeightsError(
            f"{uneven} rows of the weights do not sum to one (cities without "
            f"neighbours or another normalisation), so year effects cannot be "
            f"transformed away; "
            f'use effects="city", or weights with transform="row" and islands="nearest"'
        )
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=plan.spillovers,
        spillover_weights=own, constant=False,
    )  # fmt: skip
    matrices = SpatialWeights(own, own, own, spectrum(own))
    problem = _Problem.of(rows, plan, matrices, outcome, previous_lag=previous_lag)
    highest = problem.likelihood.maximise()
    found = problem.corrected(highest) if correction == "bias" else highest
    problem.warn(found)
    return problem.fit(highest, found, tuple(drivers), correction, covariance)


@dataclass(frozen=True, slots=True)
class _Problem:
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
    ) -> "_Problem":
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
            warnings.warn(
                f"rho = {found.rho:.4f} lies at or beyond the bound of its admissible "
                f"interval ({low:.4f}, {high:.4f}): the model does not fit these data, "
                f'or the years are too few for correction="bias"',
                InferenceWarning,
                stacklevel=3,
            )
        dynamics = self.dynamics(found)
        largest = self.largest_root(found)
        if largest >= 1:
            warnings.warn(
                f"the model is not stable: tau + eta + rho = {dynamics.total:.4f} and "
                f"the largest root of its dynamics is {largest:.4f}, not below one; "
                f"shocks do not die out and there are no long-run effects (take "
                f"differences, or year effects)",
                InferenceWarning,
                stacklevel=3,
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
            facts=self._facts(highest, found, correction),
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
