import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import AlignmentError, IsolatedCityWarning, WeightsError
from spatial_coagg.weights.align import aligned_to, weight_matrix
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.economic import build_economic
from spatial_coagg.weights.nested import build_nested


@pytest.fixture
def economy(lattice: gpd.GeoDataFrame) -> pd.Series:
    """An economy for each square."""
    values = np.random.default_rng(1).lognormal(0, 1, 9)
    return pd.Series(values, index=lattice.index.to_numpy())


def test_rows_mix_the_two_shares(lattice: gpd.GeoDataFrame, economy: pd.Series) -> None:
    near = build_contiguity(lattice, transform="none")
    like = build_economic(economy, transform="none")
    graph = build_nested(near, like, share=0.3)
    for one in near.unique_ids:
        for other in near.unique_ids.drop(one):
            a = near[one].get(other, 0.0) / near[one].sum()
            b = like[one].get(other, 0.0) / like[one].sum()
            assert graph[one].get(other, 0.0) == pytest.approx(0.3 * a + 0.7 * b)


@pytest.mark.parametrize(("share", "whole"), [(1.0, 0), (0.0, 1)])
def test_a_whole_share_is_one_of_the_two(
    lattice: gpd.GeoDataFrame, economy: pd.Series, share: float, whole: int
) -> None:
    both = [build_contiguity(lattice), build_economic(economy)]
    graph = build_nested(*both, share=share)
    pd.testing.assert_series_equal(
        graph.adjacency, both[whole].adjacency, check_exact=True
    )


def test_the_order_of_cities_does_not_matter(
    lattice: gpd.GeoDataFrame, economy: pd.Series
) -> None:
    near, like = build_contiguity(lattice), build_economic(economy)
    graph = build_nested(near, like, share=0.5)
    again = build_nested(near, aligned_to(like, lattice.index).to_W(), share=0.5)
    pd.testing.assert_series_equal(graph.adjacency, again.adjacency, check_exact=True)


def test_an_island_of_one_takes_the_row_of_the_other(
    archipelago: gpd.GeoDataFrame, economy: pd.Series
) -> None:
    with pytest.warns(IsolatedCityWarning):
        near = build_contiguity(archipelago, islands="keep")
    values = economy.iloc[:7].set_axis(near.unique_ids)
    like = build_economic(values)
    with pytest.warns(IsolatedCityWarning, match="one of the two weights only"):
        graph = build_nested(near, like, share=0.6)
    pd.testing.assert_series_equal(graph["99"], like["99"], rtol=1e-14)
    assert weight_matrix(graph).sum(axis=1) == pytest.approx(1.0)


def test_cities_must_agree(lattice: gpd.GeoDataFrame, economy: pd.Series) -> None:
    near = build_contiguity(lattice)
    with pytest.raises(AlignmentError, match="second lacks 1 of the 9 cities of first"):
        build_nested(near, build_economic(economy.iloc[1:]), share=0.5)
    with pytest.raises(AlignmentError, match="second has 1 cities that first lacks"):
        build_nested(build_economic(economy.iloc[1:]), near, share=0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_share_lies_between_zero_and_one(economy: pd.Series, share: float) -> None:
    like = build_economic(economy)
    with pytest.raises(WeightsError, match="share must lie between 0 and 1"):
        build_nested(like, like, share=share)
