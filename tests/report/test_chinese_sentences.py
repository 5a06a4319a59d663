"""The sentences in Chinese change with the numbers as the English ones do."""

import pandas as pd
import pytest

from spatial_coagg.report.findings import describe_clustering, describe_level
from spatial_coagg.report.reach_findings import describe_targets, told_rank
from spatial_coagg.report.spatial_findings import describe_spillover
from spatial_coagg.report.what_if_findings import describe_average, describe_what_if
from spatial_coagg.report.what_if_question import Question, word_jobs, word_synergy
from spatial_coagg.report.words import Words

WORDS = Words("城市", "城市", "创新水平", "zh")
NAMES = {"a": "苏州市", "b": "南通市", "c": "无锡市"}
ASKED = Question(word_synergy({"苏州市": 10}, WORDS), "% of cr", 0.9)


def table(**rows: tuple[float, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, index=["total", "lower", "upper"]).T
    zero = (frame["lower"] <= 0) & (frame["upper"] >= 0)
    return frame.assign(includes_zero=zero, median=frame["total"])


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (2.5, "，比 2004 年的 2.00 上升了 0.50。"),
        (1.5, "，比 2004 年的 2.00 下降了 0.50。"),
        (2.0, "，与 2004 年相同。"),
    ],
)
def test_the_level_rises_or_falls(end: float, told: str) -> None:
    index = pd.MultiIndex.from_tuples([("a", 2004), ("a", 2019)])
    theta = pd.Series([2.0, end], index=index.set_names(["city", "year"]))
    assert describe_level(theta, WORDS) == (
        f"2019 年，1 个城市的平均协同度（θ）为 {end:.2f}{told}"
    )


@pytest.mark.parametrize(
    ("statistics", "p", "told"),
    [
        ((0.3, 0.4), 0.001, "在全部 2 年，协同度呈正的空间自相关"),
        ((-0.3, -0.4), 0.001, "在全部 2 年，协同度呈负的空间自相关"),
        ((0.3, -0.4), 0.001, "2 年中，1 年呈正的空间自相关，1 年呈负的空间自相关"),
        ((0.3, 0.4), 0.5, "没有明显的空间格局：2 年中没有一年"),
    ],
)
def test_clusters_are_positive_negative_mixed_or_none(
    statistics: tuple[float, float], p: float, told: str
) -> None:
    frame = pd.DataFrame(
        {"statistic": statistics, "p_permutation": p, "expectation": -0.01},
        index=pd.Index([2004, 2005], name="year"),
    )
    assert told in describe_clustering(frame, WORDS)


def effects(estimate: float, error: float) -> pd.DataFrame:
    row = {
        "estimate": estimate,
        "lower": estimate - 2 * error,
        "upper": estimate + 2 * error,
        "p_value": 0.001 if abs(estimate) > 2 * error else 0.5,
    }
    kinds = [(kind, "ln(theta)") for kind in ("direct", "indirect", "total")]
    index = pd.MultiIndex.from_tuples(kinds, names=["effect", "driver"])
    return pd.DataFrame([row] * 3, index=index)


def test_spillovers_are_higher_lower_or_unclear() -> None:
    for slope, direction in ((0.4, "偏高"), (-0.4, "偏低")):
        told = describe_spillover(effects(slope, 0.05), "ln(theta)", "ln(cr)", WORDS)
        assert f"创新水平相应{direction} 3." in told[2]
        assert told[0].startswith("所有城市的协同度均提高 10% 时，")
        assert told[2].endswith("即跨越边界的间接效应（空间溢出）。")
    unclear = describe_spillover(effects(0.1, 0.2), "ln(theta)", "ln(cr)", WORDS)
    assert "无法判断创新水平偏高还是偏低：估计值为 0.96%（95% 置信区间 −" in unclear[1]


def test_a_what_if_tells_home_and_elsewhere() -> None:
    found = table(a=(2.4, 1.8, 3.1), b=(-0.3, -0.5, -0.1), c=(0.01, -0.1, 0.2))
    home, elsewhere = describe_what_if(found, ["a"], ASKED, NAMES, WORDS)
    assert home == (
        "苏州市的协同度（θ）提高 10% 时，创新水平的相应变化：苏州市自身偏高 2.40%"
        "（90% 区间 1.80 至 3.10）。"
    )
    assert elsewhere == (
        "在其他 2 个城市中，创新水平的相应变化：1 个偏低，即南通市（−0.30%，"
        "90% 区间 −0.50 至 −0.10）；1 个与零无显著差异。"
    )
    vague, *_ = describe_what_if(table(a=(9, -1, 5e5)), ["a"], ASKED, NAMES, WORDS)
    assert vague.endswith("苏州市自身（9.00%，90% 区间 −1.00 至超过 1,000）。")


def test_the_average_and_the_sources_are_told() -> None:
    rows = {"own": (1.0, 0.9, 1.1), "neighbours": (3.0, 2, 4), "total": (4.0, 3, 5)}
    average = pd.DataFrame(rows, index=["median", "lower", "upper"]).T
    assert describe_average(average, 281, ASKED, WORDS) == (
        "就全部 281 个城市而言，创新水平平均偏高 4.00%（90% 区间 3.00 至 5.00），"
        "其中 75% 来自邻近城市。"
    )
    sources = table(a=(0.5, 0.2, 0.9)).rename(index=NAMES)
    one = Question("协同度（θ）提高 10%", "% of cr", 0.9)
    assert describe_targets(sources, "南通市", one, WORDS).startswith(
        "在其他 1 个城市中，有 1 个城市，其协同度（θ）提高 10% 时南通市的创新水平偏高"
    )


def test_jobs_and_ranks_are_told() -> None:
    jobs = pd.DataFrame({"金融": [20_000.0, -300.0]}, ["苏州市", "南通市"])
    assert word_jobs(jobs, WORDS) == (
        "苏州市的金融就业增加 20,000 人与南通市的金融就业减少 300 人"
    )
    row = pd.Series({"best": 2, "worst": 5, "told": "2nd to 5th of 281"})
    assert told_rank(row, WORDS) == "第 2 至 5 名"
    assert told_rank(row, Words()) == "2nd to 5th of 281"
    assert told_rank(row.replace(5, 2), WORDS) == "第 2 名"
