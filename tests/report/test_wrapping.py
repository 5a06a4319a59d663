import pytest

from spatial_coagg.report.wrapping import keep_together, wrap_text

NOTE = "局部莫兰指数，9999 次置换，双侧，水平 0.05：本市与邻市的 θ。"


@pytest.mark.parametrize("width", [6, 9, 20, 200])
def test_no_letter_is_lost_and_no_mark_begins_a_line(width: int) -> None:
    lines = wrap_text(NOTE, width)
    assert "".join(lines).replace(" ", "") == NOTE.replace(" ", "")
    assert not any(line[0] in "，。：" for line in lines)


def test_a_wide_letter_counts_two() -> None:
    assert wrap_text("高低高低", 4) == ["高低", "高低"]
    assert wrap_text("ab cd ab", 5) == ["ab cd", "ab"]


def test_a_word_longer_than_the_line_stands_alone() -> None:
    assert wrap_text("a verylongword b", 5) == ["a", "verylongword", "b"]


def test_no_text_is_no_line() -> None:
    assert wrap_text("", 9) == wrap_text("  ", 9) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("by 1.93 % (p ≤ 0.001)", "by 1.93~% (p~≤~0.001)"),
        ("75 per cent of", "75~per~cent of"),
        ("全部 16 年，p = 0.0002", "全部 16~年，p~=~0.0002"),
        ("** p < 0.05, * p < 0.10", "**~p~<~0.05, *~p~<~0.10"),
        ("I = (N − 1) z", "I = (N − 1) z"),
        ("stop = 3 cities", "stop =~3 cities"),
    ],
)
def test_a_number_stays_with_its_unit_and_p_with_its_value(
    text: str, kept: str
) -> None:
    assert keep_together(text) == kept.replace("~", "\xa0")
