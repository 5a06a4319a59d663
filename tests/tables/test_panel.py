import dataclasses
import pickle
import warnings
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import (
    AlignmentError,
    BalanceWarning,
    DuplicateKeyError,
    MissingColumnError,
    SpatialCoaggError,
    TableError,
    UnbalancedPanelError,
)
from spatial_coagg.tables.panel import Panel, plain

ROWS = pd.DataFrame(
    {
        "code": ["b", "a", "b", "a", "c", "c"],
        "year": [2005, 2005, 2004, 2004, 2004, 2005],
        "theta": [22.0, 12.0, 21.0, 11.0, 31.0, 32.0],
        "gdp": [5.0, 3.0, 4.0, 2.0, 6.0, np.nan],
        "region": ["east", "west", "east", "west", "east", "east"],
    }
)


def panel_of(rows: pd.DataFrame = ROWS, attributes: list[str] | None = None) -> Panel:
    return Panel.from_frame(rows, city="code", year="year", attributes=attributes)


def test_a_panel_is_sorted_by_city_and_year_whatever_the_order_of_rows() -> None:
    panel = panel_of()
    assert panel.frame.index.tolist() == [
        (city, year) for city in "abc" for year in (2004, 2005)
    ]
    assert list(panel.frame.index.names) == ["city", "year"]
    shuffled = panel_of(ROWS.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(panel.frame, shuffled.frame)


def test_a_panel_knows_its_cities_years_and_variables() -> None:
    panel = panel_of()
    assert panel.cities.tolist() == ["a", "b", "c"]
    assert panel.cities.name == "city"
    assert panel.years.tolist() == [2004, 2005]
    assert panel.years.name == "year"
    assert panel.columns == ["theta", "gdp", "region"]
    assert panel.is_balanced
    assert repr(panel) == "Panel(3 cities, 2004-2005, 6 rows, 3 variables)"


@pytest.mark.parametrize("code", [110000, 110000.0, "110000", "１１００００"])
def test_codes_become_text_and_years_integers(code: object) -> None:
    panel = panel_of(pd.DataFrame({"code": [code], "year": ["2004年"], "x": [1.0]}))
    assert panel.frame.index.tolist() == [("110000", 2004)]


def test_dates_of_january_are_years() -> None:
    rows = pd.DataFrame({"code": ["a"], "year": [datetime(2004, 1, 1)], "x": [1.0]})
    assert panel_of(rows).years.tolist() == [2004]


def test_keys_may_be_levels_of_the_index() -> None:
    frame = ROWS.set_index(["year", "code"])
    pd.testing.assert_frame_equal(panel_of(frame).frame, panel_of().frame)
    half = ROWS.set_index("year")
    pd.testing.assert_frame_equal(panel_of(half).frame, panel_of().frame)


def test_further_levels_of_the_index_become_variables() -> None:
    frame = ROWS.set_index(["code", "year", "region"])
    assert set(panel_of(frame).columns) == {"theta", "gdp", "region"}


def test_unnamed_levels_of_the_index_are_not_used() -> None:
    frame = ROWS.set_index(pd.Index(range(10, 16)))
    assert panel_of(frame).columns == ["theta", "gdp", "region"]


def test_every_unreadable_key_is_told_at_once() -> None:
    rows = pd.DataFrame({"code": ["a", None, 1.5], "year": [2004, 2005, "?"]})
    with pytest.raises(TableError) as caught:
        panel_of(rows)
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [
        (3, "code"),
        (4, "code"),
        (4, "year"),
    ]


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (
            ROWS.drop(columns="code"),
            MissingColumnError,
            "the table has no column 'code'",
        ),
        (pd.concat([ROWS, ROWS[:1]]), DuplicateKeyError, "1 duplicated keys"),
        (
            ROWS[:0],
            SpatialCoaggError,
            "no panel can be made of the table: it has no row",
        ),
        (
            ROWS.set_index("code", drop=False),
            DuplicateKeyError,
            "'code' both as a column and in its index",
        ),
        (
            ROWS.set_axis(["code", "year", "x", "x", "region"], axis="columns"),
            DuplicateKeyError,
            "the table's header has 1 duplicated keys, such as 'x'",
        ),
    ],
    ids=["no code", "double row", "no rows", "code twice", "double column"],
)
def test_tables_that_make_no_panel_are_refused(
    rows: pd.DataFrame, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        panel_of(rows)


def test_one_column_cannot_be_both_keys() -> None:
    with pytest.raises(SpatialCoaggError, match="both keys are 'year'"):
        Panel.from_frame(ROWS, city="year", year="year")


def test_attributes_are_taken_from_columns_that_are_constant_within_cities() -> None:
    panel = panel_of(attributes=["region"])
    assert panel.columns == ["theta", "gdp"]
    assert panel.attributes["region"].to_dict() == {
        "a": "west",
        "b": "east",
        "c": "east",
    }


def test_attributes_that_change_within_a_city_are_refused() -> None:
    with pytest.raises(
        AlignmentError, match="'theta' changes within 3 cities, such as"
    ):
        panel_of(attributes=["theta"])
    with pytest.raises(MissingColumnError, match="no column 'name'"):
        panel_of(attributes=["name"])


def test_attributes_are_aligned_by_code() -> None:
    names = pd.DataFrame({"name": ["C", "A", "B", "D"]}, index=["c", "a", "b", "d"])
    panel = Panel.from_frame(ROWS, city="code", year="year", attributes=names)
    assert panel.attributes["name"].to_dict() == {"a": "A", "b": "B", "c": "C"}
    more = panel.with_attributes(names.rename(columns={"name": "title"}))
    assert more.attributes.columns.tolist() == ["name", "title"]
    assert panel.attributes.columns.tolist() == ["name"]


def test_attributes_must_cover_every_city_once_under_a_new_name() -> None:
    names = pd.DataFrame({"name": ["A", "B", "C"]}, index=["a", "b", "c"])
    panel = panel_of()
    with pytest.raises(AlignmentError, match="attributes lacks 1 of the 3 cities"):
        panel.with_attributes(names[:2])
    with pytest.raises(DuplicateKeyError, match="the attributes, keyed by city"):
        panel.with_attributes(pd.concat([names, names]))
    with pytest.raises(AlignmentError, match="the cities already have 'name'"):
        panel.with_attributes(names).with_attributes(names)


def test_nothing_done_to_what_is_read_or_given_reaches_the_panel() -> None:
    rows = ROWS.copy()
    panel = panel_of(rows, attributes=["region"])
    rows.loc[:, "theta"] = -1.0
    frame, attributes = panel.frame, panel.attributes
    frame.loc[("a", 2004), "theta"] = -1.0
    frame.index.names = ["x", "y"]
    attributes.loc["a", "region"] = "?"
    assert panel.frame.loc[("a", 2004), "theta"] == 11.0
    assert list(panel.frame.index.names) == ["city", "year"]
    assert panel.attributes.loc["a", "region"] == "west"
    with pytest.raises(dataclasses.FrozenInstanceError):
        panel._frame = rows  # type: ignore[misc]


def test_a_cube_has_the_axes_year_city_variable() -> None:
    cube = panel_of().cube(["theta", "theta"])
    assert cube.shape == (2, 3, 2)
    np.testing.assert_array_equal(cube[..., 0], [[11, 21, 31], [12, 22, 32]])
    assert cube.flags.c_contiguous
    assert cube.dtype == np.float64


def test_a_cube_is_made_of_numbers() -> None:
    with pytest.raises(SpatialCoaggError, match="'region' holds no numbers"):
        panel_of().cube(["theta", "region"])
    with pytest.raises(MissingColumnError, match="the panel has no column 'x'"):
        panel_of().cube(["x"])
    with pytest.raises(SpatialCoaggError, match=r"give a list of names, such as \['th"):
        panel_of().cube("theta")


def test_a_missing_value_is_refused_by_default() -> None:
    with pytest.raises(UnbalancedPanelError) as caught:
        panel_of().cube(["theta", "gdp"])
    assert str(caught.value) == (
        "1 of 6 (city, year) cells lack a value of 'theta', 'gdp', in 1 cities; the "
        "first is city 'c' in 2005. Choose balance='drop-cities' or 'drop-years', or "
        "complete the data"
    )


def test_a_missing_row_is_refused_by_default() -> None:
    with pytest.raises(UnbalancedPanelError, match="the first is city 'a' in 2005"):
        panel_of(ROWS.drop(index=1)).cube(["theta"])


def test_incomplete_cities_are_left_out_on_request_and_told() -> None:
    with pytest.warns(
        BalanceWarning, match="1 of 3 cities left out to balance .*: 'c'"
    ):
        cube = panel_of().cube(["gdp"], balance="drop-cities")
    np.testing.assert_array_equal(cube[..., 0], [[2, 4], [3, 5]])


def test_incomplete_years_are_left_out_on_request_and_told() -> None:
    with pytest.warns(
        BalanceWarning, match="1 of 2 years left out to balance .*: 2005"
    ):
        panel = panel_of().balanced(["gdp"], policy="drop-years")
    assert panel.years.tolist() == [2004]
    assert len(panel.cities) == 3


def test_balancing_everything_looks_at_all_variables() -> None:
    with pytest.warns(BalanceWarning):
        panel = panel_of(attributes=["region"]).balanced(policy="drop-cities")
    assert panel.cities.tolist() == ["a", "b"]
    assert panel.attributes.index.tolist() == ["a", "b"]


def test_a_balanced_panel_stays_the_same_without_a_word() -> None:
    panel = panel_of()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert panel.balanced(["theta"], policy="drop-cities") is panel


def test_balancing_that_leaves_nothing_is_refused() -> None:
    rows = ROWS.assign(gdp=[np.nan, 3.0, 4.0, np.nan, np.nan, 1.0])
    with pytest.raises(
        UnbalancedPanelError, match="'drop-cities' leaves nothing: each"
    ):
        panel_of(rows).balanced(["gdp"], policy="drop-cities")
    with pytest.raises(UnbalancedPanelError, match="'drop-years' leaves nothing: each"):
        panel_of(rows).balanced(["gdp"], policy="drop-years")


def test_an_unknown_policy_is_refused_even_where_nothing_is_missing() -> None:
    with pytest.raises(
        SpatialCoaggError, match="policy must be one of 'error', 'drop-c"
    ):
        panel_of().balanced(["theta"], policy="fill")  # type: ignore[arg-type]


def test_a_year_that_no_city_has_is_no_hole_in_the_grid_but_a_gap() -> None:
    rows = ROWS.assign(year=ROWS["year"].replace(2005, 2006))
    panel = panel_of(rows)
    assert panel.is_balanced
    assert panel.gaps.tolist() == [("a", 2005), ("b", 2005), ("c", 2005)]


def test_gaps_lie_between_first_and_last_year_of_a_city() -> None:
    years = [2004, 2006, 2007, 2005, 2006, 2004]
    rows = pd.DataFrame({"code": list("aaabbc"), "year": years, "x": 1.0})
    panel = panel_of(rows)
    assert panel.gaps.tolist() == [("a", 2005)]
    assert not panel.is_balanced


def test_previous_looks_one_calendar_year_back_and_a_gap_is_a_gap() -> None:
    rows = pd.DataFrame(
        {"code": list("aaab"), "year": [2004, 2005, 2007, 2005], "x": [1.0, 2, 3, 9]}
    )
    panel = panel_of(rows)
    earlier = panel.previous(["x"])
    assert earlier.columns.tolist() == ["previous.x"]
    assert earlier.index.equals(panel.frame.index)
    np.testing.assert_array_equal(earlier["previous.x"], [np.nan, 1, np.nan, np.nan])
    two = panel.previous(["x"], years=2)
    assert two.columns.tolist() == ["previous2.x"]
    np.testing.assert_array_equal(two["previous2.x"], [np.nan, np.nan, 2, np.nan])


def test_previous_needs_a_variable_and_a_step() -> None:
    with pytest.raises(MissingColumnError):
        panel_of().previous(["x"])
    with pytest.raises(SpatialCoaggError, match="years must be 1 or more, got 0"):
        panel_of().previous(["theta"], years=0)
    with pytest.raises(SpatialCoaggError, match="give a list of names"):
        panel_of().previous("theta")


def test_variables_are_added_by_label() -> None:
    panel = panel_of()
    more = panel.frame[["theta"]].rename(columns={"theta": "twice"}) * 2
    extra = pd.DataFrame(
        {"twice": [0.0]},
        pd.MultiIndex.from_tuples([("z", 2004)], names=["city", "year"]),
    )
    joined = panel.with_columns(pd.concat([more[::-1], extra]))
    np.testing.assert_array_equal(joined.frame["twice"], 2 * panel.frame["theta"])
    assert joined.cities.tolist() == ["a", "b", "c"]
    one = panel.with_columns(panel.frame["theta"].rename("again"))
    np.testing.assert_array_equal(one.frame["again"], panel.frame["theta"])
    assert panel.columns == ["theta", "gdp", "region"]


def test_variables_that_do_not_fit_are_refused() -> None:
    panel = panel_of()
    more = panel.frame[["theta"]].rename(columns={"theta": "x"})
    with pytest.raises(
        AlignmentError, match="the table lacks 1 rows of the panel, such"
    ):
        panel.with_columns(more[1:])
    with pytest.raises(AlignmentError, match="the panel already has 'theta'"):
        panel.with_columns(panel.frame[["theta"]])
    with pytest.raises(AlignmentError, match=r"index must be \(city, year\)"):
        panel.with_columns(more.reset_index())
    with pytest.raises(DuplicateKeyError, match="the table, keyed by"):
        panel.with_columns(pd.concat([more, more]))
    with pytest.raises(AlignmentError, match="the series needs a name"):
        panel.with_columns(panel.frame["theta"].rename(None))


def test_a_panel_can_be_restricted_to_cities_and_years() -> None:
    panel = panel_of(attributes=["region"])
    small = panel.restricted_to(cities=["c", "a"], years=[2005])
    assert small.frame.index.tolist() == [("a", 2005), ("c", 2005)]
    assert small.attributes.index.tolist() == ["a", "c"]
    assert len(panel.frame) == 6


def test_attributes_follow_the_cities_that_are_left() -> None:
    rows = ROWS.drop(index=[3])
    small = panel_of(rows, attributes=["region"]).restricted_to(years=[2004])
    assert small.cities.tolist() == ["b", "c"]
    assert small.attributes.index.tolist() == ["b", "c"]


def test_a_restriction_to_what_does_not_exist_is_refused() -> None:
    panel = panel_of()
    with pytest.raises(
        AlignmentError, match="the panel lacks 1 of the 2 cities of the r"
    ):
        panel.restricted_to(cities=["a", "x"])
    with pytest.raises(AlignmentError, match="no year 1999; it has 2004 to 2005"):
        panel.restricted_to(years=[1999, 2004])
    with pytest.raises(AlignmentError, match="leaves no row"):
        panel.restricted_to(cities=[])
    with pytest.raises(SpatialCoaggError, match="give a list of names"):
        panel.restricted_to(cities="a")


def test_a_panel_can_be_pickled() -> None:
    panel = panel_of(attributes=["region"])
    again = pickle.loads(pickle.dumps(panel))
    pd.testing.assert_frame_equal(again.frame, panel.frame)
    pd.testing.assert_frame_equal(again.attributes, panel.attributes)


def test_keys_are_written_without_the_names_of_numpy_types() -> None:
    assert repr(plain(("a", np.int64(2004)))) == "('a', 2004)"
    assert plain("a") == "a"
