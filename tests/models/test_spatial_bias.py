"""The analytical correction for year effects, for weights of any row sums."""

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import sparse
from spatial_witness import draw_panel

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.models._spatial_bias import score_biases
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import Correction, SpatialModel
from spatial_coagg.tables.panel import Panel

CITIES, YEARS = 25, 8


def uneven_weights(rng: np.random.Generator) -> FloatArray:
    """Neighbours within a distance, the largest eigenvalue 1, one city alone."""
    places = rng.uniform(size=(CITIES, 2))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    w = ((apart < 0.3) & (apart > 0)).astype(float)
    w[0] = w[:, 0] = 0
    return w / float(np.linalg.eigvals(w).real.max())


def as_graph(w: FloatArray) -> Graph:
    codes = [f"{place:02d}" for place in range(len(w))]
    return Graph.from_sparse(sparse.coo_array(w), ids=codes)


def test_biases_are_those_of_dense_matrices() -> None:
    rng = np.random.default_rng(1)
    w, other = uneven_weights(rng), uneven_weights(rng)
    rho, lam, eye = 0.4, -0.3, np.eye(CITIES)
    b = eye - lam * other
    v = b @ np.ones(CITIES)
    g = b @ w @ np.linalg.inv(eye - rho * w) @ np.linalg.inv(b)
    h = other @ np.linalg.inv(b)
    found = score_biases(rho, lam, sparse.csr_array(w), sparse.csr_array(other))
    assert found == pytest.approx((v @ g @ v / (v @ v), v @ h @ v / (v @ v)))


def test_rows_of_sum_one_give_the_form_of_lee_and_yu() -> None:
    w = sparse.csr_array(np.roll(np.eye(CITIES), 1, axis=1))
    assert score_biases(0.4, -0.3, w, w) == pytest.approx((1 / 0.6, 1 / 1.3))


@pytest.mark.parametrize("truth", [-0.6, 0.0, 0.6])
@pytest.mark.parametrize("model", ["sar", "sem"])
def test_plain_estimates_are_biased_downwards_whatever_their_sign(
    model: SpatialModel, truth: float
) -> None:
    name = "rho" if model == "sar" else "lambda"
    for seed in range(3):
        draw = draw_panel(
            n=10, t=30, rho=truth if model == "sar" else 0.0,
            error=truth if model == "sem" else 0.0, spillover=0.0, rng=seed,
        )  # fmt: skip
        plain, whole = (
            fit_spatial_panel(
                draw.panel, draw.graph, "y", draw.names, model=model, effects="year",
                correction=each,  # type: ignore[arg-type]
            ).estimates["estimate"][name]
            for each in ("none", "transform")
        )  # fmt: skip
        assert plain < whole - 0.01


@pytest.mark.parametrize(
    ("effects", "correction"),
    [("city", "bias"), ("year", "bias"), ("city-year", "transform")],
)
def test_sigma2_is_of_the_residuals(effects: Effects, correction: Correction) -> None:
    draw = draw_panel(n=12, t=4)
    fit = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="sdem", effects=effects,
        correction=correction,
    )  # fmt: skip
    assert fit.sigma2 == fit.facts["sigma2"]
    squares = float(np.square(fit.residuals).sum())
    assert fit.sigma2 == pytest.approx(squares / float(fit.facts["sigma2_divisor"]))


def test_sigma2_is_corrected_by_itself_with_both_effects() -> None:
    # Without rho and lambda: sigma2 (1 + 1 / N) T / (T - 1).
    draw = draw_panel(n=12, t=4)
    fit = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="ols", correction="bias"
    )
    squares = float(np.square(fit.residuals).sum())
    assert fit.sigma2 == pytest.approx(squares / (12 * 3) * (1 + 1 / 12), rel=1e-12)
    assert fit.sigma2 == fit.facts["sigma2"]
    assert fit.facts["sigma2_divisor"] == 11 * 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::spatial_coagg.errors.InferenceWarning")
def test_the_correction_takes_most_of_the_bias_with_uneven_rows() -> None:
    rng = np.random.default_rng(3)
    w = uneven_weights(rng)
    graph, spread = as_graph(w), np.linalg.inv(np.eye(CITIES) - 0.5 * w)
    index = pd.MultiIndex.from_product(
        [[f"{place:02d}" for place in range(CITIES)], range(2000, 2000 + YEARS)],
        names=["city", "year"],
    )
    rhos: dict[str, list[float]] = {"none": [], "bias": []}
    for _ in range(80):
        x, noise = rng.standard_normal((2, YEARS, CITIES))
        effects = rng.standard_normal(CITIES) + rng.standard_normal((YEARS, 1))
        y = (x + effects + noise) @ spread.T
        frame = pd.DataFrame({"y": y.T.ravel(), "x": x.T.ravel()}, index)
        panel = Panel.from_frame(frame, city="city", year="year")
        for correction, found in rhos.items():
            fit = fit_spatial_panel(
                panel, graph, "y", ["x"], model="sar",
                correction=correction,  # type: ignore[arg-type]
            )  # fmt: skip
            found.append(fit.rho)
    plain, corrected = (float(np.mean(found)) - 0.5 for found in rhos.values())
    assert plain < -0.04
    assert abs(corrected) < 0.025
