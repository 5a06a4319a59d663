"""Bayesian model choice: marginal likelihoods of the spatial family, probabilities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects, Seed
from spatial_coagg.checks import check_choice, check_is_list, listed
from spatial_coagg.errors import AlignmentError, EstimationError, SpatialCoaggError
from spatial_coagg.models._spatial_likelihood import Jacobian
from spatial_coagg.models._spatial_marginal import Coefficient, log_marginal
from spatial_coagg.models.priors import Prior, check_prior, with_prior
from spatial_coagg.models.spatial_logdet import (
    LogDeterminant,
    check_log_determinant,
)
from spatial_coagg.models.spatial_plan import (
    TITLES,
    WITH_ERROR,
    WITH_LAG,
    WITH_SPILLOVERS,
    SpatialModel,
    SpatialPlan,
    Weights,
    build_moments,
    check_some_spill,
    check_weights_apply,
    read_plan,
    settle_correction,
)
from spatial_coagg.models.spatial_rows import (
    SpatialRows,
    check_columns,
    check_observations,
    observations_left,
)
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._matrix import SparseMatrix

FAMILY: tuple[SpatialModel, ...] = ("ols", "slx", "sar", "sem", "sdm", "sdem")
ONE_WEIGHTS = "W"
Given: TypeAlias = Literal["weights", "model"]
Option = TypeVar("Option")


def log_marginal_likelihoods(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights | Mapping[str, Weights],
    outcome: str,
    drivers: Sequence[str],
    *,
    models: Sequence[SpatialModel] = FAMILY,
    effects: Effects = "city-year",
    spillovers: Sequence[str] | None = None,
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    prior: Prior = "uniform",
    correction: Literal["transform", "none"] = "none",
    log_determinant: LogDeterminant | None = None,
    rng: Seed = None,
) -> pd.Series:
    r"""Integrate every coefficient out of the likelihood of each model and W.

    Parameters
    ----------
    panel : Panel
        Every city in every year.
    weights : Graph or libpysal.weights.W, or mapping of str to them
        One W, or several by name.
    outcome : str
    drivers : sequence of str
    models : sequence of str
        Of :func:`fit_spatial_panel`.
    effects : {"none", "city", "year", "city-year"}
    spillovers : sequence of str, optional
        Drivers that get a W x, in models that have one; all by default.
    error_weights, spillover_weights : Graph or W, optional
        Of the error and of the W x, in models that have one, whatever their W;
        `weights` by default.
    prior : "uniform" or BetaPrior
        Of rho and of lambda: uniform over the admissible interval, or a beta density.
    correction : {"none", "transform"}
        ``"none"``: LeSage's, all T log-determinants of I - rho W. ``"transform"``:
        those of the data after Lee and Yu's transformation: T - 1 of them with city
        effects, without the eigenvalue 1 with year effects.
    log_determinant, rng
        As in :func:`fit_spatial_panel`. An error of the stochastic ln|I - rho W| counts
        T times in ln m; fits tell its size (``log_determinant_error_rho``).

    Returns
    -------
    Series
        ln m, index (weights, model); one W is called ``"W"``.

    Raises
    ------
    MissingColumnError, UnbalancedPanelError, AlignmentError
        If a column is missing, a city lacks a year, or weights are about other cities.
    WeightsError
        If a row of W does not sum to one where ``"transform"`` needs it.
    EstimationError
        If a coefficient is not identified, the outcome does not vary or is explained
        exactly, there are too few observations, rho has no bound for a uniform density,
        the integral cannot be computed, a model is named twice, or an option is about a
        term that no model has.

    Notes
    -----
    .. math:: \ln m = \ln \int p(\rho) \, \Gamma(d/2) (2 \pi)^{-d/2} |X'X|^{-1/2}
              |I - \rho W|^T (e'e)^{-d/2} \, d\rho

    with e'e of the regression of y - rho W y on X, effects swept out, and d the
    observations N T less effects (N, T, or N + T - 1) less slopes. With a spatial error
    y and X are filtered by I - lambda W, so |X'X| depends on lambda and stays inside
    the integral. Models with rho and lambda take a double integral. Integrals are
    adaptive and in logarithms, so
    nothing overflows (LeSage 2014, Spatial Econometric Panel Data Model Specification:
    A Bayesian Approach, Spatial Statistics 9, 122-145).

    Slopes have flat priors, whose height is a convention: the numbers of two models
    with as many slopes (SAR and SEM; SLX, SDM and SDEM; or one model with two W) can
    be compared whatever the units, others assume drivers in comparable units, such as
    logarithms.

    SDPDmod's ``blmpSDPD`` adds an integral where its logarithm belongs, which raises
    every model with rho or lambda by 2 to 4. With year effects it also lags swept
    columns, where ours sweeps lagged ones.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, load_example, load_shapes
    >>> from spatial_coagg import log_marginal_likelihoods, model_probabilities
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = log_marginal_likelihoods(panel, weights, "ln_cr", ["ln_theta"])
    >>> model_probabilities(found).idxmax()
    ('W', 'sdm')
    """
    check_family(
        models, spillovers=spillovers, error_weights=error_weights,
        spillover_weights=spillover_weights, log_determinant=log_determinant, rng=rng,
    )  # fmt: skip
    check_prior(prior)
    return marginals_with_matrices(
        WeightMatrices.of(panel, log_determinant, rng), panel, weights, outcome,
        drivers, models=models, effects=effects, spillovers=spillovers,
        error_weights=error_weights, spillover_weights=spillover_weights,
        prior=prior, correction=correction,
    )  # fmt: skip


def marginals_with_matrices(  # noqa: PLR0913 (a model's options, all by name)
    matrices: WeightMatrices,
    panel: Panel,
    weights: Weights | Mapping[str, Weights],
    outcome: str,
    drivers: Sequence[str],
    *,
    models: Sequence[SpatialModel],
    effects: Effects,
    spillovers: Sequence[str] | None,
    error_weights: Weights | None,
    spillover_weights: Weights | None,
    prior: Prior,
    correction: Literal["transform", "none"],
) -> pd.Series:
    """Integrate as :func:`log_marginal_likelihoods`, with matrices that fits share."""
    check_choice(correction, ("none", "transform"), name="correction")
    found: dict[tuple[str, str], float] = {}
    for name, graph in name_weights(weights).items():
        used = matrices.terms(
            graph, error_weights=error_weights, spillover_weights=spillover_weights,
            name=f"weights {name!r}",
        )  # fmt: skip
        for model in models:
            asked = applying(spillovers, model, models, WITH_SPILLOVERS)
            plan = read_plan(model, effects, drivers, asked)
            data = _MarginalData(panel, outcome, tuple(drivers), plan, matrices, used)
            found[name, model] = data.log_marginal(prior, correction)
    series = pd.Series(found, name="log_marginal")
    series.index = pd.MultiIndex.from_tuples(found, names=["weights", "model"])
    return series


def model_probabilities(
    log_marginals: pd.Series,
    *,
    given: Given | None = None,
    prior: pd.Series | None = None,
) -> pd.Series:
    """Turn log marginal likelihoods into posterior probabilities.

    Parameters
    ----------
    log_marginals : Series
        Index (weights, model), of :func:`log_marginal_likelihoods`.
    given : {"weights", "model"}, optional
        ``"weights"``: probabilities of the models given each W; ``"model"``: of the
        W given each model; by default of all pairs together. Least squares does not
        depend on W, so among all pairs it counts once for each W.
    prior : Series, optional
        Prior weights of the pairs, same index, not negative; equal by default.

    Returns
    -------
    Series
        Same index; the probabilities of a group sum to one.

    Raises
    ------
    AlignmentError
        If `prior` has another index.
    SpatialCoaggError
        If a prior weight is negative or all of a group are zero.

    Notes
    -----
    p = prior x m / sum(prior x m), from differences of ln m to the largest.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from spatial_coagg import model_probabilities
    >>> index = pd.MultiIndex.from_product(
    ...     [["queen"], ["sar", "sdm"]], names=["weights", "model"]
    ... )
    >>> found = pd.Series([np.log(1.0), np.log(3.0)], index=index)
    >>> [round(float(each), 2) for each in model_probabilities(found)]
    [0.25, 0.75]
    """
    if given is not None:
        check_choice(given, ("weights", "model"), name="given")
    shares = pd.Series(1.0, index=log_marginals.index) if prior is None else prior
    apart = shares.index.symmetric_difference(log_marginals.index)
    if len(apart) > 0:
        raise AlignmentError(
            f"prior must have the index of the marginal likelihoods; {len(apart)} "
            f"pairs differ, such as {apart[0]!r}"
        )
    aligned = shares.reindex(log_marginals.index).to_numpy(dtype=np.float64)
    if not (aligned >= 0).all():
        raise SpatialCoaggError(
            f"prior weights must not be negative, got {aligned.min()}"
        )
    with np.errstate(divide="ignore"):
        logs = np.log(aligned)
    heights = pd.Series(log_marginals + logs)
    groups = (
        pd.Index([0] * len(heights))
        if given is None
        else heights.index.get_level_values(given)
    )
    tops = heights.groupby(groups).transform("max")
    if np.isneginf(tops.to_numpy()).any():
        raise SpatialCoaggError(
            "every prior weight of a group is zero; give one of its pairs some weight"
        )
    raised = pd.Series(np.exp(heights - tops), name="probability")
    return pd.Series(raised / raised.groupby(groups).transform("sum"))


def name_weights(weights: Weights | Mapping[str, Weights]) -> dict[str, Weights]:
    """Return the weights by name; a single W is called ``"W"``."""
    if not isinstance(weights, Mapping):
        return {ONE_WEIGHTS: weights}
    if len(weights) == 0:
        raise EstimationError("there are no weights to compare; give at least one")
    return dict(weights)


def applying(
    asked: Option | None,
    model: SpatialModel,
    models: Sequence[SpatialModel],
    having: Sequence[str],
) -> Option | None:
    """Return an option of one model; None if only others have what it is about."""
    some = any(each in having for each in models)
    return None if some and model not in having else asked


def check_family(
    models: Sequence[SpatialModel],
    *,
    spillovers: Sequence[str] | None,
    error_weights: Weights | None,
    spillover_weights: Weights | None,
    log_determinant: LogDeterminant | None,
    rng: Seed,
) -> None:
    """Refuse no models, one named twice, and options that apply to none of them."""
    check_is_list(models, name="models")
    if len(models) == 0:
        raise EstimationError("there is no model to compare; name at least one")
    for model in models:
        check_choice(model, tuple(TITLES), name="model")
    twice = [name for name in dict.fromkeys(models) if models.count(name) > 1]
    if twice:
        raise EstimationError(f"{listed(twice)} occurs twice in models; name each once")
    check_weights_apply(
        models[0],
        error_weights=applying(error_weights, models[0], models, WITH_ERROR),
        spillover_weights=applying(
            spillover_weights, models[0], models, WITH_SPILLOVERS
        ),
    )
    check_some_spill(spillovers, spillover_weights)
    has_one = any(each in (*WITH_LAG, *WITH_ERROR) for each in models)
    check_log_determinant(models[0], log_determinant, rng, has_one=has_one)


@dataclass(frozen=True, slots=True, eq=False)
class _MarginalData:
    """One model with its weights, before its coefficients are integrated out."""

    panel: Panel
    outcome: str
    drivers: tuple[str, ...]
    plan: SpatialPlan
    matrices: WeightMatrices
    used: SpatialWeights

    def log_marginal(
        self, prior: Prior, correction: Literal["transform", "none"]
    ) -> float:
        """Return ln m of the model."""
        plan, used, rows = self.plan, self.used, self._rows()
        settle_correction(correction, plan, used)
        check_observations(rows, plan.effects, beside=plan.coefficients)
        moments = build_moments(rows, plan, used.lag, used.error)
        check_columns(
            moments.swept(0.0), rows, self.outcome, plan.effects, has_lag=plan.has_lag
        )
        rho, error = (
            self._coefficient(matrix, prior, correction) if there else None
            for matrix, there in (
                (used.lag, plan.has_lag),
                (used.error, plan.has_error),
            )
        )
        years, cities = rows.y.shape
        freedom = observations_left(years, cities, plan.effects) - len(rows.labels)
        found = log_marginal(moments, freedom, rho, error)
        if math.isnan(found):
            raise EstimationError(
                f"the marginal likelihood of the {plan.model} cannot be computed: the "
                f"integral over rho or lambda does not settle; use other drivers or "
                f"another prior"
            )
        return found

    def _coefficient(
        self, matrix: SparseMatrix, prior: Prior, correction: str
    ) -> Coefficient:
        """Return rho or lambda with its prior, the same in every model that has one."""
        transformed = correction == "transform"
        jacobian = Jacobian(
            self.matrices.spectrum(matrix),
            len(self.panel.years) - (transformed and self.plan.by_city),
            without_unit=transformed and self.plan.by_year,
        )
        return with_prior(jacobian, prior)

    def _rows(self) -> SpatialRows:
        return SpatialRows.of(
            self.panel,
            self.outcome,
            self.drivers,
            spillovers=self.plan.spillovers,
            spillover_weights=self.used.spillover,
            constant=self.plan.effects == "none",
        )
