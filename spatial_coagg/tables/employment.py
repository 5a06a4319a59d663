"""Jobs by city, year and industry, from wide or long files."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from spatial_coagg.tables.files import open_sheet
from spatial_coagg.tables.jobs import JobsLayout, read_jobs
from spatial_coagg.tables.keyed import CellRules, warn_of_gaps

Names = Mapping[str, str] | Sequence[str] | None


def read_employment(  # noqa: PLR0913 - each names one thing that a file may need to be told
    path: str | Path,
    *,
    city: str,
    year: str,
    total: str | None = None,
    industry: str | None = None,
    jobs: str | None = None,
    industries: Names = None,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int = 1,
    missing_marks: Collection[str] = (),
    code_digits: int | None = None,
    persons_per_unit: float = 1.0,
    tolerance: float = 0.01,
) -> pd.DataFrame:
    r"""Read jobs by city, year and industry.

    A wide file has one row for each city and year and one column for each industry. A
    long file has one row for each city, year and industry: give `industry` and `jobs`.

    Parameters
    ----------
    path : str or Path
        See `read_table` for the kinds of file and the other arguments about it.
    city, year : str
        Headers of the two keys.
    total : str, optional
        Header of the jobs in all industries. In a long file it may also be the label
        that marks the rows of the total.
    industry, jobs : str, optional
        Of a long file: headers of the industry's label and of the jobs.
    industries : mapping or sequence of str, optional
        The industries to keep: new name -> header (wide) or label (long), or headers
        or labels whose names are kept. By default all other columns, or all labels.
    persons_per_unit : float
        Persons in one unit of the file, such as 10_000 where it counts 万人. Products
        are rounded to a millionth of a person.
    tolerance : float
        Share of the total by which the industries may exceed it, because each number
        was rounded; ``inf`` where the industries overlap on purpose.

    Returns
    -------
    DataFrame
        Persons (float), index ``(city, year)``, sorted; a column for each industry, and
        ``total`` last if it was given. Missing cells, and industries without a row in
        a long file, are nan, never 0.

    Raises
    ------
    TableError
        If anything in the file cannot be used: besides what `read_table` refuses,
        negative jobs and industries that exceed the total.
    SpatialCoaggError
        If the arguments do not fit each other or the file.

    Warns
    -----
    DataWarning
        If a city lacks a year between its first and last one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "jobs.csv"
    >>> _ = path.write_text(
    ...     "代码,年份,制造业,金融业,合计\n"
    ...     '320500,2004,"61,200",9800,"120,500"\n'
    ...     "110000,2004,90000,—,310000\n"
    ... )
    >>> read_employment(  # doctest: +NORMALIZE_WHITESPACE
    ...     path,
    ...     city="代码",
    ...     year="年份",
    ...     total="合计",
    ...     industries={"manufacturing": "制造业", "finance": "金融业"},
    ... )
                 manufacturing  finance     total
    city   year
    110000 2004        90000.0      NaN  310000.0
    320500 2004        61200.0   9800.0  120500.0
    >>> folder.cleanup()
    """
    layout = JobsLayout(
        city=city,
        year=year,
        total=total,
        industry=industry,
        jobs=jobs,
        industries=industries,
        rules=CellRules(missing_marks=missing_marks, code_digits=code_digits),
        persons_per_unit=persons_per_unit,
        tolerance=tolerance,
    )
    page = open_sheet(path, sheet=sheet, encoding=encoding, header_row=header_row)
    table = read_jobs(page, layout)
    warn_of_gaps(table.index, source=page.source)
    return table


def read_national(  # noqa: PLR0913 - as read_employment, less the city
    path: str | Path,
    *,
    year: str,
    total: str | None = None,
    industry: str | None = None,
    jobs: str | None = None,
    industries: Names = None,
    sheet: str | None = None,
    encoding: str | None = None,
    header_row: int = 1,
    missing_marks: Collection[str] = (),
    persons_per_unit: float = 1.0,
    tolerance: float = 0.01,
) -> pd.DataFrame:
    r"""Read the nation's jobs by year and industry: `read_employment` without the city.

    Returns
    -------
    DataFrame
        Persons (float), index ``year``, sorted; columns as of `read_employment`.

    Raises
    ------
    TableError, SpatialCoaggError
        As `read_employment` does.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "nation.csv"
    >>> _ = path.write_text("year,industry,jobs\n2004,C,30\n2004,all,100\n")
    >>> read_national(  # doctest: +NORMALIZE_WHITESPACE
    ...     path,
    ...     year="year",
    ...     industry="industry",
    ...     jobs="jobs",
    ...     total="all",
    ...     industries={"manufacturing": "C"},
    ...     persons_per_unit=1000,
    ... )
          manufacturing     total
    year
    2004        30000.0  100000.0
    >>> folder.cleanup()
    """
    layout = JobsLayout(
        city=None,
        year=year,
        total=total,
        industry=industry,
        jobs=jobs,
        industries=industries,
        rules=CellRules(missing_marks=missing_marks),
        persons_per_unit=persons_per_unit,
        tolerance=tolerance,
    )
    page = open_sheet(path, sheet=sheet, encoding=encoding, header_row=header_row)
    return read_jobs(page, layout)
