"""Munnell's 48 states, from linearmodels and libpysal, against other programs.

No shared folder is needed: numbers are those of tests/reference, data those of PyPI.
"""

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from libpysal import examples
from libpysal.graph import Graph, read_gal
from linearmodels.datasets import munnell
from spatial_references import label, specifications

from spatial_coagg.models.compare import compare_models
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.marginals import (
    log_marginal_likelihoods,
    model_probabilities,
)
from spatial_coagg.models.priors import BetaPrior, Prior
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_tests import lagrange_multiplier_tests
from spatial_coagg.tables.panel import Panel

DRIVERS = ["lpcap", "lpc", "lemp", "unemp"]
FITS = [
    pytest.param(
        name, place, id=f"{name}-{each['model']}-{each['effects']}-{each['correction']}"
    )
    for name, spec in specifications().items()
    if name.startswith("produc")
    for place, each in enumerate(spec["results"])
]
WITH_EFFECTS = [
    case
    for case in FITS
    if "impacts" in specifications()[case.values[0]]["results"][case.values[1]]
]
LAGRANGE = specifications("tests")["produc_tests"]["lagrange"]
MARGINALS = [
    case
    for case in specifications("marginal")["produc_blmp"]["results"]
    if case["effects"] == "city"
]


@cache
def states() -> tuple[Panel, Graph]:
    """Join panel and contiguity by place: both are in the order of the states' names.

    The .gal numbers its states; munnell spells them its own way (TENNESSE), so that
    names of other files do not match all of them.
    """
    table = munnell.load().sort_values(["STATE", "YR"])
    by_place = dict(enumerate(table["ST_ABB"].unique()))
    links = read_gal(examples.get_path("states48.gal")).adjacency.reset_index()
    for side in ("focal", "neighbor"):
        links[side] = links[side].astype(int).map(by_place)
    weights = Graph(
        links.set_index(["focal", "neighbor"])["weight"].sort_index()
    ).transform("r")
    frame = pd.DataFrame(
        {
            "city": table["ST_ABB"],
            "year": table["YR"],
            "lgsp": np.log(table["GSP"]),
            "lpcap": np.log(table["P_CAP"]),
            "lpc": np.log(table["PC"]),
            "lemp": np.log(table["EMP"]),
            "unemp": table["UNEMP"],
        }
    )
    return Panel.from_frame(frame, city="city", year="year"), weights


def test_states_are_joined_to_their_neighbours() -> None:
    panel, weights = states()
    assert len(panel.frame) == 48 * 17
    assert set(weights["ME"].index) == {"NH"}
    assert set(weights["WA"].index) == {"ID", "OR"}
    assert set(weights["WV"].index) == {"KY", "MD", "OH", "PA", "VA"}
    assert weights.n_edges == 214


@pytest.mark.parametrize(("name", "place"), FITS)
def test_estimates_are_those_of_other_programs(name: str, place: int) -> None:
    case = specifications()[name]["results"][place]
    with warnings.catch_warnings(action="ignore"):  # flat likelihoods of the GNS
        fit = fit_spatial_panel(
            *states(), "lgsp", DRIVERS, model=case["model"], effects=case["effects"],
            correction=case["correction"], covariance="expected",
        )  # fmt: skip
    for key, value in case["params"].items():
        found = fit.sigma2 if key == "sigma2" else fit.estimates["estimate"][label(key)]
        assert found == pytest.approx(value, abs=1e-6 * max(1, abs(value))), key
    if case.get("se_convention") != "package":
        for key, value in case.get("se_expected", {}).items():
            if key != "sigma2":
                error = fit.estimates["standard_error"][label(key)]
                assert error == pytest.approx(value, abs=1e-5), key
    if "log_likelihood" in case:
        assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-5)


@pytest.mark.parametrize(("name", "place"), WITH_EFFECTS)
def test_effects_are_those_of_other_programs(name: str, place: int) -> None:
    case = specifications()[name]["results"][place]
    fit = fit_spatial_panel(
        *states(), "lgsp", DRIVERS, model=case["model"], effects=case["effects"],
        correction=case["correction"], covariance="expected",
    )  # fmt: skip
    frame = spatial_effects(fit, method="delta").frame
    for driver, kinds in case["impacts"].items():
        for kind, numbers in kinds.items():
            estimate = frame["estimate"][kind, driver]
            assert estimate == pytest.approx(numbers["point"], abs=2e-6)


@pytest.mark.parametrize("effects", LAGRANGE)
def test_multiplier_tests_are_those_of_other_programs(effects: str) -> None:
    found = lagrange_multiplier_tests(*states(), "lgsp", DRIVERS, effects=effects)  # type: ignore[arg-type]
    for key, row in (
        ("LM_lag", "lag"),
        ("LM_error", "error"),
        ("RLM_lag", "robust_lag"),
        ("RLM_error", "robust_error"),
    ):
        statistic = found.frame["statistic"][row]
        assert statistic == pytest.approx(LAGRANGE[effects][key], rel=1e-6)


@pytest.mark.parametrize("case", MARGINALS, ids=lambda case: case["prior"])
def test_marginal_likelihoods_are_exact(case: dict[str, Any]) -> None:
    prior: Prior = BetaPrior() if case["prior"] == "beta" else "uniform"
    found = log_marginal_likelihoods(
        *states(), "lgsp", DRIVERS, effects="city", prior=prior
    )
    shares = model_probabilities(found)
    for model, value in case["log_marginal"].items():
        assert found["W", model] == pytest.approx(value, abs=1e-7)
        exact = case["probability"][model]
        assert shares["W", model] == pytest.approx(exact, rel=1e-6)


def test_the_family_is_ordered_as_other_programs_order_it() -> None:
    found = compare_models(*states(), "lgsp", DRIVERS, effects="city")
    for heading, row in found.frame["log_likelihood"].items():
        name = f"produc_{str(heading).lower()}_ind"
        for case in specifications().get(name, {"results": []})["results"]:
            if case["correction"] == "transform":
                assert row == pytest.approx(case["log_likelihood"], abs=1e-5)
    assert found.lowest_aic == found.lowest_bic == found.most_probable == "SDM"
