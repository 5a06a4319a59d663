"""A test of spatial autocorrelation: what it holds and how it is judged."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import Alternative, FloatArray
from spatial_coagg.autocorrelation._moments import Moments
from spatial_coagg.autocorrelation._tails import normal_p_value, permutation_p_value


@dataclass(frozen=True, slots=True)
class AutocorrelationTest:
    """A statistic and how likely it is where the cities' order is chance.

    Attributes
    ----------
    kind : str
        Such as ``"Moran's I"``.
    statistic : float
    expectation : float
        Over all orders of the cities.
    variance_normal, z_normal, p_normal : float
        If the values are draws from one normal distribution; nan where no such
        variance is known.
    variance_randomisation, z_randomisation, p_randomisation : float
        If every order of the values found is as likely.
    p_permutation : float
        From random orders; nan without permutations. Not below 1 / (permutations + 1),
        two-sided not below twice that.
    permutations : int
    alternative : {"two-sided", "greater", "less"}
        Of the statistic: ``"greater"`` asks whether it is above its expectation.
    cities : int
        Cities in the test: those with links.
    islands : tuple of str
        Cities without any link, which are left out.
    """

    kind: str
    statistic: float
    expectation: float
    variance_normal: float
    z_normal: float
    p_normal: float
    variance_randomisation: float
    z_randomisation: float
    p_randomisation: float
    p_permutation: float
    permutations: int
    alternative: Alternative
    cities: int
    islands: tuple[str, ...]


def judge(
    kind: str,
    statistic: float,
    moments: Moments,
    drawn: FloatArray,
    *,
    alternative: Alternative,
    cities: int,
    islands: tuple[str, ...],
) -> AutocorrelationTest:
    """Set a statistic against its moments and against draws under the null."""
    excess = statistic - moments.expectation
    normal = excess / float(np.sqrt(moments.variance_normal))
    random = excess / float(np.sqrt(moments.variance_randomisation))
    chance = float("nan")
    if len(drawn) > 0:
        chance = permutation_p_value(statistic, drawn, alternative)
    return AutocorrelationTest(
        kind=kind,
        statistic=statistic,
        expectation=moments.expectation,
        variance_normal=moments.variance_normal,
        z_normal=normal,
        p_normal=normal_p_value(normal, alternative),
        variance_randomisation=moments.variance_randomisation,
        z_randomisation=random,
        p_randomisation=normal_p_value(random, alternative),
        p_permutation=chance,
        permutations=len(drawn),
        alternative=alternative,
        cities=cities,
        islands=islands,
    )


def tests_by_year(tests: Mapping[int, AutocorrelationTest]) -> pd.DataFrame:
    """Return a row of numbers for each year; `islands` is how many there are."""
    rows = {
        year: asdict(test) | {"islands": len(test.islands)}
        for year, test in tests.items()
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    return frame.drop(columns=["kind", "permutations", "alternative"])
