from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import openpyxl
import pytest

from spatial_coagg.errors import OutputExistsError
from spatial_coagg.planner.checking import check_study
from spatial_coagg.planner.example_study import example_settings
from spatial_coagg.planner.settings import read_settings

WriteStudy: TypeAlias = Callable[..., Path]


def test_tables_that_can_be_read_are_checked_together(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    controls = (tmp_path / "controls.csv").read_text()
    (tmp_path / "controls.csv").write_text(controls.replace("00,2001,", "99,2001,"))
    (tmp_path / "jobs.csv").write_text(
        (tmp_path / "jobs.csv").read_text() + "\n77,2001,1,1,9"
    )
    found = check_study(read_settings(settings))
    assert found.errors == 1
    assert [each.table for each in found.found] == ["study"]
    assert "'77'" in found.frame["what to do"].iloc[0]


def test_a_note_is_no_problem(small_study: WriteStudy, tmp_path: Path) -> None:
    settings, controls = small_study(tmp_path), tmp_path / "controls.csv"
    controls.write_text("\n".join(controls.read_text().splitlines()[:-1]))
    found = check_study(read_settings(settings))
    assert found.errors == 0
    assert found.frame["kind"].eq("note").all()
    assert found.frame["what to do"].str.contains("every city in every year").any()


def test_a_map_that_cannot_be_read_is_a_problem_of_the_map(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    (tmp_path / "map.geojson").write_text("{}")
    found = check_study(read_settings(settings))
    assert [each.table for each in found.found] == ["map"]


def test_a_whole_row_is_marked_where_no_column_is_named(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    path = tmp_path / "controls.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[1]]))
    found = check_study(read_settings(settings))
    target = found.save(tmp_path / "problems.xlsx")
    page = openpyxl.load_workbook(target)["controls"]
    marked = [
        cell.coordinate
        for row in page.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid"
    ]
    assert marked == [f"{column}{len(lines) + 1}" for column in "ABC"]
    assert [cell.value for cell in page[1]] == ["id", "year", "gdp"]
    with pytest.raises(OutputExistsError, match="use --force"):
        found.save(target)
    assert found.save(target, force=True) == target


def test_the_embedded_study_has_no_problem() -> None:
    found = check_study(example_settings())
    assert found.errors == 0
    assert len(found.found) > 0


def test_a_number_that_leaps_is_noted(small_study: WriteStudy, tmp_path: Path) -> None:
    settings = small_study(tmp_path)
    text = (tmp_path / "controls.csv").read_text().splitlines()
    place = next(i for i, line in enumerate(text) if line.startswith("03,2002,"))
    text[place] = "03,2002,900000"
    (tmp_path / "controls.csv").write_text("\n".join(text))
    frame = check_study(read_settings(settings)).frame
    noted = frame.loc[frame["table"] == "controls"]
    assert noted[["kind", "city", "year", "column"]].to_numpy().tolist() == [
        ["note", "03", "2002", "gdp"]
    ]
