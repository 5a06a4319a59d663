"""What a dynamic GMM estimate returns."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from spatial_coagg.models.fit import known_facts, write_fit
from spatial_coagg.models.gmm_method import GmmMethod


@dataclass(frozen=True, slots=True)
class InstrumentTest:
    """A test that the instruments are uncorrelated with the errors.

    Attributes
    ----------
    statistic : float
    degrees : int
        Instruments less coefficients.
    p_value : float
        Of the chi-squared distribution; nan without degrees of freedom.
    """

    statistic: float
    degrees: int
    p_value: float


@dataclass(frozen=True, slots=True)
class WaldTest:
    """A test that the coefficients are all zero.

    Attributes
    ----------
    statistic : float
        Chi-squared, or F where `residual_degrees` is given.
    degrees : int
    residual_degrees : int or None
    p_value : float
    """

    statistic: float
    degrees: int
    residual_degrees: int | None
    p_value: float


@dataclass(frozen=True, slots=True)
class LagBounds:
    """Where the coefficient of the previous outcome should lie (Bond 2002).

    The within estimate is biased downwards and the pooled one upwards.

    Attributes
    ----------
    within : float
        With city effects.
    estimate : float
        The GMM estimate.
    pooled : float
        Ordinary least squares.
    """

    within: float
    estimate: float
    pooled: float

    @property
    def is_inside(self) -> bool:
        """Whether the GMM estimate lies between the two."""
        low, high = sorted([self.within, self.pooled])
        return low <= self.estimate <= high


@dataclass(frozen=True, slots=True, eq=False)
class DynamicGmmFit:
    """A dynamic panel model estimated by GMM; it answers the `Fit` protocol.

    Attributes
    ----------
    outcome : str
    method : GmmMethod
    estimates : DataFrame
        Index: ``"previous.<outcome>"``, drivers, year dummies, ``"constant"``.
        Columns: estimate, standard_error, statistic, p_value, lower, upper.
    covariance : DataFrame of shape (K, K)
    long_run : DataFrame
        Long-run effects, sum of a driver's coefficients over 1 less the sum of the
        outcome's, with delta-method standard errors; same columns as `estimates`.
    ar_tests : DataFrame
        Index ``order``; columns statistic (z), p_value: serial correlation of the
        differenced errors (Arellano and Bond 1991).
    sargan, hansen : InstrumentTest
        Sargan assumes i.i.d. errors, Hansen does not.
    difference_in_hansen : DataFrame
        Index: instrument group; columns excluded_statistic, excluded_degrees,
        excluded_p_value (Hansen's test without the group), statistic, degrees, p_value
        (of the group). Groups without which the model is not identified are absent.
    wald : WaldTest
        As xtabond2 has it: the constant is in the statistic, not in the degrees.
    wald_of_drivers : WaldTest
        Without the constant.
    instrument_groups : Series
        Number of instruments of each group.
    instruments : int
        Number of instruments that are not collinear.
    observations : int
        Rows of the level equation of a system, else of the transformed equation.
    transformed_observations : int
    cities : int
    sigma2 : float
        Variance of the errors.
    lag_bounds : LagBounds or None
        None where the outcome of the year before is not in the model.
    weighting_inverse : str
        How the last weighting matrix was inverted: "inverse" or "Moore-Penrose".
    steps : int
        Steps taken.
    years : int
        Years of which some row was used.
    """

    outcome: str
    method: GmmMethod
    estimates: pd.DataFrame
    covariance: pd.DataFrame
    long_run: pd.DataFrame
    ar_tests: pd.DataFrame
    sargan: InstrumentTest
    hansen: InstrumentTest
    difference_in_hansen: pd.DataFrame
    wald: WaldTest
    wald_of_drivers: WaldTest
    instrument_groups: pd.Series
    instruments: int
    observations: int
    transformed_observations: int
    cities: int
    sigma2: float
    lag_bounds: LagBounds | None
    weighting_inverse: str
    steps: int
    years: int

    def __str__(self) -> str:
        """Return title, estimates and facts as a short text."""
        return write_fit(self.title, self.estimates, self.facts)

    @property
    def title(self) -> str:
        """The model in a few words."""
        return self.method.title

    @property
    def facts(self) -> Mapping[str, float | int | str]:
        """What else is known, in the order to print it."""
        facts: dict[str, float | int | str] = {
            "observations": self.observations,
            "cities": self.cities,
            "years": self.years,
            "instruments": self.instruments,
        }
        for order, row in self.ar_tests.iterrows():
            facts[f"ar{order}"] = float(row["statistic"])
            facts[f"ar{order}_p"] = float(row["p_value"])
        for name, test in (("sargan", self.sargan), ("hansen", self.hansen)):
            facts[name] = test.statistic
            facts[f"{name}_df"] = test.degrees
            facts[f"{name}_p"] = test.p_value
        facts["wald"] = self.wald.statistic
        facts["wald_df"] = self.wald.degrees
        facts["wald_p"] = self.wald.p_value
        facts["sigma2"] = self.sigma2
        if self.lag_bounds is not None:
            facts["lag_within"] = self.lag_bounds.within
            facts["lag_pooled"] = self.lag_bounds.pooled
        facts["standard_errors"] = self.method.covariance_name
        facts["weighting"] = self.weighting_inverse
        facts["steps"] = self.steps
        return known_facts(facts)
