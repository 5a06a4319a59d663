"""What-if: the outcome of every city where theta rises in some."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import Seed
from spatial_coagg.checks import check_choice, check_unique, listed, warn_user
from spatial_coagg.errors import (
    AlignmentError,
    DataWarning,
    ExtrapolationWarning,
    SpatialCoaggError,
)
from spatial_coagg.models.dynamic_responses import (
    AnySpatialFit,
    draw_long_run,
    draw_paths,
)
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.planner.job_changes import JobChanges, JobsBase, move_jobs
from spatial_coagg.planner.scales import KnownTheta, Scale, choose_driver
from spatial_coagg.planner.scenario_result import (
    END_OF_PATH,
    LONG_RUN,
    WhatIf,
    readable,
    spread_changes,
    spread_over_years,
)

Mode: TypeAlias = Literal["synergy", "jobs"]
Percentages: TypeAlias = Mapping[str, float] | pd.Series


def what_if(  # noqa: PLR0913 (a question's options, all by name)
    fit: AnySpatialFit,
    changes: Percentages | JobChanges,
    *,
    mode: Mode = "synergy",
    driver: str | None = None,
    scale: Scale | None = None,
    theta: pd.Series | None = None,
    jobs: JobsBase | None = None,
    years: int | None = None,
    draws: int = 1000,
    level: float = 0.90,
    rng: Seed = None,
) -> WhatIf:
    r"""Ask what goes with more synergy, or more jobs, in some cities.

    Parameters
    ----------
    fit : SpatialPanelFit, SpatialIVFit or DynamicSpatialFit
    changes : mapping or DataFrame
        ``"synergy"``: city code to the percentage by which theta rises. ``"jobs"``:
        city code to industry to persons added (less than zero: lost), nested mappings
        or a table with a row for each city and a column for each industry.
    mode : {"synergy", "jobs"}
    driver : str, optional
        The driver that holds theta; the first whose name says so by default.
    scale : Scale, optional
        Whether driver and outcome are logarithms; read from their names by default:
        ``"ln_theta"``, ``"ln(theta)"``, ``"ln1p(patents)"``, ``"cr"``.
    theta : Series, optional
        ``"synergy"`` only: theta (no unit), index ``(city, year)`` or city; the last
        year counts as today. Needed where the driver is not ln(theta). Without it
        nobody can say whether the question leaves the values seen.
    jobs : JobsBase, optional
        ``"jobs"`` only, and needed there: the table that changes are made to.
    years : int, optional
        Of a dynamic model only: how many years the path goes on, 10 by default.
    draws : int
        Of the joint normal distribution of the estimates.
    level : float
        Coverage of the intervals.
    rng : Generator, int or None

    Returns
    -------
    WhatIf

    Raises
    ------
    AlignmentError
        If a city is unknown, or theta is not known where it is needed.
    MissingColumnError
        If the driver or an industry is not there.
    SpatialCoaggError
        If a percentage is no number above -100, more jobs are lost than there are, or
        an option does not belong to the mode or the model.
    EstimationError
        If a dynamic model is not stable: it has no long run.

    Warns
    -----
    ExtrapolationWarning
        If theta of a changed city leaves the values seen in the cities of the fit.
    DataWarning
        If more jobs lower theta of their city, or fewer raise it.
    InferenceWarning
        If more than one per cent of the draws lie outside the admissible interval.

    Notes
    -----
    .. math:: dy = (I - \rho W)^{-1} (b\, dx + g\, W_x dx)

    with dx = ln(1 + p / 100) for ln(theta). For each draw of (b, g, rho) the equations
    are solved exactly (interpolated in rho to rounding); see :func:`city_responses`.
    own is the diagonal of the multiplier times the city's own change, neighbours the
    rest [1]_. A static model compares long-run positions: it knows no years. Of a
    dynamic model the same is told for its long run, in which b, g and rho + eta are
    divided by 1 - tau, and `path` says how the change gets there if theta changes in
    one year and stays: for each draw the series in W, to rounding. The numbers are
    associations within the model, not forecasts.

    References
    ----------
    .. [1] J. LeSage and R. K. Pace (2009), Introduction to Spatial Econometrics, 2.7.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes, what_if
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found = what_if(fit, {"330100": 10}, theta=panel.frame["theta"], rng=1)
    >>> found.unit, found.horizon, int(found.cities["rank"]["330100"])
    ('% of cr', 'the long run', 1)
    >>> found.cities.loc["330100", ["own", "neighbours", "total"]].round(1).to_list()
    [2.4, 0.0, 2.4]
    """
    check_choice(mode, ("synergy", "jobs"), name="mode")
    chosen = choose_driver(fit, driver)
    scale = scale or Scale.from_labels(chosen, fit.outcome)
    if mode == "synergy":
        _refuse(jobs, "jobs", "in mode 'synergy'")
        moved = _raise_synergy(fit, changes, scale, theta)
    else:
        _refuse(theta, "theta", "in mode 'jobs'")
        moved = _move_jobs(fit, changes, scale, jobs)
    step = moved.table["step"]
    if isinstance(fit, DynamicSpatialFit):
        paths = draw_paths(fit, chosen, draws=draws, level=level, rng=rng)
        made, horizon = paths.long_run, END_OF_PATH
        path = spread_over_years(paths, step, years=_years(years), level=level)
    else:
        _refuse(years, "years", "of a static model")
        made = draw_long_run(fit, chosen, draws=draws, level=level, rng=rng)
        horizon, path = LONG_RUN, None
    effects, overall = spread_changes(made, step, level=level)
    cities = readable(effects, scale)
    outside = moved.known.outside(moved.table["after"], (step != 0).to_numpy())
    cities["extrapolated"] = outside
    return WhatIf(
        mode=mode,
        scale=scale,
        unit=scale.unit,
        horizon=horizon,
        level=level,
        changes=moved.table,
        cities=cities,
        effects=effects,
        overall=overall,
        path=path,
        rejected=made.rejected,
        notes=moved.notes + _beyond(outside, moved.known),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Moved:
    """Theta before and after, the driver's step, what is known of theta, notes."""

    table: pd.DataFrame
    known: KnownTheta
    notes: tuple[str, ...] = ()


def percentages(changes: Percentages | JobChanges, cities: pd.Index) -> pd.Series:
    """Return the percentage of each city of the fit, 0 where nothing was asked."""
    if isinstance(changes, pd.DataFrame):
        raise SpatialCoaggError(
            'a table changes jobs: say mode="jobs", or give a mapping of city code to '
            "percentage"
        )
    asked = changes if isinstance(changes, pd.Series) else pd.Series(dict(changes))
    check_unique(asked.index, name="changes")
    if len(asked) == 0:
        raise SpatialCoaggError("changes names no city; give one or more")
    unknown = asked.index.difference(cities)
    if len(unknown) > 0:
        raise AlignmentError(
            f"changes names {len(unknown)} cities that the fit lacks: "
            f"{listed(unknown)}; its codes are such as {cities[0]!r}"
        )
    numbers = pd.to_numeric(asked, errors="coerce").astype(float)
    wrong = np.asarray(~np.isfinite(numbers) | (numbers <= -100))
    if wrong.any():
        city = numbers.index[wrong][0]
        raise SpatialCoaggError(
            f"theta of city {city!r} is to rise by {asked[city]} per cent; give a "
            f"number above -100"
        )
    return numbers.reindex(cities, fill_value=0.0)


def _raise_synergy(
    fit: AnySpatialFit,
    changes: Percentages | JobChanges,
    scale: Scale,
    theta: pd.Series | None,
) -> _Moved:
    percent = percentages(changes, fit.cities)
    known = KnownTheta.from_series(theta, fit.cities)
    check_theta_known(known, scale, percent.index[(percent != 0).to_numpy()])
    after = known.now * (1 + percent / 100)
    step = scale.raised(known.now, percent).where(percent != 0, 0.0)
    table = pd.DataFrame({"before": known.now, "after": after, "step": step})
    return _Moved(table, known)


def check_theta_known(known: KnownTheta, scale: Scale, cities: pd.Index) -> None:
    """Raise where a percentage of theta needs a theta that is not known."""
    unknown = known.now.index[known.now.isna().to_numpy()].intersection(cities)
    if scale.needs_theta and len(unknown) > 0:
        raise AlignmentError(
            f"the driver is {scale.driver.label}, so that a percentage needs today's "
            f"theta, which is not known for {listed(unknown)}; give theta="
        )


def _move_jobs(
    fit: AnySpatialFit,
    changes: Percentages | JobChanges,
    scale: Scale,
    jobs: JobsBase | None,
) -> _Moved:
    if jobs is None:
        raise SpatialCoaggError(
            'mode="jobs" needs the table of jobs: give jobs=JobsBase(...)'
        )
    moved = move_jobs(jobs, changes, fit.cities, fit.years)
    step = scale.moved(moved.before, moved.after)
    table = pd.DataFrame({"before": moved.before, "after": moved.after, "step": step})
    for note in moved.notes:
        warn_user(
            note,
            DataWarning,
        )
    known = KnownTheta(moved.before, moved.low, moved.high)
    return _Moved(table, known, moved.notes)


def _beyond(outside: pd.Series, known: KnownTheta) -> tuple[str, ...]:
    beyond = outside.index[outside.eq(other=True).fillna(value=False)]
    if len(beyond) == 0:
        return ()
    cities = "a city" if len(beyond) == 1 else f"{len(beyond)} cities"
    note = (
        f"theta of {cities} ({listed(beyond)}) leaves the values seen, {known.low:.2f} "
        f"to {known.high:.2f}: the model is asked about what its data do not show"
    )
    warn_user(
        note,
        ExtrapolationWarning,
    )
    return (note,)


def _years(years: int | None) -> int:
    if years is not None and years < 0:
        raise SpatialCoaggError(f"years must be 0 or more, got {years}")
    return 10 if years is None else years


def _refuse(given: object, name: str, where: str) -> None:
    if given is not None:
        raise SpatialCoaggError(f"{name}= has no use {where}; leave it out")
