"""Sentences about what-ifs: who gains, how surely, and what the numbers are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spatial_coagg.report.amounts import interval_ends, number
from spatial_coagg.report.findings import Words, enumerated

NAMED = 3
ASSOCIATION = "This is an association within the model, not a forecast."


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and how its answers are counted.

    Attributes
    ----------
    cause : str
        In words: ``"synergy (theta) higher by 10 % in Hangzhou"``.
    unit : str
        ``"% of cr"``, ``"% of 1 + patents"`` or the outcome's name.
    level : float
        Coverage of the intervals.
    plural : bool
        Whether the cause is several things: jobs.
    """

    cause: str
    unit: str
    level: float
    plural: bool = False

    @property
    def verb(self) -> str:
        """What the cause does."""
        return f"{'are' if self.plural else 'is'} associated with"

    @property
    def interval(self) -> str:
        """The name of the interval."""
        return f"{100 * self.level:g} % interval"

    @property
    def measure(self) -> str:
        """What stands after a number."""
        if not self.in_percent:
            return f" (in units of {self.unit})"
        return f" {self.unit}" if self.of_one_more else " %"

    @property
    def in_percent(self) -> bool:
        """Whether the answers are percentages."""
        return self.unit.startswith("%")

    def write(self, value: float) -> str:
        """Write one of the answers, without what stands after it."""
        return number(value, percent=self.in_percent)

    @property
    def of_one_more(self) -> bool:
        """Whether the percentages are of 1 + the outcome."""
        return self.unit.startswith("% of 1 + ")


def word_synergy(changes: Mapping[str, float]) -> str:
    """Say by how much theta is taken to differ, and where; keys are names."""
    by = sorted(set(changes.values()))
    if len(by) == 1:
        return f"synergy (theta) {_compared(by[0])} in {_places(list(changes))}"
    parts = [f"{_compared(percent)} in {name}" for name, percent in changes.items()]
    if len(parts) <= NAMED:
        return f"synergy (theta) {enumerated(parts)}"
    return (
        f"synergy (theta) changed by between {by[0]:g} and {by[-1]:g} % in "
        f"{len(parts)} places"
    )


def word_jobs(changes: pd.DataFrame) -> str:
    """Say which jobs are taken to come or go; index names, columns industries."""
    parts = [
        f"{abs(count):,.0f} {'more' if count > 0 else 'fewer'} jobs in {industry} in "
        f"{city}"
        for city, row in changes.iterrows()
        for industry, count in row.items()
        if count != 0
    ]
    if len(parts) <= NAMED:
        return enumerated(parts)
    net = float(changes.to_numpy().sum())
    word = "more" if net >= 0 else "fewer"
    return f"{abs(net):,.0f} jobs {word} in {len(changes)} places"


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
    sentences = [_at_home(here, question, names, words)] if len(here) > 0 else []
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
    start = f"Over all {places} {words.places} together"
    if _includes_zero(total):
        return (
            f"{start} it cannot be told whether the change goes with {words.outcome} "
            f"higher or lower: {_told(total, question)} on average."
        )
    own, around = (float(average.T[part]["median"]) for part in ("own", "neighbours"))
    told = (
        f"{start} the change goes with {words.outcome} {_than(total, question)} on "
        f"average"
    )
    if own * around > 0:
        share = 100 * around / (own + around)
        return f"{told}; {share:.0f} per cent of that comes from neighbours."
    return f"{told}."


def describe_limits(
    question: Question, horizon: str, notes: Sequence[str]
) -> list[str]:
    """Say what the numbers are of, when they hold and what they are not."""
    sentences = []
    if question.of_one_more:
        name = question.unit.removeprefix("% of 1 + ")
        sentences.append(
            f"The percentages are of 1 + {name}, because the model explains "
            f"ln(1 + {name}); of {name} alone they are larger, the more so the "
            f"closer to zero."
        )
    if horizon == "the long run":
        sentences.append(
            "The model is static: it compares long-run positions and does not say how "
            "soon one is reached."
        )
    sentences += [f"Note: {note}." for note in notes]
    return [*sentences, ASSOCIATION]


def describe_path(path: pd.DataFrame, end: float, city: str, name: str) -> str:
    """Say how soon a change in a city is there, by a dynamic model.

    Parameters
    ----------
    path : DataFrame
        Index (years_after, city); column median.
    end : float
        Median of the long run in that city, in the same units.
    city, name : str
        Its code and its name.
    """
    medians = path["median"].xs(city, level="city")
    if end == 0:
        return ""
    last = int(medians.index.max())
    first, *later = [
        (f"{100 * medians[year] / end:.0f} per cent", _after(year))
        for year in sorted({0, last // 2, last})
    ]
    told = [f"is there {first[1]}", *(f"{share} {when}" for share, when in later)]
    return (
        f"The model is dynamic: if the change stays, {first[0]} of its long run in "
        f"{name} {enumerated(told)}."
    )


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
    parts = [f"{names[str(city)]} {row['told']}" for city, row in leading.iterrows()]
    if (leading["best"] == leading["worst"]).all():
        return (
            f"Who gains most elsewhere is the same by all {kinds} kinds of neighbours "
            f"tried: {enumerated(parts)}."
        )
    return (
        f"Who gains most elsewhere depends on who counts as a neighbour; by {kinds} "
        f"kinds of neighbours the ranks are: {enumerated(parts)} {words.places}."
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
    cause = question.cause
    if len(clear) == 0:
        first = sources.iloc[0]
        return (
            f"From no single other {words.place} can it be told that {cause} there is "
            f"associated with {words.outcome} higher in {city}; the largest median is "
            f"{_told(first, question)}, for {sources.index[0]}."
        )
    leading = [
        f"{name} ({_told(row, question)})"
        for name, row in clear.iloc[:NAMED].iterrows()
    ]
    count = _count(len(clear), words)
    return (
        f"Of {len(sources)} other {words.places}, {cause} in one of them is associated "
        f"with {words.outcome} higher in {city} for {count}, most for "
        f"{enumerated(leading)}."
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
    called = enumerated([str(name) for name in chosen_in.index])
    sure = [float(chosen_in.min()), float(chosen_in.max())]
    often = " to ".join(f"{100 * share:.0f}" for share in sorted(set(sure)))
    told = f"{question.cause} in {called} {question.verb} {words.outcome}"
    where = f"on average over all {places} {words.places}"
    tail = f"each is among the best in {often} per cent of the draws"
    if _includes_zero(average):
        return (
            f"It cannot be told whether {told} higher or lower: "
            f"{_told(average, question)} {where}; {tail}."
        )
    return (
        f"{_capital(told)} {_than(average, question)} {where}, the most that so many "
        f"{words.places} reach; {tail}."
    )


def _at_home(
    here: pd.DataFrame, question: Question, names: Mapping[str, str], words: Words
) -> str:
    cause = question.cause
    if len(here) > NAMED:
        lines = _directions(here)
        return (
            f"{_capital(cause)} {question.verb} {words.outcome} {lines} of these "
            f"{len(here)} {words.places} themselves ({_range(here, question)}; by "
            f"{question.interval}s)."
        )
    clear = here[~here["includes_zero"]]
    parts = [
        f"{_than(row, question)} in {names[str(city)]} itself"
        for city, row in clear.iterrows()
    ]
    unclear = here[here["includes_zero"]]
    doubts = [
        f"{names[str(city)]} itself ({_told(row, question)})"
        for city, row in unclear.iterrows()
    ]
    doubt = f"{words.outcome} higher or lower in {enumerated(doubts)}"
    if not parts:
        return f"It cannot be told whether {cause} {question.verb} {doubt}."
    told = f"{_capital(cause)} {question.verb} {words.outcome} {enumerated(parts)}"
    return f"{told}; it cannot be told whether with {doubt}." if doubts else f"{told}."


def _elsewhere(
    there: pd.DataFrame, question: Question, names: Mapping[str, str], words: Words
) -> str:
    start = f"Of the {_count(len(there), words, other=True)}"
    clear = there[~there["includes_zero"]]
    if len(clear) == 0:
        largest = there["total"].abs().idxmax()
        return (
            f"{start}, none can be told to gain or lose; the largest median is "
            f"{_told(there.T[largest], question)}, in {names[str(largest)]}."
        )
    parts = []
    for word, some in (
        ("higher", clear[clear["total"] > 0].sort_values("total", ascending=False)),
        ("lower", clear[clear["total"] < 0].sort_values("total")),
    ):
        if len(some) > 0:
            leading = [
                f"{names[str(city)]} ({_told(row, question)})"
                for city, row in some.iloc[:NAMED].iterrows()
            ]
            most = "most in " if len(some) > NAMED else "in "
            parts.append(f"{word} in {len(some)}, {most}{enumerated(leading)}")
    rest = len(there) - len(clear)
    other = f"; for {rest} it cannot be told from zero" if rest > 0 else ""
    return f"{start}, the change goes with {words.outcome} {'; '.join(parts)}{other}."


def _directions(here: pd.DataFrame) -> str:
    clear = here[~here["includes_zero"]]
    counts = {
        "higher": int((clear["total"] > 0).sum()),
        "lower": int((clear["total"] < 0).sum()),
        "not to be told from unchanged": int(here["includes_zero"].sum()),
    }
    return enumerated([f"{word} in {n}" for word, n in counts.items() if n > 0])


def _range(here: pd.DataFrame, question: Question) -> str:
    low, high = (
        question.write(end) for end in (here["total"].min(), here["total"].max())
    )
    return f"medians {low} to {high}{question.measure}"


def _than(row: pd.Series, question: Question) -> str:
    """Return ``"higher by 2.40 % (90 % interval 1.80 to 3.10)"``."""
    middle = _middle(row)
    word = "higher" if middle > 0 else "lower"
    size = f"{question.write(abs(middle))}{question.measure}"
    return f"{word} by {size} ({_interval(row, question)})"


def _told(row: pd.Series, question: Question) -> str:
    size = f"{question.write(_middle(row))}{question.measure}"
    return f"{size}, {_interval(row, question)}"


def _middle(row: pd.Series) -> float:
    return float(row["total"] if "total" in row.index else row["median"])


def _interval(row: pd.Series, question: Question) -> str:
    ends = interval_ends(float(row["lower"]), float(row["upper"]), question.write)
    return f"{question.interval} {ends}"


def _includes_zero(row: pd.Series) -> bool:
    return bool(row["lower"] <= 0 <= row["upper"])


def _count(count: int, words: Words, *, other: bool = False) -> str:
    word = words.place if count == 1 else words.places
    return f"{count} {'other ' if other else ''}{word}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _after(year: int) -> str:
    if year == 0:
        return "in the year itself"
    return "after 1 year" if year == 1 else f"after {year} years"


def _compared(percent: float) -> str:
    word = "higher" if percent >= 0 else "lower"
    return f"{word} by {abs(percent):g} %"


def _places(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return enumerated(list(names))
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
