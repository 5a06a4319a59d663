"""Whose synergy reaches whom: the best source for a city, and for all together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray, IntArray, Seed
from spatial_coagg.checks import listed
from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.models.dynamic_responses import AnySpatialFit, draw_long_run
from spatial_coagg.planner.scales import KnownTheta, Scale, choose_driver
from spatial_coagg.planner.scenario_result import rank_of, summarise
from spatial_coagg.planner.scenarios import check_theta_known, percentages

CAVEAT = (
    "Gains add up in this model: no city's gain is another's loss, every city counts "
    "alike whatever its size, and raising theta is as easy in one city as in another. "
    "The choice depends on who counts as a neighbour; it is an association, not a "
    "forecast."
)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """From whose synergy a city gains.

    Attributes
    ----------
    city : str
    percent : float
        By which theta rises in one source at a time.
    unit : str
        ``"% of cr"``, ``"% of 1 + patents"`` or the outcome's name.
    level : float
        Coverage of the intervals.
    sources : DataFrame
        Index source (every other city), the best first. Columns in `unit`: estimate,
        median, lower, upper; includes_zero; rank; extrapolated, as in
        :class:`WhatIf`.
    own : Series
        The same numbers if theta rises in the city itself.
    rejected : int
        Draws outside the admissible interval, not used.
    """

    city: str
    percent: float
    unit: str
    level: float
    sources: pd.DataFrame
    own: pd.Series
    rejected: int


@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """The cities whose synergy reaches farthest.

    Attributes
    ----------
    percent : float
        By which theta rises in each.
    unit : str
        Of the gains: ``"% of cr"``, ``"% of 1 + patents"`` or the outcome's name,
        in each city on average.
    level : float
        Coverage of the intervals.
    cities : DataFrame
        Index city, the best first. Columns: estimate, median, lower, upper (gain of all
        cities together from this one, summed, in units of the outcome as it stands in
        the model), chosen_in (share of draws in which the city is among the best) and
        extrapolated, as in :class:`WhatIf`.
    total : Series
        estimate, median, lower, upper of the cities chosen together.
    average : Series
        `total` for each city on average, in `unit`.
    caveat : str
        What these numbers leave out.
    rejected : int
        Draws outside the admissible interval, not used.
    """

    percent: float
    unit: str
    level: float
    cities: pd.DataFrame
    total: pd.Series
    average: pd.Series
    caveat: str
    rejected: int


def targets(  # noqa: PLR0913 (a question's options, all by name)
    fit: AnySpatialFit,
    *,
    city: str,
    percent: float = 10.0,
    driver: str | None = None,
    scale: Scale | None = None,
    theta: pd.Series | None = None,
    draws: int = 1000,
    level: float = 0.90,
    rng: Seed = None,
) -> Targets:
    """Ask from whose synergy a city gains most.

    Parameters
    ----------
    fit : SpatialPanelFit, SpatialIVFit or DynamicSpatialFit
    city : str
        Code of the city that gains.
    percent : float
        By which theta rises in one source at a time.
    driver, scale, theta, draws, level, rng
        As for :func:`what_if`.

    Returns
    -------
    Targets

    Raises
    ------
    AlignmentError
        If the city is unknown, or theta is not known where it is needed.
    MissingColumnError
        If the driver is not there.
    SpatialCoaggError
        If `percent` is no number above -100 or is 0, or the other options make no
        sense.

    Notes
    -----
    Row i of the responses S of :func:`city_responses`, times each source's change of
    the driver: one solution with the transposed matrix, for each node in rho.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes, targets
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found = targets(fit, city="330100", rng=1)
    >>> found.sources.index[:2].to_list(), found.unit
    (['330700', '330500'], '% of cr')
    """
    if city not in fit.cities:
        raise AlignmentError(
            f"the fit has no city {city!r}; its codes are such as {fit.cities[0]!r}"
        )
    chosen = choose_driver(fit, driver)
    scale = scale or Scale.from_labels(chosen, fit.outcome)
    needed = fit.cities.drop(city)
    step, outside = _raised_each(fit, percent, scale, theta, needed)
    made = draw_long_run(fit, chosen, draws=draws, level=level, rng=rng)
    unit = (fit.cities == city).astype(np.float64)
    point, drawn = (
        curves.rows(unit) * step[:, None] for curves in (made.point, made.drawn)
    )
    index = fit.cities.rename("source")
    found = scale.told(summarise(point[:, 0], drawn, level=level, index=index))
    others = found.drop(index=city)
    others["includes_zero"] = (others["lower"] <= 0) & (others["upper"] >= 0)
    others["rank"] = rank_of(others["median"])
    others["extrapolated"] = outside.drop(city)
    return Targets(
        city=city,
        percent=percent,
        unit=scale.unit,
        level=level,
        sources=others.sort_values("rank", kind="stable"),
        own=found.T[city],
        rejected=made.rejected,
    )


def corridor(  # noqa: PLR0913 (a question's options, all by name)
    fit: AnySpatialFit,
    *,
    k: int = 5,
    percent: float = 10.0,
    candidates: Sequence[str] | None = None,
    driver: str | None = None,
    scale: Scale | None = None,
    theta: pd.Series | None = None,
    draws: int = 1000,
    level: float = 0.90,
    rng: Seed = None,
) -> Corridor:
    """Find the k cities whose higher synergy goes with the largest gain of all.

    Parameters
    ----------
    fit : SpatialPanelFit, SpatialIVFit or DynamicSpatialFit
    k : int
        How many cities.
    percent : float
        By which theta rises in each of them.
    candidates : sequence of str, optional
        City codes to choose from; all by default.
    driver, scale, theta, draws, level, rng
        As for :func:`what_if`.

    Returns
    -------
    Corridor

    Raises
    ------
    AlignmentError
        If a candidate is unknown, or theta is not known where it is needed.
    MissingColumnError
        If the driver is not there.
    SpatialCoaggError
        If there are fewer than `k` candidates, `percent` is no number above -100 or is
        0, or the other options make no sense.

    Notes
    -----
    The gain of all from city j is the sum of column j of the responses S of
    :func:`city_responses` ("given" and own) times its change of the driver. Gains add
    up, so that the k largest are the best k together. They are chosen by the point
    estimates; `chosen_in` says how often a draw chooses the same.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, corridor, fit_spatial_panel
    >>> from spatial_coagg import load_example, load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found = corridor(fit, k=3, rng=1)
    >>> found.cities.shape, found.unit
    ((3, 6), '% of cr')
    """
    chosen = choose_driver(fit, driver)
    scale = scale or Scale.from_labels(chosen, fit.outcome)
    allowed = _allowed(fit, candidates, k)
    needed = fit.cities[allowed]
    step, outside = _raised_each(fit, percent, scale, theta, needed)
    made = draw_long_run(fit, chosen, draws=draws, level=level, rng=rng)
    ones = np.ones(len(fit.cities))
    point, drawn = (
        (curves.rows(ones) * step[:, None])[allowed]
        for curves in (made.point, made.drawn)
    )
    best = _largest(point, k)[:, 0]
    table = summarise(point[best, 0], drawn[best], level=level, index=needed[best])
    table["chosen_in"] = _share_chosen(drawn, best)
    table["extrapolated"] = outside[table.index]
    together = summarise(
        point[best].sum(axis=0),
        drawn[best].sum(axis=0, keepdims=True),
        level=level,
        index=pd.Index(["all"]),
    )
    return Corridor(
        percent=percent,
        unit=scale.unit,
        level=level,
        cities=table,
        total=together.T["all"],
        average=scale.told(together / len(fit.cities)).T["all"],
        caveat=CAVEAT,
        rejected=made.rejected,
    )


def _raised_each(
    fit: AnySpatialFit,
    percent: float,
    scale: Scale,
    theta: pd.Series | None,
    needed: pd.Index,
) -> tuple[FloatArray, pd.Series]:
    """Return each city's change of the driver, and whether theta leaves the seen."""
    asked = percentages(dict.fromkeys(fit.cities, percent), fit.cities)
    if percent == 0:
        raise SpatialCoaggError("percent is 0: nothing would change; give another")
    known = KnownTheta.from_series(theta, fit.cities)
    check_theta_known(known, scale, needed)
    after = known.now * (1 + asked / 100)
    step = scale.raised(known.now, asked).to_numpy(dtype=np.float64)
    return step, known.outside(after, np.ones(len(after), dtype=bool))


def _allowed(fit: AnySpatialFit, candidates: Sequence[str] | None, k: int) -> IntArray:
    """Return the places of the candidates in the fit."""
    names = fit.cities if candidates is None else pd.Index(list(candidates)).unique()
    unknown = names.difference(fit.cities)
    if len(unknown) > 0:
        raise AlignmentError(
            f"candidates names {len(unknown)} cities that the fit lacks: "
            f"{listed(unknown)}; its codes are such as {fit.cities[0]!r}"
        )
    if not 1 <= k <= len(names):
        raise SpatialCoaggError(
            f"k must be between 1 and the number of candidates, {len(names)}; got {k}"
        )
    return np.flatnonzero(fit.cities.isin(names))


def _largest(gains: FloatArray, k: int) -> IntArray:
    """Return the rows of the k largest numbers of each column, the largest first."""
    # Rounding must not decide between equals: then the order of the cities does.
    shares = np.round(gains / np.abs(gains).max(), 10)
    return np.argsort(-shares, axis=0, kind="stable")[:k]


def _share_chosen(drawn: FloatArray, best: IntArray) -> FloatArray:
    chosen = np.zeros(drawn.shape)
    np.put_along_axis(chosen, _largest(drawn, len(best)), 1.0, axis=0)
    return np.asarray(chosen[best].mean(axis=1))
