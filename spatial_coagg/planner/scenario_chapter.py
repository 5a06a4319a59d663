"""The chapter of the what-ifs."""

import pandas as pd

from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.what_if_command import WhatIfAnswer
from spatial_coagg.report.amounts import number
from spatial_coagg.report.page import (
    Block,
    Paragraphs,
    Section,
    TextTable,
    in_words,
)
from spatial_coagg.report.what_if_question import Question
from spatial_coagg.report.words import Words, capital
from spatial_coagg.report.workbook import Sheet

HEADING = "What if synergy rose?"
TOP = 10
TITLES = (
    "Who gains",
    "From whose synergy it gains most",
    "Which places, raised together, go with most",
)
SHEETS = ("what-if", "targets", "corridor")
COLUMNS = {
    "name": "name",
    "own": "own",
    "neighbours": "from neighbours",
    "total": "total",
    "median": "median",
    "lower": "lower end",
    "upper": "upper end",
    "includes_zero": "includes zero",
    "rank": "rank",
    "ranks": "ranks by other neighbours",
    "extrapolated": "beyond what was seen",
    "chosen_in": "chosen in",
}


def what_if_chapter(results: StudyResults) -> Section:
    """Return the answers, each with its first ten places."""
    words = results.words
    if not results.answers:
        told = words.name("There is no spatial model here whose effects can be told.")
        return Section("what-if", words.name(HEADING), (Paragraphs((told,)),))
    invitation = words.say(
        "On the map above, choose the what-if, click any {place} and type a "
        "percentage. Three questions are answered here."
    )
    blocks: list[Block] = [Paragraphs((invitation,))]
    read: set[str] = set()
    for title, answer in zip(TITLES, results.answers, strict=True):
        # A caveat that holds for all answers is read once.
        fresh = tuple(each for each in answer.sentences if each not in read)
        read.update(fresh)
        blocks += [Paragraphs(fresh), _table(title, answer, words)]
    return Section("what-if", words.name(HEADING), tuple(blocks))


def what_if_sheets(results: StudyResults) -> list[Sheet]:
    """Return the answers for every place, unrounded."""
    return [
        Sheet(
            name,
            answer.table,
            f"{capital(answer.question.cause)}; in {answer.question.unit}, "
            f"{answer.question.interval(results.words)}s, neighbours: "
            f"{answer.weights}.",
        )
        for name, answer in zip(SHEETS, results.answers, strict=False)
    ]


def _table(title: str, answer: WhatIfAnswer, words: Words) -> TextTable:
    # The sentences tell medians; the estimates themselves are in the workbook.
    shown = answer.table.head(TOP).drop(columns="estimate", errors="ignore")
    flags = [
        name
        for name in ("includes_zero", "extrapolated")
        if name in shown and not bool(shown[name].astype(bool).any())
    ]
    kept = shown.drop(columns=flags)
    titles = COLUMNS | {"name": words.place}
    cells = {
        titles.get(str(name), str(name)): [
            _cell(str(name), value, words) for value in kept[name]
        ]
        for name in kept.columns
    }
    table = pd.DataFrame(cells, index=kept.index.rename("code"))
    return TextTable(
        in_words(table, words),
        words.say(
            "{title}, in {unit}",
            title=words.name(title),
            unit=_unit(answer.question, words),
        ),
        words.say(
            "First {count} of {total}; medians with {interval}s; neighbours by the "
            "rule {weights}. All {places}: tables.xlsx."
            if len(answer.table) > len(shown)
            else "Medians with {interval}s; neighbours by the rule {weights}.",
            count=len(shown),
            total=len(answer.table),
            interval=answer.question.interval(words),
            weights=words.name(answer.weights),
        ),
    )


def _unit(question: Question, words: Words) -> str:
    """Call the outcome by its name for readers, where the unit is a share of it."""
    if not question.in_percent:
        return question.unit
    return words.say("% of 1 + {outcome}" if question.of_one_more else "% of {outcome}")


def _cell(name: str, value: object, words: Words) -> str:
    if name == "chosen_in" and isinstance(value, float):
        return words.say("{share:.0f} % of draws", share=100 * value)
    if isinstance(value, bool):
        return words.name("yes" if value else "no")
    if isinstance(value, float):
        return "" if pd.isna(value) else number(value, words, percent=False)
    return str(value)
