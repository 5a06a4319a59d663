"""Which spatial model is a special case of which, and of what fits that holds."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spatial_coagg.checks import listed
from spatial_coagg.errors import EstimationError
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_plan import (
    WITH_ERROR,
    WITH_LAG,
    WITH_SPILLOVERS,
    count_uneven,
)
from spatial_coagg.weights._matrix import SparseMatrix

_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Terms:
    """Which of W y, spatial error and W x a model has."""

    lag: bool
    error: bool
    spillovers: bool

    @classmethod
    def of(cls, model: str) -> "Terms":
        """Read them off the name of a model."""
        return cls(model in WITH_LAG, model in WITH_ERROR, model in WITH_SPILLOVERS)

    def inside(self, other: "Terms") -> bool:
        """Whether every term is one of the other's."""
        pairs = (
            (self.lag, other.lag),
            (self.error, other.error),
            (self.spillovers, other.spillovers),
        )
        return all(theirs or not own for own, theirs in pairs)


def is_common_factor(restricted: str, unrestricted: str) -> bool:
    """Say whether it takes g + rho b = 0 to make one model the other."""
    return restricted == "sem" and unrestricted == "sdm"


def check_comparable(first: SpatialPanelFit, second: SpatialPanelFit) -> None:
    """Refuse fits of other data, or whose likelihoods mean something else."""
    for name in ("outcome", "effects", "correction", "rows"):
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            raise EstimationError(
                f"the fits differ in {name} ({one!r} and {other!r}), so their "
                f"likelihoods cannot be compared; fit both alike"
            )
    for name in ("cities", "years"):
        if not getattr(first, name).equals(getattr(second, name)):
            raise EstimationError(
                f"the fits are of other {name}, so their likelihoods cannot be "
                f"compared; fit both to the same panel"
            )
    if first.correction == "bias":
        raise EstimationError(
            "bias-corrected estimates are not at the maximum of their likelihood; use "
            'correction="transform", or wald_test'
        )
    one, other = (each.fitted + each.residuals for each in (first, second))
    if not np.allclose(one, other, rtol=_SAME, atol=_SAME * float(one.abs().max())):
        raise EstimationError(
            f"the fits have other values of {first.outcome!r}; fit both to the same "
            f"panel"
        )


def check_nested(small: SpatialPanelFit, large: SpatialPanelFit) -> None:
    """Refuse a fit that is no special case of the other."""
    if is_common_factor(small.model, large.model):
        check_common_factor(large)
        _check_equal(small.weights.error, large.weights.lag, "the error and the lag")
        _check_labels(small.drivers, large.drivers, small, large)
        if small.effects == "random" and "Kapoor" not in small.title:
            raise EstimationError(
                "with random effects outside the spatial error the sdm contains no "
                'sem; fit the sem with random_error="kapoor-kelejian-prucha"'
            )
    else:
        _check_inside(small, large)


def check_common_factor(fit: SpatialPanelFit) -> None:
    """Refuse an SDM that contains no SEM."""
    absent = [name for name in fit.drivers if name not in fit.spillovers]
    if absent:
        raise EstimationError(
            f"the sdm contains a sem only if every driver has its W x; it lacks those "
            f"of {listed(absent)}"
        )
    _check_equal(fit.weights.lag, fit.weights.spillover, "the lag and the W x")
    if fit.effects != "city" and count_uneven([fit.weights.lag]):
        raise EstimationError(
            f"rows of the weights do not sum to one, so that with "
            f"{fit.effects} effects the sdm contains no sem (W times a constant is not "
            f"constant); use row-standardised weights or city effects"
        )


def _check_inside(small: SpatialPanelFit, large: SpatialPanelFit) -> None:
    """Refuse a fit that is no special case of the other."""
    _check_labels(small.estimates.index, large.estimates.index, small, large)
    for name, words in (
        ("lag", "the lag"), ("error", "the error"), ("spillover", "the W x"),
    ):  # fmt: skip
        has = {"lag": "rho", "error": "lambda"}.get(name)
        used = has in small.estimates.index if has else bool(small.spillovers)
        if used:
            ours, theirs = (getattr(each.weights, name) for each in (small, large))
            _check_equal(ours, theirs, f"{words} of the two fits")
    forms = [fit.title.partition("error of ")[2] for fit in (small, large)]
    if "lambda" in small.estimates.index and forms[0] != forms[1]:
        raise EstimationError(
            f"the random effects enter the errors differently ({forms[0]!r} and "
            f"{forms[1]!r}); fit both with the same random_error"
        )


def _check_equal(first: SparseMatrix, second: SparseMatrix, words: str) -> None:
    if np.abs((first - second).data).max(initial=0.0) > _SAME:
        raise EstimationError(
            f"the weights of {words} differ, so that one model does not contain the "
            f"other; use the same weights"
        )


def _check_labels(
    labels: Iterable[str], known: Iterable[str], *fits: SpatialPanelFit
) -> None:
    """Refuse a coefficient of the smaller model that the larger lacks."""
    extra = [label for label in labels if label not in set(known)]
    if extra:
        raise EstimationError(
            f"the {fits[1].model} does not contain the {fits[0].model}: it lacks "
            f"{listed(extra)}; give the smaller model first, or compare them by their "
            f"information criteria"
        )
