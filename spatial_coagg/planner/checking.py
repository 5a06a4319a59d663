"""Every problem of a study's tables at once, also as a workbook with marked cells."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from spatial_coagg.drafts import replaced_file
from spatial_coagg.errors import (
    OutputExistsError,
    Problem,
    SpatialCoaggError,
    SpatialCoaggWarning,
    TableError,
)
from spatial_coagg.planner.inputs import (
    read_controls_table,
    read_jobs_table,
    read_national_table,
    read_study_map,
)
from spatial_coagg.planner.settings import Settings
from spatial_coagg.planner.study import Study
from spatial_coagg.report.workbook import save_book
from spatial_coagg.tables.files import open_sheet
from spatial_coagg.tables.jumps import find_jumps
from spatial_coagg.tables.sheet import Sheet

COLUMNS = ("kind", "table", "row", "column", "city", "year", "value", "what to do")
_MARK = PatternFill("solid", fgColor="FFD966")
_BOLD = Font(bold=True)
_WIDTHS = (10, 22, 8, 22, 12, 8, 22, 90)


@dataclass(frozen=True, slots=True)
class TableProblem:
    """A problem, and the table it was found in.

    Attributes
    ----------
    table : {"jobs", "national", "controls", "map", "study"}
        The section of the configuration; ``"study"`` for what concerns several.
    problem : Problem
    is_error : bool
        Whether the study cannot run; else it is a note.
    """

    table: str
    problem: Problem
    is_error: bool


@dataclass(frozen=True, slots=True, eq=False)
class StudyCheck:
    """What is wrong with the tables of a study, and what is worth knowing of them.

    Attributes
    ----------
    settings : Settings
    found : tuple of TableProblem
    """

    settings: Settings
    found: tuple[TableProblem, ...]

    @property
    def errors(self) -> int:
        """Number of problems with which the study cannot run."""
        return sum(each.is_error for each in self.found)

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each problem or note; columns `COLUMNS`."""
        rows = [
            (
                "problem" if each.is_error else "note",
                each.table,
                each.problem.row,
                each.problem.column,
                each.problem.city,
                each.problem.year,
                each.problem.value,
                each.problem.message,
            )
            for each in self.found
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype(object)

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write a workbook: the list, then each table with its problem cells marked.

        Raises
        ------
        OutputExistsError
            If the file exists and `force` is false.
        """
        target = Path(path)
        if target.exists() and not force:
            raise OutputExistsError(
                f"{target} exists; use --force (force=True) to replace it, or choose "
                f"another name"
            )
        book = Workbook()
        first = book.active
        if first is not None:
            book.remove(first)
        _write_list(book.create_sheet("problems"), self.frame)
        for name in ("jobs", "national", "controls"):
            marked = [
                each.problem
                for each in self.found
                if each.table == name and each.is_error and each.problem.row is not None
            ]
            page = _opened(self.settings, name) if marked else None
            if page is not None:
                _write_marked(book.create_sheet(name), page, marked)
        with replaced_file(target) as fresh:
            save_book(book, fresh)
        return target


def check_study(settings: Settings) -> StudyCheck:
    """Read every table of a study and collect what is wrong with each.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    StudyCheck
        If every table can be read, also what only shows when they meet: cities that
        the map lacks, logarithms of zero, gaps that rule out spatial models, numbers
        that leap tenfold from one year to the next.

    Examples
    --------
    >>> from spatial_coagg import Study, check_study
    >>> check_study(Study.embedded().settings).errors
    0
    """
    found: list[TableProblem] = []
    for name, read in _readers(settings).items():
        found += _tried(name, lambda read=read: read(settings))  # type: ignore[misc]
    if not any(each.is_error for each in found):
        study = Study(settings)
        steps = ("inputs", "thetas", "variables", "panel", "weights", "spatial")
        for step in steps:
            more = _tried("study", lambda step=step: getattr(study, step))  # type: ignore[misc]
            found += [each for each in more if each not in found]
            if any(each.is_error for each in more):
                break
        else:
            found += _jumps(study)
    return StudyCheck(settings, tuple(found))


def _jumps(study: Study) -> list[TableProblem]:
    """Note numbers that leap; they may be right."""
    tables = {"jobs": study.inputs.jobs, "controls": study.inputs.controls}
    return [
        TableProblem(name, problem, is_error=False)
        for name, table in tables.items()
        for problem in find_jumps(table)
    ]


def _readers(settings: Settings) -> dict[str, Callable[[Settings], object]]:
    if settings.example is not None:
        return {}
    return {
        "jobs": read_jobs_table,
        "national": read_national_table,
        "controls": read_controls_table,
        "map": read_study_map,
    }


def _tried(name: str, compute: Callable[[], object]) -> list[TableProblem]:
    """Compute, and return the errors and warnings that came."""
    found: list[TableProblem] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            compute()
        except TableError as error:
            found += [
                TableProblem(name, each, is_error=True) for each in error.problems
            ]
        except (SpatialCoaggError, OSError) as error:
            found.append(TableProblem(name, Problem(str(error)), is_error=True))
    return found + [
        TableProblem(name, Problem(str(each.message)), is_error=False)
        for each in caught
        if issubclass(each.category, SpatialCoaggWarning)
    ]


def _opened(settings: Settings, name: str) -> Sheet | None:
    """Open the table again, without interpreting its cells."""
    jobs = settings.jobs
    section = {
        "jobs": jobs,
        "national": None if jobs is None else jobs.national,
        "controls": settings.controls,
    }[name]
    if section is None:
        return None
    try:
        return open_sheet(
            section.file,
            sheet=section.sheet,
            encoding=section.encoding,
            header_row=section.header_row,
        )
    except TableError:
        # Rows that are wider than the headers: the list says which.
        return None


def _write_list(page: Worksheet, table: pd.DataFrame) -> None:
    for place, (name, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True), start=1):
        page.cell(row=1, column=place, value=name).font = _BOLD
        page.column_dimensions[get_column_letter(place)].width = width
    for number, row in enumerate(table.itertuples(index=False, name=None), start=2):
        for place, value in enumerate(row, start=1):
            _put(page, number, place, value)
    page.freeze_panes = "A2"


def _write_marked(page: Worksheet, sheet: Sheet, problems: Sequence[Problem]) -> None:
    """Write the cells where they stand in the file; mark and explain the problems."""
    rows = sheet.columns[0].index
    head = max(int(rows.min()) - 1, 1)
    places = {header: place for place, header in enumerate(sheet.headers, start=1)}
    for header, column in zip(places, sheet.columns, strict=True):
        _put(page, head, places[header], header)
        page.cell(row=head, column=places[header]).font = _BOLD
        for number, value in zip(rows, column, strict=True):
            _put(page, int(number), places[header], value)
    for problem in problems:
        chosen = (
            [places[problem.column]]
            if problem.column in places
            else list(places.values())
        )
        for place in chosen:
            page.cell(row=problem.row or head, column=place).fill = _MARK
        cell = page.cell(row=problem.row or head, column=chosen[0])
        before = "" if cell.comment is None else f"{cell.comment.text}\n"
        cell.comment = Comment(f"{before}{problem.message}", "spatial_coagg")


def _put(page: Worksheet, row: int, column: int, value: object) -> None:
    """Write a value; text stays text, whatever it starts with."""
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return
    cell = page.cell(row=row, column=column)
    plain = value if isinstance(value, int | float | bool) else str(value)
    cell.value = plain
    if isinstance(plain, str):
        cell.data_type = "s"
