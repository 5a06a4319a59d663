"""The estimators find the equations that the example is made with."""

import numpy as np
import pytest

from benchmarks.bench_coverage import Replications, replicate

pytestmark = pytest.mark.slow
REPLICATIONS = 60


@pytest.fixture(scope="module")
def static() -> Replications:
    return replicate("static", replications=REPLICATIONS)


@pytest.fixture(scope="module")
def dynamic() -> Replications:
    return replicate("dynamic", replications=REPLICATIONS)


@pytest.fixture(scope="module")
def contaminated() -> Replications:
    return replicate("dynamic-contaminated", replications=REPLICATIONS)


def is_unbiased(found: Replications) -> bool:
    """Whether the mean estimate lies within what 60 draws allow."""
    table = found.coefficients
    allowed = 3.5 * table["sd"] / np.sqrt(REPLICATIONS)
    return bool((table["bias"].abs() < allowed).all())


@pytest.mark.parametrize("which", ["static", "dynamic"])
def test_estimates_scatter_about_the_truth(
    which: str, request: pytest.FixtureRequest
) -> None:
    assert is_unbiased(request.getfixturevalue(which))


@pytest.mark.parametrize("which", ["static", "dynamic"])
def test_standard_errors_are_the_spread_of_the_estimates(
    which: str, request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(which).coefficients
    np.testing.assert_allclose(table["mean_error"], table["sd"], rtol=0.3)


@pytest.mark.parametrize("which", ["static", "dynamic"])
def test_95_per_cent_intervals_cover_the_truth(
    which: str, request: pytest.FixtureRequest
) -> None:
    # Under 95 %, fewer than 50 of 60 happen once in a thousand; the mean over the
    # coefficients is tighter. benchmarks/bench_coverage.py has 2,000 draws.
    coverage = request.getfixturevalue(which).coefficients["coverage"]
    assert coverage.min() > 50 / 60
    assert 0.90 < coverage.mean() < 0.99


def test_truths_are_the_published_columns(
    static: Replications, dynamic: Replications
) -> None:
    assert static.truth["ln_theta"] == 0.196
    assert dynamic.truth["previous.ln_cr"] == 0.509


def test_difference_in_hansen_rejects_the_contaminated_design_alone(
    dynamic: Replications, contaminated: Replications
) -> None:
    assert dynamic.rejections["difference_in_hansen"] < 0.2
    assert contaminated.rejections["difference_in_hansen"] > 0.95


def test_contamination_pushes_the_memory_upwards(contaminated: Replications) -> None:
    row = contaminated.coefficients.loc["previous.ln_cr"]
    assert row["bias"] > 0.1
    assert row["coverage"] < 0.1


def test_the_seed_decides_the_draws() -> None:
    first, again = (replicate("static", replications=2, seed=3) for _ in range(2))
    other = replicate("static", replications=2, seed=4)
    assert first.estimates.equals(again.estimates)
    assert not first.estimates.equals(other.estimates)
