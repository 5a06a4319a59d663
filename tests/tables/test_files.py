import gzip
import io
import math
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from spatial_coagg.errors import SpatialCoaggError, TableError
from spatial_coagg.tables.files import open_sheet
from spatial_coagg.tables.sheet import Sheet

XLS = Path(__file__).parent / "files" / "jobs.xls"
TEXT = '代码,年份,人数\n320500,2004,"1,234"\n\n010100,2005,…\n'


def cells(page: Sheet) -> dict[str, list[object]]:
    return {header: list(column) for header, column in zip(page.headers, page.columns)}  # noqa: B905


def write_xlsx(path: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_opened_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_bytes(TEXT.encode(encoding))
    page = open_sheet(path)
    assert cells(page) == {
        "代码": ["320500", "010100"],
        "年份": ["2004", "2005"],
        "人数": ["1,234", "…"],
    }
    assert page.columns[0].index.tolist() == [2, 4]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_separates_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_bytes(f"code,year{ending}a,2004{ending}".encode())
    assert cells(open_sheet(path)) == {"code": ["a"], "year": ["2004"]}


def test_a_quoted_line_break_stays_in_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text('code,"jobs\n(persons)"\na,1\nb,2\n')
    page = open_sheet(path)
    assert page.headers == ["code", "jobs\n(persons)"]
    assert page.columns[0].index.tolist() == [2, 3]


def test_the_encoding_of_a_csv_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "orte.csv"
    path.write_bytes("Ort,Jahr\nKöln,2004\n".encode("cp1252"))
    assert cells(open_sheet(path, encoding="cp1252"))["Ort"] == ["Köln"]


@pytest.mark.parametrize("suffix", [".tsv", ".txt", ".TSV"])
def test_tabs_separate_columns_of_tsv(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"jobs{suffix}"
    path.write_text("code\tjobs\na\t1,5\n")
    assert cells(open_sheet(path)) == {"code": ["a"], "jobs": ["1,5"]}


def test_packed_csv_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert cells(open_sheet(path))["代码"] == ["320500", "010100"]


@pytest.mark.parametrize("text", ["code;year\na;2004\n", "code\tyear\na\t2004\n"])
def test_other_separators_are_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(text)
    with pytest.raises(TableError, match="',' separates no columns here"):
        open_sheet(path)


def test_commas_in_a_tsv_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "jobs.txt"
    path.write_text("code,year\na,2004\n")
    with pytest.raises(TableError, match="separates no columns here"):
        open_sheet(path)


def test_open_quotes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text('code,year\n"a,2004\n')
    with pytest.raises(TableError, match="the quotes of the file do not match"):
        open_sheet(path)


def test_null_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_bytes(b"code,year\na,\x002004\n")
    with pytest.raises(TableError, match="null bytes"):
        open_sheet(path)


def test_xlsx_keeps_the_type_of_each_cell(tmp_path: Path) -> None:
    day = datetime(2004, 1, 1)
    rows = [["代码", "年份", "人数"], ["010100", 2004, 1.5], ["320500", day, None]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"就业": rows})
    page = open_sheet(path)
    assert page.source == "jobs.xlsx, sheet '就业'"
    assert cells(page) == {
        "代码": ["010100", "320500"],
        "年份": [2004, day],
        "人数": [1.5, None],
    }


def test_the_only_filled_sheet_is_found(tmp_path: Path) -> None:
    rows = [["code", "year"], ["a", 2004]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"Sheet1": [], "Sheet2": rows})
    assert open_sheet(path).source == "jobs.xlsx, sheet 'Sheet2'"


def test_hidden_sheets_are_not_chosen(tmp_path: Path) -> None:
    rows = [["code", "year"], ["a", 2004]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"data": rows, "old": rows})
    book = openpyxl.load_workbook(path)
    book["old"].sheet_state = "hidden"
    book.save(path)
    assert open_sheet(path).source == "jobs.xlsx, sheet 'data'"


def test_one_of_several_sheets_must_be_named(tmp_path: Path) -> None:
    rows = [["code", "year"], ["a", 2004]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"2004": rows, "2005": rows})
    with pytest.raises(
        SpatialCoaggError, match="say which with sheet=: '2004', '2005'"
    ):
        open_sheet(path)
    with pytest.raises(
        SpatialCoaggError, match="no sheet '2006'; it has '2004', '2005'"
    ):
        open_sheet(path, sheet="2006")
    assert open_sheet(path, sheet="2005").source == "jobs.xlsx, sheet '2005'"


def test_a_wrong_size_in_the_file_hides_no_cells(tmp_path: Path) -> None:
    rows = [["code", "year"], ["a", 2004]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"data": rows})
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("sheet1.xml"):
                content = content.replace(b'ref="A1:B2"', b'ref="A1"')
            new.writestr(item, content)
    path.write_bytes(packed.getvalue())
    assert cells(open_sheet(path)) == {"code": ["a"], "year": [2004]}


def with_results(path: Path, results: dict[bytes, bytes]) -> None:
    """Store the results of formulas as a spreadsheet program does."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for item in old.infolist():
            # With lxml openpyxl writes empty elements as two marks.
            content = old.read(item).replace(b"<v></v>", b"<v />")
            for formula, result in results.items():
                empty = b"<f>" + formula + b"</f><v />"
                assert empty in content or not item.filename.endswith("sheet1.xml")
                content = content.replace(
                    empty, b"<f>" + formula + b"</f><v>" + result + b"</v>"
                )
            new.writestr(item, content)
    path.write_bytes(packed.getvalue())


def test_formulas_give_their_stored_results(tmp_path: Path) -> None:
    rows = [["code", "jobs", "note"], ["a", "=1+2", '=""'], ["b", 4, "x"]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"data": rows})
    with_results(path, {b"1+2": b"3"})
    assert cells(open_sheet(path)) == {
        "code": ["a", "b"],
        "jobs": [3, 4],
        "note": [None, "x"],
    }


def test_formulas_without_results_stay_formulas(tmp_path: Path) -> None:
    rows = [["code", "jobs"], ["a", "=1+2"], ["b", 4]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"data": rows})
    book = openpyxl.load_workbook(path)
    book["data"]["B3"] = openpyxl.worksheet.formula.ArrayFormula("B3", "=SUM(B2:B2)")
    book.save(path)
    assert cells(open_sheet(path))["jobs"] == ["=1+2", "="]


def test_xls_keeps_the_type_of_each_cell() -> None:
    page = open_sheet(XLS)
    assert page.source == "jobs.xls, sheet '就业'"
    assert cells(page) == {
        "代码": [320500.0, "０１００００"],
        "年份": [2004.0, "2005年"],
        "制造业": [61200.0, None],
        "合计": ["120,500", 310000.0],
        "日期": [datetime(2004, 1, 1), None],
        "真": [True, None],
        "错": ["#DIV/0!", None],
    }


def test_a_sheet_of_an_xls_can_be_named() -> None:
    assert open_sheet(XLS, sheet="就业").headers[0] == "代码"
    with pytest.raises(SpatialCoaggError, match="no sheet 'x'; it has '就业', '空'"):
        open_sheet(XLS, sheet="x")


def test_the_content_decides_about_the_kind_of_workbook(tmp_path: Path) -> None:
    rows = [["code", "year"], ["a", 2004]]
    path = write_xlsx(tmp_path / "jobs.xlsx", {"data": rows})
    renamed = path.rename(tmp_path / "jobs.xls")
    assert cells(open_sheet(renamed)) == {"code": ["a"], "year": [2004]}


def test_a_web_page_called_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.xls"
    path.write_text("<html><table></table></html>")
    with pytest.raises(TableError, match="no workbook, whatever its name says"):
        open_sheet(path)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"PK\x03\x04 damaged", "the workbook is damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 damaged",
            "remove a password if it has one",
        ),
    ],
)
def test_damaged_workbooks_are_refused(
    tmp_path: Path, head: bytes, message: str
) -> None:
    path = tmp_path / "jobs.xlsx"
    path.write_bytes(head + b"\0" * 2000)
    with pytest.raises(TableError, match=message):
        open_sheet(path)


def test_stata_files_are_opened(tmp_path: Path) -> None:
    path = tmp_path / "jobs.dta"
    frame = pd.DataFrame({"code": ["010100", "320500"], "jobs": [1.0, math.nan]})
    frame.to_stata(path, write_index=False)
    page = open_sheet(path)
    assert page.headers == ["code", "jobs"]
    assert page.columns[0].tolist() == ["010100", "320500"]


def test_arguments_that_do_not_fit_the_file_are_refused(tmp_path: Path) -> None:
    csv = tmp_path / "jobs.csv"
    csv.write_text("code,year\na,2004\n")
    xlsx = write_xlsx(tmp_path / "jobs.xlsx", {"data": [["code"], ["a"]]})
    dta = tmp_path / "jobs.dta"
    pd.DataFrame({"code": [1]}).to_stata(dta, write_index=False)
    with pytest.raises(SpatialCoaggError, match=r"jobs\.csv has no sheets"):
        open_sheet(csv, sheet="data")
    with pytest.raises(SpatialCoaggError, match=r"jobs\.xlsx needs no encoding"):
        open_sheet(xlsx, encoding="utf-8")
    with pytest.raises(SpatialCoaggError, match=r"jobs\.dta has no headers"):
        open_sheet(dta, header_row=2)
    with pytest.raises(SpatialCoaggError, match="header_row must be 1 or more, got 0"):
        open_sheet(csv, header_row=0)


@pytest.mark.parametrize("name", ["jobs.ods", "jobs"])
def test_other_kinds_of_file_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpatialCoaggError, match=r"save the table as \.csv, \.tsv"):
        open_sheet(tmp_path / name)


@pytest.mark.parametrize("name", ["absent.csv", "absent.xlsx", "absent.dta"])
def test_an_absent_file_is_an_absent_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        open_sheet(tmp_path / name)
