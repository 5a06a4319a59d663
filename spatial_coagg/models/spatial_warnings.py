"""What a reader must know of the maximum of a spatial likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_likelihood import AT_BOUND

# Log-likelihood below the maximum at which another maximum makes the likelihood flat.
_RIVAL = 2.0
# Score, in its standard deviations, from which a search has not converged.
_CONVERGED = 1e-3
# Share of an interval from which a standard error says nothing.
_WIDE = 0.5
YEARS_LEFT_OUT = "year effects or a driver are left out"


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

    @property
    def width(self) -> float:
        """Length of that interval."""
        return self.bounds[1] - self.bounds[0]

    @property
    def is_bound(self) -> bool:
        """Whether it lies at an end."""
        low, high = self.bounds
        return min(self.value - low, high - self.value) < AT_BOUND * self.width


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where a likelihood is highest.

    Attributes
    ----------
    model : str
    estimates : sequence of Estimate
    log_likelihood : float
    rivals : tuple of float
        Log-likelihoods of other local maxima, highest first.
    gap : float
        The largest score, in its own standard deviations.
    left_out : str
        What often drives a coefficient to its bound.
    """

    model: str
    estimates: Sequence[Estimate]
    log_likelihood: float
    rivals: tuple[float, ...]
    gap: float
    left_out: str

    def check(self) -> None:
        """Refuse what is no maximum at all; warn of what makes one doubtful.

        Raises
        ------
        EstimationError
            If the likelihood is not a number there.

        Warns
        -----
        InferenceWarning
            If the search did not converge, a coefficient lies at its bound, or another
            maximum is nearly as high.
        """
        if not np.isfinite(self.log_likelihood):
            raise EstimationError(
                f"the likelihood of the {self.model} has no maximum that can be used: "
                f"its residuals vanish or its log-determinants cannot be computed; use "
                f"a model with fewer terms, or other weights"
            )
        if not self.gap <= _CONVERGED:
            told = f"a score is {self.gap:.2g} standard deviations from zero"
            if not np.isfinite(self.gap):
                told = "log-determinants next to it are not smooth"
            warn_user(
                f"the search for the maximum of the {self.model}'s likelihood did not "
                f"converge: {told}, and estimates may be off by as much; use a model "
                f"with fewer terms, or drivers of similar size",
                InferenceWarning,
            )
        self._warn_of_bounds()
        self._warn_of_rivals()

    def _warn_of_bounds(self) -> None:
        for each in self.estimates:
            if each.is_bound:
                low, high = each.bounds
                warn_user(
                    f"{each.name} = {each.value:.4f} lies at the bound of its "
                    f"admissible interval ({low:.4f}, {high:.4f}): the model does not "
                    f"fit these data, often because {self.left_out}",
                    InferenceWarning,
                )

    def _warn_of_rivals(self) -> None:
        top = self.log_likelihood
        near = [height for height in self.rivals if top - height < _RIVAL]
        if not near:
            return
        names = [each.name for each in self.estimates]
        told = f"{' and '.join(names)} are hardly told apart; choose a model with fewer"
        if len(names) == 1:
            told = f"{names[0]} may as well lie at another; choose another model"
        warn_user(
            f"the likelihood of the {self.model} has {len(near) + 1} maxima of nearly "
            f"the same height ({top:.3f}, {near[0]:.3f}): {told}",
            InferenceWarning,
        )

    def warn_of_flatness(self, covariance: FloatArray, labels: Sequence[str]) -> None:
        """Warn where the data hardly say what a coefficient is.

        Parameters
        ----------
        covariance : array of shape (P, P) or larger
            nan where the information is not positive definite.
        labels : sequence of str
            Of its first P rows.
        """
        names = " and ".join(each.name for each in self.estimates)
        if np.isnan(covariance).any():
            warn_user(
                f"the information of the {self.model}'s estimates is not positive "
                f"definite, so that standard errors are nan: these data and weights do "
                f"not identify {names or 'all coefficients'}; choose a model with "
                f"fewer terms, or other weights or effects",
                InferenceWarning,
            )
            return
        for each in self.estimates:
            place = labels.index(each.name)
            error = float(np.sqrt(covariance[place, place]))
            if error > _WIDE * each.width:
                low, high = each.bounds
                warn_user(
                    f"{each.name} = {each.value:.4f} has a standard error of "
                    f"{error:.4g}, more than half of its admissible interval "
                    f"({low:.4f}, {high:.4f}): these data and weights hardly identify "
                    f"it; choose a model without it, or other weights or effects",
                    InferenceWarning,
                )
