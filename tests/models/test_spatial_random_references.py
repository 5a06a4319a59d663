import warnings
from typing import Any

import pytest
from spatial_references import (
    label,
    reference_panel,
    reference_weights,
    specifications,
)

from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_random import fit_spatial_random

BANK = specifications("random")
CASES = [
    pytest.param(name, place, id=f"{name}-{each['model']}-{each['error']}")
    for name, spec in BANK.items()
    for place, each in enumerate(spec["results"])
    if "model" in each
]


def fit_of(name: str, place: int) -> SpatialPanelFit:
    panel, outcome, drivers = reference_panel(name, "random")
    case = BANK[name]["results"][place]
    with warnings.catch_warnings(action="ignore"):  # likelihoods with two maxima
        return fit_spatial_random(
            panel,
            reference_weights(BANK[name]["weights"]),
            outcome,
            drivers,
            model=case["model"],
            error=case["error"],
            covariance="observed",
        )


@pytest.mark.parametrize(("name", "place"), CASES)
def test_random_effects_are_those_of_the_bank(name: str, place: int) -> None:
    case = BANK[name]["results"][place]
    fit = fit_of(name, place)
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-5)
    for key, value in case["params"].items():
        if key == "sigma2_e":
            assert fit.sigma2 == pytest.approx(value, rel=1e-5)
            continue
        estimate = fit.estimates["estimate"][label(key)]
        assert estimate == pytest.approx(value, abs=2e-6 * max(1, abs(value))), key
    for key, value in case["se_observed"].items():
        # Numerical Hessians: a few digits.
        error = (
            fit.sigma2_standard_error
            if key == "sigma2_e"
            else fit.estimates["standard_error"][label(key)]
        )
        assert error == pytest.approx(value, rel=1e-3), key


def serial_fit(model: SpatialModel) -> SpatialPanelFit:
    panel, outcome, drivers = reference_panel("insurance_re_sr", "random")
    weights = reference_weights(BANK["insurance_re_sr"]["weights"])
    return fit_spatial_random(
        panel, weights, outcome, drivers, model=model, serial=True
    )


def splm(kind: str) -> dict[str, Any]:
    results = BANK["insurance_re_sr"]["results"]
    return next(each for each in results if f"'{kind}'" in each["call"])


def test_serial_errors_are_those_of_splm() -> None:
    case, fit = splm("srre"), serial_fit("ols")
    # splm stops at a relative tolerance of 1e-6 to 1e-10; ours is never lower.
    assert fit.log_likelihood >= case["logLik"] - 1e-6
    assert fit.log_likelihood == pytest.approx(case["logLik"], abs=1e-4)
    for key, value in case["coefficients"].items():
        assert fit.estimates["estimate"][label(key)] == pytest.approx(value, abs=1e-4)


def test_serial_errors_with_neighbours_are_above_where_splm_stops() -> None:
    # splm ends at phi = 1e-8, below its own model without neighbours.
    fit = serial_fit("sem")
    assert fit.log_likelihood > splm("srre")["logLik"] > splm("semsrre")["logLik"]
