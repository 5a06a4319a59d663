"""What every fit answers to, and the frame that carries its estimates."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import FloatArray

ESTIMATE_COLUMNS = (
    "estimate",
    "standard_error",
    "statistic",
    "p_value",
    "lower",
    "upper",
)
# Characters in a line of facts.
_LINE = 79


@runtime_checkable
class Fit(Protocol):
    """The protocol by which every model gets its tables.

    Attributes
    ----------
    title : str
        The model in a few words, such as ``"Fixed effects (city, year)"``.
    estimates : DataFrame
        Index: label of the coefficient. Columns: `ESTIMATE_COLUMNS`.
    covariance : DataFrame of shape (K, K)
        Covariance of the estimates, labels on both sides.
    facts : mapping of str to number or text
        What else is known, in the order to print it: observations, cities, years,
        r2_within, log_likelihood ... Only those that exist.
    """

    @property
    def title(self) -> str:
        """Return the model in a few words."""
        ...

    @property
    def estimates(self) -> pd.DataFrame:
        """Return one row for each coefficient."""
        ...

    @property
    def covariance(self) -> pd.DataFrame:
        """Return the covariance of the estimates."""
        ...

    @property
    def facts(self) -> Mapping[str, float | int | str]:
        """Return what else is known, in the order to print it."""
        ...


def tabulate_estimates(
    labels: Sequence[str],
    estimates: FloatArray,
    covariance: FloatArray,
    *,
    degrees_of_freedom: float | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the estimates with their standard errors, tests and intervals.

    Parameters
    ----------
    labels : sequence of str
        Names of the K coefficients.
    estimates : ndarray of shape (K,)
    covariance : ndarray of shape (K, K)
    degrees_of_freedom : float, optional
        Of Student's t; the normal distribution where it is not given.
    level : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        Index ``labels``, columns `ESTIMATE_COLUMNS`. The p-value is two-sided.
    """
    errors = np.sqrt(np.diag(covariance))
    law = stats.norm() if degrees_of_freedom is None else stats.t(degrees_of_freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimates / errors
    reach = float(law.ppf(0.5 + level / 2)) * errors
    columns = (
        estimates,
        errors,
        statistic,
        2 * law.sf(np.abs(statistic)),
        estimates - reach,
        estimates + reach,
    )
    return pd.DataFrame(
        dict(zip(ESTIMATE_COLUMNS, columns, strict=True)),
        index=pd.Index(labels, name="label"),
    )


def known_facts(
    facts: Mapping[str, float | int | str],
) -> dict[str, float | int | str]:
    """Return the facts that could be computed: a nan is none."""
    return {name: fact for name, fact in facts.items() if fact == fact}  # noqa: PLR0124


def write_fit(
    title: str, estimates: pd.DataFrame, facts: Mapping[str, float | int | str]
) -> str:
    """Write a title, the estimates with their intervals and the facts, to be read."""
    columns = ["estimate", "standard_error", "p_value", "lower", "upper"]
    formats = dict.fromkeys(columns, _four_digits) | {"p_value": "{:.3f}".format}
    table = estimates[columns].to_string(
        formatters=formats,
        index_names=isinstance(estimates.index, pd.MultiIndex),
    )
    told = [
        f"{name}={fact:.6g}" if isinstance(fact, float) else f"{name}={fact}"
        for name, fact in facts.items()
    ]
    below = textwrap.fill(", ".join(told), _LINE, break_on_hyphens=False)
    return f"{title}\n{table}\n{below}"


def _four_digits(value: float) -> str:
    """Write a number with four digits after the point, or as a power of ten."""
    plain = value == 0 or 1e-3 <= abs(value) < 1e6
    return f"{value:.4f}" if plain else f"{value:.3e}"
