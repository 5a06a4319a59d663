import itertools

import numpy as np
import pandas as pd
import pytest
from places import graph_of, lattice, uneven

from spatial_coagg.autocorrelation.hot_spots import local_geary, local_getis_ord
from spatial_coagg.weights.align import weight_matrix

VALUES = pd.Series([1.0, 2.5, 4.0, 8.0, 9.0, 3.0, 5.0], index=list("abcdefg"))


def every_order(city: int) -> np.ndarray:
    """Return every order of the values that holds those of one city fast."""
    others = np.delete(np.arange(7), city)
    found = np.empty((720, 7), dtype=int)
    found[:, city] = city
    found[:, others] = np.array(list(itertools.permutations(others)))
    return VALUES.to_numpy()[found]


def test_local_geary_agrees_with_all_conditional_orders() -> None:
    ours = local_geary(VALUES, uneven(), permutations=40_000, fdr="none", rng=1).frame
    w = weight_matrix(uneven()).toarray()
    sd = VALUES.std(ddof=0)
    for place, city in enumerate(VALUES.index):
        drawn = every_order(place) / sd
        found = ((drawn[:, [place]] - drawn) ** 2) @ w[place]
        observed = ours.loc[city, "statistic"]
        tails = [np.mean(found >= observed - 1e-9), np.mean(found <= observed + 1e-9)]
        assert ours.loc[city, "expectation"] == pytest.approx(found.mean(), rel=1e-10)
        assert ours.loc[city, "variance"] == pytest.approx(found.var(), rel=1e-9)
        assert ours.loc[city, "p_value"] == pytest.approx(
            min(1, 2 * min(tails)), abs=0.012
        )


def test_local_g_agrees_with_all_conditional_orders() -> None:
    ours = local_getis_ord(
        VALUES, uneven(), star=False, permutations=40_000, fdr="none", rng=1
    ).frame
    w = weight_matrix(uneven()).toarray()
    for place, city in enumerate(VALUES.index):
        total = VALUES.sum() - VALUES.iloc[place]
        found = every_order(place) @ w[place] / total
        observed = ours.loc[city, "statistic"]
        tails = [np.mean(found >= observed - 1e-9), np.mean(found <= observed + 1e-9)]
        assert ours.loc[city, "expectation"] == pytest.approx(found.mean(), rel=1e-10)
        assert ours.loc[city, "variance"] == pytest.approx(found.var(), rel=1e-9)
        assert ours.loc[city, "p_value"] == pytest.approx(
            min(1, 2 * min(tails)), abs=0.012
        )


def test_a_hill_is_a_hot_spot_and_a_valley_a_cold_one() -> None:
    side = 12
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    hill = 10 + 5 * np.exp(-((x - 3) ** 2 + (y - 3) ** 2) / 4)
    valley = -5 * np.exp(-((x - 8) ** 2 + (y - 8) ** 2) / 4)
    codes = [f"{place:03d}" for place in range(side * side)]
    values = pd.Series((hill + valley).ravel(), index=codes)
    spots = local_getis_ord(values, lattice(side), permutations="enough", rng=1)
    assert spots.frame.loc["039", "cluster"] == "hot spot"
    assert spots.frame.loc["104", "cluster"] == "cold spot"
    alike = local_geary(values, lattice(side), permutations="enough", rng=1)
    assert set(alike.frame["cluster"]) <= set(alike.classes)


def test_unlike_neighbours_are_different() -> None:
    size = 60
    codes = [f"{place:03d}" for place in range(size)]
    sides = [side for reach in (1, 3, 5, 7, 9) for side in (-reach, reach)]
    graph = graph_of(
        {
            (codes[place], codes[(place + side) % size]): 0.1
            for place in range(size)
            for side in sides
        }
    )
    noise = np.random.default_rng(1).normal(scale=0.01, size=size)
    values = pd.Series(np.arange(size) % 2 + noise, index=codes)
    found = local_geary(values, graph, permutations="enough", rng=1)
    assert found.counts["different"] == size


def test_a_city_alone_has_no_number() -> None:
    links = {(a, b): 1.0 for a in "abcd" for b in "abcd" if a != b}
    values = pd.Series([1.0, 2.0, 4.0, 8.0, 60.0], index=list("abcde"))
    for test in (local_geary, local_getis_ord):
        frame = test(values, graph_of(links, ("e",)), fdr="none", rng=1).frame
        assert frame.loc["e", "cluster"] == "no neighbours"
        assert frame.loc["e", ["statistic", "p_value", "lag"]].isna().all()
