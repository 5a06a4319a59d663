"""The what-if on the map: its numbers are Python's to the printed digit."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from map_squares import CITIES, HOSTILE, OVERLAPS, WIDTHS, make_map, shape
from playwright.sync_api import Page, expect
from what_if_layers import make_layer

from spatial_coagg.report.map_what_if import WhatIfLayer

OpenPage: TypeAlias = Callable[..., Page]

# Two cities of the map take no part in the model; the hostile one does.
MODEL = pd.Index([city for city in CITIES if city not in (CITIES[7], CITIES[-1])])
LAYER = make_layer(MODEL, outcome="patents <b>")
LEVELS = replace(LAYER, driver_scale="level", outcome_logged=False, outcome="index")
SOURCE = CITIES[2]


@pytest.fixture(scope="session")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("question")
    return make_map(what_if=LAYER).save(folder / "map.html")


def ask(page: Page, *, city: str = SOURCE, percent: str = "10") -> None:
    options = page.locator("#coagg-layer option")
    page.locator("#coagg-layer").select_option(index=options.count() - 1)
    shape(page, city).click(force=True)
    page.locator("#coagg-percent").fill(percent)


def test_it_is_asked_and_answered_in_chinese(
    open_page: OpenPage, tmp_path: Path
) -> None:
    opened = open_page(make_map("zh", what_if=LAYER).save(tmp_path / "zh.html"))
    ask(opened)
    expect(opened.locator("#coagg-legend-title")).to_have_text("分级（%）")
    expect(opened.locator("#coagg-table thead")).to_contain_text("中位数（%）")
    expect(opened.locator("#coagg-card")).to_contain_text(re.compile(r"\d%"))


@pytest.fixture
def page(open_page: OpenPage, map_file: Path) -> Page:
    opened = open_page(map_file)
    ask(opened)
    return opened


def signed(number: float, decimals: int, *, huge: float = 1000) -> str:
    if abs(number) > huge:
        return "> 1,000" if number > 0 else "< −1,000"
    text = f"{abs(number):,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return ("−" if number < 0 else "+") + text


def interval(row: pd.Series, decimals: int, *, huge: float = 1000) -> str:
    ends = [
        signed(row[end], decimals, huge=huge).replace("+", "")
        for end in ("lower", "upper")
    ]
    beyond = row["lower"] > huge or row["upper"] < -huge
    return ends[1] if beyond else " – ".join(ends)


def rows(page: Page, table: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in row.locator("th, td").all_inner_texts()]
        for row in page.locator(f"{table} tbody tr").all()
    ]


def expected_rows(layer: WhatIfLayer, city: str, percent: float) -> list[list[str]]:
    decimals = layer.decimals(city, percent)
    changes = layer.changes(city, percent)
    huge = 1000 if layer.outcome_logged else math.inf
    order = changes["median"].sort_values(ascending=percent < 0, kind="stable").index
    return [
        [
            signed(row["median"], decimals, huge=huge),
            interval(row, decimals, huge=huge),
        ]
        for _, row in changes.loc[order].iterrows()
    ]


@pytest.mark.parametrize("percent", [10, 37.5, -20, 250])
def test_every_number_is_pythons_to_the_printed_digit(
    page: Page, percent: float
) -> None:
    page.locator("#coagg-percent").fill(str(percent))
    page.locator("#coagg-more").click()
    shown = rows(page, "#coagg-table")
    assert [row[2:] for row in shown] == expected_rows(LAYER, SOURCE, percent)
    sums = LAYER.sums(SOURCE, percent)
    decimals = LAYER.decimals(SOURCE, percent)
    assert [row[1:] for row in rows(page, "#coagg-sums")] == [
        [signed(row["median"], decimals), interval(row, decimals)]
        for _, row in sums.iterrows()
    ]


def test_a_driver_of_ln_1_plus_theta_has_steps_of_its_own(
    open_page: OpenPage, tmp_path: Path
) -> None:
    shifted = replace(LAYER, driver_scale="ln1p")
    page = open_page(make_map(what_if=shifted).save(tmp_path / "shifted.html"))
    ask(page, city=CITIES[5], percent="30")
    shown = rows(page, "#coagg-table")
    expected = expected_rows(shifted, CITIES[5], 30)
    assert [row[2:] for row in shown] == expected[:10]
    assert expected != expected_rows(LAYER, CITIES[5], 30)


def test_levels_are_told_in_their_own_units(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(make_map(what_if=LEVELS).save(tmp_path / "levels.html"))
    ask(page, city=CITIES[5], percent="30")
    page.locator("#coagg-more").click()
    shown = rows(page, "#coagg-table")
    assert [row[2:] for row in shown] == expected_rows(LEVELS, CITIES[5], 30)
    expect(page.locator("#coagg-table th").nth(2)).to_have_text("Median")
    expect(page.locator("#coagg-sums-note")).to_contain_text("units of index")


def vague(layer: WhatIfLayer, times: float) -> WhatIfLayer:
    """The same with estimates far from zero and intervals wider still."""
    found = layer.responses
    ends = {end: times * getattr(found, end) for end in ("point", "median", "lower")}
    wide = replace(found, upper=30 * times * np.abs(found.upper), **ends)
    return replace(layer, responses=wide)


@pytest.mark.parametrize(("logged", "times"), [(True, 250), (False, 250_000)])
def test_a_huge_percentage_is_not_written_out_but_a_level_is(
    open_page: OpenPage, tmp_path: Path, *, logged: bool, times: float
) -> None:
    layer = vague(replace(LAYER, outcome_logged=logged), times)
    page = open_page(make_map(what_if=layer).save(tmp_path / "vague.html"))
    ask(page)
    page.locator("#coagg-more").click()
    shown = [row[2:] for row in rows(page, "#coagg-table")]
    assert shown == expected_rows(layer, SOURCE, 10)
    assert any("> 1,000" in row[0] for row in shown) == logged
    assert any(row[1] == "> 1,000" for row in shown) == logged
    assert any(row[1].endswith(" – > 1,000") for row in shown) == logged
    decimals = layer.decimals(SOURCE, 10)
    told = [row[1:] for row in rows(page, "#coagg-sums")]
    huge = 1000 if logged else math.inf
    assert told[0] == [
        signed(float(layer.sums(SOURCE, 10).loc["own", "median"]), decimals, huge=huge),
        interval(layer.sums(SOURCE, 10).loc["own"], decimals, huge=huge),
    ]
    text = page.locator("body").inner_text()
    assert (re.search(r"\d{2},\d{3}", text) is None) == logged


def test_each_city_has_the_class_of_its_change(page: Page) -> None:
    changes = LAYER.changes(SOURCE, 10)
    colours = {city: str(shape(page, city).get_attribute("fill")) for city in CITIES}
    unclear = (changes["lower"] <= 0) & (changes["upper"] >= 0)
    unclear[SOURCE] = False
    grey = {city for city, colour in colours.items() if colour == "#d0cbbd"}
    assert grey == set(changes.index[unclear])
    assert len(grey) > 3
    assert colours[SOURCE] == "#e66101"
    hatched = {city for city, colour in colours.items() if "no-data" in colour}
    assert hatched == set(CITIES) - set(MODEL)
    gains = {colours[c] for c in changes.index[changes["lower"] > 0] if c != SOURCE}
    losses = {colours[c] for c in changes.index[changes["upper"] < 0]}
    assert gains
    assert losses
    assert gains.isdisjoint(losses)
    legend = page.locator("#coagg-legend")
    for text in ("The city itself", "> +", "< −", "Interval includes zero"):
        expect(legend).to_contain_text(text)
    counted = [int(text) for text in page.locator(".coagg-count").all_inner_texts()]
    assert sum(counted) == len(CITIES)


def test_it_says_associated_and_never_will(page: Page) -> None:
    start = LAYER.theta[SOURCE]
    expect(page.locator("#coagg-heading")).to_have_text(
        f"Change of patents <b> associated with θ of {HOSTILE} 10 % higher"
    )
    expect(page.locator("#coagg-asked")).to_have_text(
        f"θ of {HOSTILE} at {1.1 * start:.2f} instead of {start:.2f} is associated "
        f"with these changes of patents <b>:"
    )
    words = page.locator("body").inner_text().lower().split()
    assert "will" not in words


def test_leaving_the_range_seen_is_flagged(page: Page) -> None:
    warning = page.locator("#coagg-extrapolation")
    expect(warning).to_be_hidden()
    page.locator("#coagg-percent").fill("400")
    expect(warning).to_contain_text("Extrapolation: θ of")
    expect(warning).to_contain_text("0.80 to 4.20")
    page.locator("#coagg-percent").fill("-60")
    expect(warning).to_contain_text("Extrapolation")
    page.locator("#coagg-percent").fill("5")
    expect(warning).to_be_hidden()


@pytest.mark.parametrize("wrong", ["", "-100", "-250", "2000"])
def test_a_percentage_that_cannot_be_is_refused(page: Page, wrong: str) -> None:
    heading = page.locator("#coagg-heading").inner_text()
    page.locator("#coagg-percent").fill(wrong)
    expect(page.locator("#coagg-percent")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#coagg-percent-wrong")).to_contain_text("above −100")
    assert page.locator("#coagg-heading").inner_text() == heading
    page.locator("#coagg-percent").fill("20")
    expect(page.locator("#coagg-percent-wrong")).to_be_hidden()
    expect(page.locator("#coagg-heading")).to_contain_text("20 % higher")


def test_clicking_another_city_moves_the_question(page: Page) -> None:
    shape(page, CITIES[11]).click()
    expect(page.locator("#coagg-heading")).to_contain_text("City 11 10 % higher")
    assert shape(page, CITIES[11]).get_attribute("fill") == "#e66101"
    best = rows(page, "#coagg-table")[0]
    assert best[2:] == expected_rows(LAYER, CITIES[11], 10)[0]
    page.locator("#coagg-percent").fill("-10")
    expect(page.locator("#coagg-table-title")).to_have_text("Lose most")
    expect(page.locator("#coagg-heading")).to_contain_text("10 % lower")


def test_a_city_outside_the_model_gets_no_numbers(page: Page) -> None:
    shape(page, CITIES[7]).click()
    expect(page.locator("#coagg-asked")).to_contain_text("takes no part in the model")
    expect(page.locator("#coagg-sums")).to_be_hidden()
    expect(page.locator("#coagg-ranking")).to_be_hidden()
    expect(page.locator("#coagg-card")).to_contain_text("No data")
    page.locator("#coagg-card button").click()
    expect(page.locator("#coagg-asked")).to_contain_text("Click a city on the map")


def test_the_tooltip_and_the_reader_tell_change_interval_and_rank(page: Page) -> None:
    city = CITIES[3]
    change = LAYER.changes(SOURCE, 10)
    decimals = LAYER.decimals(SOURCE, 10)
    place = int(change["median"].rank(ascending=False)[city])
    shape(page, city).hover()
    tip = page.locator(".coagg-tip")
    expect(tip.locator("b")).to_have_text(
        f"{signed(change['median'][city], decimals)} %"
    )
    expect(tip).to_contain_text(f"90 % interval {interval(change.loc[city], decimals)}")
    expect(tip).to_contain_text(f"rank {place} of {len(MODEL)}")
    page.locator(".folium-map").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#coagg-status")).to_contain_text("90 % interval")


def test_the_question_is_asked_beside_another_layer(
    open_page: OpenPage, map_file: Path
) -> None:
    page = open_page(map_file)
    page.locator("#coagg-compare").click()
    page.locator("#coagg-side-layer").select_option(label="What if synergy rises?")
    expect(page.locator("#coagg-question")).to_be_visible()
    expect(page.locator("#coagg-sums")).to_be_visible()
    expect(page.locator("#coagg-heading")).to_have_text("Synergy θ · 2006")
    shape(page, CITIES[4]).first.click()
    right = page.locator(f'#coagg-side-map path[data-city="{CITIES[4]}"]')
    expect(right).to_have_attribute("fill", "#e66101")
    page.locator("#coagg-side-close").click()
    expect(page.locator("#coagg-question")).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), WIDTHS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_covers_land_in_either_language(
    open_page: OpenPage,
    tmp_path: Path,
    artefacts: Path,
    lang: str,
    width: int,
    height: int,
) -> None:
    file = make_map(lang, what_if=LAYER).save(tmp_path / "map.html")
    page = open_page(file, width=width, height=height)
    ask(page, percent="60")
    words = {"en": "associated with", "zh": "相关"}
    expect(page.locator("#coagg-asked")).to_contain_text(words[lang])
    page.wait_for_function(f"({OVERLAPS})() === 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=artefacts / f"what_if_{lang}_{width}.png", full_page=True)
