"""Two maps side by side, the rules of the classes, the online version."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from map_squares import (
    CITIES,
    HOSTILE,
    OVERLAPS,
    THETA,
    WIDTHS,
    YEARS,
    make_map,
    shape,
)
from playwright.sync_api import Browser, Locator, Page, Route, expect
from xstatic.pkg import leaflet

OpenPage: TypeAlias = Callable[..., Page]


@pytest.fixture(scope="session")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_map().save(tmp_path_factory.mktemp("side") / "map.html")


@pytest.fixture
def page(open_page: OpenPage, map_file: Path) -> Page:
    opened = open_page(map_file)
    opened.locator("#coagg-compare").click()
    return opened


def right(page: Page, city: str) -> Locator:
    return page.locator(f'#coagg-side-map path[data-city="{city}"]')


def colours(page: Page, side: str) -> list[str | None]:
    paths = page.locator(f"{side} path[data-city]")
    return [path.get_attribute("fill") for path in paths.all()]


def test_two_years_of_a_layer_are_seen_at_once(page: Page) -> None:
    expect(page.locator("#coagg-side-heading")).to_have_text("Synergy θ · 2004")
    expect(page.locator("#coagg-side-map path[data-city]")).to_have_count(len(CITIES))
    early, late = colours(page, "#coagg-side-map"), colours(page, "#coagg-main")
    assert early != late
    page.locator("#coagg-year").fill("0")
    assert colours(page, "#coagg-main") == early
    assert colours(page, "#coagg-side-map") == early


def test_the_second_map_follows_the_year_on_request(page: Page) -> None:
    page.locator("#coagg-side-year").select_option(label="Same year (2006)")
    assert colours(page, "#coagg-main") == colours(page, "#coagg-side-map")
    page.locator("#coagg-year").fill("1")
    expect(page.locator("#coagg-side-heading")).to_have_text("Synergy θ · 2005")
    assert colours(page, "#coagg-main") == colours(page, "#coagg-side-map")
    page.locator("#coagg-side-year").select_option(label="2006")
    expect(page.locator("#coagg-side-heading")).to_have_text("Synergy θ · 2006")


def test_two_layers_are_seen_at_once_with_a_legend_each(page: Page) -> None:
    page.locator("#coagg-side-layer").select_option(label="Cluster")
    expect(page.locator("#coagg-side-heading")).to_have_text("Cluster")
    expect(page.locator("#coagg-side-year")).to_be_hidden()
    expect(page.locator("#coagg-side .coagg-strip")).to_have_text("highlow")
    expect(page.locator("#coagg-main .coagg-strip")).to_contain_text("≤ ")
    assert len(set(colours(page, "#coagg-side-map"))) == 2
    right(page, CITIES[0]).hover()
    expect(page.locator(".coagg-tip")).to_contain_text("high")


def test_a_layer_without_years_is_set_beside_another(
    open_page: OpenPage, map_file: Path
) -> None:
    page = open_page(map_file)
    page.locator("#coagg-layer").select_option(label="Cluster")
    page.locator("#coagg-compare").click()
    expect(page.locator("#coagg-side-heading")).to_have_text("Synergy θ · 2006")


def test_a_city_selected_in_either_map_is_told_for_both(page: Page) -> None:
    right(page, CITIES[5]).click()
    card = page.locator("#coagg-card")
    expect(card).to_contain_text(f"{THETA[CITIES[5], 2006]:.3f}")
    expect(card).to_contain_text(f"{THETA[CITIES[5], 2004]:.3f}")
    outlined = '[data-city="100500"][stroke="#14202e"]'
    expect(page.locator(f".coagg-leaflet path{outlined}")).to_have_count(2)


def test_names_are_text_in_both(page: Page) -> None:
    right(page, CITIES[2]).hover()
    expect(page.locator(".coagg-tip strong")).to_have_text(HOSTILE)
    right(page, CITIES[2]).click()
    expect(page.locator("#coagg-card strong")).to_have_text(HOSTILE)


def test_both_maps_move_together(page: Page) -> None:
    widths = """() => ['#coagg-main', '#coagg-side-map'].map(side =>
      document.querySelector(`${side} path[data-city="100800"]`)
      .getBoundingClientRect().width)"""
    first = page.evaluate(widths)
    page.locator("#coagg-zoom-in").click()
    page.wait_for_function(f"first => ({widths})()[1] > 1.2 * first", arg=first[1])
    here, there = page.evaluate(widths)
    assert here == pytest.approx(there, rel=0.02)
    page.locator("#coagg-side-map").focus()
    page.keyboard.press("0")
    page.wait_for_function(f"first => ({widths})()[0] < 1.01 * first", arg=first[0])


def test_the_second_map_is_walked_by_keys(page: Page) -> None:
    page.locator("#coagg-side-map").focus()
    page.keyboard.press("ArrowRight")
    best = str(THETA.xs(2004, level="year").idxmax())
    expect(page.locator(".coagg-tip")).to_contain_text(best)
    page.keyboard.press("Enter")
    expect(page.locator("#coagg-card")).to_contain_text(best)


def test_the_second_map_closes(page: Page) -> None:
    page.locator("#coagg-side-close").click()
    expect(page.locator("#coagg-side")).to_be_hidden()
    expect(page.locator("#coagg-compare")).to_be_focused()
    expect(page.locator("#coagg-main .coagg-strip")).to_be_hidden()
    page.locator("#coagg-compare").click()
    expect(page.locator("#coagg-side-map path[data-city]")).to_have_count(len(CITIES))


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_nothing_covers_land_at_any_width(
    open_page: OpenPage, map_file: Path, artefacts: Path, width: int, height: int
) -> None:
    page = open_page(map_file, width=width, height=height)
    page.locator("#coagg-compare").click()
    expect(page.locator(".coagg-inset")).to_have_count(2)
    page.wait_for_function(f"({OVERLAPS})() === 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=artefacts / f"side_{width}.png", full_page=width < 900)


def test_the_classes_may_be_made_by_another_rule(
    open_page: OpenPage, map_file: Path
) -> None:
    page = open_page(map_file)
    rules = page.locator("#coagg-scheme option").all_inner_texts()
    assert [rule.split(" ")[0] for rule in rules] == ["Equal", "Natural", "Equal"]
    legend = page.locator("#coagg-legend th[scope=row]")
    counts = page.locator(".coagg-count")
    quantiles = legend.all_inner_texts()
    page.locator("#coagg-scheme").select_option("equal")
    assert legend.all_inner_texts() != quantiles
    last = THETA.xs(2006, level="year").round(3)
    step = (THETA.max() - THETA.min()) / 6
    top = float(re.sub(r"[^\d.]", "", legend.first.inner_text()))
    assert top == pytest.approx(THETA.max() - step, abs=0.02)
    assert int(counts.first.inner_text()) == int((last > top).sum())
    page.locator("#coagg-layer").select_option(label="Jobs")
    expect(page.locator("#coagg-scheme")).to_have_value("equal")
    page.locator("#coagg-layer").select_option(label="Cluster")
    expect(page.locator("#coagg-scheme")).to_be_hidden()


# A tile of one pale pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49"
    "444154789c6378f2e60100056802b1237474a50000000049454e44ae426082"
)
PLACE = """([x, y]) => {
  const map = window[document.querySelector('.folium-map').id];
  const box = map.getContainer().getBoundingClientRect();
  const { lat, lng } = map.containerPointToLatLng([x - box.left, y - box.top]);
  return [lng, lat];
}"""


def answer_from_disk(route: Route) -> None:
    url = route.request.url
    if url.startswith("https://cdn.jsdelivr.net/npm/leaflet@"):
        file = Path(leaflet.BASE_DIR, url.rsplit("/", 1)[1])
        route.fulfill(path=file, headers={"access-control-allow-origin": "*"})
    else:
        route.fulfill(body=PIXEL, content_type="image/png")


@pytest.fixture
def online_page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The online version, the web played by files; fails at the end on any error."""
    troubles: list[str] = []
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.route("https://**/*", answer_from_disk)
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(make_map(cdn=True).save(tmp_path / "online.html").as_uri())
    yield page
    context.close()
    assert troubles == []


def test_the_online_version_lies_on_tiles(online_page: Page, artefacts: Path) -> None:
    page = online_page
    expect(page.locator(".folium-map path[data-city]")).to_have_count(len(CITIES))
    tile = page.locator(".leaflet-tile-loaded").first
    expect(tile).to_have_attribute("src", re.compile("^https://tile.openstreetmap.org"))
    box = shape(page, CITIES[0]).bounding_box()
    assert box is not None
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    # The first square reaches from 104 to 106 E and from 26 to 28 N.
    assert page.evaluate(PLACE, middle) == pytest.approx([105, 27], abs=0.1)
    expect(page.locator(".coagg-credit")).to_contain_text("OpenStreetMap")
    page.locator("#coagg-compare").click()
    expect(page.locator("#coagg-side-map .leaflet-tile-loaded").first).to_be_attached()
    page.screenshot(path=artefacts / "online_1400.png")


def test_the_online_version_is_small_and_holds_no_leaflet() -> None:
    online, whole = make_map(cdn=True).html, make_map().html
    assert len(online) < len(whole) - 140_000
    [tag] = re.findall(r"<script src=[^>]+>", online)
    assert "leaflet@1.9.3/dist/leaflet.js" in tag
    # As published with that release.
    assert "sha256-WBkoXOwTeyKclOHuWtc+i2uENFpDZ9YPdf5Hf+D7ewM=" in tag
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', online)
    assert data is not None
    assert json.loads(data.group(1))["years"] == YEARS
