import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import openpyxl
import pandas as pd
import pytest

from spatial_coagg.cli import (
    DATA_PROBLEMS,
    FAILED,
    FINE,
    NOT_TRUSTED,
    WRONG_USAGE,
    main,
)
from spatial_coagg.cli.commands import _print_json
from spatial_coagg.planner.study import Study

WriteStudy: TypeAlias = Callable[..., Path]


def test_help_answers_without_loading_the_libraries() -> None:
    code = (
        "import sys; from spatial_coagg.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'numpy', 'geopandas', 'folium'} & set(sys.modules)\n"
        "sys.exit(bool(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert done.returncode == 0, done
    assert b"template" in done.stdout


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "spatial_coagg", "--version"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == FINE, done
    assert done.stdout.startswith(b"spatial-coagg")


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "report",
        "map",
        "whatif",
        "weights",
        "moran",
        "model",
        "reproduce",
        "check",
        "template",
    ],
)
def test_each_command_shows_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == FINE
    assert "Example: spatial-coagg" in capsys.readouterr().out


def test_wrong_usage_exits_with_two() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["fly"])
    assert stopped.value.code == WRONG_USAGE


def test_an_absent_configuration_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "no.toml")]) == WRONG_USAGE
    assert "no such configuration file" in capsys.readouterr().err


def test_a_users_own_study_runs(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(tmp_path)
    output = tmp_path / "report"
    assert main(["run", str(settings), "--output", str(output), "--json"]) == FINE
    printed = capsys.readouterr()
    assert json.loads(printed.out)["cities"] == 12
    assert "[1/9] Reading tables and map" in printed.err
    assert {path.name for path in output.iterdir()} == {
        "index.html",
        "tables.xlsx",
        "tables",
        "maps",
        "data",
        "weights",
        "run.toml",
        "run.lock.json",
        "log.txt",
    }


def test_an_existing_report_is_not_replaced_without_force(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(tmp_path)
    arguments = ["run", str(settings), "--output", str(tmp_path / "report")]
    assert main(arguments) == FINE
    assert main(arguments) == WRONG_USAGE
    assert "use --force" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == FINE


def test_problems_in_a_table_exit_with_three(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(tmp_path, jobs="id,year,C,K,total\n01,2001,-5,2,30\n")
    assert main(["run", str(settings)]) == DATA_PROBLEMS
    printed = capsys.readouterr().err
    assert "row 2" in printed
    assert "Traceback" not in printed


def test_a_model_that_cannot_be_fitted_exits_with_one(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(tmp_path)
    text = settings.read_text().replace('outcome = "ln(gdp)"', 'outcome = "ln(cr)"')
    settings.write_text(text)
    assert main(["run", str(settings), "--output", str(tmp_path / "r")]) == FAILED
    assert "'cr'" in capsys.readouterr().err


def test_the_template_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["template", str(tmp_path)]) == FINE
    assert {path.name for path in tmp_path.iterdir()} == {"study.toml", "example.xlsx"}
    assert "study.toml" in capsys.readouterr().out
    assert main(["template", str(tmp_path)]) == WRONG_USAGE
    assert "use --force" in capsys.readouterr().err


def test_tables_of_the_paper_are_printed_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "tables"
    arguments = ["reproduce", "--tables", "1", "6", "--output", str(output)]
    assert main(arguments) == FINE
    printed = capsys.readouterr().out
    assert "Table 1." in printed
    assert "Table 6." in printed
    assert "Table 7." not in printed
    assert (output / "reproduction.md").read_text() == printed
    assert main(arguments) == WRONG_USAGE


def test_tables_of_the_paper_are_computed_on_ones_own_study(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(tmp_path)
    output = tmp_path / "tables"
    arguments = ["reproduce", str(settings), "--tables", "3", "--output", str(output)]
    assert main(arguments) == FINE
    assert "Simulated" not in capsys.readouterr().out


def test_the_page_alone_is_written_and_not_over_another(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, page = small_study(tmp_path), tmp_path / "briefing.html"
    arguments = ["report", str(settings), "--output", str(page)]
    assert main(arguments) == FINE
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main(arguments) == WRONG_USAGE
    assert "use --force" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "word"), [("zh", "图层"), ("en", "Layer")])
def test_the_map_alone_speaks_the_language_asked_for(
    small_study: WriteStudy, tmp_path: Path, language: str, word: str
) -> None:
    settings, page = small_study(tmp_path), tmp_path / "map.html"
    arguments = ["map", str(settings), "--output", str(page), "--lang", language]
    assert main(arguments) == FINE
    text = page.read_text(encoding="utf-8")
    assert f'<html lang="{language}"' in text
    assert word in text


def test_json_has_no_value_that_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    table = {"p": float("nan"), "z": [np.float64("inf"), np.int64(3)], "name": "北京"}
    _print_json(table | {"none": None, "yes": True, "path": Path("a")})
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    rest = {"none": None, "yes": True, "path": "a"}
    assert found == {"p": None, "z": [None, 3], "name": "北京"} | rest


def test_files_and_tables_are_listed_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["template", str(tmp_path), "--json"]) == FINE
    files = json.loads(capsys.readouterr().out)["files"]
    assert [Path(file).exists() for file in files] == [True, True]
    output = str(tmp_path / "tables")
    assert main(["reproduce", "--tables", "1", "--output", output, "--json"]) == FINE
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["folder"] == output
    assert found["tables"]["1"]["figures"][0]["published"]


def test_the_map_needs_no_regression_of_the_baseline(
    small_study: WriteStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    for name in ("fits", "moran", "sector_locals", "answers"):
        unasked = property(lambda _, name=name: asked.append(name))
        monkeypatch.setattr(Study, name, unasked)
    settings, page = small_study(tmp_path), tmp_path / "map.html"
    assert main(["map", str(settings), "--output", str(page), "--json"]) == FINE
    assert json.loads(capsys.readouterr().out) == {"map": str(page)}
    assert asked == []


def test_weights_are_told_and_written(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, file = small_study(tmp_path), tmp_path / "w.gal"
    assert main(["weights", str(settings), "--json"]) == FINE
    assert json.loads(capsys.readouterr().out)["cities"] == 12
    arguments = ["weights", str(settings), "--rule", "queen", "--output", str(file)]
    with pytest.raises(SystemExit):
        main([*arguments, "--rule", "king"])
    assert main(arguments) == FINE
    assert file.read_text().startswith("0 12 ")
    assert main(arguments) == WRONG_USAGE
    assert main([*arguments, "--force"]) == FINE
    capsys.readouterr()


def test_clusters_are_told_by_sector(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = str(small_study(tmp_path))
    assert main(["moran", settings, "--local", "--json"]) == FINE
    found = json.loads(capsys.readouterr().out)
    assert [row["year"] for row in found["moran"]] == [2001, 2002, 2003]
    assert {"HH", "LL"} <= set(found["classes"][0])
    assert main(["moran", settings, "--local"]) == FINE
    assert "Cities in each class" in capsys.readouterr().out
    assert main(["moran", settings, "--sector", "fishing"]) == WRONG_USAGE
    assert "there is no sector 'fishing'" in capsys.readouterr().err


def test_a_model_is_told_with_its_effects(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, file = str(small_study(tmp_path)), tmp_path / "estimates.csv"
    arguments = ["model", settings, "--model", "sar", "--effects", "city"]
    assert main([*arguments, "--json", "--output", str(file)]) == FINE
    found = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in found["estimates"]] == ["ln(theta)", "rho"]
    assert {row["effect"] for row in found["effects"]} == {
        "direct", "indirect", "total",
    }  # fmt: skip
    assert file.read_bytes().startswith(b"\xef\xbb\xbflabel,estimate")
    beside = pd.read_csv(tmp_path / "estimates-effects.csv")
    assert beside["estimate"].tolist() == pytest.approx(
        [row["estimate"] for row in found["effects"]]
    )
    file.unlink()
    assert main([*arguments, "--output", str(file)]) == WRONG_USAGE
    assert "estimates-effects.csv exists; use --force" in capsys.readouterr().err
    book = tmp_path / "estimates.xlsx"
    assert main([*arguments, "--output", str(book)]) == FINE
    assert "Effects" in capsys.readouterr().out
    sheets = pd.read_excel(book, sheet_name=None)
    assert {"estimates", "effects"} <= set(sheets)
    assert len(sheets["effects"]) == len(found["effects"])
    assert main([*arguments, "--output", str(tmp_path / "e.doc")]) == WRONG_USAGE
    assert "ends in .csv or .xlsx" in capsys.readouterr().err


def test_a_model_needs_every_city_in_every_year(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, controls = small_study(tmp_path), tmp_path / "controls.csv"
    controls.write_text("\n".join(controls.read_text().splitlines()[:-1]))
    assert main(["model", str(settings)]) == FAILED
    assert "every city in every year" in capsys.readouterr().err


def test_a_what_if_is_answered_in_words_and_numbers(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, file = str(small_study(tmp_path)), tmp_path / "gains.csv"
    arguments = ["whatif", settings, "--raise", "03=10", "--draws", "200"]
    assert main([*arguments, "--output", str(file)]) == FINE
    printed = capsys.readouterr().out
    assert "associated with" in printed or "cannot be told" in printed
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) == 13
    assert main([*arguments, "--json"]) == FINE
    assert len(json.loads(capsys.readouterr().out)["cities"]) == 12
    assert main(["whatif", settings, "--raise", "Suzhou"]) == WRONG_USAGE
    assert "CITY=PER CENT" in capsys.readouterr().err


def test_doubtful_results_exit_with_four_when_strict(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(tmp_path)
    # The southern row of squares lies 71 km apart, the others less.
    text = settings.read_text().replace(
        'rule = "nearest"\nk = 2', 'rule = "band"\nband_km = 70\nislands = "keep"'
    )
    settings.write_text(text)
    arguments = ["model", str(settings), "--model", "sar"]
    assert main(arguments) == FINE
    assert "4 rows of the weights do not sum to one" in capsys.readouterr().err
    assert main([*arguments, "--strict"]) == NOT_TRUSTED
    assert "not to be trusted" in capsys.readouterr().err


def test_checked_tables_without_a_problem_exit_with_zero(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(small_study(tmp_path))]) == FINE
    assert "No problem: the study can run." in capsys.readouterr().out


def test_problems_are_listed_and_marked_in_a_workbook(
    small_study: WriteStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small_study(
        tmp_path, jobs="id,year,C,K,total\n01,2001,-5,2,30\n02,2001,=1,x,30\n"
    )
    (tmp_path / "controls.csv").write_text("id,year,gdp\n01,2001,1\n01,2001,2\n")
    book = tmp_path / "problems.xlsx"
    arguments = ["check", str(settings), "--output", str(book)]
    assert main([*arguments, "--json"]) == DATA_PROBLEMS
    found = json.loads(capsys.readouterr().out)
    assert {row["table"] for row in found["found"]} == {"jobs", "controls"}
    assert found["problems"] == len(found["found"])
    pages = openpyxl.load_workbook(book)
    assert pages.sheetnames == ["problems", "jobs", "controls"]
    jobs = pages["jobs"]
    assert jobs["C2"].value == "-5"
    assert jobs["C2"].fill.fgColor.rgb == "00FFD966"
    assert jobs["C2"].comment.text
    assert jobs["E2"].fill.fill_type is None
    assert (jobs["C3"].value, jobs["C3"].data_type) == ("=1", "s")
    assert main(arguments) == WRONG_USAGE


def without_a_place(folder: Path) -> None:
    text = (folder / "map.geojson").read_text(encoding="utf-8")
    assert '"id": "05"' in text
    (folder / "map.geojson").write_text(text.replace('"id": "05"', '"id": "x5"'))


def with_zeros(folder: Path) -> None:
    rows = (folder / "controls.csv").read_text(encoding="utf-8").splitlines()
    zeros = [f"{row.rpartition(',')[0]},0" for row in rows[1:]]
    (folder / "controls.csv").write_text("\n".join([rows[0], *zeros]))


@pytest.mark.parametrize("spoil", [without_a_place, with_zeros])
def test_data_that_do_not_fit_the_study_exit_with_three(
    spoil: Callable[[Path], None], small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    spoil(tmp_path)
    output = ["--output", str(tmp_path / "report")]
    assert main(["run", str(settings), *output]) == DATA_PROBLEMS
    assert main(["check", str(settings)]) == DATA_PROBLEMS


def test_an_interrupted_command_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("spatial_coagg.cli.commands.run_command", interrupt)
    assert main(["template"]) == FAILED
    assert capsys.readouterr().err.startswith("error: interrupted; what was there")
