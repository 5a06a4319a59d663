"""Every text of the report has its Chinese, with no gap that is not filled."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import spatial_coagg
from spatial_coagg.models.hypothesis import chi_squared_test
from spatial_coagg.models.spatial_choice import ChoiceStep, _why_durbin
from spatial_coagg.report.words import Words, _chinese, capital

PACKAGE = Path(spatial_coagg.__file__).parent
SOURCES = sorted(
    path for part in ("report", "planner") for path in (PACKAGE / part).glob("*.py")
)
ZH = Words("城市", "城市", "创新水平", "zh")


def texts_of(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def said(path: Path) -> Iterator[str]:
    """Texts that a module gives to say, name or translate where it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("say", "name", "translate"):
                yield from texts_of(node.args[0])


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_what_a_module_says_is_there_in_chinese(path: Path) -> None:
    assert [text for text in said(path) if text not in _chinese()] == []


def test_chinese_fills_no_gap_that_english_has_not() -> None:
    # "{places}" and "{outcome}" are filled in any sentence.
    known = {"place", "places", "outcome"}
    for english, chinese in _chinese().items():
        assert gaps(chinese) <= gaps(english) | known, english


def test_no_chinese_text_is_left_over() -> None:
    written = {
        text
        for path in PACKAGE.rglob("*.py")
        for text in texts_of(ast.parse(path.read_text(encoding="utf-8")))
    }
    # Composed elsewhere, or in the data.
    composed = re.compile(
        r"(city|year|city-year|none) effects|(An?|OLS).*: .*|clustered by city|"
        r"Two-sided|Greater|Less|east|central|west|national|all"
    )
    left = [text for text in _chinese() if text not in written]
    assert [text for text in left if not composed.fullmatch(text)] == []


@pytest.mark.parametrize("lag", [True, False])
@pytest.mark.parametrize("error", [True, False, None])
def test_why_the_durbin_model_stands_is_known(*, lag: bool, error: bool | None) -> None:
    steps = {
        each: ChoiceStep(chi_squared_test("none", 1.0, 1), "LR", rejected=each)
        for each in (True, False)
    }
    told = _why_durbin(steps[lag], None if error is None else steps[error])
    assert told in _chinese()


def test_the_other_conclusions_of_the_tests_are_known() -> None:
    source = (PACKAGE / "models" / "spatial_choice.py").read_text(encoding="utf-8")
    texts = list(texts_of(ast.parse(source)))
    whole = [text for text in texts if text.startswith(("A SAR: ", "A SEM: "))]
    assert len(whole) == 2
    (start,) = (text for text in texts if text.startswith("the LM tests find"))
    assert {
        *whole,
        f"OLS: {start}, and no W x matters.",
        f"An SDM: {start} in OLS, but W x matters, and beside it W y.",
        f"An SLX: {start}, but W x matters.",
    } <= set(_chinese())


def test_sentences_fill_what_they_know() -> None:
    words = Words("district", "districts", "patents")
    assert words.say("{Places}: {count} {places}", count=2) == "Districts: 2 districts"
    assert words.count(1) == "1 district"
    assert words.count_others(3) == "3 other districts"
    assert words.enumerate(["a"]) == "a"
    assert words.enumerate(["a", "b", "c"]) == "a, b and c"


def test_chinese_counts_and_joins_in_its_own_way() -> None:
    assert ZH.count(3) == "3 个城市"
    assert ZH.count_others(1) == "其他 1 个城市"
    assert ZH.enumerate(["甲", "乙", "丙"]) == "甲、乙与丙"


def test_names_that_are_not_ours_stay() -> None:
    assert ZH.name("ln(patents)") == "ln(patents)"
    assert ZH.name("{braces}") == "{braces}"


def test_a_blank_stands_between_chinese_and_digits() -> None:
    assert ZH.say("{name} {rank}", name="Suzhou", rank="第 2 名") == "Suzhou 第 2 名"
    told = ZH.say(
        "{cause} {verb} {outcome} {clear}.", cause="提高 10%", verb="", clear=""
    )
    assert told.startswith("提高 10% 时，")


def test_a_capital_is_only_at_the_start() -> None:
    assert capital("ln(CR) is") == "Ln(CR) is"
    assert capital("") == ""
