"""Cities that were renamed or merged, followed through a study's TOML file."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from spatial_coagg.cli import DATA_PROBLEMS, FINE, main
from spatial_coagg.errors import DataWarning, SettingsError, TableError
from spatial_coagg.planner.inputs import read_inputs
from spatial_coagg.planner.settings import CrosswalkSettings, read_settings

# Cities of Hubei by name; Xiangfan is Xiangyang since 2010.
HUBEI = {
    "420100": "武汉市", "420200": "黄石市", "420300": "十堰市", "420500": "宜昌市",
    "420600": "襄阳市", "420700": "鄂州市", "420800": "荆门市", "420900": "孝感市",
    "421000": "荆州市", "421100": "黄冈市", "421200": "咸宁市", "421300": "随州市",
}  # fmt: skip
YEARS = (2009, 2010, 2011)
TOML = """
[jobs]
file = "jobs.csv"
[jobs.industries]
manufacturing = "C"
services = "K"
[controls]
file = "controls.csv"
[controls.columns]
gdp = "gdp"
[map]
builtin = "china"
{crosswalk}
[synergy]
services = ["services"]
[weights]
rule = "nearest"
k = 3
[moran]
permutations = 99
[model]
outcome = "ln(gdp)"
drivers = ["ln(theta)"]
[spatial]
weights = ["queen"]
draws = 100
"""
BY_NAME = '[crosswalk]\nyear = 2019\nkey = "name_zh"'


def write_study(
    folder: Path, cities: list[str], crosswalk: str, *, renamed: dict[str, str]
) -> Path:
    """Write a study of these cities; `renamed` were called otherwise before 2011."""
    jobs, controls = [], []
    for place, city in enumerate(cities):
        for year in YEARS:
            called = renamed.get(city, city) if year < 2011 else city
            numbers = 50 + 7 * place + year - 2000, 20 + place * place, 300
            jobs.append(",".join(map(str, (called, year, *numbers))))
            controls.append(f"{called},{year},{10 + (place * 7 + year * 3) % 11}")
    (folder / "jobs.csv").write_text(
        "\n".join(["city,year,C,K,total", *jobs]), encoding="utf-8"
    )
    (folder / "controls.csv").write_text(
        "\n".join(["city,year,gdp", *controls]), encoding="utf-8"
    )
    path = folder / "study.toml"
    path.write_text(TOML.format(crosswalk=crosswalk), encoding="utf-8")
    return path


def by_name(folder: Path, crosswalk: str = BY_NAME) -> Path:
    return write_study(
        folder, list(HUBEI.values()), crosswalk, renamed={"襄阳市": "襄樊市"}
    )


@pytest.mark.slow
def test_xiangfan_is_xiangyang_in_every_year_of_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, report = by_name(tmp_path), tmp_path / "report"
    assert main(["run", str(settings), "--output", str(report), "--maps", "none"]) == 0
    assert "2 rows by the codes of 2019: 襄樊市 is 襄阳市" in capsys.readouterr().err
    table = pd.read_csv(report / "data" / "theta.csv", dtype={"city": "str"})
    assert sorted(set(table["city"])) == sorted(HUBEI)
    assert table.loc[table["city"] == "420600", "year"].tolist() == list(YEARS)
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "the jobs table: 2 rows by the codes of 2019" in page
    assert "Xiangyang" in page
    # What the run says of itself repeats it.
    again = read_settings(report / "run.toml").crosswalk
    assert again is not None
    assert (again.year, again.key) == (2019, "name_zh")


def test_a_check_tells_what_was_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(by_name(tmp_path)), "--json"]) == FINE
    found = json.loads(capsys.readouterr().out)["found"]
    told = [each["what to do"] for each in found if each["table"] == "controls"]
    assert told == ["the controls table: 2 rows by the codes of 2019: 襄樊市 is 襄阳市"]


def test_without_the_crosswalk_names_are_not_on_the_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(by_name(tmp_path, ""))]) == DATA_PROBLEMS
    assert "no city of the table is on the map" in capsys.readouterr().out


def laiwu(folder: Path, crosswalk: str) -> Path:
    cities = ["370100", "370200", "370300", "370400", "370500", "371200"]
    return write_study(folder, cities, crosswalk, renamed={})


def test_jobs_of_a_city_absorbed_are_added_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    settings = laiwu(tmp_path, "[crosswalk]\nyear = 2019\nadd_jobs = true")
    with pytest.warns(DataWarning) as caught:
        inputs = read_inputs(read_settings(settings))
    told = " ".join(str(each.message) for each in caught)
    assert "the jobs table: 3 rows by the codes of 2019: 371200 is added to 370100" in (
        told
    )
    assert "the controls table: 371200" in told
    raw = pd.read_csv(tmp_path / "jobs.csv", dtype={"city": "str"})
    both = raw[raw["city"].isin(["370100", "371200"])].groupby("year")["total"].sum()
    assert inputs.jobs.loc["370100", "total"].tolist() == both.tolist()
    assert "371200" not in inputs.jobs.index.unique("city")


def test_jobs_are_not_added_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = laiwu(tmp_path, "[crosswalk]\nyear = 2019")
    assert main(["check", str(settings)]) == DATA_PROBLEMS
    printed = capsys.readouterr().out
    assert "371200 (莱芜市, Laiwu) was dissolved in 2018: 3 rows left" in printed
    assert "not on the map: '371200'" in printed


def test_two_rows_of_one_city_and_year_are_a_problem(tmp_path: Path) -> None:
    settings = by_name(tmp_path)
    jobs = tmp_path / "jobs.csv"
    text = jobs.read_text(encoding="utf-8")
    jobs.write_text(f"{text}\n襄樊市,2011,1,1,300", encoding="utf-8")
    with pytest.raises(TableError, match="has a row in that year already"):
        read_inputs(read_settings(settings))


def test_names_stay_on_a_map_of_ones_own(tmp_path: Path) -> None:
    settings = by_name(tmp_path)
    boundaries = tmp_path / "map.geojson"
    squares = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]],
            },
        }
        for x, name in enumerate(HUBEI.values())
    ]
    boundaries.write_text(
        json.dumps({"type": "FeatureCollection", "features": squares}),
        encoding="utf-8",
    )
    text = settings.read_text(encoding="utf-8").replace(
        'builtin = "china"', 'file = "map.geojson"\ncode = "name"'
    )
    settings.write_text(text, encoding="utf-8")
    with pytest.warns(DataWarning, match="襄樊市 is 襄阳市"):
        inputs = read_inputs(read_settings(settings))
    assert sorted(inputs.jobs.index.unique("city")) == sorted(HUBEI.values())


@pytest.mark.parametrize(
    ("crosswalk", "message"),
    [
        ("[crosswalk]\nyear = 1950", "crosswalk.year: Input should be greater than"),
        ("[crosswalk]\nkey = 'code'", "crosswalk.year: missing"),
        ("[crosswalk]\nyear = 2019\nkey = 'name'", "crosswalk.key: Input should be"),
        ("[crosswalk]\nyear = 2019\nadd = true", "crosswalk.add: unknown key"),
    ],
)
def test_wrong_keys_are_named(tmp_path: Path, crosswalk: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_settings(by_name(tmp_path, crosswalk))


def test_the_embedded_panel_has_no_crosswalk(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(
        'example = "static"\n[crosswalk]\nyear = 2019\n'
        '[synergy]\nservices = ["finance"]\n'
        '[model]\noutcome = "ln(cr)"\ndrivers = ["ln(theta)"]\n'
    )
    with pytest.raises(SettingsError, match="and \\[crosswalk\\]"):
        read_settings(path)


def test_the_template_names_every_key_of_it() -> None:
    source = files("spatial_coagg.planner").joinpath("template.toml")
    lines = source.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("# [crosswalk]"))
    part = "\n".join(line.removeprefix("# ") for line in lines[start : start + 4])
    asked = tomllib.loads(part)["crosswalk"]
    assert set(asked) == set(CrosswalkSettings.model_fields)
    assert CrosswalkSettings.model_validate(asked) == CrosswalkSettings(year=2019)
