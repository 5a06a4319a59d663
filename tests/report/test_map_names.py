import pandas as pd
import pytest

from spatial_coagg.errors import DuplicateKeyError, SpatialCoaggError
from spatial_coagg.report.map_names import name_cities
from spatial_coagg.report.pinyin import PINYIN, pinyin_of
from spatial_coagg.tables.shapes import load_city_list

CITIES = pd.DataFrame(
    {
        "name_en": ["Suzhou", "Suzhou", "Beijing", None],
        "name_zh": ["苏州市", "宿州市", "北京市", "三沙市"],
        "province_en": ["Jiangsu", "Anhui", "Beijing", "Hainan"],
        "area": [1.0, 2.0, 3.0, 4.0],
    },
    index=pd.Index(["320500", "341300", "110000", "460300"], name="city"),
)


def test_the_language_chooses_the_name() -> None:
    assert name_cities(CITIES, lang="zh").shown == tuple(CITIES["name_zh"])


def test_a_name_that_occurs_twice_gets_its_province() -> None:
    english = name_cities(CITIES)
    assert english.shown == ("Suzhou (Jiangsu)", "Suzhou (Anhui)", "Beijing", "三沙市")
    assert english.others == ("苏州市", "宿州市", "北京市", "")


def test_a_name_twice_in_a_province_gets_its_code() -> None:
    shown = name_cities(CITIES.assign(province_en="Anhui")).shown
    assert shown[:2] == ("Suzhou (Anhui) 320500", "Suzhou (Anhui) 341300")


def test_without_provinces_the_code_tells_them_apart() -> None:
    shown = name_cities(CITIES[["name_en"]]).shown
    assert shown[:2] == ("Suzhou (320500)", "Suzhou (341300)")


def test_without_names_the_code_is_shown() -> None:
    names = name_cities(CITIES[["area"]])
    assert names.shown == names.codes == tuple(CITIES.index)


def test_names_given_come_first_and_the_others_stay_findable() -> None:
    given = pd.Series({"320500": "Soochow", "341300": " ", "110000": "Peking"})
    names = name_cities(CITIES, names=given)
    assert names.shown == ("Soochow", "Suzhou", "Peking", "三沙市")
    assert names.others[0] == "Suzhou 苏州市"


def test_names_may_be_a_table() -> None:
    given = pd.DataFrame({"name_pinyin": ["Su zhou"]}, index=["320500"])
    names = name_cities(CITIES, names=given, lang="zh")
    assert names.shown[:2] == ("Su zhou", "宿州市")


def test_names_without_a_name_or_twice_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="no column that begins with 'name'"):
        name_cities(CITIES, names=CITIES[["area"]])
    with pytest.raises(DuplicateKeyError, match="names has 1 duplicated keys"):
        name_cities(CITIES, names=pd.Series(["a", "b"], index=["1", "1"]))


def test_names_from_other_languages_are_found_by_their_pinyin() -> None:
    cities = pd.DataFrame(
        {
            "name_en": ["Harbin", "Suzhou", "Hotan"],
            "name_zh": ["哈尔滨市", "苏州市", "和田地区"],
        },
        index=pd.Index(["230100", "320500", "653200"], name="city"),
    )
    names = name_cities(cities)
    assert names.others == ("哈尔滨市 Ha'erbin", "苏州市", "和田地区 Hetian")
    assert name_cities(cities, lang="zh").others[0] == "Harbin Ha'erbin"


def test_the_pinyin_is_that_of_places_of_china_and_differs_from_their_name() -> None:
    cities = load_city_list()
    spelt = {
        english: pinyin_of([chinese])
        for english, chinese in zip(cities["name_en"], cities["name_zh"], strict=True)
    }
    found = {english: names for english, names in spelt.items() if names}
    assert len(found) == len(PINYIN)
    assert all(names != [english] for english, names in found.items())
    assert found["Kashgar"] == ["Kashi"]


def test_a_name_within_another_is_not_told_twice() -> None:
    given = CITIES.assign(name_en=["Suzhou (Jiangsu)", "Suzhou (Anhui)", "Beijing", ""])
    names = name_cities(CITIES, names=given[["name_en", "name_zh"]], lang="zh")
    assert names.others[:3] == ("Suzhou (Jiangsu)", "Suzhou (Anhui)", "Beijing")
