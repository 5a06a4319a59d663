"""The map, used as a reader uses it: in Chromium, from disk, without network."""

from collections.abc import Callable
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
    fills,
    make_map,
    shape,
)
from playwright.sync_api import Page, expect

OpenPage: TypeAlias = Callable[..., Page]


@pytest.fixture(scope="session")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_map().save(tmp_path_factory.mktemp("map") / "map.html")


@pytest.fixture
def page(open_page: OpenPage, map_file: Path) -> Page:
    return open_page(map_file)


def slide_to(page: Page, year: int) -> None:
    page.locator("#coagg-year").fill(str(YEARS.index(year)))


def counts(page: Page) -> list[int]:
    return [int(text) for text in page.locator(".coagg-count").all_inner_texts()]


def test_it_opens_on_the_last_year_with_every_city_drawn(page: Page) -> None:
    expect(page.locator(".folium-map path[data-city]")).to_have_count(len(CITIES))
    expect(page.locator("#coagg-heading")).to_have_text("Synergy θ · 2006")
    expect(page.locator("h1")).to_have_text("Synergy & neighbours")
    expect(page.locator(".coagg-notice")).to_have_text("Simulated data")
    expect(page.locator(".coagg-credit")).to_contain_text("Boundaries: squares")


def test_the_slider_changes_the_colours_and_the_counts(page: Page) -> None:
    late, late_counts = fills(page), counts(page)
    slide_to(page, 2004)
    assert sum(a != b for a, b in zip(fills(page), late, strict=True)) > 15
    assert counts(page) != late_counts
    assert sum(counts(page)) == sum(late_counts) == len(CITIES)
    expect(page.locator("#coagg-year-shown")).to_have_text("2004")


def test_breaks_stay_while_the_years_pass(page: Page) -> None:
    before = page.locator("#coagg-legend th").all_inner_texts()
    slide_to(page, 2004)
    assert page.locator("#coagg-legend th").all_inner_texts() == before


def test_a_city_without_data_is_hatched_in_that_year_only(page: Page) -> None:
    gap, never = shape(page, CITIES[3]), shape(page, CITIES[-1])
    assert "no-data" not in str(gap.get_attribute("fill"))
    slide_to(page, 2005)
    assert "no-data" in str(gap.get_attribute("fill"))
    assert "no-data" in str(never.get_attribute("fill"))
    assert counts(page)[-1] == 2
    gap.hover()
    expect(page.locator(".coagg-tip")).to_contain_text("No data")


def test_play_walks_through_the_years_and_stops(page: Page) -> None:
    page.clock.install()
    page.locator("#coagg-play").click()
    expect(page.locator("#coagg-year-shown")).to_have_text("2004")
    expect(page.locator("#coagg-play")).to_have_attribute("aria-label", "Pause")
    page.clock.run_for(1000)
    expect(page.locator("#coagg-year-shown")).to_have_text("2005")
    page.clock.run_for(1000)
    expect(page.locator("#coagg-year-shown")).to_have_text("2006")
    expect(page.locator("#coagg-play")).to_have_attribute(
        "aria-label", "Play the years"
    )


def test_pause_stops_the_play(page: Page) -> None:
    page.clock.install()
    page.locator("#coagg-play").click()
    page.locator("#coagg-play").click()
    page.clock.run_for(3000)
    expect(page.locator("#coagg-year-shown")).to_have_text("2004")


@pytest.mark.parametrize("wanted", ["宿州", "suzhou (an", "100100"])
def test_the_search_finds_by_chinese_and_english_name_and_code(
    page: Page, wanted: str
) -> None:
    page.locator("#coagg-search").fill(wanted)
    expect(page.locator("#coagg-found [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#coagg-card strong")).to_have_text("Suzhou (Anhui)")
    expect(page.locator("#coagg-card")).to_contain_text("宿州市 · 100100")


def test_the_search_is_used_by_arrow_keys_and_by_mouse(page: Page) -> None:
    page.locator("#coagg-search").fill("Suzhou")
    options = page.locator("#coagg-found [role=option]")
    expect(options).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    options.nth(0).click()
    expect(page.locator("#coagg-found")).to_be_hidden()
    expect(page.locator("#coagg-card strong")).to_have_text("Suzhou (Anhui)")


def test_the_search_says_when_it_finds_nothing(page: Page) -> None:
    page.locator("#coagg-search").fill("Atlantis")
    expect(page.locator("#coagg-found")).to_have_text("No city of that name")
    page.keyboard.press("Escape")
    expect(page.locator("#coagg-found")).to_be_hidden()


def test_another_layer_has_its_own_classes_unit_and_years(page: Page) -> None:
    page.locator("#coagg-layer").select_option(label="Jobs")
    expect(page.locator("#coagg-heading")).to_have_text("Jobs (persons) · 2005")
    expect(page.locator("#coagg-note")).to_have_text("All industries.")
    expect(page.locator("#coagg-legend tbody tr")).to_have_count(7)


def test_a_layer_of_labels_has_no_ranking_and_no_year(page: Page) -> None:
    page.locator("#coagg-layer").select_option(label="Cluster")
    expect(page.locator("#coagg-heading")).to_have_text("Cluster")
    expect(page.locator("#coagg-legend-title")).to_have_text("Classes")
    expect(page.locator("#coagg-year")).to_be_disabled()
    expect(page.locator("#coagg-play")).to_be_disabled()
    expect(page.locator("#coagg-ranking")).to_be_hidden()
    labels = page.locator("#coagg-legend th[scope=row]").all_inner_texts()
    assert [label.strip() for label in labels] == ["high", "low"]
    assert counts(page) == [13, 13]
    shape(page, CITIES[0]).hover()
    expect(page.locator(".coagg-tip")).to_contain_text("high")


def test_the_tooltip_gives_value_rank_and_sparkline(page: Page) -> None:
    shape(page, CITIES[5]).hover()
    tip = page.locator(".coagg-tip")
    expect(tip.locator("b")).to_have_text(f"{THETA[CITIES[5], 2006]:.3f}")
    last = THETA.xs(2006, level="year")
    rank = int(last.rank(ascending=False)[CITIES[5]])
    expect(tip).to_contain_text(f"rank {rank} of {len(last)}")
    assert str(tip.locator(".coagg-spark path").get_attribute("d")).count("L") == 2


def test_the_sparkline_breaks_where_a_year_is_missing(page: Page) -> None:
    shape(page, CITIES[3]).click()
    line = page.locator("#coagg-card .coagg-spark path").get_attribute("d")
    assert str(line).count("M") == 2


def test_every_number_is_pythons_to_the_printed_digit(page: Page) -> None:
    page.locator("#coagg-more").click()
    rows = page.locator("#coagg-table tbody tr")
    expect(rows).to_have_count(len(CITIES) - 1)
    shown = page.locator("#coagg-table td:last-child").all_inner_texts()
    last = THETA.xs(2006, level="year").sort_values(ascending=False)
    assert [text.strip() for text in shown] == [f"{value:.3f}" for value in last]


def test_the_table_of_ten_follows_the_year_and_selects(page: Page) -> None:
    rows = page.locator("#coagg-table tbody tr")
    expect(rows).to_have_count(10)
    slide_to(page, 2004)
    best = str(THETA.xs(2004, level="year").idxmax())
    expect(rows.first.locator("td").last).to_have_text(f"{THETA[best, 2004]:.3f}")
    rows.first.locator("button").click()
    expect(page.locator("#coagg-card")).to_contain_text(best)
    expect(rows.first).to_have_attribute("aria-current", "true")
    page.locator("#coagg-card button").click()
    expect(page.locator("#coagg-card")).to_contain_text("Click a city")


def test_names_are_text_wherever_they_stand(page: Page) -> None:
    shape(page, CITIES[2]).click()
    expect(page.locator("#coagg-card strong")).to_have_text(HOSTILE)
    page.locator("#coagg-more").click()
    expect(page.locator("#coagg-table")).to_contain_text(HOSTILE)
    page.locator("#coagg-search").fill("alert")
    expect(page.locator("#coagg-found")).to_contain_text(HOSTILE)


def test_the_keyboard_walks_from_city_to_city(page: Page) -> None:
    page.locator("#coagg-search").fill("100000")
    page.keyboard.press("Enter")
    page.locator(".folium-map").focus()
    status = page.locator("#coagg-status")
    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("Suzhou (Anhui), ")
    page.keyboard.press("ArrowUp")
    expect(status).to_contain_text("City 5, ")
    expect(page.locator(".coagg-tip")).to_contain_text("City 5")
    page.keyboard.press("Enter")
    expect(page.locator("#coagg-card strong")).to_have_text("City 5")
    page.keyboard.press("Escape")
    expect(page.locator("#coagg-card")).to_contain_text("Click a city")


def test_zooming_enlarges_and_the_whole_map_comes_back(page: Page) -> None:
    width = "element => element.getBoundingClientRect().width"
    first = shape(page, CITIES[8]).evaluate(width)
    page.locator("#coagg-zoom-in").click()
    page.wait_for_function(
        "first => document.querySelector('path[data-city=\"100800\"]')"
        ".getBoundingClientRect().width > 1.2 * first",
        arg=first,
    )
    expect(page.locator(".coagg-inset")).to_be_hidden()
    page.locator("#coagg-zoom-whole").click()
    expect(page.locator(".coagg-inset")).to_be_visible()
    page.wait_for_function(
        "first => Math.abs(document.querySelector('path[data-city=\"100800\"]')"
        ".getBoundingClientRect().width / first - 1) < 0.01",
        arg=first,
    )


def test_what_changes_is_said_to_a_screen_reader(page: Page) -> None:
    slide_to(page, 2005)
    expect(page.locator("#coagg-status")).to_contain_text("Synergy θ, 2005: 24 cities")
    expect(page.locator("#coagg-year")).to_have_attribute("aria-valuetext", "2005")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select, svg[role=img]')].filter("
        "e => !(e.getAttribute('aria-label') || e.labels?.length "
        "|| e.textContent.trim())).map(e => e.outerHTML)"
    )
    assert unnamed == []


def test_it_speaks_chinese(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(make_map("zh").save(tmp_path / "zh.html"))
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.locator("#coagg-table-title")).to_have_text("前十名")
    expect(page.locator("#coagg-legend")).to_contain_text("无数据")
    page.locator("#coagg-search").fill("suzhou")
    expect(page.locator("#coagg-found [role=option]")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator("#coagg-card")).to_contain_text("名，共 25 个")
    assert page.locator("#coagg-card strong").inner_text() in ("苏州市", "宿州市")


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_nothing_covers_land_or_runs_out_of_the_window(
    open_page: OpenPage, map_file: Path, artefacts: Path, width: int, height: int
) -> None:
    page = open_page(map_file, width=width, height=height)
    expect(page.locator(".coagg-inset")).to_be_visible()
    assert page.evaluate(OVERLAPS) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=artefacts / f"map_{width}.png", full_page=width < 900)


def test_a_frame_shown_later_shows_the_whole_map(
    open_page: OpenPage, tmp_path: Path
) -> None:
    file = tmp_path / "tabs.html"
    text = f'<meta charset="utf-8"><div hidden>{make_map().embed()}</div>'
    file.write_text(f"<!DOCTYPE html>{text}", encoding="utf-8")
    page = open_page(file)
    page.evaluate("document.querySelector('div').hidden = false")
    city = page.frame_locator("iframe").locator(f'path[data-city="{CITIES[0]}"]').first
    page.wait_for_timeout(200)
    box = city.bounding_box()
    assert box is not None
    assert box["width"] > 60


def test_another_window_size_shows_the_whole_map_again(page: Page) -> None:
    for width, height in (WIDTHS[1], WIDTHS[3], WIDTHS[0]):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator(".coagg-inset")).to_be_visible()
        page.wait_for_function(f"({OVERLAPS})() === 0")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "layout"), [(1200, "beside"), (400, "stacked")])
def test_the_embedded_map_works_and_fits_its_frame(
    open_page: OpenPage, tmp_path: Path, width: int, layout: str
) -> None:
    file = tmp_path / "report.html"
    text = f'<!DOCTYPE html><meta charset="utf-8">{make_map().embed()}'
    file.write_text(text, encoding="utf-8")
    page = open_page(file, width=width)
    frame = page.frame_locator("iframe")
    expect(frame.locator("#coagg-heading")).to_have_text("Synergy θ · 2006")
    expect(page.locator("iframe")).to_have_attribute("title", "Synergy & neighbours")
    height = "document.querySelector('iframe').offsetHeight"
    if layout == "stacked":
        page.wait_for_function(f"{height} > 1000")
    else:
        assert page.evaluate(height) == 900


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_the_tooltip_is_whole_wherever_a_city_lies(
    open_page: OpenPage, map_file: Path, width: int, height: int
) -> None:
    page = open_page(map_file, width=width, height=height)
    frame = page.locator("#coagg-main .coagg-canvas").bounding_box()
    assert frame is not None
    for city in (CITIES[0], CITIES[2], CITIES[3], CITIES[13], CITIES[20], CITIES[-1]):
        shape(page, city).hover()
        tip = page.locator(".coagg-tip").bounding_box()
        assert tip is not None
        assert frame["x"] <= tip["x"]
        assert tip["x"] + tip["width"] <= frame["x"] + frame["width"]
        assert frame["y"] <= tip["y"]
        assert tip["y"] + tip["height"] <= frame["y"] + frame["height"]
    layers = page.evaluate(
        "['.coagg-tip', '.coagg-inset'].map("
        "name => Number(getComputedStyle(document.querySelector(name)).zIndex))"
    )
    assert layers[0] > layers[1]
