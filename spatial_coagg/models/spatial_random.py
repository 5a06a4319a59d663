"""Spatial panel models with random city effects, by maximum likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.checks import check_choice, listed, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_information import inverse_of
from spatial_coagg.models._spatial_levels import Levels
from spatial_coagg.models._spatial_likelihood import Jacobian
from spatial_coagg.models._spatial_moments import (
    centred,
    lag,
    uncentred_covariance,
    uncentred_slopes,
)
from spatial_coagg.models._spatial_random import (
    LONGEST,
    ErrorForm,
    RandomLikelihood,
    RandomSolution,
)
from spatial_coagg.models._spatial_random_information import (
    expected_random_information,
    observed_random_information,
)
from spatial_coagg.models.goodness import share_explained, squared_correlation
from spatial_coagg.models.spatial_covariances import EstimateCovariance
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_logdet import lambda_interval
from spatial_coagg.models.spatial_plan import (
    TITLES,
    WITH_ERROR,
    WITH_LAG,
    Information,
    SpatialModel,
    SpatialPlan,
    Weights,
    check_some_spill,
    check_weights_apply,
    read_plan,
)
from spatial_coagg.models.spatial_result import Heading, Numbers
from spatial_coagg.models.spatial_rows import SpatialRows, check_columns, check_noise
from spatial_coagg.models.spatial_warnings import (
    YEARS_LEFT_OUT,
    Estimate,
    Maximum,
    find_maximum,
    locate,
)
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._logdet import DENSE_LIMIT, solve, spectrum
from spatial_coagg.weights._matrix import SparseMatrix

RandomError: TypeAlias = Literal["baltagi", "kapoor-kelejian-prucha"]
RANDOM_ERRORS = ("baltagi", "kapoor-kelejian-prucha")
# Score, in its standard deviations, from which the search has not converged: it ends
# with differences. Share of the end of its range at which phi counts as at that end.
CLOSE_ENOUGH, NEARLY = 1e-2, 0.99
NAMES = {"error": "lambda", "serial": "psi", "phi": "phi"}
NO_CITY_EFFECTS = (
    "phi = 0: these data show no random city effects; fit_spatial_panel with "
    'effects="none" says the same with less'
)


def fit_spatial_random(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    model: SpatialModel = "sdm",
    error: RandomError = "baltagi",
    serial: bool = False,
    spillovers: Sequence[str] | None = None,
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    covariance: Information | None = None,
) -> SpatialPanelFit:
    r"""Fit a spatial panel model with random city effects by maximum likelihood.

    Parameters
    ----------
    panel : Panel
        Every city in every year, two years or more. Drivers may be constant in time.
    weights : Graph or libpysal.weights.W
        W, of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
    model : str
        As in :func:`fit_spatial_panel`.
    error : {"baltagi", "kapoor-kelejian-prucha"}
        Of models with a spatial error: whether the noise alone spills over (Baltagi,
        Song and Koh 2003) or the city effects too (Kapoor, Kelejian and Prucha 2007).
    serial : bool
        Whether the noise is autocorrelated over the years, with coefficient psi.
    spillovers : sequence of str, optional
        Drivers that get a W x, in models that have one; all by default.
    error_weights, spillover_weights : Graph or W, optional
        Of the error and of the W x; `weights` by default.
    covariance : {"expected", "observed"}, optional
        Information matrix; expected by default, observed (exact in slopes, rho and
        sigma2, central differences in the others) with `serial` or more than 4,000
        cities.

    Returns
    -------
    SpatialPanelFit
        With ``"psi"`` and ``"phi"`` (variance of the city effects over that of the
        noise, `sigma2`) below the other estimates. `city_effects` are predictions, as
        they enter the equation; `residuals` the noise that is left.

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    EstimationError
        As :func:`fit_spatial_panel`; also if the outcome does not vary within cities.

    Warns
    -----
    InferenceWarning
        If phi is zero, and as :func:`fit_spatial_panel`.

    Notes
    -----
    .. math:: y_t = \rho W y_t + X_t b + W_x X_t g + u_t

    with u_t = mu + v_t, v_t = lambda W_e v_t + e_t (``"baltagi"``) or u_t = lambda W_e
    u_t + mu + e_t (``"kapoor-kelejian-prucha"``), e_t = psi e_{t-1} + noise,
    stationary. mu must be independent of the drivers; compare with city effects by
    :func:`fit_spatial_panel`.

    The likelihood is that of means over the years and of deviations from them; slopes,
    sigma2 and rho are concentrated out, lambda, psi and phi found from several starts.

    Other programs: splm's ``spml(model = "random")`` with ``spatial.error = "b"`` or
    ``"kkp"``, whose lambda is our rho and rho our lambda, and ``spreml``'s ``"sr"``
    errors for `serial`; xsmle's ``re``; Elhorst's ``sar_panel_RE``. splm's standard
    errors of the slopes take rho and the variances as known and are too small; ours do
    not.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg.models.spatial_random import fit_spatial_random
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_random(panel, weights, "ln_cr", ["ln_theta"], model="sar")
    >>> list(fit.estimates.index)
    ['ln_theta', 'constant', 'rho', 'phi']
    """
    check_choice(error, RANDOM_ERRORS, name="error")
    plan = read_plan(model, "none", drivers, spillovers)
    check_weights_apply(
        model, error_weights=error_weights, spillover_weights=spillover_weights
    )
    check_some_spill(spillovers, spillover_weights)
    if error != "baltagi" and not plan.has_error:
        raise EstimationError(
            f"model {model!r} has no spatial error, so that of {error.title()} does "
            f"not apply; use one of {listed(WITH_ERROR)}, or leave it out"
        )
    used = WeightMatrices.of(panel).terms(
        weights, error_weights=error_weights, spillover_weights=spillover_weights
    )
    asked = _settle_covariance(covariance, len(panel.cities), serial=serial)
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=plan.spillovers,
        spillover_weights=used.spillover, constant=True,
    )  # fmt: skip
    form: ErrorForm = error if plan.has_error else "none"
    likelihood = random_likelihood(
        rows, model, form, used.lag, used.error, serial=serial
    )
    check_random_columns(likelihood.columns, rows, outcome, has_lag=plan.has_lag)
    found = find_maximum(likelihood.maximise, model)
    maximum = _maximum_of(likelihood, found, model)
    maximum.check()
    if found.point.phi == 0:
        likelihood = replace(likelihood, free=likelihood.free[:-1])
        warn_user(NO_CITY_EFFECTS, InferenceWarning)
    information = (
        expected_random_information(likelihood, found, used.lag)
        if asked == "expected"
        else observed_random_information(likelihood, found)
    )
    known = None if likelihood.lag is None else likelihood.lag.spectrum
    result = _RandomResult(
        rows, plan, likelihood, found, inverse_of(information), maximum,
        replace(used, known=known),
    )  # fmt: skip
    title = f"{TITLES[model]}, random city effects"
    if form != "none":
        title += f", error of {error.title()}"
    if serial:
        title += ", autocorrelated"
    return result.fit(title, outcome, tuple(drivers), asked)


def _settle_covariance(
    asked: Information | None, cities: int, *, serial: bool
) -> Information:
    settled = asked or ("observed" if serial or cities > DENSE_LIMIT else "expected")
    check_choice(settled, ("expected", "observed"), name="covariance")
    if settled == "expected" and serial:
        raise EstimationError(
            'the expected information is not offered with serial=True; use "observed"'
        )
    return settled


def check_random_error(
    asked: RandomError, effects: Effects | Literal["random"]
) -> None:
    """Refuse a form of the error that does not exist or does not apply."""
    check_choice(asked, RANDOM_ERRORS, name="random_error")
    if asked != "baltagi" and effects != "random":
        raise EstimationError(
            f"random_error={asked!r} is about random effects, not effects={effects!r}; "
            f'use effects="random", or leave it out'
        )


def random_likelihood(
    rows: SpatialRows,
    model: SpatialModel,
    form: ErrorForm,
    own: SparseMatrix,
    noise: SparseMatrix,
    *,
    serial: bool,
) -> RandomLikelihood:
    """Return the likelihood of a model with random city effects; refuse few rows."""
    has_lag, has_error = model in WITH_LAG, model in WITH_ERROR
    years, cities = rows.y.shape
    needed = 3 if serial else 2
    slopes = len(rows.labels)
    fewest = slopes + max(1, has_lag + has_error) + 1
    if years < needed or cities < fewest:
        raise EstimationError(
            f"{years} years of {cities} cities are too few for random city effects and "
            f"{slopes} slopes; it takes {needed} years and {fewest} cities"
        )
    outcome = rows.y[:, :, None]
    lagged = lag(outcome, own) if has_lag else np.zeros_like(outcome)
    spectra = {}
    if has_lag:
        spectra["lag"] = spectrum(own)
    if has_error:
        shared = has_lag and noise is own
        spectra["error"] = spectra["lag"] if shared else spectrum(noise)
    jacobians = {
        name: Jacobian(each, years, without_unit=False)
        for name, each in spectra.items()
    }
    free = ("error",) * has_error + ("serial",) * serial + ("phi",)
    columns, means = centred(np.concatenate([outcome, lagged, rows.z], axis=2))
    return RandomLikelihood(
        columns,
        form,
        noise if has_error else None,
        jacobians.get("lag"),
        jacobians.get("error"),
        free,
        means,
    )


def check_random_columns(
    columns: FloatArray, rows: SpatialRows, outcome: str, *, has_lag: bool
) -> None:
    """Refuse slopes that are not identified, and an outcome without noise in a city."""
    check_columns(columns, rows, outcome, "none", has_lag=has_lag)
    inner = columns - columns.mean(axis=0)
    check_noise(inner, rows.y, outcome, "city", has_lag=has_lag)


def _maximum_of(
    likelihood: RandomLikelihood, found: RandomSolution, model: SpatialModel
) -> Maximum:
    error = found.point.error
    estimates = locate(found.rho, error, likelihood.lag, likelihood.error)
    if "serial" in likelihood.free:
        estimates.append(Estimate("psi", found.point.serial, (-LONGEST, LONGEST)))
    top = likelihood.highest_phi(found.point.serial)
    if "phi" in likelihood.free and found.point.phi > NEARLY * top:
        estimates.append(Estimate("phi", found.point.phi, (0.0, top)))
    return Maximum(
        f"{model} with random city effects",
        estimates,
        found.log_likelihood,
        found.sigma2 / float(np.square(likelihood.columns[:, :, 0]).mean()),
        found.rivals,
        found.gap,
        YEARS_LEFT_OUT,
        CLOSE_ENOUGH,
    )


@dataclass(frozen=True, slots=True)
class _RandomResult:
    """The numbers of a fit, before they get their labels."""

    rows: SpatialRows
    plan: SpatialPlan
    likelihood: RandomLikelihood
    found: RandomSolution
    covariance: FloatArray
    maximum: Maximum
    weights: SpatialWeights

    def fit(
        self, title: str, outcome: str, drivers: tuple[str, ...], asked: Information
    ) -> SpatialPanelFit:
        """Put the labels back."""
        found, plan = self.found, self.plan
        effects, noise = self._predicted()
        r2, correlation = self._goodness(noise)
        labels, values, covariance = self._estimates()
        error = self.likelihood.error
        numbers = Numbers(
            labels=labels,
            values=values,
            covariance=EstimateCovariance(covariance, f"{asked} information"),
            sigma2=found.sigma2,
            log_likelihood=found.log_likelihood,
            rows=self.rows.y.size,
            counted=self.rows.y.size,
            noise=noise,
            levels=Levels(0.0, effects, None),
            r2_within=r2,
            squared_correlation=correlation,
            facts={} if error is None else lambda_interval(error),
        )
        heading = Heading(
            title, plan.model, "random", "none", outcome, drivers, plan.spillovers
        )
        return numbers.fit(self.rows, heading, self.weights)

    def _slopes(self) -> FloatArray:
        """Return the slopes of the rows as they are."""
        return uncentred_slopes(
            self.found.slopes, self.found.rho, self.likelihood.means
        )

    def _estimates(self) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
        """Return labels, values, and the covariance with sigma2; none of phi = 0."""
        free, has_lag = self.likelihood.free, self.plan.has_lag
        labels = [*self.rows.labels, *(["rho"] if has_lag else [])]
        labels += [NAMES[name] for name in free]
        values = [*self._slopes(), *([self.found.rho] if has_lag else [])]
        values += [getattr(self.found.point, name) for name in free]
        self.maximum.warn(self.covariance, labels)
        whole = uncentred_covariance(
            self.covariance, self.likelihood.means, has_lag=has_lag
        )
        if "phi" not in free:
            labels, values = [*labels, "phi"], [*values, 0.0]
            place = len(whole) - 1
            whole = np.insert(whole, place, np.nan, axis=0)
            whole = np.insert(whole, place, np.nan, axis=1)
        return tuple(labels), np.array(values), whole

    def _predicted(self) -> tuple[FloatArray, FloatArray]:
        """Return the best predictions of the city effects, and the noise left."""
        likelihood, point = self.likelihood, self.found.point
        contrast = np.concatenate([[1.0, -self.found.rho], -self.found.slopes])
        rest = likelihood.columns @ contrast
        turned = replace(likelihood, columns=rest[:, :, None], _still=[])
        effects = turned.city_effects(point)
        noise = (rest - effects)[:, :, None]
        if likelihood.matrix is not None:
            noise = noise - point.error * lag(noise, likelihood.matrix)
        return effects, noise[:, :, 0]

    def _goodness(self, noise: FloatArray) -> tuple[float, float]:
        y = self.rows.y
        r2 = share_explained(y - y.mean(axis=0), noise - noise.mean(axis=0))
        trend = self.rows.z @ self._slopes()
        predicted = solve(self.weights.lag, self.found.rho, trend.T).T
        return r2, squared_correlation(y, predicted)
