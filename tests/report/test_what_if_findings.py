"""Sentences about what-ifs change with the numbers, and promise nothing."""

import re

import pandas as pd
import pytest

from spatial_coagg.report.reach_findings import (
    describe_corridor,
    describe_ranks,
    describe_targets,
)
from spatial_coagg.report.what_if_findings import (
    describe_average,
    describe_limits,
    describe_path,
    describe_what_if,
)
from spatial_coagg.report.what_if_question import Question, word_jobs, word_synergy
from spatial_coagg.report.words import Words

WORDS = Words(outcome="innovation")
NAMES = {"a": "Aba", "b": "Bama", "c": "Cixi", "d": "Dali", "e": "Enshi", "f": "Fuxin"}
ASKED = Question("synergy (theta) higher by 10 % in Aba", "% of cr", 0.9)


def table(**rows: tuple[float, float, float]) -> pd.DataFrame:
    """Return median, lower and upper of each city."""
    frame = pd.DataFrame(rows, index=["total", "lower", "upper"]).T
    zero = (frame["lower"] <= 0) & (frame["upper"] >= 0)
    return frame.assign(includes_zero=zero, median=frame["total"])


def test_positive_results_are_higher() -> None:
    home, elsewhere = describe_what_if(
        table(a=(2.4, 1.8, 3.1), b=(0.3, 0.1, 0.5), c=(0.012, -0.01, 0.02)),
        ["a"],
        ASKED,
        NAMES,
        WORDS,
    )
    assert home == (
        "Synergy (theta) higher by 10 % in Aba is associated with innovation higher by "
        "2.40 % (90 % interval 1.80 to 3.10) in Aba itself."
    )
    assert elsewhere == (
        "Of the 2 other cities, the change goes with innovation higher in 1, in Bama "
        "(0.30 %, 90 % interval 0.10 to 0.50); for 1 it cannot be told from zero."
    )


def test_negative_results_are_lower() -> None:
    home, elsewhere = describe_what_if(
        table(a=(-2.4, -3.1, -1.8), b=(-0.3, -0.5, -0.1)), ["a"], ASKED, NAMES, WORDS
    )
    assert "innovation lower by 2.40 % (90 % interval −3.10 to −1.80)" in home
    assert "with innovation lower in 1, in Bama (−0.30 %" in elsewhere
    assert "higher by 2" not in home
    assert "cannot be told" not in elsewhere


def test_insignificant_results_cannot_be_told() -> None:
    home, elsewhere = describe_what_if(
        table(a=(2.4, -0.1, 3.1), b=(0.3, -0.2, 0.5), c=(-0.4, -0.9, 0.1)),
        ["a"],
        ASKED,
        NAMES,
        WORDS,
    )
    assert home == (
        "It cannot be told whether synergy (theta) higher by 10 % in Aba is associated "
        "with innovation higher or lower in Aba itself (2.40 %, 90 % interval −0.10 to "
        "3.10)."
    )
    assert elsewhere == (
        "Of the 2 other cities, none can be told to gain or lose; the largest median "
        "is −0.40 %, 90 % interval −0.90 to 0.10, in Cixi."
    )


def test_jobs_are_associated_in_the_plural() -> None:
    asked = Question("20 more jobs in finance in Aba", "% of cr", 0.9, plural=True)
    clear, *_ = describe_what_if(table(a=(2, 1, 3)), ["a"], asked, NAMES, WORDS)
    unclear, *_ = describe_what_if(table(a=(2, -1, 3)), ["a"], asked, NAMES, WORDS)
    assert clear.startswith("20 more jobs in finance in Aba are associated with innov")
    assert "whether 20 more jobs in finance in Aba are associated with" in unclear


def test_gains_and_losses_are_told_apart() -> None:
    rows = {city: (0.1 * place, 0.05, 0.9) for place, city in enumerate("bcde", 1)}
    _, elsewhere = describe_what_if(
        table(a=(2.4, 1.8, 3.1), f=(-0.2, -0.3, -0.1), **rows),
        ["a"],
        ASKED,
        NAMES,
        WORDS,
    )
    assert "higher in 4, most in Enshi (0.40 %" in elsewhere
    assert "Dali" in elsewhere
    assert "Bama" not in elsewhere
    assert "; lower in 1, in Fuxin (−0.20 %" in elsewhere


def test_several_cities_at_home_are_each_told() -> None:
    home, *_ = describe_what_if(
        table(a=(2.4, 1.8, 3.1), b=(0.3, -0.1, 0.5), c=(1, 1, 1)),
        ["a", "b"],
        ASKED,
        NAMES,
        WORDS,
    )
    assert (
        "higher by 2.40 % (90 % interval 1.80 to 3.10) in Aba itself; it cannot be "
        in (home)
    )
    assert home.endswith(
        "told whether with innovation higher or lower in Bama itself (0.30 %, 90 % "
        "interval −0.10 to 0.50)."
    )


def test_many_cities_at_home_are_counted() -> None:
    told = describe_what_if(
        table(a=(2, 1, 3), b=(1, 0.5, 2), c=(0.3, -1, 1), d=(-1, -2, -0.5)),
        ["a", "b", "c", "d"],
        ASKED,
        NAMES,
        WORDS,
    )
    assert told == [
        "Synergy (theta) higher by 10 % in Aba is associated with innovation higher in "
        "2, lower in 1 and not to be told from unchanged in 1 of these 4 cities "
        "themselves (medians −1.00 to 2.00 %; by 90 % intervals)."
    ]


def test_a_question_outside_the_fit_has_no_home() -> None:
    told = describe_what_if(table(b=(1, 0.5, 2)), ["z"], ASKED, NAMES, WORDS)
    assert len(told) == 1
    assert told[0].startswith(
        "Of the 1 other city, the change goes with innovation higher in 1"
    )


def average(own: float, around: float, low: float, high: float) -> pd.DataFrame:
    rows = {
        "own": (own, own - 0.1, own + 0.1),
        "neighbours": (around, around - 0.1, around + 0.1),
        "total": (own + around, low, high),
    }
    return pd.DataFrame(rows, index=["median", "lower", "upper"]).T


def test_the_neighbours_share_is_told_where_it_makes_sense() -> None:
    told = describe_average(average(1, 3, 3, 5), 281, ASKED, WORDS)
    assert told == (
        "Over all 281 cities together the change goes with innovation higher by 4.00 % "
        "(90 % interval 3.00 to 5.00) on average; 75 per cent of that comes from "
        "neighbours."
    )
    lower = describe_average(average(-1, -3, -5, -3), 281, ASKED, WORDS)
    assert "lower by 4.00 %" in lower
    assert "75 per cent" in lower
    mixed = describe_average(average(3, -1, 1, 3), 281, ASKED, WORDS)
    assert "comes from neighbours" not in mixed
    unclear = describe_average(average(1, 3, -1, 9), 281, ASKED, WORDS)
    assert (
        "cannot be told whether the change goes with innovation higher or lower"
        in unclear
    )
    assert "comes from neighbours" not in unclear


def test_limits_say_what_the_percentage_is_of_and_when() -> None:
    logged = describe_limits(ASKED, "the long run", [], WORDS)
    assert len(logged) == 2
    assert "compares long-run positions" in logged[0]
    assert logged[-1] == "This is an association within the model, not a forecast."
    one_more = Question("x", "% of 1 + patents", 0.9)
    told = describe_limits(
        one_more, "2020 to 2024", ["theta leaves the values seen"], WORDS
    )
    assert told[0].startswith("The percentages are of 1 + patents, because the model")
    assert told[1] == "Note: theta leaves the values seen."
    assert len(told) == 3


@pytest.mark.parametrize(
    ("unit", "measure"),
    [
        ("% of cr", "0.30 %, 90"),
        ("% of 1 + patents", "0.30 % of 1 + patents, 90"),
        ("cr", "0.30 (in units of cr), 90"),
    ],
)
def test_numbers_carry_their_unit(unit: str, measure: str) -> None:
    asked = Question("x", unit, 0.9)
    told = describe_what_if(table(b=(0.3, 0.1, 0.5)), ["a"], asked, NAMES, WORDS)
    assert measure in told[0]


def test_a_path_says_how_soon() -> None:
    index = pd.MultiIndex.from_product([range(5), ["a", "b"]])
    index.names = ["years_after", "city"]
    medians = [0.5, 0, 0.75, 0, 0.9, 0, 0.95, 0, 0.99, 0]
    path = pd.DataFrame({"median": medians}, index=index)
    assert describe_path(path, 1.0, "a", "Aba", WORDS) == (
        "The model is dynamic: if the change stays, of its long run in Aba 50 per cent "
        "is there in the year itself, 90 per cent after 2 years and 99 per cent after "
        "4 years."
    )
    short = path.loc[path.index.get_level_values("years_after") < 2]
    assert describe_path(short, -1.0, "a", "Aba", WORDS).count("per cent") == 2
    assert "itself and 75 per cent after 1 year." in describe_path(
        short, 1.0, "a", "Aba", WORDS
    )
    assert describe_path(path, 0.0, "b", "Bama", WORDS) == ""


def ranks(worst: int, *, kinds: tuple[str, ...] = ("near", "far")) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "best": [1, 2],
            "worst": [1, worst],
            "of": 281,
            "told": ["1st of 281", f"2nd to {worst}th of 281"],
            "always_clear": True,
        },
        index=["a", "b"],
    )
    return rows.assign(**dict.fromkeys(kinds, 1))


def test_ranks_depend_on_the_weights_or_do_not() -> None:
    told = describe_ranks(ranks(5), ["a"], NAMES, WORDS)
    assert told == (
        "Who gains most elsewhere depends on who counts as a neighbour; by 2 kinds of "
        "neighbours the ranks are: Bama 2nd to 5th of 281 cities."
    )
    assert "is the same by all 2 kinds" in describe_ranks(ranks(2), ["a"], NAMES, WORDS)
    assert describe_ranks(ranks(5, kinds=("near",)), ["a"], NAMES, WORDS) == ""
    assert describe_ranks(ranks(5), ["a", "b"], NAMES, WORDS) == ""


def test_targets_name_the_clear_sources_only() -> None:
    asked = Question("synergy (theta) higher by 10 %", "% of cr", 0.9)
    sources = table(Bama=(0.5, 0.2, 0.9), Cixi=(0.3, -0.1, 0.5), Dali=(-0.5, -1, -0.1))
    told = describe_targets(sources, "Aba", asked, WORDS)
    assert told == (
        "Of 3 other cities, synergy (theta) higher by 10 % in one of them is "
        "associated with innovation higher in Aba for 1 city, most for Bama (0.50 %, "
        "90 % interval 0.20 to 0.90)."
    )
    none = describe_targets(sources.drop(index="Bama"), "Aba", asked, WORDS)
    assert none.startswith("From no single other city can it be told that synergy")
    assert "the largest median is 0.30 %" in none
    assert "for Cixi" in none


def test_the_corridor_says_how_sure_the_choice_is() -> None:
    asked = Question("synergy (theta) higher by 10 %", "% of cr", 0.9)
    chosen = pd.Series({"Aba": 0.9, "Bama": 0.42})
    gain = pd.Series({"median": 0.2, "lower": 0.1, "upper": 0.3})
    told = describe_corridor(gain, chosen, 281, asked, WORDS)
    assert told == (
        "Synergy (theta) higher by 10 % in Aba and Bama is associated with innovation "
        "higher by 0.20 % (90 % interval 0.10 to 0.30) on average over all 281 cities, "
        "the most that so many cities reach; each is among the best in 42 to 90 per "
        "cent of the draws."
    )
    unclear = describe_corridor(gain.replace(0.1, -0.1), chosen, 281, asked, WORDS)
    assert "with innovation higher or lower: 0.20 %" in unclear
    assert "the most that" not in unclear
    sure = describe_corridor(gain, pd.Series({"Aba": 1.0}), 281, asked, WORDS)
    assert "in 100 per cent of the draws" in sure


def test_questions_are_put_in_words() -> None:
    assert word_synergy({"Aba": 10}, WORDS) == "synergy (theta) higher by 10 % in Aba"
    assert word_synergy({"Aba": -5, "Bama": -5}, WORDS) == (
        "synergy (theta) lower by 5 % in Aba and Bama"
    )
    assert word_synergy({"Aba": 10, "Bama": -5}, WORDS) == (
        "synergy (theta) higher by 10 % in Aba and lower by 5 % in Bama"
    )
    four = dict.fromkeys(["Aba", "Bama", "Cixi", "Dali"], 2.5)
    assert word_synergy(four, WORDS) == (
        "synergy (theta) higher by 2.5 % in Aba, Bama, Cixi and 1 more"
    )
    assert word_synergy(four | {"Aba": 1}, WORDS) == (
        "synergy (theta) changed by between 1 and 2.5 % in 4 places"
    )


def test_jobs_are_put_in_words() -> None:
    frame = pd.DataFrame({"finance": [20_000, 0], "post": [0, -300]}, ["Aba", "Bama"])
    assert word_jobs(frame, WORDS) == (
        "20,000 more jobs in finance in Aba and 300 fewer jobs in post in Bama"
    )
    many = pd.DataFrame({"finance": [1.0, 2, 3], "post": [-10, -20, -30]})
    assert word_jobs(many, WORDS) == "54 jobs fewer in 3 places"
    assert word_jobs(-many, WORDS) == "54 jobs more in 3 places"


def test_a_very_vague_interval_is_not_written_out() -> None:
    vague = table(a=(20.0, -95.0, 123456.7), b=(1500.0, 1200.0, 5e6))
    home, elsewhere = describe_what_if(vague, ["a"], ASKED, NAMES, WORDS)
    assert home.endswith("(20.00 %, 90 % interval −95.00 to more than 1,000).")
    assert elsewhere.endswith("(more than 1,000 %, 90 % interval more than 1,000).")
    levels = Question("x", "cr", 0.9)
    home, *_ = describe_what_if(vague, ["a"], levels, NAMES, WORDS)
    assert "−95.00 to 123456.70" in home


def sentences(words: Words) -> list[str]:
    """All kinds of sentences that name the outcome."""
    frame = table(a=(2, 1, 3), b=(1, 0.5, 2), c=(0.3, -1, 1), d=(-1, -2, -0.5))
    asked = Question("synergy (theta) higher by 10 %", "% of cr", 0.9)
    gain = pd.Series({"median": 0.2, "lower": 0.1, "upper": 0.3})
    chosen = pd.Series({"Aba": 0.9})
    return [
        *describe_what_if(frame, ["a"], ASKED, NAMES, words),
        *describe_what_if(frame, ["c"], ASKED, NAMES, words),
        *describe_what_if(frame, list("abcd"), ASKED, NAMES, words),
        *describe_limits(ASKED, "the long run", ["a note"], words),
        describe_average(average(1, 3, 3, 5), 4, ASKED, words),
        describe_average(average(1, 3, -1, 5), 4, ASKED, words),
        describe_targets(frame, "Aba", ASKED, words),
        describe_targets(frame.loc[["c"]], "Aba", ASKED, words),
        describe_corridor(gain, chosen, 4, asked, words),
        describe_corridor(gain.replace(0.1, -0.1), chosen, 4, asked, words),
    ]


def test_no_sentence_promises() -> None:
    for sentence in sentences(WORDS):
        assert not {"will", "causes", "leads"} & set(sentence.split())


def test_an_outcome_in_the_plural_needs_no_other_verb() -> None:
    told = sentences(Words(outcome="patents"))
    assert sum("patents" in sentence for sentence in told) == 11
    for sentence in told:
        assert not re.search(r"patents (is|are|has|have|was|were|\w+s)\b", sentence)
