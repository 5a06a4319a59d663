from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.models.fit import Fit, tabulate_estimates
from spatial_coagg.report.spatial_findings import (
    describe_corrections,
    describe_criteria,
    describe_other_weights,
    describe_probabilities,
    describe_spillover,
)
from spatial_coagg.report.words import Words

WORDS = Words(outcome="innovation")


def effects_of(
    direct: float, indirect: float, error: float = 0.01, driver: str = "ln(theta)"
) -> pd.DataFrame:
    kinds = ["direct", "indirect", "total"]
    values = np.array([direct, indirect, direct + indirect])
    table = tabulate_estimates(kinds, values, error**2 * np.eye(3))
    table.index = pd.MultiIndex.from_product(
        [kinds, [driver]], names=["effect", "driver"]
    )
    return table


@dataclass(frozen=True)
class Criteria:
    facts: dict[str, float | int | str]
    title: str = ""
    estimates: pd.DataFrame = field(default_factory=pd.DataFrame)
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame)


def test_spillovers_are_told_in_per_cent_of_the_outcome() -> None:
    total, own, around = describe_spillover(
        effects_of(0.2, 0.3), "ln(theta)", "ln(cr)", WORDS
    )
    told = 100 * (1.1**0.5 - 1)
    assert f"in every city goes with innovation higher by {told:.2f} %" in total
    assert f"higher by {100 * (1.1**0.2 - 1):.2f} %" in own
    assert f"higher by {100 * (1.1**0.3 - 1):.2f} %" in around


def test_a_negative_spillover_is_told_as_lower() -> None:
    around = describe_spillover(effects_of(0.2, -0.3), "ln(theta)", "ln(cr)", WORDS)[2]
    assert "all other cities goes with innovation lower by 2.82 %" in around
    assert "interval −" in around


def test_an_unclear_spillover_gets_no_direction() -> None:
    around = describe_spillover(
        effects_of(0.2, 0.01, error=0.05), "ln(theta)", "ln(cr)", WORDS
    )[2]
    assert "cannot be said to go with innovation higher or lower" in around


def test_a_driver_in_levels_is_raised_by_one() -> None:
    total = describe_spillover(
        effects_of(0.2, 0.3, driver="theta"), "theta", "cr", WORDS
    )[0]
    assert total.startswith("Synergy higher by one in every city goes with innovation")
    assert "by 0.50 (" in total


@pytest.mark.parametrize(
    ("indirect", "words"),
    [
        ((0.3, 0.2), "is positive and significant by all 2 kinds"),
        ((-0.3, -0.2), "is negative and significant by all 2 kinds"),
        ((0.0, 0.001), "cannot be told from zero by all 2 kinds"),
        ((0.3, -0.2), "positive by queen; negative by nearest"),
        ((0.3, 0.0), "positive by queen; unclear by nearest"),
    ],
)
def test_weights_agree_or_not(indirect: tuple[float, float], words: str) -> None:
    frames = dict(
        zip(("queen", "nearest"), (effects_of(0.1, x) for x in indirect), strict=True)
    )
    assert words in describe_other_weights(frames, "ln(theta)", WORDS)


def test_one_kind_of_neighbours_gives_no_sentence() -> None:
    frames = {"queen": effects_of(0.1, 0.2)}
    assert describe_other_weights(frames, "ln(theta)", WORDS) == ""


@pytest.mark.parametrize(
    ("sdm", "words"),
    [
        ((100.0, 105.0), "the SDM describes the data best by both AIC and BIC"),
        ((120.0, 135.0), "the SAR describes the data best by both AIC and BIC"),
        ((100.0, 115.0), "AIC prefers the SDM and BIC, which counts parameters"),
    ],
)
def test_criteria_name_the_best_model(sdm: tuple[float, float], words: str) -> None:
    fits: dict[str, Fit] = {
        "sar": Criteria({"aic": 110.0, "bic": 112.0}),
        "sdm": Criteria({"aic": sdm[0], "bic": sdm[1]}),
    }
    assert words in describe_criteria(fits, WORDS)


def test_one_model_needs_no_criterion() -> None:
    assert describe_criteria({"sar": Criteria({"aic": 1.0, "bic": 2.0})}, WORDS) == ""


def probabilities_of(values: dict[tuple[str, str], float]) -> pd.Series:
    index = pd.MultiIndex.from_tuples(list(values), names=["weights", "model"])
    return pd.Series(list(values.values()), index=index)


def test_the_most_probable_pair_is_named() -> None:
    found = probabilities_of(
        {("queen", "sar"): 0.1, ("nearest", "sar"): 0.5, ("nearest", "sdm"): 0.4}
    )
    assert describe_probabilities(found, WORDS) == (
        "Of 3 pairs of neighbours and model, the SAR with nearest neighbours is the "
        "most probable (posterior probability 0.500); all models with nearest "
        "neighbours together have 0.900."
    )


def test_a_pair_beyond_doubt_needs_no_second_number() -> None:
    found = probabilities_of({("queen", "sdm"): 0.99995, ("nearest", "sdm"): 0.00005})
    assert describe_probabilities(found, WORDS).endswith(
        "(posterior probability above 0.999)."
    )


def test_corrections_are_told_by_rho() -> None:
    told = describe_corrections({"transform": 0.4, "none": 0.367}, WORDS)
    assert told.endswith(
        "is 0.400 with the data transformed (Lee and Yu) and 0.367 without a "
        "correction."
    )
    assert describe_corrections({"none": 0.4}, WORDS) == ""
