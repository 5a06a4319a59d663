"""What-if: against inverses for each draw, and the laws any answer must keep."""

import warnings

import numpy as np
import pandas as pd
import pytest
from ring_fits import fit_ring, ring, ring_panel

from spatial_coagg.errors import (
    AlignmentError,
    ExtrapolationWarning,
    MissingColumnError,
    SpatialCoaggError,
)
from spatial_coagg.models.dynamic_spatial import fit_dynamic_spatial
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.effects import (
    draw_estimates,
    spatial_effects,
)
from spatial_coagg.models.effects_over_time import dynamic_effects
from spatial_coagg.planner.reach import targets
from spatial_coagg.planner.scales import Scale, read_label
from spatial_coagg.planner.scenarios import what_if
from spatial_coagg.planner.variables import Variable


def test_every_number_is_that_of_an_inverse_for_each_draw() -> None:
    fit = fit_ring()
    found = what_if(fit, {"c03": 10, "c07": -20}, draws=80, level=0.8, rng=3)
    values, sampled, _ = draw_estimates(fit, 80, 3)
    step = np.zeros(20)
    step[[3, 7]] = np.log([1.1, 0.8])
    w, one = fit.weights.lag.toarray(), np.eye(20)
    parts: dict[str, list[object]] = {"own": [], "neighbours": [], "total": []}
    for draw in [values, *sampled]:
        s = np.linalg.inv(one - draw[-1] * w) @ (draw[0] * one + draw[2] * w)
        own = np.diag(s) * step
        parts["own"].append(own)
        parts["neighbours"].append(s @ step - own)
        parts["total"].append(s @ step)
    for name, rows in parts.items():
        point, drawn = rows[0], np.array(rows[1:])
        got = found.effects.loc[name]
        np.testing.assert_allclose(got["estimate"], point, atol=1e-13)
        for column, level in (("lower", 0.1), ("median", 0.5), ("upper", 0.9)):
            expected = np.quantile(drawn, level, axis=0)
            np.testing.assert_allclose(got[column], expected, atol=1e-13)
            summed = np.quantile(drawn.sum(axis=1), level)
            assert found.overall.loc[name, column] == pytest.approx(summed)
    told = 100 * np.expm1(np.quantile(np.array(parts["total"][1:]), 0.5, axis=0))
    np.testing.assert_allclose(found.cities["total"], told, atol=1e-11)


def test_raising_every_city_changes_the_outcome_by_the_total_effect() -> None:
    fit = fit_ring()
    found = what_if(fit, dict.fromkeys(fit.cities, 7.0), draws=50, rng=1)
    frame = spatial_effects(fit, draws=50, rng=1).frame
    for part, effect in (("total", "total"), ("own", "direct")):
        expected = frame.loc[(effect, "ln_theta"), "estimate"] * np.log(1.07)
        assert found.effects.loc[part, "estimate"].mean() == pytest.approx(expected)
        assert found.overall.loc[part, "estimate"] / 20 == pytest.approx(expected)


def test_one_city_sums_to_what_it_gives_and_its_own() -> None:
    fit = fit_ring()
    found = what_if(fit, {"c05": 10}, draws=50, rng=1)
    given = spatial_effects(fit, draws=50, rng=1).given.loc["c05", "ln_theta"]
    step = np.log(1.1)
    assert found.overall.loc["neighbours", "estimate"] == pytest.approx(given * step)
    own = found.effects.loc["own", "estimate"]
    assert (own.drop("c05") == 0).all()
    assert own["c05"] > 0
    assert found.changed.to_list() == ["c05"]


def test_answers_are_linear_in_the_logarithm_and_add_up() -> None:
    fit = fit_ring()
    once = what_if(fit, {"c05": 10}, draws=50, rng=1).effects
    twice = what_if(fit, {"c05": 100 * (1.1**2 - 1)}, draws=50, rng=1).effects
    pd.testing.assert_frame_equal(twice, 2 * once)
    other = what_if(fit, {"c09": 10}, draws=50, rng=1).effects["estimate"]
    both = what_if(fit, {"c05": 10, "c09": 10}, draws=50, rng=1).effects["estimate"]
    pd.testing.assert_series_equal(
        both["total"], once["estimate"]["total"] + other["total"]
    )


def test_ranks_and_zero_follow_the_interval() -> None:
    fit = fit_ring()
    cities = what_if(fit, {"c05": 10}, draws=200, rng=1).cities
    assert cities["rank"]["c05"] == 1
    ordered = cities.sort_values("rank")["total"]
    assert (ordered.diff().dropna() <= 1e-9).all()
    crossing = (cities["lower"] <= 0) & (cities["upper"] >= 0)
    assert (cities["includes_zero"] == crossing).all()
    # A ring of equals, all raised: nobody gains more than another.
    even = what_if(fit_ring(ring()), dict.fromkeys(fit.cities, 5.0), draws=20, rng=1)
    assert (even.cities["rank"] == 1).all()


def test_no_change_changes_nothing() -> None:
    found = what_if(fit_ring(), {"c05": 0}, draws=20, rng=1)
    assert (found.effects == 0).all(axis=None)
    assert found.cities["includes_zero"].all()
    assert (found.cities["rank"] == 1).all()


@pytest.mark.parametrize(
    ("outcome", "unit", "logged"),
    [
        ("ln_cr", "% of cr", True),
        ("ln(cr)", "% of cr", True),
        ("ln1p(patents)", "% of 1 + patents", True),
        ("ln1p_patents", "% of 1 + patents", True),
        ("cr", "cr", False),
    ],
)
def test_it_is_said_what_the_percentage_is_of(
    outcome: str, unit: str, *, logged: bool
) -> None:
    found = what_if(fit_ring(outcome=outcome), {"c05": 10}, draws=20, rng=1)
    median = found.effects.loc["total", "median"]
    assert found.unit == unit
    expected = 100 * np.expm1(median) if logged else median
    np.testing.assert_allclose(found.cities["total"], expected)


def thetas(values: float = 2.0) -> pd.Series:
    index = pd.MultiIndex.from_product(
        [[f"c{n:02d}" for n in range(20)], [2012, 2013]], names=["city", "year"]
    )
    series = pd.Series(values, index=index, name="theta")
    series["c00", 2012], series["c01", 2012] = 1.0, 3.0
    return series


@pytest.mark.parametrize(
    ("driver", "step"),
    [
        ("theta", 0.2),
        ("ln1p(theta)", np.log(3.2 / 3)),
        ("ln(theta)", np.log(1.1)),
        ("theta_high", 0.2),
    ],
)
def test_the_step_is_that_of_the_driver(driver: str, step: float) -> None:
    found = what_if(fit_ring(theta=driver), {"c05": 10}, theta=thetas(), draws=9, rng=1)
    assert found.changes.loc["c05", "step"] == pytest.approx(step)
    assert found.changes.loc["c05", "after"] == pytest.approx(2.2)
    assert (found.changes["step"].drop("c05") == 0).all()


def test_scale_may_be_given_where_names_do_not_tell() -> None:
    fit = fit_ring(theta="synergy", outcome="innovation")
    scale = Scale(Variable("theta", "ln"), Variable("innovation", "ln"))
    found = what_if(fit, {"c05": 10}, driver="synergy", scale=scale, draws=9, rng=1)
    assert found.unit == "% of innovation"
    assert found.changes.loc["c05", "step"] == pytest.approx(np.log(1.1))
    with pytest.raises(MissingColumnError, match="say which holds it by driver="):
        what_if(fit, {"c05": 10})
    with pytest.raises(MissingColumnError, match="no driver 'rail'"):
        what_if(fit, {"c05": 10}, driver="rail")
    with pytest.raises(SpatialCoaggError, match="scale's transform must be one of"):
        Scale(Variable("theta", "log"), Variable("x"))  # type: ignore[arg-type]


def test_labels_with_brackets_of_their_own_are_names() -> None:
    assert read_label("theta (finance)") == Variable("theta (finance)")
    assert read_label("ln_") == Variable("ln_")


def test_leaving_the_values_seen_is_flagged() -> None:
    fit = fit_ring()
    with pytest.warns(ExtrapolationWarning, match=r"theta of a city \('c05'\) leaves"):
        found = what_if(fit, {"c05": 60, "c06": 20}, theta=thetas(), draws=9, rng=1)
    flags = found.cities["extrapolated"]
    assert flags.index[flags].to_list() == ["c05"]
    assert found.notes[0].startswith(
        "theta of a city ('c05') leaves the values seen, 1"
    )
    with pytest.warns(ExtrapolationWarning, match="theta of 2 cities"):
        what_if(fit, {"c05": -60, "c06": 80}, theta=thetas(), draws=9, rng=1)


def test_without_theta_nobody_knows_what_was_seen() -> None:
    found = what_if(fit_ring(), {"c05": 600}, draws=9, rng=1)
    assert found.cities["extrapolated"].isna().to_list() == [
        city == "c05" for city in found.cities.index
    ]
    assert found.notes == ()


def test_theta_by_city_alone_serves() -> None:
    now = thetas().xs(2012, level="year")
    found = what_if(fit_ring(theta="theta"), {"c05": 10}, theta=now, draws=9, rng=1)
    assert found.changes.loc["c05", "step"] == pytest.approx(0.2)


def test_a_percentage_of_an_unknown_theta_is_refused() -> None:
    fit = fit_ring(theta="theta")
    with pytest.raises(AlignmentError, match=r"not known for 'c05'; give theta="):
        what_if(fit, {"c05": 10})
    with pytest.raises(AlignmentError, match=r"theta's index must be city or"):
        what_if(fit, {"c05": 10}, theta=pd.Series([1.0]))
    zero = thetas().xs(2013, level="year")
    zero["c05"] = 0.0
    scale = Scale(Variable("theta", "ln"), Variable("cr", "ln"))
    with pytest.raises(SpatialCoaggError, match=r"ln\(theta\) does not exist .* 'c05'"):
        scale.moved(zero, zero + 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "names no city"),
        ({"x99": 10}, "names 1 cities that the fit lacks: 'x99'"),
        ({"c05": -100}, "is to rise by -100.* per cent"),
        ({"c05": float("nan")}, "is to rise by nan per cent"),
        ({"c05": "much"}, "is to rise by much per cent"),
        (pd.Series([1, 2], index=["c05", "c05"]), "changes has 1 duplicated keys"),
        (pd.DataFrame({"a": [1]}), 'say mode="jobs"'),
    ],
)
def test_senseless_questions_are_refused(changes: object, message: str) -> None:
    with pytest.raises(SpatialCoaggError, match=message):
        what_if(fit_ring(), changes)  # type: ignore[arg-type]


def test_an_option_of_the_other_mode_is_refused() -> None:
    fit = fit_ring()
    with pytest.raises(SpatialCoaggError, match="jobs= has no use in mode 'synergy'"):
        what_if(fit, {"c05": 10}, jobs=object())  # type: ignore[arg-type]
    with pytest.raises(SpatialCoaggError, match="theta= has no use in mode 'jobs'"):
        what_if(fit, {"c05": {"a": 1}}, mode="jobs", theta=thetas())
    with pytest.raises(SpatialCoaggError, match="give jobs=JobsBase"):
        what_if(fit, {"c05": {"a": 1}}, mode="jobs")
    with pytest.raises(SpatialCoaggError, match="mode must be one of"):
        what_if(fit, {"c05": 10}, mode="money")  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_answer() -> None:
    fit = fit_ring()
    first = what_if(fit, {"c05": 10}, draws=20, rng=8).effects
    pd.testing.assert_frame_equal(
        first, what_if(fit, {"c05": 10}, draws=20, rng=8).effects
    )
    with warnings.catch_warnings(action="error"):
        other = what_if(fit, {"c05": 10}, draws=20, rng=9).effects
    assert not first["lower"].equals(other["lower"])


def fit_dynamic() -> DynamicSpatialFit:
    return fit_dynamic_spatial(ring_panel(), ring(), "ln_cr", ["ln_theta", "ln_gdp"])


def test_a_dynamic_model_tells_a_path_and_where_it_ends() -> None:
    fit = fit_dynamic()
    found = what_if(fit, {"c05": 10, "c08": 5}, years=60, draws=30, rng=1)
    assert found.path is not None
    assert found.horizon == "the long run, at the end of the path"
    years = found.path.index.get_level_values("years_after")
    assert years.max() == 60
    np.testing.assert_allclose(
        found.path.loc[60], found.effects.loc["total"], atol=1e-8
    )
    step = found.changes["step"].to_numpy()
    w, tau = fit.weights.lag.toarray(), fit.dynamics.previous
    row = fit.estimates["estimate"]
    force = row["ln_theta"] * step + row["W.ln_theta"] * w @ step
    s = np.eye(20) - row["rho"] * w
    first = np.linalg.solve(s, force)
    lagged = tau * first + fit.dynamics.lagged * w @ first
    second = np.linalg.solve(s, force + lagged)
    np.testing.assert_allclose(found.path.loc[0, "estimate"], first, atol=1e-12)
    np.testing.assert_allclose(found.path.loc[1, "estimate"], second, atol=1e-12)


def test_dynamic_answers_keep_the_laws_of_the_long_run() -> None:
    fit = fit_dynamic()
    found = what_if(fit, dict.fromkeys(fit.cities, 7.0), years=0, draws=30, rng=1)
    runs = dynamic_effects(fit, method="delta").frame["estimate"]
    for part, effect in (("total", "total"), ("own", "direct")):
        expected = runs["long-run", effect, "ln_theta"] * np.log(1.07)
        assert found.effects.loc[part, "estimate"].mean() == pytest.approx(expected)
    one = what_if(fit, {"c05": 7}, draws=30, rng=1)
    assert one.path is not None
    assert one.path.index.get_level_values("years_after").max() == 10
    sources = targets(fit, city="c04", percent=7, draws=30, rng=1).sources
    expected = 100 * np.expm1(one.effects.loc[("total", "c04"), "median"])
    assert sources.loc["c05", "median"] == pytest.approx(expected)


def test_years_belong_to_a_dynamic_model() -> None:
    with pytest.raises(SpatialCoaggError, match="years= has no use of a static model"):
        what_if(fit_ring(), {"c05": 10}, years=5)
    with pytest.raises(SpatialCoaggError, match="years must be 0 or more, got -1"):
        what_if(fit_dynamic(), {"c05": 10}, years=-1)
    assert what_if(fit_ring(), {"c05": 10}, draws=9, rng=1).path is None
