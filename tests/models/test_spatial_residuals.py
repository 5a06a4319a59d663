import numpy as np
import pytest
from scipy import stats
from spatial_witness import draw_panel, graph_of, nearest_matrix

from spatial_coagg._typing import Alternative, Effects
from spatial_coagg.errors import AlignmentError, EstimationError, WeightsError
from spatial_coagg.models.spatial_residuals import residual_moran
from spatial_coagg.tables.panel import Panel


@pytest.mark.parametrize("effects", ["none", "city", "year", "city-year"])
def test_moments_are_those_of_dense_projections(effects: Effects) -> None:
    w = nearest_matrix(8, 3, rng=1)
    w[2] = 0.0
    w[4] *= 0.3
    draw = draw_panel(n=8, t=4, w=w, rng=1)
    found = residual_moran(
        draw.panel, draw.graph, "y", draw.names, effects=effects, spillovers=["x0"]
    )
    lagged = np.einsum("nm,tm->tn", w, draw.x[:, :, 0])
    columns = [draw.x.reshape(32, 2), lagged.reshape(32, 1), np.ones((32, 1))]
    if "city" in effects:
        columns.append(np.kron(np.ones((4, 1)), np.eye(8)))
    if "year" in effects:
        columns.append(np.kron(np.eye(4), np.ones((8, 1))))
    z = np.hstack(columns)
    m = np.eye(32) - z @ np.linalg.pinv(z)
    k = np.kron(np.eye(4), w)
    e = m @ draw.y.ravel()
    d = np.trace(m)
    scale = 32 / k.sum()
    mean = scale * np.trace(m @ k) / d
    a = m @ (k + k.T) / 2 @ m
    second = scale**2 * (2 * np.trace(a @ a) + np.trace(a) ** 2) / (d * (d + 2))
    assert found.statistic == pytest.approx(scale * (e @ k @ e) / (e @ e), rel=1e-10)
    assert found.expectation == pytest.approx(mean, rel=1e-10)
    assert found.variance == pytest.approx(second - mean**2, rel=1e-8)
    assert found.degrees == pytest.approx(d)


def test_moments_are_those_of_normal_errors() -> None:
    # 4,000 draws of independent errors, effects and slopes: the moments do not depend
    # on them. The mean has a standard error of 0.002, the variance of 2.5 per cent.
    draw = draw_panel(n=12, t=3, rho=0.0, error=0.0, rng=2)
    test = residual_moran(draw.panel, draw.graph, "y", draw.names, effects="none")
    z = np.concatenate([draw.x, np.ones((3, 12, 1))], axis=2).reshape(36, 3)
    m = np.eye(36) - z @ np.linalg.pinv(z)
    e = np.random.default_rng(3).standard_normal((4000, 36)) @ m
    lagged = e.reshape(4000, 3, 12) @ draw.w.T
    found = 12 / draw.w.sum() * (e.reshape(4000, 3, 12) * lagged).sum(axis=(1, 2))
    found /= np.square(e).sum(axis=1)
    assert found.mean() == pytest.approx(test.expectation, abs=0.008)
    assert found.var() == pytest.approx(test.variance, rel=0.1)


def test_each_alternative_has_its_tail() -> None:
    draw = draw_panel(n=12, t=3, rng=2)
    tests = {
        side: residual_moran(draw.panel, draw.graph, "y", draw.names, alternative=side)
        for side in sides()
    }
    z = tests["greater"].z
    assert tests["greater"].p_value == pytest.approx(stats.norm.sf(z))
    assert tests["less"].p_value == pytest.approx(stats.norm.cdf(z))
    assert tests["two-sided"].p_value == pytest.approx(2 * stats.norm.sf(abs(z)))
    words = str(tests["greater"])
    assert words.startswith("residuals of neighbours are unrelated: I = ")


def sides() -> tuple[Alternative, ...]:
    return ("greater", "less", "two-sided")


def test_bad_requests_are_refused() -> None:
    draw = draw_panel(n=10, t=3, rng=2)
    with pytest.raises(ValueError, match="alternative must be one of"):
        residual_moran(
            draw.panel, draw.graph, "y", ["x0"],
            alternative="more",  # type: ignore[arg-type]
        )  # fmt: skip
    with pytest.raises(WeightsError, match="no city has a neighbour"):
        residual_moran(draw.panel, graph_of(np.zeros((10, 10))), "y", ["x0"])
    other = graph_of(nearest_matrix(10, 2, rng=0), [f"c{n}" for n in range(10)])
    with pytest.raises(AlignmentError, match="spillover_weights lacks"):
        residual_moran(
            draw.panel, draw.graph, "y", ["x0"], spillovers=["x0"],
            spillover_weights=other,
        )  # fmt: skip
    once = Panel(draw.panel.frame.loc[(draw.codes[:3], [2000]), :])
    with pytest.raises(
        EstimationError, match="leave 3 observations for 3 slopes; it takes more"
    ):
        residual_moran(
            once, graph_of(nearest_matrix(3, 2, rng=0)), "y", draw.names,
            effects="none",
        )  # fmt: skip
