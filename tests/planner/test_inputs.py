import csv
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import pytest

from spatial_coagg.errors import AlignmentError, DataWarning, MissingColumnError
from spatial_coagg.planner.example_study import EXAMPLE
from spatial_coagg.planner.inputs import read_inputs
from spatial_coagg.planner.settings import parse_settings, read_settings

WriteStudy: TypeAlias = Callable[..., Path]


def change(settings: Path, *pairs: tuple[str, str]) -> Path:
    text = settings.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    settings.write_text(text)
    return settings


def test_a_long_table_gives_what_the_wide_one_gives(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    wide = read_inputs(read_settings(settings)).jobs
    with (tmp_path / "jobs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    lines = [
        f"{row['id']},{row['year']},{industry},{row[industry]},{row['total']}"
        for row in rows
        for industry in ("C", "K")
    ]
    (tmp_path / "jobs.csv").write_text(
        "\n".join(["id,year,sector,persons,total", *lines])
    )
    change(
        settings,
        ('city = "id"\n[jobs', 'city = "id"\nindustry = "sector"\n'
         'jobs = "persons"\n[jobs'),
    )  # fmt: skip
    found = read_inputs(read_settings(settings)).jobs
    pd.testing.assert_frame_equal(found, wide)


def test_without_a_total_the_industries_are_summed_and_it_is_said(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    change(settings, ('city = "id"\n[jobs', 'city = "id"\ntotal = false\n[jobs'))
    with pytest.warns(DataWarning, match="the total is the sum"):
        jobs = read_inputs(read_settings(settings)).jobs
    assert (jobs["total"] == jobs["manufacturing"] + jobs["services"]).all()


def test_years_and_codes_choose_the_sample(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    change(
        settings,
        ("[weights]", '[sample]\nyears = [2002, 2003]\ncodes_starting_with = ["0"]'
         "\n[weights]"),
    )  # fmt: skip
    jobs = read_inputs(read_settings(settings)).jobs
    assert list(jobs.index.unique("city")) == [f"0{number}" for number in range(10)]
    assert list(jobs.index.unique("year")) == [2002, 2003]


def test_cities_may_be_left_out_by_code(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    change(settings, ("[weights]", '[sample]\nleave_out = ["03", "11"]\n[weights]'))
    found = read_inputs(read_settings(settings))
    for table in (found.jobs, found.controls):
        left = list(table.index.unique("city"))
        assert left == [f"{n:02d}" for n in range(11) if n != 3]


def test_leaving_out_a_city_that_is_not_there_is_refused(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    change(settings, ("[weights]", '[sample]\nleave_out = ["3", "11"]\n[weights]'))
    with pytest.raises(AlignmentError, match=r"leave_out names .* lacks: '3'; write"):
        read_inputs(read_settings(settings))


def test_a_sample_without_rows_is_refused(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    change(settings, ("[weights]", "[sample]\nyears = [1990, 1991]\n[weights]"))
    with pytest.raises(AlignmentError, match="1990, 1991"):
        read_inputs(read_settings(settings))


def test_cities_of_one_table_only_are_named(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    controls = tmp_path / "controls.csv"
    lines = controls.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("03,")]
    controls.write_text("\n".join(kept))
    with pytest.warns(DataWarning, match=r"jobs but no controls.*'03'"):
        read_inputs(read_settings(settings))
    controls.write_text("\n".join([*lines, "99,2001,5"]))
    with pytest.warns(DataWarning, match=r"controls but no jobs.*'99'"):
        read_inputs(read_settings(settings))


def test_groups_and_attributes_come_with_the_map(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    change(
        settings,
        ('code = "id"', 'code = "id"\nattributes = ["id"]'),
        ("[weights]", "[sample]\ngroup_from_code = 1\n[weights]"),
    )
    with pytest.raises(MissingColumnError, match="'id'"):
        read_inputs(read_settings(settings))
    change(settings, ('\nattributes = ["id"]', ""))
    table = read_inputs(read_settings(settings)).attributes
    assert table.loc["11", "group"] == "1"
    assert table.loc["03", "name"] == "03"


def test_the_embedded_panel_can_be_cut_and_balanced(tmp_path: Path) -> None:
    sample = {"years": [2010, 2012], "balance": "drop-cities"}
    settings = parse_settings({**EXAMPLE, "sample": sample}, folder=tmp_path)
    with warnings.catch_warnings(action="ignore"):
        inputs = read_inputs(settings)
    assert list(inputs.jobs.index.unique("year")) == [2010, 2011, 2012]
    assert not inputs.controls.isna().any(axis=None)
    assert inputs.jobs.index.equals(inputs.controls.index)
