import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import (
    AlignmentError,
    DominanceWarning,
    DuplicateKeyError,
    UnbalancedPanelError,
    WeightsError,
)
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.economic import build_economic, build_economic_by_year


@pytest.fixture
def gdp() -> pd.Series:
    """GDP of ten cities, in no order."""
    rng = np.random.default_rng(5)
    codes = [f"{number:02d}" for number in rng.permutation(10)]
    return pd.Series(rng.lognormal(10, 1, 10), index=codes, name="gdp")


@pytest.fixture
def yearly(gdp: pd.Series) -> pd.Series:
    """The same over three years, each city with its own growth."""
    rng = np.random.default_rng(6)
    rows = {
        (city, year): value * rng.uniform(0.9, 1.2)
        for city, value in gdp.items()
        for year in (2006, 2004, 2005)
    }
    index = pd.MultiIndex.from_tuples(rows, names=["city", "year"])
    return pd.Series(list(rows.values()), index=index, name="gdp")


@pytest.mark.parametrize("floor", [None, 5000.0])
def test_weights_equal_a_double_loop(gdp: pd.Series, floor: float | None) -> None:
    graph = build_economic(gdp, floor=floor, transform="none")
    for one in gdp.index:
        for other in gdp.index.drop(one):
            difference = max(abs(gdp[one] - gdp[other]), floor or 0)
            assert graph[one][other] == pytest.approx(1 / difference, rel=1e-14)


def test_cities_are_sorted_whatever_the_order_of_rows(gdp: pd.Series) -> None:
    graph, again = build_economic(gdp), build_economic(gdp.iloc[::-1])
    assert graph.unique_ids.is_monotonic_increasing
    pd.testing.assert_series_equal(graph.adjacency, again.adjacency, check_exact=True)


def test_the_unit_does_not_matter(gdp: pd.Series) -> None:
    np.testing.assert_allclose(
        build_economic(gdp, floor=2000.0).adjacency,
        build_economic(gdp / 1e4, floor=0.2).adjacency,
        rtol=1e-12,
    )


def test_weights_are_symmetric_before_standardising(gdp: pd.Series) -> None:
    matrix = weight_matrix(build_economic(gdp, transform="none")).toarray()
    assert np.array_equal(matrix, matrix.T)


def test_some_cities_may_be_chosen(gdp: pd.Series) -> None:
    graph = build_economic(gdp, cities=["03", "01", "02"])
    assert graph.unique_ids.to_list() == ["01", "02", "03"]


def test_years_are_averaged(yearly: pd.Series) -> None:
    averages = yearly.groupby("city").mean()
    np.testing.assert_allclose(
        build_economic(yearly).adjacency, build_economic(averages).adjacency, rtol=1e-12
    )


def test_the_order_of_rows_and_levels_changes_no_digit(yearly: pd.Series) -> None:
    shuffled = yearly.sample(frac=1, random_state=2).swaplevel()
    pd.testing.assert_series_equal(
        build_economic(yearly).adjacency,
        build_economic(shuffled).adjacency,
        check_exact=True,
    )


def test_each_year_has_its_graph(yearly: pd.Series) -> None:
    graphs = build_economic_by_year(yearly.swaplevel())
    assert list(graphs) == [2004, 2005, 2006]
    of_2005 = build_economic(yearly.xs(2005, level="year"))
    assert graphs[2005].adjacency.equals(of_2005.adjacency)


def test_a_city_may_come_late_where_years_stand_alone(yearly: pd.Series) -> None:
    late = yearly.drop(index=("01", 2004))
    graphs = build_economic_by_year(late)
    assert [graph.n for graph in graphs.values()] == [9, 10, 10]
    with pytest.raises(AlignmentError, match="gdp of 2004 lacks 1 of the 2 cities"):
        build_economic_by_year(late, cities=["01", "02"])


def test_averages_over_different_years_are_refused(yearly: pd.Series) -> None:
    late = yearly.drop(index=("01", 2004))
    with pytest.raises(UnbalancedPanelError, match="gdp lacks 2004 for '01'"):
        build_economic(late)
    assert build_economic(late, cities=["02", "03", "04"]).n == 3


def test_years_need_an_index_of_years(gdp: pd.Series) -> None:
    with pytest.raises(WeightsError, match="gdp has no years; index it by"):
        build_economic_by_year(gdp)


def test_equal_economies_are_named(gdp: pd.Series) -> None:
    gdp["03"] = gdp["07"] = 5.0
    with pytest.raises(
        WeightsError,
        match=r"'03' and '07' have the same gdp \(5; 1 such pairs\)",
    ):
        build_economic(gdp)
    assert build_economic(gdp, floor=1.0)["03"].idxmax() == "07"


def test_a_floor_limits_dominance() -> None:
    pairs = {f"{i:02d}": i // 2 * 10 + i % 2 * 1e-3 for i in range(14)}
    economy = pd.Series(pairs)
    with pytest.warns(DominanceWarning):
        build_economic(economy)
    assert build_economic(economy, floor=10.0).n == 14


@pytest.mark.parametrize("floor", [0, -1.0, np.nan])
def test_the_floor_must_be_positive(gdp: pd.Series, floor: float) -> None:
    with pytest.raises(WeightsError, match="floor must be a positive number of"):
        build_economic(gdp, floor=floor)


def test_a_missing_value_is_named(gdp: pd.Series) -> None:
    gdp["03"] = np.nan
    with pytest.raises(WeightsError, match=r"gdp has 1 missing or infinite.*'03'"):
        build_economic(gdp)
    assert build_economic(gdp, cities=["01", "02"]).n == 2


def test_a_missing_year_is_named(yearly: pd.Series) -> None:
    yearly["03", 2005] = np.inf
    with pytest.raises(WeightsError, match=r"at \('03', 2005\)"):
        build_economic(yearly)


def test_a_doubled_city_is_refused(gdp: pd.Series) -> None:
    with pytest.raises(DuplicateKeyError, match="the index of gdp has 1 duplicated"):
        build_economic(pd.concat([gdp, gdp.iloc[:1]]))


def test_a_doubled_city_and_year_is_refused(yearly: pd.Series) -> None:
    with pytest.raises(DuplicateKeyError, match=r"gdp has 1 duplicated"):
        build_economic(pd.concat([yearly, yearly.iloc[:1]]))


def test_an_unknown_city_is_named(gdp: pd.Series) -> None:
    with pytest.raises(AlignmentError, match=r"gdp lacks 1 of the 2 cities.*'77'"):
        build_economic(gdp, cities=["01", "77"])


def test_other_levels_are_refused(yearly: pd.Series) -> None:
    with pytest.raises(WeightsError, match=r"two levels city and year; got.*'place'"):
        build_economic(yearly.rename_axis(index=["place", "year"]))


def test_numbers_are_no_codes(gdp: pd.Series, yearly: pd.Series) -> None:
    with pytest.raises(AlignmentError, match="index of gdp must be city codes"):
        build_economic(gdp.set_axis(range(10)))
    with pytest.raises(AlignmentError, match="index of gdp must be city codes"):
        build_economic(yearly.rename(index=int, level="city"))


def test_text_is_no_economy(gdp: pd.Series) -> None:
    with pytest.raises(WeightsError, match="gdp must hold numbers"):
        build_economic(gdp.astype(str))


def test_a_table_is_no_series(gdp: pd.Series) -> None:
    with pytest.raises(TypeError, match="economy must be a Series"):
        build_economic(gdp.to_frame())  # type: ignore[arg-type]


def test_one_city_is_too_few(gdp: pd.Series) -> None:
    with pytest.raises(WeightsError, match="two cities or more; got 1"):
        build_economic(gdp.iloc[:1])


def test_a_series_without_a_name_is_called_economy(gdp: pd.Series) -> None:
    with pytest.raises(WeightsError, match="economy has 10 missing"):
        build_economic(gdp.rename(None) * np.nan)
