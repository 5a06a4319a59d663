"""Tests of what a panel model leaves: across cities, between cities and over time."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_choice
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._static_dependence import (
    modified_wald_statistic,
    pesaran_statistic,
    slope_by_clusters,
)
from spatial_coagg.models.first_difference import differenced
from spatial_coagg.models.hypothesis import (
    HypothesisTest,
    chi_squared_test,
    f_test,
    normal_test,
)
from spatial_coagg.models.static_rows import check_identified, select_rows
from spatial_coagg.tables.panel import Panel


def cross_section_test(residuals: pd.Series) -> HypothesisTest:
    """Test whether the residuals of different cities are uncorrelated (Pesaran's CD).

    Parameters
    ----------
    residuals : Series
        Index ``(city, year)``, such as ``fit.residuals`` of a model with city effects.

    Returns
    -------
    HypothesisTest
        Normal law.

    Raises
    ------
    EstimationError
        If no two cities share three years, or the index is not ``(city, year)``.

    Notes
    -----
    CD = P^(-1/2) sum T_ij^(1/2) r_ij over the P pairs of cities with three or more
    common years [1]_, as plm's ``pcdtest`` of a within model and Stata's xtcsd,
    pesaran. With year effects the residuals average to zero in each year, which makes
    CD strongly negative or meaningless: test a model without them.

    References
    ----------
    .. [1] Pesaran, M. H. (2021). General diagnostic tests for cross-sectional
       dependence in panels. Empirical Economics 60, 13-50.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from spatial_coagg.models.residual_tests import cross_section_test
    >>> keys = pd.MultiIndex.from_product([list("abc"), range(4)])
    >>> shared = np.tile([1.0, -2.0, 0.5, 0.5], 3)
    >>> own = np.array([0.1, 0.2, -0.3, 0.0] + [0.3, -0.1, -0.2, 0.0] + [0.0] * 4)
    >>> residuals = pd.Series(shared + own, keys.set_names(["city", "year"]))
    >>> print(cross_section_test(residuals))
    residuals of cities are uncorrelated: z = 3.440, p < 0.001
    """
    statistic = pesaran_statistic(_year_by_city(residuals))
    if np.isnan(statistic):
        raise EstimationError(
            "no two cities share three years with residuals that vary, so their "
            "correlation cannot be tested"
        )
    return normal_test("residuals of cities are uncorrelated", statistic)


def equal_variance_test(residuals: pd.Series) -> HypothesisTest:
    """Test whether all cities have the same error variance (modified Wald test).

    Parameters
    ----------
    residuals : Series
        Index ``(city, year)``, such as ``fit.residuals`` of a fixed-effects fit.

    Returns
    -------
    HypothesisTest
        Chi-squared, one degree of freedom for each city with two years or more whose
        squared residuals differ.

    Raises
    ------
    EstimationError
        If there is no such city, or the index is not ``(city, year)``.

    Notes
    -----
    Stata's xttest3 [1]_, [2]_. It rejects too often where years are few.

    References
    ----------
    .. [1] Greene, W. H. (2000). Econometric Analysis, 4th ed., p. 598.
    .. [2] Baum, C. F. (2001). Residual diagnostics for cross-section time series
       regression models. Stata Journal 1, 101-104.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.models.residual_tests import equal_variance_test
    >>> keys = pd.MultiIndex.from_product([["a", "b"], range(4)])
    >>> values = [1.0, -2.0, 0.5, 0.5, 0.1, 0.3, -0.2, -0.2]
    >>> residuals = pd.Series(values, keys.set_names(["city", "year"]))
    >>> print(equal_variance_test(residuals))
    all cities have the same error variance: chi2(2) = 1608.646, p < 0.001
    """
    statistic, cities = modified_wald_statistic(_year_by_city(residuals))
    if cities == 0:
        raise EstimationError(
            "no city has two years with residuals of different size, so their "
            "variances cannot be compared"
        )
    return chi_squared_test(
        "all cities have the same error variance", statistic, cities
    )


def serial_correlation_test(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    errors: Literal["levels", "differences"] = "levels",
    trend: bool = False,
) -> HypothesisTest:
    """Test whether the errors of a city are uncorrelated over the years (Wooldridge).

    Parameters
    ----------
    panel : Panel
    outcome : str
    drivers : sequence of str
    errors : {"levels", "differences"}
        Which errors are uncorrelated: those of the model in levels, where fixed
        effects are efficient, or those of its first differences.
    trend : bool
        Whether a common yearly change is allowed, which puts a constant in both
        regressions.

    Returns
    -------
    HypothesisTest
        F with 1 and N - 1 degrees of freedom.

    Raises
    ------
    MissingColumnError, SpatialCoaggError, EstimationError
        As `fit_first_difference`; also if no city has three successive years.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.

    Notes
    -----
    The residuals of first differences are regressed on those of the year before,
    clustered by city; uncorrelated errors make that slope -1/2, uncorrelated changes
    0 [1]_. Of levels and without a trend it is Stata's xtserial [2]_; with a trend it
    is plm's pwfdtest (h0 "fe" for levels, "fd" for differences), but for the
    small-sample factor that plm leaves out.

    References
    ----------
    .. [1] Wooldridge, J. M. (2010). Econometric Analysis of Cross Section and Panel
       Data, 2nd ed., section 10.6. MIT Press.
    .. [2] Drukker, D. M. (2003). Testing for serial correlation in linear panel-data
       models. Stata Journal 3, 168-177.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.residual_tests import serial_correlation_test
    >>> rng = np.random.default_rng(1)
    >>> keys = pd.MultiIndex.from_product(
    ...     [[f"{i:02d}" for i in range(30)], range(2004, 2012)], names=["city", "year"]
    ... )
    >>> rows = pd.DataFrame({"theta": rng.normal(size=240)}, keys)
    >>> walk = rng.normal(size=(30, 8)).cumsum(axis=1)
    >>> rows["patents"] = rows["theta"] + walk.ravel()
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> serial_correlation_test(panel, "patents", ["theta"]).p_value < 0.001
    True
    """
    check_choice(errors, ["levels", "differences"], name="errors")
    rows = select_rows(panel, outcome, drivers)
    changes = differenced(rows)
    check_identified(changes, "none")
    y, x = changes.y, changes.x
    if trend:
        y, x = y - y.mean(), x - x.mean(axis=0)
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    now = Panel(pd.DataFrame({"left": left}, changes.frame.index))
    pairs = now.frame.join(now.previous(["left"])).dropna()
    cities = pairs.index.unique("city")
    if len(cities) < 2:
        raise EstimationError(
            "fewer than two cities have complete rows in three successive years, so "
            "serial correlation cannot be tested"
        )
    slope, variance, clusters = slope_by_clusters(
        pairs["left"].to_numpy(),
        pairs["previous.left"].to_numpy(),
        cities.get_indexer(pairs.index.get_level_values("city")).astype(np.int64),
        constant=trend,
    )
    kind = "errors" if errors == "levels" else "differenced errors"
    expected = -0.5 if errors == "levels" else 0.0
    return f_test(
        f"{kind} of a city are uncorrelated over the years",
        (slope - expected) ** 2 / variance,
        1,
        clusters - 1,
    )


def _year_by_city(residuals: pd.Series) -> FloatArray:
    if list(residuals.index.names) != ["city", "year"]:
        raise EstimationError(
            f"the residuals' index must be (city, year), got {residuals.index.names}"
        )
    grid = residuals.sort_index().unstack("city")
    return grid.to_numpy(dtype=np.float64)
