"""The chapter of the what-ifs."""

import pandas as pd

from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.what_if_command import WhatIfAnswer
from spatial_coagg.report.amounts import number
from spatial_coagg.report.findings import Words
from spatial_coagg.report.page import Block, Paragraphs, Section, TextTable
from spatial_coagg.report.what_if_findings import Question
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
    "neighbours": "neighbours",
    "total": "total",
    "median": "median",
    "lower": "lower",
    "upper": "upper",
    "includes_zero": "includes zero",
    "rank": "rank",
    "ranks": "ranks by other neighbours",
    "extrapolated": "beyond what was seen",
}


def what_if_chapter(results: StudyResults) -> Section:
    """Return the answers, each with its first ten places."""
    if not results.answers:
        told = "There is no spatial model here whose effects can be told."
        return Section("what-if", HEADING, (Paragraphs((told,)),))
    blocks: list[Block] = [Paragraphs((_invitation(results),))]
    read: set[str] = set()
    for title, answer in zip(TITLES, results.answers, strict=True):
        # A caveat that holds for all answers is read once.
        fresh = tuple(each for each in answer.sentences if each not in read)
        read.update(fresh)
        blocks += [Paragraphs(fresh), _table(title, answer, results.words)]
    return Section("what-if", HEADING, tuple(blocks))


def what_if_sheets(results: StudyResults) -> list[Sheet]:
    """Return the answers for every place, unrounded."""
    return [
        Sheet(
            name,
            answer.table,
            f"{_capital(answer.question.cause)}; in {answer.question.unit}, "
            f"{answer.question.interval}s, neighbours: {answer.weights}.",
        )
        for name, answer in zip(SHEETS, results.answers, strict=False)
    ]


def _invitation(results: StudyResults) -> str:
    return (
        f"On the map above, choose the what-if, click any {results.words.place} and "
        f"type a percentage. Three questions are answered here."
    )


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
        titles.get(str(name), str(name).replace("_", " ")): [
            _share(value) if name == "chosen_in" else _text(value)
            for value in kept[name]
        ]
        for name in kept.columns
    }
    count = len(answer.table)
    part = f"First {len(shown)} of {count}; " if count > len(shown) else ""
    end = f" All {words.places}: tables.xlsx." if part else ""
    return TextTable(
        pd.DataFrame(cells, index=kept.index.rename("code")),
        f"{title}, in {_unit(answer.question, words)}",
        f"{part}medians with {answer.question.interval}s; neighbours by the rule "
        f"{answer.weights}.{end}",
    )


def _unit(question: Question, words: Words) -> str:
    """Call the outcome by its name for readers, where the unit is a share of it."""
    if not question.unit.startswith("%"):
        return question.unit
    return f"% of {'1 + ' if question.of_one_more else ''}{words.outcome}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} % of draws"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if pd.isna(value) else number(value, percent=False)
    return str(value)
