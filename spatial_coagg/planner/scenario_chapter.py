"""The chapter of the what-ifs."""

import pandas as pd

from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.what_if_command import WhatIfAnswer
from spatial_coagg.report.page import Block, Paragraphs, Section, TextTable
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
    for title, answer in zip(TITLES, results.answers, strict=True):
        blocks += [Paragraphs(answer.sentences), _table(title, answer)]
    return Section("what-if", HEADING, tuple(blocks))


def what_if_sheets(results: StudyResults) -> list[Sheet]:
    """Return the answers for every place, unrounded."""
    return [
        Sheet(
            name,
            answer.table,
            f"{answer.question.cause}; in {answer.question.unit}, "
            f"{answer.question.interval}s, neighbours: {answer.weights}.",
        )
        for name, answer in zip(SHEETS, results.answers, strict=False)
    ]


def _invitation(results: StudyResults) -> str:
    return (
        f"On the map above, choose the what-if, click any {results.words.place} and "
        f"type a percentage. Three questions are answered here."
    )


def _table(title: str, answer: WhatIfAnswer) -> TextTable:
    shown = answer.table.head(TOP)
    flags = [
        name
        for name in ("includes_zero", "extrapolated")
        if name in shown and not bool(shown[name].astype(bool).any())
    ]
    kept = shown.drop(columns=flags)
    cells = {
        COLUMNS.get(str(name), str(name).replace("_", " ")): [
            _text(value) for value in kept[name]
        ]
        for name in kept.columns
    }
    return TextTable(
        pd.DataFrame(cells, index=kept.index),
        f"{title}, in {answer.question.unit}",
        f"First {len(shown)} of {len(answer.table)}; {answer.question.interval}s; "
        f"neighbours: {answer.weights}. All places: tables.xlsx.",
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3g}".replace("-", "−")
    return str(value)
