import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import (
    AlignmentError,
    DuplicateKeyError,
    SpatialCoaggError,
    TableError,
)
from spatial_coagg.tables.crosswalk import apply_crosswalk, read_crosswalk


def table(*rows: tuple[str, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=["city", "year", "jobs"])
    return frame.set_index(["city", "year"])


def test_the_crosswalk_holds_every_kind_of_change() -> None:
    changes = read_crosswalk()
    assert len(changes) == 65
    assert changes["approved"].is_monotonic_increasing
    assert changes["event"].value_counts().to_dict() == {
        "recoded": 53,
        "founded": 4,
        "renamed": 3,
        "split": 3,
        "absorbed": 2,
    }
    assert (changes["approved"].str[:4].astype(int) == changes["year"]).all()


def test_codes_have_six_digits_and_lie_in_their_province() -> None:
    changes = read_crosswalk()
    codes = pd.concat([changes["old_code"], changes["new_code"]])
    assert codes[codes != ""].str.fullmatch(r"[1-6]\d{3}0[0-3]|[1-6]\d{5}").all()
    both = changes[(changes["old_code"] != "") & (changes["new_code"] != "")]
    assert (both["old_code"].str[:2] == both["new_code"].str[:2]).all()
    assert (
        both.groupby("province_zh")["new_code"]
        .agg(lambda of: of.str[:2].nunique())
        .eq(1)
        .all()
    )


def test_no_code_ends_twice_and_every_chain_is_in_order() -> None:
    changes = read_crosswalk()
    moved = changes[changes["event"] != "renamed"]
    old = moved.loc[moved["old_code"] != "", "old_code"]
    assert not old.duplicated().any()
    assert not set(old) & set(moved.loc[moved["event"] == "recoded", "new_code"])


@pytest.mark.parametrize(
    ("city", "year", "code"),
    [
        ("522400", 2019, "520500"),
        ("522400", 2010, "522400"),
        ("520500", 2010, "522400"),
        ("520500", 2011, "520500"),
        ("542100", 2014, "540300"),
        ("532700", 2019, "530800"),
        ("530800", 2002, "532700"),
        ("420600", 2019, "420600"),
        ("469003", 2015, "460400"),
        ("320500", 2019, "320500"),
        ("152700", 2024, "150600"),
        ("621200", 1999, "622600"),
    ],
)
def test_codes_follow_their_unit_to_the_year_asked_for(
    city: str, year: int, code: str
) -> None:
    moved, report = apply_crosswalk(table((city, 2008, 1.0)), year=year)
    assert moved.index.tolist() == [(code, 2008)]
    assert len(report.rows) == int(city != code)


@pytest.mark.parametrize(
    ("name", "year", "renamed"),
    [
        ("襄樊市", 2010, "襄阳市"),
        ("襄阳市", 2009, "襄樊市"),
        ("思茅地区", 2019, "普洱市"),
        ("普洱市", 2005, "思茅市"),
        ("毕节地区", 2019, "毕节市"),
        ("淮安市", 1999, "淮阴市"),
    ],
)
def test_names_follow_their_unit_to_the_year_asked_for(
    name: str, year: int, renamed: str
) -> None:
    moved, _ = apply_crosswalk(table((name, 2008, 1.0)), year=year, key="name_zh")
    assert moved.index.tolist() == [(renamed, 2008)]


def test_the_report_says_which_rows_changed_from_what_to_what() -> None:
    frame = table(
        ("522400", 2009, 1.0),
        ("520500", 2011, 3.0),
        ("522400", 2010, 2.0),
        ("110000", 2010, 9.0),
    )
    moved, report = apply_crosswalk(frame, year=2019)
    assert moved["jobs"].to_dict() == {
        ("110000", 2010): 9.0,
        ("520500", 2009): 1.0,
        ("520500", 2010): 2.0,
        ("520500", 2011): 3.0,
    }
    assert report.rows.to_numpy().tolist() == [
        ["522400", 2009, "520500", "recoded"],
        ["522400", 2010, "520500", "recoded"],
    ]
    assert report.changes.to_numpy().tolist() == [
        ["522400", "520500", "recoded", 2009, 2010, 2]
    ]
    assert report.remarks == ()
    assert str(report) == (
        "codes of 2019: 2 rows changed\n522400 -> 520500 (recoded), 2009-2010, 2 rows"
    )


def test_the_table_given_stays_as_it_is() -> None:
    frame = table(("522400", 2009, 1.0), ("371200", 2009, 1.0), ("370100", 2009, 1.0))
    before = frame.copy()
    apply_crosswalk(frame, year=2019, additive=["jobs"])
    pd.testing.assert_frame_equal(frame, before)


def test_a_table_without_changes_comes_back_sorted() -> None:
    frame = table(("320500", 2009, 1.0), ("110000", 2009, 2.0))
    moved, report = apply_crosswalk(frame, year=2019)
    pd.testing.assert_frame_equal(moved, frame.sort_index())
    assert report.rows.empty
    assert str(report) == "codes of 2019: 0 rows changed"


def test_rows_that_would_meet_are_refused_together() -> None:
    frame = table(
        ("522400", 2011, 1.0),
        ("520500", 2011, 2.0),
        ("522200", 2011, 1.0),
        ("520600", 2011, 2.0),
        ("522200", 2010, 2.0),
    )
    with pytest.raises(TableError) as caught:
        apply_crosswalk(frame, year=2019)
    assert [(problem.city, problem.year) for problem in caught.value.problems] == [
        ("522200", "2011"),
        ("522400", "2011"),
    ]
    assert "becomes '520600', which has a row in that year already" in str(caught.value)


def test_absorbed_units_are_left_and_reported() -> None:
    frame = table(("371200", 2017, 1.0), ("370100", 2017, 10.0), ("370100", 2018, 12.0))
    moved, report = apply_crosswalk(frame, year=2019)
    pd.testing.assert_frame_equal(moved, frame.sort_index())
    assert report.remarks == (
        "371200 (莱芜市, Laiwu) was dissolved in 2018: 1 row left; additive= adds what "
        "370100 has too",
        "370100 has another territory since 2018 (莱芜市, Laiwu was absorbed): its "
        "numbers before and after are of different areas",
    )


def test_absorbed_units_are_added_on_request() -> None:
    frame = table(
        ("371200", 2016, 1.0),
        ("371200", 2017, np.nan),
        ("370100", 2016, 10.0),
        ("370100", 2017, 11.0),
        ("370100", 2018, 14.0),
        ("110000", 2016, 5.0),
    )
    moved, report = apply_crosswalk(frame, year=2019, additive=["jobs"])
    pd.testing.assert_frame_equal(
        moved,
        table(
            ("110000", 2016, 5.0),
            ("370100", 2016, 11.0),
            ("370100", 2017, np.nan),
            ("370100", 2018, 14.0),
        ),
    )
    assert report.rows.to_numpy().tolist() == [
        ["371200", 2016, "370100", "added"],
        ["371200", 2017, "370100", "added"],
    ]
    assert report.remarks == ()


def test_nothing_is_added_to_a_city_without_a_row_in_that_year() -> None:
    frame = table(("371200", 2016, 1.0), ("370100", 2017, 10.0))
    moved, report = apply_crosswalk(frame, year=2019, additive=["jobs"])
    pd.testing.assert_frame_equal(moved, frame.sort_index())
    assert "1 row left" in report.remarks[0]


def test_nothing_is_added_before_the_unit_was_dissolved() -> None:
    frame = table(("371200", 2016, 1.0), ("370100", 2016, 10.0))
    moved, report = apply_crosswalk(frame, year=2017, additive=["jobs"])
    pd.testing.assert_frame_equal(moved, frame.sort_index())
    assert report.remarks == ()


def test_columns_that_do_not_add_up_are_refused_where_something_is_added() -> None:
    frame = table(("371200", 2016, 1.0), ("370100", 2016, 10.0)).assign(
        gdp_per_head=1.0
    )
    with pytest.raises(
        SpatialCoaggError, match="'gdp_per_head' is not among the addit"
    ):
        apply_crosswalk(frame, year=2019, additive=["jobs"])
    apply_crosswalk(frame.drop(index=[("371200", 2016)]), year=2019, additive=["jobs"])


def test_split_units_are_left_and_reported() -> None:
    frame = table(
        ("341400", 2009, 1.0),
        ("341400", 2010, 1.0),
        ("340100", 2010, 5.0),
        ("340100", 2011, 6.0),
        ("340200", 2012, 6.0),
    )
    moved, report = apply_crosswalk(frame, year=2019, additive=["jobs"])
    pd.testing.assert_frame_equal(moved, frame.sort_index())
    assert report.remarks == (
        "341400 (巢湖市, Chaohu) was dissolved in 2011: 2 rows left as it was",
        "340100 has another territory since 2011 (巢湖市, Chaohu was split): its "
        "numbers before and after are of different areas",
    )


def test_units_founded_later_are_left_and_reported() -> None:
    _, report = apply_crosswalk(table(("640500", 2005, 1.0)), year=2002)
    assert report.remarks == (
        "640500 was founded in 2003 (中卫市, Zhongwei): 1 row left as it was",
    )


def test_names_of_dissolved_units_are_reported_too() -> None:
    _, report = apply_crosswalk(table(("巢湖市", 2005, 1.0)), year=2019, key="name_zh")
    assert len(report.remarks) == 1


@pytest.mark.parametrize("year", [1998, 2025])
def test_years_beyond_the_chronology_are_refused(year: int) -> None:
    with pytest.raises(SpatialCoaggError, match=f"year must be 1999 to 2024.*{year}"):
        apply_crosswalk(table(("110000", 2004, 1.0)), year=year)


def test_tables_that_are_not_keyed_by_city_and_year_are_refused() -> None:
    frame = table(("110000", 2004, 1.0))
    with pytest.raises(AlignmentError, match=r"index must be \(city, year\)"):
        apply_crosswalk(frame.reset_index(), year=2019)
    with pytest.raises(DuplicateKeyError, match="1 duplicated keys"):
        apply_crosswalk(pd.concat([frame, frame]), year=2019)
    with pytest.raises(SpatialCoaggError, match="key must be one of 'code', 'name_zh'"):
        apply_crosswalk(frame, year=2019, key="name")  # type: ignore[arg-type]


def test_a_report_can_be_pickled() -> None:
    _, report = apply_crosswalk(table(("522400", 2009, 1.0)), year=2019)
    assert str(pickle.loads(pickle.dumps(report))) == str(report)


@pytest.mark.skipif(
    "SPATIAL_COAGG_SHARED" not in os.environ, reason="SPATIAL_COAGG_SHARED is not set"
)
def test_the_crosswalk_agrees_with_the_chronology_and_the_roster() -> None:
    china = Path(os.environ["SPATIAL_COAGG_SHARED"]) / "data" / "china"
    told = pd.read_csv(
        china / "changes_2000_2024.csv", dtype="str", keep_default_na=False
    )
    changes = read_crosswalk()
    assert (changes["source"] == "chronology").sum() == len(told)
    both = told.merge(changes, on=["approved", "event_zh", "province_zh"], how="left")
    same = both[both["new_name_zh_x"] == both["new_name_zh_y"]]
    assert (
        same["old_adcode"]
        .where(same["old_adcode"] != "")
        .dropna()
        .isin(changes["old_code"])
        .all()
    )
    cities = pd.read_csv(china / "cities.csv", dtype="str").set_index("name_zh")[
        "adcode"
    ]
    ours = changes.drop_duplicates("new_code", keep="last").set_index("new_name_zh")
    known = ours[ours.index.isin(cities.index)]["new_code"]
    assert len(known) >= 60
    assert (cities[known.index] == known).all()
