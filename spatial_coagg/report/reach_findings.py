"""Sentences about how far synergy reaches: ranks, sources of a city, corridors."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.report.what_if_question import NAMED, Question, includes_zero
from spatial_coagg.report.words import Words, capital


def describe_ranks(
    ranks: pd.DataFrame, changed: Sequence[str], names: Mapping[str, str], words: Words
) -> str:
    """Say how far it depends on the weights who gains most.

    Parameters
    ----------
    ranks : DataFrame
        Of :func:`rank_ranges`: index city; columns best, worst, told, and one for each
        weights.
    changed : sequence of str
        Cities that the question names; the others are told of.
    names : mapping of str to str
    words : Words
    """
    others = ranks.drop(index=[city for city in changed if city in ranks.index])
    kinds = len(ranks.columns.drop(["best", "worst", "of", "told", "always_clear"]))
    if len(others) == 0 or kinds < 2:
        return ""
    leading = others.iloc[:NAMED]
    parts = [
        words.say("{name} {rank}", name=names[str(city)], rank=told_rank(row, words))
        for city, row in leading.iterrows()
    ]
    if (leading["best"] == leading["worst"]).all():
        return words.say(
            "Who gains most elsewhere is the same by all {kinds} kinds of neighbours "
            "tried: {ranks}.",
            kinds=kinds,
            ranks=words.enumerate(parts),
        )
    return words.say(
        "Who gains most elsewhere depends on who counts as a neighbour; by {kinds} "
        "kinds of neighbours the ranks are: {ranks} {places}.",
        kinds=kinds,
        ranks=words.enumerate(parts),
    )


def describe_targets(
    sources: pd.DataFrame, city: str, question: Question, words: Words
) -> str:
    """Say from whose synergy a city gains most.

    Parameters
    ----------
    sources : DataFrame
        Index names of the sources, the best first; columns median, lower, upper,
        includes_zero.
    city : str
        Name of the city that gains.
    question : Question
        Its cause: ``"synergy (theta) higher by 10 %"``.
    words : Words
    """
    clear = sources[(~sources["includes_zero"]) & (sources["median"] > 0)]
    if len(clear) == 0:
        return words.say(
            "From no single other {place} can it be told that {cause} there is "
            "associated with {outcome} higher in {city}; the largest median is {told}, "
            "for {source}.",
            cause=question.cause,
            city=city,
            told=question.told(sources.iloc[0], words),
            source=sources.index[0],
        )
    leading = [
        question.told_of(str(name), row, words)
        for name, row in clear.iloc[:NAMED].iterrows()
    ]
    return words.say(
        "Of {others}, {cause} in one of them is associated with {outcome} higher in "
        "{city} for {count}, most for {leading}.",
        others=words.count_others(len(sources)),
        cause=question.cause,
        city=city,
        count=words.count(len(clear)),
        leading=words.enumerate(leading),
    )


def describe_corridor(
    average: pd.Series,
    chosen_in: pd.Series,
    places: int,
    question: Question,
    words: Words,
) -> str:
    """Say which cities reach farthest together, and how sure the choice is.

    Parameters
    ----------
    average : Series
        median, lower, upper for each city on average.
    chosen_in : Series
        Index names of the cities chosen; share of draws that choose them.
    places : int
        How many cities gain.
    question : Question
        Its cause: ``"synergy (theta) higher by 10 %"``.
    words : Words
    """
    sure = {float(chosen_in.min()), float(chosen_in.max())}
    ends = [f"{100 * share:.0f}" for share in sorted(sure)]
    often = words.say("{low} to {high}", low=ends[0], high=ends[-1])
    facts = {
        "where": words.enumerate([str(name) for name in chosen_in.index]),
        "count": places,
        "often": often if len(ends) > 1 else ends[0],
        "verb": question.verb,
    }
    if includes_zero(average):
        return words.say(
            "It cannot be told whether {cause} in {where} {verb} {outcome} higher or "
            "lower: {told} on average over all {count} {places}; each is among the "
            "best in {often} per cent of the draws.",
            **facts,
            cause=question.cause,
            told=question.told(average, words),
        )
    return words.say(
        "{cause} in {where} {verb} {outcome} {than} on average over all {count} "
        "{places}, the most that so many {places} reach; each is among the best in "
        "{often} per cent of the draws.",
        **facts,
        cause=capital(question.cause),
        than=question.than(average, words),
    )


def told_rank(row: pd.Series, words: Words) -> str:
    """Return a row of :func:`rank_ranges` as text: ``"2nd to 5th of 281"``."""
    if words.language == "en":
        return str(row["told"])
    best, worst = int(row["best"]), int(row["worst"])
    return words.say(
        "ranks {best}" if best == worst else "ranks {best} to {worst}",
        best=best,
        worst=worst,
    )
