import math
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.tables.cells import is_blank, plain_text, read_numbers


def column(*cells: object) -> pd.Series:
    rows = range(2, len(cells) + 2)
    return pd.Series(list(cells), index=rows, name="制造业", dtype=object)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1234", 1234.0),
        ("1,234", 1234.0),
        ("12,345,678.5", 12345678.5),
        ("1 234 567", 1234567.0),
        ("1\u00a0234", 1234.0),
        ("1\u202f234", 1234.0),
        ("1'234", 1234.0),
        ("1’234", 1234.0),
        ("１２３４", 1234.0),
        ("１，２３４．５", 1234.5),
        (" 7 ", 7.0),
        ("7\u3000", 7.0),
        ("-3.5", -3.5),
        ("−3.5", -3.5),
        ("＋3", 3.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5e3", 1500.0),
        ("\ufeff12", 12.0),
        (12, 12.0),
        (12.5, 12.5),
        (np.float32(0.5), 0.5),
    ],
)
def test_numbers_are_read_in_the_forms_tables_use(cell: object, number: float) -> None:
    numbers, problems = read_numbers(column(cell))
    assert problems == []
    assert numbers.tolist() == [number]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "  ",
        "...",
        "…",
        "……",
        "-",
        "--",
        "—",
        "——",
        "–",
        "－",
        None,
        math.nan,
        pd.NA,
    ],
)
def test_blanks_and_marks_are_missing_never_zero(cell: object) -> None:
    numbers, problems = read_numbers(column(cell, "1"))
    assert problems == []
    assert np.isnan(numbers.iloc[0])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("12人", "not a number; write digits such as 1234.5"),
        ("12②", "not a number"),
        ("1²", "not a number"),
        ("N/A", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("1_000", "not a number"),
        ("0x10", "not a number"),
        ("(1,234)", "not a number"),
        ("1,5", "a comma separates thousands here; write decimals with a point"),
        ("12,34", "a comma separates thousands"),
        ("1,2345", "a comma separates thousands"),
        ("0,123", "a comma separates thousands"),
        ("1,234 567", "not a number"),
        ("12%", "a percentage; write the number without the sign"),
        ("#DIV/0!", "an error of the spreadsheet"),
        ("=A1+A2", "does not hold the result of this formula"),
        (True, "true or false is no number"),
        (datetime(2004, 1, 1), "a date is no number"),
        ("1e999", "the number is infinite"),
        (math.inf, "the number is infinite"),
    ],
)
def test_any_other_cell_is_a_problem_with_its_place(cell: object, message: str) -> None:
    numbers, problems = read_numbers(column("1", cell))
    assert np.isnan(numbers.iloc[1])
    (problem,) = problems
    assert message in problem.message
    assert (problem.row, problem.column, problem.value) == (3, "制造业", str(cell))


def test_columns_of_numbers_are_read_as_they_are() -> None:
    cells = pd.Series([1, 2], index=[2, 3], name="jobs")
    numbers, problems = read_numbers(cells)
    assert problems == []
    assert numbers.tolist() == [1.0, 2.0]
    assert numbers.dtype == np.float64


def test_nullable_columns_of_numbers_keep_their_gaps() -> None:
    cells = pd.Series([1, None], index=[2, 3], name="jobs", dtype="Int64")
    numbers, problems = read_numbers(cells)
    assert problems == []
    np.testing.assert_array_equal(numbers, [1.0, np.nan])


def test_an_infinite_number_in_a_column_of_numbers_is_a_problem() -> None:
    numbers, problems = read_numbers(pd.Series([1.0, -np.inf], index=[2, 3], name="x"))
    assert np.isnan(numbers.loc[3])
    assert [(problem.row, problem.message) for problem in problems] == [
        (3, "the number is infinite; correct it or leave the cell blank")
    ]


def test_a_column_of_truth_values_holds_no_numbers() -> None:
    _, problems = read_numbers(pd.Series([True, False], index=[2, 3], name="x"))
    assert [problem.row for problem in problems] == [2, 3]


def test_equal_cells_of_different_types_are_told_apart() -> None:
    numbers, problems = read_numbers(column(*[1, True, 1.0]))
    np.testing.assert_array_equal(numbers, [1.0, np.nan, 1.0])
    assert [problem.row for problem in problems] == [3]


def test_further_marks_of_missing_numbers_can_be_given() -> None:
    numbers, problems = read_numbers(
        column("ＮＡ", ":", "1"), missing_marks=["NA", ":"]
    )
    assert problems == []
    np.testing.assert_array_equal(numbers, [np.nan, np.nan, 1.0])


def test_plain_text_folds_width_and_keeps_other_signs() -> None:
    assert plain_text("  ＡＢ（c） \n d") == "AB(c) d"
    assert plain_text("吉\u200b林②") == "吉林②"


@pytest.mark.parametrize("cell", ["", " ", "\u3000", None, math.nan, pd.NA, pd.NaT])
def test_blank_cells_are_blank(cell: object) -> None:
    assert is_blank(cell)


@pytest.mark.parametrize("cell", [0, 0.0, False, "-", "x"])
def test_cells_with_content_are_not_blank(cell: object) -> None:
    assert not is_blank(cell)
