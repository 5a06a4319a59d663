from unittest import mock

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import sparse
from scipy.spatial import cKDTree

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    EstimationError,
    SlowComputationWarning,
    SpatialCoaggError,
)
from spatial_coagg.models import (
    _spatial_multiplier,
    _spatial_places,
    spatial_logdet,
)
from spatial_coagg.models._spatial_grams import gram_traces
from spatial_coagg.models._spatial_moments import SpatialMoments
from spatial_coagg.models._spatial_multiplier import NODES, Multiplier, node_count
from spatial_coagg.models._spatial_places import multiplier_diagonals, power_means
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.marginals import log_marginal_likelihoods
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights import _logdet, _solve
from spatial_coagg.weights._logdet import eigen_spectrum, spectrum
from spatial_coagg.weights._logdet_factor import FactorSpectrum
from spatial_coagg.weights._matrix import SparseMatrix, standardised_rows
from spatial_coagg.weights.links import Links

DRIVERS = ["roads", "schools"]
MODELS = ["sar", "sem", "sdm", "sdem", "sac", "gns"]


def lattice(side: int) -> SparseMatrix:
    line = sparse.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(side, side))
    eye = sparse.eye_array(side)
    both = sparse.kron(line, eye) + sparse.kron(eye, line)
    return standardised_rows(sparse.csr_array(both))


def nearest(size: int, k: int) -> SparseMatrix:
    """Row-standardised k nearest: complex eigenvalues."""
    points = np.random.default_rng(3).random((size, 2))
    others = cKDTree(points).query(points, k + 1)[1][:, 1:]
    rows = np.repeat(np.arange(size), k)
    return sparse.csr_array(
        (np.full(size * k, 1 / k), (rows, others.ravel())), shape=(size, size)
    )


def codes(size: int) -> pd.Index:
    return pd.Index(np.char.zfill(np.arange(size).astype(str), 5))


def graph(matrix: SparseMatrix) -> Graph:
    return Links(matrix, codes(matrix.shape[0])).to_graph()


def simulate(
    matrix: SparseMatrix, *, years: int = 4, rho: float = 0.4, error: float = 0.3
) -> Panel:
    """Draw y = rho W y + X b + W X g + effects + u, u = lambda W u + e."""
    rng, size = np.random.default_rng(8), matrix.shape[0]
    w = matrix.toarray()
    x = rng.normal(size=(years, size, 2))
    noise = np.linalg.solve(np.eye(size) - error * w, rng.normal(size=(size, years))).T
    trend = x @ [1.0, -0.5] + (w @ x) @ [0.4, 0.3] + rng.normal(size=size) + noise
    y = np.linalg.solve(np.eye(size) - rho * w, trend.T).T
    rows = np.concatenate([y[:, :, None], x], axis=2).reshape(-1, 3)
    frame = pd.DataFrame(rows, columns=["patents", *DRIVERS])
    frame["city"] = np.tile(codes(size), years)
    frame["year"] = np.repeat(2004 + np.arange(years), size)
    return Panel.from_frame(frame, city="city", year="year")


WEIGHTS = {"lattice": lattice(11), "nearest": nearest(130, 5)}
PANELS = {name: simulate(matrix) for name, matrix in WEIGHTS.items()}


def fit(name: str, **options: object) -> SpatialPanelFit:
    return fit_spatial_panel(
        PANELS[name], graph(WEIGHTS[name]), "patents", DRIVERS, **options  # type: ignore[arg-type]
    )  # fmt: skip


def as_if_many() -> "mock._patch[None]":
    """Take the way of many places with few."""
    return mock.patch.multiple(_logdet, FEW=10, FILLED=2.0, LINKED=1.0)


@pytest.mark.parametrize("covariance", ["expected", "observed"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", WEIGHTS)
def test_factorisations_and_eigenvalues_give_the_same_fit(
    name: str, model: str, covariance: str
) -> None:
    few = fit(name, model=model, covariance=covariance)
    with as_if_many(), mock.patch.multiple(_solve, FEW=10, LINKED=1.0):
        many = fit(name, model=model, covariance=covariance)
        assert isinstance(many.weights.spectrum, FactorSpectrum)
    np.testing.assert_allclose(
        many.estimates["estimate"], few.estimates["estimate"], atol=1e-8
    )
    np.testing.assert_allclose(
        many.estimates["standard_error"], few.estimates["standard_error"], rtol=1e-6
    )
    assert many.log_likelihood == pytest.approx(few.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("model", ["sdm", "sem", "sac"])
@pytest.mark.parametrize("name", WEIGHTS)
def test_a_stochastic_fit_lies_within_its_stated_error(name: str, model: str) -> None:
    exact = fit(name, model=model, covariance="observed")
    drawn = fit(
        name, model=model, covariance="observed", log_determinant="stochastic", rng=4
    )
    assert drawn.facts["log_determinant"] == "stochastic, 32 probes"
    for label in ("rho", "lambda"):
        if label not in exact.estimates.index:
            assert f"error_of_{label}" not in drawn.facts
            continue
        stated = float(drawn.facts[f"error_of_{label}"])
        gap = drawn.estimates["estimate"][label] - exact.estimates["estimate"][label]
        # Of rho and lambda together each moves the other.
        assert 0 < abs(gap) < (5 if model != "sac" else 15) * stated
        assert stated < 0.2 * exact.estimates["standard_error"][label]
        assert float(drawn.facts[f"log_determinant_error_{label}"]) < 0.5
    assert "log_determinant" not in exact.facts


@pytest.mark.parametrize("name", WEIGHTS)
def test_stochastic_marginal_likelihoods_lie_within_the_error_of_the_fits(
    name: str,
) -> None:
    options = {"log_determinant": "stochastic", "rng": 4}
    gaps = marginals(name, **options) - marginals(name)
    assert gaps["W", "slx"] == 0
    for model, label in (("sar", "rho"), ("sem", "lambda")):
        drawn = fit(name, model=model, correction="none", **options)
        stated = 4 * float(drawn.facts[f"log_determinant_error_{label}"])
        assert 0 < abs(gaps["W", model]) < 3 * stated < 2


def marginals(name: str, **options: object) -> pd.Series:
    return log_marginal_likelihoods(
        PANELS[name], graph(WEIGHTS[name]), "patents", DRIVERS,
        models=["slx", "sar", "sem"], **options,  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_same_seed_gives_the_same_stochastic_fit() -> None:
    first, again, other = (
        fit("lattice", log_determinant="stochastic", rng=seed).rho for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_many_cities_are_told_of_the_quicker_way() -> None:
    with mock.patch.object(spatial_logdet, "MINUTES", 100):
        told = "121 cities take minutes and"
        with pytest.warns(SlowComputationWarning, match=told) as caught:
            fit("lattice")
        assert caught[0].filename == __file__
        # Whoever chooses is not told.
        fit("lattice", log_determinant="exact")


def test_unknown_log_determinant_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="log_determinant must be one of 'exac"):
        fit("lattice", log_determinant="guess")


def test_random_effects_refuse_a_stochastic_log_determinant() -> None:
    with pytest.raises(EstimationError, match="take exact log-determinants; leave"):
        fit("lattice", effects="random", log_determinant="stochastic")


@pytest.mark.parametrize("without_unit", [False, True])
def test_grams_are_those_of_explicit_inverses(*, without_unit: bool) -> None:
    w, v = lattice(6), nearest(36, 4)
    eye = np.eye(36)
    b = eye - 0.3 * v.toarray()
    g = b @ w.toarray() @ np.linalg.inv(eye - 0.5 * w.toarray()) @ np.linalg.inv(b)
    h = v.toarray() @ np.linalg.inv(b)
    kept = eye - (1 / 36 if without_unit else 0.0)
    g, h = kept @ g @ kept, kept @ h @ kept
    with mock.patch.object(_solve, "_CACHED", 700):
        found = gram_traces((w, 0.5), (v, 0.3), without_unit=without_unit)
    assert found.lag == pytest.approx(np.sum(g * g))
    assert found.error == pytest.approx(np.sum(h * h))
    assert found.both == pytest.approx(np.sum(g * h) + np.trace(g @ h))


def multiplier(matrix: SparseMatrix, rho: float) -> FloatArray:
    return np.linalg.inv(np.eye(matrix.shape[0]) - rho * matrix.toarray())


@pytest.mark.parametrize("name", WEIGHTS)
def test_effects_by_city_are_those_of_the_whole_multiplier(name: str) -> None:
    found = fit(name)
    effects = spatial_effects(found, draws=50, rng=1)
    w = WEIGHTS[name].toarray()
    b, g = found.slopes["roads"], found.spillover_slopes["roads"]
    s = multiplier(WEIGHTS[name], found.rho) @ (b * np.eye(len(w)) + g * w)
    own = np.diag(s)
    np.testing.assert_allclose(effects.received["roads"], s.sum(axis=1) - own)
    np.testing.assert_allclose(effects.given["roads"], s.sum(axis=0) - own)
    assert effects.diagonal_error == 0
    assert effects.frame["estimate"]["direct", "roads"] == pytest.approx(own.mean())
    assert effects.frame["estimate"]["total", "roads"] == pytest.approx(
        s.sum() / len(w)
    )


@pytest.mark.parametrize("name", WEIGHTS)
def test_orders_add_up_and_are_those_of_powers(name: str) -> None:
    found = fit(name)
    w = WEIGHTS[name].toarray()
    orders = spatial_effects(found, draws=50, orders=7, rng=1).orders
    b, g = found.slopes["roads"], found.spillover_slopes["roads"]
    for order in range(7):
        power = np.linalg.matrix_power(w, order)
        term = (
            found.rho**order * b + (order > 0) * found.rho ** (order - 1) * g
        ) * power
        row = orders.loc[("roads", order)]
        assert row["direct"] == pytest.approx(np.trace(term) / len(w), abs=1e-12)
        assert row["total"] == pytest.approx(term.sum() / len(w), abs=1e-12)
    whole = spatial_effects(found, draws=50, orders=80, rng=1)
    np.testing.assert_allclose(
        whole.orders.loc["roads"]["total"].sum(),
        whole.frame["estimate"]["total", "roads"],
    )


@pytest.mark.parametrize("linked", [0.0, 1.0])
def test_mean_powers_with_other_spillover_weights(linked: float) -> None:
    w, v = lattice(9), nearest(81, 4)
    with mock.patch.object(_spatial_places, "LINKED", linked):
        found = power_means(w, v, eigen_spectrum(w), 8)
        own = power_means(v, v, factor_spectrum(v), 8)
    for order in range(8):
        power = np.linalg.matrix_power(w.toarray(), order)
        expected = np.trace(power) / 81, np.trace(power @ v.toarray()) / 81
        np.testing.assert_allclose(found[order], expected, atol=1e-14)
        power = np.linalg.matrix_power(v.toarray(), order)
        expected = np.trace(power) / 81, np.trace(power @ v.toarray()) / 81
        np.testing.assert_allclose(own[order], expected, atol=1e-14)


def factor_spectrum(matrix: SparseMatrix) -> FactorSpectrum:
    with as_if_many():
        made = spectrum(matrix)
    assert isinstance(made, FactorSpectrum)
    return made


def test_probed_diagonals_lie_within_their_error() -> None:
    w, v = lattice(16), nearest(256, 4)
    exact = multiplier_diagonals(0.6, w, v)
    with mock.patch.object(_spatial_places, "MANY", 10):
        found = multiplier_diagonals(0.6, w, v)
        still = multiplier_diagonals(0.0, w, v)
    assert exact.error == 0
    assert 0 < found.error < 0.1
    assert np.abs(found.own - exact.own).max() < 5 * found.error
    assert np.abs(found.lagged - exact.lagged).max() < 5 * found.error
    np.testing.assert_allclose(still.own, 1)
    inverse = multiplier(w, 0.6)
    np.testing.assert_allclose(exact.own, np.diag(inverse))
    np.testing.assert_allclose(exact.lagged, np.diag(inverse @ v.toarray()))


def test_probing_tells_its_error_in_the_effects() -> None:
    found = fit("lattice")
    with mock.patch.object(_spatial_places, "MANY", 10):
        probed = spatial_effects(found, draws=50, rng=1)
        gap = probed.received - spatial_effects(found, draws=50, rng=1).received
        assert probed.diagonal_error > 0
    exact = spatial_effects(found, draws=50, rng=1).received
    gap = (probed.received - exact).abs().max().max()
    assert 0 < gap < 10 * probed.diagonal_error


@pytest.mark.parametrize("many", [10, 10_000])
def test_averages_of_other_spillover_weights(many: int) -> None:
    w, v = lattice(12), nearest(144, 4)
    with mock.patch.object(_spatial_multiplier, "MANY", many):
        made = Multiplier.over(0.3, 0.6, lag=w, spillover=v, spectrum=eigen_spectrum(w))
    for rho in (0.3, 0.41, 0.6):
        inverse = multiplier(w, rho)
        crossed = inverse @ v.toarray()
        expected = [
            np.trace(inverse) / 144, np.trace(crossed) / 144,
            inverse.sum() / 144, crossed.sum() / 144,
        ]  # fmt: skip
        loose = 0.0 if many > 144 else 0.01
        np.testing.assert_allclose(made.at(np.array(rho)), expected, atol=1e-9 + loose)


@pytest.mark.parametrize("name", ["uneven", "islands"])
def test_averages_where_rows_do_not_sum_to_one(name: str) -> None:
    whole = lattice(8).toarray()
    if name == "uneven":
        whole *= 1 + np.arange(64)[:, None] / 100
    else:
        whole[[3, 40]] = 0
    w = sparse.csr_array(whole)
    made = Multiplier.over(-0.2, 0.5, lag=w, spillover=w, spectrum=eigen_spectrum(w))
    inverse = multiplier(w, 0.37)
    expected = [inverse.trace(), (inverse @ whole).trace()]
    expected += [inverse.sum(), (inverse @ whole).sum()]
    np.testing.assert_allclose(made.at(np.array(0.37)), np.array(expected) / 64)


def test_nodes_grow_with_the_range_and_towards_the_bound() -> None:
    interval = (-1.5, 1.0)
    counts = [
        node_count(low, high, interval)
        for low, high in ((0.4, 0.4), (0.3, 0.5), (0.0, 0.9), (0.5, 0.9999), (0.5, 1.2))
    ]
    assert counts == sorted(counts)
    assert counts[0] == 6
    assert counts[-1] == NODES[1]


@pytest.mark.parametrize("model", ["slx", "sdem"])
def test_effects_without_a_lag_are_linear(model: str) -> None:
    found = fit("nearest", model=model)
    effects = spatial_effects(found, method="delta").frame
    np.testing.assert_allclose(effects["estimate"]["direct"], found.slopes)
    np.testing.assert_allclose(effects["estimate"]["indirect"], found.spillover_slopes)
    lagged = [f"W.{name}" for name in DRIVERS]
    np.testing.assert_allclose(
        effects["standard_error"]["indirect"],
        found.estimates["standard_error"][lagged],
    )


@pytest.mark.parametrize("by_year", [False, True])
def test_derivatives_of_moments_are_those_of_differences(*, by_year: bool) -> None:
    columns = np.random.default_rng(9).normal(size=(3, 20, 4))
    w = nearest(20, 3)
    w.data = w.data * np.linspace(0.5, 1.5, len(w.data))
    moments = SpatialMoments.of(columns, w, by_city=True, by_year=by_year)
    first, second = moments.slopes(0.3)
    low, middle, high = (moments.at(0.3 + side * 1e-3) for side in (-1, 0, 1))
    np.testing.assert_allclose(first, (high - low) / 2e-3, atol=1e-4)
    np.testing.assert_allclose(second, (high - 2 * middle + low) / 1e-6, atol=1e-4)


def test_a_model_without_rho_or_lambda_has_no_log_determinant() -> None:
    with pytest.raises(EstimationError, match="'slx' has neither rho nor lambda"):
        fit("lattice", model="slx", log_determinant="exact")


@pytest.mark.parametrize("effects", ["city-year", "random"])
def test_chance_is_refused_where_nothing_is_drawn(effects: str) -> None:
    with pytest.raises(EstimationError, match="nothing is drawn by exact"):
        fit("lattice", rng=1, effects=effects)


def test_averages_next_to_the_bound_are_those_of_an_inverse() -> None:
    w = lattice(6)
    found = eigen_spectrum(w)
    made = Multiplier.over(0.5, 0.995, lag=w, spillover=w, spectrum=found)
    for rho in (0.5, 0.7, 0.9, 0.95, 0.99, 0.995):
        inverse = np.linalg.inv(np.eye(36) - rho * w.toarray())
        expected = [inverse.trace(), (inverse @ w.toarray()).trace()]
        expected += [inverse.sum(), (inverse @ w.toarray()).sum()]
        np.testing.assert_allclose(made.at(np.array(rho)) * 36, expected, rtol=1e-10)
