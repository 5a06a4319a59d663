"""Spatial models by two-stage least squares, with endogenous drivers."""

from collections.abc import Sequence
from dataclasses import replace

from spatial_coagg.checks import check_choice, check_is_list
from spatial_coagg.models._spatial_error_moments import MomentWeights
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.models.spatial_iv_result import IVCovariance, IVResult
from spatial_coagg.models.spatial_iv_terms import (
    IVEffects,
    IVTerms,
    RandomMethod,
    build_equation,
    estimate_components,
)
from spatial_coagg.models.spatial_plan import Weights
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_identified,
    check_outcome,
)
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel


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
        If a first-stage F is below 10, rho outside its admissible interval (its effects
        and predictions are refused), lambda at its bound, or the variance of random
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

    The past of an endogenous driver is a valid instrument if the noise of a year tells
    nothing of the next year's. With city effects that leaves a bias of order 1/T, for
    their means hold the noise of all years.

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

    Theta that the noise may drive, instrumented by its past; the first year has none:

    >>> lagged = panel.with_columns(panel.previous(["ln_theta"]))
    >>> later = lagged.restricted_to(years=panel.years[1:])
    >>> fit = fit_spatial_iv(
    ...     later, weights, "ln_cr", ["ln_theta", "ln_gdp"], spillovers=["ln_theta"],
    ...     endogenous=["ln_theta"], instruments=["previous.ln_theta"],
    ... )  # fmt: skip
    >>> fit.first_stages["f"].round().to_dict()
    {'ln_theta': 300.0, 'W.ln_theta': 397.0, 'W.ln_cr': 71.0}
    >>> print(fit.overidentification)
    the instruments are valid (Sargan): chi2(1) = 0.139, p = 0.709
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
    read = WeightMatrices.of(panel)
    matrices = read.terms(
        weights, error_weights=error_weights, spillover_weights=spillover_weights
    )
    if lag:
        matrices = replace(matrices, known=read.spectrum(matrices.lag))
    bounds = read.spectrum(matrices.error).interval if error else (0.0, 0.0)
    rows = SpatialRows.of(
        panel,
        outcome,
        [*drivers, *instruments],
        spillovers=terms.lagged_columns,
        spillover_weights=matrices.spillover,
        constant=effects in ("none", "random"),
    )
    equation, outside = build_equation(rows, terms, matrices, bounds, random_method)
    swept = "none" if effects == "random" else effects
    y, z = equation.swept_columns()
    check_outcome(y, rows.y, z[:, :, : z.shape[2] - lag], outcome, swept)
    if effects == "random":
        inner, others = y - y.mean(axis=0), z - z.mean(axis=0)
        check_outcome(inner, y, others[:, :, : z.shape[2] - lag], outcome, "city")
    check_identified(z, equation.z, terms.labels(rows), swept)
    components = estimate_components(equation, terms, moments)
    flat = (
        equation.quasi_demeaned(components)
        if effects == "random"
        else equation.swept(components.error)
    )
    result = IVResult(terms, rows, matrices, equation, components, flat)
    return result.fit(outside, covariance)
