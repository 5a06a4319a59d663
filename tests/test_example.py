import warnings
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import SpatialCoaggError, SpatialCoaggWarning
from spatial_coagg.example import Example, load_example
from spatial_coagg.indices.coagglomeration import group_thetas
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.instruments import GmmInstruments, StandardInstruments
from spatial_coagg.models.system_gmm import fit_dynamic_gmm
from spatial_coagg.simulate.china_outcome import Mode
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.published import read_published
from spatial_coagg.tables.shapes import load_city_list
from spatial_coagg.weights.align import weight_matrix

DRIVERS = ["ln_theta", "ln_sci", "ln_gov", "ln_fin", "ln_gdp", "ln_ind"]
# Shanghai's jobs in 2019; Suzhou's index and GDP of that year.
JOBS = [2308686, 665895, 397047, 151224, 157619, 326135, 5357822]
CONTROLS = [87.861, 103239429]
SERVICES = ["transport", "information", "technology", "leasing", "finance"]


@pytest.fixture(scope="module")
def example() -> Example:
    return load_example()


@pytest.fixture(scope="module")
def dynamic() -> Example:
    return load_example("dynamic")


@pytest.fixture(scope="module")
def contaminated() -> Example:
    return load_example("dynamic-contaminated")


@pytest.fixture(scope="module")
def spatial() -> Example:
    return load_example("spatial")


@pytest.fixture(scope="module")
def thetas(example: Example) -> pd.DataFrame:
    groups = {"theta": SERVICES} | {name + "_": [name] for name in SERVICES}
    return group_thetas(
        example.jobs,
        manufacturing="manufacturing",
        groups=groups,
        national=example.national,
    )


def fit_within(panel: Panel) -> pd.DataFrame:
    """Least squares after taking out city means, with classical standard errors."""
    table = panel.frame[["ln_cr", *DRIVERS]].dropna()
    within = table - table.groupby(level="city").transform("mean")
    x, y = within[DRIVERS].to_numpy(), within["ln_cr"].to_numpy()
    slopes = np.linalg.solve(x.T @ x, x.T @ y)
    left = y - x @ slopes
    degrees = len(y) - table.index.unique("city").size - len(DRIVERS)
    variance = (left @ left) / degrees * np.linalg.inv(x.T @ x)
    fit = pd.DataFrame({"estimate": slopes, "error": np.sqrt(np.diag(variance))})
    return fit.set_axis(DRIVERS).assign(noise=np.sqrt(left @ left / degrees))


def test_says_that_it_is_simulated(example: Example) -> None:
    assert example.notice == "Simulated data"


def test_covers_the_cities_and_years_of_the_paper(example: Example) -> None:
    cities = load_city_list()
    panel, sample = cities.index[cities["in_panel"]], cities.index[cities["in_sample"]]
    assert example.jobs.index.unique("city").equals(panel)
    assert example.controls.index.unique("city").equals(sample)
    assert example.panel.cities.equals(sample)
    assert len(example.jobs) == 285 * 16
    assert len(example.panel.frame) == 281 * 16
    assert example.national.index.to_list() == list(range(2004, 2020))
    regions = example.panel.attributes["region"].value_counts()
    assert regions.to_dict() == {"central": 100, "east": 97, "west": 84}


def test_jobs_are_whole_and_fit_into_their_totals(example: Example) -> None:
    for table in (example.jobs, example.national):
        assert (table == table.round()).all(axis=None)
        assert (table > 0).all(axis=None)
        parts = table.drop(columns="total").sum(axis="columns")
        assert (parts <= table["total"]).all()
    summed = example.jobs.groupby(level="year").sum()
    assert (example.national > summed).all(axis=None)


def test_regional_averages_are_those_of_table_1(thetas: pd.DataFrame) -> None:
    printed = read_published(1)["value"].xs("value", level="quantity")
    regions = load_city_list()["region"].reindex(thetas.index.get_level_values("city"))
    years = thetas.index.get_level_values("year").astype("str")
    means = thetas["theta"].groupby([years, regions.to_numpy()]).mean()
    assert len(means) == 48
    for key, mean in means.items():
        assert mean == pytest.approx(printed[key], abs=0.001)


def test_sector_averages_are_those_of_table_3(thetas: pd.DataFrame) -> None:
    printed = read_published(3)["value"].xs("value", level="quantity")
    means = thetas.groupby(level="year").mean()
    assert len(printed) == 40
    for (year, sector), value in printed.items():
        mean = means.loc[int(year), sector + "_"]
        assert mean == pytest.approx(value, abs=0.001)


def test_panel_holds_theta_as_a_reader_would_compute_it(
    example: Example, thetas: pd.DataFrame
) -> None:
    frame = example.panel.frame
    expected = thetas.loc[frame.index]
    np.testing.assert_array_equal(frame["theta"], expected["theta"])
    np.testing.assert_array_equal(frame["theta_finance"], expected["finance_"])
    np.testing.assert_array_equal(frame["ln_theta"], np.log(expected["theta"]))


def test_theta_spreads_as_in_table_4(example: Example) -> None:
    theta = example.panel.frame["theta"]
    assert theta.mean() == pytest.approx(2.391, abs=0.05)
    assert theta.std() == pytest.approx(0.536, abs=0.03)
    assert theta.min() > 0.645
    assert theta.max() < 4.6


@pytest.mark.parametrize(
    ("name", "mean_within", "sd_within"),
    [
        ("gdp", 0.05, 0.10),
        ("gov", 0.05, 0.05),
        ("fin", 0.05, 0.05),
        ("ind", 0.05, 0.05),
        # Of a variable so skewed, 281 cities hold only part of the upper tail.
        ("sci", 0.10, 0.40),
        ("cr", 0.06, 0.06),
    ],
)
def test_levels_have_the_moments_of_table_4(
    example: Example, name: str, mean_within: float, sd_within: float
) -> None:
    printed = read_published(4)["value"]
    units = 10_000.0 if name == "gdp" else 1.0
    values = example.panel.frame[name]
    mean, sd = (printed[name, moment, "value"] * units for moment in ("mean", "sd"))
    assert values.mean() == pytest.approx(mean, rel=mean_within)
    assert values.std() == pytest.approx(sd, rel=sd_within)


def test_inflation_factors_are_those_of_table_5(example: Example) -> None:
    printed = read_published(5)["value"]
    correlation = example.panel.frame[DRIVERS].corr().to_numpy()
    found = np.diag(np.linalg.inv(correlation))
    expected = [printed[name[3:], "vif", "value"] for name in DRIVERS]
    np.testing.assert_allclose(found, expected, rtol=0.005)


def test_fixed_effects_recover_table_6_within_its_standard_errors(
    example: Example,
) -> None:
    printed = read_published(6)["value"]
    fit = fit_within(example.panel)
    for name in DRIVERS:
        label = f"ln({name[3:]})"
        error = printed[label, "1", "standard_error"]
        assert example.truth.coefficients[name] == printed[label, "1", "estimate"]
        assert abs(fit.loc[name, "estimate"] - printed[label, "1", "estimate"]) < error
        assert fit.loc[name, "error"] == pytest.approx(error, rel=0.03)
    assert fit["noise"].iloc[0] == pytest.approx(0.394, rel=0.05)


@pytest.mark.slow
def test_fixed_effects_are_right_on_average_over_other_cities() -> None:
    misses = []
    for seed in range(1, 13):
        other = load_example(seed=seed)
        fit = fit_within(other.panel)
        truth = other.truth.coefficients[DRIVERS]
        misses.append((fit["estimate"] - truth) / fit["error"])
    table = pd.DataFrame(misses)
    assert (table.mean().abs() < 3 / np.sqrt(12)).all()
    assert 0.7 < np.sqrt((table**2).to_numpy().mean()) < 1.3


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_stay_near_tables_1_and_3(seed: int) -> None:
    other = load_example(seed=seed)
    regions = other.panel.attributes["region"]
    theta = other.panel.frame["theta"]
    cities = theta.index.get_level_values("city")
    means = theta.groupby(regions.reindex(cities).to_numpy()).mean()
    # Central China is the same 100 cities in the sample and in the panel.
    printed = read_published(1)["value"].xs("central", level="column").mean()
    assert means["central"] == pytest.approx(printed, abs=0.01)


def test_neighbours_are_alike_in_every_year(example: Example, spatial: Example) -> None:
    assert spatial.truth.weights is not None
    w = weight_matrix(spatial.truth.weights)
    theta = example.panel.frame["theta"].unstack("year").to_numpy()
    values = theta - theta.mean(axis=0)
    moran = (values * (w @ values)).sum(axis=0) / (values**2).sum(axis=0)
    assert (moran > 0.3).all()
    assert (moran < 0.5).all()


def test_rows_are_missing_as_in_the_paper(example: Example) -> None:
    frame, whole = example.panel.frame, example.balanced_panel.frame
    assert (frame["cr"] == 0).sum() == 13
    assert frame["cr"].isna().sum() == 16
    assert frame["ln_cr"].notna().sum() == 4467
    assert frame.drop(columns=whole.filter(like="cr").columns).notna().all(axis=None)
    assert whole.notna().all(axis=None)
    kept = frame["ln_cr"].notna()
    pd.testing.assert_frame_equal(frame[kept], whole[kept])
    assert example.balanced_panel.cube(["ln_cr"]).shape == (16, 281, 1)


def test_index_ends_at_100(example: Example) -> None:
    cr = example.balanced_panel.frame["cr"]
    assert cr.between(0.01, 100).all()


def test_panel_repeats_the_controls(example: Example) -> None:
    frame, controls = example.panel.frame, example.controls
    pd.testing.assert_frame_equal(frame[list(controls.columns)], controls)
    per_head = controls["cr"] / controls["population"] * 1e6
    pd.testing.assert_series_equal(controls["pcr"], per_head, check_names=False)
    per_area = controls["cr"] / controls["area_km2"] * 1e3
    pd.testing.assert_series_equal(controls["pacr"], per_area, check_names=False)


def test_static_outcome_is_its_equation_plus_noise(example: Example) -> None:
    truth, frame = example.truth, example.balanced_panel.frame
    told = frame[DRIVERS] @ truth.coefficients[DRIVERS]
    told += truth.coefficients["constant"]
    cities = frame.index.get_level_values("city")
    noise = frame["ln_cr"] - told - truth.city_effects.reindex(cities).to_numpy()
    assert noise.std() == pytest.approx(truth.noise_sd, rel=0.05)
    assert abs(noise.mean()) < 0.02
    assert abs(truth.city_effects.mean()) < 1e-9


def test_city_effects_go_with_the_drivers(example: Example) -> None:
    truth, frame = example.truth, example.balanced_panel.frame
    told = (frame[DRIVERS] @ truth.coefficients[DRIVERS]).groupby(level="city").mean()
    assert np.corrcoef(told, truth.city_effects)[0, 1] < -0.25
    assert truth.city_effects.skew() < -0.5


def test_modes_share_jobs_and_all_controls_but_the_index(
    example: Example, dynamic: Example
) -> None:
    pd.testing.assert_frame_equal(dynamic.jobs, example.jobs)
    index = ["cr", "pcr", "pacr"]
    pd.testing.assert_frame_equal(
        dynamic.controls.drop(columns=index), example.controls.drop(columns=index)
    )


def test_dynamic_truth_is_table_7(dynamic: Example) -> None:
    truth = dynamic.truth.coefficients
    assert truth["previous.ln_cr"] == 0.509
    assert truth["ln_theta"] == 0.393
    assert truth["constant"] == -0.117
    assert dynamic.panel.frame["ln_cr"].notna().sum() == 4467


@pytest.mark.parametrize("which", ["dynamic", "contaminated"])
def test_dynamic_outcome_is_its_equation_plus_noise(
    which: str, request: pytest.FixtureRequest
) -> None:
    simulated: Example = request.getfixturevalue(which)
    truth, panel = simulated.truth, simulated.balanced_panel
    previous = panel.previous(["ln_cr"])
    right = panel.frame[DRIVERS].join(previous).assign(constant=1.0)
    told = right @ truth.coefficients[right.columns]
    cities = right.index.get_level_values("city")
    told += truth.city_effects.reindex(cities).to_numpy()
    noise = panel.frame["ln_cr"] - told
    assert noise.notna().sum() == 281 * 15
    assert noise.std() == pytest.approx(truth.noise_sd, rel=0.03)
    assert abs(noise.mean()) < 0.02


def test_first_changes_go_with_city_effects_only_in_the_contaminated_mode(
    dynamic: Example, contaminated: Example
) -> None:
    found = []
    for simulated in (dynamic, contaminated):
        y = simulated.balanced_panel.frame["ln_cr"].unstack("year")
        change = y[2005] - y[2004]
        found.append(np.corrcoef(change, simulated.truth.city_effects)[0, 1])
    assert abs(found[0]) < 0.1
    assert found[1] > 0.3


def fit_by_gmm(simulated: Example) -> DynamicGmmFit:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        return fit_dynamic_gmm(
            simulated.panel,
            "ln_cr",
            DRIVERS,
            instruments=[
                GmmInstruments("ln_cr", lags=(2, 4), equation="difference"),
                GmmInstruments("ln_cr", lags=(1, 1), equation="level"),
                StandardInstruments(DRIVERS),
            ],
        )


def test_system_gmm_recovers_table_7_where_it_is_valid(dynamic: Example) -> None:
    fit = fit_by_gmm(dynamic)
    miss = fit.estimates["estimate"] - dynamic.truth.coefficients
    assert (miss.abs() < 2.5 * fit.estimates["standard_error"]).all()
    assert fit.hansen.p_value > 0.1
    assert fit.difference_in_hansen["p_value"].iloc[1] > 0.1


def test_difference_in_hansen_finds_the_contamination(contaminated: Example) -> None:
    fit = fit_by_gmm(contaminated)
    assert fit.difference_in_hansen["p_value"].iloc[1] < 0.001
    row = fit.estimates.loc["previous.ln_cr"]
    assert row["estimate"] > 0.509 + 3 * row["standard_error"]


def test_spatial_outcome_is_its_equation_plus_noise(spatial: Example) -> None:
    truth = spatial.truth
    assert truth.weights is not None
    w = weight_matrix(truth.weights)
    cube = spatial.panel.cube(["ln_cr", *DRIVERS])
    y, x = cube[..., 0], cube[..., 1:]
    slopes = truth.coefficients[DRIVERS].to_numpy()
    spillovers = truth.coefficients[[f"W.{name}" for name in DRIVERS]].to_numpy()
    told = x @ slopes + (x @ spillovers) @ w.T + truth.coefficients["constant"]
    told += truth.city_effects.to_numpy() + truth.year_effects.to_numpy()[:, None]
    noise = y - truth.coefficients["rho"] * y @ w.T - told
    assert noise.std() == pytest.approx(truth.noise_sd, rel=0.03)
    assert truth.city_effects.index.equals(spatial.panel.cities)


def test_spatial_mode_has_no_gaps(spatial: Example) -> None:
    assert spatial.panel.frame.notna().all(axis=None)
    pd.testing.assert_frame_equal(spatial.panel.frame, spatial.balanced_panel.frame)


def test_spatial_mode_tells_its_effects(spatial: Example) -> None:
    truth = spatial.truth.coefficients
    total = spatial.truth.effects["total"]
    for name in DRIVERS:
        closed = (truth[name] + truth[f"W.{name}"]) / (1 - truth["rho"])
        assert total[name] == pytest.approx(closed)


def test_same_seed_gives_the_same_numbers_everywhere(example: Example) -> None:
    again = load_example()
    pd.testing.assert_frame_equal(again.controls, example.controls, check_exact=True)
    assert example.jobs.loc[("310000", 2019)].to_list() == JOBS
    assert example.controls.loc[("320500", 2019), ["cr", "gdp"]].to_list() == CONTROLS


def test_another_seed_gives_other_cities(example: Example) -> None:
    assert not load_example(seed=1).jobs.equals(example.jobs)


def test_mode_is_told(
    example: Example, dynamic: Example, contaminated: Example, spatial: Example
) -> None:
    modes = tuple(each.mode for each in (example, dynamic, contaminated, spatial))
    assert modes == get_args(Mode)


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="mode must be one of 'static', "):
        load_example("linear")  # type: ignore[arg-type] # on purpose


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_impossible_seed_is_refused(seed: int) -> None:
    with pytest.raises(SpatialCoaggError, match="seed must be a whole number"):
        load_example(seed=seed)
