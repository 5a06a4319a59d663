"""Which covariance a spatial panel model's estimates get."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    SpatialCoaggError,
)
from spatial_coagg.models._score_sums import (
    sandwich,
    sum_over_space,
    sum_over_years,
    sum_within_cities,
    sum_within_rows,
)
from spatial_coagg.models._spatial_information import (
    expected_information,
    inverse_of,
    observed_information,
)
from spatial_coagg.models._spatial_likelihood import Likelihood, Solution
from spatial_coagg.models._spatial_moments import uncentred_covariance
from spatial_coagg.models._spatial_quasi import quasi_covariance
from spatial_coagg.models.covariances import (
    CovarianceRule,
    DriscollKraay,
    covariance_rule,
)
from spatial_coagg.models.spatial_hac import Conley
from spatial_coagg.models.spatial_plan import Correction, Information, SpatialPlan
from spatial_coagg.models.spatial_rows import CONSTANT, SpatialRows
from spatial_coagg.models.static_rows import StaticRows
from spatial_coagg.weights._logdet import DENSE_LIMIT
from spatial_coagg.weights._matrix import SparseMatrix

NamedSpatialCovariance: TypeAlias = Literal[
    "expected", "observed", "robust", "clustered"
]
SpatialCovariance: TypeAlias = NamedSpatialCovariance | DriscollKraay | Conley
_NAMES = ("expected", "observed", "robust", "clustered")
_ROUNDING = 1e-12
# Cities up to which as many solutions with the factors of I - rho W are computed.
SOLVED_LIMIT = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class EstimateCovariance:
    """A covariance and what it is called.

    Attributes
    ----------
    matrix : array of shape (P, P)
        Of slopes, rho, lambda (those there are) and sigma2.
    name : str
    degrees_of_freedom : int or None
        Of Student's t; None for the normal distribution.
    """

    matrix: FloatArray
    name: str
    degrees_of_freedom: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """What a covariance is computed from.

    Attributes
    ----------
    rows : SpatialRows
    plan : SpatialPlan
    likelihood : Likelihood
        After a correction that of the corrected estimates.
    found : Solution
    lag, error : sparse array of shape (N, N)
        The weights of W y and of the error.
    correction : {"transform", "bias", "none"}
    """

    rows: SpatialRows
    plan: SpatialPlan
    likelihood: Likelihood
    found: Solution
    lag: SparseMatrix
    error: SparseMatrix
    correction: Correction


def settle_covariance(
    asked: SpatialCovariance | None,
    plan: SpatialPlan,
    correction: Correction,
    cities: int,
) -> SpatialCovariance:
    """Choose the default; refuse what does not fit the model.

    Raises
    ------
    SpatialCoaggError
        If there is no such covariance.
    EstimationError
        If it does not hold for the model, its correction or so many cities.
    """
    spatial = bool(plan.coefficients)
    many = cities > DENSE_LIMIT
    has_observed = correction != "bias"
    chosen = asked or ("observed" if many and has_observed else "expected")
    _check_exists(chosen)
    if spatial and not has_observed and cities > SOLVED_LIMIT:
        raise EstimationError(
            f"the bias correction and its standard errors take a solution for each "
            f'city, too slow for {cities} cities; use correction="transform" (or '
            f'"none"), whose observed information takes none'
        )
    if spatial and chosen not in ("expected", "observed", "robust"):
        raise EstimationError(
            f"covariance {_called(chosen)} is for models without rho and lambda (ols, "
            f"slx), whose score is a sum over cities; for model {plan.model!r} use "
            f'covariance="robust", or fit_spatial_iv with covariance="robust" or '
            f'"clustered"'
        )
    if chosen == "observed" and not has_observed:
        raise EstimationError(
            "the bias-corrected estimates are not at a maximum: they have no observed "
            'information; use covariance="expected" or correction="transform"'
        )
    if spatial and chosen != "observed" and cities > SOLVED_LIMIT:
        what = "expected information" if chosen == "expected" else "sandwich"
        raise EstimationError(
            f"the {what} takes a solution for each city, too slow for {cities} cities; "
            f'use covariance="observed"'
        )
    return chosen


def information_only(asked: SpatialCovariance | None) -> Information | None:
    """Return an information matrix's name, which random effects are limited to.

    Raises
    ------
    EstimationError
        If it is another covariance.
    """
    if asked is None or asked == "expected" or asked == "observed":  # noqa: PLR1714
        return asked
    _check_exists(asked)
    raise EstimationError(
        f"covariance {_called(asked)} is not offered with random effects; use "
        f'"expected" or "observed", city effects, or fit_spatial_iv('
        f'effects="random", covariance="robust")'
    )


def compute_covariance(
    chosen: SpatialCovariance, estimated: Estimated
) -> EstimateCovariance:
    """Return the covariance of the estimates, and what it is called.

    nan throughout where the information is not positive definite.
    """
    found = _computed(chosen, estimated)
    if CONSTANT not in estimated.rows.labels:
        return found
    matrix = uncentred_covariance(
        found.matrix,
        estimated.likelihood.moments.means,
        has_lag=estimated.plan.has_lag,
    )
    return replace(found, matrix=matrix)


def _computed(chosen: SpatialCovariance, estimated: Estimated) -> EstimateCovariance:
    """Return the covariance with the constant of centred columns."""
    likelihood, found = estimated.likelihood, estimated.found
    if chosen == "expected":
        information = expected_information(
            likelihood,
            found,
            estimated.lag,
            estimated.error,
            projected=estimated.correction != "bias",
        )
        return EstimateCovariance(inverse_of(information), "expected information")
    if chosen == "observed":
        information = observed_information(likelihood, found)
        return EstimateCovariance(inverse_of(information), "observed information")
    quasi = quasi_covariance(
        likelihood,
        found,
        estimated.lag,
        estimated.error,
        by_city=estimated.plan.by_city,
        plain=estimated.correction == "none",
    )
    if estimated.plan.coefficients:
        return EstimateCovariance(quasi, "quasi-maximum likelihood (robust)")
    return _linear_covariance(chosen, estimated, float(quasi[-1, -1]))


def _linear_covariance(
    chosen: SpatialCovariance, estimated: Estimated, of_sigma2: float
) -> EstimateCovariance:
    """Return a sandwich of the slopes; sigma2 keeps its quasi-likelihood variance."""
    rule = _rule(chosen, estimated)
    swept = estimated.likelihood.moments.swept(0.0)
    x = swept[:, :, 2:]
    noise = swept[:, :, 0] - x @ estimated.found.slopes
    middle = _middle(chosen, x * noise[:, :, None], estimated.rows)
    slopes = rule.factor * sandwich(x, middle)
    name = rule.name
    if isinstance(chosen, Conley):
        name, slopes = chosen.title, _repaired(slopes, x, chosen)
    size = len(slopes)
    matrix = np.zeros((size + 1, size + 1))
    matrix[:size, :size] = slopes
    matrix[-1, -1] = of_sigma2
    return EstimateCovariance(matrix, name, rule.degrees_of_freedom)


def _rule(chosen: SpatialCovariance, estimated: Estimated) -> CovarianceRule:
    """Return name, factor and degrees of freedom, those of fit_fixed_effects."""
    rows = estimated.rows
    index = pd.MultiIndex.from_product(
        [rows.cities, rows.years], names=["city", "year"]
    )
    own = StaticRows("outcome", (), pd.DataFrame(index=index), 0)
    slopes = len(rows.labels) - (CONSTANT in rows.labels)
    effects = estimated.plan.effects
    if isinstance(chosen, DriscollKraay) or chosen == "clustered":
        return covariance_rule(chosen, own, effects, slopes=slopes)
    return covariance_rule("robust", own, effects, slopes=slopes)


def _middle(
    chosen: SpatialCovariance, scores: FloatArray, rows: SpatialRows
) -> FloatArray:
    if isinstance(chosen, DriscollKraay):
        return sum_over_years(scores, chosen.lags(len(rows.years)))
    if isinstance(chosen, Conley):
        years = rows.years.to_numpy(dtype=np.int64)
        shares = chosen.shares_of(rows.cities)
        return sum_over_space(scores, shares, years, chosen.lags)
    return (
        sum_within_cities(scores) if chosen == "clustered" else sum_within_rows(scores)
    )


def _repaired(slopes: FloatArray, x: FloatArray, chosen: Conley) -> FloatArray:
    """Set negative eigenvalues to zero, in units of the classical standard errors."""
    flat = x.reshape(-1, x.shape[2])
    scale = np.sqrt(np.diag(np.linalg.inv(flat.T @ flat)))
    units = np.outer(scale, scale)
    roots, axes = np.linalg.eigh(slopes / units)
    if roots[0] >= -_ROUNDING * roots[-1]:
        return slopes
    if roots[-1] <= 0:
        raise EstimationError(
            f"the covariance {chosen.title!r} leaves no positive variance, as sums "
            f"over near pairs can; use kernel='bartlett', another cutoff_km or fewer "
            f"lags"
        )
    warn_user(
        f"the covariance {chosen.title!r} is not positive definite; its negative "
        f"eigenvalues were set to zero, so use kernel='bartlett' or another cutoff_km",
        InferenceWarning,
    )
    return np.asarray(units * ((axes * np.maximum(roots, 0)) @ axes.T))


def _check_exists(chosen: SpatialCovariance) -> None:
    if isinstance(chosen, DriscollKraay | Conley) or chosen in _NAMES:
        return
    allowed = ", ".join(repr(name) for name in _NAMES)
    raise SpatialCoaggError(
        f"covariance must be one of {allowed}, DriscollKraay(...) or Conley.from_...; "
        f"got {chosen!r}"
    )


def _called(chosen: SpatialCovariance) -> str:
    return chosen if isinstance(chosen, str) else type(chosen).__name__
