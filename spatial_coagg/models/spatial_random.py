"""Spatial panel models with random city effects, by maximum likelihood."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.checks import check_choice, listed
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_likelihood import Jacobian
from spatial_coagg.models._spatial_moments import SparseMatrix, lag
from spatial_coagg.models._spatial_random import (
    ErrorForm,
    RandomLikelihood,
    RandomSolution,
)
from spatial_coagg.models._spatial_random_information import (
    expected_random_information,
    observed_random_information,
)
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.goodness import share_explained, squared_correlation
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_logdet import lambda_interval
from spatial_coagg.models.spatial_plan import (
    TITLES,
    WITH_ERROR,
    WITH_LAG,
    Information,
    SpatialModel,
    Weights,
    check_weights_apply,
    read_plan,
)
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_identified,
    read_matrix,
)
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._logdet import DENSE_LIMIT, solve, spectrum

RandomError: TypeAlias = Literal["baltagi", "kapoor-kelejian-prucha"]
RANDOM_ERRORS = ("baltagi", "kapoor-kelejian-prucha")
NAMES = {"error": "lambda", "serial": "psi", "phi": "phi"}
# Log-likelihood below the maximum at which another maximum makes the likelihood flat.
_RIVAL = 2.0


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
        If a coefficient is not identified (named), or there are too few observations.

    Warns
    -----
    InferenceWarning
        If phi is zero, rho or lambda at its bound, or the likelihood has a second
        maximum nearly as high.

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
    chosen = read_plan(model, "none", drivers, spillovers).spillovers
    check_weights_apply(
        model, error_weights=error_weights, spillover_weights=spillover_weights
    )
    if error != "baltagi" and model not in WITH_ERROR:
        raise EstimationError(
            f"model {model!r} has no spatial error, so that of {error.title()} does "
            f"not apply; use one of {listed(WITH_ERROR)}, or leave it out"
        )
    cities = panel.frame.index.unique("city").sort_values()
    own = read_matrix(weights, cities, name="weights")
    noise, spilled = (
        own if given is None else read_matrix(given, cities, name=name)
        for name, given in (
            ("error_weights", error_weights),
            ("spillover_weights", spillover_weights),
        )
    )
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=chosen, spillover_weights=spilled,
        constant=True,
    )  # fmt: skip
    form: ErrorForm = error if model in WITH_ERROR else "none"
    likelihood = random_likelihood(rows, model, form, own, noise, serial=serial)
    check_identified(rows.z, rows.z, rows.labels, "none")
    found = likelihood.maximise()
    if found.point.phi == 0:
        likelihood = replace(likelihood, free=likelihood.free[:-1])
    _warn_of_bounds(likelihood, found)
    asked = _settle_covariance(covariance, len(cities), serial=serial)
    information = (
        expected_random_information(likelihood, found, own)
        if asked == "expected"
        else observed_random_information(likelihood, found)
    )
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    matrices = SpatialWeights(
        own,
        noise,
        spilled,
        spectrum(own) if likelihood.lag is None else likelihood.lag.spectrum,
    )
    result = _RandomResult(rows, likelihood, found, inverse, matrices)
    title = TITLES[model] + ", random city effects"
    if form != "none":
        title += f", error of {error.title()}"
    if serial:
        title += ", autocorrelated"
    return result.fit(title, model, outcome, tuple(drivers), chosen, asked)


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
    years, cities = rows.y.shape
    needed = 3 if serial else 2
    if years < needed or cities <= len(rows.labels) + 1:
        raise EstimationError(
            f"{years} years of {cities} cities are too few for random city effects and "
            f"{len(rows.labels)} slopes; it takes {needed} years and more cities than "
            f"slopes"
        )
    outcome = rows.y[:, :, None]
    has_lag, has_error = model in WITH_LAG, model in WITH_ERROR
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
    return RandomLikelihood(
        np.concatenate([outcome, lagged, rows.z], axis=2),
        form,
        noise if has_error else None,
        jacobians.get("lag"),
        jacobians.get("error"),
        free,
    )


def _warn_of_bounds(likelihood: RandomLikelihood, found: RandomSolution) -> None:
    told = []
    if found.point.phi == 0:
        told.append(
            "phi = 0: these data show no random city effects; fit_spatial_panel with "
            'effects="none" says the same with less'
        )
    for name, value, part in (
        ("rho", found.rho, likelihood.lag),
        ("lambda", found.point.error, likelihood.error),
    ):
        if part is None:
            continue
        low, high = part.bounds
        if min(value - low, high - value) < 1e-4 * (high - low):
            told.append(
                f"{name} = {value:.4f} lies at the bound of its admissible interval "
                f"({low:.4f}, {high:.4f}): the model does not fit these data"
            )
    near = [height for height in found.rivals if found.log_likelihood - height < _RIVAL]
    if near:
        told.append(
            f"the likelihood has {len(near) + 1} maxima of nearly the same height "
            f"({found.log_likelihood:.3f}, {near[0]:.3f}): its parameters are hardly "
            f"told apart; choose a model with fewer"
        )
    for message in told:
        warnings.warn(message, InferenceWarning, stacklevel=3)


@dataclass(frozen=True, slots=True)
class _RandomResult:
    """The numbers of a fit, before they get their labels."""

    rows: SpatialRows
    likelihood: RandomLikelihood
    found: RandomSolution
    covariance: FloatArray
    matrices: SpatialWeights

    def fit(
        self,
        title: str,
        model: SpatialModel,
        outcome: str,
        drivers: tuple[str, ...],
        spillovers: tuple[str, ...],
        asked: Information,
    ) -> SpatialPanelFit:
        """Put the labels back."""
        found, rows = self.found, self.rows
        labels, values, inner = self._estimates()
        effects, noise = self._predicted()
        index = pd.MultiIndex.from_product(
            [rows.cities, rows.years], names=["city", "year"]
        )
        residuals = pd.Series(noise.T.ravel(), index=index, name="residual")
        r2, correlation = self._goodness(noise)
        overall = share_explained(rows.y, noise)
        years, cities = rows.y.shape
        criteria = len(values) + 1
        facts: dict[str, float | int | str] = {
            "observations": years * cities,
            "cities": cities,
            "years": years,
            "effects": "random",
            "log_likelihood": found.log_likelihood,
            "aic": 2 * criteria - 2 * found.log_likelihood,
            "bic": criteria * float(np.log(years * cities)) - 2 * found.log_likelihood,
            "sigma2": found.sigma2,
            "sigma2_divisor": years * cities,
            "r2_within": r2,
            "r2_overall": overall,
            "squared_correlation": correlation,
            "rho_low": self.matrices.spectrum.interval[0],
            "rho_high": self.matrices.spectrum.interval[1],
        }
        if self.likelihood.error is not None:
            facts |= lambda_interval(self.likelihood.error)
        facts["standard_errors"] = f"{asked} information"
        return SpatialPanelFit(
            title=title,
            model=model,
            effects="random",
            correction="none",
            standard_errors=f"{asked} information",
            estimates=tabulate_estimates(labels, values, inner),
            covariance=pd.DataFrame(inner, index=labels, columns=labels),
            sigma2=found.sigma2,
            sigma2_standard_error=float(np.sqrt(self.covariance[-1, -1])),
            log_likelihood=found.log_likelihood,
            rows=years * cities,
            interval=self.matrices.spectrum.interval,
            r2_within=r2,
            r2_overall=overall,
            squared_correlation=correlation,
            city_effects=pd.Series(effects, index=rows.cities, name="city effect"),
            year_effects=None,
            level=0.0,
            residuals=residuals,
            fitted=pd.Series(
                rows.y.T.ravel() - residuals.to_numpy(), index=index, name=outcome
            ),
            outcome=outcome,
            drivers=drivers,
            spillovers=spillovers,
            weights=self.matrices,
            cities=rows.cities,
            years=rows.years,
            facts=facts,
        )

    def _estimates(self) -> tuple[list[str], FloatArray, FloatArray]:
        """Return labels, values and covariance; phi = 0 without a variance."""
        found, free = self.found, self.likelihood.free
        values = [*found.slopes]
        labels = [*self.rows.labels]
        if self.likelihood.lag is not None:
            values.append(found.rho)
            labels.append("rho")
        values += [getattr(found.point, name) for name in free]
        labels += [NAMES[name] for name in free]
        inner = self.covariance[:-1, :-1]
        if "phi" not in free:
            values.append(0.0)
            labels.append("phi")
            inner = np.pad(inner, (0, 1), constant_values=np.nan)
        return labels, np.array(values), inner

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
        trend = self.rows.z @ self.found.slopes
        predicted = solve(self.matrices.lag, self.found.rho, trend.T).T
        return r2, squared_correlation(y, predicted)
