import re
import warnings

import pytest
from spatial_references import (
    label,
    reference_panel,
    reference_weights,
    specifications,
)

from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit

BANK = specifications("moments")
WEIGHTS = {"initial": "unweighted", "weights": "weighted"}
CASES = [
    pytest.param(name, place, id=f"{name}-{each['call']}")
    for name, spec in BANK.items()
    for place, each in enumerate(spec["results"])
    if "b2sls" not in each["call"]
]


def fit_of(name: str, place: int) -> SpatialIVFit:
    panel, outcome, drivers = reference_panel(name, "moments")
    call = BANK[name]["results"][place]["call"].replace("True", "TRUE")
    effects = "none"
    if "within" in call:
        effects = "city"
    elif "random" in call:
        effects = "random"
    given = re.search(r"moments='(\w+)'", call)
    with warnings.catch_warnings(action="ignore"):  # weak instruments
        return fit_spatial_iv(
            panel,
            reference_weights(BANK[name]["weights"]),
            outcome,
            drivers,
            effects=effects,  # type: ignore[arg-type]
            lag="stsls" in call or "lag=TRUE" in call,
            error="GMerrorsar" in call or "spatial.error=TRUE" in call,
            spillovers=drivers if "Durbin=TRUE" in call else (),
            moments=WEIGHTS.get(given[1], "fully-weighted")  # type: ignore[arg-type]
            if given and effects == "random"  # with city effects they are one
            else "fully-weighted",
            random_method="g2sls" if "g2sls" in call else "ec2sls",
        )


@pytest.mark.parametrize(("name", "place"), CASES)
def test_moment_estimates_are_those_of_the_bank(name: str, place: int) -> None:
    case = BANK[name]["results"][place]
    fit = fit_of(name, place)
    names = {"Rho": "rho", "lambda": "rho"} if "stsls" in case["call"] else {}
    if "spgm" in case["call"]:
        names = {"lambda": "rho"}
    # The error's lambda comes from R's nlminb, to a few digits.
    digits = 1e-3 if "error=TRUE" in case["call"] or "GM" in case["call"] else 1e-7
    if "'weights'" in case["call"] and "random" in case["call"]:
        digits = 5e-3  # nlminb stops where it starts, at the unweighted moments
    for key, value in case["coefficients"].items():
        if key == "lambda" and "GMerrorsar" in case["call"]:
            assert fit.error_lambda == pytest.approx(value, rel=digits)
            continue
        ours = names.get(key, label(key.replace("lag_", "W_")))
        estimate = fit.estimates["estimate"][ours]
        assert estimate == pytest.approx(value, rel=digits, abs=digits), key
