import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.models.fit import Fit, tabulate_estimates
from spatial_coagg.report.regression_table import (
    NOTE,
    format_number,
    format_stars,
    tabulate_models,
)


@dataclass(frozen=True)
class MadeFit:
    """A fit made of given numbers."""

    estimates: pd.DataFrame
    title: str = "Made"
    facts: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def covariance(self) -> pd.DataFrame:
        return pd.DataFrame(np.diag(self.estimates["standard_error"] ** 2))


def make_fit(
    numbers: Mapping[str, tuple[float, float]], **facts: float | int | str
) -> MadeFit:
    estimates, errors = (
        np.array([pair[k] for pair in numbers.values()]) for k in (0, 1)
    )
    frame = tabulate_estimates(list(numbers), estimates, np.diag(errors**2))
    return MadeFit(frame, facts=facts)


FIRST = make_fit(
    {"ln_theta": (0.196, 0.0205), "constant": (-8.089, 0.1)},
    observations=4467,
    r2=0.84512,
    standard_errors="classical",
)
SECOND = make_fit(
    {"ln_theta": (0.2, 0.11), "ln_gdp": (0.5, 0.24), "constant": (1.0, 5.0)},
    observations=4431,
    cities=281,
    custom=1.23456,
)


def test_made_fit_answers_to_the_protocol() -> None:
    assert isinstance(FIRST, Fit)


def test_frame_sets_errors_below_estimates_and_facts_below_all() -> None:
    frame = tabulate_models({"(1)": FIRST, "(2)": SECOND}).to_frame()
    assert list(frame.columns) == ["(1)", "(2)"]
    assert list(frame.index) == [
        ("ln_theta", "estimate"),
        ("ln_theta", "standard error"),
        ("ln_gdp", "estimate"),
        ("ln_gdp", "standard error"),
        ("Constant", "estimate"),
        ("Constant", "standard error"),
        ("Observations", "fact"),
        ("Cities", "fact"),
        ("R2", "fact"),
        ("Standard errors", "fact"),
    ]
    assert frame["(1)"].tolist() == [
        "0.196***",
        "(0.021)",
        "",
        "",
        "-8.089***",
        "(0.100)",
        "4467",
        "",
        "0.845",
        "classical",
    ]
    assert frame["(2)"].tolist()[:4] == ["0.200*", "(0.110)", "0.500**", "(0.240)"]


def test_a_sequence_is_headed_by_numbers_and_titles() -> None:
    table = tabulate_models([FIRST, SECOND])
    assert table.headings == ("(1) Made", "(2) Made")


def test_labels_order_facts_and_digits_are_the_callers() -> None:
    table = tabulate_models(
        {"a": FIRST, "b": SECOND},
        labels={"ln_theta": "Synergy", "custom": "Own fact"},
        order=["ln_gdp", "ln_theta"],
        facts=["custom", "observations"],
        digits=2,
    )
    frame = table.to_frame()
    assert list(frame.index.unique("label")) == [
        "ln_gdp",
        "Synergy",
        "Own fact",
        "Observations",
    ]
    assert frame.loc[("Own fact", "fact"), "b"] == "1.23"


def test_markdown_has_one_line_for_each_row_and_escapes_marks() -> None:
    fit = make_fit({"W.roads|rail": (1.0, 0.1), "a_b*c": (0.1, 1.0)}, observations=9)
    lines = tabulate_models({"x|y": fit}).to_markdown().splitlines()
    assert lines[0] == r"|  | x\|y |"
    assert lines[1] == "| :-- | --: |"
    assert lines[2] == r"| W.roads\|rail | 1.000\*\*\* |"
    assert lines[3] == "|  | (0.100) |"
    assert lines[4] == r"| a\_b\*c | 0.100 |"
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in lines[:7]]
    assert set(cells) == {3}
    assert lines[-1].startswith("Standard errors in brackets")


def test_latex_has_three_rules_and_escapes_names() -> None:
    fit = make_fit(
        {"R&D_50%": (1.0, 0.1), "a\\b~{c}^<": (0.1, 1.0)}, observations=9, r2=0.5
    )
    text = tabulate_models({"ln $x$ #1": fit}).to_latex()
    assert [
        text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")
    ] == [
        1,
        2,
        1,
    ]
    assert r"\begin{tabular}{lc}" in text
    assert r"R\&D\_50\% & 1.000$^{***}$ \\" in text
    assert (
        r"a\textbackslash{}b\textasciitilde{}\{c\}\textasciicircum{}\textless{}" in text
    )
    assert r"ln \$x\$ \#1" in text
    assert r"Observations & 9 \\" in text


def test_latex_without_facts_has_no_empty_block() -> None:
    text = tabulate_models({"a": make_fit({"x": (1.0, 0.1)})}).to_latex()
    assert text.count(r"\midrule") == 1


def test_plain_text_is_aligned() -> None:
    lines = str(tabulate_models({"first": FIRST, "second": SECOND})).splitlines()
    assert lines[0].endswith("second")
    assert lines[1].split() == ["ln_theta", "0.196***", "0.200*"]
    assert len({len(line) for line in lines[1:3]}) <= 2
    assert lines[-1] == NOTE


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0.12345, 3, "0.123"),
        (-8.0, 2, "-8.00"),
        (0.00004, 3, "4.00e-05"),
        (-0.0004, 3, "-4.00e-04"),
        (0.0, 3, "0.000"),
        (-0.0, 3, "0.000"),
        (float("nan"), 3, ""),
        (float("inf"), 3, "inf"),
        (float("-inf"), 3, "-inf"),
        (0.3, 0, "3e-01"),
        (12345.678, 1, "12345.7"),
    ],
)
def test_numbers_keep_their_digits_and_no_zero_is_false(
    value: float, digits: int, written: str
) -> None:
    assert format_number(value, digits) == written


@pytest.mark.parametrize(
    ("p_value", "stars"),
    [(0.0099, "***"), (0.01, "**"), (0.05, "*"), (0.1, ""), (float("nan"), "")],
)
def test_stars_are_of_one_five_and_ten_percent(p_value: float, stars: str) -> None:
    assert format_stars(p_value) == stars


def test_no_fit_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="there is no fit to tabulate"):
        tabulate_models([])


def test_unknown_coefficients_and_facts_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="no fit has the coefficient 'roads'"):
        tabulate_models([FIRST], order=["roads"])
    with pytest.raises(SpatialCoaggError, match="no fit has the fact 'hansen'"):
        tabulate_models([FIRST], facts=["hansen"])


def test_labels_that_collide_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="'theta' would name two rows"):
        tabulate_models([SECOND], labels={"ln_theta": "theta", "ln_gdp": "theta"})


def test_negative_digits_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="digits must be 0 or more"):
        tabulate_models([FIRST], digits=-1)
