"""One HTML page that opens by double click: text, tables, figures and a map."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeAlias

import jinja2
import pandas as pd

from spatial_coagg.report.map_words import Language
from spatial_coagg.report.words import Words, translate
from spatial_coagg.report.wrapping import keep_together

# Letters of a cell beyond which it is broken into lines.
PROSE = 60


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Sentences; `emphasis` sets them as the answer of the page."""

    sentences: tuple[str, ...]
    emphasis: bool = False
    kind: str = "paragraphs"


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """A table whose cells are text, ready to print; a minus becomes U+2212.

    Attributes
    ----------
    table : DataFrame
        Cells, index and columns are shown as they are, escaped.
    caption, note : str
        Above and below the table.
    """

    table: pd.DataFrame
    caption: str
    note: str = ""
    kind: str = "table"

    @property
    def head(self) -> list[str]:
        """Names of the index levels, then of the columns."""
        names = ["" if name is None else str(name) for name in self.table.index.names]
        return [*names, *(str(column) for column in self.table.columns)]

    @property
    def rows(self) -> list[list[str]]:
        """Each row's keys, then its cells."""
        keys = [key if isinstance(key, tuple) else (key,) for key in self.table.index]
        cells = self.table.itertuples(index=False, name=None)
        return [
            [_with_minus(str(part)) for part in (*key, *row)]
            for key, row in zip(keys, cells, strict=True)
        ]

    @property
    def styles(self) -> list[str]:
        """Style of each cell of a row.

        ``key``; ``number``; ``word``, set left; ``prose``, broken into lines.
        """
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.head)
        return ["key"] * self.keys + [_style(cells) for cells in columns[self.keys :]]

    @property
    def keys(self) -> int:
        """How many leading cells of a row name it."""
        return self.table.index.nlevels


def in_words(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return a table with the names of its columns and keys in the language."""
    named = table.rename(columns=lambda name: words.name(str(name)))
    return named.rename_axis(index=lambda name: name and words.name(str(name)))


def _with_minus(text: str) -> str:
    """Put a true minus before numbers; a hyphen within a word stays one."""
    return re.sub(r"(?<![\w.-])-(?=\.?\d)", "\u2212", text)


def _style(cells: Sequence[str]) -> str:
    told = [cell for cell in cells if cell]
    if 2 * sum(cell[0].isalpha() for cell in told) <= len(told):
        return "number"
    return "prose" if max(map(len, told)) > PROSE else "word"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with a caption and words for those who do not see it.

    Attributes
    ----------
    drawing : str
        Of :func:`figure_svg` or :func:`figure_png`.
    """

    drawing: str
    caption: str
    alternative: str
    kind: str = "picture"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A piece of HTML made by a trusted module, such as the map."""

    html: str
    caption: str = ""
    kind: str = "embedded"


Block: TypeAlias = Paragraphs | TextTable | Picture | Embedded


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the page."""

    anchor: str
    heading: str
    blocks: tuple[Block, ...]


def build_page(
    title: str,
    sections: Sequence[Section],
    *,
    notice: str = "",
    question: str = "",
    footer: Sequence[str] = (),
    lang: Language = "en",
) -> str:
    """Return the page as one string of HTML that needs no network.

    Parameters
    ----------
    title : str
        Heading of the page.
    sections : sequence of Section
        Chapters, in order; the contents list links to them.
    notice : str
        A line that stays in sight, such as "Simulated data".
    question : str
        What was asked, under the heading.
    footer : sequence of str
        Lines at the end: versions, credits.
    lang : {"en", "zh"}
        Of the page.

    Returns
    -------
    str
        All text is escaped; only `Picture.drawing` and `Embedded.html` are inserted
        as they are.

    Examples
    --------
    >>> page = build_page("Synergy", [Section("a", "Answer", ())], notice="Simulated")
    >>> "<h2>Answer</h2>" in page
    True
    """
    assets = files("spatial_coagg.report").joinpath("assets")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_kept,
    )  # fmt: skip
    template = environment.from_string(
        assets.joinpath("page.html.j2").read_text(encoding="utf-8")
    )
    return template.render(
        title=title,
        sections=sections,
        notice=notice,
        question=question,
        footer=footer,
        lang=lang,
        contents=translate("Contents", lang),
        style=assets.joinpath("page.css").read_text(encoding="utf-8"),
    )


def _kept(value: object) -> object:
    """Keep numbers with their units in what is told, not in HTML of other modules."""
    return keep_together(value) if type(value) is str else value
