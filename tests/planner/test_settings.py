from pathlib import Path
from typing import Any

import pytest

from spatial_coagg.errors import SettingsError
from spatial_coagg.planner.settings import (
    example_settings,
    parse_settings,
    read_settings,
)


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
