import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import AlignmentError, WeightsError
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.distance import build_inverse_distance
from spatial_coagg.weights.gravity import build_gravity, build_gravity_by_year

pytestmark = pytest.mark.filterwarnings("ignore::spatial_coagg.errors.DominanceWarning")


@pytest.fixture
def gdp(seats: gpd.GeoDataFrame) -> pd.Series:
    """GDP of the thirty cities, in no order."""
    values = np.random.default_rng(5).lognormal(10, 1, 30)
    return pd.Series(values, index=seats.index.to_numpy(), name="gdp").sample(
        frac=1, random_state=1
    )


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_weights_equal_a_double_loop(
    seats: gpd.GeoDataFrame, gdp: pd.Series, power: float
) -> None:
    graph = build_gravity(seats, gdp, power=power, transform="none")
    nearness = build_inverse_distance(seats, transform="none")
    for one in gdp.index:
        for other in gdp.index.drop(one):
            expected = gdp[one] * gdp[other] * nearness[one][other] ** power
            assert graph[one][other] == pytest.approx(expected, rel=1e-12)


def test_own_size_cancels_in_a_standardised_row(
    seats: gpd.GeoDataFrame, gdp: pd.Series
) -> None:
    city = gdp.index[0]
    grown = gdp.copy()
    grown[city] *= 7
    np.testing.assert_allclose(
        build_gravity(seats, grown)[city], build_gravity(seats, gdp)[city], rtol=1e-12
    )


def test_row_order_changes_no_digit(seats: gpd.GeoDataFrame, gdp: pd.Series) -> None:
    one = build_gravity(seats, gdp)
    other = build_gravity(seats.iloc[::-1], gdp.iloc[::-1])
    pd.testing.assert_series_equal(one.adjacency, other.adjacency, check_exact=True)


def test_weights_are_symmetric_before_standardising(
    seats: gpd.GeoDataFrame, gdp: pd.Series
) -> None:
    matrix = weight_matrix(build_gravity(seats, gdp, transform="none")).toarray()
    assert np.array_equal(matrix, matrix.T)


def test_each_year_has_its_graph(seats: gpd.GeoDataFrame, gdp: pd.Series) -> None:
    yearly = pd.concat({2005: gdp * 2, 2004: gdp}, names=["year", "city"])
    late = yearly.drop(index=(2004, gdp.index[0]))
    graphs = build_gravity_by_year(seats, late)
    assert list(graphs) == [2004, 2005]
    of_2004 = build_gravity(seats, gdp.iloc[1:])
    np.testing.assert_allclose(graphs[2004].adjacency, of_2004.adjacency, rtol=1e-12)
    assert graphs[2005].n == 30


def test_years_are_averaged(seats: gpd.GeoDataFrame, gdp: pd.Series) -> None:
    yearly = pd.concat({2005: gdp * 3, 2004: gdp}, names=["year", "city"])
    np.testing.assert_allclose(
        build_gravity(seats, yearly).adjacency,
        build_gravity(seats, gdp * 2).adjacency,
        rtol=1e-12,
    )


def test_sizes_must_be_above_zero(seats: gpd.GeoDataFrame, gdp: pd.Series) -> None:
    gdp["030000"] = 0.0
    with pytest.raises(WeightsError, match=r"gdp must be above zero.*'030000'"):
        build_gravity(seats, gdp)


def test_the_map_must_have_the_cities(seats: gpd.GeoDataFrame, gdp: pd.Series) -> None:
    with pytest.raises(AlignmentError, match="the map lacks 1 of the 30 cities"):
        build_gravity(seats.drop(index="030000"), gdp)
    some = ["010000", "020000", "040000"]
    assert build_gravity(seats.drop(index="030000"), gdp, cities=some).n == 3


def test_power_must_be_positive(seats: gpd.GeoDataFrame, gdp: pd.Series) -> None:
    with pytest.raises(WeightsError, match="power must be a positive number; got 0"):
        build_gravity(seats, gdp, power=0)


def test_a_product_beyond_numbers_is_refused(
    seats: gpd.GeoDataFrame, gdp: pd.Series
) -> None:
    with pytest.raises(WeightsError, match=r"too large or small.*gdp in another unit"):
        build_gravity(seats, gdp * 1e160)
