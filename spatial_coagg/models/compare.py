"""The spatial family side by side, for one W or for several."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects, Seed
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models.marginals import (
    FAMILY,
    applying,
    check_family,
    marginals_with_matrices,
    model_probabilities,
    name_weights,
)
from spatial_coagg.models.priors import BetaPrior, Prior, check_prior
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_logdet import LogDeterminant
from spatial_coagg.models.spatial_nesting import check_comparable
from spatial_coagg.models.spatial_panel import fit_with_matrices
from spatial_coagg.models.spatial_plan import (
    PLAIN_IS_USED,
    WITH_ERROR,
    WITH_LAG,
    WITH_SPILLOVERS,
    Correction,
    Information,
    SpatialModel,
    Weights,
    count_uneven,
)
from spatial_coagg.models.spatial_random import RandomError
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel


@dataclass(frozen=True, slots=True, eq=False)
class ModelComparison:
    """Spatial fits of the same observations, side by side.

    Attributes
    ----------
    fits : mapping of str to SpatialPanelFit
        For :func:`tabulate_models`; headed by the model, the W, or both.
    frame : DataFrame
        Index: the same headings. Columns weights, model, log_likelihood, parameters
        (slopes, rho, lambda and sigma2), aic, bic, rho, lambda (nan where the model
        has none), sigma2, r2_within, log_marginal and probability (nan with random
        effects, without a prior, and of fits compared by :meth:`from_fits`).
    """

    fits: Mapping[str, SpatialPanelFit]
    frame: pd.DataFrame

    @classmethod
    def from_fits(cls, fits: Mapping[str, SpatialPanelFit]) -> "ModelComparison":
        """Compare fits that exist already.

        Parameters
        ----------
        fits : mapping of str to SpatialPanelFit

        Returns
        -------
        ModelComparison
            Without marginal likelihoods.

        Raises
        ------
        EstimationError
            If there is none, or if their log-likelihoods are not of the same cities,
            years, outcome, effects and correction.
        """
        if len(fits) == 0:
            raise EstimationError("there is no fit to compare; give at least one")
        _check_comparable(fits)
        frame = pd.DataFrame.from_dict(
            {heading: _row(fit) for heading, fit in fits.items()}, orient="index"
        )
        frame.index.name = "fit"
        return cls(dict(fits), frame)

    @property
    def lowest_aic(self) -> str:
        """Heading of the fit with the lowest AIC."""
        return str(self.frame["aic"].idxmin())

    @property
    def lowest_bic(self) -> str:
        """Heading of the fit with the lowest BIC."""
        return str(self.frame["bic"].idxmin())

    @property
    def most_probable(self) -> str | None:
        """Heading of the fit with the highest posterior probability, if there are."""
        known = self.frame["probability"].dropna()
        return None if known.empty else str(known.idxmax())

    @property
    def basis(self) -> str:
        """Why the log-likelihoods can be compared, in a sentence."""
        fit = next(iter(self.fits.values()))
        plain = fit.correction == "bias"
        rows = fit.facts["observations"] if plain else fit.rows
        text = (
            f"Log-likelihoods, AIC and BIC are of the same {rows} observations "
            f"(effects: {fit.effects}; correction: {fit.correction})"
        )
        if plain:
            return f"{text}, at the estimates before the correction of bias."
        return f"{text}."

    @property
    def summary(self) -> str:
        """Which fit is best, by each criterion, in sentences."""
        parts = [
            self.basis,
            f"The lowest AIC has {self.lowest_aic}, the lowest BIC {self.lowest_bic}.",
        ]
        best = self.most_probable
        if best is not None:
            share = float(self.frame["probability"][best])
            parts.append(
                f"The most probable is {best}, with a posterior probability of "
                f"{share:.3f}."
            )
        return " ".join(parts)

    def __str__(self) -> str:
        """Return the frame, rounded, and the summary."""
        return f"{self.frame.round(4).to_string()}\n{self.summary}"


def compare_models(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights | Mapping[str, Weights],
    outcome: str,
    drivers: Sequence[str],
    *,
    models: Sequence[SpatialModel] = FAMILY,
    effects: Effects | Literal["random"] = "city-year",
    random_error: RandomError = "baltagi",
    spillovers: Sequence[str] | None = None,
    error_weights: Weights | None = None,
    spillover_weights: Weights | None = None,
    correction: Correction | None = None,
    covariance: Information | None = None,
    prior: Prior | None = "uniform",
    log_determinant: LogDeterminant | None = None,
    rng: Seed = None,
) -> ModelComparison:
    """Fit a family of spatial models to the same data, with one W or several.

    Parameters
    ----------
    panel : Panel
        Every city in every year.
    weights : Graph or libpysal.weights.W, or mapping of str to them
        One W, or several by name.
    outcome : str
    drivers : sequence of str
    models : sequence of str
        Of :func:`fit_spatial_panel`; a single one compares its fits over several W.
    effects, random_error, spillovers, error_weights, spillover_weights, covariance
        As in :func:`fit_spatial_panel`; the same for all fits that have such a term.
    correction : {"transform", "bias", "none"}, optional
        The same for all fits, or their likelihoods could not be compared. By default
        ``"transform"`` where every W of every model allows it, else ``"none"`` with a
        warning.
    prior : "uniform", BetaPrior or None
        Of rho and lambda, for the posterior probabilities; None leaves them out, which
        saves time with models that have both rho and lambda.
    log_determinant, rng
        As in :func:`fit_spatial_panel`, for fits and probabilities alike.

    Returns
    -------
    ModelComparison
        ``frame``, ``fits`` for :func:`tabulate_models`, ``lowest_aic``,
        ``lowest_bic``, ``most_probable``, ``summary``.

    Raises
    ------
    EstimationError
        If there is no model or no W, a model is named twice, an option is about a term
        that no model has, or a fit cannot be estimated.
    MissingColumnError, UnbalancedPanelError, AlignmentError, WeightsError
        As :func:`fit_spatial_panel`.

    Warns
    -----
    InferenceWarning
        If some W does not allow the transformation, and as :func:`fit_spatial_panel`.

    Notes
    -----
    AIC and BIC count slopes, rho, lambda and sigma2; effects that were swept out are
    the same in all fits and are not counted. BIC takes the logarithm of the
    observations that the log-likelihood is of: the effective ones under
    ``"transform"``, else N T.

    Probabilities are those of all pairs of model and W, equally likely beforehand, by
    the marginal likelihoods of :func:`log_marginal_likelihoods` (LeSage 2014), which
    use all T log-determinants whatever the correction of the fits; for probabilities
    of the models given W, or of W given the model, pass these to
    :func:`model_probabilities`. They are nan with random effects.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, compare_models, load_example
    >>> from spatial_coagg import load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> found = compare_models(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found.lowest_aic, found.most_probable
    ('SDM', 'SDM')
    >>> list(found.frame.index)
    ['OLS', 'SLX', 'SAR', 'SEM', 'SDM', 'SDEM']
    """
    named = name_weights(weights)
    check_family(
        models, spillovers=spillovers, error_weights=error_weights,
        spillover_weights=spillover_weights, log_determinant=log_determinant, rng=rng,
    )  # fmt: skip
    if prior is not None:
        check_prior(prior)
    if effects == "random" and isinstance(prior, BetaPrior):
        raise EstimationError(
            "there are no marginal likelihoods with random effects, so prior= does not "
            "apply; leave it out"
        )
    matrices = WeightMatrices.of(panel, log_determinant, rng)
    for name, graph in named.items():
        matrices.read(graph, name=f"weights {name!r}")
    settled = (
        correction
        if effects == "random" or correction is not None
        else _common_correction(matrices, named, error_weights, models, effects)
    )
    fits, pairs = {}, {}
    for name, graph in named.items():
        for model in models:
            heading = _heading(name, model, weights, models)
            pairs[heading] = (name, model)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                fits[heading] = fit_with_matrices(
                    matrices, panel, graph, outcome, drivers, model=model,
                    effects=effects,
                    random_error=applying(random_error, model, models, WITH_ERROR)
                    or "baltagi",
                    spillovers=applying(spillovers, model, models, WITH_SPILLOVERS),
                    error_weights=applying(error_weights, model, models, WITH_ERROR),
                    spillover_weights=applying(
                        spillover_weights, model, models, WITH_SPILLOVERS
                    ),
                    correction=settled, covariance=covariance,
                )  # fmt: skip
            for each in caught:
                warn_user(f"{heading}: {each.message}", each.category)
    compared = ModelComparison.from_fits(fits)
    frame = compared.frame.assign(weights=[pairs[each][0] for each in fits])
    if effects != "random" and prior is not None:
        marginal = marginals_with_matrices(
            matrices, panel, named, outcome, drivers, models=models, effects=effects,
            spillovers=spillovers, error_weights=error_weights,
            spillover_weights=spillover_weights, prior=prior, correction="none",
        )  # fmt: skip
        order = list(pairs.values())
        frame["log_marginal"] = marginal.loc[order].to_numpy()
        frame["probability"] = model_probabilities(marginal).loc[order].to_numpy()
    return ModelComparison(compared.fits, frame)


def _common_correction(
    matrices: WeightMatrices,
    named: Mapping[str, Weights],
    error_weights: Weights | None,
    models: Sequence[SpatialModel],
    effects: Effects,
) -> Correction:
    """Return the correction that every W of every model allows."""
    if effects == "none":
        return "none"
    has_lag, has_error = (
        any(each in having for each in models) for having in (WITH_LAG, WITH_ERROR)
    )
    used = {}
    if has_lag or (has_error and error_weights is None):
        used = {f"weights {name!r}": graph for name, graph in named.items()}
    if has_error and error_weights is not None:
        used["error_weights"] = error_weights
    for name, graph in used.items():
        if "year" in effects and count_uneven([matrices.read(graph, name=name)]):
            warn_user(
                f"some rows of {name} do not sum to one, so year effects cannot be "
                f"transformed away: in all fits {PLAIN_IS_USED}",
                InferenceWarning,
            )
            return "none"
    return "transform"


def _heading(
    name: str,
    model: SpatialModel,
    weights: Weights | Mapping[str, Weights],
    models: Sequence[SpatialModel],
) -> str:
    if not isinstance(weights, Mapping):
        return model.upper()
    return name if len(models) == 1 else f"{model.upper()}, {name}"


def _check_comparable(fits: Mapping[str, SpatialPanelFit]) -> None:
    """Refuse fits of other data, effects or corrections, naming both."""
    (name, first), *others = fits.items()
    for heading, fit in others:
        try:
            _check_correction(first, fit)
            # Bias-corrected fits report the plain maximum: they compare as plain ones.
            check_comparable(
                *(replace(each, correction="none") for each in (first, fit))
            )
        except EstimationError as error:
            raise EstimationError(f"{name!r} and {heading!r}: {error}") from error


def _check_correction(first: SpatialPanelFit, second: SpatialPanelFit) -> None:
    if first.correction != second.correction:
        raise EstimationError(
            f"the fits differ in correction ({first.correction!r} and "
            f"{second.correction!r}), so their likelihoods cannot be compared; fit "
            f"both alike"
        )


def _row(fit: SpatialPanelFit) -> dict[str, float | int | str]:
    labels = fit.estimates.index
    aic = float(fit.facts["aic"])
    return {
        "weights": "",
        "model": fit.model,
        "log_likelihood": fit.log_likelihood,
        "parameters": round(aic / 2 + fit.log_likelihood),
        "aic": aic,
        "bic": float(fit.facts["bic"]),
        "rho": fit.rho if "rho" in labels else np.nan,
        "lambda": fit.error_lambda if "lambda" in labels else np.nan,
        "sigma2": fit.sigma2,
        "r2_within": fit.r2_within,
        "log_marginal": np.nan,
        "probability": np.nan,
    }
