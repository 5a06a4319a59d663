"""Laws of static panel models that hold for any data."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_coagg._typing import Effects
from spatial_coagg.models._static_sweep import Grouping, sweep
from spatial_coagg.models.between import fit_between
from spatial_coagg.models.fixed_effects import FixedEffectsFit, fit_fixed_effects
from spatial_coagg.models.pooled import fit_pooled
from spatial_coagg.models.random_effects import fit_random_effects
from spatial_coagg.tables.panel import Panel

ALL_EFFECTS: list[Effects] = ["none", "city", "year", "city-year"]
law = settings(deadline=None, max_examples=15)


@st.composite
def draw_rows(draw: st.DrawFn) -> pd.DataFrame:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cities, years = draw(st.integers(5, 9)), draw(st.integers(4, 6))
    keys = pd.MultiIndex.from_product(
        [[f"{number:03d}" for number in range(cities)], range(2004, 2004 + years)],
        names=["city", "year"],
    )
    city = np.repeat(rng.normal(size=cities), years)
    values = rng.normal(size=(len(keys), 3)) + city[:, None]
    frame = pd.DataFrame(values, keys, ["y", "a", "b"])
    kept = rng.random(len(keys)) > draw(st.sampled_from([0.0, 0.15]))
    return frame[kept].reset_index()


def fit(rows: pd.DataFrame, effects: Effects) -> FixedEffectsFit:
    panel = Panel.from_frame(rows, city="city", year="year")
    return fit_fixed_effects(panel, "y", ["a", "b"], effects=effects)


effects_drawn = st.sampled_from(ALL_EFFECTS)


@law
@given(draw_rows(), effects_drawn, st.integers(0, 99))
def test_order_of_rows_changes_no_digit(
    rows: pd.DataFrame, effects: Effects, seed: int
) -> None:
    shuffled = rows.sample(frac=1.0, random_state=seed)
    pd.testing.assert_frame_equal(
        fit(rows, effects).estimates, fit(shuffled, effects).estimates, rtol=0, atol=0
    )


@law
@given(draw_rows(), effects_drawn)
def test_names_of_cities_change_no_printed_digit(
    rows: pd.DataFrame, effects: Effects
) -> None:
    renamed = rows.assign(city=[f"{999 - int(city):03d}" for city in rows["city"]])
    first, second = fit(rows, effects), fit(renamed, effects)
    np.testing.assert_allclose(first.estimates, second.estimates, rtol=1e-8, atol=1e-12)
    assert first.facts["standard_errors"] == second.facts["standard_errors"]


@law
@given(draw_rows(), effects_drawn, st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_origin_of_a_driver_change_its_slope_only(
    rows: pd.DataFrame, effects: Effects, unit: float, origin: float
) -> None:
    first = fit(rows, effects)
    second = fit(rows.assign(a=unit * rows["a"] + origin), effects)
    columns = ["estimate", "standard_error"]
    expected = first.estimates.loc[["a", "b"], columns].copy()
    expected.loc["a"] /= unit
    found = second.estimates.loc[["a", "b"], columns]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(second.residuals, first.residuals, atol=1e-9)


@law
@given(draw_rows(), st.floats(-9, 9))
def test_what_is_constant_within_a_city_changes_no_slope(
    rows: pd.DataFrame, size: float
) -> None:
    moved = rows.assign(y=rows["y"] + size * rows["city"].astype(float))
    first, second = fit(rows, "city"), fit(moved, "city")
    np.testing.assert_allclose(first.slopes, second.slopes, atol=1e-9)


@law
@given(draw_rows(), effects_drawn)
def test_sweeping_twice_changes_nothing_and_leaves_no_mean(
    rows: pd.DataFrame, effects: Effects
) -> None:
    groups = Grouping(
        np.asarray(pd.factorize(rows["city"])[0], dtype=np.int64),
        np.asarray(pd.factorize(rows["year"], sort=True)[0], dtype=np.int64),
    )
    once = sweep(rows[["y", "a"]].to_numpy(), groups, effects)
    np.testing.assert_allclose(sweep(once, groups, effects), once, atol=1e-12)
    np.testing.assert_allclose(once.mean(axis=0), 0, atol=1e-12)
    if "year" in effects:
        by_year = pd.DataFrame(once).groupby(rows["year"].to_numpy()).mean()
        np.testing.assert_allclose(by_year, 0, atol=1e-12)
    if "city" in effects:
        by_city = pd.DataFrame(once).groupby(rows["city"].to_numpy()).mean()
        np.testing.assert_allclose(by_city, 0, atol=1e-12)


@law
@given(draw_rows())
def test_random_effects_lie_between_pooled_and_within_with_one_driver(
    rows: pd.DataFrame,
) -> None:
    panel = Panel.from_frame(rows, city="city", year="year")
    within = fit_fixed_effects(panel, "y", ["a"]).slopes["a"]
    between = fit_between(panel, "y", ["a"]).slopes["a"]
    random = fit_random_effects(panel, "y", ["a"]).slopes["a"]
    pooled = fit_pooled(panel, "y", ["a"]).slopes["a"]
    balanced = panel.is_balanced
    low, high = sorted([within, between])
    # A weighted mean of the two, exactly so where every city has the same years.
    slack = 1e-9 if balanced else 0.1 * (high - low) + 1e-9
    assert low - slack <= random <= high + slack
    assert low - slack <= pooled <= high + slack
