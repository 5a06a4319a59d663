import pandas as pd
import pytest

from spatial_coagg.autocorrelation.classes import CLASSES
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import MoranByYear
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.autocorrelation.transitions import class_transitions
from spatial_coagg.report.cluster_findings import (
    describe_local,
    describe_moves,
    describe_panel_moran,
    describe_sector_clusters,
    describe_sectors,
)
from spatial_coagg.report.words import Words

NAMES = {code: code.upper() for code in "abcdefg"}


def local(years: dict[int, list[str]], fdr: str = "benjamini-hochberg") -> LocalTest:
    rows = [
        (city, year, name, 1.0 + place, 0.01)
        for year, names in years.items()
        for place, (city, name) in enumerate(zip("abcdefg", names, strict=False))
    ]
    frame = pd.DataFrame(
        rows, columns=["city", "year", "cluster", "statistic", "p_value"]
    )
    frame["cluster"] = frame["cluster"].astype(pd.CategoricalDtype(list(CLASSES)))
    return LocalTest(
        "local Moran",
        "theta",
        frame.set_index(["city", "year"]),
        CLASSES,
        9999,
        0.05,
        fdr,  # type: ignore[arg-type]
    )


def test_clusters_are_named_strongest_first() -> None:
    test = local({2001: ["HH"] * 6 + ["LL"]})
    assert describe_local(test, 2001, NAMES, Words()) == (
        "In 2001, 7 of 7 cities stand out, of which about 5 per cent may be false: 6 "
        "high among high (F, E, D, C, B and others); 1 low among low (G). The others "
        "cannot be told from chance."
    )


def test_no_cluster_is_said() -> None:
    test = local({2001: ["not significant"] * 4})
    assert describe_local(test, 2001, NAMES, Words()) == (
        "In 2001 no single one of 4 cities can be told from chance at the level of 5 "
        "per cent."
    )


@pytest.mark.parametrize(
    ("fdr", "words"),
    [("bonferroni", "that any is false"), ("none", "chance alone would find some")],
)
def test_the_cut_off_is_put_in_words(fdr: str, words: str) -> None:
    test = local({2001: ["HH", "LL"]}, fdr)
    assert words in describe_local(test, 2001, NAMES, Words())


def test_moves_are_told_or_their_absence() -> None:
    lasting = local({2001: ["HH", "HH", "LL"], 2002: ["HH", "LL", "LL"]})
    text = describe_moves(class_transitions(lasting), Words())
    assert "50 per cent of high among high (HH)" in text
    assert "100 per cent of low among low (LL)" in text
    assert "1 cities changed" not in text
    assert "1 city changed" in text
    districts = Words(place="district", places="districts")
    told = describe_moves(class_transitions(lasting), districts)
    assert "may be a district that passes" in told
    assert "cit" not in told
    empty = local({2001: ["not significant"] * 3, 2002: ["not significant"] * 3})
    assert describe_moves(class_transitions(empty), Words()).startswith("No city stood")


def panel_test(statistic: float, p: float) -> AutocorrelationTest:
    nan = float("nan")
    return AutocorrelationTest(
        "Panel Moran's I",
        statistic,
        -0.01,
        nan,
        nan,
        nan,
        0.01,
        2.0,
        p,
        p,
        999,
        "two-sided",
        100,
        (),
    )


def test_the_panel_sentence_follows_sign_and_significance() -> None:
    words = Words()
    assert "are alike" in describe_panel_moran(panel_test(0.3, 0.002), words)
    assert "are unlike" in describe_panel_moran(panel_test(-0.3, 0.002), words)
    unclear = describe_panel_moran(panel_test(0.3, 0.2), words)
    assert "cannot be told from unrelated ones" in unclear


def test_sectors_count_the_years_in_which_neighbours_are_alike() -> None:
    frame = pd.DataFrame(
        {
            "statistic": [0.3, 0.3, -0.3],
            "expectation": [-0.1] * 3,
            "p_permutation": [0.01, 0.2, 0.01],
        },
        index=pd.Index([2001, 2002, 2003], name="year"),
    )
    morans = {"finance": MoranByYear("theta_finance", "two-sided", 99, frame)}
    assert describe_sectors(morans, Words()) == (
        "At the level of 5 per cent, neighbouring cities resemble each other in "
        "finance in 1 of 3 years (and differ in 1)."
    )


def test_sectors_that_agree_are_told_at_once() -> None:
    frame = pd.DataFrame(
        {"statistic": [0.3], "expectation": [-0.1], "p_permutation": [0.01]},
        index=pd.Index([2001], name="year"),
    )
    morans = {
        name: MoranByYear(f"theta_{name}", "two-sided", 99, frame)
        for name in ("finance", "leasing")
    }
    assert describe_sectors(morans, Words()).endswith(
        "resemble each other in 1 of 1 year in each of the 2 sectors: finance and "
        "leasing."
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (Words(), "each other in finance in every one of the 2 years."),
        (Words("城市", "城市", language="zh"), "的情况：finance 在全部 2 年。"),
    ],
)
def test_a_sector_alike_in_every_year_is_not_counted_twice(
    words: Words, told: str
) -> None:
    frame = pd.DataFrame(
        {"statistic": 0.3, "expectation": -0.1, "p_permutation": 0.01},
        index=pd.Index([2001, 2002], name="year"),
    )
    morans = {"finance": MoranByYear("theta_finance", "two-sided", 99, frame)}
    assert describe_sectors(morans, words).endswith(told)


def test_sectors_with_and_without_single_cities_are_told_apart() -> None:
    tests = {
        "finance": local({2001: ["not significant"] * 3}).of_year(2001),
        "leasing": local({2001: ["HH", "HH", "LH"]}).of_year(2001),
    }
    assert describe_sector_clusters(tests, 2001, Words()) == (
        "In 2001 single cities stand out in leasing (2 high among high, 1 low among "
        "high). In finance no single city can be told from chance in 2001."
    )
    del tests["leasing"]
    assert describe_sector_clusters(tests, 2001, Words()).startswith("In finance no")
