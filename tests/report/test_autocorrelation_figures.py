import numpy as np
import pytest
from cluster_examples import YEARS, rising, weights

from spatial_coagg.autocorrelation.moran import moran_by_year
from spatial_coagg.report.autocorrelation_figures import draw_moran_by_year


def test_the_line_is_moran_and_the_band_is_two_errors_wide() -> None:
    found = moran_by_year(rising(), "theta", weights(), permutations=0)
    axes = draw_moran_by_year(found).axes[0]
    x, y = axes.lines[0].get_data()
    assert list(x) == list(YEARS)
    assert list(y) == list(found.frame["statistic"])
    band = axes.collections[0].get_paths()[0].vertices
    first = band[band[:, 0] == YEARS[0], 1]
    error = np.sqrt(found.frame["variance_randomisation"].iloc[0])
    assert np.ptp(first) == pytest.approx(2 * 1.959964 * error, rel=1e-6)
    assert first.max() + first.min() == pytest.approx(2 * -1 / 63)


def test_several_stand_under_their_headings_on_one_scale() -> None:
    found = moran_by_year(rising(), "theta", weights(), permutations=0)
    figure = draw_moran_by_year({"finance": found, "leasing": found, "low": found})
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "finance",
        "leasing",
        "low",
    ]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_the_scale_is_written_where_nothing_stands_below() -> None:
    found = moran_by_year(rising(), "theta", weights(), permutations=0)
    figure = draw_moran_by_year(dict.fromkeys("abc", found), columns=2)
    figure.draw_without_rendering()
    written = [
        any(
            label.get_visible() and label.get_text() for label in axes.get_xticklabels()
        )
        for axes in figure.axes
    ]
    assert written == [False, True, True]
