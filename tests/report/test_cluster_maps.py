from itertools import combinations

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from cluster_examples import YEARS, boundaries, one_year, over_years
from matplotlib.colors import to_hex
from test_palettes import SIGHT, difference

from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.report.class_styles import CLASS_COLOURS
from spatial_coagg.report.cluster_maps import draw_cluster_map
from spatial_coagg.report.drawing import figure_png
from spatial_coagg.report.map_data import Inset


def test_each_place_has_the_colour_of_its_class() -> None:
    local = over_years()
    axes = draw_cluster_map(boundaries(), local, years=[2003]).axes[0]
    colours = [to_hex(c) for c in axes.collections[0].get_facecolor()]
    clusters = local.of_year(2003).frame["cluster"].astype(str)
    assert colours == [CLASS_COLOURS[name] for name in clusters]
    counts = local.of_year(2003).counts
    assert axes.get_title(loc="left") == "2003"
    assert axes.get_title(loc="right").startswith(f"HH {counts['HH']}, LL ")


def test_every_year_is_drawn_unless_told() -> None:
    axes = draw_cluster_map(boundaries(), over_years(), columns=2).axes
    assert [each.get_title(loc="left") for each in axes] == [str(y) for y in YEARS]


def test_several_tests_are_drawn_under_their_headings() -> None:
    local = over_years()
    tests = {"finance": local.of_year(2001), "leasing": local.of_year(2002)}
    axes = draw_cluster_map(boundaries(), tests, title="Sectors").axes
    assert [each.get_title(loc="left") for each in axes] == ["finance", "leasing"]


def test_places_without_a_test_are_no_data_and_in_the_legend() -> None:
    places = boundaries()
    extra = gpd.GeoDataFrame(
        geometry=[shapely.box(108, 30, 109, 31)],
        index=pd.Index(["999"], name="city"),
        crs=4326,
    )
    figure = draw_cluster_map(pd.concat([places, extra]), one_year())
    assert to_hex(figure.axes[0].collections[0].get_facecolor()[-1]) == "#ffffff"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "no data" in labels
    plain = draw_cluster_map(places, one_year()).legends[0].get_texts()
    assert "no data" not in [text.get_text() for text in plain]


@pytest.mark.parametrize("years", [[2001], [2001, 2002, 2003]])
def test_nothing_is_cut_off_at_the_edge(years: list[int]) -> None:
    figure = draw_cluster_map(boundaries(), over_years(), years=years, title="Title")
    figure.draw_without_rendering()
    room = figure.bbox.padded(1)
    texts = [*figure.legends[0].get_texts(), *figure.texts]
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes._right_title]
    for text in texts:
        box = text.get_window_extent()
        assert room.contains(box.x0, box.y0), text.get_text()
        assert room.contains(box.x1, box.y1), text.get_text()


def test_an_inset_is_drawn_with_its_lines() -> None:
    lines = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(101, 20), (104, 18)])], crs=4326
    )
    figure = draw_cluster_map(boundaries(), one_year(), inset=Inset.around(lines))
    assert len(figure.axes[0].child_axes) == 1
    assert figure.axes[0].child_axes[0].get_xlabel() == ""


def test_cities_off_the_map_are_refused() -> None:
    with pytest.raises(AlignmentError, match="not on the map: '000'"):
        draw_cluster_map(boundaries().iloc[1:], one_year())


def test_years_and_headings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="years= cannot choose"):
        draw_cluster_map(boundaries(), one_year(), years=[2001])
    with pytest.raises(SpatialCoaggError, match="no year 1999"):
        draw_cluster_map(boundaries(), over_years(), years=[1999])
    with pytest.raises(SpatialCoaggError, match="'finance' is over years"):
        draw_cluster_map(boundaries(), {"finance": over_years()})
    with pytest.raises(SpatialCoaggError, match="one at least"):
        draw_cluster_map(boundaries(), {})
    with pytest.raises(SpatialCoaggError, match="columns must be 1 or more"):
        draw_cluster_map(boundaries(), over_years(), columns=0)


@pytest.mark.parametrize("sight", SIGHT)
def test_classes_differ_for_every_kind_of_sight(sight: str) -> None:
    moran = ("HH", "LL", "HL", "LH", "not significant", "no neighbours", "no data")
    geary = ("HH", "LL", "similar", "different", *moran[4:])
    for classes in (moran, geary):
        for first, second in combinations(classes, 2):
            apart = difference(CLASS_COLOURS[first], CLASS_COLOURS[second], sight)
            assert apart > 10, (first, second)


def test_a_figure_of_pixels_stands_inside_a_page() -> None:
    text = figure_png(draw_cluster_map(boundaries(), one_year()), dpi=40)
    assert "data:image/png;base64,iVBOR" in text
    # One map of 5.6 inches, 80 pixels each.
    assert text.startswith('<img style="--least: 448px" alt=""')
