"""Spatial panel models with the previous outcome, corrected for their bias."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from spatial_coagg.checks import check_choice
from spatial_coagg.errors import EstimationError, WeightsError
from spatial_coagg.models.dynamic_equation import (
    DynamicCorrection,
    DynamicCovariance,
    DynamicEquation,
)
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.spatial_plan import Weights, count_uneven, read_plan
from spatial_coagg.models.spatial_rows import SpatialRows, read_matrix
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._logdet import DENSE_LIMIT, eigen_spectrum

DynamicModel: TypeAlias = Literal["sar", "sdm"]
DynamicEffects: TypeAlias = Literal["city", "city-year"]


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
    uneven = count_uneven([own])
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
    matrices = SpatialWeights(own, own, own, eigen_spectrum(own))
    equation = DynamicEquation.of(
        rows, plan, matrices, outcome, previous_lag=previous_lag
    )
    highest = equation.likelihood.maximise()
    found = equation.corrected(highest) if correction == "bias" else highest
    equation.warn(found)
    return equation.fit(highest, found, tuple(drivers), correction, covariance)
