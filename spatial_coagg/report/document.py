"""Tables in Word: three lines, as journals print them."""

from pathlib import Path

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.table import Table, _Cell

from spatial_coagg.report.page import TextTable
from spatial_coagg.report.wrapping import keep_together

# Widths of the lines in eighths of a point: above and below the table, below the head.
_THICK, _THIN = 12, 6


def write_document(table: TextTable, path: str | Path, *, notice: str = "") -> None:
    """Write one table as a Word document.

    Parameters
    ----------
    table : TextTable
        Caption above, note below; stars are raised.
    path : str or Path
        The ``.docx`` file.
    notice : str
        A line above all, such as "Simulated data".
    """
    document = docx.Document()
    if notice:
        document.add_paragraph().add_run(notice).bold = True
    document.add_paragraph().add_run(table.caption).bold = True
    rows = [table.head, *table.rows]
    grid = document.add_table(rows=len(rows), cols=len(table.head))
    # The collection of cells is rebuilt at each call, so it is asked for once.
    cells = grid._cells  # noqa: SLF001
    for place, text in enumerate(cell for row in rows for cell in row):
        style = table.styles[place % len(table.head)]
        _fill(cells[place], text, right=style == "number")
    _rule(grid, 0, top=_THICK, bottom=_THIN)
    _rule(grid, len(rows) - 1, bottom=_THICK)
    if table.note:
        document.add_paragraph().add_run(keep_together(table.note)).font.size = Pt(8)
    properties = document.core_properties
    properties.title, properties.author = table.caption, "spatial_coagg"
    document.save(str(path))


def _fill(cell: _Cell, text: str, *, right: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    bare = text.rstrip("*")
    paragraph.add_run(bare).font.size = Pt(9)
    if bare != text:
        stars = paragraph.add_run(text[len(bare) :])
        stars.font.size = Pt(9)
        stars.font.superscript = True


def _rule(table: Table, row: int, **sides: int) -> None:
    """Draw lines along the sides of a row."""
    for cell in table.rows[row].cells:
        borders = OxmlElement("w:tcBorders")
        for side, width in sides.items():
            line = OxmlElement(f"w:{side}")
            line.set(qn("w:val"), "single")
            line.set(qn("w:sz"), str(width))
            borders.append(line)
        cell._tc.get_or_add_tcPr().append(borders)  # noqa: SLF001
