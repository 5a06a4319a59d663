from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.models.fit import Fit, tabulate_estimates
from spatial_coagg.report.findings import (
    describe_clustering,
    describe_driver,
    describe_leaders,
    describe_level,
    describe_regions,
    describe_robustness,
    measure_response,
)
from spatial_coagg.report.words import Words

WORDS = Words(place="region", places="regions", outcome="innovation")


@dataclass(frozen=True)
class OneSlope:
    estimates: pd.DataFrame
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame)
    title: str = "Within"
    facts: dict[str, float | int | str] = field(default_factory=dict)


def fit_with(slope: float, error: float, driver: str = "ln(theta)") -> Fit:
    table = tabulate_estimates([driver], np.array([slope]), np.array([[error**2]]))
    return OneSlope(table)


def theta_of(values: dict[tuple[str, int], float]) -> pd.Series:
    index = pd.MultiIndex.from_tuples(list(values), names=["city", "year"])
    return pd.Series(list(values.values()), index=index)


def moran_of(
    statistics: list[float], p_values: list[float], first: int = 2004
) -> pd.DataFrame:
    return pd.DataFrame(
        {"statistic": statistics, "p_permutation": p_values, "expectation": -0.01},
        index=pd.RangeIndex(first, first + len(statistics), name="year"),
    )


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (2.5, "has risen by 0.50, from 2.00"),
        (1.5, "has fallen by 0.50, from 2.00"),
        (2.0, "the same"),
    ],
)
def test_the_level_moves_with_the_numbers(end: float, words: str) -> None:
    theta = theta_of({("a", 2004): 2.0, ("a", 2019): end})
    assert words in describe_level(theta, WORDS)


def test_one_year_has_no_trend() -> None:
    sentence = describe_level(theta_of({("a", 2019): 2.0}), WORDS)
    assert sentence == "In 2019 the average synergy (theta) of 1 region was 2.00."


def test_leaders_are_ranked_by_the_last_year() -> None:
    theta = theta_of({("a", 2004): 9.0, ("a", 2019): 1.0, ("b", 2019): 2.0})
    sentence = describe_leaders(theta, {"a": "Ayton", "b": "Beeford"}, WORDS)
    assert "Beeford (2.00) and Ayton (1.00), the lowest in Ayton" in sentence


@pytest.mark.parametrize(
    ("east_before", "word"), [(3.0, "as wide as"), (2.5, "wider"), (4.0, "narrower")]
)
def test_the_gap_between_regions_is_compared(east_before: float, word: str) -> None:
    theta = theta_of(
        {
            ("a", 2004): east_before,
            ("a", 2019): 3.0,
            ("b", 2004): 2.0,
            ("b", 2019): 2.0,
        }
    )
    sentence = describe_regions(theta, pd.Series({"a": "east", "b": "west"}), WORDS)
    assert sentence.startswith(
        "Of the regions, east has the highest synergy in 2019 (3.00 on average) and "
        "west the lowest (2.00)"
    )
    assert word in sentence


def test_one_region_says_nothing() -> None:
    theta = theta_of({("a", 2019): 3.0})
    assert describe_regions(theta, pd.Series({"a": "east"}), WORDS) == ""


@pytest.mark.parametrize(
    ("statistics", "p_values", "words"),
    [
        ([0.4, 0.3], [0.0001, 0.02], "in every one of the 2 years"),
        ([0.4, 0.0], [0.0001, 0.7], "low beside low, in 1 of 2 years"),
        ([-0.4, -0.3], [0.001, 0.001], "with low synergy in every one of the 2 years"),
        ([0.4, -0.4], [0.001, 0.001], "The pattern of synergy changes"),
        ([0.0, 0.01], [0.9, 0.5], "no clear pattern in space: in none of 2 years"),
        ([0.4], [0.001], "in the year studied (Moran's I 0.40; p at most 0.001"),
    ],
)
def test_clustering_is_worded_by_sign_and_certainty(
    statistics: list[float], p_values: list[float], words: str
) -> None:
    assert words in describe_clustering(moran_of(statistics, p_values), WORDS)


def test_a_positive_slope_is_higher_and_a_negative_one_lower() -> None:
    up = describe_driver(fit_with(0.2, 0.05), "ln(theta)", "ln(cr)", WORDS)
    down = describe_driver(fit_with(-0.2, 0.05), "ln(theta)", "ln(cr)", WORDS)
    assert "innovation higher by 1.92 %" in up
    assert "innovation lower by 1.89 %" in down
    assert "not a forecast" in up


def test_an_unclear_slope_is_called_unclear() -> None:
    sentence = describe_driver(fit_with(0.05, 0.05), "ln(theta)", "ln(cr)", WORDS)
    assert "cannot be told" in sentence
    assert "not a forecast" not in sentence


def test_the_response_is_that_of_ten_per_cent() -> None:
    response = measure_response(fit_with(0.2, 0.05), "ln(theta)", "ln(cr)")
    assert response.estimate == pytest.approx(100 * (1.1**0.2 - 1))
    assert response.lower < response.estimate < response.upper
    level = measure_response(fit_with(0.2, 0.05), "ln(theta)", "cr")
    assert level.estimate == pytest.approx(0.2 * np.log(1.1))
    plain = measure_response(fit_with(0.2, 0.05, "theta"), "theta", "cr")
    assert plain.estimate == pytest.approx(0.2)


def test_one_plus_the_outcome_is_said() -> None:
    sentence = describe_driver(
        fit_with(0.2, 0.05, "theta"), "theta", "ln1p(patents)", WORDS
    )
    assert "% (of 1 + patents)" in sentence
    assert "ynergy higher by one" in sentence


def test_agreeing_specifications_are_summed_up() -> None:
    for slope, words in ((0.2, "is positive"), (-0.2, "is negative"), (0.0, "cannot")):
        fits = [fit_with(slope, 0.05), fit_with(slope * 1.1, 0.05)]
        assert words in describe_robustness(fits, "ln(theta)", WORDS)
    assert describe_robustness([fit_with(0.2, 0.05)], "ln(theta)", WORDS) == ""


def test_disagreeing_specifications_are_listed() -> None:
    fits = [fit_with(0.2, 0.05), fit_with(-0.2, 0.05), fit_with(0.0, 0.05)]
    sentence = describe_robustness(fits, "ln(theta)", WORDS)
    assert "positive (0.200); Within: negative (-0.200); Within: unclear" in sentence


def test_a_very_vague_estimate_is_not_written_out() -> None:
    told = describe_driver(fit_with(50.0, 60.0), "ln(theta)", "ln(cr)", WORDS)
    assert "the estimate is more than 1,000 % (95 % interval −99.84 " in told
    assert "to more than 1,000, p = " in told
    clear = describe_driver(fit_with(50.0, 1.0), "ln(theta)", "ln(cr)", WORDS)
    assert "higher by more than 1,000 % (95 % interval more than 1,000, p" in clear
    levels = describe_driver(fit_with(5e4, 1.0, "theta"), "theta", "cr", WORDS)
    assert "higher by 50000.00 (95 % interval 49998.04 to 50001.96" in levels
