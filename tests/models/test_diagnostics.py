import numpy as np
import pandas as pd
import pytest
from static_data import as_panel, simulate_rows, simulated_panel

from spatial_coagg.errors import (
    EstimationError,
    MissingColumnError,
    MissingValueWarning,
    SpatialCoaggError,
)
from spatial_coagg.models.diagnostics import describe_panel, variance_inflation


def test_inflation_equals_regressions_of_each_driver_on_the_others() -> None:
    rows = simulate_rows()
    rows["c"] = rows["a"] + 0.3 * rows["y"]
    found = variance_inflation(as_panel(rows), ["a", "b", "c"])
    for driver in ("a", "b", "c"):
        others = [name for name in ("a", "b", "c") if name != driver]
        x = np.column_stack([rows[others], np.ones(len(rows))])
        y = rows[driver].to_numpy()
        left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        r2 = 1 - left @ left / np.sum((y - y.mean()) ** 2)
        assert found.frame["vif"][driver] == pytest.approx(1 / (1 - r2))
        assert found.frame["tolerance"][driver] == pytest.approx(1 - r2)
    assert found.frame["vif"].is_monotonic_decreasing
    assert found.mean == pytest.approx(found.frame["vif"].mean())


def test_inflation_is_of_the_rows_of_the_regression() -> None:
    rows = simulate_rows()
    rows.loc[:9, "y"] = np.nan
    with pytest.warns(MissingValueWarning, match="10 of 72"):
        with_outcome = variance_inflation(as_panel(rows), ["a", "b"], outcome="y")
    alone = variance_inflation(as_panel(rows.dropna()), ["a", "b"])
    pd.testing.assert_frame_equal(with_outcome.frame, alone.frame)


def test_single_driver_has_no_inflation() -> None:
    with pytest.raises(EstimationError, match="two drivers or more, got 'ab'"):
        variance_inflation(simulated_panel(), "ab")
    with pytest.raises(EstimationError, match="two drivers or more"):
        variance_inflation(simulated_panel(), ["a"])


@pytest.mark.parametrize("order", [["a", "b", "c"], ["c", "b", "a"]])
@pytest.mark.parametrize("outcome", [None, "y"])
def test_collinear_drivers_are_named(order: list[str], outcome: str | None) -> None:
    rows = simulate_rows()
    rows["c"] = 2 * rows["a"] - rows["b"]
    with pytest.raises(EstimationError, match="is collinear with"):
        variance_inflation(as_panel(rows), order, outcome=outcome)


def test_description_is_that_of_pandas_and_xtsum() -> None:
    rows = simulate_rows(missing=0.2)
    rows.loc[rows.index[2], "a"] = np.nan
    panel = as_panel(rows.assign(name="x"))
    found = describe_panel(panel)
    assert list(found.index) == ["y", "a", "b"]
    values = panel.frame["a"]
    assert found.loc["a", "observations"] == len(rows) - 1
    assert found.loc["a", "missing"] == 1
    assert found.loc["a", "sd"] == pytest.approx(values.std())
    means = values.groupby(level="city").mean()
    assert found.loc["a", "sd_between"] == pytest.approx(means.std())
    within = values - means.reindex(values.index, level="city")
    assert found.loc["a", "sd_within"] == pytest.approx(
        np.sqrt((within**2).sum() / (values.count() - 1))
    )
    assert found.loc["a", "max"] == values.max()


def test_description_keeps_the_order_asked_for() -> None:
    assert list(describe_panel(simulated_panel(), ["b", "y"]).index) == ["b", "y"]


def test_what_cannot_be_described_is_refused() -> None:
    panel = as_panel(simulate_rows().assign(name="x"))
    with pytest.raises(SpatialCoaggError, match="'name' holds no numbers"):
        describe_panel(panel, ["name"])
    with pytest.raises(MissingColumnError, match="no column 'roads'"):
        describe_panel(panel, ["roads"])
    with pytest.raises(SpatialCoaggError, match="infinite"):
        describe_panel(as_panel(simulate_rows().assign(a=np.inf)))
