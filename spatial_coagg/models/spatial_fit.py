"""What a spatial panel model returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from spatial_coagg.models.reduced_form import ReducedForm
from spatial_coagg.models.spatial_weights import SpatialWeights


@dataclass(frozen=True, slots=True, eq=False)
class SpatialPanelFit(ReducedForm):
    """A spatial panel model estimated by maximum likelihood.

    Attributes
    ----------
    title : str
    model : {"ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns"}
    effects : {"none", "city", "year", "city-year", "random"}
    correction : {"transform", "bias", "none"}
    standard_errors : str
        Which covariance, in words.
    estimates : DataFrame
        Index: drivers, ``W.<driver>``, ``"constant"``, ``"rho"``, ``"lambda"``, with
        random effects also ``"psi"`` and ``"phi"``; the columns of every fit.
    covariance : DataFrame
        Of those estimates; nan where the information is not positive definite, and
        those of a phi of 0.
    sigma2, sigma2_standard_error : float
        Variance of the noise: squared residuals over `rows`; with both effects and
        ``"bias"`` corrected by itself; with random effects e' V^-1 e over `rows`, V the
        covariance of noise and city effects together in units of sigma2.
    log_likelihood : float
        All constants included; of the transformed data under ``"transform"``, of all
        N T observations else.
    rows : int
        Effective observations: N T, less those that effects take under ``"transform"``
        and ``"bias"``.
    interval : tuple of float
        Admissible rho; all numbers where the model has none.
    r2_within : float
        1 - squared residuals over the squares of the swept outcome; with random effects
        both less their city means.
    r2_overall : float
        1 - squared residuals over the squares of the outcome less its mean, so that
        effects count as explained (Elhorst's rsqr).
    squared_correlation : float
        Of the swept outcome (with random effects: the outcome) with its reduced-form
        prediction (Elhorst's corr2).
    city_effects, year_effects : Series or None
        Deviations from the mean of all, where the model has them; with random effects
        the cities' best predictions, whose mean is not 0.
    level : float
        That mean; 0 with a constant, which models without effects or with random ones
        have.
    residuals : Series
        The noise, index (city, year).
    fitted : Series
        Outcome less noise: given the neighbours' outcomes as they were.
    outcome : str
    drivers, spillovers : tuple of str
    weights : SpatialWeights
    cities, years : Index
    facts : mapping
        What a table prints below the estimates; ``sigma2_divisor`` is `rows`, ``bic``
        takes the logarithm of the observations that `log_likelihood` is of.
    """

    title: str
    model: str
    effects: str
    correction: str
    standard_errors: str
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    sigma2: float
    sigma2_standard_error: float
    log_likelihood: float
    rows: int
    interval: tuple[float, float]
    r2_within: float
    r2_overall: float
    squared_correlation: float
    city_effects: pd.Series | None
    year_effects: pd.Series | None
    level: float
    residuals: pd.Series
    fitted: pd.Series
    outcome: str
    drivers: tuple[str, ...]
    spillovers: tuple[str, ...]
    weights: SpatialWeights = field(repr=False)
    cities: pd.Index
    years: pd.Index
    facts: Mapping[str, float | int | str]

    @property
    def error_lambda(self) -> float:
        """Coefficient of the neighbours' error; 0 where the model has none."""
        return self._coefficient("lambda")
