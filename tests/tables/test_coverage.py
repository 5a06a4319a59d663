import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from spatial_coagg.errors import AlignmentError
from spatial_coagg.tables.coverage import check_cities_on_map
from spatial_coagg.tables.panel import Panel


def jobs(*cities: str) -> pd.DataFrame:
    frame = pd.DataFrame({"city": list(cities), "year": 2010, "jobs": 1.0})
    return frame.set_index(["city", "year"])


def boundaries(*cities: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        geometry=[Point(0, 0)] * len(cities), index=pd.Index(cities, name="city")
    )


def test_a_map_may_have_more_cities_than_the_table() -> None:
    check_cities_on_map(jobs("320500", "110000"), boundaries("110000", "x", "320500"))


def test_a_panel_is_checked_like_a_table() -> None:
    panel = Panel.from_frame(jobs("320500", "110000"), city="city", year="year")
    with pytest.raises(
        AlignmentError, match="1 of 2 cities is not on the map: '320500'"
    ):
        check_cities_on_map(panel, boundaries("110000"))


def test_absent_cities_are_named_with_what_became_of_them() -> None:
    with pytest.raises(AlignmentError) as caught:
        check_cities_on_map(
            jobs("110000", "522400", "341400", "371200", "x"), boundaries("110000")
        )
    assert str(caught.value) == (
        "4 of 5 cities are not on the map: '341400' (Chaohu, split in 2011), "
        "'371200' (Laiwu, absorbed in 2018), '522400' (Bijie Prefecture, recoded in "
        "2011), 'x'; apply_crosswalk ([crosswalk] in a study's file) brings changed "
        "codes to one year; leave them out, or use a map that has them"
    )


def test_codes_newer_than_the_map_are_explained_too() -> None:
    with pytest.raises(AlignmentError, match=r"'520500' \(Bijie, recoded in 2011\)"):
        check_cities_on_map(jobs("520500", "110000"), boundaries("110000"))


def test_many_absent_cities_are_counted() -> None:
    cities = [f"c{number:02d}" for number in range(20)]
    with pytest.raises(AlignmentError, match="'c09' and 5 more; leave them out"):
        check_cities_on_map(jobs(*cities), boundaries(*cities[15:]))


def test_another_code_altogether_has_its_own_message() -> None:
    with pytest.raises(AlignmentError) as caught:
        check_cities_on_map(jobs("320500"), pd.DataFrame(index=[320500]))
    assert str(caught.value) == (
        "no city of the table is on the map: the table has '320500', the map 320500; "
        "read both by the same code, as text"
    )


def test_a_table_without_cities_is_refused() -> None:
    with pytest.raises(AlignmentError, match="index must have a level 'city'"):
        check_cities_on_map(pd.DataFrame(index=["a"]), boundaries("a"))
