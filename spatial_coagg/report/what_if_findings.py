"""Sentences about what-ifs: who gains, how surely, and what the numbers are not."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.report.what_if_question import NAMED, Question, includes_zero
from spatial_coagg.report.words import Words, capital

ASSOCIATION = "This is an association within the model, not a forecast."


def describe_what_if(
    cities: pd.DataFrame,
    changed: Sequence[str],
    question: Question,
    names: Mapping[str, str],
    words: Words,
) -> list[str]:
    """Say what goes with a change: at home, elsewhere, and how surely.

    Parameters
    ----------
    cities : DataFrame
        Index city; columns total, lower, upper, includes_zero: see :class:`WhatIf`.
    changed : sequence of str
        Cities that the question names.
    question : Question
    names : mapping of str to str
    words : Words
    """
    here = cities.loc[cities.index.isin(list(changed))]
    there = cities.drop(index=here.index)
    sentences = []
    if len(here) > NAMED:
        sentences.append(_at_many_homes(here, question, words))
    elif len(here) > 0:
        sentences.append(_at_home(here, question, names, words))
    if len(there) > 0:
        sentences.append(_elsewhere(there, question, names, words))
    return sentences


def describe_average(
    average: pd.DataFrame, places: int, question: Question, words: Words
) -> str:
    """Say what it comes to over all cities, and how much of it is neighbours' doing.

    Parameters
    ----------
    average : DataFrame
        Index own, neighbours, total; columns median, lower, upper.
    places : int
        How many cities.
    question : Question
    words : Words
    """
    total = average.T["total"]
    if includes_zero(total):
        return words.say(
            "Over all {count} {places} together it cannot be told whether the change "
            "goes with {outcome} higher or lower: {told} on average.",
            count=places,
            told=question.told(total, words),
        )
    own, around = (float(average.T[part]["median"]) for part in ("own", "neighbours"))
    told = words.say(
        "Over all {count} {places} together the change goes with {outcome} {than} on "
        "average",
        count=places,
        than=question.than(total, words),
    )
    if own * around <= 0:
        return words.say("{told}.", told=told)
    return words.say(
        "{told}; {share:.0f} per cent of that comes from neighbours.",
        told=told,
        share=100 * around / (own + around),
    )


def describe_limits(
    question: Question, horizon: str, notes: Sequence[str], words: Words
) -> list[str]:
    """Say what the numbers are of, when they hold and what they are not."""
    sentences = []
    if question.of_one_more:
        sentences.append(
            words.say(
                "The percentages are of 1 + {name}, because the model explains ln(1 + "
                "{name}); of {name} alone they are larger, the more so the closer to "
                "zero.",
                name=question.variable,
            )
        )
    if horizon == "the long run":
        sentences.append(
            words.say(
                "The model is static: it compares long-run positions and does not say "
                "how soon one is reached."
            )
        )
    sentences += [words.say("Note: {note}.", note=note) for note in notes]
    return [*sentences, words.say(ASSOCIATION)]


def describe_path(
    path: pd.DataFrame, end: float, city: str, name: str, words: Words
) -> str:
    """Say how soon a change in a city is there, by a dynamic model.

    Parameters
    ----------
    path : DataFrame
        Index (years_after, city); column median.
    end : float
        Median of the long run in that city, in the same units.
    city, name : str
        Its code and its name.
    words : Words
    """
    medians = path["median"].xs(city, level="city")
    if end == 0:
        return ""
    last = int(medians.index.max())
    told = [
        words.say(
            "{share:.0f} per cent is there {when}"
            if year == 0
            else "{share:.0f} per cent {when}",
            share=100 * medians[year] / end,
            when=_after(year, words),
        )
        for year in sorted({0, last // 2, last})
    ]
    return words.say(
        "The model is dynamic: if the change stays, of its long run in {name} {told}.",
        name=name,
        told=words.enumerate(told),
    )


def _at_home(
    here: pd.DataFrame, question: Question, names: Mapping[str, str], words: Words
) -> str:
    clear = [
        words.say(
            "{than} in {name} itself",
            than=question.than(row, words),
            name=names[str(city)],
        )
        for city, row in here[~here["includes_zero"]].iterrows()
    ]
    unclear = [
        words.say(
            "{name} itself ({told})",
            name=names[str(city)],
            told=question.told(row, words),
        )
        for city, row in here[here["includes_zero"]].iterrows()
    ]
    facts = {
        "verb": question.verb,
        "clear": words.enumerate(clear),
        "unclear": words.enumerate(unclear),
    }
    if not clear:
        return words.say(
            "It cannot be told whether {cause} {verb} {outcome} higher or lower in "
            "{unclear}.",
            **facts,
            cause=question.cause,
        )
    return words.say(
        "{cause} {verb} {outcome} {clear}; it cannot be told whether with {outcome} "
        "higher or lower in {unclear}."
        if unclear
        else "{cause} {verb} {outcome} {clear}.",
        **facts,
        cause=capital(question.cause),
    )


def _at_many_homes(here: pd.DataFrame, question: Question, words: Words) -> str:
    clear = here[~here["includes_zero"]]
    counts = {
        "higher in {count}": int((clear["total"] > 0).sum()),
        "lower in {count}": int((clear["total"] < 0).sum()),
        "not to be told from unchanged in {count}": int(here["includes_zero"].sum()),
    }
    directions = [
        words.say(told, count=count) for told, count in counts.items() if count > 0
    ]
    return words.say(
        "{cause} {verb} {outcome} {directions} of these {count} {places} themselves "
        "(medians {low} to {high}; by {interval}s).",
        cause=capital(question.cause),
        verb=question.verb,
        directions=words.enumerate(directions),
        count=len(here),
        low=question.write(float(here["total"].min()), words),
        high=question.measure(float(here["total"].max()), words),
        interval=question.interval(words),
    )


def _elsewhere(
    there: pd.DataFrame, question: Question, names: Mapping[str, str], words: Words
) -> str:
    others = words.count_others(len(there))
    clear = there[~there["includes_zero"]]
    if len(clear) == 0:
        largest = there["total"].abs().idxmax()
        return words.say(
            "Of the {others}, none can be told to gain or lose; the largest median is "
            "{told}, in {name}.",
            others=others,
            told=question.told(there.T[largest], words),
            name=names[str(largest)],
        )
    gains = clear[clear["total"] > 0].sort_values("total", ascending=False)
    losses = clear[clear["total"] < 0].sort_values("total")
    parts = [
        _side(word, some, question, names, words)
        for word, some in (("higher", gains), ("lower", losses))
        if len(some) > 0
    ]
    rest = len(there) - len(clear)
    if rest > 0:
        parts.append(words.say("for {rest} it cannot be told from zero", rest=rest))
    return words.say(
        "Of the {others}, the change goes with {outcome} {parts}.",
        others=others,
        parts=words.name("; ").join(parts),
    )


def _side(
    word: str,
    some: pd.DataFrame,
    question: Question,
    names: Mapping[str, str],
    words: Words,
) -> str:
    """Tell of the cities that gain, or of those that lose."""
    leading = [
        question.told_of(names[str(city)], row, words)
        for city, row in some.iloc[:NAMED].iterrows()
    ]
    return words.say(
        "{direction} in {count}, most in {leading}"
        if len(some) > NAMED
        else "{direction} in {count}, in {leading}",
        direction=words.name(word),
        count=len(some),
        leading=words.enumerate(leading),
    )


def _after(year: int, words: Words) -> str:
    if year == 0:
        return words.name("in the year itself")
    return words.say("after 1 year" if year == 1 else "after {year} years", year=year)
