"""Ranges of ranks over weights, in numbers and in words."""

import pytest
from ring_fits import fit_ring, ring

from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.planner.ranks import ordinal, rank_ranges, told_range
from spatial_coagg.planner.scenario_result import WhatIf
from spatial_coagg.planner.scenarios import what_if


def answers(percent: float = 10.0) -> dict[str, WhatIf]:
    return {
        f"reach {reach}": what_if(
            fit_ring(ring(reach=reach, skewed=True)), {"c05": percent}, draws=30, rng=1
        )
        for reach in (1, 3)
    }


def test_ranges_span_the_ranks_by_each_weights() -> None:
    found = answers()
    table = rank_ranges(found)
    for city, row in table.iterrows():
        ranks = [int(each.cities["rank"].to_dict()[city]) for each in found.values()]
        assert (row["best"], row["worst"]) == (min(ranks), max(ranks))
        assert row["told"] == told_range(min(ranks), max(ranks), 20)
        zero = [each.cities["includes_zero"].to_dict()[city] for each in found.values()]
        assert row["always_clear"] == (not any(zero))
        assert [row["reach 1"], row["reach 3"]] == ranks
    assert table.index[0] == "c05"
    assert (table["best"] != table["worst"]).any()


def test_different_questions_are_refused() -> None:
    first, second = answers()["reach 1"], answers(20.0)["reach 3"]
    with pytest.raises(SpatialCoaggError, match="different questions"):
        rank_ranges({"a": first, "b": second})
    other = what_if(fit_ring(outcome="cr"), {"c05": 10}, draws=30, rng=1)
    with pytest.raises(SpatialCoaggError, match="different questions"):
        rank_ranges({"a": first, "b": other})
    with pytest.raises(SpatialCoaggError, match="got none"):
        rank_ranges({})


def test_different_cities_are_refused() -> None:
    first = answers()["reach 1"]
    fewer = WhatIf(
        **{name: getattr(first, name) for name in WhatIf.__slots__}
        | {"cities": first.cities.drop(index="c00")}
    )
    with pytest.raises(AlignmentError, match="an answer lacks 1 of the 20"):
        rank_ranges({"a": first, "b": fewer})


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th")],
)
def test_ordinals_are_english(number: int, word: str) -> None:
    assert ordinal(number) == word
    assert ordinal(number + 200) == f"2{number:02d}{word[-2:]}"


def test_one_rank_is_told_once() -> None:
    assert told_range(2, 2, 281) == "2nd of 281"
    assert told_range(2, 5, 281) == "2nd to 5th of 281"
