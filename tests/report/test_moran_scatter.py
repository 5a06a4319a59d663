import numpy as np
import pytest
from cluster_examples import CODES, one_year, over_years, slope, weights
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from spatial_coagg.autocorrelation.hot_spots import local_getis_ord
from spatial_coagg.autocorrelation.local import local_moran
from spatial_coagg.errors import DataWarning, SpatialCoaggError
from spatial_coagg.report import fonts
from spatial_coagg.report.class_styles import CLASS_COLOURS
from spatial_coagg.report.moran_scatter import draw_moran_scatter


def names_in(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text() in CODES]


def test_the_line_has_the_slope_of_moran() -> None:
    local = one_year()
    axes = draw_moran_scatter(local, labels=0).axes[0]
    x, y = (np.asarray(data) for data in axes.lines[-1].get_data())
    z = slope() - slope().mean()
    moran = z @ (local.frame["lag"] - slope().mean()) / (z @ z)
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(moran, rel=1e-12)
    assert axes.get_title(loc="right") == f"Moran's I = {moran:.3f}"


def test_points_have_the_colours_of_their_classes_and_the_legend_counts_them() -> None:
    local = one_year()
    figure = draw_moran_scatter(local, labels=0)
    drawn = {to_hex(part.get_facecolor()[0]) for part in figure.axes[0].collections}
    clusters = local.frame["cluster"].astype(str)
    assert drawn == {CLASS_COLOURS[name] for name in clusters.unique()}
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert f"high among high (HH): {(clusters == 'HH').sum()}" in labels


def test_names_do_not_cover_each_other() -> None:
    axes = draw_moran_scatter(one_year(), labels=12).axes[0]
    assert len(names_in(axes)) == 12
    boxes = [text.get_window_extent() for text in axes.texts]
    for place, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:place])


def test_a_crowd_names_those_for_whom_there_is_room() -> None:
    long = dict.fromkeys(CODES, "a name as long as the plot is wide " * 4)
    axes = draw_moran_scatter(one_year(), labels=5, names=long).axes[0]
    assert len(axes.texts) == 4  # the corners alone


def test_a_city_unlike_its_neighbours_is_named_first() -> None:
    values = slope()
    values["054"] = -3.0  # low beside high
    local = local_moran(values, weights(), permutations=9999, fdr="none", rng=1)
    assert local.frame.loc["054", "cluster"] == "LH"
    axes = draw_moran_scatter(local, labels=1).axes[0]
    assert names_in(axes) == ["054"]


def test_years_stand_beside_each_other() -> None:
    figure = draw_moran_scatter(over_years(), years=[2001, 2003], labels=2, title="t")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["2001", "2003"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "high among high (HH)" in labels


def test_islands_are_not_drawn() -> None:
    local = one_year()
    frame = local.frame.copy()
    frame.loc["000", ["lag", "statistic", "p_value"]] = np.nan
    frame.loc["000", "cluster"] = "no neighbours"
    alone = type(local)("local Moran", "theta", frame, local.classes, 99, 0.05, "none")
    axes = draw_moran_scatter(alone, labels=0).axes[0]
    assert sum(len(part.get_offsets()) for part in axes.collections) == len(CODES) - 1


def test_another_statistic_is_refused() -> None:
    spots = local_getis_ord(slope() + 1, weights(), fdr="none", rng=1)
    with pytest.raises(SpatialCoaggError, match=r"one variable, not the Getis-Ord G\*"):
        draw_moran_scatter(spots)


def test_chinese_names_fall_back_to_english_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chinese, english = dict.fromkeys(CODES, "苏州"), dict.fromkeys(CODES, "Suzhou")
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    with pytest.warns(DataWarning, match="no installed font shows Chinese"):
        figure = draw_moran_scatter(
            one_year(), labels=2, names=chinese, fallback=english
        )
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("Suzhou") == 2


def test_a_chinese_font_is_used_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, english = {"320500": "苏州"}, {"320500": "Suzhou"}
    monkeypatch.setattr(fonts, "chinese_font", lambda: "Noto Sans CJK SC")
    found = fonts.readable_names(names, english)
    assert found.names == names
    assert found.families[0] == "Noto Sans CJK SC"
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)
    with pytest.warns(DataWarning, match="the figure has codes"):
        assert fonts.readable_names(names).names == {"320500": "320500"}


def test_chinese_font_is_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = fonts.font_manager
    monkeypatch.setattr(manager, "get_font_names", lambda: ["Arial", "SimHei"])
    assert fonts.chinese_font() == "SimHei"
    monkeypatch.setattr(manager, "get_font_names", lambda: ["Arial"])
    assert fonts.chinese_font() is None
