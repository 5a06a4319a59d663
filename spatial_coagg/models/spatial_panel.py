"""Spatial panel models by maximum likelihood: SDM and its family."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from spatial_coagg._typing import Effects, Seed
from spatial_coagg.checks import check_choice
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._spatial_bias import score_biases
from spatial_coagg.models._spatial_information import expected_information
from spatial_coagg.models._spatial_likelihood import Jacobian, Likelihood, Solution
from spatial_coagg.models.spatial_covariances import (
    Estimated,
    SpatialCovariance,
    compute_covariance,
    information_only,
    settle_covariance,
)
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_logdet import (
    LogDeterminant,
    check_log_determinant,
    warn_if_slow,
)
from spatial_coagg.models.spatial_plan import (
    FIXED_EFFECTS,
    WITH_ERROR,
    WITH_LAG,
    Correction,
    SpatialModel,
    SpatialPlan,
    Weights,
    build_likelihood,
    check_some_spill,
    check_weights_apply,
    read_plan,
    settle_correction,
)
from spatial_coagg.models.spatial_random import (
    RandomError,
    check_random_error,
    fit_spatial_random,
)
from spatial_coagg.models.spatial_result import SpatialResult
from spatial_coagg.models.spatial_rows import SpatialRows, check_columns
from spatial_coagg.models.spatial_warnings import (
    DRIVER_LEFT_OUT,
    YEARS_LEFT_OUT,
    Maximum,
    find_maximum,
    locate,
)
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel


def fit_spatial_panel(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    model: SpatialModel = "sdm",
    effects: Effects | Literal["random"] = "city-year",
    random_error: RandomError = "baltagi",
    spillovers: Sequence[str] | None = None,
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    correction: Correction | None = None,
    covariance: SpatialCovariance | None = None,
    log_determinant: LogDeterminant | None = None,
    rng: Seed = None,
) -> SpatialPanelFit:
    r"""Fit a spatial panel model by maximum likelihood.

    Parameters
    ----------
    panel : Panel
        Every city in every year; one year is a cross-section (effects ``"none"``).
    weights : Graph or libpysal.weights.W
        W, of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
    model : str
        ``"ols"``; ``"slx"``: with W x; ``"sar"``: with W y; ``"sem"``: spatial error;
        ``"sdm"``: W y and W x; ``"sdem"``: W x and spatial error; ``"sac"``: W y and
        spatial error; ``"gns"``: all three.
    effects : {"none", "city", "year", "city-year", "random"}
        ``"random"``: of the cities; see :func:`fit_spatial_random`.
    random_error : {"baltagi", "kapoor-kelejian-prucha"}
        With random effects and a spatial error: whether the noise alone spills over or
        the city effects too.
    spillovers : sequence of str, optional
        Drivers that get a W x, in models that have one; all by default.
    error_weights, spillover_weights : Graph or W, optional
        Of the error and of the W x; `weights` by default.
    correction : {"transform", "bias", "none"}, optional
        For the incidental parameters. ``"transform"``: the orthonormal transformation
        of Lee and Yu (2010), N (T - 1), (N - 1) T or (N - 1)(T - 1) observations;
        with year effects every row of W must sum to one. ``"bias"``: their analytical
        correction of the plain estimates, in its form for any W. ``"none"``: plain
        (splm, xsmle's default, Elhorst's routines). By default ``"transform"`` where it
        can be used, else ``"none"`` with a warning.
    covariance : str, DriscollKraay or Conley, optional
        ``"expected"`` or ``"observed"``: information matrix, the effects projected out;
        expected by default, observed with more than 4,000 cities. ``"robust"``: to
        noise that is not normal, see Notes. Without rho and lambda (ols, slx) it is
        White's, and ``"clustered"`` by city, ``DriscollKraay(bandwidth=2)`` and
        ``Conley.from_boundaries(map, cutoff_km=300)`` are offered too, with the factors
        and t distribution of :func:`fit_fixed_effects`.
    log_determinant : {"exact", "stochastic"}, optional
        ``"exact"`` by default, with a warning from 300,000 cities on. ``"stochastic"``
        estimates traces of polynomials of W with 32 vectors of random signs; `facts`
        then has the standard error of ln|I - rho W| (``log_determinant_error_rho``) and
        the one it adds to rho (``error_of_rho``); lambda likewise.
    rng : Generator, int or None
        Of those vectors.

    Returns
    -------
    SpatialPanelFit

    Raises
    ------
    TypeError
        If `panel` is no Panel or weights are no Graph.
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    WeightsError
        If a row of W does not sum to one where it must, or no city has a neighbour.
    EstimationError
        If a slope is not identified (named), the outcome does not vary beyond its
        effects or is explained exactly, effects leave no more observations than
        coefficients, or an option is about a term or effect that the model has not.

    Warns
    -----
    InferenceWarning
        If the correction cannot be the default, rho or lambda is at its bound or hardly
        identified (a standard error above half of its interval; nan where the
        information is not positive definite), another maximum is nearly as high, or
        the search did not converge.
    SlowComputationWarning
        If exact log-determinants, not asked for, will take minutes.

    Notes
    -----
    .. math:: y_t = \rho W y_t + X_t b + W_x X_t g + \mu + \alpha_t 1 + u_t, \quad
              u_t = \lambda W_e u_t + e_t

    Slopes and variance are concentrated out; what is left is a function of rho and
    lambda on the admissible interval. Its log-determinants come from all eigenvalues (N
    up to 500, or a dense W similar to a symmetric one) or from some 12 to 18
    factorisations next to the maximum, interpolated by Chebyshev polynomials and held
    to one more at the maximum: memory grows with the links. W y is formed before the
    effects are swept out, which is exact for every W (Lee and Yu 2010, Journal of
    Econometrics 154, 165-185; Elhorst 2014, Spatial Econometrics).

    ``"robust"`` is the quasi-likelihood sandwich I^-1 V I^-1 for independent noise of
    one variance and any third and fourth moments mu3, mu4: V = I + (mu4 - 3 s^2) / s^2
    D'D + mu3 / s^2 (B'D + D'B), s = sigma2, D the diagonals of Q G Q (rho), Q H Q
    (lambda) and Q / 2s (sigma2), B the means of Q Z and Q W y, Q what sweeps, G = B W
    A^-1 B^-1, H = W_e B^-1 (Kelejian and Prucha 2001, Journal of Econometrics 104; Lee
    2004, Econometrica 72; Lee and Yu 2010). Moments of residuals are corrected for what
    Q took; with ``"none"`` s is the variance that Q leaves, so the errors are those of
    ``"transform"`` (exactly, with city effects). rho itself is inconsistent if the
    variance differs between cities (Lin and Lee 2010, Journal of Econometrics 157):
    then use :func:`fit_spatial_iv` with ``covariance="robust"``.

    sigma2 is the sum of squared residuals over ``facts["sigma2_divisor"]``, but for
    ``"bias"`` with both effects, which corrects it by itself, and random effects.

    Other programs: ``"none"`` is xsmle's default and splm's ``LeeYu = FALSE`` (splm
    lags the swept outcome, which differs with year effects); ``"transform"`` with city
    effects is splm's ``LeeYu = TRUE``, spxtregress ``fe`` and xsmle's ``leeyu``;
    ``"bias"`` is Elhorst's ``bc = 1`` and SDPDmod's ``LYtrans``. splm's lambda is our
    rho, its rho our lambda. splm, SDPDmod and Elhorst do not project the effects out of
    the mean of W y: with year effects their standard error of rho differs a little.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> list(fit.estimates.index)
    ['ln_theta', 'ln_gdp', 'W.ln_theta', 'W.ln_gdp', 'rho']
    >>> fit.predict(panel.frame).shape
    (4496,)
    """
    check_log_determinant(
        model, log_determinant, rng, has_one=model in (*WITH_LAG, *WITH_ERROR)
    )
    return fit_with_matrices(
        WeightMatrices.of(panel, log_determinant, rng), panel, weights, outcome,
        drivers, model=model, effects=effects, random_error=random_error,
        spillovers=spillovers, error_weights=error_weights,
        spillover_weights=spillover_weights, correction=correction,
        covariance=covariance,
    )  # fmt: skip


def fit_with_matrices(  # noqa: PLR0913 (a model's options, all by name)
    matrices: WeightMatrices,
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    model: SpatialModel,
    effects: Effects | Literal["random"],
    random_error: RandomError,
    spillovers: Sequence[str] | None,
    error_weights: Weights | None,
    spillover_weights: Weights | None,
    correction: Correction | None,
    covariance: SpatialCovariance | None,
) -> SpatialPanelFit:
    """Fit a model as :func:`fit_spatial_panel`, with matrices that other fits share."""
    check_choice(effects, (*FIXED_EFFECTS, "random"), name="effects")
    if effects == "random":
        if matrices.log_determinant == "stochastic":
            raise EstimationError(
                "random effects take exact log-determinants; leave log_determinant out"
            )
        if correction not in (None, "none"):
            raise EstimationError(
                f"random effects are no incidental parameters, so "
                f"correction={correction!r} does not apply; leave it out"
            )
        return fit_spatial_random(
            panel, weights, outcome, drivers, model=model, error=random_error,
            spillovers=spillovers, error_weights=error_weights,
            spillover_weights=spillover_weights,
            covariance=information_only(covariance),
        )  # fmt: skip
    check_random_error(random_error, effects)
    plan = read_plan(model, effects, drivers, spillovers)
    check_weights_apply(
        model, error_weights=error_weights, spillover_weights=spillover_weights
    )
    check_some_spill(spillovers, spillover_weights)
    used = matrices.terms(
        weights, error_weights=error_weights, spillover_weights=spillover_weights
    )
    settled = settle_correction(correction, plan, used)
    asked = settle_covariance(covariance, plan, settled, len(matrices.cities))
    rows = SpatialRows.of(
        panel,
        outcome,
        list(drivers),
        spillovers=plan.spillovers,
        spillover_weights=used.spillover,
        constant=effects == "none",
    )
    if plan.coefficients:
        warn_if_slow(len(rows.cities), matrices.log_determinant)
    likelihood = build_likelihood(
        rows, plan, used.lag, used.error, settled, spectrum_of=matrices.spectrum
    )
    check_columns(
        likelihood.moments.swept(0.0), rows, outcome, effects, has_lag=plan.has_lag
    )
    solution = find_maximum(likelihood.maximise, model)
    maximum = _maximum_of(likelihood, solution, plan)
    maximum.check()
    if settled == "bias":
        likelihood, solution = _without_bias(likelihood, solution, plan, used)
    estimated = Estimated(
        rows, plan, likelihood, solution, used.lag, used.error, settled
    )
    found = compute_covariance(asked, estimated)
    maximum.warn(found.matrix, [*rows.labels, *plan.coefficients])
    known = None if likelihood.lag is None else likelihood.lag.spectrum
    whole = SpatialResult(
        rows, plan, likelihood, solution, found, replace(used, known=known)
    )
    return whole.fit(outcome, tuple(drivers), settled)


def _without_bias(
    likelihood: Likelihood,
    found: Solution,
    plan: SpatialPlan,
    weights: SpatialWeights,
) -> tuple[Likelihood, Solution]:
    """Correct plain estimates (Lee and Yu 2010, in Elhorst's recipe).

    With both effects: theta + (information / NT)^-1 a / N, a = 1 / (1 - rho),
    1 / (1 - lambda), 1 / (2 sigma2), the first two in their form for any W (see
    `score_biases`); then sigma2 T / (T - 1). With city effects that last step alone,
    with year effects sigma2 N / (N - 1). The standard errors are of
    (N - 1)(T - 1) observations and T - 1 years of log-determinants (splm's LeeYu; with
    N T and T they would be Elhorst's and SDPDmod's).
    """
    years, cities = likelihood.moments.columns.shape[:2]
    sigma2 = found.ssr / likelihood.rows
    rho, lam, slopes = found.rho, found.error, found.slopes
    if plan.by_city and plan.by_year:
        information = expected_information(
            likelihood, found, weights.lag, weights.error, projected=False
        )
        a = np.zeros(len(information))
        biases = score_biases(rho, lam, weights.lag, weights.error)
        kept = [plan.has_lag, plan.has_error]
        scores = [each for each, there in zip(biases, kept, strict=True) if there]
        a[len(slopes) : len(slopes) + len(scores)] = scores
        a[-1] = 1 / (2 * sigma2)
        shift = np.linalg.solve(information / (years * cities), a) / cities
        slopes = slopes + shift[: len(slopes)]
        rho = rho + (shift[len(slopes)] if plan.has_lag else 0.0)
        lam = lam + (shift[-2] if plan.has_error else 0.0)
        sigma2 = float(sigma2 + shift[-1])
    reduced_years = years - plan.by_city
    reduced_cities = cities - (plan.by_year and not plan.by_city)
    sigma2 *= years / reduced_years * cities / reduced_cities
    rows = reduced_years * (cities - plan.by_year)
    return (
        Likelihood(
            likelihood.moments,
            rows,
            _shortened(likelihood.lag, reduced_years),
            _shortened(likelihood.error, reduced_years),
        ),
        Solution(
            float(rho), float(lam), slopes, sigma2 * rows, found.log_likelihood, ()
        ),
    )


def _shortened(part: Jacobian | None, years: int) -> Jacobian | None:
    return None if part is None else Jacobian(part.spectrum, years, without_unit=False)


def _maximum_of(likelihood: Likelihood, found: Solution, plan: SpatialPlan) -> Maximum:
    return Maximum(
        plan.model,
        locate(found.rho, found.error, likelihood.lag, likelihood.error),
        found.log_likelihood,
        found.ssr / float(likelihood.moments.at(0.0)[0, 0]),
        found.rivals,
        found.gap,
        DRIVER_LEFT_OUT if plan.by_year else YEARS_LEFT_OUT,
    )
