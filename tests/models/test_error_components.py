from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from spatial_references import reference_panel, reference_weights, specifications
from spatial_witness import Draw, draw_panel, nearest_matrix

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError
from spatial_coagg.models._error_components import (
    marginal_statistics,
    standardised_city_statistic,
)
from spatial_coagg.models.error_components import error_component_tests
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.tables.panel import Panel

BANK = specifications("tests")
CALLS = {
    "bsktest(test='LM1',standardize=FALSE)": "city",
    "bsktest(test='LM2',standardize=FALSE)": "error",
    "bsktest(test='CLMlambda',standardize=FALSE)": "error_given_city",
    "bsktest(test='CLMmu',standardize=FALSE)": "city_given_error",
    "bsjktest(test='J')": "any",
}


def drawn(
    *, spread: float = 0.0, error: float = 0.0, cities: int = 12, rng: int = 1
) -> Draw:
    """Draw y = x + city + u, the errors u of neighbours being related."""
    w = nearest_matrix(cities, 3, rng=0)
    source = np.random.default_rng(rng)
    x = source.standard_normal((4, cities, 2))
    shocks = source.standard_normal((cities, 4))
    noise = np.linalg.solve(np.eye(cities) - error * w, shocks).T
    y = x.sum(axis=2) + spread * source.standard_normal(cities) + noise
    return replace(draw_panel(n=cities, t=4, w=w), x=x, y=y)


def frame_of(draw: Draw, *, spill: bool = False) -> pd.DataFrame:
    return error_component_tests(
        draw.panel, draw.graph, "y", draw.names, conditional=True,
        spillovers=draw.names[:1] if spill else (),
    ).frame  # fmt: skip


@pytest.mark.parametrize("name", ["cigar_tests", "produc_tests"])
def test_statistics_are_those_of_splm(name: str) -> None:
    panel, outcome, drivers = reference_panel(name, "tests")
    weights = reference_weights(BANK[name]["weights"])
    frame = error_component_tests(
        panel, weights, outcome, drivers, conditional=True
    ).frame
    for call, label in CALLS.items():
        case = BANK[name]["others"][call]
        # splm's estimates under the hypothesis stop at six digits.
        wanted = pytest.approx(case["statistic"], rel=1e-6)
        assert frame["statistic"][label] == wanted, call
        if label in ("error", "error_given_city"):
            p_value = pytest.approx(case["p_value"], rel=1e-5)
            assert frame["p_value"][label] == p_value
    assert frame["df"]["any"] == BANK[name]["others"]["bsjktest(test='J')"]["degrees"]


class Dense:
    """Errors of covariance s2m J x I + (s2 V(psi)) x (B'B)^-1, all dense."""

    def __init__(self, draw: Draw, slopes: FloatArray) -> None:
        years, cities = draw.y.shape
        x = np.concatenate([draw.x, np.ones((years, cities, 1))], axis=2)
        self.noise = (draw.y - x @ slopes).ravel()
        self.w, self.years = draw.w, years

    def covariance(self, place: FloatArray) -> FloatArray:
        """Return it for the city variance, lambda, psi and the noise's variance."""
        city, error, psi, noise = place
        b = np.eye(len(self.w)) - error * self.w
        gaps = np.abs(np.subtract.outer(np.arange(self.years), np.arange(self.years)))
        within = psi**gaps / (1 - psi**2)
        if psi == 0:
            within = np.eye(self.years)
        ones = np.ones((self.years, self.years))
        own = np.kron(noise * within, np.linalg.inv(b.T @ b))
        return np.asarray(city * np.kron(ones, np.eye(len(self.w))) + own)

    def statistic(self, place: FloatArray, tested: list[int], free: list[int]) -> float:
        inverse = np.linalg.inv(self.covariance(place))
        steps = np.eye(4) * 1e-6 * np.array([1, 1, 1, place[3]])
        bends = [
            inverse @ (self.covariance(place + h) - self.covariance(place - h))
            / (2 * h.sum())
            for h in steps
        ]  # fmt: skip
        turned = inverse @ self.noise
        score = np.array(
            [
                0.5 * (self.noise @ bend @ turned - np.trace(bend))
                for bend in bends
            ]
        )  # fmt: skip
        whole = np.array([[0.5 * np.sum(a * b.T) for b in bends] for a in bends])
        kept = [*tested, *free]
        inside = np.linalg.inv(whole[np.ix_(kept, kept)])
        return float(score[kept] @ inside @ score[kept])


def test_marginal_statistics_are_those_of_a_dense_likelihood() -> None:
    draw = drawn(spread=0.5, error=0.3)
    frame = frame_of(draw)["statistic"]
    z = np.concatenate([draw.x, np.ones((4, 12, 1))], axis=2).reshape(48, 3)
    slopes = np.linalg.lstsq(z, draw.y.ravel(), rcond=None)[0]
    dense = Dense(draw, slopes)
    place = np.array([0.0, 0.0, 0.0, np.mean(dense.noise**2)])
    for label, tested in (("city", 0), ("error", 1), ("serial", 2)):
        wanted = dense.statistic(place, [tested], [3])
        assert frame[label] ** 2 == pytest.approx(wanted, rel=1e-5), label
    pair = dense.statistic(place, [0, 1], [3])
    assert frame["city_or_error"] == pytest.approx(pair, rel=1e-5)
    assert frame["any"] == pytest.approx(dense.statistic(place, [0, 1, 2], [3]), 1e-5)


def test_conditional_statistics_are_those_of_a_dense_likelihood() -> None:
    draw = drawn(spread=0.7, error=0.3)
    frame = frame_of(draw)["statistic"]
    labels = ["x0", "x1", "constant"]
    random = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="ols", effects="random"
    )
    dense = Dense(draw, random.estimates["estimate"][labels].to_numpy())
    phi = float(random.estimates["estimate"]["phi"])
    place = np.array([phi * random.sigma2, 0.0, 0.0, random.sigma2])
    wanted = dense.statistic(place, [1], [0, 3])
    assert frame["error_given_city"] ** 2 == pytest.approx(wanted, rel=1e-4)
    spatial = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="sem", effects="none"
    )
    dense = Dense(draw, spatial.estimates["estimate"][labels].to_numpy())
    place = np.array([0.0, spatial.error_lambda, 0.0, spatial.sigma2])
    wanted = dense.statistic(place, [0], [1, 3])
    assert frame["city_given_error"] ** 2 == pytest.approx(wanted, rel=1e-4)


def test_standardised_statistic_is_that_of_a_dense_projection() -> None:
    draw = drawn(spread=0.4)
    found = frame_of(draw, spill=True).loc["city_standardised"]
    lagged = np.einsum("nm,tm->tn", draw.w, draw.x[:, :, 0])[:, :, None]
    z = np.concatenate([draw.x, lagged, np.ones((4, 12, 1))], axis=2).reshape(48, 4)
    m = np.eye(48) - z @ np.linalg.pinv(z)
    d = np.kron(np.ones((4, 4)), np.eye(12))
    e, left = m @ draw.y.ravel(), 44
    mean = np.trace(m @ d) / left
    square = left * np.trace(m @ d @ m @ d) - np.trace(m @ d) ** 2
    variance = 2 * square / (left**2 * (left + 2))
    wanted = (e @ d @ e / (e @ e) - mean) / np.sqrt(variance)
    assert found["statistic"] == pytest.approx(wanted, rel=1e-8)
    assert found["p_value"] == pytest.approx(stats.norm.sf(wanted), rel=1e-6)


def test_the_one_sided_test_counts_what_is_above_zero() -> None:
    above = frame_of(drawn(spread=1.0, error=0.5)).loc["city_or_error_one_sided"]
    both = frame_of(drawn(spread=1.0, error=0.5)).loc["city_or_error"]
    assert above["statistic"] == both["statistic"]
    assert above["p_value"] < both["p_value"]
    tails = [float(stats.chi2.sf(above["statistic"], degrees)) for degrees in (1, 2)]
    assert above["p_value"] == pytest.approx(tails[0] / 2 + tails[1] / 4)
    for rng in range(100):
        draw = drawn(rng=rng)
        frame = error_component_tests(draw.panel, draw.graph, "y", draw.names).frame
        if frame.loc[["city", "error"], "statistic"].max() < 0:
            break
    assert frame.loc["city_or_error_one_sided", "statistic"] == 0
    assert frame.loc["city_or_error_one_sided", "p_value"] == 1


def test_with_two_years_city_effects_are_autocorrelation() -> None:
    draw = drawn(spread=0.5)
    two = Panel(draw.panel.frame.loc[(slice(None), [2000, 2001]), :])
    frame = error_component_tests(two, draw.graph, "y", draw.names).frame
    assert frame["statistic"]["city"] == pytest.approx(frame["statistic"]["serial"])
    assert frame["df"]["any"] == 2
    pair = frame["statistic"][["city", "error"]]
    assert frame["statistic"]["any"] == pytest.approx((pair**2).sum())


def test_the_statistics_are_standard_normal_under_the_hypothesis() -> None:
    # 1,000 draws: the share above 1.645 has a standard error of 0.7 per cent.
    w = sparse.csr_array(nearest_matrix(64, 4, rng=0))
    source = np.random.default_rng(7)
    x = source.standard_normal((6, 64, 2))
    z = np.concatenate([x, np.ones((6, 64, 1))], axis=2)
    basis = np.linalg.qr(z.reshape(384, 3))[0]
    found = []
    for _ in range(1000):
        e = source.standard_normal(384)
        noise = (e - basis @ (basis.T @ e)).reshape(6, 64)
        each = marginal_statistics(noise, w)
        standardised = standardised_city_statistic(noise, z)
        found.append([each.city, each.error, each.serial, standardised, each.joint])
    whole = np.array(found)
    for tail in ((whole[:, :4] > 1.645), (whole[:, :4] < -1.645)):
        np.testing.assert_allclose(tail.mean(axis=0), 0.05, atol=0.03)
    joint = np.mean(whole[:, 4] > stats.chi2.isf(0.05, 3))
    assert joint == pytest.approx(0.05, abs=0.025)
    assert whole[:, 3].mean() == pytest.approx(0.0, abs=0.1)
    assert whole[:, 3].std() == pytest.approx(1.0, abs=0.08)


def test_each_component_is_found() -> None:
    city = frame_of(drawn(spread=1.0, cities=49))["p_value"]
    assert city["city_given_error"] < 1e-6
    assert city["error_given_city"] > 0.01
    error = frame_of(drawn(error=0.6, cities=49))["p_value"]
    assert error["error_given_city"] < 1e-6
    assert error["city_given_error"] > 0.01


def test_one_year_is_refused() -> None:
    draw = drawn()
    once = Panel(draw.panel.frame.loc[(slice(None), [2000]), :])
    with pytest.raises(EstimationError, match="1 years of 12 cities are too few"):
        error_component_tests(once, draw.graph, "y", draw.names)
