import warnings
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from spatial_coagg.errors import DataWarning, SpatialCoaggError, TableError
from spatial_coagg.tables.yearbook import read_table

TEXT = """代码,年份,城市,地区生产总值,人口
320500,2005,苏州市,"4,026.5",607
110000,2004,北京市,６０６０,—
320500,2004,苏州市,3450,…
"""


def write(folder: Path, text: str, name: str = "yearbook.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_yearbook_becomes_a_sorted_table_keyed_by_city_and_year(
    tmp_path: Path,
) -> None:
    table = read_table(
        write(tmp_path, TEXT),
        city="代码",
        year="年份",
        columns={"gdp": "地区生产总值", "population": "人口"},
        text={"name": "城市"},
    )
    assert list(table.index.names) == ["city", "year"]
    assert table.index.tolist() == [
        ("110000", 2004),
        ("320500", 2004),
        ("320500", 2005),
    ]
    assert table.index.get_level_values("city").dtype == "str"
    assert table.index.get_level_values("year").dtype == np.int64
    np.testing.assert_array_equal(table["gdp"], [6060.0, 3450.0, 4026.5])
    np.testing.assert_array_equal(table["population"], [np.nan, np.nan, 607.0])
    assert table["name"].tolist() == ["北京市", "苏州市", "苏州市"]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "xlsx", "dta"])
def test_every_kind_of_file_gives_the_same_table(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame(
        {"code": ["010100", "320500"], "year": [2004, 2005], "gdp": [1.25, np.nan]}
    )
    path = tmp_path / f"table.{kind}"
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "dta":
        frame.to_stata(path, write_index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    table = read_table(path, city="code", year="year")
    expected = frame.rename(columns={"code": "city"}).set_index(["city", "year"])
    pd.testing.assert_frame_equal(table, expected, check_index_type=False)


def test_all_other_columns_are_read_by_default(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, TEXT), city="代码", year="年份", text=["城市"])
    assert table.columns.tolist() == ["地区生产总值", "人口", "城市"]


def test_every_problem_of_the_file_is_told_at_once(tmp_path: Path) -> None:
    text = """代码,年份,人口,产值
,2004,1,2
320500,04,1,2
320500,2005,约600,2
320500,2005,1,12%
320500,2006,1,2
1.1E+05,2006,x,2
"""
    with pytest.raises(TableError) as caught:
        read_table(
            write(tmp_path, text),
            city="代码",
            year="年份",
            columns={"population": "人口", "value": "产值", "area": "面积"},
        )
    found = [
        (problem.row, problem.column, problem.value, problem.city, problem.year)
        for problem in caught.value.problems
    ]
    assert found == [
        (None, "面积", None, None, None),
        (2, "代码", "", None, "2004"),
        (3, "年份", "04", "320500", None),
        (4, "人口", "约600", "320500", "2005"),
        (5, "产值", "12%", "320500", "2005"),
        (5, None, None, "320500", "2005"),
        (7, "代码", "1.1E+05", None, "2006"),
        (7, "人口", "x", None, "2006"),
    ]
    message = str(caught.value)
    assert message.startswith("yearbook.csv: 8 problems\n")
    assert (
        "row 4, column 人口, city 320500, year 2005, value '约600': not a n" in message
    )
    assert "row 5, city 320500, year 2005: this city and year already stands" in message
    assert "column 面积: no such header; the file has '代码', '年份'" in message


def test_a_third_row_with_the_same_key_points_to_the_first(tmp_path: Path) -> None:
    rows = "a,2004,1\nb,2004,1\na,2004,2\na,2004,3\n"
    with pytest.raises(TableError) as caught:
        read_table(write(tmp_path, f"code,year,x\n{rows}"), city="code", year="year")
    assert [(problem.row, problem.message) for problem in caught.value.problems] == [
        (4, "this city and year already stands in row 2; keep one"),
        (5, "this city and year already stands in row 2; keep one"),
    ]


def test_a_column_of_names_is_one_problem_not_one_for_each_row(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        read_table(write(tmp_path, TEXT), city="代码", year="年份")
    (problem,) = caught.value.problems
    assert problem.column == "城市"
    assert "none of the 3 filled cells is a number, such as '苏州市' in row 2" in str(
        problem
    )


def test_absent_keys_are_problems_like_others(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        read_table(
            write(tmp_path, "code,year,x\na,2004,?\n"),
            city="c",
            year="y",
            columns=["x"],
        )
    assert [problem.column for problem in caught.value.problems] == ["c", "y", "x"]


def test_absent_keys_are_told_before_all_other_columns_are_read(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="column c: no such header"):
        read_table(write(tmp_path, "code,year,x\na,2004,?\n"), city="c", year="year")


def test_gaps_are_kept_and_told(tmp_path: Path) -> None:
    rows = "a,2004,1\na,2007,1\nb,2004,1\nb,2005,1\n"
    path = write(tmp_path, f"code,year,x\n{rows}")
    with pytest.warns(
        DataWarning,
        match=r"yearbook\.csv: 2 years are missing between the first and last year of "
        r"1 city \(in 2005, 2006\), such as city 'a' in 2005\. The gaps stay gaps",
    ):
        table = read_table(path, city="code", year="year")
    assert len(table) == 4


def test_the_warning_of_gaps_points_at_the_caller(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,x\na,2004,1\na,2006,1\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_table(path, city="code", year="year")
    assert [Path(warning.filename).name for warning in caught] == ["test_yearbook.py"]


def test_cities_that_come_late_or_leave_early_are_no_gaps(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,x\na,2004,1\na,2005,1\nb,2005,1\nb,2006,1\n")
    assert len(read_table(path, city="code", year="year")) == 4


def test_a_sheet_below_a_title_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = "2-1"
    for row in (["2-1 人口"], [], ["代码", "年份", "人口"], [110000, 2004, "1,493"]):
        page.append(row)
    book.create_sheet("说明").append(["notes"])
    path = tmp_path / "yearbook.xlsx"
    book.save(path)
    table = read_table(path, city="代码", year="年份", sheet="2-1", header_row=3)
    assert table.loc[("110000", 2004), "人口"] == 1493.0


def test_leading_zeros_a_spreadsheet_dropped_come_back_on_request(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "ags,year,x\n1001,2004,1\n11000,2004,2\n")
    with pytest.raises(
        TableError, match="a leading zero seems lost; give code_digits=5"
    ):
        read_table(path, city="ags", year="year")
    table = read_table(path, city="ags", year="year", code_digits=5)
    assert table.index.get_level_values("city").tolist() == ["01001", "11000"]
    assert (
        read_table(path, city="ags", year="year", code_digits=0).index[0][0] == "1001"
    )


def test_further_marks_of_missing_numbers_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,x\na,2004,n.a.\nb,2004,1\n")
    table = read_table(path, city="code", year="year", missing_marks=["n.a."])
    np.testing.assert_array_equal(table["x"], [np.nan, 1.0])


def test_blank_texts_are_missing_and_numbers_in_texts_lose_their_point(
    tmp_path: Path,
) -> None:
    path = tmp_path / "table.xlsx"
    frame = pd.DataFrame({"c": ["a", "b", "d"], "y": 2004, "group": [1.0, " ", 2.5]})
    frame.to_excel(path, index=False)
    table = read_table(path, city="c", year="y", columns=[], text=["group"])
    assert table["group"].tolist()[::2] == ["1", "2.5"]
    assert table["group"].isna().tolist() == [False, True, False]


def test_whole_numbers_kept_as_text_have_no_point(tmp_path: Path) -> None:
    path = tmp_path / "table.dta"
    frame = pd.DataFrame({"c": ["a", "b"], "y": 2004, "group": [1.0, 2.5]})
    frame.to_stata(path, write_index=False)
    table = read_table(path, city="c", year="y", columns=[], text={"kind": "group"})
    assert table["kind"].tolist() == ["1", "2.5"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": "x"}, r"give a list of headers, such as \['x'\]"),
        ({"columns": ["x", "x"]}, "headers asked for twice: 'x'"),
        ({"columns": {"year": "x"}}, "'year' is the name of a key; choose another"),
        ({"columns": ["x"], "text": ["x"]}, "two columns would be called 'x'"),
        ({"missing_marks": "NA"}, r"missing_marks must be a list, such as \['NA'\]"),
        ({"code_digits": -1}, "code_digits must be 0 or more, got -1"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    path = write(tmp_path, "code,year,x\na,2004,1\n")
    with pytest.raises(SpatialCoaggError, match=message):
        read_table(path, city="code", year="year", **arguments)  # type: ignore[arg-type]


def test_a_header_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,x,x\na,2004,1,2\n")
    with pytest.raises(TableError, match="column x: 2 columns have this header"):
        read_table(path, city="code", year="year")
