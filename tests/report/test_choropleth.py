import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from IPython.core.formatters import DisplayFormatter
from what_if_layers import make_layer

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.choropleth import draw_choropleth
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_layers import Layer
from spatial_coagg.report.map_words import WORDS

NAMES = [
    "</script><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "[[title]] & \"Q'",
]


def make_boundaries() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": NAMES},
        geometry=[shapely.box(x, 30, x + 1, 31) for x in (110, 111, 112)],
        index=pd.Index(["A", "B", "C"], name="city"),
        crs="EPSG:4326",
    )


BOUNDARIES = make_boundaries()
THETA = pd.Series([2.1, 2.8, 1.9], index=BOUNDARIES.index)


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)
    assert found is not None
    data: dict[str, object] = json.loads(found.group(1))
    return data


def test_the_page_asks_the_network_for_nothing() -> None:
    page = draw_choropleth(BOUNDARIES, {"theta": THETA}, title="Synergy").html
    assert not re.search(r"<script[^>]+src=|<link|@import|sourceMappingURL", page)
    assert not re.search(r"url\((?!data:|#default#VML|#coagg)", page)


def test_names_come_through_as_they_are_and_never_as_markup() -> None:
    page = draw_choropleth(BOUNDARIES, {"theta": THETA}, title="Synergy").html
    names = data_of(page)["names"]
    assert isinstance(names, dict)
    assert names["shown"] == NAMES
    assert "alert(1)</script>" not in page
    assert page.count("</script>") == 3


def test_title_notice_and_credit_are_escaped() -> None:
    page = draw_choropleth(
        BOUNDARIES,
        {"theta": THETA},
        title="<b>A & B</b>",
        notice="<i>Simulated</i>",
        credit="© [[data]] <u>",
        inset=Inset((110, 30, 111, 31), title='"sea"'),
    ).html
    assert "<title>&lt;b&gt;A &amp; B&lt;/b&gt;</title>" in page
    assert "<h1>&lt;b&gt;A &amp; B&lt;/b&gt;</h1>" in page
    assert "&lt;i&gt;Simulated&lt;/i&gt;</p>" in page
    assert "© [[data]] &lt;u&gt;" in page
    assert "<figcaption>&quot;sea&quot;</figcaption>" in page


def test_the_same_map_is_the_same_page() -> None:
    first = draw_choropleth(BOUNDARIES, {"theta": THETA}, title="Synergy")
    again = draw_choropleth(
        BOUNDARIES.iloc[::-1], {"theta": THETA.iloc[::-1]}, title="Synergy"
    )
    assert first.html == again.html


def test_without_notice_and_inset_neither_is_on_the_page() -> None:
    body = draw_choropleth(BOUNDARIES, {"theta": THETA}, title="S").html
    body = body.split("<body>")[1]
    assert 'role="note"' not in body
    assert "<figure" not in body


def test_the_language_is_declared_and_spoken() -> None:
    page = draw_choropleth(BOUNDARIES, {"θ": THETA}, title="协同", lang="zh").html
    assert '<html lang="zh">' in page
    assert "前十名" in page
    inset = Inset((110, 30, 111, 31))
    page = draw_choropleth(BOUNDARIES, {"θ": THETA}, title="S", inset=inset).html
    assert "<figcaption>South China Sea</figcaption>" in page


def test_every_language_has_every_word_and_its_blanks() -> None:
    for key, word in WORDS["en"].items():
        blanks = sorted(re.findall(r"\{\w+\}", word))
        assert sorted(re.findall(r"\{\w+\}", WORDS["zh"][key])) == blanks
    assert WORDS["en"].keys() == WORDS["zh"].keys()


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="lang must be one of 'en', 'zh'"):
        draw_choropleth(BOUNDARIES, {"t": THETA}, title="S", lang="de")  # type: ignore[arg-type]


def test_names_given_replace_those_of_the_map() -> None:
    names = pd.Series(["One", "Two"], index=["A", "B"])
    page = draw_choropleth(BOUNDARIES, {"t": THETA}, title="S", names=names).html
    shown = data_of(page)["names"]
    assert isinstance(shown, dict)
    assert shown["shown"] == ["One", "Two", NAMES[2]]


def test_a_layer_may_bring_its_own_choices() -> None:
    layer = Layer(THETA, scheme=[2.0], palette="purple", unit="points", note="High.")
    layers = data_of(draw_choropleth(BOUNDARIES, {"t": layer}, title="S").html)[
        "layers"
    ]
    assert isinstance(layers, list)
    assert layers[0]["unit"] == "points"
    assert len(layers[0]["schemes"][0]["colours"]) == 2


def test_the_frame_for_another_page_holds_the_whole_page() -> None:
    drawn = draw_choropleth(BOUNDARIES, {"t": THETA}, title='A "map" & more')
    frame = drawn.embed()
    assert 'title="A &quot;map&quot; &amp; more"' in frame
    inside = frame.split('srcdoc="')[1].removesuffix('"></iframe>')
    assert '"' not in inside
    assert inside.replace("&quot;", '"').replace("&amp;", "&") == drawn.html


def test_a_notebook_shows_the_frame_and_prints_the_title_alone() -> None:
    drawn = draw_choropleth(BOUNDARIES, {"t": THETA}, title="S")
    assert DisplayFormatter().format(drawn)[0] == {
        "text/plain": "ChoroplethMap(title='S')",
        "text/html": drawn.embed(),
    }


def test_saving_makes_the_folder_and_replaces_the_file(tmp_path: Path) -> None:
    drawn = draw_choropleth(BOUNDARIES, {"t": THETA}, title="S")
    target = tmp_path / "new" / "map.html"
    assert drawn.save(target) == target
    target.write_text("old", encoding="utf-8")
    drawn.save(str(target))
    assert target.read_text(encoding="utf-8") == drawn.html
    assert list(target.parent.iterdir()) == [target]


def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = draw_choropleth(BOUNDARIES, {"t": THETA}, title="S")
    target = tmp_path / "map.html"
    target.write_text("old", encoding="utf-8")

    def full(_self: Path, _target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        drawn.save(target)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def ragged_cities(
    count: int, points: int, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return rough discs over the area of China."""
    centres = np.column_stack([rng.uniform(75, 134, count), rng.uniform(19, 53, count)])
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)]) * 14 / np.sqrt(count)
    shapes = [
        shapely.Polygon(c + ring * rng.uniform(0.7, 1.3, (points, 1))) for c in centres
    ]
    cities = pd.Index([f"{k:06d}" for k in range(count)], name="city")
    return gpd.GeoDataFrame(geometry=shapes, index=cities, crs=4326)


def many_layers(
    cities: pd.Index, count: int, rng: np.random.Generator
) -> dict[str, pd.Series]:
    """Return layers over 16 years that move as an index moves."""
    index = pd.MultiIndex.from_product([cities, range(2004, 2020)])
    index.names = ["city", "year"]
    shape = (len(cities), 16)
    return {
        f"layer {k}": pd.Series(
            (rng.lognormal(1, 0.3, (shape[0], 1)) + rng.normal(0, 0.1, shape)).ravel(),
            index=index,
        )
        for k in range(count)
    }


@pytest.mark.slow
def test_a_map_of_281_cities_16_years_and_a_what_if_is_below_1_5_mb() -> None:
    rng = np.random.default_rng(2)
    boundaries = ragged_cities(281, 160, rng)
    layers = many_layers(boundaries.index, 20, rng)
    # Weights 1 / distance, so that every city answers to every other.
    size = len(boundaries)
    places = shapely.get_coordinates(boundaries.representative_point())
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    near = 1 / (apart + np.diag(np.full(size, np.inf)))
    w = near / near.sum(axis=1, keepdims=True)
    median = np.linalg.solve(np.eye(size) - 0.5 * w, 0.25 * np.eye(size) + 0.1 * w)
    layer = make_layer(boundaries.index)
    responses = replace(
        layer.responses, median=median, lower=0.57 * median, upper=1.53 * median
    )
    what_if = replace(layer, responses=responses)
    drawn = draw_choropleth(boundaries, layers, title="Size", what_if=what_if)
    assert len(drawn.html.encode()) < 1.5e6


@pytest.mark.slow
def test_a_map_of_3000_counties_16_years_and_20_layers_is_below_3_mb() -> None:
    rng = np.random.default_rng(3)
    boundaries = ragged_cities(3000, 40, rng)
    layers = many_layers(boundaries.index, 20, rng)
    drawn = draw_choropleth(boundaries, layers, title="Size")
    assert len(drawn.html.encode()) < 3e6
