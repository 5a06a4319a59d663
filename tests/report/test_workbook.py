from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.workbook import Sheet, write_workbook


def round_trip(tmp_path: Path, table: pd.DataFrame) -> pd.DataFrame:
    path = tmp_path / "tables.xlsx"
    write_workbook([Sheet("table", table, "One row a city.")], path)
    return pd.read_excel(path, sheet_name="table")


def test_numbers_are_unrounded(tmp_path: Path) -> None:
    table = pd.DataFrame({"theta": [1 / 3, np.pi]}, index=pd.Index([1, 2], name="rank"))
    assert round_trip(tmp_path, table)["theta"].tolist() == [1 / 3, np.pi]


def test_a_name_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    names = ["=HYPERLINK('x')", "+1", "-1", "@a", "<script>"]
    path = tmp_path / "tables.xlsx"
    write_workbook([Sheet("t", pd.DataFrame({"name": names}), "Names.")], path)
    sheet = load_workbook(path)["t"]
    cells = [sheet.cell(row=row, column=2) for row in range(2, 7)]
    assert [cell.data_type for cell in cells] == ["s"] * 5
    assert [cell.value for cell in cells] == names


def test_missing_and_infinite_cells_are_blank(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [np.nan, np.inf, 1.0], "b": [None, "x", pd.NA]})
    back = round_trip(tmp_path, table)
    assert back["a"].isna().tolist() == [True, True, False]
    assert back["b"].isna().tolist() == [True, False, True]


def test_levels_of_index_and_columns_are_written(tmp_path: Path) -> None:
    index = pd.MultiIndex.from_tuples([("310000", 2019)], names=["city", "year"])
    columns = pd.MultiIndex.from_tuples([(2019, "theta")])
    back = round_trip(tmp_path, pd.DataFrame([[1.5]], index=index, columns=columns))
    assert list(back.columns) == ["city", "year", "2019 | theta"]


def test_codes_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "tables.xlsx"
    table = pd.DataFrame({"x": [1]}, index=pd.Index(["010000"], name="city"))
    write_workbook([Sheet("t", table, "Codes.")], path)
    assert load_workbook(path)["t"].cell(row=2, column=1).value == "010000"


def test_other_values_become_text(tmp_path: Path) -> None:
    back = round_trip(tmp_path, pd.DataFrame({"a": [Path("x"), True]}, dtype=object))
    assert back["a"].tolist() == ["x", True]


def test_the_dictionary_explains_each_sheet(tmp_path: Path) -> None:
    path = tmp_path / "tables.xlsx"
    sheets = [Sheet("t", pd.DataFrame({"a": [1]}), "What it is.")]
    write_workbook(sheets, path, facts={"notice": "Simulated data"})
    rows = list(load_workbook(path)["dictionary"].iter_rows(values_only=True))
    assert ("notice", "Simulated data") in rows
    assert ("t", "What it is.") in rows


@pytest.mark.parametrize("name", ["", "x" * 32, "a/b", "a:b"])
def test_a_name_excel_refuses_is_refused(name: str) -> None:
    with pytest.raises(SpatialCoaggError, match="no sheet name"):
        Sheet(name, pd.DataFrame(), "")
