import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from spatial_coagg.cli import DATA_PROBLEMS, FAILED, FINE, WRONG_USAGE, main

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


@pytest.mark.parametrize("command", ["run", "template", "reproduce"])
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
    assert "[1/8] Reading tables and map" in printed.err
    assert {path.name for path in output.iterdir()} == {
        "index.html",
        "tables.xlsx",
        "run.toml",
        "run.lock.json",
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
