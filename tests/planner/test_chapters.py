"""Words that the chapters add to the sentences."""

import warnings
from pathlib import Path

import pandas as pd
import pytest
from small_study import WriteStudy

from spatial_coagg.errors import SpatialCoaggWarning
from spatial_coagg.planner.chapters import describe_groups
from spatial_coagg.planner.closing_chapters import audit_chapter
from spatial_coagg.planner.robustness import _in_capitals, describe_choice
from spatial_coagg.planner.scenario_chapter import _unit
from spatial_coagg.planner.study import Study
from spatial_coagg.report.page import Paragraphs, TextTable
from spatial_coagg.report.what_if_question import Question
from spatial_coagg.report.words import Words


def test_groups_of_services_are_explained() -> None:
    told = describe_groups(
        {"high": ("information", "finance"), "low": ("transport",)}, Words()
    )
    assert told == "high: information and finance together; low: transport alone."
    assert describe_groups({}, Words()) == ""


@pytest.mark.parametrize(
    ("conclusion", "told"),
    [
        ("An SDM: both are rejected.", "The tests lead to an SDM: both are rejected."),
        ("OLS: no lag, no error.", "The tests lead to OLS: no lag, no error."),
    ],
)
def test_the_conclusion_of_the_tests_follows_on(conclusion: str, told: str) -> None:
    assert describe_choice(conclusion, Words()) == told


def test_models_are_written_in_capitals() -> None:
    names = pd.Index(["the sdm is a sar", "no spatial lag"])
    assert [_in_capitals(name) for name in names] == [
        "the SDM is a SAR",
        "no spatial lag",
    ]


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("% of cr", "% of innovation"),
        ("% of 1 + cr", "% of 1 + innovation"),
        ("cr", "cr"),
    ],
)
def test_the_outcome_is_called_by_its_name(unit: str, told: str) -> None:
    question = Question("synergy (theta) higher by 10 %", unit, 0.9)
    assert _unit(question, Words(outcome="innovation")) == told


@pytest.mark.slow
def test_the_audit_is_a_table_of_checks_findings_and_verdicts(embedded: Study) -> None:
    [section] = audit_chapter(embedded.results)
    opening, table = section.blocks
    assert isinstance(opening, Paragraphs)
    assert "in 23 checks: 11 find what cannot be right, 10" in opening.sentences[0]
    assert isinstance(table, TextTable)
    assert table.head == ["tables", "check", "found", "verdict"]
    assert table.styles == ["key", "prose", "prose", "word"]
    assert len(table.rows) == 23
    assert set(table.table["verdict"]) == {
        "cannot be right",
        "needs an explanation",
        "holds",
    }


def test_another_study_has_no_audit(small_study: WriteStudy, tmp_path: Path) -> None:
    study = Study.from_file(small_study(tmp_path))
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        assert audit_chapter(study.results) == []
