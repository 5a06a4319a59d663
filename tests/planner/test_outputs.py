import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import docx
import geopandas as gpd
import pandas as pd
import pytest
from small_study import write_small_study

from spatial_coagg.errors import SpatialCoaggWarning
from spatial_coagg.planner.log import Log
from spatial_coagg.planner.outputs import _slug
from spatial_coagg.planner.study import Study
from spatial_coagg.weights.files import read_weights

WriteStudy: TypeAlias = Callable[..., Path]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    folder = tmp_path_factory.mktemp("study")
    settings = write_small_study(folder)
    text = settings.read_text().replace(
        '[map]\nfile = "map.geojson"\ncode = "id"',
        '[map]\nfile = "map.geojson"\ncode = "id"\nname = "called"',
    )
    settings.write_text(text)
    places = gpd.read_file(folder / "map.geojson")
    places["called"] = [f"=HYPERLINK({code})" for code in places["id"]]
    (folder / "map.geojson").unlink()
    places.to_file(folder / "map.geojson", driver="GeoJSON")
    study = Study.from_file(settings)
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        return study, study.write(folder / "report")


def test_every_table_of_the_page_is_there_for_word_and_latex(
    report: tuple[Study, Path],
) -> None:
    _, folder = report
    page = (folder / "index.html").read_text(encoding="utf-8")
    outside_the_map = re.sub(r'srcdoc="[^"]*"', "", page)
    words = sorted((folder / "tables").glob("*.docx"))
    assert [path.with_suffix(".tex").exists() for path in words] == [True] * len(words)
    assert len(words) == outside_the_map.count("<table")
    baseline = docx.Document(
        str(next(path for path in words if "baseline" in path.name))
    )
    cells = [cell.text for row in baseline.tables[0].rows for cell in row.cells]
    assert "ln(theta)" in cells


def test_tables_of_data_open_in_a_spreadsheet(report: tuple[Study, Path]) -> None:
    study, folder = report
    raw = (folder / "data" / "theta.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    read = pd.read_csv(
        folder / "data" / "theta.csv", dtype={"city": "str"}, index_col=["city", "year"]
    )
    pd.testing.assert_frame_equal(read, study.thetas, check_names=False)


def test_the_map_holds_the_last_year(report: tuple[Study, Path]) -> None:
    study, folder = report
    places = gpd.read_file(folder / "data" / "cities.gpkg")
    places = places.set_index("city")
    last = study.theta.xs(2003, level="year")
    assert places["theta_2003"].to_dict() == pytest.approx(last.to_dict())
    assert places["name"].iloc[0].startswith("=HYPERLINK")


def test_no_cell_of_a_table_of_text_is_a_formula(report: tuple[Study, Path]) -> None:
    _, folder = report
    for path in (folder / "data").glob("*.csv"):
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            assert not any(
                cell.lstrip('"').startswith(("=", "@")) for cell in line.split(",")
            ), path.name


def test_weights_are_read_back(report: tuple[Study, Path]) -> None:
    study, folder = report
    assert study.spatial is not None
    for name, graph in study.spatial.weights.items():
        again = read_weights(folder / "weights" / f"{name}.csv")
        assert again.adjacency.equals(graph.adjacency)


def test_maps_are_of_the_last_year(report: tuple[Study, Path]) -> None:
    _, folder = report
    names = {path.name for path in (folder / "maps").iterdir()}
    assert {"synergy-theta-2003.png", "synergy-theta-2003.pdf"} <= names
    assert not any("2002" in name for name in names)


def test_every_year_is_printed_when_asked_for(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    study = Study.from_file(small_study(tmp_path))
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        folder = study.write(tmp_path / "report", maps="all")
    found = {path.name for path in (folder / "maps").glob("synergy-theta-2*.png")}
    assert found == {f"synergy-theta-{year}.png" for year in (2001, 2002, 2003)}


def test_no_map_is_printed_when_none_is_asked_for(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    study = Study.from_file(small_study(tmp_path))
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        folder = study.write(tmp_path / "report", maps="none")
    assert not (folder / "maps").exists()


def test_the_log_tells_steps_and_notes(report: tuple[Study, Path]) -> None:
    _, folder = report
    text = (folder / "log.txt").read_text(encoding="utf-8")
    assert "Measuring synergy" in text
    assert "s  Drawing maps for print" in text


def test_a_log_passes_on_what_it_keeps(tmp_path: Path) -> None:
    heard: list[str] = []
    log = Log(heard.append)
    log.tell("One")
    log.write(tmp_path / "log.txt", notes=["a city is alone"])
    assert heard == ["One"]
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert lines[0].endswith("s  One")
    assert lines[-1] == "note: a city is alone"


def test_a_log_without_notes_says_so(tmp_path: Path) -> None:
    Log().write(tmp_path / "log.txt", notes=[])
    assert (tmp_path / "log.txt").read_text().endswith("No note.\n")


def test_names_of_files_end_with_a_whole_word() -> None:
    long = "Posterior probability of each model with each kind of neighbours"
    assert _slug(long) == "posterior-probability-of-each-model-with-each-kind-of"
    assert _slug("Moran's I of θ") == "moran-s-i-of-theta"
    assert _slug("x" * 80) == "x" * 60
