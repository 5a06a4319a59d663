import random
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import AlignmentError, SpatialCoaggWarning
from spatial_coagg.planner import study as study_module
from spatial_coagg.planner.study import Study
from spatial_coagg.planner.template import write_template

WriteStudy: TypeAlias = Callable[..., Path]


def shuffle_rows(path: Path, seed: int) -> None:
    head, *rows = path.read_text().splitlines()
    random.Random(seed).shuffle(rows)
    path.write_text("\n".join([head, *rows]))


def shuffle_map(path: Path, seed: int) -> None:
    places = gpd.read_file(path).sample(frac=1, random_state=seed)
    path.unlink()
    places.to_file(path, driver="GeoJSON")


@pytest.mark.slow
def test_order_of_rows_and_places_changes_no_character_of_the_report(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    pages = []
    for seed in (0, 1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        settings = small_study(folder)
        if seed:
            shuffle_rows(folder / "jobs.csv", seed)
            shuffle_rows(folder / "controls.csv", seed)
            shuffle_map(folder / "map.geojson", seed)
        report = Study.from_file(settings).write(folder / "report")
        pages.append((report / "index.html").read_text())
    assert pages[1] == pages[0]
    assert pages[2] == pages[0]


@pytest.mark.slow
def test_the_template_runs_and_gives_what_the_embedded_study_gives(
    tmp_path: Path, embedded: Study
) -> None:
    settings, _ = write_template(tmp_path)
    own = Study.from_file(settings)
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        _ = own.results
    assert own.settings.notice == "Simulated data"
    for name, expected in embedded.key_results.items():
        if "classical" in name:
            continue
        found = own.key_results[name]
        if isinstance(expected, float):
            assert found == pytest.approx(expected, rel=1e-9), name
        else:
            assert found == expected, name


def test_each_step_is_computed_once(
    small_study: WriteStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = study_module.moran_by_year

    def counted(*data: object, **options: object) -> object:
        calls.append(options)
        return real(*data, **options)

    monkeypatch.setattr(study_module, "moran_by_year", counted)
    study = Study.from_file(small_study(tmp_path))
    assert study.moran is study.moran
    assert study.results.moran is study.moran
    assert len(calls) == 1


def test_nothing_is_read_before_it_is_asked_for(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    study = Study.from_file(settings)
    (tmp_path / "jobs.csv").unlink()
    with pytest.raises(FileNotFoundError, match="jobs"):
        _ = study.theta


def test_an_interrupted_run_leaves_the_old_report(
    small_study: WriteStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small_study(tmp_path)
    report = Study.from_file(settings).write(tmp_path / "report")
    before = (report / "index.html").read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(study_module, "write_workbook", broken)
    with pytest.raises(KeyboardInterrupt):
        Study.from_file(settings).write(report, force=True)
    assert (report / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.glob("report*")] == ["report"]


def test_a_city_that_the_map_lacks_is_named(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    places = gpd.read_file(tmp_path / "map.geojson").iloc[1:]
    (tmp_path / "map.geojson").unlink()
    places.to_file(tmp_path / "map.geojson", driver="GeoJSON")
    with pytest.raises(AlignmentError, match="'00'"):
        Study.from_file(settings).write(tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_theta_follows_from_the_jobs(small_study: WriteStudy, tmp_path: Path) -> None:
    study = Study.from_file(small_study(tmp_path))
    jobs = pd.read_csv(tmp_path / "jobs.csv", dtype={"id": "str"})
    jobs = jobs.set_index(["id", "year"]).sort_index()
    sums = jobs.groupby("year").transform("sum")
    a = jobs["C"] / jobs["total"] / (sums["C"] / sums["total"])
    b = jobs["K"] / jobs["total"] / (sums["K"] / sums["total"])
    expected = 1 - (a - b).abs() / (a + b) + a + b
    np.testing.assert_allclose(study.theta.to_numpy(), expected, rtol=1e-14)


def test_embedded_study_has_the_samples_of_the_paper(embedded: Study) -> None:
    assert embedded.key_results["cities"] == 285
    facts: Mapping[str, float | str] = embedded.fits["city effects, clustered"].facts
    assert facts["observations"] == 4467
    assert facts["cities"] == 281
