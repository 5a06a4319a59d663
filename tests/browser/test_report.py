"""The report of the main job, opened as a reader opens it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from spatial_coagg.planner.study import Study

OpenPage: TypeAlias = Callable[..., Page]
pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def report(embedded: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("main") / "report"
    return embedded.write(folder) / "index.html"


def test_the_page_is_under_three_megabytes(report: Path) -> None:
    assert report.stat().st_size < 3 * MEGABYTE


@pytest.mark.parametrize("width", [1400, 800, 400])
def test_it_opens_without_network_or_error(
    report: Path, open_page: OpenPage, artefacts: Path, width: int
) -> None:
    page = open_page(report, width=width)
    expect(page.get_by_text("Simulated data").first).to_be_visible()
    expect(atlas(page).locator("path.leaflet-interactive").first).to_be_visible()
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    # A long page, drawn without a graphics card.
    picture = artefacts / f"report_{width}.png"
    page.screenshot(path=picture, full_page=True, timeout=60_000)


def test_figures_scroll_on_a_telephone_rather_than_shrink(
    report: Path, open_page: OpenPage
) -> None:
    figures = open_page(report, width=400).locator(".picture")
    assert figures.count() == 7
    for figure in figures.all():
        drawing = figure.locator("svg, img").first
        width = drawing.evaluate("node => node.getBoundingClientRect().width")
        # Letters of 8 points are nine pixels high or more.
        assert width >= 500
        region = figure.get_by_role("region")
        hidden = region.evaluate("node => node.scrollWidth - node.clientWidth")
        assert hidden > 100
    wide = open_page(report, width=1400).locator(".picture .scroll")
    for region in wide.all():
        assert region.evaluate("node => node.scrollWidth - node.clientWidth") <= 0


def test_no_word_of_a_head_is_broken_on_a_telephone(
    report: Path, open_page: OpenPage
) -> None:
    page = open_page(report, width=400)
    head = page.locator(".table thead th").first
    head.evaluate("node => node.textContent = '名次'")
    lines = head.evaluate(
        "node => { const range = document.createRange();"
        " range.selectNodeContents(node); return range.getClientRects().length; }"
    )
    assert lines == 1


def atlas(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def fills(page: Page) -> list[str]:
    return (
        atlas(page)
        .locator("path.leaflet-interactive")
        .evaluate_all("shapes => shapes.map(shape => shape.getAttribute('fill'))")
    )


def test_the_slider_changes_the_colours(report: Path, open_page: OpenPage) -> None:
    page = open_page(report)
    slider = atlas(page).locator("input[type=range]").first
    slider.focus()
    last = fills(page)
    slider.press("Home")
    assert fills(page) != last
    slider.press("End")
    assert fills(page) == last


def test_a_unit_outside_the_sample_is_shown_as_no_data(
    report: Path, open_page: OpenPage
) -> None:
    page = open_page(report)
    atlas(page).locator("#coagg-search").fill("Lhasa")
    expect(atlas(page).locator("#coagg-legend")).to_contain_text("No data")
    assert sum("no-data" in fill for fill in fills(page)) >= 375 - 285
