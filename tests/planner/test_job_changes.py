"""Jobs that come or go: thetas by hand, drift elsewhere, and the multiplier."""

import numpy as np
import pandas as pd
import pytest
from ring_fits import fit_ring

from spatial_coagg.errors import (
    AlignmentError,
    DataWarning,
    ExtrapolationWarning,
    MissingColumnError,
    SpatialCoaggError,
)
from spatial_coagg.planner.job_changes import JobsBase, move_jobs
from spatial_coagg.planner.scenarios import what_if

NAMES = [f"c{number:02d}" for number in range(20)]
CITIES = pd.Index(NAMES, name="city")
YEARS = pd.Index([2012, 2013], name="year")


def jobs_table(*, others: tuple[str, ...] = ()) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([[*NAMES, *others], YEARS])
    index.names = ["city", "year"]
    parts = rng.integers(2_000, 9_000, size=(len(index), 3)).astype(float)
    table = pd.DataFrame(parts, index=index, columns=["making", "finance", "post"])
    return table.assign(total=table.sum(axis=1) + 30_000)


def base(**options: object) -> JobsBase:
    return JobsBase(jobs_table(), "making", ["finance", "post"], **options)  # type: ignore[arg-type]


def theta_by_hand(jobs: pd.DataFrame, nation: pd.Series) -> pd.Series:
    """Return theta of one year's jobs, step by step."""
    found = {}
    for city, row in jobs.iterrows():
        share = nation["making"] / nation["total"]
        a = row["making"] / row["total"] / share
        share = (nation["finance"] + nation["post"]) / nation["total"]
        b = (row["finance"] + row["post"]) / row["total"] / share
        found[city] = 1 - abs(a - b) / (a + b) + a + b
    return pd.Series(found)


@pytest.mark.parametrize("summed", [True, False])
def test_quotients_national_totals_and_thetas_are_recomputed(*, summed: bool) -> None:
    table = jobs_table(others=("z1",))
    nation = pd.DataFrame(table.groupby("year").sum() * 1.5)
    start = JobsBase(
        table, "making", ["finance", "post"], national=None if summed else nation
    )
    moved = move_jobs(
        start, {"c03": {"finance": 5000}, "z1": {"making": -1000}}, CITIES, YEARS
    )
    before = table.xs(2013, level="year").copy()
    after = before.copy()
    after.loc["c03", ["finance", "total"]] += 5000
    after.loc["z1", ["making", "total"]] -= 1000
    added = after.sum() - before.sum()
    totals = before.sum() if summed else nation.loc[2013]
    expected = theta_by_hand(before, totals)[NAMES]
    np.testing.assert_allclose(moved.before, expected, rtol=1e-12)
    expected = theta_by_hand(after, totals + added)[NAMES]
    np.testing.assert_allclose(moved.after, expected, rtol=1e-12)
    # The nation's share of services rises, so that others have relatively less.
    assert (moved.after != moved.before).all()


def test_quotients_of_other_cities_fall_a_little() -> None:
    moved = move_jobs(base(), {"c03": {"finance": 5000}}, CITIES, YEARS)
    others = CITIES.drop("c03")
    change = (moved.after - moved.before)[others]
    assert change.abs().max() < 0.1 * abs(moved.after["c03"] - moved.before["c03"])
    assert (change != 0).all()


def test_the_vector_of_changes_goes_through_the_multiplier() -> None:
    fit = fit_ring()
    # The jobs of this small nation are few: all quotients move by a per cent.
    with pytest.warns(ExtrapolationWarning, match=r"theta of a city \('c02'\) leaves"):
        found = what_if(
            fit, {"c03": {"finance": 2000}}, mode="jobs", jobs=base(), draws=20, rng=1
        )
    moved = move_jobs(base(), {"c03": {"finance": 2000}}, CITIES, YEARS)
    step = np.log(moved.after / moved.before)
    np.testing.assert_allclose(found.changes["step"], step, rtol=1e-12)
    w = fit.weights.lag.toarray()
    b, g = fit.slopes["ln_theta"], fit.spillover_slopes["ln_theta"]
    exact = np.linalg.solve(np.eye(20) - fit.rho * w, b * step + g * w @ step)
    np.testing.assert_allclose(
        found.effects.loc["total", "estimate"], exact, rtol=1e-10
    )
    assert len(found.changed) == 20
    # The fit has other years than the table, but for 2012 and 2013.
    assert found.cities["extrapolated"].notna().all()


def test_more_jobs_may_lower_theta_and_that_is_said() -> None:
    table = jobs_table()
    table.loc[("c03", 2013), ["making", "total"]] += 200_000
    start = JobsBase(table, "making", ["finance", "post"])
    with pytest.warns(DataWarning, match="more jobs lower theta of 'c03'"):
        found = what_if(
            fit_ring(),
            {"c03": {"making": 400_000}},
            mode="jobs",
            jobs=start,
            draws=9,
            rng=1,
        )
    assert found.changes.loc["c03", "step"] < 0
    assert found.notes[0].startswith("more jobs lower theta of 'c03' (")


def test_fewer_jobs_may_raise_theta_and_that_is_said() -> None:
    table = jobs_table()
    table.loc[("c03", 2013), ["making", "total"]] += 200_000
    start = JobsBase(table, "making", ["finance", "post"])
    moved = move_jobs(start, {"c03": {"making": -100_000}}, CITIES, YEARS)
    assert moved.after["c03"] > moved.before["c03"]
    assert moved.notes[0].startswith("fewer jobs raise theta of 'c03'")


def test_many_cities_against_their_jobs_are_counted() -> None:
    table = jobs_table()
    table.loc[(slice(None), 2013), ["making", "total"]] += 200_000
    nation = pd.DataFrame(jobs_table().groupby("year").sum() * 40)
    start = JobsBase(table, "making", ["finance", "post"], national=nation)
    changes = {name: {"making": -50_000} for name in NAMES[:7]}
    moved = move_jobs(start, changes, CITIES, YEARS)
    assert moved.notes[0].startswith("fewer jobs raise theta of 'c00'")
    assert "'c04'" in moved.notes[0]
    assert "and 2 more: theta rewards balance" in moved.notes[0]


def test_a_table_serves_as_well_as_a_mapping() -> None:
    table = pd.DataFrame(
        {"finance": [500.0, np.nan], "post": [-10, 20]}, index=["c03", "c04"]
    )
    nested = {"c03": {"finance": 500, "post": -10}, "c04": {"post": 20}}
    first = move_jobs(base(), table, CITIES, YEARS)
    second = move_jobs(base(), nested, CITIES, YEARS)
    pd.testing.assert_series_equal(first.after, second.after)


def test_total_may_be_the_sum_of_the_columns() -> None:
    table = jobs_table().drop(columns="total")
    start = JobsBase(table, "making", ["finance", "post"], total=None)
    summed = table.assign(total=table.sum(axis=1))
    given = JobsBase(summed, "making", ["finance", "post"])
    changes = {"c03": {"post": 800}}
    pd.testing.assert_series_equal(
        move_jobs(start, changes, CITIES, YEARS).after,
        move_jobs(given, changes, CITIES, YEARS).after,
    )
    nation = pd.DataFrame(summed.groupby("year").sum())
    by_nation = JobsBase(
        table,
        "making",
        ["finance", "post"],
        total=None,
        national=nation.drop(columns="total"),
    )
    pd.testing.assert_series_equal(
        move_jobs(by_nation, changes, CITIES, YEARS).after,
        move_jobs(given, changes, CITIES, YEARS).after,
    )


def test_groups_have_totals_of_their_own() -> None:
    within = pd.Series(["a"] * 10 + ["b"] * 10, index=CITIES)
    moved = move_jobs(base(within=within), {"c03": {"post": 900}}, CITIES, YEARS)
    still = (moved.after == moved.before).to_numpy()
    assert still.tolist() == [False] * 10 + [True] * 10


def test_another_year_may_be_chosen() -> None:
    assert base().at == 2013
    moved = move_jobs(base(year=2012), {"c03": {"post": 900}}, CITIES, YEARS)
    expected = base().thetas.xs(2012, level="year")
    np.testing.assert_allclose(moved.before, expected)
    with pytest.raises(AlignmentError, match="has no year 1999"):
        move_jobs(base(year=1999), {"c03": {"post": 900}}, CITIES, YEARS)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"c03": 10}, SpatialCoaggError, "must be a table or nested"),
        ({}, SpatialCoaggError, "names no jobs"),
        ({"x99": {"post": 1}}, AlignmentError, "the jobs table of 2013 lacks 1"),
        ({"c03": {"total": 1}}, MissingColumnError, "'total', which is no industry"),
        ({"c03": {"mining": 1}}, MissingColumnError, "it has 'making', 'finance'"),
        ({"c03": {"post": -1e6}}, SpatialCoaggError, "-1,000,000 cannot be"),
        ({"c03": {"post": "many"}}, SpatialCoaggError, "are no number: many"),
        ({"c03": {"post": np.inf}}, SpatialCoaggError, "are no number: inf"),
    ],
)
def test_senseless_changes_are_refused(
    changes: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        move_jobs(base(), changes, CITIES, YEARS)


def test_national_totals_must_count_persons_and_have_the_year() -> None:
    nation = pd.DataFrame(jobs_table().groupby("year").sum())
    with pytest.raises(SpatialCoaggError, match="national totals must count persons"):
        move_jobs(base(national=nation / 10_000), {"c03": {"post": 1}}, CITIES, YEARS)
    with pytest.raises(AlignmentError, match=r"national totals lack the years 2013"):
        move_jobs(base(national=nation.iloc[:1]), {"c03": {"post": 1}}, CITIES, YEARS)


def test_a_city_of_the_fit_without_theta_is_named() -> None:
    table = jobs_table()
    table.loc[("c04", 2013), "making"] = np.nan
    nation = pd.DataFrame(table.groupby("year").sum() * 2)
    start = JobsBase(table, "making", ["finance", "post"], national=nation)
    with pytest.raises(AlignmentError, match=r"no theta in 2013 before .* 'c04'"):
        move_jobs(start, {"c03": {"post": 1}}, CITIES, YEARS)
    with pytest.raises(SpatialCoaggError, match=r"'c04' has nan jobs in 'making'"):
        move_jobs(start, {"c04": {"making": 1}}, CITIES, YEARS)
