"""One Excel workbook with every table of a report, unrounded, and a dictionary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lxml.etree import LxmlError
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from spatial_coagg.errors import SpatialCoaggError

_BOLD = Font(bold=True)
_WIDEST = 40


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A table with the words that explain it.

    Attributes
    ----------
    name : str
        Name of the sheet, at most 31 characters.
    table : DataFrame
        Its index is written too.
    meaning : str
        One sentence for the dictionary: what a row is, which units.
    """

    name: str
    table: pd.DataFrame
    meaning: str

    def __post_init__(self) -> None:
        """Refuse a name that Excel refuses."""
        if not 0 < len(self.name) <= 31 or any(
            sign in self.name for sign in "[]:*?/\\"
        ):
            raise SpatialCoaggError(
                f"{self.name!r} is no sheet name: 1 to 31 characters without []:*?/\\"
            )


def write_workbook(
    sheets: Sequence[Sheet], path: str | Path, *, facts: Mapping[str, str] | None = None
) -> None:
    """Write the sheets, after a dictionary that says what each holds.

    Text is written as text: a name that starts with ``=`` is never a formula.

    Parameters
    ----------
    sheets : sequence of Sheet
    path : str or Path
        The ``.xlsx`` file.
    facts : mapping of str to str, optional
        Lines for the top of the dictionary (title, notice, version).
    """
    book = Workbook()
    first = book.active
    if first is not None:
        book.remove(first)
    dictionary = book.create_sheet("dictionary")
    rows: list[list[object]] = [[key, text] for key, text in (facts or {}).items()]
    rows += [[], ["sheet", "meaning"]]
    rows += [[each.name, each.meaning] for each in sheets]
    for number, row in enumerate(rows, start=1):
        _write_row(dictionary, number, row)
    _fit_columns(dictionary, rows)
    for each in sheets:
        _write_table(book.create_sheet(each.name), each.table)
    save_book(book, Path(path))


def save_book(book: Workbook, path: Path) -> None:
    """Save a workbook; a full disk is an OSError, as for every other file."""
    try:
        book.save(path)
    except LxmlError as error:
        raise OSError(f"{path.name} could not be written: {error}") from error


def _write_table(sheet: Worksheet, table: pd.DataFrame) -> None:
    levels = table.index.nlevels
    names = [str(name) if name is not None else "" for name in table.index.names]
    columns = [
        " | ".join(str(part) for part in column)
        if isinstance(column, tuple)
        else column
        for column in table.columns
    ]
    rows: list[list[object]] = [[*names, *columns]]
    for key, values in zip(
        table.index, table.itertuples(index=False, name=None), strict=True
    ):
        rows.append([*(key if levels > 1 else (key,)), *values])
    for number, row in enumerate(rows, start=1):
        _write_row(sheet, number, row)
    for position in range(1, len(rows[0]) + 1):
        sheet.cell(row=1, column=position).font = _BOLD
    sheet.freeze_panes = sheet.cell(row=2, column=levels + 1).coordinate
    _fit_columns(sheet, rows[:50])


def _write_row(sheet: Worksheet, number: int, row: Sequence[object]) -> None:
    for position, content in enumerate(row, start=1):
        value = _plain(content)
        if value is None:
            continue
        cell = sheet.cell(row=number, column=position)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"


def _plain(content: object) -> str | float | int | bool | None:
    if content is None or content is pd.NA:
        return None
    value = content.item() if isinstance(content, np.generic) else content
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, str | int | bool):
        return value
    return str(value)


def _fit_columns(sheet: Worksheet, rows: Sequence[Sequence[object]]) -> None:
    for position in range(1, max((len(row) for row in rows), default=0) + 1):
        texts = [str(row[position - 1]) for row in rows if len(row) >= position]
        width = min(_WIDEST, max((len(text) for text in texts), default=0) + 2)
        sheet.column_dimensions[get_column_letter(position)].width = width
