import pandas as pd
import pytest

from spatial_coagg.errors import AlignmentError
from spatial_coagg.report.rankings import (
    average_by_region,
    average_by_sector,
    published_averages,
    published_ranking,
    rank_cities,
)

INDEX = pd.MultiIndex.from_product(
    [["a", "b", "c"], [2004, 2019]], names=["city", "year"]
)
THETA = pd.Series([1.0, 3.0, 2.0, 3.0, 4.0, float("nan")], index=INDEX)
NAMES = {"a": "Ayton", "b": "Beeford", "c": "Seaham"}


def test_equal_values_keep_the_order_of_their_codes() -> None:
    ranked = rank_cities(THETA.iloc[::-1], NAMES, [2019])
    assert ranked[2019, "city"].tolist() == ["Ayton", "Beeford"]


def test_a_city_without_data_has_no_rank() -> None:
    assert "Seaham" not in set(rank_cities(THETA, NAMES, [2019])[2019, "city"])


def test_an_unknown_year_is_refused() -> None:
    with pytest.raises(AlignmentError, match="no year 1999"):
        rank_cities(THETA, NAMES, [1999])


def test_cities_without_a_region_count_in_the_whole_only() -> None:
    regions = pd.Series({"a": "east", "b": "west"})
    means = average_by_region(THETA, regions)
    assert means.loc[2004].to_dict() == {"all": 7 / 3, "east": 1.0, "west": 2.0}


def test_sectors_are_averaged_year_by_year() -> None:
    means = average_by_sector(THETA.to_frame("theta"))
    assert means["theta"].tolist() == [7 / 3, 3.0]


def test_the_published_tables_have_their_shape() -> None:
    assert published_ranking().shape == (10, 6)
    assert published_ranking().loc[1, (2019, "city")] == "Shanghai"
    assert published_averages(1).shape == (16, 4)
    assert published_averages(1).loc[2004, "national"] == 2.56
    assert published_averages(3).shape == (8, 5)
