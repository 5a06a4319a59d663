"""Words that the chapters add to the sentences."""

import pandas as pd
import pytest

from spatial_coagg.planner.chapters import describe_groups
from spatial_coagg.planner.robustness import _in_capitals, describe_choice
from spatial_coagg.planner.scenario_chapter import _unit
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
