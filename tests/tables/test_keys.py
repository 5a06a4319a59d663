import math
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.tables.keys import find_gaps, read_codes, read_years


def column(*cells: object) -> pd.Series:
    return pd.Series(list(cells), name="代码", dtype=object)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("320500", "320500"),
        ("010100", "010100"),
        (" 320500 ", "320500"),
        ("３２０５００", "320500"),
        ("320500\u200b", "320500"),
        ("\t320500", "320500"),
        ("'320500", "320500"),
        ('="010100"', "010100"),
        ("110000.0", "110000"),
        ("110000.", "110000"),
        (110000.0, "110000"),
        (110000, "110000"),
        (np.int64(110000), "110000"),
        (np.float64(110000), "110000"),
        ("AT111", "AT111"),
        ("1E5", "1E5"),
        ("2A", "2A"),
        ("NA", "NA"),
        ("苏州市", "苏州市"),
        (0, "0"),
        (12345678901234567890, "12345678901234567890"),
    ],
)
def test_codes_become_text(cell: object, code: str) -> None:
    codes, problems = read_codes(column(cell))
    assert problems == []
    assert codes.tolist() == [code]
    assert codes.dtype == "str"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "the city code is blank; fill it in or delete the row"),
        (None, "the city code is blank"),
        (math.nan, "the city code is blank"),
        (pd.NaT, "the city code is blank"),
        ("…", "the city code is blank"),
        ('=""', "the city code is blank"),
        (110000.5, "must be a whole number or text"),
        (-110000.0, "must be a whole number or text"),
        (-110000, "must be a whole number or text"),
        (math.inf, "must be a whole number or text"),
        ("110000.5", "must be a whole number or text"),
        ("1.1E+05", "lost its digits; format the column as text"),
        ("1E+05", "lost its digits"),
        ("110,000", "has no thousands separator"),
        (1e17, "too long to be exact"),
        (True, "true or false is no city code"),
        (date(2004, 1, 1), "a date is no city code"),
    ],
)
def test_codes_that_cannot_be_brought_back_are_refused(
    cell: object, message: str
) -> None:
    codes, problems = read_codes(column("320500", cell))
    assert codes.isna().tolist() == [False, True]
    (problem,) = problems
    assert message in problem.message
    assert (problem.row, problem.column) == (3, "代码")


def test_problems_of_codes_name_the_row_of_the_file() -> None:
    _, problems = read_codes(column("1", ""), rows=[7, 9])
    assert [problem.row for problem in problems] == [9]


def test_codes_stored_in_single_precision_are_refused_beyond_seven_digits() -> None:
    cells = pd.Series([320500.0, 320500000.0], name="code", dtype="float32")
    codes, problems = read_codes(cells)
    assert codes.iloc[0] == "320500"
    assert [problem.row for problem in problems] == [3]
    assert "single precision" in problems[0].message


def test_lost_leading_zeros_are_refused_by_name() -> None:
    codes, problems = read_codes(column(1001, "01002", 12345), digits=None)
    assert codes.isna().tolist() == [True, False, False]
    (problem,) = problems
    assert problem.row == 2
    assert "4 digits beside codes of 5: a leading zero seems lost" in problem.message
    assert "code_digits=5" in problem.message


@pytest.mark.parametrize("cells", [(1, 20, 300), ("AT11", "AT111"), (999, 1000)])
def test_codes_of_other_lengths_are_taken_as_they_stand(
    cells: tuple[object, ...],
) -> None:
    codes, problems = read_codes(column(*cells), digits=None)
    assert problems == []
    assert codes.tolist() == [str(cell) for cell in cells]


def test_leading_zeros_come_back_on_request() -> None:
    codes, problems = read_codes(column(1001, "12345", "AT1"), digits=5)
    assert problems == []
    assert codes.tolist() == ["01001", "12345", "AT1"]


def test_codes_longer_than_asked_for_are_refused() -> None:
    codes, problems = read_codes(column(123456, 12345), digits=5)
    assert codes.isna().tolist() == [True, False]
    assert "more than 5 digits" in problems[0].message


def test_codes_can_be_taken_as_they_stand() -> None:
    codes, problems = read_codes(column(9999, 10000), digits=0)
    assert problems == []
    assert codes.tolist() == ["9999", "10000"]


@pytest.mark.parametrize(
    "cell",
    [
        2004,
        2004.0,
        "2004",
        "2004.0",
        "２００４",
        "2004年",
        " 2004 年",
        np.int16(2004),
        datetime(2004, 1, 1),
        pd.Timestamp(2004, 1, 1),
    ],
)
def test_years_become_integers(cell: object) -> None:
    years, problems = read_years(column(cell))
    assert problems == []
    assert years.tolist() == [2004]
    assert years.dtype == np.int64


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "the year is blank; fill it in or delete the row"),
        (None, "the year is blank"),
        ("—", "the year is blank"),
        ("04", "a year must have four digits"),
        ("2004-2005", "a year must have four digits"),
        (2004.5, "a year must have four digits"),
        (True, "a year must have four digits"),
        (datetime(1905, 6, 26), "a date is no year"),
    ],
)
def test_other_years_are_refused(cell: object, message: str) -> None:
    years, problems = read_years(column("2004", cell))
    assert years.isna().tolist() == [False, True]
    (problem,) = problems
    assert message in problem.message
    assert problem.row == 3


def test_gaps_are_the_years_between_first_and_last() -> None:
    index = pd.MultiIndex.from_tuples(
        [("b", 2004), ("a", 2008), ("a", 2004), ("a", 2006), ("b", 2005)],
        names=["city", "year"],
    )
    assert find_gaps(index).tolist() == [("a", 2005), ("a", 2007)]


def test_no_gaps_is_an_empty_index_with_its_names() -> None:
    index = pd.MultiIndex.from_tuples([("a", 2004)], names=["city", "year"])
    gaps = find_gaps(index)
    assert len(gaps) == 0
    assert list(gaps.names) == ["city", "year"]
