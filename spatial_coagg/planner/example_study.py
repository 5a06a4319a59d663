"""The main job: the paper's design on the embedded panel."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatial_coagg.planner.settings import Settings, parse_settings
from spatial_coagg.report.map_words import Language

EXAMPLE: Mapping[str, Any] = {
    "title": "Industrial synergy of 281 Chinese cities, 2004-2019",
    "notice": "Simulated data",
    "question": (
        "Do cities where producer services and manufacturing settle together "
        "innovate more, do such cities cluster, and how far does it reach into the "
        "neighbouring cities?"
    ),
    "outcome_name": "innovation (CR)",
    "example": "static",
    "synergy": {
        "manufacturing": "manufacturing",
        "services": ["transport", "information", "technology", "leasing", "finance"],
        "groups": {
            "high": ["information", "technology", "finance"],
            "low": ["transport", "leasing"],
        },
        "quotients": "national",
    },
    "weights": {"rule": "queen", "islands": "nearest"},
    "model": {
        "outcome": "ln(cr)",
        "drivers": [
            "ln(theta)", "ln(sci)", "ln(gov)", "ln(fin)", "ln(gdp)", "ln(ind)",
        ],
        "zeros": "missing",
    },
    "spatial": {
        "outcome": "ln(cr_spatial)",
        "weights": ["nearest", "inverse-distance", "economic", "nested"],
        "economy": "gdp",
        "what_if": {"320500": 10.0},
    },
}  # fmt: skip

EXAMPLE_IN_CHINESE: Mapping[str, str] = {
    "title": "中国 281 个城市的产业协同，2004—2019 年",
    "notice": "模拟数据",
    "question": (
        "生产性服务业与制造业协同集聚的城市，创新水平是否更高？这样的城市是否在空间上集聚？"
        "其影响又在多大程度上波及邻近城市？"
    ),
    "outcome_name": "创新水平（CR）",
}


def example_settings(language: Language = "en") -> Settings:
    """Return the settings of the main job, its title and question in a language."""
    words = EXAMPLE_IN_CHINESE if language == "zh" else {}
    return parse_settings({**EXAMPLE, **words, "language": language}, folder=Path())
