from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from spatial_coagg.errors import DataWarning, SpatialCoaggError
from spatial_coagg.report import fonts
from spatial_coagg.report.canvas import CORNERS, Canvas
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_layers import Layer
from spatial_coagg.report.palettes import class_colours
from spatial_coagg.report.printed_map import NO_DATA, draw_printed_map


def squares(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        geometry=[shapely.box(x, y, x + 1, y + 1) for x, y in places],
        index=pd.Index([chr(65 + i) for i in range(len(places))], name="city"),
        crs="EPSG:4326",
    )


def theta_of(values: dict[tuple[str, int], float]) -> pd.Series:
    index = pd.MultiIndex.from_tuples(list(values), names=["city", "year"])
    return pd.Series(list(values.values()), index=index)


THREE = squares((110, 30), (111, 30), (112, 30))
THETA = theta_of(
    {("A", 2004): 1.0, ("B", 2004): 2.0, ("A", 2005): 3.0, ("B", 2005): 1.0}
)


def colours_of(figure: Figure) -> list[str]:
    shapes = figure.axes[0].collections[0]
    return [to_hex(colour) for colour in shapes.get_facecolor()]


def legend_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def words_of(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def drawn(layer: Layer, year: int | None = None) -> Figure:
    canvas = Canvas.of(THREE, None, steps=900)
    return draw_printed_map(
        canvas, layer, title="Synergy", year=year, notice="Simulated", credit="Me"
    )


def test_colours_are_those_of_the_classes_over_all_years() -> None:
    low, middle, high = class_colours("blue", 3)
    assert colours_of(drawn(Layer(THETA), 2004)) == [low, middle, NO_DATA]
    assert colours_of(drawn(Layer(THETA), 2005)) == [high, low, NO_DATA]


def test_the_legend_counts_each_class_and_what_is_missing() -> None:
    found = legend_of(drawn(Layer(THETA), 2005))
    assert [line.split("(")[1] for line in found] == ["1)", "0)", "1)", "1)"]
    assert found[-1] == "No data (1)"


def test_the_legend_is_that_of_the_map_page_in_its_language() -> None:
    labels = pd.Series(["高", None, "低"], index=THREE.index, dtype="object")
    chinese = {"高": "#aa0000", "低": "#0000aa"}
    canvas = Canvas.of(THREE, None, steps=900)
    classes = draw_printed_map(
        canvas, Layer(THETA), title="协同度", year=2005, lang="zh"
    )
    kinds = draw_printed_map(
        canvas, Layer(labels, palette=chinese), title="类型", lang="zh"
    )
    assert legend_of(classes) == [
        "≤ 1.0 (1)",
        "1.0 – 2.0 (0)",
        "> 2.0 (1)",
        "无数据 (1)",
    ]
    assert legend_of(kinds) == ["低 (1)", "高 (1)", "无数据 (1)"]


def test_heading_notice_note_and_credit_are_on_the_sheet() -> None:
    figure = drawn(Layer(THETA, note="Higher is more."), 2004)
    assert figure.axes[0].get_title("left") == "Synergy, 2004"
    assert words_of(figure) == "Simulated Higher is more.\nMe"


def test_one_value_makes_one_class() -> None:
    one = pd.Series([2.0, 2.0, 2.0], index=THREE.index)
    assert legend_of(drawn(Layer(one))) == ["All cities (3)"]


def test_labels_have_their_own_colours() -> None:
    labels = pd.Series(["HH", None, "LL"], index=THREE.index, dtype="object")
    figure = drawn(Layer(labels, palette={"HH": "#aa0000", "LL": "#0000aa"}))
    assert colours_of(figure) == ["#aa0000", NO_DATA, "#0000aa"]
    assert legend_of(figure) == ["HH (1)", "LL (1)", "No data (1)"]


def test_given_breaks_are_written_as_given() -> None:
    found = legend_of(drawn(Layer(THETA, scheme=[1.5, 2.5]), 2004))
    assert found[0].startswith("≤ 1.5")


def test_a_year_that_is_not_there_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="years 2004 to 2005, not 2010"):
        drawn(Layer(THETA), 2010)


def test_a_year_of_a_layer_without_years_is_refused() -> None:
    still = pd.Series([1.0, 2.0, 3.0], index=THREE.index)
    with pytest.raises(SpatialCoaggError, match="the layer has no years"):
        drawn(Layer(still), 2004)


def test_a_mapping_is_no_palette_of_numbers() -> None:
    with pytest.raises(SpatialCoaggError, match="needs a named palette"):
        drawn(Layer(THETA, palette={"a": "#000000"}), 2004)


def test_the_inset_takes_the_emptiest_corner(tmp_path: Path) -> None:
    # Land along the bottom and on the right: only the upper left is free.
    places = squares(
        *[(110 + i, 30) for i in range(8)], *[(117, 31 + i) for i in range(7)]
    )
    lines = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(113, 33), (114, 34)])], crs="EPSG:4326"
    )
    canvas = Canvas.of(places, Inset.around(lines), steps=900)
    figure = draw_printed_map(
        canvas, Layer(pd.Series(1.0, index=places.index)), title="Synergy"
    )
    figure.savefig(tmp_path / "map.png")
    main, corner = figure.axes[0], figure.axes[0].child_axes[0]
    left, bottom, *_ = (
        main.transAxes.inverted().transform_bbox(corner.get_window_extent()).bounds
    )
    # The box keeps its own shape in the middle of the place given to it.
    assert left == pytest.approx(CORNERS[3][0], abs=0.02)
    assert CORNERS[3][1] <= bottom < 1


def test_specks_do_not_widen_a_map_with_an_inset() -> None:
    places = squares((110, 30), (111, 30))
    speck = gpd.GeoDataFrame(
        geometry=[shapely.box(110, 5, 110.01, 5.01)],
        index=pd.Index(["Z"], name="city"), crs="EPSG:4326",
    )  # fmt: skip
    lines = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(109, 4), (110, 6)])], crs="EPSG:4326"
    )
    both = pd.concat([places, speck])
    assert Canvas.of(both, Inset.around(lines), steps=900).ratio < 1
    assert Canvas.of(both, None, steps=900).ratio > 5


def test_a_study_of_a_small_part_is_printed_large_without_the_inset() -> None:
    places = squares(*[(110 + x, 30 + y) for x in range(5) for y in range(5)])
    lines = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(109, 4), (110, 6)])], crs="EPSG:4326"
    )
    inset = Inset.around(lines)
    part = Canvas.of(places, inset, steps=900, studied=pd.Index(["A", "B"]))
    whole = Canvas.of(places, inset, steps=900, studied=places.index)
    assert part.inset is None
    assert whole.inset is inset
    west, south, east, north = part.shapes[["A", "B"]].total_bounds
    assert part.view[0] < west < east < part.view[2]
    assert part.view[1] < south < north < part.view[3]
    assert part.view[3] - part.view[1] < 0.5 * (whole.view[3] - whole.view[1])


def in_chinese() -> Figure:
    canvas = Canvas.of(THREE, None, steps=900)
    return draw_printed_map(
        canvas, Layer(THETA), title="产业协同", year=2005, lang="zh"
    )


def test_chinese_words_are_drawn_in_a_font_that_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: "Noto Sans CJK SC")
    texts = [text for text in in_chinese().findobj(Text) if text.get_text()]
    in_noto = {t.get_text() for t in texts if "Noto Sans CJK SC" in t.get_fontfamily()}
    assert in_noto == {"产业协同，2005 年", "无数据 (1)"}
    assert len(texts) > 1


def test_without_such_a_font_the_map_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    with pytest.warns(DataWarning, match="no installed font shows Chinese: words"):
        in_chinese()
