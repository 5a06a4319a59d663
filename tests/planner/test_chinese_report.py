"""A whole report in Chinese: what stays in English is what it says does."""

import html
import re
import warnings
from pathlib import Path

import pytest
from small_study import write_small_study

from spatial_coagg.errors import SpatialCoaggWarning
from spatial_coagg.planner.settings import read_settings
from spatial_coagg.planner.study import Study
from spatial_coagg.report.fonts import chinese_font

ENGLISH = re.compile(r"(?:\b[A-Za-z]{2,}\b[ ,;]*){3,}")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chinese")
    path = write_small_study(folder)
    # Notes repeat the names of a map, which are its codes here.
    settings = read_settings(path, language="zh")
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        return Study(settings).write(folder / "report")


@pytest.fixture(scope="module")
def page(report: Path) -> str:
    text = (report / "index.html").read_text(encoding="utf-8")
    text = re.sub(r'srcdoc="[^"]*"|src="[^"]*"', "", text)
    return re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_the_page_is_marked_as_chinese(page: str) -> None:
    assert '<html lang="zh">' in page
    assert '<nav aria-label="目录">' in page
    assert "<h1>城市产业协同</h1>" in page


def test_headings_answers_captions_and_links_are_chinese(page: str) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings[:2] == ["结论", "地图"]
    assert "空间溢出：跨越边界的影响" in headings
    assert len(headings) == len(re.findall(r'<a href="#', page))
    told = re.findall(r"<(?:h2|figcaption|a)[^>]*>(.*?)</", page)
    assert not any(ENGLISH.search(html.unescape(text)) for text in told)
    assert "个城市的平均协同度（θ）为" in page


def test_only_notes_and_references_are_english(page: str) -> None:
    method = page.index('<section id="method">')
    for text in re.findall(r"<(?:p|td|th)[^>]*>(.*?)</", page[:method]):
        shown = html.unescape(text)
        if not shown.startswith("注：") and "Spatial Economic Analysis" not in shown:
            found = ENGLISH.search(shown.replace("LeSage 2014, Spatial Statistics", ""))
            assert found is None, shown
    assert "计算给出的提示（“注”）、论文数据核查的各项" in page


def test_corrections_chapters_and_lists_are_chinese(page: str) -> None:
    cells = re.findall(r"<(?:td|th)[^>]*>(.*?)</", page)
    assert not {"transform", "bias", "none"} & set(cells)
    assert {"数据变换", "偏误修正", "未校正"} <= set(cells)
    assert "（Wooldridge 2010，第" in page


def test_figures_are_labelled_in_chinese(page: str) -> None:
    if chinese_font() is None:
        pytest.skip("no installed font shows Chinese")
    for label in ("邻居互不相关时 95% 的取值", "斜率 = 莫兰指数", "原类型"):
        assert label in page


def test_tables_and_maps_beside_it_are_named_in_chinese(report: Path) -> None:
    names = {path.name for path in (report / "maps").iterdir()}
    assert "产业协同-theta-2003.png" in names
    tables = [path.stem for path in (report / "tables").glob("*.docx")]
    assert any("莫兰指数" in name for name in tables)
    assert 'language = "zh"' in (report / "run.toml").read_text(encoding="utf-8")
