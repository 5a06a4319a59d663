"""A sheet of cells: headers, columns and the rows where they stand in the file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import Problem, TableError
from spatial_coagg.tables.cells import is_blank, plain_text


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """The cells of one table, as they stand in the file.

    Attributes
    ----------
    source : str
        File, and sheet where there are several.
    columns : tuple of Series
        One for each header, which is its name; the index is the row in the file as a
        spreadsheet counts it. Rows without any content are left out.
    """

    source: str
    columns: tuple[pd.Series, ...]

    @classmethod
    def from_rows(
        cls, rows: Sequence[Sequence[object]], *, source: str, header_row: int
    ) -> "Sheet":
        """Make a sheet from the rows of a file, the first of which is row 1.

        Raises
        ------
        TableError
            If there is no header row, nothing below it, or a row with more cells than
            there are headers.
        """
        if len(rows) < header_row or all(map(is_blank, rows[header_row - 1])):
            message = f"row {header_row} holds no headers; give header_row="
            raise TableError(source, [Problem(message=message)])
        headers = [_header(cell) for cell in rows[header_row - 1]]
        while headers and headers[-1] == "":
            headers.pop()
        filled = [
            (number, row)
            for number, row in enumerate(rows[header_row:], start=header_row + 1)
            if not all(map(is_blank, row))
        ]
        _check_width(filled, len(headers), source, header_row=header_row)
        numbers = pd.Index([number for number, _ in filled], name="row", dtype="int64")
        if len(numbers) == 0:
            raise TableError(source, [Problem(message="no rows below the headers")])
        width = len(headers)
        padded = [
            (*row[:width], *[None] * (width - len(row))) if len(row) != width else row
            for _, row in filled
        ]
        return cls(
            source,
            tuple(
                pd.Series(list(cells), index=numbers, name=header, dtype=object)
                for header, cells in zip(
                    headers, zip(*padded, strict=True), strict=True
                )
            ),
        )

    @property
    def headers(self) -> list[str]:
        """Headers in the order of the file."""
        return [str(column.name) for column in self.columns]

    def pick(
        self, headers: Iterable[str]
    ) -> tuple[dict[str, pd.Series], list[Problem]]:
        """Return the columns under these headers, and a problem for each not found.

        A header is found as it is written, or else without regard to odd spaces and
        full-width signs.
        """
        found: dict[str, pd.Series] = {}
        problems: list[Problem] = []
        for header in dict.fromkeys(headers):
            same = [c for c in self.columns if c.name == header] or [
                c for c in self.columns if plain_text(c.name) == plain_text(header)
            ]
            if len(same) == 1:
                found[header] = same[0]
                continue
            message = (
                f"no such header; the file has {listed(self.headers, limit=30)}"
                if not same
                else f"{len(same)} columns have this header; rename all but one"
            )
            problems.append(Problem(message=message, column=header))
        return found, problems

    def others(self, headers: Sequence[str]) -> list[str]:
        """Return the headers beside `headers`, each once, in the order of the file.

        Raises
        ------
        TableError
            If one of `headers` is not there, or a column has content and no header.
        """
        _, problems = self.pick(headers)
        if problems:
            raise TableError(self.source, problems)
        known = {plain_text(header) for header in headers}
        for position, column in enumerate(self.columns, start=1):
            if column.name == "" and not column.map(is_blank).all():
                message = f"column {position} has no header; name it or delete it"
                raise TableError(self.source, [Problem(message=message)])
        names = dict.fromkeys(self.headers)
        return [name for name in names if name and plain_text(name) not in known]


def _header(cell: object) -> str:
    if is_blank(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _check_width(
    filled: list[tuple[int, Sequence[object]]],
    width: int,
    source: str,
    *,
    header_row: int,
) -> None:
    wider = [
        number
        for number, row in filled
        if len(row) > width and not all(map(is_blank, row[width:]))
    ]
    if len(wider) > 0.9 * len(filled):
        # As a rule a title above the headers: one problem, not one for each row.
        message = (
            f"row {header_row} holds {width} header{'' if width == 1 else 's'} and "
            f"the rows below hold more cells; if the headers stand further down, as in "
            f"row {wider[0]}, say so with header_row = {wider[0]}, else quote cells "
            f"that contain a comma"
        )
        raise TableError(source, [Problem(message=message)])
    problems = [
        Problem(
            message=f"cells beyond the last of {width} headers; quote cells that "
            f"contain a comma, name the column or delete the cells",
            row=number,
        )
        for number in wider
    ]
    if problems:
        raise TableError(source, problems)
