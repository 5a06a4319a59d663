"""Prior densities of rho and lambda."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy import special

from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models._spatial_likelihood import Jacobian
from spatial_coagg.models._spatial_marginal import Coefficient


@dataclass(frozen=True, slots=True)
class BetaPrior:
    r"""A beta density for rho and lambda, centred between its ends.

    Parameters
    ----------
    shape : float
        Of both sides, positive: 1 is the uniform density of (-1, 1), 1.01 LeSage's,
        larger values favour the middle.

    Raises
    ------
    SpatialCoaggError
        If `shape` is not positive.

    Notes
    -----
    .. math:: p(\rho) = \frac{(1 + \rho)^{a - 1} (1 - \rho)^{a - 1}}
              {2^{2a - 1} B(a, a)}

    on (-1, 1), or stretched over the admissible part of it where weights are not
    row-standardised (LeSage and Pace 2009, Introduction to Spatial Econometrics, 5.4).

    Examples
    --------
    >>> from spatial_coagg import BetaPrior
    >>> BetaPrior(shape=1.01)
    BetaPrior(shape=1.01)
    """

    shape: float = 1.01

    def __post_init__(self) -> None:
        if not self.shape > 0:
            raise SpatialCoaggError(
                f"shape of the beta density must be positive, got {self.shape}"
            )

    def log_density(self, value: float, low: float, high: float) -> float:
        """Return the logarithm of the density on (low, high)."""
        # The ends have measure zero, but a rounded node can fall on them.
        room = max((value - low) * (high - value), np.finfo(float).tiny)
        return float(
            (self.shape - 1) * math.log(room)
            - (2 * self.shape - 1) * math.log(high - low)
            - special.betaln(self.shape, self.shape)
        )


Prior: TypeAlias = BetaPrior | Literal["uniform"]


def check_prior(prior: Prior) -> None:
    """Refuse what is neither uniform nor a beta density."""
    if not isinstance(prior, BetaPrior) and prior != "uniform":
        raise SpatialCoaggError(
            f"prior must be one of 'uniform', BetaPrior(...); got {prior!r}"
        )


def with_prior(jacobian: Jacobian, prior: Prior) -> Coefficient:
    """Give rho or lambda its prior density."""
    low, high = jacobian.spectrum.interval
    if isinstance(prior, BetaPrior):
        low, high = max(low, -1.0), min(high, 1.0)
        return Coefficient(
            jacobian, low, high, lambda value: prior.log_density(value, low, high)
        )
    if not math.isfinite(high - low):
        raise EstimationError(
            f"rho has no bound on one side, admissible are ({low:.4g}, {high:.4g}), so "
            f"it has no uniform density; use prior=BetaPrior()"
        )
    density = -math.log(high - low)
    return Coefficient(jacobian, low, high, lambda _: density)
