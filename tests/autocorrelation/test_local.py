import itertools
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from places import graph_of, lattice, panel_of, uneven

from spatial_coagg.autocorrelation.classes import CLASSES, permutations_needed
from spatial_coagg.autocorrelation.local import (
    local_bivariate_moran,
    local_moran,
    local_moran_by_year,
)
from spatial_coagg.errors import (
    AlignmentError,
    InferenceWarning,
    LostLinkWarning,
    SpatialCoaggError,
)
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.align import weight_matrix

VALUES = pd.Series([1.0, 2.5, 4.0, 8.0, 9.0, 3.0, 5.0], index=list("abcdefg"))


def draw(side: int, seed: int = 0) -> pd.Series:
    values = np.random.default_rng(seed).normal(size=side * side)
    return pd.Series(values, index=[f"{place:03d}" for place in range(side * side)])


def every_lag(values: pd.Series, graph: Graph, city: int) -> np.ndarray:
    """Return the lag of a city for every order of the other cities."""
    w = weight_matrix(graph).toarray()[city]
    others = np.delete(np.arange(len(values)), city)
    weights = np.delete(w, city)
    z = (values - values.mean()).to_numpy()
    return np.array(
        [z[list(order)] @ weights for order in itertools.permutations(others)]
    )


def test_p_values_and_moments_are_those_of_all_conditional_orders() -> None:
    graph = uneven()
    ours = local_moran(VALUES, graph, permutations=40_000, fdr="none", rng=2).frame
    z = (VALUES - VALUES.mean()).to_numpy()
    w = weight_matrix(graph).toarray()
    scale = 6 / np.square(z).sum()
    for place, city in enumerate(VALUES.index):
        lags = every_lag(VALUES, graph, place)
        observed = w[place] @ z
        tails = [np.mean(lags >= observed - 1e-9), np.mean(lags <= observed + 1e-9)]
        row = ours.loc[city]
        assert row["p_value"] == pytest.approx(min(1, 2 * min(tails)), abs=0.012)
        assert row["expectation"] == pytest.approx(
            scale * z[place] * lags.mean(), abs=1e-12
        )
        assert row["variance"] == pytest.approx(
            (scale * z[place]) ** 2 * lags.var(), rel=1e-10
        )


def test_local_statistics_sum_to_the_global_one() -> None:
    values, graph = draw(7), lattice(7)
    local = local_moran(values, graph, fdr="none", rng=1).frame["statistic"].sum()
    z = values - values.mean()
    total = z @ (weight_matrix(graph) @ z.to_numpy()) / (z @ z)
    assert local == pytest.approx((len(z) - 1) * total, rel=1e-12)


@pytest.mark.slow
def test_size_is_the_level_under_independence() -> None:
    panel = panel_of(np.random.default_rng(1).normal(size=(2000, 49)), first_year=1001)
    found = local_moran_by_year(
        panel, "x", lattice(7), permutations=199, fdr="none", rng=1
    )
    assert 0.04 <= (found.frame["p_value"] <= 0.05).mean() <= 0.06


@pytest.mark.slow
def test_false_discoveries_are_kept_to_the_level_under_independence() -> None:
    panel = panel_of(np.random.default_rng(2).normal(size=(300, 49)), first_year=1001)
    found = local_moran_by_year(
        panel, "x", lattice(7), permutations="enough", rng=1
    ).frame
    any_found = (found["p_adjusted"] <= 0.05).groupby("year").any()
    assert any_found.mean() <= 0.08


def test_islands_and_gaps_are_classes_of_their_own() -> None:
    links = {
        ("a", "b"): 0.5,
        ("a", "e"): 0.5,
        ("b", "a"): 1.0,
        ("c", "d"): 1.0,
        ("d", "c"): 1.0,
        ("e", "a"): 1.0,
    }
    values = pd.Series([1.0, 2.0, 4.0, 8.0, np.nan, 60.0], index=list("abcdef"))
    with pytest.warns(LostLinkWarning):
        found = local_moran(values, graph_of(links, ("f",)), fdr="none", rng=1)
    frame = found.frame
    assert frame.loc["e", "cluster"] == "no data"
    assert frame.loc["f", "cluster"] == "no neighbours"
    assert frame.loc["f", ["lag", "statistic", "p_value", "p_adjusted"]].isna().all()
    assert frame.loc["f", "value"] == 60
    assert frame.loc["a", "lag"] == 2  # its other neighbour has no data
    assert found.counts.sum() == 6
    assert list(found.counts.index) == list(CLASSES)


def test_a_city_at_the_mean_has_nothing_to_say() -> None:
    values = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0], index=list("abcdefg"))
    frame = local_moran(values, uneven(), fdr="none", rng=1).frame
    assert frame.loc["c", "statistic"] == pytest.approx(0.0, abs=1e-12)
    assert frame.loc["c", "p_value"] == 1.0


def test_workers_and_order_change_nothing() -> None:
    values, graph = draw(8, seed=3), lattice(8)
    first = local_moran(values, graph, permutations=500, fdr="none", rng=5).frame
    again = local_moran(
        values.sample(frac=1, random_state=1),
        graph,
        permutations=500,
        fdr="none",
        workers=2,
        rng=5,
    ).frame
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_shift_and_scale_change_no_p_value() -> None:
    values, graph = draw(8, seed=4), lattice(8)
    first = local_moran(values, graph, permutations=500, fdr="none", rng=5).frame
    moved = local_moran(
        7 + 1000 * values, graph, permutations=500, fdr="none", rng=5
    ).frame
    pd.testing.assert_series_equal(first["p_value"], moved["p_value"])
    pd.testing.assert_series_equal(first["statistic"], moved["statistic"], rtol=1e-10)


def test_dask_gives_the_same_answer() -> None:
    distributed = pytest.importorskip("distributed")
    values, graph = draw(8, seed=6), lattice(8)
    alone = local_moran(values, graph, permutations=500, fdr="none", rng=5).frame
    with warnings.catch_warnings(action="ignore"):
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        )
        with cluster, distributed.Client(cluster), joblib.parallel_config("dask"):
            shared = local_moran(values, graph, permutations=500, fdr="none", rng=5)
    pd.testing.assert_frame_equal(alone, shared.frame, check_exact=True)


@pytest.mark.parametrize(("tests", "needed"), [(281, 11_239), (3000, 119_999)])
def test_permutations_needed_are_those_of_the_strictest_cut_off(
    tests: int, needed: int
) -> None:
    found = permutations_needed(tests, alpha=0.05, fdr="benjamini-hochberg")
    assert found == needed
    assert 2 / (needed + 1) <= 0.05 / tests < 2 / needed


def test_too_few_permutations_are_said_and_mended_on_request() -> None:
    values, graph = draw(7), lattice(7)
    with pytest.warns(InferenceWarning, match="use permutations=1959 or more"):
        local_moran(values, graph, permutations=999, rng=1)
    assert local_moran(values, graph, permutations="enough", rng=1).permutations == 9999
    strict = local_moran(values, graph, permutations="enough", alpha=0.001, rng=1)
    assert strict.permutations == 97_999


def test_cut_offs_are_nested() -> None:
    values = pd.Series(
        np.add.outer(np.arange(7.0), np.arange(7.0)).ravel(),
        index=[f"{place:03d}" for place in range(49)],
    )
    found = {
        fdr: local_moran(values, lattice(7), fdr=fdr, rng=1).frame["cluster"]
        for fdr in ("none", "benjamini-hochberg", "bonferroni")
    }
    passed = {
        name: set(clusters.index[clusters != "not significant"])
        for name, clusters in found.items()
    }
    assert passed["bonferroni"] < passed["benjamini-hochberg"] < passed["none"]
    assert set(found["none"][list(passed["none"])]) == {"HH", "LL"}


def test_dense_weights_draw_whole_orders() -> None:
    values = draw(4, seed=2)
    cities = list(values.index)
    graph = graph_of({(a, b): 1 / 15 for a in cities for b in cities if a != b})
    frame = local_moran(values, graph, permutations=200, fdr="none", rng=1).frame
    # Every order of all the others gives the same mean.
    assert (frame["p_value"] == 1.0).all()
    assert frame["variance"].to_numpy() == pytest.approx(0, abs=1e-12)


def test_years_have_the_numbers_they_have_alone() -> None:
    values = np.random.default_rng(7).normal(size=(3, 49))
    values[1, 5] = np.nan
    panel = panel_of(values)
    with pytest.warns(LostLinkWarning):
        found = local_moran_by_year(panel, "x", lattice(7), permutations=2500, rng=4)
    for year in (2001, 2003):
        alone = local_moran(
            panel.frame["x"].xs(year, level="year"),
            lattice(7),
            permutations=2500,
            rng=4,
        )
        pd.testing.assert_frame_equal(
            found.of_year(year).frame, alone.frame, rtol=1e-12
        )
    assert found.frame.loc[("005", 2002), "cluster"] == "no data"
    assert found.counts.loc[2002, "no data"] == 1
    assert found.counts.sum(axis="columns").eq(49).all()


def test_weights_may_change_over_the_years() -> None:
    values = np.random.default_rng(8).normal(size=(2, 16))
    other = graph_of({(f"{a:03d}", f"{(a + 1) % 16:03d}"): 1.0 for a in range(16)})
    found = local_moran_by_year(
        panel_of(values), "x", {2001: lattice(4), 2002: other}, rng=1, fdr="none"
    )
    z = values[1] - values[1].mean()
    assert found.of_year(2002).frame["statistic"].to_numpy() == pytest.approx(
        15 * z * np.roll(z, -1) / (z @ z), rel=1e-10
    )
    with pytest.raises(SpatialCoaggError, match="no weights for 2002"):
        local_moran_by_year(panel_of(values), "x", {2001: lattice(4)}, rng=1)


def test_a_year_that_was_not_tested_is_refused() -> None:
    panel = panel_of(np.random.default_rng(8).normal(size=(2, 16)))
    found = local_moran_by_year(panel, "x", lattice(4), rng=1)
    with pytest.raises(SpatialCoaggError, match="no year 1999 in the test"):
        found.of_year(1999)


def test_row_order_of_a_panel_changes_nothing() -> None:
    panel = panel_of(np.random.default_rng(9).normal(size=(3, 16)))
    mixed = Panel.from_frame(
        panel.frame.reset_index().sample(frac=1, random_state=2),
        city="city",
        year="year",
    )
    first = local_moran_by_year(panel, "x", lattice(4), rng=1).frame
    again = local_moran_by_year(mixed, "x", lattice(4), rng=1).frame
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_bad_input_is_named() -> None:
    values = draw(4)
    with pytest.raises(SpatialCoaggError, match="infinite value: '003'"):
        local_moran(values.where(values.index != "003", np.inf), lattice(4))
    with pytest.raises(SpatialCoaggError, match="all 16 values"):
        local_moran(values * 0 + 3, lattice(4))
    with pytest.raises(AlignmentError):
        local_moran(values, lattice(5))
    with pytest.raises(SpatialCoaggError, match="alpha must lie between"):
        local_moran(values, lattice(4), alpha=5)
    with pytest.raises(SpatialCoaggError, match='1 or more, or "enough"'):
        local_moran(values, lattice(4), permutations=0)
    with pytest.raises(SpatialCoaggError, match="fdr"):
        local_moran(values, lattice(4), fdr="holm")  # type: ignore[arg-type]
    with pytest.raises(AlignmentError, match="different cities"):
        local_bivariate_moran(values, values.iloc[1:], lattice(4))
    pair = graph_of({("a", "b"): 1, ("b", "a"): 1}, ("c",))
    few = pd.Series([1.0, 2.0, 3.0], index=list("abc"))
    with pytest.raises(SpatialCoaggError, match="at least 4 cities with data and"):
        local_moran(few, pair)
