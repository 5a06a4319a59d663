import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph
from libpysal.weights import lat2W
from matplotlib.colors import to_hex

from spatial_coagg.autocorrelation.hot_spots import local_getis_ord
from spatial_coagg.autocorrelation.local import local_moran, local_moran_by_year
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.transitions import class_transitions
from spatial_coagg.errors import AlignmentError, DataWarning, SpatialCoaggError
from spatial_coagg.report import fonts
from spatial_coagg.report.drawing import figure_png
from spatial_coagg.report.local_figures import (
    CLASS_COLOURS,
    draw_cluster_map,
    draw_moran_scatter,
    draw_transitions,
)
from spatial_coagg.report.map_data import Inset
from spatial_coagg.tables.panel import Panel

SIDE = 8
CODES = [f"{place:03d}" for place in range(SIDE * SIDE)]


def weights() -> Graph:
    graph = Graph.from_W(lat2W(SIDE, SIDE)).transform("R")
    return Graph(graph.adjacency.rename(lambda place: f"{place:03d}"))


def boundaries() -> gpd.GeoDataFrame:
    cells = [
        shapely.box(100 + column, 30 - row, 101 + column, 31 - row)
        for row in range(SIDE)
        for column in range(SIDE)
    ]
    return gpd.GeoDataFrame(
        geometry=cells, index=pd.Index(CODES, name="city"), crs=4326
    )


def slope() -> pd.Series:
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    noise = np.random.default_rng(1).normal(scale=0.1, size=SIDE * SIDE)
    return pd.Series((x + y).ravel() + noise, index=CODES, name="theta")


def over_years() -> LocalTest:
    frame = pd.concat(
        {
            year: (slope() + 0.5 * np.random.default_rng(year).normal(size=SIDE**2))
            for year in (2001, 2002, 2003)
        },
        names=["year", "city"],
    ).rename("theta")
    panel = Panel.from_frame(frame.reset_index(), city="city", year="year")
    return local_moran_by_year(
        panel, "theta", weights(), permutations=2999, fdr="none", rng=1
    )


def test_scatter_has_the_slope_of_moran_and_a_colour_for_each_class() -> None:
    local = local_moran(slope(), weights(), permutations="enough", rng=1)
    axes = draw_moran_scatter(local, labels=3).axes[0]
    line = next(line for line in axes.lines if "slope" in str(line.get_label()))
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    z = slope() - slope().mean()
    moran = z @ (local.frame["lag"] - slope().mean()) / (z @ z)
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(moran, rel=1e-12)
    drawn = {to_hex(part.get_facecolor()[0]) for part in axes.collections}
    assert drawn == {
        CLASS_COLOURS[name] for name in local.frame["cluster"].astype(str).unique()
    }
    assert len([text for text in axes.texts if text.get_text() in CODES]) == 3


def test_scatter_is_of_one_year_and_one_variable() -> None:
    with pytest.raises(SpatialCoaggError, match=r"choose a year with of_year"):
        draw_moran_scatter(over_years())
    with pytest.raises(SpatialCoaggError, match="local Moran of one year"):
        draw_moran_scatter(local_getis_ord(slope() + 1, weights(), fdr="none", rng=1))


def test_cluster_map_colours_each_place_by_its_class() -> None:
    local = over_years()
    figure = draw_cluster_map(boundaries(), local, years=[2003])
    colours = [to_hex(c) for c in figure.axes[0].collections[0].get_facecolor()]
    clusters = local.of_year(2003).frame["cluster"].astype(str)
    assert colours == [CLASS_COLOURS[name] for name in clusters]
    counts = local.of_year(2003).counts
    assert figure.axes[0].get_title(loc="left").startswith(f"2003  HH {counts['HH']}")


def test_cluster_map_draws_every_year_unless_told() -> None:
    assert len(draw_cluster_map(boundaries(), over_years(), columns=2).axes) == 3


def test_places_without_a_test_are_no_data_and_in_the_legend() -> None:
    places = boundaries()
    extra = gpd.GeoDataFrame(
        geometry=[shapely.box(108, 30, 109, 31)],
        index=pd.Index(["999"], name="city"),
        crs=4326,
    )
    local = local_moran(slope(), weights(), fdr="none", rng=1)
    figure = draw_cluster_map(pd.concat([places, extra]), local)
    assert to_hex(figure.axes[0].collections[0].get_facecolor()[-1]) == "#ffffff"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "no data" in labels
    plain = draw_cluster_map(places, local).legends[0].get_texts()
    assert "no data" not in [text.get_text() for text in plain]


def test_an_inset_is_drawn_with_its_lines() -> None:
    lines = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(101, 20), (104, 18)])], crs=4326
    )
    local = local_moran(slope(), weights(), fdr="none", rng=1)
    figure = draw_cluster_map(boundaries(), local, inset=Inset.around(lines))
    assert len(figure.axes[0].child_axes) == 1
    assert figure.axes[0].child_axes[0].get_xlabel() == ""


def test_cities_off_the_map_are_refused() -> None:
    local = local_moran(slope(), weights(), fdr="none", rng=1)
    with pytest.raises(AlignmentError, match="not on the map: '000'"):
        draw_cluster_map(boundaries().iloc[1:], local)
    with pytest.raises(SpatialCoaggError, match="years= cannot choose"):
        draw_cluster_map(boundaries(), local, years=[2001])
    with pytest.raises(SpatialCoaggError, match="no year 1999"):
        draw_cluster_map(boundaries(), over_years(), years=[1999])


def test_transitions_write_shares_and_counts() -> None:
    moves = class_transitions(over_years())
    texts = [text.get_text() for text in draw_transitions(moves).axes[0].texts]
    assert len(texts) == moves.counts.size
    count = moves.counts.iloc[0, 0]
    assert texts[0] == f"{100 * moves.probabilities.iloc[0, 0]:.0f} %\n{count}"


def test_chinese_names_need_a_font(monkeypatch: pytest.MonkeyPatch) -> None:
    names, english = {"320500": "苏州"}, {"320500": "Suzhou"}
    monkeypatch.setattr(fonts, "chinese_font", lambda: "Noto Sans CJK SC")
    found = fonts.readable_names(names, english)
    assert found.names == names
    assert found.families[0] == "Noto Sans CJK SC"
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    with pytest.warns(DataWarning, match="no installed font shows Chinese"):
        assert fonts.readable_names(names, english).names == english
    with pytest.warns(DataWarning, match="the figure has codes"):
        assert fonts.readable_names(names).names == {"320500": "320500"}


def test_chinese_font_is_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = fonts.font_manager
    monkeypatch.setattr(manager, "get_font_names", lambda: ["Arial", "SimHei"])
    assert fonts.chinese_font() == "SimHei"
    monkeypatch.setattr(manager, "get_font_names", lambda: ["Arial"])
    assert fonts.chinese_font() is None


def test_a_figure_of_pixels_stands_inside_a_page() -> None:
    figure = draw_transitions(class_transitions(over_years()))
    text = figure_png(figure, 'a "quoted" <name>')
    assert "&lt;name&gt;" in text
    assert "data:image/png;base64,iVBOR" in text
