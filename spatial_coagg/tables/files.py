"""Opening tables: CSV, .xlsx, .xls and Stata's .dta as sheets of cells."""

import csv
import gzip
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import xlrd

from spatial_coagg.checks import listed
from spatial_coagg.errors import Problem, SpatialCoaggError, TableError
from spatial_coagg.tables.cells import is_blank
from spatial_coagg.tables.decoding import decode_text
from spatial_coagg.tables.sheet import Sheet
from spatial_coagg.tables.stata import read_stata_columns

Rows = Sequence[Sequence[object]]

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_ZIP, _OLE, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"


def open_sheet(
    path: str | Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int = 1,
) -> Sheet:
    """Open a table without interpreting its cells.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (commas), ``.tsv`` or ``.txt`` (tabs), each also with ``.gz``;
        ``.xlsx``, ``.xlsm``, ``.xls``; ``.dta``.
    sheet : str, optional
        Sheet of a workbook; not needed where one sheet only has content.
    encoding : str, optional
        Of a CSV, an old .xls or an old .dta; UTF-8 and GB18030 are told apart without.
    header_row : int
        Row of the headers as a spreadsheet counts it; rows above it are not read.

    Raises
    ------
    TableError
        If the file cannot be read as what its name says.
    SpatialCoaggError
        If the kind of file is unknown or an argument does not fit it.
    FileNotFoundError
        If there is no such file.
    """
    file = Path(path)
    if header_row < 1:
        raise SpatialCoaggError(f"header_row must be 1 or more, got {header_row}")
    kind = Path(file.stem).suffix if file.suffix.lower() == ".gz" else file.suffix
    kind = kind.lower()
    if kind in {".xlsx", ".xlsm", ".xls"}:
        return _open_workbook(file, sheet, encoding, header_row)
    if sheet is not None:
        raise SpatialCoaggError(f"{file.name} has no sheets; leave sheet= out")
    if kind == ".dta":
        if header_row != 1:
            raise SpatialCoaggError(
                f"{file.name} has no headers; leave header_row= out"
            )
        columns = read_stata_columns(file, encoding=encoding)
        return Sheet(file.name, columns)
    if kind in _SEPARATORS:
        rows = _split_text(file, _SEPARATORS[kind], encoding, header_row)
        return Sheet.from_rows(rows, source=file.name, header_row=header_row)
    raise SpatialCoaggError(
        f"{file.name}: cannot read {kind or 'a file without suffix'}; save the table "
        f"as .csv, .tsv, .xlsx, .xls or .dta"
    )


def _split_text(
    file: Path, separator: str, encoding: str | None, header_row: int
) -> Rows:
    content = file.read_bytes()
    if content.startswith(_GZIP):
        content = gzip.decompress(content)
    text = decode_text(content, source=file.name, encoding=encoding)
    if "\x00" in text:
        raise _unreadable(file, "the file holds null bytes; save it as CSV UTF-8")
    try:
        lines = io.StringIO(text, newline=None)
        rows = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        raise _unreadable(
            file, f"the quotes of the file do not match: {error}"
        ) from error
    headers = rows[header_row - 1] if len(rows) >= header_row else []
    if len(headers) == 1 and any(mark in headers[0] for mark in ";\t|,"):
        raise _unreadable(
            file,
            f"{separator!r} separates no columns here; save the file as CSV with "
            f"commas (and points for decimals), or as .tsv with tabs",
        )
    return rows


def _open_workbook(
    file: Path, sheet: str | None, encoding: str | None, header_row: int
) -> Sheet:
    with file.open("rb") as stream:
        head = stream.read(4)
    # The content decides, not the name: portals hand out one kind under the other's.
    if head == _ZIP:
        if encoding is not None:
            raise SpatialCoaggError(f"{file.name} needs no encoding; leave it out")
        sheets = _read_xlsx(file, sheet)
    elif head == _OLE:
        sheets = _read_xls(file, sheet, encoding)
    else:
        raise _unreadable(
            file,
            "the file is no workbook, whatever its name says (a web page, CSV?); open "
            "and save it as .xlsx in a spreadsheet program",
        )
    name = _only_filled(file, sheets)
    source = f"{file.name}, sheet {name!r}"
    return Sheet.from_rows(sheets[name], source=source, header_row=header_row)


def _only_filled(file: Path, sheets: Mapping[str, Rows]) -> str:
    if len(sheets) == 1:
        return next(iter(sheets))
    filled = [
        name
        for name, rows in sheets.items()
        if any(not is_blank(cell) for row in rows for cell in row)
    ]
    if len(filled) != 1:
        raise SpatialCoaggError(
            f"{file.name} has {len(sheets)} sheets; say which with sheet=: "
            f"{listed(list(sheets), limit=30)}"
        )
    return filled[0]


def _wanted(file: Path, names: list[str], sheet: str | None) -> list[str]:
    if sheet is None:
        return names
    if sheet not in names:
        raise SpatialCoaggError(
            f"{file.name} has no sheet {sheet!r}; it has {listed(names, limit=30)}"
        )
    return [sheet]


def _read_xlsx(file: Path, sheet: str | None) -> dict[str, Rows]:
    try:
        written = _xlsx_cells(file, sheet, results=False)
        if not any(map(_has_formula, written.values())):
            return written
        results = _xlsx_cells(file, sheet, results=True)
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        if isinstance(error, SpatialCoaggError):
            raise
        raise _unreadable(
            file, f"the workbook is damaged ({error}); save it again as .xlsx"
        ) from error
    return {name: _computed(written[name], results[name]) for name in written}


def _xlsx_cells(file: Path, sheet: str | None, *, results: bool) -> dict[str, Rows]:
    with file.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=results)
        names = [
            page.title for page in book.worksheets if page.sheet_state == "visible"
        ]
        cells: dict[str, Rows] = {}
        for name in _wanted(file, names, sheet):
            page = book[name]
            # Some programs write a wrong size; without it all cells are read.
            page.reset_dimensions()
            cells[name] = list(page.iter_rows(values_only=True))
        book.close()
    return cells


def _is_formula(cell: object) -> bool:
    if isinstance(cell, str):
        return cell.startswith("=")
    return type(cell).__name__ in {"ArrayFormula", "DataTableFormula"}


def _has_formula(rows: Rows) -> bool:
    return any(_is_formula(cell) for row in rows for cell in row)


def _computed(written: Rows, results: Rows) -> Rows:
    # A workbook no spreadsheet program has computed holds no result at all; where some
    # are there, a formula without one gave an empty text.
    pairs = [
        (formula, result)
        for formulas, values in zip(written, results, strict=True)
        for formula, result in zip(formulas, values, strict=True)
        if _is_formula(formula)
    ]
    if any(result is not None for _, result in pairs):
        return results
    return [
        [
            "=" if _is_formula(cell) and not isinstance(cell, str) else cell
            for cell in row
        ]
        for row in written
    ]


def _read_xls(file: Path, sheet: str | None, encoding: str | None) -> dict[str, Rows]:
    try:
        book = xlrd.open_workbook(
            file_contents=file.read_bytes(),
            logfile=io.StringIO(),
            encoding_override=encoding,
        )
        names = [page.name for page in book.sheets() if page.visibility == 0]
        return {
            name: _xls_cells(book.sheet_by_name(name), book.datemode)
            for name in _wanted(file, names, sheet)
        }
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, UnicodeDecodeError) as error:
        raise _unreadable(
            file,
            f"the workbook cannot be read ({error}); open it in a spreadsheet program, "
            f"remove a password if it has one, and save it as .xlsx",
        ) from error


def _xls_cells(page: xlrd.sheet.Sheet, datemode: int) -> Rows:
    return [
        [_xls_value(cell, datemode) for cell in page.row(number)]
        for number in range(page.nrows)
    ]


def _xls_value(cell: xlrd.sheet.Cell, datemode: int) -> object:
    kind, value = cell.ctype, cell.value
    if kind in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}:
        return None
    if kind == xlrd.XL_CELL_DATE:
        day: datetime = xlrd.xldate_as_datetime(value, datemode)
        return day
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, "#ERROR"))
    return value


def _unreadable(file: Path, message: str) -> TableError:
    return TableError(file.name, [Problem(message=message)])
