"""What a reader must know of the maximum of a spatial likelihood."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_likelihood import Jacobian, is_bound
from spatial_coagg.models.spatial_rows import EXPLAINED

Found = TypeVar("Found")
# Log-likelihood below the maximum at which another maximum makes the likelihood flat.
_RIVAL = 2.0
# Score, in its standard deviations, from which a search has not converged.
_CONVERGED = 1e-3
# Share of an interval from which a standard error says nothing.
_WIDE = 0.5
DRIVER_LEFT_OUT = "a driver is left out or the cities are few"
YEARS_LEFT_OUT = "year effects or a driver are left out"


def find_maximum(search: Callable[[], Found], model: str) -> Found:
    """Run a search; refuse log-determinants that no interpolation agrees with."""
    try:
        return search()
    except ArithmeticError as error:
        raise EstimationError(
            f"the log-determinants of the {model} cannot be computed: {error}; use "
            f'other weights, or log_determinant="stochastic"'
        ) from error


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient that a search found.

    Attributes
    ----------
    name : str
        ``"rho"``, ``"lambda"`` or ``"psi"``.
    value : float
    bounds : tuple of float
        Where it was looked for.
    """

    name: str
    value: float
    bounds: tuple[float, float]


def locate(
    rho: float, error: float, of_rho: Jacobian | None, of_error: Jacobian | None
) -> list[Estimate]:
    """Return rho and lambda, those that a model has."""
    pairs = (("rho", rho, of_rho), ("lambda", error, of_error))
    return [
        Estimate(name, value, part.bounds)
        for name, value, part in pairs
        if part is not None
    ]


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where a likelihood is highest.

    Attributes
    ----------
    model : str
    estimates : sequence of Estimate
    log_likelihood : float
    unexplained : float
        Squared residuals as a share of the outcome's squares, effects swept out.
    rivals : tuple of float
        Log-likelihoods of other local maxima, highest first.
    gap : float
        The largest score, in its own standard deviations.
    left_out : str
        What often drives a coefficient to its bound.
    closeness : float
        The gap from which the search has not converged.
    """

    model: str
    estimates: Sequence[Estimate]
    log_likelihood: float
    unexplained: float
    rivals: tuple[float, ...]
    gap: float
    left_out: str
    closeness: float = _CONVERGED

    def check(self) -> None:
        """Refuse a place where the residuals vanish, which is no maximum.

        Raises
        ------
        EstimationError
        """
        if np.isfinite(self.log_likelihood) and self.unexplained > EXPLAINED**2:
            return
        places = [f"{each.name} = {each.value:.4f}" for each in self.estimates]
        raise EstimationError(
            f"the likelihood of the {self.model} has no maximum: its residuals vanish "
            f"where {' and '.join(places)}, as they do with too many drivers for so "
            f"few observations or where {self.left_out}; use fewer drivers, more years "
            f"or other effects"
        )

    def warn(self, covariance: FloatArray, labels: Sequence[str]) -> None:
        """Warn of what makes the maximum, or its standard errors, doubtful.

        Parameters
        ----------
        covariance : array of shape (P, P) or larger
            nan where the information is not positive definite.
        labels : sequence of str
            Of its first P rows.

        Warns
        -----
        InferenceWarning
            If the search did not converge, a coefficient lies at its bound or is hardly
            identified, or another maximum is nearly as high.
        """
        told = [*self._unconverged(), *self._at_bounds()]
        if np.isnan(covariance).any():
            told.append(self._flat())
        else:
            told += [*self._rivalled(), *self._wide(covariance, labels)]
        for message in told:
            warn_user(message, InferenceWarning)

    def _unconverged(self) -> list[str]:
        if self.gap <= self.closeness:
            return []
        told = f"a score is {self.gap:.2g} standard deviations from zero"
        if not np.isfinite(self.gap):
            told = "log-determinants next to it are not smooth"
        return [
            f"the search for the maximum of the {self.model}'s likelihood did not "
            f"converge: {told}, and estimates may be off by as much; use a model with "
            f"fewer terms, or drivers of similar size"
        ]

    def _at_bounds(self) -> list[str]:
        return [
            f"{each.name} = {each.value:.4f} lies at the bound of its admissible "
            f"interval ({each.bounds[0]:.4f}, {each.bounds[1]:.4f}): the model does "
            f"not fit these data, often because {self.left_out}"
            for each in self.estimates
            if is_bound(each.value, each.bounds)
        ]

    def _rivalled(self) -> list[str]:
        top = self.log_likelihood
        near = [height for height in self.rivals if top - height < _RIVAL]
        if not near:
            return []
        told = "are hardly told apart; choose a model with fewer of them"
        if len(self.estimates) == 1:
            told = "may as well lie at another; choose another model"
        return [
            f"the likelihood of the {self.model} has {len(near) + 1} maxima of nearly "
            f"the same height ({top:.3f}, {near[0]:.3f}): {self._names} {told}"
        ]

    def _flat(self) -> str:
        return (
            f"the information of the {self.model}'s estimates is not positive "
            f"definite, so that standard errors are nan: these data and weights do not "
            f"identify {self._names}; choose a model with fewer terms, or other "
            f"weights or effects"
        )

    def _wide(self, covariance: FloatArray, labels: Sequence[str]) -> list[str]:
        told = []
        for each in self.estimates:
            low, high = each.bounds
            error = float(np.sqrt(covariance[(labels.index(each.name),) * 2]))
            if error > _WIDE * (high - low):
                told.append(
                    f"{each.name} = {each.value:.4f} has a standard error of "
                    f"{error:.4g}, more than half of its admissible interval "
                    f"({low:.4f}, {high:.4f}): these data and weights hardly identify "
                    f"it; choose a model without it, or other weights or effects"
                )
        return told

    @property
    def _names(self) -> str:
        return " and ".join(each.name for each in self.estimates) or "its coefficients"
