"""Sentences that follow from results: their words change when the numbers do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatial_coagg.models.fit import Fit
from spatial_coagg.report.amounts import interval_ends, signed
from spatial_coagg.report.rankings import average_by_region

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Words:
    """What the sentences call things.

    Attributes
    ----------
    place, places : str
        One city, many cities.
    outcome : str
        What the regression explains.
    """

    place: str = "city"
    places: str = "cities"
    outcome: str = "the outcome"


@dataclass(frozen=True, slots=True)
class Response:
    """How the outcome goes with a driver: the percentages behind a sentence.

    Attributes
    ----------
    estimate, lower, upper : float
        Change of the outcome, in per cent (or per cent of 1 + the outcome, or its own
        units), that goes with a driver higher by 10 per cent (or by one unit).
    p_value : float
    """

    estimate: float
    lower: float
    upper: float
    p_value: float


def describe_level(theta: pd.Series, words: Words) -> str:
    """Say how high theta is on average and how it moved between the two ends.

    Parameters
    ----------
    theta : Series
        Index ``(city, year)``.
    words : Words
    """
    means = theta.groupby(level="year").mean()
    first, last = means.index[0], means.index[-1]
    count = int(theta.xs(last, level="year").notna().sum())
    counted = f"{count} {words.place if count == 1 else words.places}"
    start = f"In {last} the average synergy (theta) of {counted} was "
    if len(means) == 1:
        return f"{start}{means[last]:.2f}."
    change = means[last] - means[first]
    if abs(change) < 0.005:
        return f"{start}{means[last]:.2f}, the same as in {first}."
    verb = "rose" if change > 0 else "fell"
    return (
        f"{start}{means[last]:.2f}; since {first} it {verb} by {abs(change):.2f} "
        f"from {means[first]:.2f}."
    )


def describe_leaders(theta: pd.Series, names: Mapping[str, str]) -> str:
    """Say which cities lead and which trail in the last year."""
    last = theta.index.get_level_values("year").max()
    now = theta.xs(last, level="year").dropna().sort_index()
    ranked = now.sort_values(ascending=False, kind="stable")
    called = [names[code] for code in ranked.index.astype("str")]
    top = [f"{called[rank]} ({ranked.iloc[rank]:.2f})" for rank in range(3)[: len(now)]]
    return (
        f"The highest synergy in {last} is in {enumerated(top)}, the lowest in "
        f"{called[-1]} ({ranked.iloc[-1]:.2f})."
    )


def describe_regions(theta: pd.Series, regions: pd.Series) -> str:
    """Say which region leads in the last year and whether it did in the first."""
    means = average_by_region(theta, regions).drop(columns="all")
    if means.shape[1] < 2:
        return ""
    first, last = means.index[0], means.index[-1]
    ranked = means.loc[last].sort_values(ascending=False, kind="stable")
    leader, trailer = ranked.index[0], ranked.index[-1]
    gap = ranked.iloc[0] - ranked.iloc[-1]
    before = means.loc[first, leader] - means.loc[first, trailer]
    if abs(gap - before) < 0.005:
        moved = "as wide as"
    else:
        moved = "wider than" if gap > before else "narrower than"
    return (
        f"Of the regions, {leader} has the highest synergy in {last} "
        f"({ranked.iloc[0]:.2f} on average) and {trailer} the lowest "
        f"({ranked.iloc[-1]:.2f}); the gap of {gap:.2f} is {moved} in {first} "
        f"({before:.2f})."
    )


def describe_clustering(moran: pd.DataFrame, words: Words) -> str:
    """Say in how many years theta is clustered in space, and how sure that is.

    Parameters
    ----------
    moran : DataFrame
        Index year; columns ``statistic`` and ``p_permutation``.
    words : Words
    """
    clear = moran["p_permutation"] < SIGNIFICANT
    above = moran["statistic"] > moran["expectation"]
    alike, unlike = int((clear & above).sum()), int((clear & ~above).sum())
    total = len(moran)
    low, high = moran["statistic"].min(), moran["statistic"].max()
    bounds = f"between {low:.2f} and {high:.2f}" if total > 1 else f"{low:.2f}"
    span = f"Moran's I {bounds}"
    if alike == 0 and unlike == 0:
        return (
            f"Synergy shows no clear pattern in space: in none of {_years(total)} can "
            f"it be told from chance ({span})."
        )
    highest = float(moran.loc[clear, "p_permutation"].max())
    sure = f"{span}; p at most {max(highest, 0.001):.3f} in those years"
    if unlike == 0:
        return (
            f"{words.places.capitalize()} with high synergy lie beside {words.places} "
            f"with high synergy, and low beside low, in {_share(alike, total)} "
            f"({sure})."
        )
    if alike == 0:
        return (
            f"{words.places.capitalize()} with high synergy lie beside {words.places} "
            f"with low synergy in {_share(unlike, total)} ({sure})."
        )
    return (
        f"The pattern of synergy changes: like lies beside like in {_years(alike)} and "
        f"beside unlike in {_years(unlike)} of {total} ({sure})."
    )


def measure_response(fit: Fit, driver: str, outcome: str) -> Response:
    """Turn a slope into a change in per cent that a reader can picture.

    Parameters
    ----------
    fit : Fit
    driver, outcome : str
        As written in the model: ``"ln(theta)"``, ``"ln(cr)"``.

    Notes
    -----
    For a driver in logarithms the change is that of a driver higher by 10 per cent:
    100 (exp(b ln 1.1) - 1) for an outcome in logarithms, b ln 1.1 otherwise.
    """
    return response_of(fit.estimates.loc[driver].to_dict(), driver, outcome)


def response_of(row: Mapping[Any, float], driver: str, outcome: str) -> Response:
    """Do the same for any estimate with its interval and p-value, such as an effect."""
    step = np.log(1.1) if is_log(driver) else 1.0
    ends = np.array([row["estimate"], row["lower"], row["upper"]], dtype=float) * step
    if is_log(outcome):
        ends = 100 * np.expm1(ends)
    return Response(
        float(ends[0]), float(ends[1]), float(ends[2]), float(row["p_value"])
    )


def describe_driver(fit: Fit, driver: str, outcome: str, words: Words) -> str:
    """Say what goes with a higher driver, with its interval and without "causes"."""
    response = measure_response(fit, driver, outcome)
    cause = (
        f"synergy higher by 10 % in a {words.place}"
        if is_log(driver)
        else f"synergy higher by one in a {words.place}"
    )
    interval = told_interval(response, outcome)
    if response.p_value >= SIGNIFICANT:
        return (
            f"Whether {cause} goes with {words.outcome} higher or lower cannot be "
            f"told: the estimate is {told_change(response.estimate, outcome)} "
            f"({interval}, {told_p(response.p_value)})."
        )
    direction = "higher" if response.estimate > 0 else "lower"
    return (
        f"{cause.capitalize()} goes with {words.outcome} {direction} by "
        f"{told_change(abs(response.estimate), outcome)} ({interval}, "
        f"{told_p(response.p_value)}); this is an association within the model, not "
        f"a forecast."
    )


def describe_robustness(fits: Sequence[Fit], driver: str) -> str:
    """Say whether the other specifications agree on a driver."""
    if len(fits) < 2:
        return ""
    verdicts = [_verdict(fit, driver) for fit in fits]
    if len(set(verdicts)) == 1:
        word = {
            "positive": "is positive and significant",
            "negative": "is negative and significant",
            "unclear": "cannot be told from zero",
        }[verdicts[0]]
        return f"The association {word} in all {len(fits)} specifications shown."
    parts = [
        f"{fit.title}: {verdict} ({fit.estimates['estimate'].loc[driver]:.3f})"
        for fit, verdict in zip(fits, verdicts, strict=True)
    ]
    return f"The answer depends on the specification: {'; '.join(parts)}."


def _verdict(fit: Fit, driver: str) -> Literal["positive", "negative", "unclear"]:
    row = fit.estimates.loc[driver].to_dict()
    if row["p_value"] >= SIGNIFICANT:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"


def is_log(variable: str) -> bool:
    """Whether a variable is a logarithm, by the way it is written."""
    return variable.startswith(("ln(", "ln1p(", "ln_"))


def unit_of(outcome: str) -> str:
    """Return the unit of a change of the outcome."""
    if outcome.startswith("ln1p("):
        inner = outcome.removeprefix("ln1p(").removesuffix(")")
        return f" % (of 1 + {inner})"
    return " %" if is_log(outcome) else ""


def told_change(value: float, outcome: str) -> str:
    """Write a change of the outcome with its unit."""
    return f"{signed(value, percent=is_log(outcome))}{unit_of(outcome)}"


def told_interval(response: Response, outcome: str) -> str:
    """Write the interval of a change of the outcome."""
    ends = interval_ends(
        response.lower,
        response.upper,
        lambda end: signed(end, percent=is_log(outcome)),
    )
    return f"95 % interval {ends}"


def told_p(value: float) -> str:
    """Write a p-value."""
    return "p ≤ 0.001" if value <= 0.001 else f"p = {value:.3f}"


def _years(count: int) -> str:
    return "1 year" if count == 1 else f"{count} years"


def _share(count: int, total: int) -> str:
    if count < total:
        return f"{count} of {_years(total)}"
    return "the year studied" if total == 1 else f"every one of the {total} years"


def enumerated(items: Sequence[str]) -> str:
    """Join words by commas and "and"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
