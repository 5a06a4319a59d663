import numpy as np
import pandas as pd
import pytest
from places import (
    columbus,
    graph_of,
    lattice,
    orders,
    panel_of,
    ring,
    uneven,
)

from spatial_coagg.autocorrelation.moran import global_moran
from spatial_coagg.autocorrelation.panels import (
    bivariate_moran,
    bivariate_moran_by_year,
    panel_moran,
)
from spatial_coagg.errors import (
    AlignmentError,
    IsolatedCityWarning,
    SpatialCoaggError,
    UnbalancedPanelError,
)
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.align import weight_matrix


def named_ring(size: int) -> object:
    codes = [f"{place:03d}" for place in range(size)]
    return graph_of(
        {
            (codes[place], codes[(place + side) % size]): 0.5
            for place in range(size)
            for side in (-1, 1)
        }
    )


def test_one_year_of_the_panel_moran_is_moran() -> None:
    values = np.random.default_rng(1).normal(size=(1, 49))
    panel = panel_of(values)
    whole = panel_moran(panel, "x", lattice(7), permutations=0)
    single = global_moran(
        panel.frame["x"].xs(2001, level="year"), lattice(7), permutations=0
    )
    assert whole.statistic == pytest.approx(single.statistic, rel=1e-12)
    assert whole.variance_randomisation == pytest.approx(
        single.variance_randomisation, rel=1e-10
    )


def test_panel_moments_are_those_of_all_orders_of_histories() -> None:
    values = np.random.default_rng(2).normal(size=(3, 6)).cumsum(axis=0)
    graph = named_ring(6)
    w = weight_matrix(graph).toarray()
    z = (values - values.mean(axis=1, keepdims=True)).T
    every = z[orders(6)]
    forms = np.einsum("pit,ij,pjt->p", every, w, every)
    found = 6 / w.sum() * forms / np.square(z).sum()
    ours = panel_moran(panel_of(values), "x", graph, permutations=20_000, rng=1)
    assert ours.statistic == pytest.approx(found[0], rel=1e-12)
    assert ours.expectation == pytest.approx(found.mean(), rel=1e-10)
    assert ours.variance_randomisation == pytest.approx(found.var(), rel=1e-10)
    tails = [np.mean(found >= found[0] - 1e-12), np.mean(found <= found[0] + 1e-12)]
    assert ours.p_permutation == pytest.approx(min(1.0, 2 * min(tails)), abs=0.015)


def test_a_common_trend_is_no_likeness() -> None:
    values = np.random.default_rng(3).normal(size=(8, 49))
    trend = 10 * np.arange(8.0)[:, None]
    plain = panel_moran(panel_of(values), "x", lattice(7), permutations=99, rng=1)
    risen = panel_moran(
        panel_of(values + trend), "x", lattice(7), permutations=99, rng=1
    )
    assert risen.statistic == pytest.approx(plain.statistic, abs=1e-12)
    assert risen.p_permutation == plain.p_permutation


@pytest.mark.slow
def test_persistent_histories_are_rejected_no_more_than_the_level() -> None:
    rng = np.random.default_rng(4)
    rejected = {"permutation": 0, "randomisation": 0}
    draws = 600
    for _ in range(draws):
        walk = rng.normal(size=(10, 49)).cumsum(axis=0)
        test = panel_moran(panel_of(walk), "x", lattice(7), permutations=99, rng=rng)
        rejected["permutation"] += test.p_permutation <= 0.05
        rejected["randomisation"] += test.p_randomisation <= 0.05
    for share in rejected.values():
        assert 0.025 <= share / draws <= 0.08


def test_a_gap_is_refused_and_named() -> None:
    values = np.random.default_rng(1).normal(size=(2, 49))
    values[1, 3] = np.nan
    with pytest.raises(UnbalancedPanelError, match=r"city '003' in 2002"):
        panel_moran(panel_of(values), "x", lattice(7))


def test_islands_of_a_panel_are_left_out_with_a_warning() -> None:
    graph = graph_of(
        {
            ("000", "001"): 1,
            ("001", "000"): 1,
            ("002", "003"): 1,
            ("003", "002"): 1,
        },
        ("004",),
    )
    values = np.random.default_rng(1).normal(size=(2, 5))
    with pytest.warns(IsolatedCityWarning, match="left out of the panel's Moran's I"):
        assert panel_moran(panel_of(values), "x", graph, permutations=0).cities == 4


def test_bivariate_moments_are_those_of_all_orders() -> None:
    first = pd.Series([1.0, 2.5, 4.0, 8.0, 9.0, 3.0, 5.0], index=list("abcdefg"))
    second = pd.Series([2.0, 1.0, 7.0, 3.0, 8.0, 6.0, 1.5], index=list("abcdefg"))
    w = weight_matrix(uneven()).toarray()
    x, y = first - first.mean(), second - second.mean()
    scale = 7 / w.sum() / np.sqrt(np.square(x).sum() * np.square(y).sum())
    found = scale * np.einsum("i,ij,pj->p", x, w, y.to_numpy()[orders(7)])
    ours = bivariate_moran(first, second, uneven(), permutations=20_000, rng=1)
    assert ours.statistic == pytest.approx(found[0], rel=1e-12)
    assert ours.expectation == pytest.approx(found.mean(), abs=1e-12)
    assert ours.variance_randomisation == pytest.approx(found.var(), rel=1e-10)
    tails = [np.mean(found >= found[0] - 1e-12), np.mean(found <= found[0] + 1e-12)]
    assert ours.p_permutation == pytest.approx(min(1.0, 2 * min(tails)), abs=0.015)


def test_a_variable_with_itself_is_moran() -> None:
    values, graph, _ = columbus()
    both = bivariate_moran(values, values.sample(frac=1, random_state=1), graph)
    assert both.statistic == pytest.approx(
        global_moran(values, graph, permutations=0).statistic, rel=1e-12
    )


def test_two_variables_of_other_cities_are_refused() -> None:
    values = pd.Series(np.arange(6.0), index=list("abcdef"))
    with pytest.raises(AlignmentError, match="different cities: 'f', 'g'"):
        bivariate_moran(values, values.rename({"f": "g"}), ring("abcdef"))


def test_space_time_pairs_now_with_the_neighbours_before() -> None:
    values = np.random.default_rng(5).normal(size=(4, 49))
    panel = panel_of(values)
    found = bivariate_moran_by_year(
        panel, "x", "x", lattice(7), lag=2, permutations=9, rng=1
    )
    wide = panel.frame["x"].unstack("city")
    expected = bivariate_moran(
        wide.loc[2004], wide.loc[2002], lattice(7), permutations=0
    )
    assert list(found.index) == [2003, 2004]
    assert found.loc[2004, "statistic"] == pytest.approx(expected.statistic, rel=1e-12)


def test_a_lag_that_no_year_has_is_refused() -> None:
    panel = panel_of(np.random.default_rng(5).normal(size=(2, 49)))
    with pytest.raises(SpatialCoaggError, match="2 years before it"):
        bivariate_moran_by_year(panel, "x", "x", lattice(7), lag=2)
    with pytest.raises(SpatialCoaggError, match="lag must be 0 or more"):
        bivariate_moran_by_year(panel, "x", "x", lattice(7), lag=-1)


def test_row_order_of_the_panel_changes_nothing() -> None:
    panel = panel_of(np.random.default_rng(6).normal(size=(3, 49)))
    mixed = Panel.from_frame(
        panel.frame.reset_index().sample(frac=1, random_state=2),
        city="city",
        year="year",
    )
    first = panel_moran(panel, "x", lattice(7), permutations=99, rng=1)
    again = panel_moran(mixed, "x", lattice(7), permutations=99, rng=1)
    assert repr(first) == repr(again)
