"""Responses over the years: against powers of matrices, draw by draw, and laws."""

import numpy as np
import pytest
from libpysal.graph import Graph
from test_responses import ring

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, MissingColumnError
from spatial_coagg.models._dynamic_paths import (
    LIMIT,
    count_powers,
    follow_change,
    solve_each,
)
from spatial_coagg.models.dynamic_responses import draw_long_run, draw_paths
from spatial_coagg.models.dynamic_spatial import fit_dynamic_spatial
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.effects_over_time import dynamic_effects
from spatial_coagg.simulate.panels import Spatial, simulate_panel

DRIVERS = ["roads", "schools"]


def fit_dynamic(weights: Graph | None = None) -> DynamicSpatialFit:
    graph = ring(24) if weights is None else weights
    panel = simulate_panel(
        {"roads": 0.5, "schools": -0.2},
        process=Spatial(graph, rho=0.3, spillovers={"roads": 0.3}),
        years=14,
        rng=3,
    ).panel
    return fit_dynamic_spatial(panel, graph, "y", DRIVERS)


def matrices(
    fit: DynamicSpatialFit, draw: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return S^-1, A and b I + g W of a draw."""
    tau, eta, rho, slope, lagged = draw
    w = fit.weights.lag.toarray()
    one = np.eye(len(w))
    inverse = np.linalg.inv(one - rho * w)
    return inverse, inverse @ (tau * one + eta * w), slope * one + lagged * w


def test_a_path_sums_powers_and_ends_in_the_long_run() -> None:
    fit = fit_dynamic()
    paths = draw_paths(fit, "schools", draws=20, level=0.9, rng=1)
    change = np.linspace(-1, 1, 24)
    point, drawn = paths.follow(change, 6)
    assert point.shape == (7, 24, 1)
    ends = paths.long_run.drawn.applied(change)
    for place, draw in enumerate(paths.drawn):
        inverse, a, b = matrices(fit, draw)
        sums = np.zeros((24, 24))
        for year in range(7):
            sums += np.linalg.matrix_power(a, year) @ inverse
            np.testing.assert_allclose(
                drawn[year, :, place], sums @ b @ change, atol=1e-12
            )
        end = np.linalg.solve(np.eye(24) - a, inverse @ b @ change)
        np.testing.assert_allclose(ends[:, place], end, atol=1e-11)
    far, _ = paths.follow(change, 200)
    np.testing.assert_allclose(
        far[-1], paths.long_run.point.applied(change), atol=1e-10
    )


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.5, 0.85])
def test_the_series_is_what_solving_year_by_year_gives(
    rho: float, *, directed: bool
) -> None:
    w = ring(24, directed=directed, reach=2).sparse.tocsr()
    rng = np.random.default_rng(5)
    draws = np.column_stack(
        [
            rng.uniform(-0.3, 0.9, 30),
            rng.uniform(-0.2, 0.2, 30),
            rho + rng.uniform(-0.02, 0.02, 30),
            rng.normal(size=(30, 2)),
        ]
    )
    change = rng.normal(size=24)
    assert count_powers(draws, 1.0, 8) <= LIMIT
    series = follow_change(draws, change, lag=w, spillover=w.T.tocsr(), years=8)
    solved = solve_each(draws, change, lag=w, spillover=w.T.tocsr(), years=8)
    scale = np.abs(solved).max(axis=(0, 1))
    # Rounding grows with the multiplier and, here, with unstable draws.
    assert (np.abs(series - solved).max(axis=(0, 1)) / scale).max() < 1e-11


def test_a_series_without_an_end_is_solved() -> None:
    w = 3 * ring(24, reach=9).sparse.tocsr()
    draws = np.array([[0.3, 0.1, -0.9, 1.0, 0.5], [0.2, 0.1, 0.1, 1.0, 0.5]])
    assert count_powers(draws, 3.0, 4) == LIMIT + 1
    change = np.linspace(-1, 1, 24)
    found = follow_change(draws, change, lag=w, spillover=w, years=4)
    exact = solve_each(draws, change, lag=w, spillover=w, years=4)
    np.testing.assert_array_equal(found, exact)
    assert count_powers(draws[1:] * 0, 3.0, 4) == 1


def test_means_over_all_cities_are_the_effects_over_time() -> None:
    fit = fit_dynamic(ring(24, reach=2))
    paths = draw_paths(fit, "roads", draws=20, level=0.9, rng=1)
    effects = dynamic_effects(fit, horizon=4, method="delta")
    point, _ = paths.follow(np.ones(24), 4)
    lasting = effects.lasting["estimate"].loc["total", "roads"]
    np.testing.assert_allclose(point[..., 0].mean(axis=1), lasting, atol=1e-10)
    whole = paths.long_run.point.columns(np.arange(24))[..., 0]
    runs = effects.frame["estimate"]
    assert whole.sum() / 24 == pytest.approx(runs["long-run", "total", "roads"])
    assert np.trace(whole) / 24 == pytest.approx(runs["long-run", "direct", "roads"])


def test_the_long_run_is_drawn_from_either_kind_of_fit() -> None:
    fit = fit_dynamic()
    found = draw_long_run(fit, "roads", draws=20, level=0.9, rng=1)
    paths = draw_paths(fit, "roads", draws=20, level=0.9, rng=1)
    left = np.ones(24)
    np.testing.assert_array_equal(
        found.drawn.rows(left), paths.long_run.drawn.rows(left)
    )


def test_an_unstable_model_has_no_long_run() -> None:
    fit = fit_dynamic()
    object.__setattr__(fit, "largest_root", 1.02)
    with pytest.raises(EstimationError, match=r"not stable \(largest root 1.0200\)"):
        draw_paths(fit, "roads", draws=20, level=0.9, rng=1)
    with pytest.raises(MissingColumnError, match="no driver 'rail'"):
        draw_paths(fit, "rail", draws=20, level=0.9, rng=1)
