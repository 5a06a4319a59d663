"""Responses of every city to every city: against inverses, draw by draw, and laws."""

import warnings

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    InferenceWarning,
    MissingColumnError,
    SpatialCoaggError,
)
from spatial_coagg.models import _responses
from spatial_coagg.models._responses import Curves, quantiles
from spatial_coagg.models.effects import (
    draw_estimates,
    spatial_effects,
)
from spatial_coagg.models.responses import city_responses
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.simulate.panels import Spatial, simulate_panel
from spatial_coagg.weights._logdet import EigenSpectrum, Spectrum, spectrum


def ring(cities: int, *, reach: int = 1, directed: bool = False) -> Graph:
    steps = [s for s in range(-reach, reach + 1) if s > 0 or (s < 0 and not directed)]
    names = [f"c{number:03d}" for number in range(cities)]
    links = [
        (names[i], names[(i + step) % cities], 1 / len(steps))
        for i in range(cities)
        for step in steps
    ]
    frame = pd.DataFrame(links, columns=["focal", "neighbor", "weight"])
    return Graph.from_adjacency(frame)


def fit_ring(model: str = "sdm", *, directed: bool = False) -> SpatialPanelFit:
    weights = ring(24, directed=directed)
    panel = simulate_panel(
        {"roads": 0.5, "schools": -0.2},
        process=Spatial(weights, rho=0.4, spillovers={"roads": 0.3}),
        years=12,
        rng=3,
    ).panel
    return fit_spatial_panel(panel, weights, "y", ["roads", "schools"], model=model)  # type: ignore[arg-type]


def witness(fit: SpatialPanelFit, place: int, draws: int, seed: int) -> FloatArray:
    """Return S of each draw from an explicit inverse."""
    _, sampled, _ = draw_estimates(fit, draws, seed)
    w, w_x = fit.weights.lag.toarray(), fit.weights.spillover.toarray()
    one, count = np.eye(len(w)), len(fit.drivers)
    return np.stack(
        [
            np.linalg.inv(one - draw[-1] * w)
            @ (draw[place] * one + draw[count + place] * w_x)
            for draw in sampled
        ]
    )


@pytest.mark.parametrize("model", ["sdm", "sar", "slx", "ols", "sem"])
def test_every_number_is_that_of_an_inverse_for_each_draw(model: str) -> None:
    fit = fit_ring(model)
    found = city_responses(fit, "schools", draws=60, level=0.8, rng=5)
    drawn = witness(fit, 1, 60, 5)
    lower, median, upper = np.quantile(drawn, [0.1, 0.5, 0.9], axis=0)
    np.testing.assert_allclose(found.median, median, atol=1e-13)
    np.testing.assert_allclose(found.lower, lower, atol=1e-13)
    np.testing.assert_allclose(found.upper, upper, atol=1e-13)
    b, g = fit.slopes["schools"], fit.spillover_slopes["schools"]
    w = fit.weights.lag.toarray()
    inverse = np.linalg.inv(np.eye(24) - fit.rho * w)
    np.testing.assert_allclose(
        found.point, inverse @ (b * np.eye(24) + g * w), atol=1e-13
    )
    assert found.cities.equals(fit.cities)


def test_means_are_the_direct_and_total_effects() -> None:
    fit = fit_ring()
    found = city_responses(fit, "roads", draws=10, rng=1)
    effects = spatial_effects(fit, draws=10, rng=1).frame["estimate"]
    assert np.diag(found.point).mean() == pytest.approx(effects["direct", "roads"])
    assert found.point.sum(axis=1).mean() == pytest.approx(effects["total", "roads"])


def test_columns_are_given_and_rows_received() -> None:
    fit = fit_ring(directed=True)
    found = city_responses(fit, "roads", draws=10, rng=1)
    effects = spatial_effects(fit, draws=10, rng=1)
    own = np.diag(found.point)
    given = found.point.sum(axis=0) - own
    received = found.point.sum(axis=1) - own
    np.testing.assert_allclose(given, effects.given["roads"], atol=1e-12)
    np.testing.assert_allclose(received, effects.received["roads"], atol=1e-12)


def test_small_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_ring()
    whole = city_responses(fit, "roads", draws=30, rng=2)
    monkeypatch.setattr("spatial_coagg.models.responses.HELD", 5 * 30 * 24)
    parts = city_responses(fit, "roads", draws=30, rng=2)
    np.testing.assert_allclose(parts.upper, whole.upper, rtol=1e-12)


def curves_and_inverses(
    graph: Graph, rho: FloatArray, *, known: bool = True
) -> tuple[FloatArray, FloatArray]:
    w = graph.sparse.tocsr()
    made: Spectrum = spectrum(w)
    if not known:
        made = Hidden(made)
    rng = np.random.default_rng(0)
    draws = np.column_stack([rng.normal(size=(len(rho), 2)), rho])
    curves = Curves.over(draws, lag=w, spillover=w, spectrum=made)
    dense = w.toarray()
    one = np.eye(len(dense))
    inverses = [
        np.linalg.solve(one - r * dense, b * one + g * dense) for b, g, r in draws
    ]
    return curves.columns(np.arange(len(dense))), np.stack(inverses, axis=-1)


class Hidden:
    """A spectrum whose eigenvalues are not told."""

    def __init__(self, made: Spectrum) -> None:
        self.size, self.interval = made.size, made.interval

    def log_determinant(self, rho: float) -> float:
        raise NotImplementedError

    trace = trace_square = log_determinant


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("graph", "low", "high"),
    [
        (ring(21), 0.3, 0.5),
        (ring(21), -0.95, 0.999),
        (ring(21, reach=4), 0.2, 0.99999),
        (ring(21, directed=True), -0.9, 0.99),
        (ring(21, directed=True, reach=3), 0.1, 0.7),
    ],
)
def test_interpolation_is_exact_to_rounding(
    graph: Graph, low: float, high: float, *, known: bool
) -> None:
    found, exact = curves_and_inverses(graph, np.linspace(low, high, 40), known=known)
    scale = np.abs(exact).max(axis=(0, 1))
    # Rounding grows like the multiplier itself.
    error = (np.abs(found - exact).max(axis=(0, 1)) / scale).max()
    assert error < 1e-12 / (1 - high)


def test_interpolation_reaches_below_minus_one_where_that_is_admissible() -> None:
    graph = ring(21, reach=9)
    low = spectrum(graph.sparse.tocsr()).interval[0]
    assert low < -3
    found, exact = curves_and_inverses(graph, np.linspace(0.95 * low, 0.9, 40))
    np.testing.assert_allclose(found, exact, atol=1e-10)


def test_matrix_without_a_bound_of_rho_is_served() -> None:
    # Everybody looks at the next city and the last at nobody: no eigenvalue but zero.
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(
        {"focal": names, "neighbor": [*names[1:], "d"], "weight": [1.0, 1, 1, 0]}
    )
    graph = Graph.from_adjacency(frame)
    assert np.isinf(spectrum(graph.sparse.tocsr()).interval).all()
    found, exact = curves_and_inverses(graph, np.linspace(-1.5, 2.5, 9))
    np.testing.assert_allclose(found, exact, atol=1e-12)


@pytest.mark.parametrize("dense", [0.0, 1.1])
def test_rows_and_diagonal_are_those_of_the_columns(
    dense: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_responses, "DENSE", dense)
    monkeypatch.setattr(_responses, "HELD", 50)
    w = ring(21, directed=True, reach=2).sparse.tocsr()
    draws = np.column_stack([np.ones(7), -np.ones(7), np.linspace(0.1, 0.6, 7)])
    curves = Curves.over(draws, lag=w, spillover=w.T.tocsr(), spectrum=spectrum(w))
    columns = curves.columns(np.arange(21))
    left = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(
        curves.rows(left), np.einsum("i,ijd->jd", left, columns), atol=1e-12
    )
    places = np.array([3, 20, 0])
    np.testing.assert_allclose(
        curves.diagonal(places), columns[places, places], atol=1e-12
    )
    np.testing.assert_allclose(
        curves.applied(left), np.einsum("ijd,j->id", columns, left), atol=1e-12
    )


def test_one_value_of_rho_needs_one_node() -> None:
    w = ring(9).sparse.tocsr()
    draws = np.column_stack([np.ones(5), np.ones(5), np.full(5, 0.4)])
    curves = Curves.over(draws, lag=w, spillover=w, spectrum=spectrum(w))
    assert len(curves.solves) == 1
    assert isinstance(spectrum(w), EigenSpectrum)


def test_quantiles_are_those_of_numpy() -> None:
    values = np.sort(np.random.default_rng(4).normal(size=(3, 37)), axis=-1)
    levels = (0.0, 0.05, 0.5, 0.95, 1.0)
    np.testing.assert_allclose(
        quantiles(values, levels), np.quantile(values, levels, axis=-1), atol=1e-15
    )


def test_the_same_seed_gives_the_same_numbers() -> None:
    fit = fit_ring()
    first = city_responses(fit, "roads", draws=20, rng=8)
    again = city_responses(fit, "roads", draws=20, rng=8)
    assert (first.lower == again.lower).all()
    assert not (first.lower == city_responses(fit, "roads", draws=20).lower).all()


def test_unknown_driver_and_senseless_options_are_refused() -> None:
    fit = fit_ring()
    with pytest.raises(MissingColumnError, match="no driver 'rail'; it has 'roads'"):
        city_responses(fit, "rail")
    with pytest.raises(SpatialCoaggError, match="draws must be 2 or more"):
        city_responses(fit, "roads", draws=1)
    with pytest.raises(SpatialCoaggError, match="level between 0 and 1"):
        city_responses(fit, "roads", level=1.0)


def test_draws_beyond_the_interval_are_told() -> None:
    fit = fit_ring()
    loose = fit.covariance.copy()
    loose.loc["rho", "rho"] = 0.3**2
    object.__setattr__(fit, "covariance", loose)
    with pytest.warns(InferenceWarning, match="draws have a rho outside"):
        found = city_responses(fit, "roads", draws=200, rng=1)
    assert 2 < found.rejected < 100
    with warnings.catch_warnings(action="ignore"):
        drawn = witness(fit, 0, 200, 1)
    np.testing.assert_allclose(found.median, np.median(drawn, axis=0), atol=1e-11)
