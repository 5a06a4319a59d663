"""Covariances of a regression's coefficients, with their small-sample factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from spatial_coagg._typing import Effects
from spatial_coagg.checks import listed
from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models._static_sweep import Grouping, count_absorbed
from spatial_coagg.models.static_rows import StaticRows

NamedCovariance: TypeAlias = Literal[
    "clustered", "classical", "robust", "two-way-clustered"
]
_NAMES: Mapping[str, str] = {
    "clustered": "clustered by city",
    "classical": "classical",
    "robust": "robust",
    "two-way-clustered": "clustered by city and year",
}


@dataclass(frozen=True, slots=True)
class DriscollKraay:
    """Errors correlated across cities, and over time up to `bandwidth` years.

    Attributes
    ----------
    bandwidth : int or None
        Years; Bartlett weights 1 - lag / (bandwidth + 1). By default the whole part of
        4 (T / 100)^(2/9), as in Stata's xtscc.

    References
    ----------
    .. [1] Driscoll, J. C. and Kraay, A. C. (1998). Consistent covariance matrix
       estimation with spatially dependent panel data. Review of Economics and
       Statistics 80, 549-560.

    Examples
    --------
    >>> from spatial_coagg.models.covariances import DriscollKraay
    >>> DriscollKraay(bandwidth=2)
    DriscollKraay(bandwidth=2)
    """

    bandwidth: int | None = None

    def __post_init__(self) -> None:
        """Refuse a negative bandwidth."""
        if self.bandwidth is not None and self.bandwidth < 0:
            raise SpatialCoaggError(
                f"bandwidth must be 0 or more years, got {self.bandwidth}"
            )

    def lags(self, years: int) -> int:
        """Return the bandwidth for a panel of that many years."""
        if self.bandwidth is not None:
            return self.bandwidth
        return int(4 * (years / 100) ** (2 / 9))


CovarianceChoice: TypeAlias = NamedCovariance | DriscollKraay


@dataclass(frozen=True, slots=True)
class CovarianceRule:
    """How linearmodels' unadjusted covariance becomes the one that is reported.

    Attributes
    ----------
    name : str
        In words.
    options : mapping
        Keywords of linearmodels' ``fit``.
    factor : float
        Small-sample factor of the covariance.
    degrees_of_freedom : int or None
        Of the t and F distributions; None for the normal one.
    """

    name: str
    options: Mapping[str, Any]
    factor: float
    degrees_of_freedom: int | None


def covariance_rule(
    choice: CovarianceChoice,
    rows: StaticRows,
    effects: Effects,
    *,
    slopes: int | None = None,
) -> CovarianceRule:
    """Return how the covariance is computed for these rows and effects.

    Parameters
    ----------
    choice : str or DriscollKraay
    rows : StaticRows
    effects : {"none", "city", "year", "city-year"}
    slopes : int, optional
        K, where it is not the number of drivers.

    Notes
    -----
    R rows, N cities, T years, K drivers, A parameters of the effects and the constant
    (N, T, N + T - 1 or 1). Effects within a cluster are not counted in C: it is K + 1,
    and K + T where year effects stand beside errors that are not clustered by year.

    ================= ============================== =============== ==================
    choice            factor                         degrees of      the same as
                                                     freedom
    ================= ============================== =============== ==================
    classical         R / (R - K - A)                R - K - A       xtreg, fe; regress
    robust            R / (R - K - A)                R - K - A       areg, vce(robust)
    clustered         N / (N - 1) (R - 1) / (R - C)  N - 1           xtreg, fe
                                                                     vce(cluster city)
    two-way-clustered G / (G - 1) (R - 1) / (R - C)  G - 1           reghdfe, vce(
                      with G the smaller of N, T                     cluster city year)
    DriscollKraay     T / (T - 1) (R - 1) / (R - C)  T - 1           xtscc, fe
    ================= ============================== =============== ==================

    A two-way clustered covariance that is not positive definite is repaired as Cameron,
    Gelbach and Miller (2011) and reghdfe do, with a warning.
    """
    groups = rows.groups
    check_choice_fits(choice, rows)
    observations = len(rows.frame)
    slopes = len(rows.drivers) if slopes is None else slopes
    if choice in ("classical", "robust"):
        left = observations - slopes - count_absorbed(groups, effects)
        kind = "unadjusted" if choice == "classical" else "robust"
        name = _NAMES[str(choice)]
        return CovarianceRule(name, {"cov_type": kind}, observations / left, left)
    clusters = _count_clusters(choice, groups)
    counted = slopes + 1
    if "year" in effects and choice != "two-way-clustered":
        counted = slopes + count_absorbed(groups, effects)
        counted -= groups.cities - 1 if effects == "city-year" else 0
    factor = clusters / (clusters - 1) * (observations - 1) / (observations - counted)
    name, options = _linearmodels_options(choice, groups.years)
    return CovarianceRule(name, options, factor, clusters - 1)


def check_choice_fits(choice: CovarianceChoice, rows: StaticRows) -> None:
    """Raise unless the choice exists and the rows have the years that it needs."""
    if not isinstance(choice, DriscollKraay) and choice not in _NAMES:
        allowed = ", ".join(repr(name) for name in _NAMES)
        raise SpatialCoaggError(
            f"covariance must be one of {allowed} or DriscollKraay(...); got {choice!r}"
        )
    years = rows.years
    if choice == "two-way-clustered" and len(years) < 2:
        raise EstimationError("clustering by year needs at least two years")
    if not isinstance(choice, DriscollKraay):
        return
    lags = choice.lags(len(years))
    if lags >= len(years):
        raise EstimationError(
            f"a bandwidth of {lags} years needs more than the {len(years)} years that "
            f"the rows have; give a smaller one"
        )
    absent = [year for year in range(years[0], years[-1]) if year not in years]
    if absent:
        raise EstimationError(
            f"DriscollKraay needs consecutive years and no row is of {listed(absent)}; "
            f"restrict the panel to years without a gap or cluster by city"
        )


def _count_clusters(choice: CovarianceChoice, groups: Grouping) -> int:
    if isinstance(choice, DriscollKraay):
        return groups.years
    if choice == "clustered":
        return groups.cities
    return min(groups.cities, groups.years)


def _linearmodels_options(
    choice: CovarianceChoice, years: int
) -> tuple[str, Mapping[str, Any]]:
    if isinstance(choice, DriscollKraay):
        lags = choice.lags(years)
        options: dict[str, Any] = {
            "cov_type": "kernel",
            "kernel": "bartlett",
            "bandwidth": lags,
        }
        return f"Driscoll-Kraay, bandwidth {lags}", options
    return _NAMES[choice], {
        "cov_type": "clustered",
        "cluster_entity": True,
        "cluster_time": choice == "two-way-clustered",
    }
