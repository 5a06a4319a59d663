"""Sentences that follow from results: their words change when the numbers do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from spatial_coagg.models.fit import Fit
from spatial_coagg.report.amounts import interval_ends, signed
from spatial_coagg.report.rankings import average_by_region
from spatial_coagg.report.words import Words

SIGNIFICANT = 0.05


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
    facts = {"last": last, "counted": words.count(count), "now": means[last]}
    if len(means) == 1:
        return words.say(
            "In {last} the average synergy (theta) of {counted} was {now:.2f}.", **facts
        )
    change = means[last] - means[first]
    if abs(change) < 0.005:
        return words.say(
            "In {last} the average synergy (theta) of {counted} was {now:.2f}, the "
            "same as in {first}.",
            **facts,
            first=first,
        )
    return words.say(
        "In {last} the average synergy (theta) of {counted} was {now:.2f}; since "
        "{first} it has {moved} by {change:.2f}, from {before:.2f}.",
        **facts,
        first=first,
        moved=words.name("risen" if change > 0 else "fallen"),
        change=abs(change),
        before=means[first],
    )


def describe_leaders(theta: pd.Series, names: Mapping[str, str], words: Words) -> str:
    """Say which cities lead and which trail in the last year."""
    last = theta.index.get_level_values("year").max()
    now = theta.xs(last, level="year").dropna().sort_index()
    ranked = now.sort_values(ascending=False, kind="stable")
    called = [
        words.say("{name} ({value:.2f})", name=names[str(code)], value=value)
        for code, value in ranked.items()
    ]
    return words.say(
        "The highest synergy in {last} is in {top}, the lowest in {trailer}.",
        last=last,
        top=words.enumerate(called[:3]),
        trailer=called[-1],
    )


def describe_regions(theta: pd.Series, regions: pd.Series, words: Words) -> str:
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
    return words.say(
        "Of the regions, {leader} has the highest synergy in {last} ({high:.2f} on "
        "average) and {trailer} the lowest ({low:.2f}); the gap of {gap:.2f} is "
        "{moved} in {first} ({before:.2f}).",
        leader=words.name(str(leader)),
        trailer=words.name(str(trailer)),
        last=last,
        first=first,
        high=ranked.iloc[0],
        low=ranked.iloc[-1],
        gap=gap,
        before=before,
        moved=words.name(moved),
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
    span = words.say(
        "Moran's I between {low:.2f} and {high:.2f}"
        if total > 1
        else "Moran's I {low:.2f}",
        low=moran["statistic"].min(),
        high=moran["statistic"].max(),
    )
    if alike == 0 and unlike == 0:
        return words.say(
            "Synergy shows no clear pattern in space: in none of {years} can it be "
            "told from chance ({span}).",
            years=_years(total, words),
            span=span,
        )
    highest = float(moran.loc[clear, "p_permutation"].max())
    sure = words.say(
        "{span}; p at most {p:.3f} in those years", span=span, p=max(highest, 0.001)
    )
    if alike and unlike:
        return words.say(
            "The pattern of synergy changes: like lies beside like in {alike} and "
            "beside unlike in {unlike} of {total} ({sure}).",
            alike=_years(alike, words),
            unlike=_years(unlike, words),
            total=total,
            sure=sure,
        )
    return words.say(
        "{Places} with high synergy lie beside {places} with high synergy, and low "
        "beside low, in {share} ({sure})."
        if alike
        else "{Places} with high synergy lie beside {places} with low synergy in "
        "{share} ({sure}).",
        share=_share(alike or unlike, total, words),
        sure=sure,
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
    higher = told_step(driver, words)
    if response.p_value >= SIGNIFICANT:
        return words.say(
            "Whether synergy {higher} in a {place} goes with {outcome} higher or "
            "lower cannot be told: the estimate is {estimate}.",
            higher=higher,
            estimate=told_estimate(response.estimate, response, outcome, words),
        )
    return words.say(
        "Synergy {higher} in a {place} goes with {outcome} {direction} by {estimate}; "
        "this is an association within the model, not a forecast.",
        higher=higher,
        direction=words.name("higher" if response.estimate > 0 else "lower"),
        estimate=told_estimate(abs(response.estimate), response, outcome, words),
    )


def describe_robustness(fits: Sequence[Fit], driver: str, words: Words) -> str:
    """Say whether the other specifications agree on a driver."""
    if len(fits) < 2:
        return ""
    verdicts = [_verdict(fit, driver) for fit in fits]
    if len(set(verdicts)) == 1:
        agreed = {
            "positive": "The association is positive and significant in all {count} "
            "specifications shown.",
            "negative": "The association is negative and significant in all {count} "
            "specifications shown.",
            "unclear": "The association cannot be told from zero in all {count} "
            "specifications shown.",
        }[verdicts[0]]
        return words.say(agreed, count=len(fits))
    parts = [
        words.say(
            "{title}: {verdict} ({estimate:.3f})",
            title=fit.title,
            verdict=words.name(verdict),
            estimate=fit.estimates["estimate"].loc[driver],
        )
        for fit, verdict in zip(fits, verdicts, strict=True)
    ]
    return words.say(
        "The answer depends on the specification: {parts}.",
        parts=words.name("; ").join(parts),
    )


def _verdict(fit: Fit, driver: str) -> Literal["positive", "negative", "unclear"]:
    row = fit.estimates.loc[driver].to_dict()
    if row["p_value"] >= SIGNIFICANT:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"


def is_log(variable: str) -> bool:
    """Whether a variable is a logarithm, by the way it is written."""
    return variable.startswith(("ln(", "ln1p(", "ln_"))


def told_step(driver: str, words: Words) -> str:
    """Say by how much a driver is taken to be higher."""
    if is_log(driver):
        return words.say("higher by {percent:g} %", percent=10)
    return words.name("higher by one")


def unit_of(outcome: str, words: Words) -> str:
    """Return the unit of a change of the outcome."""
    if outcome.startswith("ln1p("):
        inner = outcome.removeprefix("ln1p(").removesuffix(")")
        return words.say(" % (of 1 + {name})", name=inner)
    return words.name(" %") if is_log(outcome) else ""


def told_estimate(size: float, response: Response, outcome: str, words: Words) -> str:
    """Write a change of the outcome with its unit, interval and p-value."""

    def write(value: float) -> str:
        return signed(value, words, percent=is_log(outcome))

    return words.say(
        "{size}{unit} (95 % interval {ends}, {p})",
        size=write(size),
        unit=unit_of(outcome, words),
        ends=interval_ends(response.lower, response.upper, write, words),
        p=told_p(response.p_value),
    )


def told_p(value: float) -> str:
    """Write a p-value."""
    return "p ≤ 0.001" if value <= 0.001 else f"p = {value:.3f}"


def _years(count: int, words: Words) -> str:
    return words.say("1 year" if count == 1 else "{count} years", count=count)


def _share(count: int, total: int, words: Words) -> str:
    if count < total:
        return words.say("{count} of {total} years", count=count, total=total)
    if total == 1:
        return words.name("the year studied")
    return words.say("every one of the {total} years", total=total)
