import itertools
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gmm_witness import Array, witness

from spatial_coagg.errors import (
    EstimationError,
    InferenceWarning,
    MissingColumnError,
    MissingValueWarning,
    SpatialCoaggError,
)
from spatial_coagg.models.fit import ESTIMATE_COLUMNS, Fit
from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.gmm_result import DynamicGmmFit, LagBounds
from spatial_coagg.models.instruments import (
    GmmInstruments,
    InstrumentGroup,
    StandardInstruments,
)
from spatial_coagg.models.system_gmm import fit_dynamic_gmm
from spatial_coagg.tables.panel import Panel

DIFFERENCE = GmmMethod(equations="difference")
INSTRUMENTS = (GmmInstruments("y", lags=(2, 3)), StandardInstruments("w"))


def simulate(
    years: int, cities: int, seed: int, *, persistence: float = 0.5
) -> tuple[Array, Array]:
    """Draw y and w, both (T, N), in their long-run state."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=cities)
    w = rng.normal(size=(years + 30, cities)) + 0.5 * effect
    y = np.zeros((years + 30, cities))
    for t in range(1, years + 30):
        noise = rng.normal(size=cities) * np.exp(0.3 * rng.normal(size=cities))
        y[t] = persistence * y[t - 1] + 0.7 * w[t] + effect + noise
    return y[30:], w[30:]


def as_frame(**arrays: Array) -> pd.DataFrame:
    first = next(iter(arrays.values()))
    years, cities = np.indices(first.shape).reshape(2, -1)
    columns = {name: array.ravel() for name, array in arrays.items()}
    return pd.DataFrame({"city": cities + 100, "year": years + 2001, **columns})


def as_panel(**arrays: Array) -> Panel:
    return Panel.from_frame(as_frame(**arrays), city="city", year="year")


def fit_quietly(
    panel: Panel,
    *,
    drivers: tuple[str, ...] = ("w",),
    instruments: tuple[InstrumentGroup, ...] = INSTRUMENTS,
    method: GmmMethod = DIFFERENCE,
    year_dummies: bool = False,
    outcome_lags: int = 1,
) -> DynamicGmmFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_dynamic_gmm(
            panel,
            "y",
            drivers,
            instruments=instruments,
            method=method,
            year_dummies=year_dummies,
            outcome_lags=outcome_lags,
            ar_orders=3,
        )


def with_gaps(years: int, cities: int) -> tuple[Array, Array, Panel]:
    """Draw a panel with late starts, early ends and holes; absent rows are nan."""
    y, w = simulate(years, cities, seed=3)
    rng = np.random.default_rng(4)
    absent = rng.random(y.shape) < 0.08
    absent[:2, ::5] = True
    absent[-2:, 1::6] = True
    y[absent] = w[absent] = np.nan
    frame = as_frame(y=y, w=w).dropna()
    return y, w, Panel.from_frame(frame, city="city", year="year")


@pytest.mark.parametrize(
    ("equations", "transformation", "weighting", "collapse"),
    list(
        itertools.product(
            ("difference", "system"),
            ("differences", "deviations"),
            (1, 2, 3),
            (False, True),
        )
    ),
)
def test_gaps_and_every_option_equal_a_loop_over_cities(
    equations: str,
    transformation: str,
    weighting: int,
    collapse: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    y, w, panel = with_gaps(years=7, cities=45)
    slow = witness(
        y,
        w,
        lags=(2, 3),
        collapse=collapse,
        system=equations == "system",
        deviations=transformation == "deviations",
        weighting=weighting,
    )
    two = GmmMethod(equations, transformation, weighting=weighting)  # type: ignore[arg-type]
    groups = (
        GmmInstruments("y", lags=(2, 3), collapse=collapse),
        StandardInstruments("w"),
    )
    fits = {
        (steps, covariance): fit_quietly(
            panel,
            instruments=groups,
            method=replace(two, steps=steps, covariance=covariance),
        )
        for steps, covariance in itertools.product(
            ("one-step", "two-step"), ("robust", "classical")
        )
    }
    for key, coefficients, covariance in (
        (("one-step", "robust"), slow.one_step, slow.one_robust),
        (("one-step", "classical"), slow.one_step, slow.one_classical),
        (("two-step", "robust"), slow.two_step, slow.two_corrected),
        (("two-step", "classical"), slow.two_step, slow.two_uncorrected),
    ):
        fit = fits[key]
        np.testing.assert_allclose(fit.estimates["estimate"], coefficients, rtol=1e-8)
        np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-7, atol=1e-12)
        assert fit.sargan.statistic == pytest.approx(slow.sargan, rel=1e-8)
        assert fit.hansen.statistic == pytest.approx(slow.hansen, rel=1e-7)
    corrected = fits["two-step", "robust"]
    np.testing.assert_allclose(corrected.ar_tests["statistic"], slow.ar, rtol=1e-7)


def test_more_instruments_than_cities_use_the_moore_penrose_inverse() -> None:
    y, w = simulate(years=9, cities=14, seed=5)
    slow = witness(
        y, w, lags=(2, 8), collapse=False, system=True, deviations=False, weighting=3
    )
    fit = fit_quietly(
        as_panel(y=y, w=w),
        instruments=(GmmInstruments("y", lags=(2, 8)), StandardInstruments("w")),
        method=GmmMethod(),
    )
    assert fit.instruments > fit.cities
    assert fit.weighting_inverse == "Moore-Penrose"
    np.testing.assert_allclose(fit.estimates["estimate"], slow.two_step, rtol=1e-7)
    np.testing.assert_allclose(fit.covariance, slow.two_corrected, rtol=1e-6)
    assert fit.hansen.statistic == pytest.approx(slow.hansen, rel=1e-7)


def test_collinear_instruments_are_counted_once() -> None:
    y, w = simulate(years=7, cities=60, seed=24)
    panel = as_panel(y=y, w=w, double=2 * w)
    once = fit_quietly(panel)
    twice = fit_quietly(
        panel, instruments=(*INSTRUMENTS, StandardInstruments("double"))
    )
    assert twice.instruments == once.instruments
    assert twice.weighting_inverse == "inverse"
    np.testing.assert_allclose(twice.estimates, once.estimates, rtol=1e-8)
    np.testing.assert_allclose(twice.covariance, once.covariance, rtol=1e-8)
    assert twice.hansen.statistic == pytest.approx(once.hansen.statistic, rel=1e-8)
    # Without one of the two nothing is lost, so there is nothing to test.
    assert list(twice.difference_in_hansen.index) == []
    assert list(once.difference_in_hansen.index) == ["iv(w)"]


def test_a_group_without_which_nothing_is_identified_has_no_test() -> None:
    y, w = simulate(6, 40, seed=25)
    half = np.arange(40) < 20
    fit = fit_quietly(
        as_panel(y=y, w=np.where(half, w, 0.0), z=np.where(half, 0.0, w)),
        instruments=(GmmInstruments("z", lags=(1, 2)), StandardInstruments("w")),
        outcome_lags=0,
    )
    assert "iv(w)" not in fit.difference_in_hansen.index


def test_an_order_beyond_the_panel_has_no_serial_correlation_test() -> None:
    y, w = simulate(5, 60, seed=26)
    fit = fit_quietly(as_panel(y=y, w=w), instruments=(INSTRUMENTS[0], INSTRUMENTS[1]))
    assert np.isnan(fit.ar_tests.loc[3, "statistic"])
    assert "ar3" not in fit.facts


def test_deviations_equal_differences_with_every_lag_and_no_gap() -> None:
    # Arellano and Bover (1995): the deviations are an orthogonal combination of the
    # differences and the instruments of a year are those of all later years.
    y, w = simulate(years=7, cities=60, seed=6)
    panel = as_panel(y=y, w=w)
    instruments = (
        GmmInstruments("y", lags=(2, None)),
        GmmInstruments("w", lags=(2, None)),
    )
    one = GmmMethod(equations="difference", steps="one-step")
    differenced = fit_quietly(panel, instruments=instruments, method=one)
    deviated = fit_quietly(
        panel,
        instruments=instruments,
        method=replace(one, transformation="deviations"),
    )
    np.testing.assert_allclose(
        differenced.estimates["estimate"], deviated.estimates["estimate"], rtol=1e-9
    )
    np.testing.assert_allclose(differenced.covariance, deviated.covariance, rtol=1e-8)


def test_year_dummies_equal_columns_of_dummies() -> None:
    _, _, panel = with_gaps(years=7, cities=50)
    years = range(2003, 2008)
    frame = panel.frame
    calendar = frame.index.get_level_values("year")
    dummies = pd.DataFrame(
        {f"d{year}": (calendar == year).astype(float) for year in years},
        index=frame.index,
    )
    names = tuple(dummies.columns)
    wide = panel.with_columns(dummies)
    ours = fit_quietly(panel, year_dummies=True)
    first = [f"d{year}" for year in years]
    by_hand = fit_quietly(
        wide,
        drivers=("w", *first),
        instruments=(*INSTRUMENTS, StandardInstruments(first)),
    )
    assert list(ours.estimates.index) == [
        "previous.y",
        "w",
        *(f"year.{year}" for year in years),
    ]
    np.testing.assert_allclose(ours.estimates, by_hand.estimates, rtol=1e-9)
    system = fit_quietly(panel, method=GmmMethod(), year_dummies=True)
    level = StandardInstruments(names[1:], equation="level")
    by_hand = fit_quietly(
        wide,
        drivers=("w", *names),
        instruments=(*INSTRUMENTS, StandardInstruments(names, equation="level")),
        method=GmmMethod(),
    )
    assert level.label.endswith("level)")
    shared = [label for label in system.estimates.index if "year" not in label]
    np.testing.assert_allclose(
        system.estimates.loc[shared], by_hand.estimates.loc[shared], rtol=1e-8
    )
    assert "iv(year dummies)" in system.difference_in_hansen.index
    deviated = fit_quietly(
        panel,
        method=replace(DIFFERENCE, transformation="deviations"),
        year_dummies=True,
    )
    assert [label for label in deviated.estimates.index if "year" in label] == [
        f"year.{year}" for year in years
    ]


def test_order_of_rows_and_of_cities_changes_no_digit() -> None:
    _, _, panel = with_gaps(years=7, cities=40)
    shuffled = panel.frame.sample(frac=1, random_state=1).reset_index()
    again = Panel.from_frame(shuffled, city="city", year="year")
    ours, other = fit_quietly(panel), fit_quietly(again)
    pd.testing.assert_frame_equal(ours.estimates, other.estimates, check_exact=True)
    pd.testing.assert_frame_equal(
        ours.difference_in_hansen, other.difference_in_hansen, check_exact=True
    )
    assert ours.facts == other.facts


def test_units_of_a_driver_only_scale_its_coefficient() -> None:
    y, w = simulate(years=7, cities=60, seed=7)
    plain = fit_quietly(as_panel(y=y, w=w), method=GmmMethod())
    large = fit_quietly(as_panel(y=y, w=w * 1e9), method=GmmMethod())
    assert large.instruments == plain.instruments
    np.testing.assert_allclose(
        large.estimates.loc["w", "estimate"] * 1e9,
        plain.estimates.loc["w", "estimate"],
        rtol=1e-7,
    )
    np.testing.assert_allclose(
        large.estimates.loc["previous.y"], plain.estimates.loc["previous.y"], rtol=1e-6
    )
    assert large.hansen.statistic == pytest.approx(plain.hansen.statistic, rel=1e-6)


def test_long_run_effects_are_sums_over_what_remains() -> None:
    y, w = simulate(years=8, cities=80, seed=8)
    fit = fit_quietly(
        as_panel(y=y, w=w),
        drivers=("w", "previous.w"),
        instruments=(
            GmmInstruments("y", lags=(2, 4)),
            StandardInstruments(["w", "previous.w"]),
        ),
        outcome_lags=2,
    )
    names = ["previous.y", "previous2.y", "w", "previous.w"]

    def effect(b: Array) -> float:
        return float((b[2] + b[3]) / (1 - b[0] - b[1]))

    b = fit.estimates.loc[names, "estimate"].to_numpy()
    steps = np.eye(4) * 1e-6
    gradient = np.array([(effect(b + s) - effect(b - s)) / 2e-6 for s in steps])
    variance = gradient @ fit.covariance.loc[names, names].to_numpy() @ gradient
    row = fit.long_run.loc["w"]
    assert row["estimate"] == pytest.approx(effect(b), rel=1e-12)
    assert row["standard_error"] == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_small_uses_t_and_f_with_the_cities_as_degrees_of_freedom() -> None:
    panel = as_panel(**dict(zip("yw", simulate(7, 40, seed=9), strict=True)))
    large = fit_quietly(panel, method=GmmMethod())
    small = fit_quietly(panel, method=GmmMethod(small=True))
    rows, cities, k = large.observations, large.cities, len(large.estimates)
    factor = (rows - 1) / (rows - k) * cities / (cities - 1)
    np.testing.assert_allclose(small.covariance, large.covariance * factor)
    assert small.wald.residual_degrees == cities - 1
    assert small.wald.statistic == pytest.approx(
        large.wald.statistic / factor / large.wald.degrees
    )
    assert small.ar_tests.equals(large.ar_tests)
    one = GmmMethod(
        equations="difference", steps="one-step", covariance="classical", small=True
    )
    classical = fit_quietly(panel, method=one)
    assert classical.wald.residual_degrees == classical.observations - 2
    plain = fit_quietly(panel, method=replace(one, small=False))
    rows = plain.observations
    np.testing.assert_allclose(
        classical.covariance, plain.covariance * rows / (rows - 2)
    )
    assert classical.sigma2 == pytest.approx(plain.sigma2 * rows / (rows - 2))


def test_iterating_ends_where_another_step_changes_nothing() -> None:
    panel = as_panel(**dict(zip("yw", simulate(7, 80, seed=10), strict=True)))
    fit = fit_quietly(panel, method=replace(DIFFERENCE, steps="iterated"))
    assert 2 < fit.steps < 1000
    further = fit_quietly(
        panel, method=replace(DIFFERENCE, steps="iterated", most_steps=fit.steps + 1)
    )
    np.testing.assert_allclose(fit.estimates, further.estimates, rtol=1e-9)
    assert "iterated" in fit.title
    with pytest.warns(InferenceWarning, match="still change after 2 steps|3 steps"):
        fit_dynamic_gmm(
            panel,
            "y",
            ["w"],
            instruments=INSTRUMENTS,
            method=replace(DIFFERENCE, steps="iterated", most_steps=3),
        )


def test_one_group_per_equation_equals_both() -> None:
    panel = as_panel(**dict(zip("yw", simulate(7, 60, seed=11), strict=True)))
    both = fit_quietly(panel, method=GmmMethod())
    split = fit_quietly(
        panel,
        instruments=(
            GmmInstruments("y", lags=(2, 3), equation="difference"),
            GmmInstruments("y", lags=(1, 1), equation="level"),
            StandardInstruments("w"),
        ),
        method=GmmMethod(),
    )
    np.testing.assert_allclose(split.estimates, both.estimates, rtol=1e-8)
    table = split.difference_in_hansen
    np.testing.assert_allclose(
        table.loc["gmm(y, lag 1, level)"], table.loc["gmm for the level equation"]
    )


def test_standard_instruments_of_one_equation_leave_the_other_alone() -> None:
    panel = as_panel(**dict(zip("yw", simulate(7, 60, seed=12), strict=True)))
    counts = {}
    for equation in ("both", "difference", "level"):
        group = StandardInstruments("w", equation=equation)  # type: ignore[arg-type]
        fit = fit_quietly(
            panel, instruments=(INSTRUMENTS[0], group), method=GmmMethod()
        )
        counts[equation] = fit.estimates.loc["w", "estimate"]
        assert fit.instrument_groups[group.label] == 1
    assert len(set(counts.values())) == 3


def test_estimates_recover_the_truth_on_average() -> None:
    draws = [
        fit_quietly(
            as_panel(**dict(zip("yw", simulate(7, 120, seed=seed), strict=True))),
            instruments=(
                GmmInstruments("y", lags=(2, 3), collapse=True),
                # w is correlated with the city effect, its changes are not.
                StandardInstruments("w", equation="difference"),
            ),
            method=GmmMethod(),
        ).estimates
        for seed in range(100, 125)
    ]
    for label, truth in (("previous.y", 0.5), ("w", 0.7)):
        values = np.array([draw.loc[label, "estimate"] for draw in draws])
        errors = np.array([draw.loc[label, "standard_error"] for draw in draws])
        standard = values.std(ddof=1) / np.sqrt(len(values))
        # The bias of system GMM at 120 cities is of the order of a tenth of its error.
        assert abs(values.mean() - truth) < 3 * standard + 0.1 * errors.mean()
        assert np.mean(np.abs(values - truth) < 1.96 * errors) >= 0.8


def test_fit_answers_the_protocol() -> None:
    panel = as_panel(**dict(zip("yw", simulate(7, 60, seed=13), strict=True)))
    fit = fit_quietly(panel, method=GmmMethod())
    assert isinstance(fit, Fit)
    assert tuple(fit.estimates.columns) == ESTIMATE_COLUMNS
    assert fit.title == "System GMM (two-step, first differences)"
    assert fit.facts["observations"] == 60 * 6
    assert fit.facts["standard_errors"] == "Windmeijer"
    assert fit.facts["hansen_df"] == fit.instruments - 3
    assert fit.lag_bounds is not None
    assert fit.facts["lag_pooled"] == fit.lag_bounds.pooled
    np.testing.assert_allclose(
        np.sqrt(np.diag(fit.covariance)), fit.estimates["standard_error"]
    )
    assert fit.wald.statistic > fit.wald_of_drivers.statistic
    assert fit.wald.degrees == fit.wald_of_drivers.degrees == 2


def test_bounds_are_least_squares_with_and_without_city_dummies() -> None:
    y, w, panel = with_gaps(years=7, cities=30)
    fit = fit_quietly(panel)
    before = np.vstack([np.full(y.shape[1], np.nan), y[:-1]])
    there = np.isfinite(y) & np.isfinite(w) & np.isfinite(before)
    city = np.indices(y.shape)[1][there]
    drivers = np.column_stack([before[there], w[there]])
    pooled = np.linalg.lstsq(
        np.column_stack([drivers, np.ones(len(city))]), y[there], rcond=None
    )[0]
    dummies = (city[:, None] == np.unique(city)).astype(float)
    within = np.linalg.lstsq(np.hstack([drivers, dummies]), y[there], rcond=None)[0]
    assert fit.lag_bounds is not None
    assert fit.lag_bounds.pooled == pytest.approx(pooled[0], rel=1e-9)
    assert fit.lag_bounds.within == pytest.approx(within[0], rel=1e-9)
    assert LagBounds(0.2, 0.3, 0.4).is_inside
    assert not LagBounds(0.2, 0.5, 0.4).is_inside


def test_no_lag_of_the_outcome_is_a_static_model() -> None:
    panel = as_panel(**dict(zip("yw", simulate(6, 40, seed=14), strict=True)))
    fit = fit_quietly(
        panel,
        instruments=(GmmInstruments("w", lags=(1, 2)),),
        outcome_lags=0,
        method=GmmMethod(constant=False),
    )
    assert list(fit.estimates.index) == ["w"]
    assert fit.lag_bounds is None
    assert "lag_pooled" not in fit.facts
    np.testing.assert_allclose(fit.long_run, fit.estimates)


def test_lags_may_be_chosen_one_by_one() -> None:
    panel = as_panel(**dict(zip("yw", simulate(8, 60, seed=15), strict=True)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = fit_dynamic_gmm(
            panel,
            "y",
            ["previous2.w"],
            instruments=[
                GmmInstruments("y", lags=(2, 3)),
                StandardInstruments("previous2.w"),
            ],
            outcome_lags=(2,),
            method=DIFFERENCE,
        )
    assert list(fit.estimates.index) == ["previous2.y", "previous2.w"]
    assert fit.lag_bounds is None


def test_a_lag_that_is_a_column_is_taken_as_it_stands() -> None:
    y, w = simulate(7, 60, seed=16)
    panel = as_panel(y=y, w=w)
    computed = panel.with_columns(panel.previous(["w"]))
    groups = (GmmInstruments("y", lags=(2, 3)), StandardInstruments("previous.w"))
    ours = fit_quietly(panel, drivers=("previous.w",), instruments=groups)
    theirs = fit_quietly(computed, drivers=("previous.w",), instruments=groups)
    np.testing.assert_allclose(ours.estimates, theirs.estimates)


def test_missing_values_are_left_out_and_said() -> None:
    y, w = simulate(7, 60, seed=17)
    w[3, 5] = np.nan
    complete = as_frame(y=y, w=w).dropna()
    with pytest.warns(MissingValueWarning, match=r"1 of 420 rows lack a value of 'w'"):
        fit = fit_dynamic_gmm(
            as_panel(y=y, w=w), "y", ["w"], instruments=INSTRUMENTS, method=DIFFERENCE
        )
    assert fit.observations == 60 * 5 - 2
    kept = fit_quietly(Panel.from_frame(complete, city="city", year="year"))
    assert kept.observations < fit.observations  # the row also carried a lag of y


def test_a_gap_in_an_instrument_alone_costs_no_row() -> None:
    y, w = simulate(7, 60, seed=18)
    z = w + 1.0
    z[2, :3] = np.nan
    group = GmmInstruments("z", lags=(1, 2))
    fit = fit_quietly(as_panel(y=y, w=w, z=z), instruments=(*INSTRUMENTS, group))
    assert fit.observations == 60 * 5


def refuse(message: str, panel: Panel, **options: object) -> None:
    asked: dict[str, Any] = {
        "drivers": ["w"],
        "instruments": INSTRUMENTS,
        "method": DIFFERENCE,
    }
    asked.update(options)
    with pytest.raises(EstimationError, match=message):
        fit_dynamic_gmm(panel, "y", asked.pop("drivers"), **asked)


def test_impossible_models_are_refused_with_the_way_out() -> None:
    y, w = simulate(6, 40, seed=19)
    region = np.tile(np.arange(40.0) % 3, (6, 1))
    cycle = np.tile(np.arange(6.0)[:, None] ** 2, (1, 40))
    panel = as_panel(y=y, w=w, v=2 * w + y * 0, region=region, cycle=cycle)
    refuse("too few years: of 2 years", panel.restricted_to(years=[2001, 2002]))
    refuse("too few years: of 3", panel.restricted_to(years=[2001, 2003]))
    refuse("previous6.y reaches 6 years back", panel, outcome_lags=6)
    refuse("outcome_lags must be 0 or more", panel, outcome_lags=-1)
    refuse("outcome_lags must be 0 or more", panel, outcome_lags=[0])
    refuse("instrument set is empty", panel, instruments=[])
    refuse("nothing to estimate", panel, drivers=[], outcome_lags=0)
    refuse("'w' occurs twice", panel, drivers=["w", "w"])
    refuse("'previous.y' occurs twice", panel, drivers=["previous.y"])
    refuse("'y' occurs twice", panel, drivers=["y"])
    refuse("v is collinear with 'w'", panel, drivers=["w", "v"])
    refuse("region does not vary within a city", panel, drivers=["region"])
    refuse(
        "year.2006 is collinear with 'cycle'",
        panel,
        drivers=["cycle"],
        year_dummies=True,
        instruments=[GmmInstruments("y", lags=(2, 3)), StandardInstruments("cycle")],
    )
    deep = GmmInstruments("w", lags=(6, None))
    refuse("lags 6-.* are empty", panel, instruments=[INSTRUMENTS[0], deep])
    refuse("1 instruments cannot identify 2", panel, instruments=[INSTRUMENTS[1]])
    level = StandardInstruments("w", equation="level")
    refuse("serves the level equation", panel, instruments=[INSTRUMENTS[0], level])
    constant = panel.with_columns(panel.frame[["y"]].rename(columns={"y": "c"}) * 0)
    with pytest.raises(EstimationError, match="outcome 'c' never changes"):
        fit_dynamic_gmm(
            constant,
            "c",
            ["w"],
            instruments=[StandardInstruments("w")],
            outcome_lags=0,
            method=DIFFERENCE,
        )


def test_instruments_that_do_not_move_with_a_driver_are_refused() -> None:
    y, w = simulate(6, 40, seed=20)
    # Half the cities carry w, the other half the instruments.
    half = np.arange(40) < 20
    panel = as_panel(y=y, w=np.where(half, w, 0.0), z=np.where(half, 0.0, w))
    refuse(
        "identify 0 of the 1 coefficients",
        panel,
        outcome_lags=0,
        instruments=[GmmInstruments("z", lags=(1, 2))],
    )


def test_data_that_cannot_be_used_are_refused() -> None:
    y, w = simulate(6, 40, seed=21)
    panel = as_panel(y=y, w=w)
    words = panel.with_columns(pd.Series("a", index=panel.frame.index, name="word"))
    refuse("column 'word' holds", words, drivers=["word"])
    refuse("no rows", Panel(panel.frame.iloc[:0]))
    with pytest.raises(MissingColumnError, match="no column 'roads'"):
        fit_dynamic_gmm(panel, "y", ["roads"], instruments=INSTRUMENTS)
    w[2, 2] = np.inf
    with pytest.raises(SpatialCoaggError, match="infinite"):
        fit_dynamic_gmm(as_panel(y=y, w=w), "y", ["w"], instruments=INSTRUMENTS)
    empty = as_panel(y=y, w=np.full_like(w, np.nan))
    with pytest.warns(MissingValueWarning, match="240 of 240 rows"):
        refuse("too few years", empty)


def test_doubtful_estimates_warn() -> None:
    y, w = simulate(9, 14, seed=5)
    many = [GmmInstruments("y"), StandardInstruments("w")]
    with pytest.warns(InferenceWarning) as caught:
        fit_dynamic_gmm(as_panel(y=y, w=w), "y", ["w"], instruments=many)
    messages = " / ".join(str(warning.message) for warning in caught)
    assert "instruments for 14 cities" in messages
    assert "symptom of too many instruments" in messages
    assert "Moore-Penrose inverse was used" in messages
    rng = np.random.default_rng(22)
    walk = np.cumsum(rng.normal(size=(7, 80)), axis=0)
    with pytest.warns(InferenceWarning, match=r"AR\(1\) is not rejected"):
        fit_dynamic_gmm(
            as_panel(y=walk),
            "y",
            [],
            instruments=[GmmInstruments("y", lags=(2, 2), collapse=True)],
            method=DIFFERENCE,
        )


def test_an_estimate_outside_the_bounds_warns_with_all_three() -> None:
    y, w = simulate(7, 60, seed=23)
    levels = StandardInstruments("w", equation="level")
    with pytest.warns(InferenceWarning, match=r"outside the interval from the within"):
        fit_dynamic_gmm(
            as_panel(y=y, w=w),
            "y",
            ["w"],
            instruments=[GmmInstruments("w", lags=(0, 0)), levels],
            method=GmmMethod(steps="one-step"),
        )


def test_options_are_checked_when_they_are_made() -> None:
    with pytest.raises(SpatialCoaggError, match="equation must be one of"):
        GmmInstruments("y", equation="levels")  # type: ignore[arg-type]
    with pytest.raises(SpatialCoaggError, match="first lag of 0 or more"):
        GmmInstruments("y", lags=(3, 2))
    with pytest.raises(SpatialCoaggError, match="first lag of 0 or more"):
        GmmInstruments("y", lags=(-1, 2))
    with pytest.raises(SpatialCoaggError, match="names no variable"):
        StandardInstruments([])
    with pytest.raises(SpatialCoaggError, match="steps must be one of"):
        GmmMethod(steps="three-step")  # type: ignore[arg-type]
    with pytest.raises(SpatialCoaggError, match="most_steps must be 2 or more"):
        GmmMethod(most_steps=1)


@pytest.mark.parametrize(
    ("lags", "level_lag"),
    [((2, None), 1), ((1, 3), 0), ((0, None), 0), ((0, 2), 0), ((0, 0), -1)],
)
def test_level_equation_uses_the_change_one_lag_before_the_first(
    lags: tuple[int, int | None], level_lag: int
) -> None:
    assert GmmInstruments("y", lags=lags).level_lag == level_lag


def test_titles_and_names_say_what_was_done() -> None:
    classical = GmmMethod(steps="one-step", covariance="classical")
    assert classical.covariance_name == "classical"
    assert (
        replace(classical, covariance="robust").covariance_name == "clustered by city"
    )
    assert replace(classical, steps="two-step").covariance_name == "uncorrected"
    assert GmmInstruments(["y", "w"], lags=(2, 2)).label == "gmm(y w, lag 2)"
