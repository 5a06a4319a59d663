from pathlib import Path
from typing import Any

import pytest
import tomli_w

from spatial_coagg.errors import SettingsError
from spatial_coagg.planner.example_study import example_settings
from spatial_coagg.planner.settings import parse_settings, read_settings


def minimal(folder: Path) -> dict[str, Any]:
    for name in ("jobs.csv", "controls.csv", "map.gpkg"):
        (folder / name).touch()
    return {
        "jobs": {"file": "jobs.csv", "industries": {"manufacturing": "C", "it": "J"}},
        "controls": {"file": "controls.csv", "columns": {"gdp": "GDP"}},
        "map": {"file": "map.gpkg", "code": "id"},
        "synergy": {"services": ["it"]},
        "model": {"outcome": "ln(gdp)", "drivers": ["ln(theta)"]},
    }


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = parse_settings(minimal(tmp_path), folder=tmp_path)
    assert settings.jobs is not None
    assert settings.jobs.file == (tmp_path / "jobs.csv").resolve()


def test_the_embedded_study_is_valid() -> None:
    assert example_settings().notice == "Simulated data"


def test_words_that_are_not_given_are_in_the_language(tmp_path: Path) -> None:
    chinese = minimal(tmp_path) | {"language": "zh", "place": "县"}
    settings = parse_settings(chinese, folder=tmp_path)
    assert (settings.place, settings.places) == ("县", "城市")
    assert (settings.title, settings.outcome_name) == ("城市产业协同", "结果变量")
    assert parse_settings(minimal(tmp_path), folder=tmp_path).places == "cities"


def test_another_language_than_the_files_can_be_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(tomli_w.dumps(minimal(tmp_path)))
    assert read_settings(file).places == "cities"
    settings = read_settings(file, language="zh")
    assert (settings.language, settings.places) == ("zh", "城市")


def test_the_embedded_study_is_titled_in_either_language() -> None:
    assert example_settings("zh").notice == "模拟数据"
    assert example_settings("zh").question.startswith("生产性服务业与制造业")
    assert example_settings("zh").model == example_settings().model


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"colour": 1}, "colour: unknown key"),
    ({"seed": -1}, "seed: Input should be greater than or equal to 0; found -1"),
    ({"language": "fr"}, "language: Input should be 'en' or 'zh'; found 'fr'"),
    ({"weights": {"rule": "knight"}}, "weights.rule: Input should be 'queen', 'rook'"),
    ({"weights": {"rule": "band"}}, 'rule = "band" and band_km'),
    ({"map": {"file": "no.gpkg", "code": "id"}}, "map.file: no such file"),
    ({"map": {"file": "map.gpkg"}}, "code is needed"),
    ({"map": {}}, "either builtin"),
    ({"sample": {"years": [2019, 2004]}}, "years must be"),
    ({"synergy": {"services": ["banks"]}}, "lacks: ['banks']"),
    ({"synergy": {"services": []}}, "synergy.services: Tuple should have at least 1"),
    ({"synergy": {"services": ["it"], "quotients": "within"}}, "go together"),
    (
        {"synergy": {"services": ["it"], "quotients": "national"}},
        r"needs the section [jobs.national]",
    ),
    ({"example": "static"}, "either example or"),
    ({"jobs": None}, "sections missing: ['jobs']"),
    ({"model": {"drivers": ["x"]}}, "model.outcome: missing; add it"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_a_wrong_key_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({**minimal(tmp_path), **change}, folder=tmp_path)
    assert message in str(caught.value)


def test_a_long_table_needs_both_columns(tmp_path: Path) -> None:
    content = minimal(tmp_path)
    content["jobs"]["industry"] = "sector"
    with pytest.raises(SettingsError, match="long table needs both"):
        parse_settings(content, folder=tmp_path)


def test_all_wrong_keys_are_reported_together(tmp_path: Path) -> None:
    content = {**minimal(tmp_path), "colour": 1, "seed": "x"}
    with pytest.raises(SettingsError, match="2 keys to correct"):
        parse_settings(content, folder=tmp_path)


def test_an_absent_file_points_to_the_template(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="spatial-coagg template"):
        read_settings(tmp_path / "no.toml")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("a = ")
    with pytest.raises(SettingsError, match=r"bad\.toml is not TOML"):
        read_settings(tmp_path / "bad.toml")


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "bom.toml").write_text(
        'example = "static"\n[synergy]\nservices = ["finance"]\n'
        '[model]\noutcome = "ln(cr)"\ndrivers = ["ln(theta)"]\n',
        encoding="utf-8-sig",
    )
    assert read_settings(tmp_path / "bom.toml").example == "static"
