"""A small study of one's own: twelve squares, three years."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

WriteStudy: TypeAlias = Callable[..., Path]

TOML = """
[jobs]
file = "jobs.csv"
city = "id"
[jobs.industries]
manufacturing = "C"
services = "K"
[controls]
file = "controls.csv"
city = "id"
[controls.columns]
gdp = "gdp"
[map]
file = "map.geojson"
code = "id"
[synergy]
services = ["services"]
[weights]
rule = "nearest"
k = 2
[moran]
permutations = 99
[model]
outcome = "ln(gdp)"
drivers = ["ln(theta)"]
[spatial]
weights = ["queen"]
draws = 100
"""


def write_small_study(folder: Path, *, jobs: str | None = None) -> Path:
    cities = [f"{number:02d}" for number in range(12)]
    rows = [
        f"{city},{year},{50 + 7 * place + year - 2000},{20 + place * place},{300}"
        for place, city in enumerate(cities)
        for year in (2001, 2002, 2003)
    ]
    (folder / "jobs.csv").write_text(jobs or "\n".join(["id,year,C,K,total", *rows]))
    controls = [
        f"{city},{year},{10 + (place * 7 + year * 3) % 11}"
        for place, city in enumerate(cities)
        for year in (2001, 2002, 2003)
    ]
    (folder / "controls.csv").write_text("\n".join(["id,year,gdp", *controls]))
    squares = [
        {
            "type": "Feature",
            "properties": {"id": city},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [
                        [x, y],
                        [x + 1, y],
                        [x + 1, y + 1],
                        [x, y + 1],
                        [x, y],
                    ]
                ],
            },
        }
        for city, (x, y) in zip(
            cities, [(10 + n % 4, 50 + n // 4) for n in range(12)], strict=True
        )
    ]
    (folder / "map.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": squares})
    )
    (folder / "study.toml").write_text(TOML)
    return folder / "study.toml"
