import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from spatial_witness import (
    Draw,
    codes_of,
    draw_panel,
    graph_of,
    nearest_matrix,
    real_interval,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, InferenceWarning, SpatialCoaggError
from spatial_coagg.models._spatial_error_moments import ErrorMoments, solve_moments
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.tables.panel import Panel

EFFECTS = ("none", "city", "year", "city-year")


def fit_of(draw: Draw, **options: Any) -> SpatialIVFit:  # noqa: ANN401
    drivers = options.pop("drivers", draw.names)
    with warnings.catch_warnings(action="ignore"):  # weak instruments
        return fit_spatial_iv(draw.panel, draw.graph, "y", drivers, **options)


def dummies_of(draw: Draw, effects: str) -> FloatArray:
    years, cities = draw.y.shape
    by_city = np.kron(np.ones((years, 1)), np.eye(cities))
    by_year = np.kron(np.eye(years), np.ones((cities, 1)))
    parts = [by_city] * ("city" in effects)
    parts += [by_year[:, len(parts) :]] * ("year" in effects)
    return np.hstack(parts or [np.ones((years * cities, 1))])


def projector(columns: FloatArray) -> FloatArray:
    return columns @ np.linalg.pinv(columns)


def written_out(
    draw: Draw,
    effects: str,
    *,
    endogenous: tuple[int, ...] = (),
    outside: FloatArray | None = None,
    spillovers: tuple[int, ...] = (),
    orders: int = 2,
) -> dict[str, Any]:
    """Solve two-stage least squares with dummies and dense projections."""
    big = np.kron(np.eye(len(draw.y)), draw.w)
    y, x = draw.y.ravel(), draw.x.reshape(draw.y.size, -1)
    d = dummies_of(draw, effects)
    lagged = big @ x[:, list(spillovers)]
    z = np.hstack([x, lagged, (big @ y)[:, None], d])
    inside = [k for k in range(x.shape[1]) if k not in endogenous]
    exogenous = np.hstack([x[:, inside], lagged])
    powers = [np.linalg.matrix_power(big, q + 1) @ exogenous for q in range(orders)]
    extra = np.zeros((len(y), 0)) if outside is None else outside.reshape(len(y), -1)
    h = np.hstack([exogenous, extra, *powers, d])
    p = projector(h)
    projected = p @ z
    slopes = np.linalg.lstsq(projected, y, rcond=None)[0]
    rest = y - z @ slopes
    kept = z.shape[1] - d.shape[1]
    degrees = len(y) - z.shape[1]
    bread = np.linalg.inv(projected.T @ projected)
    return {
        "slopes": slopes[:kept],
        "residuals": rest,
        "covariance": (rest @ rest / degrees * bread)[:kept, :kept],
        "scores": projected * rest[:, None],
        "bread": bread,
        "kept": kept,
        "degrees": degrees,
        "rows": len(y) - d.shape[1] * (effects != "none"),
        "sargan": rest @ p @ rest / (rest @ rest),
        "h": h,
        "z": z,
        "d": d,
    }


def ours(fit: SpatialIVFit) -> pd.DataFrame:
    """Return the estimates without the constant, rho last."""
    return fit.estimates.drop(index="constant", errors="ignore")


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("spillovers", [(), (1,)])
def test_estimates_are_two_stage_least_squares_written_out(
    effects: str, spillovers: tuple[int, ...]
) -> None:
    draw = draw_panel(n=14, t=6, rng=1)
    names = [f"x{place}" for place in spillovers]
    fit = fit_of(draw, effects=effects, spillovers=names)
    found = written_out(draw, effects, spillovers=spillovers)
    np.testing.assert_allclose(ours(fit)["estimate"], found["slopes"], rtol=1e-8)
    labels = list(ours(fit).index)
    np.testing.assert_allclose(
        fit.covariance.loc[labels, labels], found["covariance"], rtol=1e-7
    )
    np.testing.assert_allclose(
        fit.residuals.unstack("city").to_numpy().ravel(), found["residuals"], atol=1e-9
    )
    assert fit.rows == found["rows"]
    assert fit.overidentification is not None
    assert fit.overidentification.statistic == pytest.approx(
        found["sargan"] * found["rows"]
    )


@pytest.mark.parametrize("effects", EFFECTS)
def test_robust_errors_are_the_sandwich_written_out(effects: str) -> None:
    draw = draw_panel(n=14, t=6, rng=1)
    fit = fit_of(draw, effects=effects, covariance="robust")
    found = written_out(draw, effects)
    meat = found["scores"].T @ found["scores"]
    whole = found["bread"] @ meat @ found["bread"]
    kept, rows = found["kept"], found["rows"]
    size = len(fit.estimates)
    expected = whole[:kept, :kept] * rows / (rows - size)
    labels = list(ours(fit).index)
    np.testing.assert_allclose(fit.covariance.loc[labels, labels], expected, rtol=1e-7)


@pytest.mark.parametrize("effects", EFFECTS)
def test_clustered_errors_sum_the_scores_of_a_city(effects: str) -> None:
    draw = draw_panel(n=14, t=6, rng=1)
    fit = fit_of(draw, effects=effects, covariance="clustered")
    found = written_out(draw, effects)
    sums = found["scores"].reshape(6, 14, -1).sum(axis=0)
    whole = found["bread"] @ (sums.T @ sums) @ found["bread"]
    kept, rows, size = found["kept"], found["rows"], len(fit.estimates)
    factor = 14 / 13 * (rows - 1) / (rows - size)
    labels = list(ours(fit).index)
    np.testing.assert_allclose(
        fit.covariance.loc[labels, labels], factor * whole[:kept, :kept], rtol=1e-6
    )


def draw_endogenous(
    rng: int, *, n: int = 40, t: int = 5, strength: float = 1.0, broken: float = 0.0
) -> tuple[Panel, Draw, FloatArray]:
    """Draw a panel whose driver x0 shares the noise; `z` and `v` instrument it."""
    source, w = np.random.default_rng(rng), nearest_matrix(n, 4, 7)
    outside = source.standard_normal((t, n, 2))
    noise = source.standard_normal((t, n))
    x0 = strength * outside.sum(axis=2) + 0.8 * noise + source.standard_normal((t, n))
    x1 = source.standard_normal((t, n))
    effects = source.standard_normal(n) + source.standard_normal((t, 1))
    trend = x0 + 2 * x1 + effects + noise + broken * outside[:, :, 0]
    y = np.linalg.solve(np.eye(n) - 0.4 * w, trend.T).T
    draw = Draw(y, np.stack([x0, x1], axis=2), w, codes_of(n))
    frame = draw.panel.frame
    for place, name in enumerate(("z", "v")):
        frame[name] = outside[:, :, place].T.ravel()
    return (
        Panel.from_frame(frame.reset_index(), city="city", year="year"),
        draw,
        outside,
    )


OUTSIDE = {"endogenous": ["x0"], "instruments": ["z", "v"]}


def fit_endogenous(panel: Panel, draw: Draw, **options: Any) -> SpatialIVFit:  # noqa: ANN401
    with warnings.catch_warnings(action="ignore"):  # weak instruments of W y
        return fit_spatial_iv(panel, draw.graph, "y", draw.names, **OUTSIDE, **options)


@pytest.mark.parametrize("effects", EFFECTS)
def test_an_endogenous_driver_is_instrumented_as_written_out(effects: str) -> None:
    panel, draw, outside = draw_endogenous(3)
    fit = fit_endogenous(panel, draw, effects=effects)
    found = written_out(draw, effects, endogenous=(0,), outside=outside)
    np.testing.assert_allclose(ours(fit)["estimate"], found["slopes"], rtol=1e-7)
    assert fit.endogenous == ("x0", "W.y")
    # First stages: regress each endogenous column on all instruments, and without the
    # excluded ones.
    whole, own = (
        projector(found["h"]),
        projector(np.hstack([found["z"][:, [1]], found["d"]])),
    )
    for label, place in (("x0", 0), ("W.y", 2)):
        column = found["z"][:, place]
        after = column @ (column - whole @ column)
        before = column @ (column - own @ column)
        more = np.linalg.matrix_rank(found["h"]) - 1 - found["d"].shape[1]
        left = len(column) - np.linalg.matrix_rank(found["h"])
        f = (before - after) / more / (after / left)
        row = fit.first_stages.loc[label]
        assert row["degrees"] == more
        assert row["residual_degrees"] == left
        assert row["f"] == pytest.approx(f, rel=1e-6)
        assert row["partial_r2"] == pytest.approx(1 - after / before, rel=1e-6)


@pytest.mark.slow
def test_instruments_recover_the_truth_where_likelihood_is_biased() -> None:
    slopes, likelihood, rejected = [], [], []
    for seed in range(60):
        panel, draw, _ = draw_endogenous(seed)
        fit = fit_endogenous(panel, draw)
        slopes.append([fit.estimates["estimate"]["x0"], fit.rho])
        other = fit_spatial_panel(panel, draw.graph, "y", draw.names, model="sar")
        likelihood.append(other.slopes["x0"])
        assert fit.overidentification is not None
        rejected.append(fit.overidentification.p_value < 0.1)
    mean, error = np.mean(slopes, axis=0), np.std(slopes, axis=0) / np.sqrt(60)
    assert np.all(np.abs(mean - [1.0, 0.4]) < 0.01 + 3 * error)
    assert np.mean(likelihood) > 1.2
    # The test holds its level of ten per cent.
    assert 0.02 <= np.mean(rejected) <= 0.2


@pytest.mark.slow
@pytest.mark.parametrize("covariance", ["classical", "robust", "clustered"])
def test_an_instrument_inside_the_equation_is_found(covariance: str) -> None:
    rejected = []
    for seed in range(20):
        panel, draw, _ = draw_endogenous(seed, broken=0.6)
        test = fit_endogenous(panel, draw, covariance=covariance).overidentification
        assert test is not None
        rejected.append(test.p_value < 0.05)
    assert np.mean(rejected) > 0.8


def test_a_spillover_of_an_endogenous_driver_is_instrumented_too() -> None:
    panel, draw, outside = draw_endogenous(3)
    fit = fit_endogenous(panel, draw, spillovers=["x0"])
    assert "W.x0" in fit.endogenous
    assert {"W.z", "W.v"} <= set(fit.instruments)
    assert outside.shape[2] == 2


def test_an_exactly_identified_equation_has_no_test() -> None:
    panel, draw, _ = draw_endogenous(3)
    fit = fit_spatial_iv(
        panel, draw.graph, "y", draw.names, lag=False, endogenous=["x0"],
        instruments=["z"],
    )  # fmt: skip
    assert fit.overidentification is None
    assert fit.rho == 0


def moment_criterion(
    rest: FloatArray, w: FloatArray, years: int, sweep: FloatArray
) -> Any:  # noqa: ANN401
    """Return the squares of Kelejian and Prucha's three moments, dense."""
    big = np.kron(np.eye(len(rest)), w)
    u = rest.ravel()
    joint = np.kron(np.eye(len(rest)), sweep)
    size = np.trace(sweep) * years

    def gaps(theta: FloatArray) -> FloatArray:
        error, sigma2 = theta
        e = u - error * joint @ big @ u
        lagged = e @ (joint @ big).T
        inner = sweep @ w @ sweep
        moments = [
            e @ e / size - sigma2,
            lagged @ lagged / size
            - sigma2 * np.trace(inner.T @ inner) / np.trace(sweep),
            e @ lagged / size - sigma2 * np.trace(inner) / np.trace(sweep),
        ]
        return np.array(moments)

    return gaps


@pytest.mark.parametrize("effects", ["none", "city", "city-year"])
def test_lambda_solves_the_moments_written_out(effects: str) -> None:
    draw = draw_panel(n=25, t=6, error=0.5, rng=2)
    fit = fit_of(draw, effects=effects, lag=False, error=True)
    d = dummies_of(draw, effects)
    whole = np.hstack([draw.x.reshape(150, -1), d])
    y = draw.y.ravel()
    rest = (y - whole @ np.linalg.lstsq(whole, y, rcond=None)[0]).reshape(6, 25)
    sweep = np.eye(25) - 1 / 25 if "year" in effects else np.eye(25)
    gaps = moment_criterion(rest, draw.w, 6 - ("city" in effects), sweep)
    found = optimize.least_squares(gaps, [0.3, 1.0], xtol=1e-14, ftol=1e-14, gtol=1e-14)
    assert fit.error_lambda == pytest.approx(found.x[0], abs=1e-6)
    assert fit.sigma2 == pytest.approx(found.x[1], rel=1e-5)


def test_the_last_stage_is_that_of_the_filtered_columns() -> None:
    draw = draw_panel(n=25, t=6, error=0.5, rng=2)
    fit = fit_of(draw, effects="city", error=True)
    big = np.kron(np.eye(6), draw.w)
    b = np.eye(150) - fit.error_lambda * big
    y, x = draw.y.ravel(), draw.x.reshape(150, -1)
    d = dummies_of(draw, "city")
    z = np.hstack([x, (big @ y)[:, None]])
    m = np.eye(150) - projector(d)
    h = m @ np.hstack([b @ x, x, big @ x, big @ big @ x])
    projected = projector(h) @ m @ b @ z
    slopes = np.linalg.lstsq(projected, m @ b @ y, rcond=None)[0]
    np.testing.assert_allclose(fit.estimates["estimate"], slopes, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["city-year", "random"])
def test_lambda_and_rho_are_recovered(effects: str) -> None:
    w, found = nearest_matrix(60, 4, 1), []
    for seed in range(30):
        draw = draw_panel(n=60, t=6, rho=0.4, error=0.4, spillover=0.0, w=w, rng=seed)
        if effects == "random":
            # Without the year effects of the draw, which random city effects lack.
            x = draw.x - draw.x.mean(axis=1, keepdims=True)
            draw = Draw(draw.y - draw.y.mean(axis=1, keepdims=True), x, w, draw.codes)
        fit = fit_of(draw, effects=effects, error=True)
        found.append([fit.rho, fit.error_lambda])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(30)
    assert np.all(np.abs(mean - 0.4) < 0.05 + 3 * error)


@pytest.mark.parametrize("effects", ["city-year", "random"])
def test_order_of_rows_and_names_of_cities_change_nothing(effects: str) -> None:
    draw = draw_panel(n=14, t=6, rng=4)
    names = dict(zip(draw.codes, reversed(draw.codes), strict=True))
    frame = draw.panel.frame.reset_index()
    renamed = frame.assign(city=frame["city"].map(names)).sample(frac=1, random_state=1)
    with warnings.catch_warnings(action="ignore"):
        one = fit_of(draw, effects=effects, error=True)
        other = fit_spatial_iv(
            Panel.from_frame(renamed, city="city", year="year"),
            graph_of(draw.w[::-1, ::-1], draw.codes), "y", draw.names,
            effects=effects, error=True,
        )  # fmt: skip
    pd.testing.assert_frame_equal(one.estimates, other.estimates, rtol=1e-6)
    assert one.error_lambda == pytest.approx(other.error_lambda, rel=1e-6)


def test_units_of_a_driver_scale_its_slope_alone() -> None:
    draw = draw_panel(n=14, t=6, rng=4)
    scaled = Draw(draw.y, draw.x * np.array([1e4, 1.0]), draw.w, draw.codes)
    one, other = fit_of(draw), fit_of(scaled)
    ratio = one.estimates["estimate"] / other.estimates["estimate"]
    np.testing.assert_allclose(ratio, [1e4, 1.0, 1.0], rtol=1e-6)


def test_effects_take_an_iv_fit() -> None:
    fit = fit_of(draw_panel(n=14, t=6, rng=4), spillovers=["x0"])
    assert isinstance(fit, Fit)
    frame = spatial_effects(fit, method="delta").frame
    s = np.linalg.inv(np.eye(14) - fit.rho * fit.weights.lag.toarray())
    slopes = fit.slopes["x0"] * np.eye(14)
    slopes = slopes + fit.spillover_slopes["x0"] * fit.weights.lag.toarray()
    total = float((s @ slopes).sum()) / 14
    assert frame.loc[("total", "x0"), "estimate"] == pytest.approx(total)


def test_weak_instruments_are_told() -> None:
    panel, draw, _ = draw_endogenous(3, strength=0.02)
    with pytest.warns(InferenceWarning, match=r"instruments of 'x0'.* are weak"):
        fit_spatial_iv(panel, draw.graph, "y", draw.names, **OUTSIDE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lag": False}, "nothing is endogenous and the error has no neighbours"),
        ({"endogenous": ["x9"]}, "endogenous 'x9' are not among the drivers"),
        ({"spillovers": ["x9"]}, "spillovers 'x9' are not among the drivers"),
        ({"instruments": ["x1"], "endogenous": ["x0"]}, "instruments 'x1' are drivers"),
        (
            {"endogenous": ["x0"]},
            "1 endogenous drivers ('x0') need as many instruments",
        ),
        ({"instruments": ["z"]}, "but no driver is endogenous; name it in endogenous="),
        ({"orders": 0}, "orders must be 1 or more, got 0"),
        ({"drivers": []}, "a spatial model needs at least one driver"),
        ({"effects": "both"}, "effects must be one of"),
        ({"covariance": "hac"}, "covariance must be one of"),
        ({"moments": "some"}, "moments must be one of"),
        ({"random_method": "b2sls"}, "random_method must be one of"),
    ],
)
def test_terms_that_make_no_equation_are_refused(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=re.escape(told)):
        fit_of(draw_panel(), **options)


def test_columns_the_effects_take_are_refused() -> None:
    draw = draw_panel(n=14, t=6, rng=4)
    x = draw.x.copy()
    x[:, :, 1] = x[0, :, 1]
    told = "'x1' does not vary beyond its city-year effects"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes))


@pytest.mark.parametrize("effects", ["city-year", "random"])
def test_drivers_that_add_up_are_named(effects: str) -> None:
    draw = draw_panel(n=14, t=6, drivers=3, rng=4)
    x = draw.x.copy()
    x[:, :, 2] = x[:, :, 0] - x[:, :, 1]
    told = "'x2' is a linear combination of 'x0', 'x1'"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes), effects=effects)


def test_instruments_that_are_each_other_do_not_identify() -> None:
    panel, draw, outside = draw_endogenous(3)
    frame = panel.frame.reset_index()
    frame["v"] = draw.x[:, :, 1].T.ravel()
    told = "what the instruments and effects leave of their columns has rank 1"
    with pytest.raises(EstimationError, match=told):
        fit_spatial_iv(
            Panel.from_frame(frame, city="city", year="year"), draw.graph, "y",
            draw.names, lag=False, endogenous=["x0"], instruments=["v"],
        )  # fmt: skip
    assert outside.shape[2] == 2


def test_too_few_observations_are_refused() -> None:
    with pytest.raises(EstimationError, match="observations for"):
        fit_of(draw_panel(n=5, t=2, drivers=3))
    with pytest.raises(EstimationError, match="too few for random city effects"):
        fit_of(draw_panel(n=9, t=1), effects="random")


def test_random_effects_without_variance_are_told() -> None:
    # City means of everything are zero: less variance between cities than by chance.
    draw = draw_panel(n=20, t=4, error=0.0, rng=1)
    x = draw.x - 0.99 * draw.x.mean(axis=0)
    flat = Draw(draw.y - 0.99 * draw.y.mean(axis=0), x, draw.w, draw.codes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_spatial_iv(flat.panel, flat.graph, "y", flat.names, effects="random")
    told = [str(each.message) for each in caught]
    assert any("variance of the random city effects is not positive" in x for x in told)


@pytest.mark.parametrize(
    ("effects", "n", "t", "seed"), [("city-year", 8, 3, 6), ("random", 12, 4, 18)]
)
def test_lambda_at_its_bound_is_told(effects: str, n: int, t: int, seed: int) -> None:
    draw = draw_panel(
        n=n, t=t, drivers=1, rho=0.0, error=0.9, spillover=0.0,
        w=nearest_matrix(n, 3, 0), rng=seed,
    )  # fmt: skip
    with pytest.warns(InferenceWarning, match=r"lambda = \S+ lies at the bound"):
        fit = fit_spatial_iv(
            draw.panel, draw.graph, "y", ["x0"], lag=False, error=True,
            effects=effects,  # type: ignore[arg-type]
        )  # fmt: skip
    assert fit.error_lambda == pytest.approx(real_interval(draw.w)[1], abs=1e-4)
    assert np.isfinite(fit.estimates.to_numpy()).all()


def test_an_outcome_without_noise_within_cities_is_refused() -> None:
    draw = draw_panel(n=12, t=4, rng=1)
    y = draw.x @ np.array([1.0, 2.0]) + np.arange(12.0)
    exact = Draw(y, draw.x, draw.w, draw.codes)
    with pytest.raises(EstimationError, match="'y' exactly once its city effects are"):
        fit_of(exact, error=True, effects="random")


def test_an_outcome_in_large_units_is_not_without_noise() -> None:
    draw = draw_panel(n=12, t=4, rng=1)
    one, other = (
        fit_of(Draw(unit * draw.y, draw.x, draw.w, draw.codes)) for unit in (1.0, 1e15)
    )
    ratio = other.estimates["estimate"] / one.estimates["estimate"]
    np.testing.assert_allclose(ratio, [1e15, 1e15, 1.0], rtol=1e-6)


def test_moments_that_are_each_other_count_once() -> None:
    # Pairs of neighbours: W'W = WW = I, so that e'e and (We)'(We) are the same moment.
    w = np.kron(np.eye(6), [[0.0, 1.0], [1.0, 0.0]])
    draw = draw_panel(n=12, t=4, w=w, rho=0.0, spillover=0.0, rng=1)
    fit = fit_of(draw, lag=False, error=True, effects="random")
    z = np.hstack([draw.x.reshape(48, -1), np.ones((48, 1))])
    y = draw.y.ravel()
    rest = (y - z @ np.linalg.lstsq(z, y, rcond=None)[0]).reshape(4, 12)
    means = rest.mean(axis=0)
    blocks = [(rest - means, 3), (2 * means[None], 1)]

    def parts(u: FloatArray, rows: int, error: float) -> tuple[float, float]:
        """Return e'e and e'We over their rows."""
        e = u - error * u @ w.T
        return np.sum(e * e) / rows / 12, np.sum(e * (e @ w.T)) / rows / 12

    def criterion(error: float, scales: list[float]) -> float:
        gaps = [parts(u, rows, error)[1] for u, rows in blocks]
        return 3 * (gaps[0] / scales[0]) ** 2 + (gaps[1] / scales[1]) ** 2

    first = optimize.brentq(lambda x: parts(*blocks[0], x)[1], -0.999, 0.999)
    scales = [parts(u, rows, first)[0] for u, rows in blocks]
    found = optimize.minimize_scalar(
        criterion, bounds=(-0.999, 0.999), args=(scales,), options={"xatol": 1e-12}
    )
    assert fit.error_lambda == pytest.approx(found.x, abs=1e-6)
    assert fit.sigma2 == pytest.approx(parts(*blocks[0], found.x)[0], rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_search_for_lambda_finds_a_bound_that_is_best(seed: int) -> None:
    # Moments without a stationary point inside: their squares fall all the way.
    source = np.random.default_rng(seed)
    a, b = source.uniform(1, 2), source.uniform(0.1, 0.5)
    moments = ErrorMoments(
        np.array([a, 0.0, a]), np.array([b, 0.0, b]), np.zeros(3),
        np.array([[0.0], [1.0], [0.0]]),
    )  # fmt: skip
    error, _, at_bound = solve_moments(moments, (-1.0, 1.0), None)
    assert at_bound
    assert error == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"orders": 3, "lag": False, "error": True}, "orders= needs lag=True"),
        ({"moments": "weighted"}, "moments= needs error=True and effects="),
        ({"random_method": "g2sls"}, "random_method= needs effects="),
        ({"error_weights": "W"}, "error_weights= needs error=True"),
        ({"spillover_weights": "W"}, "spillover_weights= needs spillovers="),
    ],
)
def test_an_option_about_what_is_not_there_is_refused(
    options: dict[str, Any], told: str
) -> None:
    draw = draw_panel()
    for name in ("error_weights", "spillover_weights"):
        if name in options:
            options = {name: draw.graph}
    with pytest.raises(EstimationError, match=told):
        fit_of(draw, **options)


def test_a_table_says_which_errors_it_prints() -> None:
    assert fit_of(draw_panel(), covariance="robust").facts["standard_errors"] == (
        "robust"
    )


def test_instruments_that_are_weak_only_together_are_told() -> None:
    # Two instruments that are nearly one: each driver alone is predicted well.
    source, w = np.random.default_rng(2), nearest_matrix(40, 4, 7)
    z = source.standard_normal((5, 40, 2))
    z[:, :, 1] = z[:, :, 0] + 0.05 * z[:, :, 1]
    noise = source.standard_normal((5, 40, 3))
    x = z + 0.3 * noise[:, :, :2]
    y = x.sum(axis=2) + noise.sum(axis=2)
    draw = Draw(y, np.concatenate([x, z], axis=2), w, codes_of(40))
    with pytest.warns(InferenceWarning, match="'x0', 'x1' are weak together, though"):
        fit = fit_spatial_iv(
            draw.panel, draw.graph, "y", ["x0", "x1"], endogenous=["x0", "x1"],
            instruments=["x2", "x3"], lag=False,
        )  # fmt: skip
    assert (fit.first_stages["f"] > 100).all()
    assert fit.cragg_donald < 10
