"""The tests of spatial models, held to the reference bank."""

import numpy as np
import pytest
from scipy import optimize
from spatial_references import reference_panel, reference_weights, specifications

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.models.residual_tests import cross_section_test
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_residuals import residual_moran
from spatial_coagg.models.spatial_rows import SpatialRows, read_matrix
from spatial_coagg.models.spatial_tests import lagrange_multiplier_tests

BANK = specifications("tests")
NAMES = {
    "LM_lag": "lag",
    "LM_error": "error",
    "RLM_lag": "robust_lag",
    "RLM_error": "robust_error",
    "LM_sarma": "joint",
}
SLMTEST = {"lml": "lag", "lme": "error", "rlml": "robust_lag", "rlme": "robust_error"}
MODELS: dict[str, Effects] = {
    "model='pooling'": "none",
    "model='within'": "city",
    "plm(within,effect='time')": "year",
    "plm(within,effect='twoways')": "city-year",
}
CONDITIONAL = [name for name in BANK if "debarsy_ertur" in BANK[name]["others"]]


@pytest.mark.parametrize(
    ("name", "effects"),
    [(name, effects) for name, spec in BANK.items() for effects in spec["lagrange"]],
)
def test_multiplier_tests_are_those_of_the_bank(name: str, effects: Effects) -> None:
    panel, outcome, drivers = reference_panel(name, "tests")
    weights = reference_weights(BANK[name]["weights"])
    found = lagrange_multiplier_tests(panel, weights, outcome, drivers, effects=effects)
    for key, value in BANK[name]["lagrange"][effects].items():
        statistic = found.frame["statistic"][NAMES[key]]
        assert statistic == pytest.approx(value, rel=1e-8), key


@pytest.mark.parametrize("name", ["cigar_tests", "produc_tests"])
def test_multiplier_tests_are_those_of_splm(name: str) -> None:
    panel, outcome, drivers = reference_panel(name, "tests")
    weights = reference_weights(BANK[name]["weights"])
    for model, effects in MODELS.items():
        frame = lagrange_multiplier_tests(
            panel, weights, outcome, drivers, effects=effects
        ).frame
        for test, label in SLMTEST.items():
            case = BANK[name]["others"][f"slmtest({model},test='{test}')"]
            row = frame.loc[label]
            assert row["statistic"] == pytest.approx(case["statistic"], rel=1e-7)
            assert row["p_value"] == pytest.approx(case["p_value"], rel=1e-6)
            assert row["df"] == case["degrees"]


@pytest.mark.parametrize("name", CONDITIONAL)
def test_transformed_tests_are_those_of_debarsy_and_ertur(name: str) -> None:
    panel, outcome, drivers = reference_panel(name, "tests")
    found = lagrange_multiplier_tests(
        panel, reference_weights(BANK[name]["weights"]), outcome, drivers,
        effects="city", convention="debarsy-ertur",
    )  # fmt: skip
    joint, lag, _, error, _ = BANK[name]["others"]["debarsy_ertur"]
    # The fourth is their lm_f_err, printed under the name of another test.
    for test, (_, value, p_value) in (
        (found.joint, joint),
        (found.lag, lag),
        (found.error, error),
    ):
        assert test.statistic == pytest.approx(value, rel=1e-10)
        assert test.p_value == pytest.approx(p_value, abs=1e-12)


def mistaken(arrays: tuple[FloatArray, ...], rho: float) -> float:
    """Return lm_f_sar_c as it is written: W squared element by element, at this rho."""
    y, x, w = arrays
    years, cities = y.shape
    own = y - rho * y @ w.T
    flat = x.reshape(y.size, -1)
    slopes = np.linalg.lstsq(flat, own.ravel(), rcond=None)[0]
    noise = own - (flat @ slopes).reshape(y.shape)
    times = years - 1
    sigma2 = np.square(noise).sum() / (cities * times)
    g = w @ np.linalg.inv(np.eye(cities) - rho * w)
    mean = (flat @ slopes).reshape(y.shape) @ g.T
    size = x.shape[2]
    information = np.zeros((size + 2, size + 2))
    columns = np.column_stack([flat, mean.ravel()])
    information[:-1, :-1] = columns.T @ columns / sigma2
    information[size, size] += times * (np.sum(g * g.T) + np.sum(g * g))
    information[size, -1] = information[-1, size] = times * np.trace(g) / sigma2
    information[-1, -1] = cities * times / (2 * sigma2**2)
    variance = np.linalg.inv(information)[size, size]
    cross = times * (np.sum((w * w) * g) + np.sum((w * w) * g.T))
    left = times * (np.sum(w * w.T) + np.sum(w * w)) - cross**2 * variance
    return float((np.sum(noise * (noise @ w.T)) / sigma2) ** 2 / left)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_their_conditional_test_squares_the_weights(name: str) -> None:
    # lm_f_sar_c overwrites W2 by its squared elements before the last traces, at a rho
    # from a table of log-determinants; lm_f_err_c takes residuals that are not
    # filtered. Ours are held to a dense likelihood instead, in test_spatial_tests.
    panel, outcome, drivers = reference_panel(name, "tests")
    weights = reference_weights(BANK[name]["weights"])
    cities = panel.frame.index.unique("city").sort_values()
    matrix = read_matrix(weights, cities, name="weights")
    rows = SpatialRows.of(
        panel, outcome, list(drivers), spillovers=(), spillover_weights=matrix,
        constant=False,
    )  # fmt: skip
    arrays = (rows.y - rows.y.mean(0), rows.z - rows.z.mean(0), matrix.toarray())
    rho = fit_spatial_panel(
        panel, weights, outcome, drivers, model="sar", effects="city"
    ).rho
    wanted = BANK[name]["others"]["debarsy_ertur"][2][1]
    theirs = optimize.brentq(
        lambda place: mistaken(arrays, place) - wanted, rho - 0.02, rho + 0.02
    )
    assert theirs == pytest.approx(rho, abs=0.005)


@pytest.mark.parametrize("name", ["columbus_tests", "baltimore_tests"])
def test_moran_of_residuals_is_that_of_spdep(name: str) -> None:
    panel, outcome, drivers = reference_panel(name, "tests")
    found = residual_moran(
        panel, reference_weights(BANK[name]["weights"]), outcome, drivers,
        effects="none", alternative="greater",
    )  # fmt: skip
    case = BANK[name]["others"]["moran"]["moran_resid"]
    assert found.statistic == pytest.approx(case["I"], rel=1e-10)
    assert found.expectation == pytest.approx(case["expectation"], rel=1e-10)
    assert found.variance == pytest.approx(case["variance"], rel=1e-10)
    assert found.z == pytest.approx(case["z"], rel=1e-10)


@pytest.mark.parametrize("name", ["cigar_tests", "produc_tests"])
def test_cross_section_dependence_is_that_of_plm(name: str) -> None:
    panel, outcome, drivers = reference_panel(name, "tests")
    fit = fit_spatial_panel(
        panel, reference_weights(BANK[name]["weights"]), outcome, drivers,
        model="ols", effects="city",
    )  # fmt: skip
    case = BANK[name]["others"]["pcdtest(within,cd)"]
    found = cross_section_test(fit.residuals)
    assert found.statistic == pytest.approx(case["statistic"], rel=1e-9)
