"""Dynamic panel models by difference and system GMM, with the digits of xtabond2.

Every convention that decides the digits is that of Stata's xtabond2 (Roodman 2009):

================================  ================================================
xtabond2                          here
================================  ================================================
``y L.y L2.y x L.x``              ``outcome="y", outcome_lags=2,``
                                  ``drivers=["x", "previous.x"]``
``gmm(y, lag(2 4))``              ``GmmInstruments("y", lags=(2, 4))``
``gmm(L.y)``                      ``GmmInstruments("y", lags=(2, None))``; where
                                  rows have gaps
                                  ``GmmInstruments("previous.y", lags=(1, None))``
``gmm(..., collapse)``            ``GmmInstruments(..., collapse=True)``
``gmm(..., equation(diff))``      ``GmmInstruments(..., equation="difference")``
``gmm(..., equation(level))``     ``GmmInstruments(..., equation="level")``
``gmm(..., split)``               two groups, one for each equation
``iv(x)``                         ``StandardInstruments("x")``
``iv(x, equation(level))``        ``StandardInstruments("x", equation="level")``
``i.year iv(i.year, eq(level))``  ``year_dummies=True``
``noleveleq``                     ``GmmMethod(equations="difference")``
``orthogonal``                    ``GmmMethod(transformation="deviations")``
``twostep`` or not                ``GmmMethod(steps="two-step")``, ``"one-step"``;
                                  ``"iterated"`` until nothing changes
``robust`` or not                 ``GmmMethod(covariance="robust")``,
                                  ``"classical"``; after two steps Windmeijer's
                                  correction or none
``h(1)``, ``h(2)``, ``h(3)``      ``GmmMethod(weighting=1)``, ``2``, ``3``
``noconstant``                    ``GmmMethod(constant=False)``
``small``                         ``GmmMethod(small=True)``
``artests(3)``                    ``ar_orders=3``
``e(sargan)``, ``e(hansen)``      ``fit.sargan``, ``fit.hansen``
``e(diffsargan)``                 ``fit.difference_in_hansen``
``e(chi2)``, ``e(F)``             ``fit.wald``
``e(j)``, ``e(N)``, ``e(N_g)``    ``fit.instruments``, ``fit.observations``,
                                  ``fit.cities``
``e(sig2)``                       ``fit.sigma2``
================================  ================================================

An endogenous driver takes ``GmmInstruments(x, lags=(2, None))``, a predetermined one
``lags=(1, None)``, a strictly exogenous one ``StandardInstruments(x)``. Not offered:
``passthru``, ``mz``, ``pca``, ``cluster()``, weights, ``arlevels``, and backward
orthogonal deviations of instruments. Three things differ on purpose: collinear drivers
are an error instead of being dropped; a covariance of moments without full rank is
inverted after Moore and Penrose, as gretl does, instead of by dropping moments; and
where errors are taken as i.i.d. (one-step, classical) the serial-correlation tests use
the whole of H, level errors included, which xtabond2 3.7 leaves out in a system.
"""

from collections.abc import Sequence

import pandas as pd

from spatial_coagg.errors import EstimationError
from spatial_coagg.models._gmm_estimation import pose_problem, run_steps
from spatial_coagg.models._gmm_moments import build_instruments
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.gmm_checks import (
    check_identified,
    check_instruments,
    check_request,
    check_variation,
    warn_of_doubts,
)
from spatial_coagg.models.gmm_grid import lay_out_grid, split_lag, write_lag
from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.gmm_rows import YEAR_DUMMIES, Rows, build_rows, list_sources
from spatial_coagg.models.gmm_solution import (
    Solution,
    build_error_covariance,
    compute_hansen,
    compute_lag_bounds,
    compute_sargan,
    compute_wald,
    tabulate_differences,
    tabulate_long_run,
    tabulate_serial_correlation,
)
from spatial_coagg.models.instruments import InstrumentGroup, StandardInstruments
from spatial_coagg.tables.panel import Panel

TWO_STEP_SYSTEM = GmmMethod()


def fit_dynamic_gmm(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    instruments: Sequence[InstrumentGroup],
    outcome_lags: int | Sequence[int] = 1,
    year_dummies: bool = False,
    ar_orders: int = 2,
    method: GmmMethod = TWO_STEP_SYSTEM,
) -> DynamicGmmFit:
    """Estimate a model with the city's own past by difference or system GMM.

    Parameters
    ----------
    panel : Panel
        May be unbalanced and have gaps; lags are counted in calendar years.
    outcome : str
    drivers : sequence of str
        Regressors; ``"previous.<name>"`` is the value one year before,
        ``"previous2.<name>"`` two years before. May be empty.
    instruments : sequence of GmmInstruments or StandardInstruments
        What is orthogonal to the errors. The constant and the year dummies are
        added to it.
    outcome_lags : int or sequence of int
        2 takes the outcome one and two years before; (1, 3) takes these two lags.
    year_dummies : bool
        Whether to add a dummy for each year but the first. They are instruments of the
        level equation in a system, of the transformed equation otherwise.
    ar_orders : int
        Up to which order to test for serial correlation.
    method : GmmMethod
        Two-step system GMM in first differences with Windmeijer's correction, unless
        told otherwise.

    Returns
    -------
    DynamicGmmFit

    Raises
    ------
    MissingColumnError
        If the panel lacks a variable.
    EstimationError
        If there are too few years, a lag is longer than the panel, an instrument group
        is empty, drivers are collinear or do not vary, or the instruments do not
        identify the coefficients; the message names the variable.

    Warns
    -----
    MissingValueWarning
        If rows with missing values were left out.
    InferenceWarning
        If instruments are as many as cities, Hansen's p-value is above 0.99, AR(1) is
        not rejected, the coefficient of the previous outcome lies outside the interval
        from the within to the pooled estimate, or a weighting matrix is singular.

    Notes
    -----
    With Z_i the instruments of city i, H the covariance of one city's transformed
    errors up to scale, on the whole calendar and the same for every city,

        b1 = (X'Z A1 Z'X)^-1 X'Z A1 Z'y,  A1 = (sum of Z_i' H Z_i)^-1,
        b2 = the same with A2 = (sum of Z_i' e_i e_i' Z_i)^-1, e_i from b1.

    Rows that lack a value are zero in Z. Orthogonal deviations carry the year after
    the one they start from. See the module for the options of xtabond2.

    References
    ----------
    Arellano, M. and Bond, S. (1991). Review of Economic Studies 58, 277-297.
    Blundell, R. and Bond, S. (1998). Journal of Econometrics 87, 115-143.
    Roodman, D. (2009). Stata Journal 9, 86-136.
    Windmeijer, F. (2005). Journal of Econometrics 126, 25-51.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.instruments import GmmInstruments, StandardInstruments
    >>> from spatial_coagg.models.system_gmm import fit_dynamic_gmm
    >>> rng = np.random.default_rng(1)
    >>> roads = rng.normal(size=(9, 200))
    >>> city_effect = rng.normal(size=200)
    >>> patents = rng.normal(size=(9, 200))
    >>> patents[0] += 2 * city_effect  # where growth at 0.5 a year leads
    >>> for t in range(1, 9):
    ...     patents[t] += 0.5 * patents[t - 1] + 0.8 * roads[t] + city_effect
    >>> cells = {"patents": patents.ravel(), "roads": roads.ravel()}
    >>> years, cities = np.indices((9, 200)).reshape(2, -1)
    >>> frame = pd.DataFrame(cells | {"city": cities, "year": 2010 + years})
    >>> fit = fit_dynamic_gmm(
    ...     Panel.from_frame(frame, city="city", year="year"),
    ...     "patents",
    ...     ["roads"],
    ...     instruments=[
    ...         GmmInstruments("patents", lags=(2, 4), collapse=True),
    ...         StandardInstruments("roads"),
    ...     ],
    ... )
    >>> fit.estimates["estimate"].round(2).to_dict()
    {'previous.patents': 0.54, 'roads': 0.76, 'constant': 0.1}
    >>> round(float(fit.long_run.loc["roads", "estimate"]), 2)
    1.66
    >>> round(fit.hansen.p_value, 2)
    0.57
    """
    lags = _list_lags(outcome, outcome_lags)
    regressors = [*lags, *drivers]
    check_request(outcome, regressors, instruments, method)
    standard = [
        group for group in instruments if isinstance(group, StandardInstruments)
    ]
    grid = lay_out_grid(
        panel,
        [outcome, *regressors, *(name for group in standard for name in group.names)],
        [name for group in instruments for name in group.names],
    )
    rows = build_rows(
        grid,
        outcome,
        regressors,
        groups=instruments,
        method=method,
        year_dummies=year_dummies,
    )
    check_variation(rows, outcome, method)
    groups = [group.label for group in instruments]
    if rows.year_dummies:
        groups.append(YEAR_DUMMIES)
    solution = _solve(rows, instruments, groups, method)
    columns = panel.columns
    families: dict[str, list[str]] = {}
    for driver in drivers:
        families.setdefault(split_lag(driver, columns)[0], []).append(driver)
    fit = _describe(solution, outcome, groups, lags, families, ar_orders)
    warn_of_doubts(fit, solution.course)
    return fit


def _list_lags(outcome: str, lags: int | Sequence[int]) -> list[str]:
    numbers = range(1, lags + 1) if isinstance(lags, int) else lags
    if (isinstance(lags, int) and lags < 0) or any(lag < 1 for lag in numbers):
        raise EstimationError(
            f"outcome_lags must be 0 or more, or lags of 1 or more, got {lags}"
        )
    return [write_lag(outcome, lag) for lag in numbers]


def _solve(
    rows: Rows,
    groups: Sequence[InstrumentGroup],
    labels: Sequence[str],
    method: GmmMethod,
) -> Solution:
    """Lay out the instruments, check them and take the steps."""
    instruments = build_instruments(
        list_sources(rows, groups, method), rows.equations.used
    )
    check_instruments(instruments, rows.labels, labels)
    covariance = build_error_covariance(rows.equations.years, method)
    problem = pose_problem(rows.equations, instruments, covariance)
    check_identified(problem, rows.labels)
    most_steps = method.most_steps if method.steps == "iterated" else 2
    return Solution(rows, problem, run_steps(problem, most_steps=most_steps), method)


def _describe(
    solution: Solution,
    outcome: str,
    groups: Sequence[str],
    lags: Sequence[str],
    families: dict[str, list[str]],
    ar_orders: int,
) -> DynamicGmmFit:
    """Put the labels back and run the tests."""
    labels = list(solution.rows.labels)
    covariance = solution.covariance * solution.small_factor
    hansen = compute_hansen(solution)
    used = solution.problem.equations.used
    years = solution.problem.equations.years
    counts = [
        int((solution.problem.instruments.group == number).sum())
        for number in range(len(groups))
    ]
    efficient, first = solution.course.efficient.weight, solution.course.first.weight
    one_step = solution.method.steps == "one-step"
    return DynamicGmmFit(
        outcome=outcome,
        method=solution.method,
        estimates=tabulate_estimates(
            labels,
            solution.step.coefficients,
            covariance,
            degrees_of_freedom=solution.residual_degrees,
        ),
        covariance=pd.DataFrame(covariance, index=labels, columns=labels),
        long_run=tabulate_long_run(solution, lags, families),
        ar_tests=tabulate_serial_correlation(solution, ar_orders),
        sargan=compute_sargan(solution),
        hansen=hansen,
        difference_in_hansen=tabulate_differences(solution, groups, hansen.statistic),
        wald=compute_wald(solution, with_constant=True),
        wald_of_drivers=compute_wald(solution, with_constant=False),
        instrument_groups=pd.Series(counts, index=list(groups), name="instruments"),
        instruments=first.rank,
        observations=solution.observations,
        transformed_observations=int(used[:years].sum()),
        cities=solution.cities,
        sigma2=solution.reported_sigma2,
        lag_bounds=compute_lag_bounds(solution, write_lag(outcome, 1)),
        weighting_inverse="inverse"
        if efficient.rank == first.rank
        else "Moore-Penrose",
        steps=1 if one_step else solution.course.steps,
        years=int(solution.counted.any(axis=1).sum()),
    )
