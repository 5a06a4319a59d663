"""Which terms a spatial model has, and the likelihood that follows from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg._typing import Effects
from spatial_coagg.checks import check_choice, check_is_list, listed, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning, WeightsError
from spatial_coagg.models._spatial_likelihood import Jacobian, Likelihood
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.models.spatial_rows import (
    CONSTANT,
    SpatialRows,
    check_observations,
)
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.weights._logdet import Spectrum, spectrum
from spatial_coagg.weights._matrix import SparseMatrix, uneven_rows

Weights: TypeAlias = Graph | W
SpatialModel: TypeAlias = Literal[
    "ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"
]
Correction: TypeAlias = Literal["transform", "bias", "none"]
Information: TypeAlias = Literal["expected", "observed"]

WITH_LAG = ("sar", "sdm", "sac", "gns")
WITH_ERROR = ("sem", "sdem", "sac", "gns")
WITH_SPILLOVERS = ("slx", "sdm", "sdem", "gns")
TITLES = {
    "ols": "Least squares",
    "slx": "Spatial lag of X (SLX)",
    "sar": "Spatial lag (SAR)",
    "sem": "Spatial error (SEM)",
    "sdm": "Spatial Durbin (SDM)",
    "sdem": "Spatial Durbin error (SDEM)",
    "sac": "Spatial lag and error (SAC)",
    "gns": "General nesting (GNS)",
}
FIXED_EFFECTS = ("none", "city", "year", "city-year")
PLAIN_IS_USED = (
    "the plain likelihood is used, whose rho and lambda are biased downwards when "
    "there are few cities"
)


@dataclass(frozen=True, slots=True)
class SpatialPlan:
    """Which terms a model has."""

    model: SpatialModel
    effects: Effects
    spillovers: tuple[str, ...]

    @property
    def has_lag(self) -> bool:
        """Whether W y is in the equation."""
        return self.model in WITH_LAG

    @property
    def has_error(self) -> bool:
        """Whether the error has neighbours."""
        return self.model in WITH_ERROR

    @property
    def by_city(self) -> bool:
        """Whether there are city effects."""
        return "city" in self.effects

    @property
    def by_year(self) -> bool:
        """Whether there are year effects."""
        return "year" in self.effects

    @property
    def coefficients(self) -> tuple[str, ...]:
        """What is estimated beside slopes and variance."""
        return ("rho",) * self.has_lag + ("lambda",) * self.has_error

    @property
    def title(self) -> str:
        """The model in a few words."""
        effects = self.effects.replace("-", ", ")
        return f"{TITLES[self.model]}, effects: {effects}"


def read_plan(
    model: SpatialModel,
    effects: Effects,
    drivers: Sequence[str],
    spillovers: Sequence[str] | None,
) -> SpatialPlan:
    """Check the names of a model and of its terms."""
    check_choice(model, tuple(TITLES), name="model")
    check_choice(effects, FIXED_EFFECTS, name="effects")
    check_is_list(drivers, name="drivers")
    if spillovers is not None:
        check_is_list(spillovers, name="spillovers")
    if len(drivers) == 0:
        raise EstimationError("a spatial model needs at least one driver")
    if spillovers is not None and model not in WITH_SPILLOVERS:
        raise EstimationError(
            f"model {model!r} has no W x, so spillovers= does not apply; use one of "
            f"{listed(WITH_SPILLOVERS)}, or leave it out"
        )
    chosen = tuple(drivers if spillovers is None else spillovers)
    strange = [name for name in chosen if name not in drivers]
    if strange:
        raise EstimationError(
            f"spillovers {listed(strange)} are not among the drivers {listed(drivers)}"
        )
    return SpatialPlan(model, effects, chosen if model in WITH_SPILLOVERS else ())


def check_weights_apply(
    model: SpatialModel,
    *,
    error_weights: Weights | None,
    spillover_weights: Weights | None,
) -> None:
    """Refuse weights of a term that the model has not."""
    for weights, models, name, term in (
        (error_weights, WITH_ERROR, "error_weights", "spatial error"),
        (spillover_weights, WITH_SPILLOVERS, "spillover_weights", "W x"),
    ):
        if weights is not None and model not in models:
            raise EstimationError(
                f"model {model!r} has no {term}, so {name}= does not apply; use one of "
                f"{listed(models)}, or leave it out"
            )


def check_some_spill(
    spillovers: Sequence[str] | None, spillover_weights: Weights | None
) -> None:
    """Refuse weights of W x where no driver gets one."""
    if spillover_weights is not None and spillovers is not None and not spillovers:
        raise EstimationError(
            "no driver spills over with spillovers=[], so spillover_weights= does not "
            "apply; leave one of them out"
        )


def settle_correction(
    asked: Correction | None, plan: SpatialPlan, weights: SpatialWeights
) -> Correction:
    """Choose the default; refuse the transformation where it does not hold."""
    if asked is not None:
        check_choice(asked, ("transform", "bias", "none"), name="correction")
    if plan.effects == "none":
        if asked not in (None, "none"):
            raise EstimationError(
                f"without effects there are no incidental parameters, so "
                f"correction={asked!r} does not apply; leave it out"
            )
        return "none"
    if not plan.by_year or asked in ("none", "bias"):
        return asked or "transform"
    used = [weights.lag] * plan.has_lag + [weights.error] * plan.has_error
    uneven = count_uneven(used)
    if uneven == 0:
        return asked or "transform"
    told = (
        f"{uneven} rows of the weights do not sum to one (cities without neighbours "
        f"or another normalisation), so year effects cannot be transformed away"
    )
    if asked is not None:
        raise WeightsError(
            f'{told}; use correction="bias" or "none", or weights with '
            f'transform="row" and islands="nearest"'
        )
    warn_user(f"{told}: {PLAIN_IS_USED}", InferenceWarning)
    return "none"


def count_uneven(matrices: Sequence[SparseMatrix]) -> int:
    """Return how many rows do not sum to one in some of the matrices."""
    off = [uneven_rows(each) for each in matrices]
    return int(np.any(off, axis=0).sum()) if off else 0


def build_likelihood(
    rows: SpatialRows,
    plan: SpatialPlan,
    own: SparseMatrix,
    error: SparseMatrix,
    correction: Correction,
    *,
    spectrum_of: Callable[[SparseMatrix], Spectrum] = spectrum,
) -> Likelihood:
    """Form the concentrated likelihood of a plan.

    Raises
    ------
    EstimationError
        If the effects leave no more observations than coefficients.
    """
    check_observations(rows, plan.effects, beside=plan.coefficients)
    moments = build_moments(rows, plan, own, error)
    years, cities = rows.y.shape
    transformed = correction == "transform"
    effective_years = years - (transformed and plan.by_city)
    without_unit = transformed and plan.by_year
    effective = effective_years * (cities - without_unit)
    spectra = {}
    if plan.has_lag:
        spectra["lag"] = spectrum_of(own)
    if plan.has_error:
        spectra["error"] = (
            spectra["lag"] if plan.has_lag and error is own else spectrum_of(error)
        )
    jacobians = {
        name: Jacobian(found, effective_years, without_unit=without_unit)
        for name, found in spectra.items()
    }
    return Likelihood(moments, effective, jacobians.get("lag"), jacobians.get("error"))


def build_moments(
    rows: SpatialRows, plan: SpatialPlan, own: SparseMatrix, error: SparseMatrix
) -> SpatialMoments:
    """Form the cross-products of y, W y (zeros without a lag) and Z."""
    outcome = rows.y[:, :, None]
    lagged = lag(outcome, own) if plan.has_lag else np.zeros_like(outcome)
    return SpatialMoments.of(
        np.concatenate([outcome, lagged, rows.z], axis=2),
        error if plan.has_error else None,
        by_city=plan.by_city,
        by_year=plan.by_year,
        constant=CONSTANT in rows.labels,
    )
