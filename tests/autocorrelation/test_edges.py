"""What every statistic answers to gaps, constants, islands and a single year."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from places import graph_of, lattice, panel_of

from spatial_coagg.autocorrelation.dissimilarity import geary, getis_ord
from spatial_coagg.autocorrelation.hot_spots import local_geary, local_getis_ord
from spatial_coagg.autocorrelation.local import (
    local_bivariate_moran,
    local_moran,
    local_moran_by_year,
)
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import global_moran, moran_by_year
from spatial_coagg.autocorrelation.panels import (
    bivariate_moran,
    bivariate_moran_by_year,
    panel_moran,
)
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.autocorrelation.spatial_chain import spatial_markov
from spatial_coagg.autocorrelation.transitions import class_transitions
from spatial_coagg.errors import (
    IsolatedCityWarning,
    LostLinkWarning,
    SpatialCoaggError,
)

CODES = [f"{place:03d}" for place in range(16)]
VALUES = pd.Series(np.random.default_rng(1).uniform(1, 2, size=16), CODES)
OTHER = pd.Series(np.random.default_rng(2).uniform(1, 2, size=16), CODES)

Global = Callable[..., AutocorrelationTest]
Local = Callable[..., LocalTest]


def bivariate(values: pd.Series, weights: object, **options: object) -> object:
    return bivariate_moran(OTHER, values, weights, **options)  # type: ignore[arg-type]


def local_bivariate(values: pd.Series, weights: object, **options: object) -> object:
    return local_bivariate_moran(OTHER, values, weights, **options)  # type: ignore[arg-type]


GLOBAL = [global_moran, geary, getis_ord, bivariate]
LOCAL = [local_moran, local_bivariate, local_geary, local_getis_ord]


def with_gap() -> pd.Series:
    return VALUES.where(VALUES.index != "003")


def alone_at_the_end() -> object:
    cities = CODES[:15]
    links = {(cities[i], cities[(i + s) % 15]): 0.5 for i in range(15) for s in (1, -1)}
    return graph_of(links, ("015",))


@pytest.mark.parametrize("test", GLOBAL)
def test_global_statistics_refuse_gaps_and_constants(test: Global) -> None:
    with pytest.raises(SpatialCoaggError, match="1 cities have no value: '003'"):
        test(with_gap(), lattice(4))
    with pytest.raises(SpatialCoaggError, match="all 16 values of"):
        test(VALUES * 0 + 3, lattice(4))


@pytest.mark.parametrize("test", GLOBAL)
def test_global_statistics_leave_islands_out_with_a_warning(test: Global) -> None:
    with pytest.warns(IsolatedCityWarning, match="left out of"):
        found = test(VALUES, alone_at_the_end(), permutations=0)
    assert found.islands == ("015",)
    assert found.cities == 15


@pytest.mark.parametrize("test", LOCAL)
def test_local_statistics_refuse_constants(test: Local) -> None:
    with pytest.raises(SpatialCoaggError, match="all 16 values of"):
        test(VALUES * 0 + 3, lattice(4), rng=1)


@pytest.mark.parametrize("test", LOCAL)
def test_local_statistics_set_gaps_and_islands_apart(test: Local) -> None:
    with pytest.warns(LostLinkWarning):
        found = test(with_gap(), alone_at_the_end(), rng=1).frame
    assert found.loc["003", "cluster"] == "no data"
    assert found.loc["015", "cluster"] == "no neighbours"
    numbers = ["lag", "statistic", "expectation", "variance", "p_value", "p_adjusted"]
    assert found.loc[["003", "015"], numbers].isna().all(axis=None)
    assert found.drop(["003", "015"])[numbers].notna().all(axis=None)


def test_a_single_year_is_a_panel_without_moves() -> None:
    panel = panel_of(VALUES.to_numpy()[None, :])
    alone = global_moran(VALUES, lattice(4), permutations=0).statistic
    by_year = moran_by_year(panel, "x", lattice(4), permutations=0).frame
    assert by_year["statistic"].tolist() == [alone]
    whole = panel_moran(panel, "x", lattice(4), permutations=0)
    assert whole.statistic == pytest.approx(alone, rel=1e-12)
    local = local_moran_by_year(panel, "x", lattice(4), rng=1)
    assert local.counts.shape[0] == 1
    with pytest.raises(SpatialCoaggError, match="no two of the years"):
        class_transitions(local)
    with pytest.raises(SpatialCoaggError, match="moves need consecutive years"):
        spatial_markov(panel, "x", lattice(4), classes=2)
    with pytest.raises(SpatialCoaggError, match="1 years before it"):
        bivariate_moran_by_year(panel, "x", "x", lattice(4), lag=1)


def test_a_year_of_equal_values_is_named() -> None:
    values = np.vstack([VALUES, np.full(16, 3.0)])
    for test in (moran_by_year, panel_moran, local_moran_by_year):
        with pytest.raises(
            SpatialCoaggError, match=r"all 16 values of '2002' are equal"
        ):
            test(panel_of(values), "x", lattice(4))
