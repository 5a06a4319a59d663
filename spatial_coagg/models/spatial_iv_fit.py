"""What a spatial model by instrumental variables returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.spatial_fit import SpatialWeights


@dataclass(frozen=True, slots=True, eq=False)
class SpatialIVFit:
    """A spatial model by two-stage least squares; it answers the `Fit` protocol.

    It has no `predict`: the effects are swept out and not estimated.

    Attributes
    ----------
    title : str
    effects : {"none", "city", "year", "city-year", "random"}
    standard_errors : str
        Which covariance.
    estimates : DataFrame
        Index: drivers, ``W.<driver>``, ``"constant"``, ``"rho"``; the columns of every
        fit. lambda is not among them: its moments give no standard error.
    covariance : DataFrame
        Of those estimates.
    error_lambda : float
        Coefficient of the neighbours' error; 0 where the model has none.
    sigma2 : float
        Variance of the noise.
    sigma2_between : float or None
        That plus T times the variance of random city effects.
    endogenous, instruments : tuple of str
        Labels of the endogenous columns (``"W.<outcome>"`` among them), and of what is
        not in the equation but instruments it.
    first_stages : DataFrame
        Index: endogenous columns. Columns: f, degrees, residual_degrees, p_value and
        partial_r2 of those instruments.
    cragg_donald : float
        Smallest eigenvalue of the first stages; the F where one column is endogenous.
    overidentification : HypothesisTest or None
        Sargan's test, or Hansen's J with a robust covariance; None if there are as
        many instruments as coefficients.
    residuals : Series
        Index (city, year): of the equation as it was estimated, effects swept out (or
        quasi-demeaned) and the error's neighbours filtered out.
    rows : int
        Observations less those that effects take.
    interval : tuple of float
        Admissible rho.
    outcome : str
    drivers, spillovers : tuple of str
    weights : SpatialWeights
    cities, years : Index
    facts : mapping
        What a table prints below the estimates.
    """

    title: str
    effects: str
    standard_errors: str
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    error_lambda: float
    sigma2: float
    sigma2_between: float | None
    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    first_stages: pd.DataFrame
    cragg_donald: float
    overidentification: HypothesisTest | None
    residuals: pd.Series
    rows: int
    interval: tuple[float, float]
    outcome: str
    drivers: tuple[str, ...]
    spillovers: tuple[str, ...]
    weights: SpatialWeights = field(repr=False)
    cities: pd.Index
    years: pd.Index
    facts: Mapping[str, float | int | str]

    @property
    def rho(self) -> float:
        """Coefficient of the neighbours' outcome; 0 where the model has none."""
        return self._coefficient("rho")

    @property
    def slopes(self) -> pd.Series:
        """Coefficients of the drivers."""
        return self.estimates["estimate"].loc[list(self.drivers)]

    @property
    def spillover_slopes(self) -> pd.Series:
        """Coefficients of the lagged drivers; 0 for a driver that is not lagged."""
        lagged = {name: self._coefficient(f"W.{name}") for name in self.drivers}
        return pd.Series(lagged, name="estimate")

    def _coefficient(self, label: str) -> float:
        if label not in self.estimates.index:
            return 0.0
        return float(self.estimates["estimate"][label])
