"""Hausman's test of spatial models: may the city effects be treated as random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_choice, listed, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.hausman import HYPOTHESIS, HausmanMethod
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import (
    WITH_SPILLOVERS,
    Correction,
    SpatialModel,
    Weights,
    read_plan,
)
from spatial_coagg.models.spatial_random import RandomError
from spatial_coagg.models.spatial_restrictions import wald_test
from spatial_coagg.models.spatial_rows import CONSTANT, check_complete
from spatial_coagg.tables.panel import Panel

MEAN = "mean."
# What fixed effects do not estimate, and a variance.
_APART = (CONSTANT, "rho", "lambda", "phi", "psi")


@dataclass(frozen=True, slots=True, eq=False)
class SpatialHausmanTest:
    """Whether fixed and random city effects estimate the same spatial model.

    Attributes
    ----------
    test : HypothesisTest
        Chi-squared, one degree of freedom for each slope.
    method : {"mundlak", "classical"}
    comparison : DataFrame
        Index: drivers and W.x. Columns: fixed, random, difference.
    positive_definite : bool
        Whether the variance of the difference is; the classical statistic means
        nothing where it is not. Always true for ``"mundlak"``.
    fixed, random : Fit
        The two models compared.
    auxiliary : SpatialPanelFit or None
        Of ``"mundlak"``: the random effects model with the drivers' city means.
    """

    test: HypothesisTest
    method: HausmanMethod
    comparison: pd.DataFrame
    positive_definite: bool
    fixed: Fit
    random: Fit
    auxiliary: SpatialPanelFit | None

    def __str__(self) -> str:
        """Return the hypothesis, the statistic and the p-value."""
        return str(self.test)


def spatial_hausman_test(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    model: SpatialModel = "sdm",
    method: HausmanMethod = "mundlak",
    random_error: RandomError = "baltagi",
    spillovers: Sequence[str] | None = None,
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    correction: Correction | None = None,
) -> SpatialHausmanTest:
    r"""Test whether fixed and random city effects estimate the same spatial model.

    A small p-value speaks for fixed effects.

    Parameters
    ----------
    panel : Panel
        Every city in every year, two years or more.
    weights : Graph or libpysal.weights.W
        W, of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
        Each must vary within cities.
    model : str
        As in :func:`fit_spatial_panel`; the same under fixed and random effects.
    method : {"mundlak", "classical"}
        ``"mundlak"`` adds the drivers' city means (and W times them, where there is a
        W x) to the random effects model and tests that they are zero; it is always
        defined. ``"classical"`` is Hausman's quadratic form.
    random_error : {"baltagi", "kapoor-kelejian-prucha"}
    spillovers : sequence of str, optional
        Drivers that get a W x; all by default, in models that have one.
    error_weights, spillover_weights : Graph or W, optional
        Of the error and of the W x; `weights` by default.
    correction : {"transform", "bias", "none"}, optional
        Of the model with fixed effects, as in :func:`fit_spatial_panel`.

    Returns
    -------
    SpatialHausmanTest

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError, EstimationError
        As :func:`fit_spatial_panel`.

    Warns
    -----
    InferenceWarning
        If the classical difference of variances is not positive definite, or a fit
        warns.

    Notes
    -----
    Mundlak [1]_: y = rho W y + X b + W X g + Xbar p + W Xbar q + u with random effects;
    Wald test of p = q = 0. Classical [2]_: d'(V_FE - V_RE)^-1 d over the slopes of
    drivers and W.x, without rho and lambda, each V from that model's own information
    with rho, lambda and the variances unknown.

    splm's ``sphtest`` is the classical form of ``correction="none"``, which makes V_FE
    smaller by (T - 1) / T and often V_FE - V_RE negative definite; it takes the
    absolute value, and with a spatial lag a V_RE that takes rho as known. Tests by
    moments (``method = "GM"``): :func:`compare_city_effects` with two fits of
    :func:`fit_spatial_iv`.

    References
    ----------
    .. [1] Debarsy, N. (2012). The Mundlak approach in the spatial Durbin panel data
       model. Spatial Economic Analysis 7, 109-131.
    .. [2] Mutl, J., and Pfaffermayr, M. (2011). The Hausman test in a Cliff and Ord
       panel model. Econometrics Journal 14, 48-76.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import spatial_hausman_test
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = spatial_hausman_test(
    ...     panel, weights, "ln_cr", ["ln_theta", "ln_gdp"], model="sar"
    ... )
    >>> found.test.degrees, list(found.comparison.columns)
    (2, ['fixed', 'random', 'difference'])
    """
    check_choice(method, ["mundlak", "classical"], name="method")
    plan = read_plan(model, "city", drivers, spillovers)
    lagged = plan.spillovers if model in WITH_SPILLOVERS else None

    def fit(
        data: Panel,
        columns: Sequence[str],
        spilled: Sequence[str] | None,
        *,
        fixed: bool,
    ) -> SpatialPanelFit:
        return fit_spatial_panel(
            data, weights, outcome, columns, model=model,
            effects="city" if fixed else "random",
            random_error="baltagi" if fixed else random_error,
            spillovers=spilled, error_weights=error_weights,
            spillover_weights=spillover_weights,
            correction=correction if fixed else None,
        )  # fmt: skip

    fixed = fit(panel, drivers, lagged, fixed=True)
    random = fit(panel, drivers, lagged, fixed=False)
    if method == "classical":
        return compare_city_effects(fixed, random)
    means = [f"{MEAN}{name}" for name in drivers]
    spilled = None
    if lagged is not None:
        spilled = [*lagged, *(f"{MEAN}{name}" for name in lagged)]
    auxiliary = fit(
        _with_means(panel, outcome, drivers), [*drivers, *means], spilled, fixed=False
    )
    added = [*means, *(f"W.{MEAN}{name}" for name in lagged or ())]
    found = wald_test(auxiliary, added)
    test = chi_squared_test(HYPOTHESIS, found.statistic, len(added))
    comparison = _comparison(fixed, random, _slopes(fixed))
    return SpatialHausmanTest(
        test, "mundlak", comparison, positive_definite=True, fixed=fixed,
        random=random, auxiliary=auxiliary,
    )  # fmt: skip


def compare_city_effects(
    fixed: Fit, random: Fit, *, labels: Sequence[str] | None = None
) -> SpatialHausmanTest:
    """Test by Hausman's quadratic form whether two fits estimate the same.

    Parameters
    ----------
    fixed, random : Fit
        Of one model with fixed and with random city effects.
    labels : sequence of str, optional
        Coefficients to compare; by default the slopes of drivers and W.x.

    Returns
    -------
    SpatialHausmanTest

    Raises
    ------
    EstimationError
        If a label is not in both fits, or there is nothing to compare.

    Warns
    -----
    InferenceWarning
        If the difference of variances is not positive definite.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_iv, load_example
    >>> from spatial_coagg import load_shapes
    >>> from spatial_coagg.models.spatial_hausman import compare_city_effects
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fixed, random = (
    ...     fit_spatial_iv(panel, weights, "ln_cr", ["ln_theta"], effects=effects)
    ...     for effects in ("city", "random")
    ... )
    >>> compare_city_effects(fixed, random, labels=["ln_theta", "rho"]).test.degrees
    2
    """
    chosen = _slopes(fixed) if labels is None else list(labels)
    for fit, words in ((fixed, "fixed"), (random, "random")):
        absent = [label for label in chosen if label not in fit.estimates.index]
        if absent:
            raise EstimationError(
                f"the fit with {words} effects has no coefficient {listed(absent)}; "
                f"fit the same model twice, or name labels="
            )
    if not chosen:
        raise EstimationError("there is no coefficient to compare; name labels=")
    comparison = _comparison(fixed, random, chosen)
    first, second = (
        fit.covariance.loc[chosen, chosen].to_numpy() for fit in (fixed, random)
    )
    # In units of the fixed effects' errors, so that the verdict ignores units.
    unit = np.sqrt(np.diag(first))
    scaled = (first - second) / np.outer(unit, unit)
    positive = bool(np.linalg.eigvalsh(scaled)[0] > 0)
    if not positive:
        warn_user(
            "the variance of the difference between fixed and random effects is not "
            "positive definite, so the classical Hausman statistic means little; use "
            "method='mundlak'",
            InferenceWarning,
        )
    ratio = comparison["difference"].to_numpy() / unit
    statistic = float(ratio @ np.linalg.pinv(scaled, hermitian=True) @ ratio)
    test = chi_squared_test(HYPOTHESIS, statistic, len(chosen))
    return SpatialHausmanTest(
        test, "classical", comparison, positive, fixed, random, auxiliary=None
    )


def _slopes(fit: Fit) -> list[str]:
    return [label for label in fit.estimates.index if label not in _APART]


def _comparison(fixed: Fit, random: Fit, labels: list[str]) -> pd.DataFrame:
    both = {
        name: fit.estimates["estimate"].loc[labels]
        for name, fit in (("fixed", fixed), ("random", random))
    }
    frame = pd.DataFrame(both)
    return frame.assign(difference=frame["fixed"] - frame["random"])


def _with_means(panel: Panel, outcome: str, drivers: Sequence[str]) -> Panel:
    """Add each driver's mean over the years."""
    check_complete(panel, [outcome, *drivers])
    frame = panel.frame[[outcome, *drivers]]
    means = frame[list(drivers)].groupby(level="city").transform("mean")
    return Panel(frame.join(means.add_prefix(MEAN)))
