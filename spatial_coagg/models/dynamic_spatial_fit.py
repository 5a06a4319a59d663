"""What a spatial panel model with the previous outcome returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from spatial_coagg.models._dynamic_spatial import Dynamics
from spatial_coagg.models.fit import write_fit
from spatial_coagg.models.spatial_weights import SpatialWeights


@dataclass(frozen=True, slots=True, eq=False)
class DynamicSpatialFit:
    """A dynamic spatial panel model estimated by quasi-maximum likelihood.

    Attributes
    ----------
    title : str
    model : {"sar", "sdm"}
    effects : {"city", "city-year"}
    correction : {"bias", "none"}
    standard_errors : str
        ``"expected information"`` or ``"robust to non-normal noise"``.
    estimates : DataFrame
        Index: ``previous.<outcome>``, ``W.previous.<outcome>``, drivers,
        ``W.<driver>``, ``"rho"``; the columns of every fit.
    covariance : DataFrame
        Of those estimates.
    uncorrected : Series
        The estimates before the correction, and ``"sigma2"``.
    sigma2, sigma2_standard_error : float
        Variance of the noise.
    log_likelihood : float
        At its maximum, which is at `uncorrected`; all constants included.
    rows : int
        N (T - 1), or (N - 1)(T - 1) with year effects, for T years of data.
    interval : tuple of float
        Admissible rho.
    largest_root : float
        Largest modulus of an eigenvalue of A = (I - rho W)^-1 (tau I + eta W), by which
        y_t depends on y_{t-1}; the model is stable below one.
    residuals : Series
        The noise with its city (and year) means swept out, index (city, year).
    outcome : str
    drivers, spillovers : tuple of str
    weights : SpatialWeights
    cities, years : Index
        Years from the second on.
    facts : mapping
        What a table prints below the estimates.
    """

    title: str
    model: str
    effects: str
    correction: str
    standard_errors: str
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    uncorrected: pd.Series
    sigma2: float
    sigma2_standard_error: float
    log_likelihood: float
    rows: int
    interval: tuple[float, float]
    largest_root: float
    residuals: pd.Series
    outcome: str
    drivers: tuple[str, ...]
    spillovers: tuple[str, ...]
    weights: SpatialWeights = field(repr=False)
    cities: pd.Index
    years: pd.Index
    facts: Mapping[str, float | int | str]

    def __str__(self) -> str:
        """Return title, estimates and facts as a short text."""
        return write_fit(self.title, self.estimates, self.facts)

    @property
    def dynamics(self) -> Dynamics:
        """Return tau, eta (0 where the model has none) and rho."""
        known = self.estimates["estimate"]
        return Dynamics(
            float(known[f"previous.{self.outcome}"]),
            float(known.get(f"W.previous.{self.outcome}", 0.0)),
            float(known["rho"]),
        )

    @property
    def is_stable(self) -> bool:
        """Whether a shock dies out."""
        return self.largest_root < 1
