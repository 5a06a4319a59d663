"""Tables of controls: one row for each city and year, from any common file."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from spatial_coagg.tables.files import open_sheet
from spatial_coagg.tables.keyed import (
    CellRules,
    find_duplicates,
    named_headers,
    read_keyed_rows,
    warn_of_gaps,
)


def read_table(  # noqa: PLR0913 - each names one thing that a file may need to be told
    path: str | Path,
    *,
    city: str,
    year: str,
    columns: Mapping[str, str] | Sequence[str] | None = None,
    text: Mapping[str, str] | Sequence[str] = (),
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int = 1,
    missing_marks: Collection[str] = (),
    code_digits: int | None = None,
) -> pd.DataFrame:
    r"""Read a table with one row for each city and year.

    Parameters
    ----------
    path : str or Path
        ``.csv`` or ``.tsv`` (UTF-8 with or without byte-order mark, GB18030; also with
        ``.gz``), ``.xlsx``, ``.xls`` or Stata's ``.dta``.
    city, year : str
        Headers of the two keys, in whatever language. Codes stay text: 110000.0 and
        full-width digits are read, leading zeros kept; see `read_codes` for what is
        refused.
    columns : mapping or sequence of str, optional
        The columns of numbers: new name -> header in the file, or headers whose names
        are kept. All other columns by default.
    text : mapping or sequence of str
        Columns of text to keep (region, name), given as `columns` is.
    sheet : str, optional
        Sheet of a workbook; needed only where several have content.
    encoding : str, optional
        Such as ``"gb18030"``; UTF-8 and GB18030 are told apart without it.
    header_row : int
        Row of the headers as a spreadsheet counts it.
    missing_marks : collection of str
        Texts that stand for a missing number, besides blanks, ``...``, ``…``, ``-``,
        ``—`` and ``–``.
    code_digits : int, optional
        Digits of a code, to put leading zeros back where a spreadsheet dropped them; 0
        takes the codes as they stand.

    Returns
    -------
    DataFrame
        Index ``(city, year)``, sorted; a float column for each of `columns`, nan where
        the cell is missing, then a column of str for each of `text`.

    Raises
    ------
    TableError
        If anything in the file cannot be used. Its `problems` name every header, cell
        and duplicated (city, year), with row, column, value and what to do.
    SpatialCoaggError
        If the arguments do not fit the file.

    Warns
    -----
    DataWarning
        If a city lacks a year between its first and last one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "yearbook.csv"
    >>> _ = path.write_text(
    ...     '代码,年份,地区生产总值\n320500,2005,"4,026"\n320500,2004,…\n',
    ...     encoding="gb18030",
    ... )
    >>> read_table(  # doctest: +NORMALIZE_WHITESPACE
    ...     path, city="代码", year="年份", columns={"gdp": "地区生产总值"}
    ... )
                    gdp
    city   year
    320500 2004     NaN
           2005  4026.0
    >>> folder.cleanup()
    """
    page = open_sheet(path, sheet=sheet, encoding=encoding, header_row=header_row)
    texts = named_headers(text, default=())
    others = page.others([city, year, *texts.values()]) if columns is None else []
    rows = read_keyed_rows(
        page,
        city=city,
        year=year,
        numbers=named_headers(columns, default=others),
        texts=texts,
        rules=CellRules(missing_marks=missing_marks, code_digits=code_digits),
    )
    table = rows.table(find_duplicates(rows.keys))
    warn_of_gaps(table.index, source=rows.source)
    return table
