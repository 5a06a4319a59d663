import re

import pandas as pd

from spatial_coagg.report.page import (
    Embedded,
    Paragraphs,
    Picture,
    Section,
    TextTable,
    build_page,
)

EVIL = "<script>alert(1)</script>"


def page_of(*blocks: Paragraphs | TextTable | Picture | Embedded) -> str:
    section = Section("here", "Here", blocks)
    return build_page("Title", [section], notice="Simulated data", footer=["v1"])


def test_every_text_is_escaped() -> None:
    table = pd.DataFrame({EVIL: [EVIL]}, index=pd.Index([EVIL], name=EVIL))
    page = build_page(
        EVIL,
        [
            Section("a", EVIL, (Paragraphs((EVIL,)), TextTable(table, EVIL, EVIL))),
            Section("b", "x", (Picture("<svg></svg>", EVIL, EVIL),)),
        ],
        notice=EVIL,
        question=EVIL,
        footer=[EVIL],
    )
    assert "<script" not in page


def test_the_page_asks_no_network() -> None:
    page = page_of(Paragraphs(("text",), emphasis=True), Embedded("<b>map</b>", "Map"))
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert "@import" not in page


def test_pictures_and_trusted_html_go_in_as_they_are() -> None:
    page = page_of(Picture("<svg id='x'/>", "Cap", "Words"), Embedded("<i>m</i>"))
    assert "<svg id='x'/>" in page
    assert "<i>m</i>" in page
    assert 'aria-label="Words"' in page


def test_a_table_shows_its_keys_and_cells() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1)], names=["city", None])
    block = TextTable(pd.DataFrame({"theta": ["2.50"]}, index=index), "Cap", "Note")
    assert block.head == ["city", "", "theta"]
    assert block.rows == [["a", "1", "2.50"]]
    assert block.keys == 2
    page = page_of(block)
    assert "<td>2.50</td>" in page
    assert "Note" in page


def test_the_notice_stands_on_the_page_and_in_its_title() -> None:
    page = page_of()
    assert "<title>Title (Simulated data)</title>" in page
    assert 'class="notice"' in page


def test_numbers_have_a_true_minus_and_words_their_hyphens() -> None:
    cells = ["-0.25***", "0.02 [-0.01, 0.05]", "2004-2019", "inverse-distance", "-"]
    block = TextTable(pd.DataFrame({"x": cells}), "Cap")
    shown = [row[1] for row in block.rows]
    assert shown[:2] == ["\u22120.25***", "0.02 [\u22120.01, 0.05]"]
    assert shown[2:] == cells[2:]


def test_long_cells_of_words_may_break() -> None:
    cells = pd.DataFrame({"found": ["a word " * 10, ""], "verdict": ["holds", "holds"]})
    page = page_of(TextTable(cells, "Checks"))
    assert '<td class="prose">a word' in page
    assert '<td class="word">holds' in page


def test_what_is_told_keeps_numbers_with_their_units_and_html_stays() -> None:
    table = TextTable(pd.DataFrame({"x": ["1"]}), "A 5 % cap", "* p < 0.10.")
    page = page_of(Paragraphs(("by 10 %",)), table, Embedded("<b>7 %</b>"))
    for told in ("by 10\xa0%", "A 5\xa0% cap", "*\xa0p\xa0&lt;\xa00.10."):
        assert told in page
    assert "<b>7 %</b>" in page
