import pytest

from spatial_coagg.errors import TableError
from spatial_coagg.tables.sheet import Sheet


def sheet(*rows: list[object], header_row: int = 1) -> Sheet:
    return Sheet.from_rows(rows, source="jobs.csv", header_row=header_row)


def test_columns_know_their_header_and_their_rows() -> None:
    page = sheet(["code", " 年份 "], ["a", 1], [None, " "], [], ["b", 2])
    assert page.headers == ["code", "年份"]
    assert page.columns[1].tolist() == [1, 2]
    assert page.columns[1].index.tolist() == [2, 5]


def test_rows_above_the_headers_are_not_read() -> None:
    page = sheet(["Table 1"], [], ["code", "year"], ["a", 1], header_row=3)
    assert page.headers == ["code", "year"]
    assert page.columns[0].index.tolist() == [4]


def test_short_rows_are_filled_with_blanks_and_blank_cells_beyond_are_cut() -> None:
    page = sheet(["code", "year", None], ["a"], ["b", 2, "", None])
    assert [column.tolist() for column in page.columns] == [["a", "b"], [None, 2]]


def test_headers_that_are_whole_numbers_lose_their_point() -> None:
    assert sheet(["code", 2004.0], ["a", 1]).headers == ["code", "2004"]


def test_cells_beyond_the_headers_are_all_named() -> None:
    with pytest.raises(TableError) as caught:
        sheet(["code", "jobs"], ["a", "1", "234"], ["b", "2"], ["c", "3", "", "4"])
    assert [problem.row for problem in caught.value.problems] == [2, 4]
    assert "quote cells that contain a comma" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "header_row"),
    [([], 1), ([[None, ""]], 1), ([["code"], ["a"]], 5)],
    ids=["no row", "blank row", "too few rows"],
)
def test_absent_headers_are_refused(rows: list[list[object]], header_row: int) -> None:
    with pytest.raises(TableError, match=f"row {header_row} holds no headers"):
        sheet(*rows, header_row=header_row)


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(TableError, match="no rows below the headers"):
        sheet(["code", "year"], ["", None])


def test_headers_are_found_without_regard_to_width_and_spaces() -> None:
    page = sheet(["代码 ", "人数（万人）"], ["a", 1])
    found, problems = page.pick(["代码", "人数(万人)"])
    assert problems == []
    assert found["人数(万人)"].tolist() == [1]


def test_an_exact_header_wins_over_a_similar_one() -> None:
    page = sheet(["GDP", "ＧＤＰ"], [1, 2])
    assert page.pick(["ＧＤＰ"])[0]["ＧＤＰ"].tolist() == [2]


def test_absent_and_doubled_headers_are_problems() -> None:
    page = sheet(["code", "jobs", "jobs"], ["a", 1, 2])
    found, problems = page.pick(["year", "jobs", "jobs"])
    assert found == {}
    assert [(problem.column, problem.message) for problem in problems] == [
        ("year", "no such header; the file has 'code', 'jobs', 'jobs'"),
        ("jobs", "2 columns have this header; rename all but one"),
    ]


def test_the_other_headers_keep_their_order() -> None:
    page = sheet(["b", "年份", None, "a"], [1, 2, None, 3])
    assert page.others(["年份 "]) == ["b", "a"]


def test_content_without_a_header_is_refused_where_all_columns_are_read() -> None:
    page = sheet(["code", "", "jobs"], ["a", "lost", 1])
    with pytest.raises(
        TableError, match="column 2 has no header; name it or delete it"
    ):
        page.others(["code"])


def test_absent_headers_are_told_where_all_others_are_read() -> None:
    with pytest.raises(TableError, match="column year: no such header"):
        sheet(["code", "jobs"], ["a", 1]).others(["code", "year"])


def test_a_title_above_the_headers_is_one_problem_that_names_their_row() -> None:
    with pytest.raises(TableError, match="header_row = 3") as caught:
        sheet(["Table 1"], [], ["code", "year"], ["a", 1], ["b", 2])
    assert len(caught.value.problems) == 1
