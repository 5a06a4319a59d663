import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from spatial_witness import Draw, nearest_matrix
from test_dynamic_spatial import draw_dynamic, fit_of

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, InferenceWarning, SpatialCoaggError
from spatial_coagg.models._dynamic_spatial import Dynamics
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.effect_draws import EffectMethod
from spatial_coagg.models.effects_over_time import KINDS, dynamic_effects


def standardised() -> DynamicSpatialFit:
    return fit_of(draw_dynamic(n=20, t=15, rng=2))


def uneven() -> DynamicSpatialFit:
    """Return a fit whose W is neither symmetric nor of equal row sums."""
    w = nearest_matrix(20, 3, 2) * np.linspace(0.2, 1.0, 20)[:, None]
    w[3] = 0.0
    return fit_of(draw_dynamic(n=20, t=15, w=w, rng=2), effects="city")


def symmetric() -> DynamicSpatialFit:
    """Return a fit whose W is symmetric but of unequal row sums."""
    w = (nearest_matrix(20, 3, 2) > 0) * 1.0
    w = np.maximum(w, w.T) / 6
    return fit_of(draw_dynamic(n=20, t=15, w=w, rng=2), effects="city")


def defective() -> DynamicSpatialFit:
    """Return a fit whose W has a Jordan block: each city has the next as neighbour."""
    w = np.diag(np.linspace(0.3, 0.9, 19), k=1)
    w[19, 0] = 1e-30
    return fit_of(draw_dynamic(n=20, t=15, w=w, rng=2), effects="city")


ALL = [standardised, uneven, symmetric, defective]


def matrices_of(fit: DynamicSpatialFit) -> tuple[FloatArray, FloatArray]:
    """Return S and A, written out."""
    w, dynamics = fit.weights.lag.toarray(), fit.dynamics
    s = np.eye(len(w)) - dynamics.rho * w
    past = dynamics.previous * np.eye(len(w)) + dynamics.lagged * w
    return s, np.linalg.solve(s, past)


def averages(matrix: FloatArray) -> list[float]:
    direct, total = np.trace(matrix) / len(matrix), matrix.sum() / len(matrix)
    return [direct, total - direct, total]


def slopes_of(fit: DynamicSpatialFit, driver: str) -> FloatArray:
    w, known = fit.weights.lag.toarray(), fit.estimates["estimate"]
    return known[driver] * np.eye(len(w)) + known[f"W.{driver}"] * w


@pytest.mark.parametrize("make", ALL)
def test_effects_are_those_of_the_inverses_written_out(make: object) -> None:
    fit = make()  # type: ignore[operator]
    found = dynamic_effects(fit, method="delta", horizon=4)
    s, a = matrices_of(fit)
    inverse = np.linalg.inv(s)
    for driver in fit.drivers:
        slopes = slopes_of(fit, driver)
        passing = [np.linalg.matrix_power(a, h) @ inverse @ slopes for h in range(5)]
        long_run = np.linalg.solve(np.eye(len(a)) - a, inverse @ slopes)
        for place, kind in enumerate(KINDS):
            once = [averages(each)[place] for each in passing]
            at = (kind, driver)
            np.testing.assert_allclose(found.passing.loc[at, "estimate"], once)
            np.testing.assert_allclose(
                found.lasting.loc[at, "estimate"], np.cumsum(once)
            )
            runs = found.frame["estimate"]
            assert runs["short-run", kind, driver] == pytest.approx(once[0])
            last = averages(long_run)[place]
            assert runs["long-run", kind, driver] == pytest.approx(last)


def test_total_path_is_what_simulated_histories_give() -> None:
    fit = standardised()
    s, a = matrices_of(fit)
    size = len(a)
    paths = np.zeros(4)
    for place in range(size):
        moved, rise = np.zeros(size), np.zeros(size)
        rise[place] = 1.0
        for year in range(4):
            shock = slopes_of(fit, "x1") @ rise * (year == 0)
            moved = a @ moved + np.linalg.solve(s, shock)
            paths[year] += moved.sum() / size
    found = dynamic_effects(fit, method="delta", horizon=3).passing
    np.testing.assert_allclose(found.loc[("total", "x1"), "estimate"], paths)


@pytest.mark.parametrize("make", ALL)
def test_lasting_effects_tend_to_the_long_run(make: object) -> None:
    fit = make()  # type: ignore[operator]
    found = dynamic_effects(fit, method="delta", horizon=200)
    last = found.lasting.xs(200, level="periods")
    long_run = found.frame.loc["long-run"]
    pd.testing.assert_frame_equal(last, long_run, rtol=1e-6, check_names=False)


@pytest.mark.parametrize("make", [standardised, uneven])
def test_simulated_errors_agree_with_the_delta_method(make: object) -> None:
    fit = make()  # type: ignore[operator]
    tight = replace(fit, covariance=fit.covariance / 100)
    delta = dynamic_effects(tight, method="delta", horizon=2)
    drawn = dynamic_effects(tight, draws=2000, rng=3, horizon=2)
    for one, other in (
        (delta.frame, drawn.frame),
        (delta.passing, drawn.passing),
        (delta.lasting, drawn.lasting),
    ):
        np.testing.assert_allclose(
            one["standard_error"], other["standard_error"], rtol=0.12
        )
        np.testing.assert_allclose(one["estimate"], other["estimate"])
        assert np.all(other["lower"] < other["upper"])
    assert drawn.rejected == 0


def test_delta_errors_are_those_of_derivatives_by_hand() -> None:
    fit = fit_of(draw_dynamic(n=20, t=15, rng=2), model="sar", previous_lag=False)
    found = dynamic_effects(fit, method="delta", horizon=1).frame
    # Total long-run effect b / (1 - tau - rho), W row-standardised.
    known = fit.estimates["estimate"]
    labels = ["previous.y", "x0", "rho"]
    left = 1 - known["previous.y"] - known["rho"]
    slope = known["x0"]
    gradient = np.array([slope / left**2, 1 / left, slope / left**2])
    spread = gradient @ fit.covariance.loc[labels, labels].to_numpy() @ gradient
    row = found.loc[("long-run", "total", "x0")]
    assert row["standard_error"] == pytest.approx(np.sqrt(spread), rel=1e-5)
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.959964 * spread**0.5)


def test_the_same_seed_gives_the_same_numbers() -> None:
    fit = standardised()
    one, other = (dynamic_effects(fit, draws=50, rng=5) for _ in range(2))
    pd.testing.assert_frame_equal(one.lasting, other.lasting)


def test_an_unstable_model_has_no_long_run() -> None:
    draw = draw_dynamic(rng=4, dynamics=Dynamics(0.8, 0.0, 0.3), t=12)
    with warnings.catch_warnings(action="ignore"):
        fit = fit_of(draw, effects="city", model="sar", previous_lag=False)
    with pytest.warns(InferenceWarning, match="it has no long-run effects"):
        found = dynamic_effects(fit, rng=1, draws=100)
    assert found.frame.loc["long-run"].isna().all(axis=None)
    assert found.frame.loc["short-run"]["estimate"].notna().all()


@pytest.mark.parametrize("method", ["simulation", "delta"])
def test_a_rho_outside_its_interval_has_no_effects(method: EffectMethod) -> None:
    fit = standardised()
    table = fit.estimates.copy()
    table.loc["rho", "estimate"] = 1.2
    with pytest.raises(EstimationError, match=r"rho = 1\.2000 lies outside"):
        dynamic_effects(replace(fit, estimates=table), method=method)


def test_draws_that_are_not_stable_are_counted() -> None:
    fit = standardised()
    loose = replace(fit, covariance=fit.covariance * 20)
    with pytest.warns(InferenceWarning, match=r"\d+ of 1000 draws are not stable"):
        found = dynamic_effects(loose, rng=1)
    assert 10 < found.rejected < 500


def test_mostly_unstable_draws_are_refused() -> None:
    fit = standardised()
    loose = replace(fit, covariance=fit.covariance * 10_000)
    with pytest.raises(EstimationError, match="estimated too loosely"):
        dynamic_effects(loose, rng=1)


@pytest.mark.parametrize(
    "options", [{"horizon": -1}, {"draws": 1}, {"level": 1.0}, {"level": 0.0}]
)
def test_settings_without_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(SpatialCoaggError, match="horizon must be 0 or more"):
        dynamic_effects(standardised(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", [{"draws": 5}, {"rng": 1}])
def test_the_delta_method_takes_no_options_of_draws(option: dict[str, int]) -> None:
    told = f'nothing is drawn by method="delta", so {next(iter(option))}= does not'
    with pytest.raises(EstimationError, match=told):
        dynamic_effects(standardised(), method="delta", **option)  # type: ignore[arg-type]


def test_an_unknown_method_is_refused() -> None:
    told = re.escape("method must be one of 'simulation', 'delta'; got 'bootstrap'")
    with pytest.raises(SpatialCoaggError, match=told):
        dynamic_effects(standardised(), method="bootstrap")  # type: ignore[arg-type]


def test_units_of_a_driver_scale_its_effects() -> None:
    draw = draw_dynamic(n=20, t=15, rng=2)
    scaled = Draw(draw.y, draw.x * 100, draw.w, draw.codes)
    one = dynamic_effects(fit_of(draw), method="delta").frame
    other = dynamic_effects(fit_of(scaled), method="delta").frame
    for column in ("estimate", "standard_error"):
        np.testing.assert_allclose(one[column], other[column] * 100, rtol=1e-5)
