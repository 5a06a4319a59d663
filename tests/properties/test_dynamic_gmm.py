import warnings

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.instruments import GmmInstruments, StandardInstruments
from spatial_coagg.models.system_gmm import fit_dynamic_gmm
from spatial_coagg.tables.panel import Panel

SEEDS = st.integers(0, 10_000)
SIZES = st.floats(1e-3, 1e3)
METHODS = st.builds(
    GmmMethod,
    equations=st.sampled_from(["system", "difference"]),
    transformation=st.sampled_from(["differences", "deviations"]),
    steps=st.sampled_from(["one-step", "two-step"]),
    covariance=st.sampled_from(["robust", "classical"]),
)


def draw_frame(seed: int, *, cities: int = 30, years: int = 6) -> pd.DataFrame:
    """Draw roads and patents of an unbalanced panel."""
    rng = np.random.default_rng(seed)
    roads = rng.normal(size=(years + 10, cities))
    patents = rng.normal(size=(years + 10, cities))
    effect = rng.normal(size=cities)
    for t in range(1, years + 10):
        patents[t] += 0.4 * patents[t - 1] + 0.5 * roads[t] + effect
    year, city = np.indices((years, cities)).reshape(2, -1)
    frame = pd.DataFrame(
        {
            "city": [f"{code:04d}" for code in city],
            "year": 2001 + year,
            "patents": patents[10:].ravel(),
            "roads": roads[10:].ravel(),
        }
    )
    return frame[rng.random(len(frame)) > 0.05]


def fit(
    frame: pd.DataFrame, method: GmmMethod, *, year_dummies: bool = False
) -> DynamicGmmFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_dynamic_gmm(
            Panel.from_frame(frame, city="city", year="year"),
            "patents",
            ["roads"],
            instruments=[
                GmmInstruments("patents", lags=(2, 3), collapse=True),
                StandardInstruments("roads"),
            ],
            method=method,
            year_dummies=year_dummies,
        )


@settings(deadline=None, max_examples=15)
@given(SEEDS, METHODS)
def test_renaming_the_cities_changes_no_estimate(seed: int, method: GmmMethod) -> None:
    frame = draw_frame(seed)
    codes = frame["city"].unique()
    names = np.random.default_rng(seed).permutation(codes)
    renamed = frame.assign(city=frame["city"].map(dict(zip(codes, names, strict=True))))
    ours, other = fit(frame, method), fit(renamed, method)
    np.testing.assert_allclose(ours.estimates, other.estimates, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.ar_tests, other.ar_tests, rtol=1e-6, atol=1e-9)


@settings(deadline=None, max_examples=15)
@given(SEEDS, METHODS, SIZES, SIZES)
def test_units_pass_through(
    seed: int, method: GmmMethod, outcome_unit: float, driver_unit: float
) -> None:
    frame = draw_frame(seed)
    scaled = frame.assign(
        patents=frame["patents"] * outcome_unit, roads=frame["roads"] * driver_unit
    )
    ours, other = fit(frame, method), fit(scaled, method)
    slope = other.estimates.loc["roads", "estimate"] * driver_unit / outcome_unit
    np.testing.assert_allclose(
        slope, ours.estimates.loc["roads", "estimate"], rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(
        other.estimates.loc["previous.patents"],
        ours.estimates.loc["previous.patents"],
        rtol=1e-5,
        atol=1e-8,
    )
    np.testing.assert_allclose(
        other.hansen.statistic, ours.hansen.statistic, rtol=1e-5, atol=1e-8
    )


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.floats(-5, 5))
def test_year_dummies_absorb_what_all_cities_share(seed: int, shock: float) -> None:
    frame = draw_frame(seed)
    year = frame["year"].to_numpy()
    shocked = frame.assign(roads=frame["roads"] + shock * np.sin(year))
    method = GmmMethod(equations="difference", steps="one-step")
    ours = fit(frame, method, year_dummies=True)
    other = fit(shocked, method, year_dummies=True)
    slopes = ["previous.patents", "roads"]
    np.testing.assert_allclose(
        other.estimates.loc[slopes], ours.estimates.loc[slopes], rtol=1e-5, atol=1e-7
    )


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_a_far_copy_of_the_panel_halves_the_variance(seed: int) -> None:
    frame = draw_frame(seed)
    copy = frame.assign(city="9" + frame["city"])
    method = GmmMethod(equations="difference")
    ours, both = fit(frame, method), fit(pd.concat([frame, copy]), method)
    np.testing.assert_allclose(
        both.estimates["estimate"], ours.estimates["estimate"], rtol=1e-7
    )
    np.testing.assert_allclose(both.covariance * 2, ours.covariance, rtol=1e-6)
    np.testing.assert_allclose(both.hansen.statistic, 2 * ours.hansen.statistic)
