"""What a spatial model by instrumental variables returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.reduced_form import ReducedForm
from spatial_coagg.models.spatial_weights import SpatialWeights


@dataclass(frozen=True, slots=True, eq=False)
class SpatialIVFit(ReducedForm):
    """A spatial model by two-stage least squares; it answers the `Fit` protocol.

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
    r2_within, r2_overall : float
        1 - squared residuals over the squares of the swept outcome; and of the outcome
        less its mean, so that effects count as explained. Unlike least squares these
        can be negative.
    squared_correlation : float
        Of the swept outcome with its reduced-form prediction; nan if rho lies outside
        its interval, where there is none.
    city_effects, year_effects : Series or None
        Deviations from the mean of all, where the model has them; random city effects
        are predictions, as they enter the equation.
    level : float
        That mean (0 with a constant).
    residuals : Series
        The noise, index (city, year): of the equation less all effects and the error's
        neighbours.
    fitted : Series
        Outcome less noise: given the neighbours' outcomes as they were.
    rows : int
        Observations less those that effects take.
    interval : tuple of float
        Admissible rho; all numbers where the model has none.
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
    r2_within: float
    r2_overall: float
    squared_correlation: float
    city_effects: pd.Series | None
    year_effects: pd.Series | None
    level: float
    residuals: pd.Series
    fitted: pd.Series
    rows: int
    interval: tuple[float, float]
    outcome: str
    drivers: tuple[str, ...]
    spillovers: tuple[str, ...]
    weights: SpatialWeights = field(repr=False)
    cities: pd.Index
    years: pd.Index
    facts: Mapping[str, float | int | str]
