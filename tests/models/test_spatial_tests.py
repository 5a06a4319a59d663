from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from spatial_witness import Draw, draw_panel, graph_of, helmert, nearest_matrix

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.errors import AlignmentError, EstimationError, WeightsError
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.models._spatial_tests import LeastSquares
from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_tests import Convention, lagrange_multiplier_tests
from spatial_coagg.tables.panel import Panel

EFFECTS: tuple[Effects, ...] = ("none", "city", "year", "city-year")


def derivative(
    function: Callable[[FloatArray], FloatArray], place: FloatArray
) -> FloatArray:
    """Return central differences, one row for each parameter."""
    steps = np.eye(len(place)) * 1e-5
    rows = [(function(place + step) - function(place - step)) / 2e-5 for step in steps]
    return np.array(rows, dtype=np.float64)


class Dense:
    """The transformed model with lag and error, N(m, O), every matrix NT x NT."""

    def __init__(
        self, draw: Draw, effects: Effects, error_w: FloatArray, *, spill: bool
    ) -> None:
        years, cities = draw.y.shape
        by_city, by_year = "city" in effects, "year" in effects
        f_time = helmert(years) if by_city else np.eye(years)
        f_city = helmert(cities) if by_year else np.eye(cities)
        z = draw.x
        if spill:
            lagged = np.einsum("nm,tmk->tnk", draw.w, draw.x[:, :, :1])
            z = np.concatenate([z, lagged], axis=2)
        if effects == "none":
            z = np.concatenate([z, np.ones((*draw.y.shape, 1))], axis=2)
        turn = np.kron(f_time, f_city).T
        self.y = turn @ draw.y.ravel()
        self.z = turn @ z.reshape(years * cities, -1)
        small = f_time.shape[1]
        self.w = np.kron(np.eye(small), f_city.T @ draw.w @ f_city)
        self.w_error = np.kron(np.eye(small), f_city.T @ error_w @ f_city)

    def split(self, place: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        """Return A, B and sigma2 of (slopes, rho, lambda, sigma2)."""
        rho, lam, sigma2 = place[-3:]
        eye = np.eye(len(self.y))
        return eye - rho * self.w, eye - lam * self.w_error, float(sigma2)

    def height(self, place: FloatArray) -> FloatArray:
        """Return the log-likelihood."""
        a, b, sigma2 = self.split(place)
        noise = b @ (a @ self.y - self.z @ place[:-3])
        inside = np.linalg.slogdet(a)[1] + np.linalg.slogdet(b)[1]
        size = len(self.y)
        height = (
            float(inside)
            - size / 2 * np.log(2 * np.pi * sigma2)
            - noise @ noise / 2 / sigma2
        )
        return np.array(height, dtype=np.float64)

    def mean(self, place: FloatArray) -> FloatArray:
        a, _, _ = self.split(place)
        return np.asarray(np.linalg.solve(a, self.z @ place[:-3]), dtype=np.float64)

    def covariance(self, place: FloatArray) -> FloatArray:
        a, b, sigma2 = self.split(place)
        root = np.linalg.inv(b @ a)
        return np.asarray(sigma2 * root @ root.T)

    def information(self, place: FloatArray) -> FloatArray:
        precision = np.linalg.inv(self.covariance(place))
        means = derivative(self.mean, place)
        bends = [precision @ d for d in derivative(self.covariance, place)]
        halves = [[0.5 * np.sum(a * b.T) for b in bends] for a in bends]
        return np.asarray(means @ precision @ means.T + np.array(halves))

    def statistic(self, place: FloatArray, left_out: tuple[str, ...]) -> float:
        """Return the score statistic; parameters neither free nor left out are zero."""
        size = len(place)
        at = {"rho": size - 3, "lambda": size - 2}
        free = [*range(size - 3), *(at[name] for name in left_out), size - 1]
        free += [at[name] for name in at if name not in left_out and place[at[name]]]
        score = derivative(self.height, place)[free]
        inside = self.information(place)[np.ix_(free, free)]
        return float(score @ np.linalg.solve(inside, score))

    def least_squares(self) -> FloatArray:
        slopes = np.linalg.lstsq(self.z, self.y, rcond=None)[0]
        left = self.y - self.z @ slopes
        return np.array([*slopes, 0.0, 0.0, left @ left / len(left)])


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize("spill", [False, True])
def test_statistics_are_those_of_a_dense_likelihood(
    effects: Effects,
    spill: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    error_w = nearest_matrix(9, 2, rng=5)
    draw = draw_panel(n=9, t=4, rng=3)
    found = lagrange_multiplier_tests(
        draw.panel, draw.graph, "y", draw.names, effects=effects,
        spillovers=draw.names[:1] if spill else (), error_weights=graph_of(error_w),
        convention="debarsy-ertur",
    )  # fmt: skip
    dense = Dense(draw, effects, error_w, spill=spill)
    place = dense.least_squares()
    lag, error = dense.statistic(place, ("rho",)), dense.statistic(place, ("lambda",))
    joint = dense.statistic(place, ("rho", "lambda"))
    assert found.lag.statistic == pytest.approx(lag, rel=1e-6)
    assert found.error.statistic == pytest.approx(error, rel=1e-6)
    assert found.joint.statistic == pytest.approx(joint, rel=1e-6)
    # What each adds to the other is its robust form.
    assert found.robust_lag.statistic == pytest.approx(joint - error, rel=1e-5)
    assert found.robust_error.statistic == pytest.approx(joint - lag, rel=1e-5)
    assert found.joint.degrees == 2
    assert found.joint.p_value == pytest.approx(stats.chi2.sf(joint, 2), rel=1e-5)


@pytest.mark.parametrize("effects", EFFECTS)
def test_conditional_statistics_are_those_of_a_dense_likelihood(
    effects: Effects,
) -> None:
    error_w = nearest_matrix(9, 2, rng=5)
    draw = draw_panel(n=9, t=4, rng=3)
    given: dict[str, Any] = {"effects": effects, "error_weights": graph_of(error_w)}
    found = lagrange_multiplier_tests(
        draw.panel, draw.graph, "y", draw.names, **given, conditional=True,
        convention="debarsy-ertur",
    )  # fmt: skip
    dense = Dense(draw, effects, error_w, spill=False)
    cases: tuple[tuple[SpatialModel, str, HypothesisTest | None], ...] = (
        ("sem", "rho", found.lag_given_error),
        ("sar", "lambda", found.error_given_lag),
    )
    for model, tested, test in cases:
        fit = fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, model=model, effects=effects,
            error_weights=given["error_weights"] if model == "sem" else None,
        )  # fmt: skip
        slopes = fit.estimates["estimate"].to_numpy()[:-1]
        place = np.array([*slopes, fit.rho, fit.error_lambda, fit.sigma2])
        assert test is not None
        wanted = dense.statistic(place, (tested,))
        assert test.statistic == pytest.approx(wanted, rel=1e-5)


def test_without_effects_the_conventions_agree() -> None:
    draw = draw_panel(n=12, t=3, rng=1)
    one, other = (
        lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", draw.names, effects="none", conditional=True,
            convention=convention,
        ).frame
        for convention in ("elhorst", "debarsy-ertur")
    )  # fmt: skip
    pd.testing.assert_frame_equal(one, other)


def test_with_city_effects_debarsy_and_ertur_count_a_year_less() -> None:
    draw = draw_panel(n=12, t=4, rng=1)
    one, other = (
        lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", draw.names, effects="city",
            convention=convention,
        ).frame["statistic"]
        for convention in ("elhorst", "debarsy-ertur")
    )  # fmt: skip
    np.testing.assert_allclose(other / one, 3 / 4, rtol=1e-12)


@pytest.mark.parametrize("convention", ["elhorst", "debarsy-ertur"])
def test_orders_and_units_change_nothing(convention: Convention) -> None:
    draw = draw_panel(n=10, t=4, rng=2)
    panel = draw.panel
    frame = panel.frame.sample(frac=1.0, random_state=4)
    frame = frame.assign(x0=1e3 * frame["x0"] + 7, y=1e-4 * frame["y"] - 3)
    other = Panel.from_frame(frame.reset_index(), city="city", year="year")
    order = np.random.default_rng(0).permutation(10)
    moved = graph_of(
        draw.w[np.ix_(order, order)], [draw.codes[place] for place in order]
    )
    before, after = (
        lagrange_multiplier_tests(
            *data, "y", draw.names, effects="city-year",
            convention=convention,
        ).frame
        for data in ((panel, draw.graph), (other, moved))
    )  # fmt: skip
    pd.testing.assert_frame_equal(before, after, rtol=1e-7)


@pytest.mark.parametrize("convention", ["elhorst", "debarsy-ertur"])
def test_lag_and_error_cannot_be_told_apart_in_equal_villages(
    convention: Convention,
) -> None:
    # Four villages of three: W^2 = I / 2 + W / 2, so that W y-hat is in the regression.
    w = np.asarray(np.kron(np.eye(4), (1 - np.eye(3)) / 2), dtype=np.float64)
    draw = draw_panel(n=12, t=4, w=w, rng=2)
    found = lagrange_multiplier_tests(
        draw.panel, draw.graph, "y", draw.names, spillovers=draw.names,
        convention=convention,
    )  # fmt: skip
    assert found.lag.statistic == pytest.approx(found.error.statistic, rel=1e-8)
    blurred = found.frame.loc[["robust_lag", "robust_error", "joint"]]
    assert blurred[["statistic", "p_value"]].isna().all(axis=None)


def test_islands_and_other_normalisations_are_tested() -> None:
    w = nearest_matrix(10, 3, rng=1)
    w[3] = 0.0
    w[5] *= 0.4
    draw = draw_panel(n=10, t=4, w=w, rng=2)
    found = lagrange_multiplier_tests(draw.panel, draw.graph, "y", draw.names)
    assert found.frame["statistic"].notna().all()
    with pytest.raises(WeightsError, match='use convention="elhorst", or weights'):
        lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", draw.names, convention="debarsy-ertur"
        )


def test_bad_requests_are_refused() -> None:
    draw = draw_panel(n=10, t=4, rng=2)
    with pytest.raises(ValueError, match="convention must be one of"):
        lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", ["x0"],
            convention="anselin",  # type: ignore[arg-type]
        )  # fmt: skip
    with pytest.raises(EstimationError, match="'nothing' are not among the drivers"):
        lagrange_multiplier_tests(
            draw.panel, draw.graph, "y", ["x0"], spillovers=["nothing"]
        )
    with pytest.raises(AlignmentError, match="weights lacks"):
        lagrange_multiplier_tests(
            draw.panel, graph_of(nearest_matrix(8, 2, rng=0)), "y", ["x0"]
        )
    short = Panel.from_frame(
        draw.panel.frame.loc[draw.codes[:3]].reset_index(), city="city", year="year"
    )
    near = graph_of(nearest_matrix(3, 2, rng=0))
    only = Panel(short.frame.loc[(slice(None), 2000), :])
    with pytest.raises(EstimationError, match="leave 3 observations for 3 slopes"):
        lagrange_multiplier_tests(only, near, "y", draw.names, effects="none")


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["none", "city-year"])
def test_the_tests_reject_a_true_hypothesis_one_time_in_twenty(
    effects: Effects,
) -> None:
    # 400 draws: five per cent has a standard error of 1.1 per cent.
    w = sparse.csr_array(nearest_matrix(49, 4, rng=0))
    source = np.random.default_rng(5)
    x = source.standard_normal((6, 49, 2))
    z = x if effects != "none" else np.concatenate([x, np.ones((6, 49, 1))], axis=2)
    by_city, by_year = "city" in effects, "year" in effects
    rejected = np.zeros(5)
    for _ in range(400):
        y = x.sum(axis=2, keepdims=True) + source.standard_normal((6, 49, 1))
        columns = np.concatenate([y, lag(y, w), z], axis=2)
        moments = SpatialMoments.of(columns, None, by_city=by_city, by_year=by_year)
        null = LeastSquares(moments, 6 - by_city, 49 - by_year, projected=True)
        scores = null.scores(w, w)
        found = [*map(scores.alone, (0, 1)), *map(scores.robust, (0, 1))]
        p_values = stats.chi2.sf([*found, scores.joint()], [1, 1, 1, 1, 2])
        rejected += p_values < 0.05
    np.testing.assert_allclose(rejected / 400, 0.05, atol=0.035)


@pytest.mark.parametrize(("rho", "error"), [(0.0, 0.0), (0.0, 0.5), (0.5, 0.0)])
def test_a_lag_and_an_error_are_told_apart(rho: float, error: float) -> None:
    draw = draw_panel(n=64, t=6, w=nearest_matrix(64, 4, rng=0), rng=11)
    source, eye = np.random.default_rng(8), np.eye(64)
    shocks = np.linalg.solve(eye - error * draw.w, source.standard_normal((64, 6)))
    trend = draw.x.sum(axis=2).T + source.standard_normal((64, 1))
    y = np.linalg.solve(eye - rho * draw.w, trend + shocks).T
    found = lagrange_multiplier_tests(
        replace(draw, y=y).panel, draw.graph, "y", draw.names, conditional=True,
        convention="debarsy-ertur",
    ).frame["p_value"]  # fmt: skip
    assert (found["joint"] < 0.01) == (rho + error > 0)
    for name in ("robust_lag", "lag_given_error"):
        assert (found[name] < 0.01) == (rho > 0), name
    for name in ("robust_error", "error_given_lag"):
        assert (found[name] < 0.01) == (error > 0), name
