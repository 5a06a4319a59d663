import numpy as np
import pytest

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.indices._theta import theta_of
from spatial_coagg.simulate._bounded import draw_below, place_below
from spatial_coagg.simulate._controls import (
    ControlTargets,
    factor_loadings,
    fit_controls,
)
from spatial_coagg.simulate._fields import (
    draw_over_cities,
    draw_over_years,
    smooth_root,
)
from spatial_coagg.simulate._jobs import JobTargets, fit_jobs


def test_smooth_fields_have_the_covariance_asked_for() -> None:
    km = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0))) * 100
    root = smooth_root(km, range_km=200, share=0.6)
    fields = draw_over_cities(np.random.default_rng(1), root, count=200_000)
    expected = 0.6 * np.exp(-km / 200) + 0.4 * np.eye(4)
    np.testing.assert_allclose(np.cov(fields.T), expected, atol=0.01)


def test_fields_over_years_are_stationary_and_persistent() -> None:
    path = draw_over_years(
        np.random.default_rng(1), np.eye(200), years=400, persistence=0.6
    )
    assert path.var() == pytest.approx(1, abs=0.02)
    assert np.mean(path[1:] * path[:-1]) == pytest.approx(0.6, abs=0.02)


def test_loadings_give_the_inflation_factors() -> None:
    wanted = np.array([1.71, 6.2, 5.86, 2.46, 1.63, 1.5])
    loadings = factor_loadings(wanted)
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1)
    np.testing.assert_allclose(np.diag(np.linalg.inv(correlation)), wanted)


def test_controls_meet_their_targets_in_the_sample() -> None:
    generator = np.random.default_rng(1)
    log_theta = 0.2 * generator.normal(size=60) + 0.1 * generator.normal(size=(12, 60))
    targets = ControlTargets(
        mean=np.array([16.0, -2.0]),
        sd=np.array([1.0, 0.5]),
        vif=np.array([1.6, 2.0, 1.8]),
        sign=np.array([1.0, -1.0]),
        within=np.array([0.1, 0.14]),
        trend=0.08,
    )
    made = fit_controls(
        log_theta,
        generator.normal(size=(12, 60, 2)),
        generator.normal(size=(60, 2)),
        targets,
    )
    flat = made.reshape(-1, 2)
    np.testing.assert_allclose(flat.mean(axis=0), targets.mean)
    np.testing.assert_allclose(flat.std(axis=0), targets.sd)
    correlation = np.corrcoef(np.column_stack([log_theta.ravel(), flat]).T)
    np.testing.assert_allclose(np.diag(np.linalg.inv(correlation)), targets.vif)
    assert correlation[0, 1] > 0 > correlation[0, 2]
    inside = (made - made.mean(axis=0)).reshape(-1, 2)
    left = 1 / np.diag(np.linalg.inv(inside.T @ inside / len(inside)))
    np.testing.assert_allclose(np.sqrt(left), targets.within)


def average_thetas(
    quotients: FloatArray, services: FloatArray, region: IntArray
) -> tuple[FloatArray, FloatArray]:
    theta = theta_of(quotients[..., 0], services)
    by_region = [theta[:, region == number].mean(axis=1) for number in range(3)]
    sectors = theta_of(quotients[..., :1], quotients[..., 1:]).mean(axis=1)
    return np.column_stack(by_region), sectors


def test_jobs_meet_targets_that_other_totals_of_the_nation_gave() -> None:
    generator = np.random.default_rng(1)
    region = (np.arange(60) % 3).astype(np.int64)
    log_shares = np.log([0.3, 0.05, 0.03]) + 0.3 * generator.normal(size=(2, 60, 3))
    shares = np.exp(log_shares)
    shares[:, region == 1, 0] *= 0.8
    shares[:, region == 2, 0] *= 0.6
    nation = np.array([0.35, 0.06, 0.02])
    services = shares[..., 1:].sum(axis=-1) / nation[1:].sum()
    targets = JobTargets(*average_thetas(shares / nation, services, region))

    made = fit_jobs(log_shares, np.full((2, 60), 1e7), region, targets)

    assert np.array_equal(made.industries, np.rint(made.industries))
    assert (made.industries.sum(axis=-1) <= made.total).all()
    found = made.national_industries / made.national_total[:, None]
    mine = made.industries / made.total[..., None]
    together = mine[..., 1:].sum(axis=-1) / found[:, None, 1:].sum(axis=-1)
    regions, sectors = average_thetas(mine / found[:, None], together, region)
    np.testing.assert_allclose(regions, targets.regions, atol=1e-4)
    np.testing.assert_allclose(sectors, targets.sectors, atol=1e-4)


def test_places_stay_below_the_ceiling_and_keep_their_mean() -> None:
    generator = np.random.default_rng(1)
    movement = 0.1 * generator.normal(size=(10, 50))
    score = generator.normal(size=50)
    place = place_below(movement, score, ceiling=4.6, mean=3.7, shape=0.6)
    assert place.mean() == pytest.approx(3.7)
    assert (place + movement < 4.6).all()
    assert np.corrcoef(place, score)[0, 1] > 0.6


def test_noise_below_a_ceiling_has_mean_zero_and_the_spread_asked_for() -> None:
    room = np.linspace(0.05, 3, 200_000)[np.newaxis]
    noise = draw_below(np.random.default_rng(1), room, sd=0.4, shape=6.0)
    assert (noise < room).all()
    assert noise.std() == pytest.approx(0.4, abs=0.005)
    for part in np.split(noise[0], 4):
        assert part.mean() == pytest.approx(0, abs=4 * part.std() / np.sqrt(50_000))
