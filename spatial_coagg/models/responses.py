"""What each city's outcome does when a driver rises in each other city."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.checks import listed
from spatial_coagg.errors import MissingColumnError, SpatialCoaggError
from spatial_coagg.models._responses import HELD, Curves, quantiles
from spatial_coagg.models.effects import SpatialFit, check_spatial, draw_estimates
from spatial_coagg.models.spatial_weights import SpatialWeights


@dataclass(frozen=True, slots=True, eq=False)
class CityResponses:
    """Responses of every city to a driver of every city, with their uncertainty.

    Attributes
    ----------
    driver : str
    level : float
        Coverage of the intervals.
    cities : Index
        Of both axes below.
    point, median, lower, upper : ndarray of shape (N, N)
        [i, j]: change of the outcome of city i, in its units, that goes with the
        driver of city j higher by one. At the estimates; median and ends of the
        interval over the draws.
    rejected : int
        Draws outside the admissible interval, not used.
    """

    driver: str
    level: float
    cities: pd.Index
    point: FloatArray
    median: FloatArray
    lower: FloatArray
    upper: FloatArray
    rejected: int


@dataclass(frozen=True, slots=True, eq=False)
class DrawnResponses:
    """A driver's responses at the estimates and over draws, solved where asked.

    Attributes
    ----------
    point, drawn : Curves
    rejected : int
        Draws outside the admissible interval, not used.
    """

    point: Curves
    drawn: Curves
    rejected: int


def city_responses(
    fit: SpatialFit,
    driver: str,
    *,
    draws: int = 1000,
    level: float = 0.90,
    rng: Seed = None,
) -> CityResponses:
    r"""Compute the response of every city to a driver higher by one in every city.

    Parameters
    ----------
    fit : SpatialPanelFit or SpatialIVFit
    driver : str
        One of the drivers of the fit.
    draws : int
        Of the joint normal distribution of the estimates.
    level : float
        Coverage of the intervals.
    rng : Generator, int or None

    Returns
    -------
    CityResponses

    Raises
    ------
    MissingColumnError
        If the fit has no such driver.
    SpatialCoaggError
        If `draws` or `level` make no sense.
    EstimationError
        If `fit` is no static spatial model, or rho or more than half of its draws lie
        outside the admissible interval.

    Warns
    -----
    InferenceWarning
        If more than one per cent of the draws lie outside the admissible interval.

    Notes
    -----
    .. math:: S = (I - \rho W)^{-1} (I b + W_x g)

    The mean of the diagonal is the direct effect, the mean of the row sums the total
    effect of :func:`spatial_effects` [1]_. Each draw of (b, g, rho) has its own S.
    Columns of S are solved at Chebyshev nodes in ln((rho - low) / (high - rho)) and
    interpolated to rounding, so that no draw needs an inverse; quantiles are taken
    some source cities at a time.

    References
    ----------
    .. [1] J. LeSage and R. K. Pace (2009), Introduction to Spatial Econometrics, 2.7.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, city_responses, fit_spatial_panel
    >>> from spatial_coagg import load_example, load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found = city_responses(fit, "ln_theta", draws=100, rng=1)
    >>> found.median.shape, bool((found.lower <= found.upper).all())
    ((281, 281), True)
    """
    made = draw_responses(fit, driver, draws=draws, level=level, rng=rng)
    size = len(fit.cities)
    kept = draws - made.rejected
    point = np.empty((size, size))
    tables = [np.empty((size, size)) for _ in range(3)]
    step = max(1, HELD // (kept * size))
    for start in range(0, size, step):
        places = np.arange(start, min(start + step, size))
        point[:, places] = made.point.columns(places)[..., 0]
        drawn = made.drawn.columns(places)
        # Sorting in place is faster than selecting, and needs no second copy.
        drawn.sort(axis=-1)
        for table, part in zip(tables, quantiles(drawn, tails(level)), strict=True):
            table[:, places] = part
    lower, median, upper = tables
    return CityResponses(
        driver, level, fit.cities, point, median, lower, upper, made.rejected
    )


def draw_responses(
    fit: SpatialFit, driver: str, *, draws: int, level: float, rng: Seed
) -> DrawnResponses:
    """Draw the estimates and prepare to solve for responses; see `city_responses`."""
    check_spatial(fit)
    check_request(fit.drivers, driver, draws=draws, level=level)
    values, sampled, rejected = draw_estimates(fit, draws, rng)
    place = fit.drivers.index(driver)
    taken = [place, len(fit.drivers) + place, -1]
    return DrawnResponses(
        curves_of(fit.weights, values[None, taken]),
        curves_of(fit.weights, sampled[:, taken]),
        rejected,
    )


def check_request(
    drivers: Sequence[str], driver: str, *, draws: int, level: float
) -> None:
    """Raise unless the fit has the driver and the options make sense."""
    if draws < 2 or not 0 < level < 1:
        raise SpatialCoaggError(
            f"draws must be 2 or more and level between 0 and 1, got {draws} and "
            f"{level}"
        )
    if driver not in drivers:
        raise MissingColumnError(
            f"the fit has no driver {driver!r}; it has {listed(list(drivers))}"
        )


def tails(level: float) -> tuple[float, float, float]:
    """Return the probabilities of the lower end, the median and the upper end."""
    return (1 - level) / 2, 0.5, (1 + level) / 2


def curves_of(weights: SpatialWeights, draws: FloatArray) -> Curves:
    """Prepare to solve for draws of (b, g, rho), shape (draws, 3)."""
    return Curves.over(
        draws,
        lag=weights.lag,
        spillover=weights.spillover,
        spectrum=weights.spectrum,
    )
