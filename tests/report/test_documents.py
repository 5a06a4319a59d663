from pathlib import Path

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn

from spatial_coagg.report.document import write_document
from spatial_coagg.report.latex import escape_latex, latex_of
from spatial_coagg.report.page import TextTable

TABLE = TextTable(
    pd.DataFrame(
        {"(1)": ["0.20***", "(0.03)"], "=SUM(A1)": ["x_1 & y", ""]},
        index=pd.Index(["ln_theta", ""], name=None),
    ),
    "Cities & <neighbours>",
    "*** p < 0.01",
)


def cell_texts(path: Path) -> list[list[str]]:
    table = docx.Document(str(path)).tables[0]
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_word_holds_every_cell_as_text(tmp_path: Path) -> None:
    write_document(TABLE, tmp_path / "t.docx", notice="Simulated data")
    assert cell_texts(tmp_path / "t.docx") == [TABLE.head, *TABLE.rows]
    words = [each.text for each in docx.Document(str(tmp_path / "t.docx")).paragraphs]
    assert words == ["Simulated data", "Cities & <neighbours>", "***\xa0p\xa0<\xa00.01"]


def test_word_without_notice_or_note_has_neither(tmp_path: Path) -> None:
    write_document(TextTable(TABLE.table, "Bare"), tmp_path / "t.docx")
    words = [each.text for each in docx.Document(str(tmp_path / "t.docx")).paragraphs]
    assert words == ["Bare"]


def test_word_raises_the_stars_and_draws_three_lines(tmp_path: Path) -> None:
    write_document(TABLE, tmp_path / "t.docx")
    rows = docx.Document(str(tmp_path / "t.docx")).tables[0].rows
    runs = rows[1].cells[1].paragraphs[0].runs
    assert [(run.text, run.font.superscript) for run in runs] == [
        ("0.20", None),
        ("***", True),
    ]
    sides = [
        [line.tag for line in row.cells[0]._tc.iter(qn("w:tcBorders")) for line in line]
        for row in rows
    ]
    assert sides == [[qn("w:top"), qn("w:bottom")], [], [qn("w:bottom")]]


def test_latex_has_three_rules_and_escapes_everything() -> None:
    text = latex_of(TABLE)
    for rule in ("toprule", "midrule", "bottomrule"):
        assert text.count(f"\\{rule}") == 1
    assert r"\caption{Cities \& \textless{}neighbours\textgreater{}}" in text
    assert r"ln\_theta & 0.20$^{***}$ & x\_1 \& y \\" in text
    assert r"\begin{tabular}{lrl}" in text


def test_long_cells_are_broken_into_lines() -> None:
    long = "a " * 40
    cells = pd.DataFrame({"found": [long, "b"], "why": [long, ""], "n": ["1", "2"]})
    table = TextTable(cells, "Checks")
    assert table.styles == ["key", "prose", "prose", "number"]
    assert r"{lp{0.30\linewidth}p{0.30\linewidth}r}" in latex_of(table)


def test_latex_without_a_note_has_no_line_for_it() -> None:
    assert "footnotesize" not in latex_of(TextTable(TABLE.table, "Bare"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50 %", r"50 \%"),
        ("a\\b", r"a\textbackslash{}b"),
        ("1.2**", "1.2$^{**}$"),
        ("\u22121.2*", "$-$1.2$^{*}$"),
    ],
)
def test_latex_marks_are_escaped(text: str, written: str) -> None:
    assert escape_latex(text) == written
