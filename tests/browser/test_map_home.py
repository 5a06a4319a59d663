"""A study of a small part of the map opens on that part."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from map_squares import BOUNDARIES, CITIES, WIDTHS, shape
from playwright.sync_api import Page, expect

from spatial_coagg.report.choropleth import draw_choropleth
from spatial_coagg.report.map_data import Inset

OpenPage: TypeAlias = Callable[..., Page]
# Two by two of the thirty squares, the others without data.
FEW = [CITIES[place] for place in (8, 9, 14, 15)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    index = pd.MultiIndex.from_product([FEW, [2004, 2005]], names=["city", "year"])
    theta = pd.Series(range(8), index=index, dtype=float)
    lines = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(113, 21), (114, 22)])], crs="EPSG:4326"
    )
    drawn = draw_choropleth(
        BOUNDARIES,
        {"Synergy": theta, "Twice": 2 * theta},
        title="Four cities",
        inset=Inset((111, 18, 118, 26), lines=lines),
    )
    return drawn.save(tmp_path / "four.html")


def share(page: Page, *, pane: str = ".folium-map") -> float:
    """The part of the map's width that the four cities take; they must be in sight."""
    frame = page.locator(pane).bounding_box()
    boxes = [
        page.locator(f'{pane} path[data-city="{city}"]').bounding_box() for city in FEW
    ]
    assert frame is not None
    places = [box for box in boxes if box is not None]
    left = min(box["x"] for box in places)
    right = max(box["x"] + box["width"] for box in places)
    top = min(box["y"] for box in places)
    bottom = max(box["y"] + box["height"] for box in places)
    assert frame["x"] <= left < right <= frame["x"] + frame["width"]
    assert frame["y"] <= top < bottom <= frame["y"] + frame["height"]
    return max((right - left) / frame["width"], (bottom - top) / frame["height"])


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_it_opens_on_the_cities_that_have_data(
    open_page: OpenPage, file: Path, artefacts: Path, width: int, height: int
) -> None:
    page = open_page(file, width=width, height=height)
    assert 0.6 < share(page) < 0.95
    # The inset belongs to the whole map.
    expect(page.locator(".coagg-inset")).to_be_hidden()
    page.screenshot(path=artefacts / f"home_{width}.png")


def test_the_whole_map_is_one_click_away(open_page: OpenPage, file: Path) -> None:
    page = open_page(file)
    page.locator("#coagg-zoom-whole").click()
    expect(page.locator(".coagg-inset")).to_be_visible()
    assert share(page) < 0.5
    page.set_viewport_size({"width": 1100, "height": 800})
    expect(page.locator(".coagg-inset")).to_be_visible()
    assert share(page) < 0.5


def test_another_window_size_shows_those_cities_again(
    open_page: OpenPage, file: Path
) -> None:
    page = open_page(file)
    for width, height in (WIDTHS[1], WIDTHS[3], WIDTHS[0]):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        assert 0.6 < share(page) < 0.95


def test_a_view_of_ones_own_is_left_alone(open_page: OpenPage, file: Path) -> None:
    page = open_page(file)
    x, y = 900, 500
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 200, y, steps=5)
    page.mouse.up()
    page.wait_for_timeout(600)  # a drag runs out
    width = "node => node.getBoundingClientRect().x"
    before = shape(page, FEW[0]).evaluate(width)
    page.set_viewport_size({"width": 1400, "height": 880})
    page.wait_for_timeout(200)
    assert shape(page, FEW[0]).evaluate(width) == pytest.approx(before, abs=3)


def test_both_maps_open_on_those_cities(open_page: OpenPage, file: Path) -> None:
    page = open_page(file)
    page.locator("#coagg-compare").click()
    page.wait_for_timeout(300)
    assert 0.6 < share(page) < 0.95
    assert 0.6 < share(page, pane="#coagg-side-map") < 0.95


def test_in_a_report_it_opens_so_too(
    open_page: OpenPage, file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text(
        f'<!DOCTYPE html><div hidden><iframe src="{file.name}" width="900" '
        f'height="700"></iframe></div>'
    )
    page = open_page(report)
    page.evaluate("document.querySelector('div').hidden = false")
    page.wait_for_timeout(300)
    inset = page.frame_locator("iframe").locator(".coagg-inset")
    expect(inset).to_be_hidden()
