import numpy as np
import pytest

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.classes import Scheme, class_breaks, round_breaks

VALUES = np.random.default_rng(3).lognormal(0, 1, 900)


@pytest.mark.parametrize("scheme", ["quantile", "equal", "fisher-jenks"])
def test_a_rule_makes_the_classes_asked_for(scheme: Scheme) -> None:
    breaks = class_breaks(VALUES, scheme=scheme, classes=5)
    assert len(breaks) == 4
    assert (np.diff(breaks) > 0).all()
    assert VALUES.min() < breaks[0] < breaks[-1] < VALUES.max()


@pytest.mark.parametrize("scheme", ["quantile", "equal", "fisher-jenks"])
def test_breaks_do_not_depend_on_the_order_of_values(scheme: Scheme) -> None:
    shuffled = np.random.default_rng(4).permutation(VALUES)
    np.testing.assert_array_equal(
        class_breaks(VALUES, scheme=scheme), class_breaks(shuffled, scheme=scheme)
    )


def test_quantiles_hold_equal_numbers() -> None:
    breaks = class_breaks(VALUES, scheme="quantile", classes=6)
    counts = np.bincount(np.searchsorted(breaks, VALUES))
    assert counts.tolist() == [150] * 6


def test_equal_classes_are_equally_wide() -> None:
    breaks = class_breaks([0.0, 1.0, 2.0, 3.0, 10.0], scheme="equal", classes=4)
    assert breaks.tolist() == [2.5, 5.0, 7.5]


def test_fisher_jenks_cuts_between_groups() -> None:
    groups = np.concatenate([np.linspace(m, m + 0.1, 200) for m in (0, 5, 9)])
    breaks = class_breaks(groups, scheme="fisher-jenks", classes=3)
    assert np.bincount(np.searchsorted(breaks, groups)).tolist() == [200, 200, 200]


def test_fisher_jenks_keeps_rare_values_when_most_are_tied() -> None:
    tied = np.array([0.0] * 4000 + [1.0, 2.0, 3.0, 9.0])
    breaks = class_breaks(tied, scheme="fisher-jenks", classes=3)
    assert len(breaks) == 2


def test_fisher_jenks_is_exact_where_values_are_few() -> None:
    few = [1.0, 1.1, 1.2, 5.0, 5.1, 9.0, 9.1, 9.2]
    assert class_breaks(few, scheme="fisher-jenks", classes=3).tolist() == [1.2, 5.1]


def test_each_value_gets_its_class_when_there_are_few() -> None:
    assert class_breaks([1, 1, 2, 5, np.nan], classes=6).tolist() == [1.0, 2.0]
    assert class_breaks([3.0, 3.0]).tolist() == []


def test_ties_give_fewer_classes() -> None:
    tied = [0.0] * 90 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert class_breaks(tied, scheme="quantile", classes=4).tolist() == [0.0]


@pytest.mark.parametrize("breaks", [[2.0, 1.0], [1.0, 1.0], [], [1.0, np.inf]])
def test_breaks_that_do_not_ascend_are_refused(breaks: list[float]) -> None:
    with pytest.raises(SpatialCoaggError, match="finite numbers in ascending order"):
        class_breaks(VALUES, scheme=breaks)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="scheme must be one of 'quantile'"):
        class_breaks(VALUES, scheme="jenks")  # type: ignore[arg-type]


def test_one_class_and_no_value_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="classes must be 2 or more, got 1"):
        class_breaks(VALUES, classes=1)
    with pytest.raises(SpatialCoaggError, match="nothing to classify"):
        class_breaks([np.nan])


def test_rounding_keeps_breaks_close_and_apart() -> None:
    exact = np.array([1.95312, 2.21481, 2.43377])
    breaks, decimals = round_breaks(exact, decimals=4)
    assert (breaks.tolist(), decimals) == ([1.95, 2.21, 2.43], 2)


def test_large_breaks_lose_digits_before_the_point() -> None:
    breaks, decimals = round_breaks(np.array([454_395.0, 1_521_249.0]), decimals=0)
    assert (breaks.tolist(), decimals) == ([500_000.0, 1_500_000.0], 0)


@pytest.mark.parametrize("exact", [[], [2.34567]])
def test_without_a_width_breaks_keep_the_decimals_of_the_values(
    exact: list[float],
) -> None:
    breaks, decimals = round_breaks(np.array(exact), decimals=3)
    np.testing.assert_allclose(breaks, np.round(exact, 3))
    assert decimals == 3
