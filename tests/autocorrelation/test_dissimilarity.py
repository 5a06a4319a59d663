import numpy as np
import pandas as pd
import pytest
from places import (
    graph_of,
    lattice,
    orders,
    ring,
    uneven,
)

from spatial_coagg.autocorrelation.dissimilarity import geary, getis_ord
from spatial_coagg.errors import (
    AlignmentError,
    IsolatedCityWarning,
    SpatialCoaggError,
)
from spatial_coagg.weights.align import weight_matrix

VALUES = pd.Series([1.0, 2.5, 4.0, 8.0, 9.0, 3.0, 5.0], index=list("abcdefg"))


@pytest.mark.parametrize("test", [geary, getis_ord])
def test_moments_and_p_values_are_those_of_all_orders(test) -> None:  # noqa: ANN001
    graph = uneven()
    w = weight_matrix(graph).toarray()
    every = VALUES.to_numpy()[orders(7)]
    if test is geary:
        gaps = (every[:, :, None] - every[:, None, :]) ** 2
        spread = np.square(VALUES - VALUES.mean()).sum()
        found = 6 * (gaps * w).sum(axis=(1, 2)) / (2 * w.sum() * spread)
    else:
        products = every[:, :, None] * every[:, None, :]
        total = products[0].sum() - np.square(VALUES).sum()
        found = (products * w).sum(axis=(1, 2)) / total
    ours = test(VALUES, graph, permutations=20_000, rng=3)
    assert ours.statistic == pytest.approx(found[0], rel=1e-12)
    assert ours.expectation == pytest.approx(found.mean(), rel=1e-12)
    assert ours.variance_randomisation == pytest.approx(found.var(), rel=1e-10)
    tails = [np.mean(found >= found[0] - 1e-12), np.mean(found <= found[0] + 1e-12)]
    assert ours.p_permutation == pytest.approx(min(1.0, 2 * min(tails)), abs=0.015)


def test_alternatives_ask_for_the_tail_of_the_statistic() -> None:
    values = pd.Series(np.arange(49.0), index=[f"{place:03d}" for place in range(49)])
    below = geary(values, lattice(7), alternative="less", permutations=199, rng=1)
    above = geary(values, lattice(7), alternative="greater", permutations=199, rng=1)
    assert below.p_permutation == 1 / 200
    assert above.p_permutation == 1.0


@pytest.mark.parametrize("test", [geary, getis_ord])
def test_neither_order_nor_scale_changes_the_answer(test) -> None:  # noqa: ANN001
    graph = uneven()
    first = test(VALUES, graph, permutations=99, rng=1)
    again = test(VALUES.sample(frac=1, random_state=1), graph, permutations=99, rng=1)
    scaled = test(1000 * VALUES, graph, permutations=99, rng=1)
    assert repr(first) == repr(again)
    assert scaled.statistic == pytest.approx(first.statistic, rel=1e-12)
    assert scaled.p_permutation == first.p_permutation


def test_negative_values_have_no_general_g() -> None:
    with pytest.raises(SpatialCoaggError, match=r"zero or more; negative are 'a'"):
        getis_ord(VALUES - 2, uneven())


def test_islands_are_left_out_with_a_warning() -> None:
    graph = graph_of(
        {("a", "b"): 1, ("b", "a"): 1, ("c", "d"): 1, ("d", "c"): 1}, ("e",)
    )
    values = pd.Series([1.0, 2.0, 4.0, 7.0, 50.0], index=list("abcde"))
    with pytest.warns(IsolatedCityWarning, match=r"left out of Geary's C: 'e'"):
        found = geary(values, graph, permutations=0)
    assert found.cities == 4
    assert found.islands == ("e",)


def test_other_cities_are_refused() -> None:
    with pytest.raises(AlignmentError):
        geary(VALUES, ring("abcdef"))
