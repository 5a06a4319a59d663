import re
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, InferenceWarning, SpatialCoaggError
from spatial_coagg.models.effect_draws import draw_jointly
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import WITH_SPILLOVERS

ALL = ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns")


def fit_of(model: str, *, draw: Draw | None = None, **options: Any) -> SpatialPanelFit:  # noqa: ANN401
    draw = draw_panel(n=15, t=6, rng=5) if draw is None else draw
    with warnings.catch_warnings(action="ignore"):
        return fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, model=model, **options
        )


def multiplier(fit: SpatialPanelFit, driver: str) -> FloatArray:
    """Return (I - rho W)^-1 (I b + W_x g), written out."""
    w, w_x = fit.weights.lag.toarray(), fit.weights.spillover.toarray()
    eye = np.eye(len(w))
    slopes = fit.slopes[driver] * eye + fit.spillover_slopes[driver] * w_x
    return np.asarray(np.linalg.inv(eye - fit.rho * w) @ slopes)


def averages(s: FloatArray) -> tuple[float, float, float]:
    direct, total = float(np.trace(s)) / len(s), float(s.sum()) / len(s)
    return direct, total - direct, total


def options_of(weights: str, model: str) -> dict[str, Any]:
    """Return weights that are row-standardised, others for W x, or neither."""
    if weights == "two":
        if model not in WITH_SPILLOVERS:
            pytest.skip("a model without W x takes no weights for it")
        return {"spillover_weights": graph_of(nearest_matrix(15, 5, 77))}
    if weights == "uneven":
        w = nearest_matrix(15, 3, 5) * np.linspace(0.3, 1.2, 15)[:, None]
        w[4] = 0.0
        return {"draw": draw_panel(n=15, t=6, w=w, rho=0.3, rng=5), "effects": "city"}
    return {}


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("weights", ["one", "two", "uneven"])
def test_effects_are_those_of_the_full_inverse(model: str, weights: str) -> None:
    fit = fit_of(model, **options_of(weights, model))
    found = spatial_effects(fit, method="delta")
    for driver in fit.drivers:
        s = multiplier(fit, driver)
        kinds = ("direct", "indirect", "total")
        for kind, value in zip(kinds, averages(s), strict=True):
            estimate = found.frame.loc[(kind, driver), "estimate"]
            assert estimate == pytest.approx(value, abs=1e-9)
        own = np.diag(s)
        np.testing.assert_allclose(
            found.received[driver], s.sum(axis=1) - own, atol=1e-9
        )
        np.testing.assert_allclose(found.given[driver], s.sum(axis=0) - own, atol=1e-9)
        indirect = found.frame.loc[("indirect", driver), "estimate"]
        assert found.received[driver].mean() == pytest.approx(indirect, abs=1e-9)
        assert found.given[driver].mean() == pytest.approx(indirect, abs=1e-9)


@pytest.mark.parametrize("model", ["sar", "sdm", "slx"])
@pytest.mark.parametrize("weights", ["one", "two", "uneven"])
def test_orders_are_the_terms_of_the_series(model: str, weights: str) -> None:
    fit = fit_of(model, **options_of(weights, model))
    orders = spatial_effects(fit, method="delta", orders=4).orders
    w, w_x = fit.weights.lag.toarray(), fit.weights.spillover.toarray()
    power = np.linalg.matrix_power
    for driver in fit.drivers:
        slope, lagged = fit.slopes[driver], fit.spillover_slopes[driver]
        for order in range(4):
            term = slope * power(fit.rho * w, order)
            if order > 0:
                term = term + lagged * power(fit.rho * w, order - 1) @ w_x
            row = orders.loc[(driver, order), ["direct", "indirect", "total"]]
            np.testing.assert_allclose(row, averages(term), atol=1e-12)


def test_order_zero_is_the_city_and_order_one_its_neighbours() -> None:
    fit = fit_of("slx")
    orders = spatial_effects(fit, method="delta", orders=3).orders
    for driver in fit.drivers:
        own, next_door, beyond = (orders.loc[(driver, q)] for q in range(3))
        assert own.to_list() == [fit.slopes[driver], 0.0, fit.slopes[driver]]
        assert next_door["direct"] == pytest.approx(0.0, abs=1e-12)
        assert next_door["indirect"] == pytest.approx(fit.spillover_slopes[driver])
        assert (beyond == 0).all()


def test_orders_add_up_to_the_effects() -> None:
    fit = fit_of("sdm")
    found = spatial_effects(fit, method="delta", orders=80)
    sums = found.orders.groupby(level="driver").sum()
    for kind in ("direct", "indirect", "total"):
        np.testing.assert_allclose(
            sums.loc[list(fit.drivers), kind],
            found.frame.loc[kind, "estimate"].loc[list(fit.drivers)],
            rtol=1e-8,
        )


@pytest.mark.parametrize("model", ["sar", "sdm", "slx", "gns"])
@pytest.mark.parametrize("weights", ["one", "two", "uneven"])
def test_delta_errors_are_those_of_numerical_gradients(
    model: str, weights: str
) -> None:
    fit = fit_of(model, **options_of(weights, model))
    found = spatial_effects(fit, method="delta").frame
    labels, at = list(fit.estimates.index), fit.estimates["estimate"].to_numpy()

    def effects_at(values: FloatArray, driver: str) -> FloatArray:
        table = fit.estimates.assign(estimate=values)
        return np.array(averages(multiplier(replace(fit, estimates=table), driver)))

    for driver in fit.drivers:
        gradient = np.empty((3, len(labels)))
        for place in range(len(labels)):
            step = np.zeros(len(labels))
            step[place] = 1e-6
            up, down = (effects_at(at + s * step, driver) for s in (1, -1))
            gradient[:, place] = (up - down) / 2e-6
        spread = np.sqrt(np.diag(gradient @ fit.covariance.to_numpy() @ gradient.T))
        errors = [
            found.loc[(kind, driver), "standard_error"]
            for kind in ("direct", "indirect", "total")
        ]
        np.testing.assert_allclose(errors, spread, rtol=1e-5)


@pytest.mark.parametrize("model", ["sar", "sdm", "slx"])
def test_simulated_errors_tend_to_the_delta_method(model: str) -> None:
    fit = fit_of(model)
    tight = replace(fit, covariance=fit.covariance / 400)
    delta = spatial_effects(tight, method="delta").frame
    drawn = spatial_effects(tight, draws=4000, rng=2)
    np.testing.assert_allclose(
        drawn.frame["standard_error"], delta["standard_error"], rtol=0.06
    )
    np.testing.assert_allclose(
        drawn.frame["lower"], delta["lower"], rtol=0.05, atol=0.02
    )
    assert drawn.draws is not None
    assert drawn.draws.shape == (4000, 6)
    assert spatial_effects(tight, method="delta").draws is None


def test_each_draw_is_an_effect_of_the_full_inverse() -> None:
    fit = fit_of("sdm")
    found = spatial_effects(fit, draws=5, rng=3)
    labels = ["x0", "x1", "W.x0", "W.x1", "rho"]
    values = fit.estimates["estimate"].loc[labels].to_numpy()
    root = np.linalg.cholesky(fit.covariance.loc[labels, labels].to_numpy())
    noise = np.random.default_rng(3).standard_normal((5, 5))
    sampled = values + noise @ root.T
    assert found.draws is not None
    for number, row in enumerate(sampled):
        table = pd.DataFrame({"estimate": row}, index=labels)
        one = replace(fit, estimates=table)
        for driver in fit.drivers:
            drawn = [
                found.draws[(kind, driver)].iloc[number]
                for kind in ("direct", "indirect", "total")
            ]
            np.testing.assert_allclose(
                drawn, averages(multiplier(one, driver)), rtol=1e-8
            )


@pytest.mark.parametrize("model", ["ols", "sem"])
def test_without_lag_and_spillovers_the_direct_effect_is_the_slope(model: str) -> None:
    fit = fit_of(model)
    frame = spatial_effects(fit, method="delta").frame
    np.testing.assert_allclose(frame.loc["direct", "estimate"], fit.slopes)
    np.testing.assert_allclose(
        frame.loc["direct", "standard_error"],
        fit.estimates["standard_error"].loc[list(fit.drivers)],
    )
    np.testing.assert_allclose(frame.loc["indirect", "estimate"], 0, atol=1e-12)
    assert frame.loc["indirect", "statistic"].isna().all()


def test_effects_in_a_sar_keep_one_ratio_of_indirect_to_direct() -> None:
    frame = spatial_effects(fit_of("sar"), method="delta").frame["estimate"]
    ratio = frame["indirect"] / frame["direct"]
    assert ratio["x0"] == pytest.approx(ratio["x1"])


def test_the_same_seed_gives_the_same_numbers() -> None:
    fit = fit_of("sdm")
    one, other = (spatial_effects(fit, draws=50, rng=9).frame for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_draws_outside_the_interval_are_counted_and_told() -> None:
    fit = fit_of("sdm")
    loose = replace(fit, covariance=fit.covariance * 30)
    told = r"\d+ of 1000 draws have a rho outside the admissible interval"
    with pytest.warns(InferenceWarning, match=told):
        found = spatial_effects(loose, rng=1)
    assert found.draws is not None
    assert 10 < found.rejected == 1000 - len(found.draws)


def test_mostly_inadmissible_draws_are_refused() -> None:
    fit = fit_of("sdm")
    loose = replace(fit, covariance=fit.covariance * 1e6)
    with pytest.raises(SpatialCoaggError, match="is estimated too loosely"):
        spatial_effects(loose, rng=1)


@pytest.mark.parametrize("options", [{"draws": 1}, {"orders": 0}, {"level": 1.0}])
def test_settings_without_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SpatialCoaggError, match="draws must be 2 or more"):
        spatial_effects(fit_of("sar"), **options)


@pytest.mark.parametrize("option", [{"draws": 5}, {"rng": 1}])
def test_the_delta_method_takes_no_options_of_draws(option: dict[str, int]) -> None:
    told = f'nothing is drawn by method="delta", so {next(iter(option))}= does not'
    with pytest.raises(EstimationError, match=told):
        spatial_effects(fit_of("sar"), method="delta", **option)


def test_an_unknown_method_is_refused() -> None:
    told = re.escape("method must be one of 'simulation', 'delta'; got 'exact'")
    with pytest.raises(SpatialCoaggError, match=told):
        spatial_effects(fit_of("sar"), method="exact")  # type: ignore[arg-type]


@pytest.mark.slow
def test_intervals_cover_the_true_effects() -> None:
    w, hits = nearest_matrix(25, 4, 3), []
    s = np.linalg.solve(np.eye(25) - 0.4 * w, np.eye(25) - 0.5 * w)
    truth = np.array(averages(s))
    for seed in range(100):
        draw = draw_panel(n=25, t=5, rho=0.4, error=0.0, w=w, rng=seed)
        frame = spatial_effects(fit_of("sdm", draw=draw), draws=200, rng=seed).frame
        rows = frame.xs("x0", level="driver")
        lower, upper = rows["lower"].to_numpy(), rows["upper"].to_numpy()
        hits.append((lower < truth) & (truth < upper))
    # 95 per cent, two standard errors of 100 replications either way.
    assert np.all(np.abs(np.mean(hits, axis=0) - 0.95) < 0.05)


def test_effects_of_a_fit_without_standard_errors_are_refused() -> None:
    fit = fit_of("sdm")
    unknown = fit.covariance.copy()
    unknown.loc["rho", "rho"] = np.nan
    fit = replace(fit, covariance=unknown)
    with pytest.raises(EstimationError, match="the fit has no standard errors"):
        spatial_effects(fit, method="delta")


def test_draws_follow_units_and_rounding_moves_them_as_little() -> None:
    draw = draw_panel(n=30, t=6, drivers=3, rng=2, rho=-0.3)
    fit = fit_of("sar", draw=draw, effects="city")
    one = spatial_effects(fit, draws=200, rng=1).frame["standard_error"]
    tenfold = fit_of("sar", draw=replace(draw, x=draw.x * 10), effects="city")
    other = spatial_effects(tenfold, draws=200, rng=1).frame["standard_error"]
    np.testing.assert_allclose(other * 10, one, rtol=1e-6)
    noise = np.random.default_rng(3).standard_normal(fit.covariance.shape) * 1e-18
    moved = replace(fit, covariance=fit.covariance + noise + noise.T)
    again = spatial_effects(moved, draws=200, rng=1).frame["standard_error"]
    np.testing.assert_allclose(again, one, rtol=1e-9)


def test_draws_have_the_covariance_where_estimates_depend_on_each_other() -> None:
    whole = np.zeros((4, 4))
    whole[1:, 1:] = np.outer([1.0, -2.0, 0.5], [1.0, -2.0, 0.5])
    whole[3, 3] += 4.0
    found, rejected = draw_jointly(
        np.arange(4.0), whole, 200_000, 1,
        is_usable=lambda each: np.ones(len(each), dtype=bool), reason="",
    )  # fmt: skip
    assert rejected == 0
    assert (found[:, 0] == 0).all()
    np.testing.assert_allclose(found[:, 2], 2 - 2 * (found[:, 1] - 1))
    np.testing.assert_allclose(np.cov(found.T), whole, atol=0.05)
