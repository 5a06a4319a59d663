"""Permutation p-values: exact on a lattice of nine, and 5 per cent under chance."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from places import lattice, orders

from spatial_coagg.autocorrelation.dissimilarity import geary, getis_ord
from spatial_coagg.autocorrelation.hot_spots import local_geary, local_getis_ord
from spatial_coagg.autocorrelation.local import local_bivariate_moran, local_moran
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import global_moran
from spatial_coagg.autocorrelation.panels import bivariate_moran
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.weights.align import weight_matrix

NINE = pd.Series(
    [3.1, 2.0, 0.4, 2.7, 2.5, 0.9, 0.2, 1.4, 5.0], [f"{c:03d}" for c in range(9)]
)
OTHER = pd.Series([1.0, 4.0, 2.0, 2.5, 3.0, 0.3, 6.0, 0.7, 1.2], NINE.index)
PERMUTATIONS = 39_999

Global = Callable[..., AutocorrelationTest]
Local = Callable[..., LocalTest]


def bivariate(values: pd.Series, weights: Graph, **options: object) -> object:
    other = OTHER if len(values) == 9 else values.sample(frac=1, random_state=1)
    fixed = pd.Series(other.to_numpy(), values.index)
    return bivariate_moran(fixed, values, weights, **options)  # type: ignore[arg-type]


def local_bivariate(values: pd.Series, weights: Graph, **options: object) -> object:
    other = values.sample(frac=1, random_state=1).to_numpy()
    fixed = pd.Series(other, values.index)
    return local_bivariate_moran(fixed, values, weights, **options)  # type: ignore[arg-type]


def exact_p_value(every: np.ndarray, observed: float, alternative: str) -> float:
    above = float(np.mean(every >= observed - 1e-9))
    below = float(np.mean(every <= observed + 1e-9))
    both = min(1.0, 2 * min(above, below))
    return {"greater": above, "less": below, "two-sided": both}[alternative]


def four_errors(p: float) -> float:
    """Return four standard errors of a p-value that is twice a share of draws."""
    return 8 * float(np.sqrt(max(p, 1e-4) / 2 / PERMUTATIONS))


def statistic_of(test: Global, orders_of_values: np.ndarray) -> np.ndarray:
    """Return what moves of a statistic over orders, for orders (P, 9)."""
    w = weight_matrix(lattice(3)).toarray()
    x = orders_of_values - NINE.mean()
    if test is bivariate:
        return x @ (w.T @ (OTHER - OTHER.mean()).to_numpy())
    if test is getis_ord:
        x = orders_of_values
    forms = np.einsum("pi,ij,pj->p", x, w, x, optimize=True)
    if test is geary:
        return np.square(x) @ (w.sum(axis=0) + w.sum(axis=1)) - 2 * forms
    return forms


@pytest.mark.slow
@pytest.mark.parametrize("test", [global_moran, geary, getis_ord, bivariate])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_global_p_values_are_those_of_all_orders(
    test: Global, alternative: str
) -> None:
    every = statistic_of(test, NINE.to_numpy()[orders(9)])
    exact = exact_p_value(every, every[0], alternative)
    ours = test(
        NINE, lattice(3), permutations=PERMUTATIONS, alternative=alternative, rng=1
    )
    assert ours.p_permutation == pytest.approx(exact, abs=four_errors(exact))


def conditional_orders(city: int) -> np.ndarray:
    """Return every order of the values that holds those of one city fast."""
    others = np.delete(np.arange(9), city)
    found = np.full((40_320, 9), city)
    found[:, others] = others[orders(8)]
    return NINE.to_numpy()[found]


@pytest.mark.slow
@pytest.mark.parametrize("test", [local_moran, local_geary, local_getis_ord])
def test_local_p_values_are_those_of_all_conditional_orders(test: Local) -> None:
    w = weight_matrix(lattice(3)).toarray()
    ours = test(NINE, lattice(3), permutations=PERMUTATIONS, fdr="none", rng=1).frame[
        "p_value"
    ]
    for place in range(9):
        drawn = conditional_orders(place)
        lags = drawn @ w[place]
        if test is local_geary:
            lags = np.square(drawn[:, [place]] - drawn) @ w[place]
        exact = exact_p_value(lags, lags[0], "two-sided")
        assert ours.iloc[place] == pytest.approx(exact, abs=four_errors(exact))


@pytest.mark.slow
@pytest.mark.parametrize("test", [global_moran, geary, getis_ord, bivariate])
def test_five_per_cent_of_unrelated_values_are_significant(test: Global) -> None:
    graph = lattice(6)
    rng = np.random.default_rng(1)
    p_values = [
        test(
            pd.Series(rng.exponential(size=36), graph.unique_ids),
            graph,
            permutations=199,
            rng=rng,
        ).p_permutation
        for _ in range(2000)
    ]
    assert 0.04 <= np.mean(np.array(p_values) <= 0.05) <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize(
    "test", [local_moran, local_bivariate, local_geary, local_getis_ord]
)
def test_five_per_cent_of_cities_among_unrelated_ones_are_significant(
    test: Local,
) -> None:
    graph = lattice(7)
    rng = np.random.default_rng(2)
    p_values = [
        test(
            pd.Series(rng.exponential(size=49), graph.unique_ids),
            graph,
            permutations=199,
            fdr="none",
            rng=rng,
        ).frame["p_value"]
        for _ in range(60)
    ]
    assert 0.04 <= np.mean(np.array(p_values) <= 0.05) <= 0.06
