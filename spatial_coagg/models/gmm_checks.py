"""What makes a dynamic model impossible to estimate, or doubtful once estimated."""

from collections.abc import Sequence

import numpy as np

from spatial_coagg.checks import listed, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._gmm_estimation import Course, Problem
from spatial_coagg.models._gmm_moments import InstrumentMatrix
from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.gmm_rows import CONSTANT, Rows
from spatial_coagg.models.instruments import InstrumentGroup

# A squared length below this share of the whole counts as nothing: products of doubles
# carry about sixteen digits.
_NEGLIGIBLE = 1e-12
_SIGNIFICANT = 0.05
_SUSPICIOUS = 0.99


def check_request(
    outcome: str,
    regressors: Sequence[str],
    instruments: Sequence[InstrumentGroup],
    method: GmmMethod,
) -> None:
    """Raise if what is asked for cannot make a model, whatever the data."""
    if not regressors:
        raise EstimationError("there is nothing to estimate; name a driver or a lag")
    twice = [name for name in regressors if regressors.count(name) > 1]
    if twice or outcome in regressors:
        raise EstimationError(
            f"{listed(twice or [outcome])} occurs twice among outcome, its lags and "
            f"drivers; name each once"
        )
    if not instruments:
        raise EstimationError(
            "the instrument set is empty; give at least GmmInstruments of the outcome, "
            "such as GmmInstruments(outcome, lags=(2, None))"
        )
    for group in instruments:
        if group.equation == "level" and not method.is_system:
            raise EstimationError(
                f"{group.label} serves the level equation, which difference GMM does "
                f"not have; estimate a system or leave the group out"
            )


def check_variation(rows: Rows, outcome: str, method: GmmMethod) -> None:
    """Raise if the outcome or a regressor never changes where it must, or is collinear.

    Raises
    ------
    EstimationError
        Naming the variable and the way out.
    """
    years = rows.equations.years
    if not rows.equations.y[:years].any():
        raise EstimationError(
            f"the outcome {outcome!r} never changes within a city; nothing is left to "
            f"explain: choose another outcome"
        )
    x = rows.equations.x.reshape(-1, len(rows.labels))
    products = x.T @ x
    for label, square in zip(rows.labels, np.diag(products), strict=True):
        if square == 0.0:
            raise EstimationError(
                f"{label} does not vary within a city in the rows that are estimated, "
                f"so {method.title} cannot tell its effect from the city's own; leave "
                f"it out or estimate a system"
            )
    _check_collinearity(rows.labels, products)


def check_instruments(
    instruments: InstrumentMatrix, labels: Sequence[str], groups: Sequence[str]
) -> None:
    """Raise if a group has no instrument, or there are fewer than coefficients."""
    for number, group in enumerate(groups):
        if not (instruments.group == number).any():
            raise EstimationError(
                f"the instruments {group} are empty: no estimated row has a value that "
                f"far back; use shorter lags or leave the group out"
            )
    if instruments.count < len(labels):
        raise EstimationError(
            f"{instruments.count} instruments cannot identify {len(labels)} "
            f"coefficients ({listed(labels)}); add instruments or drop drivers"
        )


def check_identified(problem: Problem, labels: Sequence[str]) -> None:
    """Raise if the instruments do not move with every regressor."""
    # Each instrument and each regressor in its own unit of length.
    rows = np.sqrt(np.diag(problem.spherical))
    columns = np.sqrt(np.square(problem.equations.x).sum(axis=(0, 1)))
    rank = int(np.linalg.matrix_rank(problem.zx / rows[:, None] / columns))
    if rank < len(labels):
        raise EstimationError(
            f"the instruments identify {rank} of the {len(labels)} coefficients "
            f"({listed(labels)}): Z'X has deficient rank; add instruments that move "
            f"with each driver, or drop drivers"
        )


def warn_of_doubts(fit: DynamicGmmFit, course: Course) -> None:
    """Warn of what the estimate itself shows to be doubtful."""
    for message in _doubts(fit, course):
        warn_user(message, InferenceWarning)


def _check_collinearity(labels: Sequence[str], products: np.ndarray) -> None:
    scale = 1 / np.sqrt(np.diag(products))
    scaled = products * scale * scale[:, None]
    # The constant goes first, so that a driver is blamed and not the constant.
    order = sorted(range(len(labels)), key=lambda k: labels[k] != CONSTANT)
    kept: list[int] = []
    for column in order:
        among = scaled[np.ix_(kept, kept)]
        shares = np.linalg.solve(among, scaled[kept, column])
        if 1 - scaled[kept, column] @ shares < _NEGLIGIBLE:
            partners = [
                labels[other]
                for other, share in zip(kept, shares, strict=True)
                if abs(share) > np.sqrt(_NEGLIGIBLE)
            ]
            raise EstimationError(
                f"{labels[column]} is collinear with {listed(partners)} in the rows "
                f"that are estimated; leave one of them out"
            )
        kept.append(column)


def _doubts(fit: DynamicGmmFit, course: Course) -> list[str]:
    doubts = []
    if fit.instruments >= fit.cities:
        doubts.append(
            f"{fit.instruments} instruments for {fit.cities} cities: the two-step "
            f"weights and Hansen's test are unreliable; collapse or limit the lags"
        )
    if fit.hansen.p_value > _SUSPICIOUS:
        doubts.append(
            f"Hansen's p-value of {fit.hansen.p_value:.3f} is a symptom of too many "
            f"instruments ({fit.instruments}), not of good ones; collapse them"
        )
    if len(fit.ar_tests) and fit.ar_tests["p_value"].iloc[0] > _SIGNIFICANT:
        doubts.append(
            f"AR(1) is not rejected (p = {fit.ar_tests['p_value'].iloc[0]:.3f}), "
            f"although differencing alone should produce it; check the dynamics"
        )
    if fit.lag_bounds is not None and not fit.lag_bounds.is_inside:
        bounds = fit.lag_bounds
        doubts.append(
            f"the coefficient of previous.{fit.outcome} ({bounds.estimate:.4f}) lies "
            f"outside the interval from the within ({bounds.within:.4f}) to the pooled "
            f"estimate ({bounds.pooled:.4f}); check the instruments"
        )
    if fit.weighting_inverse != "inverse":
        doubts.append(
            f"the covariance of the {fit.instruments} moments is singular (rank "
            f"{course.efficient.weight.rank}); its Moore-Penrose inverse was used and "
            f"differences in Hansen's test may be negative"
        )
    if not course.converged:
        doubts.append(
            f"the coefficients still change after {course.steps} steps; use two steps "
            f"or raise most_steps"
        )
    return doubts
