import warnings
from contextlib import nullcontext
from unittest import mock

import pytest
from spatial_references import (
    label,
    reference_panel,
    reference_weights,
    specifications,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.models import spatial_covariances
from spatial_coagg.models._spatial_information import expected_information
from spatial_coagg.models._spatial_likelihood import Likelihood, Solution
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.weights._matrix import SparseMatrix

CASES = [
    pytest.param(
        name, place, id=f"{name}-{each['model']}-{each['effects']}-{each['correction']}"
    )
    for name, spec in specifications().items()
    for place, each in enumerate(spec["results"])
]


def package_information(
    likelihood: Likelihood,
    found: Solution,
    weights: SparseMatrix,
    error_weights: SparseMatrix,
    *,
    projected: bool,
) -> FloatArray:
    del projected
    return expected_information(
        likelihood, found, weights, error_weights, projected=False
    )


def fit_of(name: str, place: int, covariance: str) -> SpatialPanelFit:
    panel, outcome, drivers = reference_panel(name)
    case = specifications()[name]["results"][place]
    # The bank has these errors without the effects projected out of the mean of W y.
    plain = case.get("se_convention") == "package"
    with (
        warnings.catch_warnings(action="ignore"),  # flat likelihoods of the GNS
        mock.patch.object(
            spatial_covariances, "expected_information", package_information
        )
        if plain
        else nullcontext(),
    ):
        return fit_spatial_panel(
            panel,
            reference_weights(specifications()[name]["weights"]),
            outcome,
            drivers,
            model=case["model"],
            effects=case["effects"],
            spillovers=case.get("spillovers"),
            correction=case["correction"],
            covariance=covariance,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize(("name", "place"), CASES)
def test_estimates_and_expected_errors_are_those_of_the_bank(
    name: str, place: int
) -> None:
    case = specifications()[name]["results"][place]
    fit = fit_of(name, place, "expected")
    for key, value in case["params"].items():
        if key == "sigma2":
            assert fit.sigma2 == pytest.approx(value, rel=2e-6)
            continue
        estimate = fit.estimates["estimate"][label(key)]
        assert estimate == pytest.approx(value, abs=1e-6 * max(1, abs(value))), key
    for key, value in case.get("se_expected", {}).items():
        if key != "sigma2":
            error = fit.estimates["standard_error"][label(key)]
            assert error == pytest.approx(value, abs=1e-5 * max(1, value)), key
        else:
            assert fit.sigma2_standard_error == pytest.approx(value, rel=1e-4)
    if "log_likelihood" in case:
        assert fit.log_likelihood == pytest.approx(case["log_likelihood"], abs=1e-5)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        case
        for case in CASES
        if "se_observed" in specifications()[case.values[0]]["results"][case.values[1]]
    ],
)
def test_observed_errors_are_those_of_the_bank(name: str, place: int) -> None:
    case = specifications()[name]["results"][place]
    fit = fit_of(name, place, "observed")
    for key, value in case["se_observed"].items():
        if key != "sigma2":
            error = fit.estimates["standard_error"][label(key)]
            # Numerical Hessians: a few digits in nearly flat directions.
            assert error == pytest.approx(value, abs=1e-5, rel=1e-4), key


@pytest.mark.parametrize(
    ("name", "place"),
    [
        case
        for case in CASES
        if "impacts" in specifications()[case.values[0]]["results"][case.values[1]]
    ],
)
def test_effects_are_those_of_the_bank(name: str, place: int) -> None:
    case = specifications()[name]["results"][place]
    fit = fit_of(name, place, "expected")
    delta = spatial_effects(fit, method="delta").frame
    with warnings.catch_warnings(action="ignore"):  # draws beyond the interval
        drawn = spatial_effects(fit, draws=20_000, rng=7).frame
    for driver, kinds in case["impacts"].items():
        for kind, numbers in kinds.items():
            row = delta.loc[(kind, driver)]
            point = numbers["point"]
            assert row["estimate"] == pytest.approx(
                point, abs=2e-6 * max(1, abs(point))
            )
            if "se_delta" in numbers:
                assert row["standard_error"] == pytest.approx(
                    numbers["se_delta"], abs=1e-5, rel=1e-5
                )
            # 49 places: rho nears one, so that the deviation of draws has no limit.
            if "sim_sd" in numbers and not case.get("heavy_tails"):
                # The 20,000 draws and the bank's own have half a per cent of noise.
                assert drawn.loc[(kind, driver), "standard_error"] == pytest.approx(
                    numbers["sim_sd"], rel=0.03
                )
