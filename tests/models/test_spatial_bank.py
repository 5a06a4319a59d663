"""Every file of the spatial reference bank is tested, or left out for a reason."""

import pytest
from spatial_references import (
    NUMBERS,
    data_folder,
    reference_panel,
    reference_weights,
    specifications,
)

from spatial_coagg.models.spatial_panel import fit_spatial_panel

# The numbers of the tests, by part of the bank; each part has a test of its own.
PARTS = (
    "fixed_effects",
    "random",
    "moments",
    "tests",
    "marginal",
    "dynamic",
    "weights",
)
LEFT_OUT = {
    "PUBLISHED": "printed in a vignette and in books: what was seen is of SDPDmod, "
    "off by its grid of log-determinants, the rest recalled without a source; the "
    "same models are in cigar_* with exact numbers",
}


def test_every_file_of_the_bank_is_tested_or_left_out_for_a_reason() -> None:
    files = {
        path.stem.removesuffix("_W") for path in data_folder().parent.glob("*.json")
    }
    tested = {name for part in PARTS for name in specifications(part)}
    assert files - tested == set(LEFT_OUT)
    assert tested <= files
    assert all((NUMBERS / f"spatial_{part}.json").is_file() for part in PARTS)


@pytest.mark.parametrize("name", specifications("goodness"))
def test_shares_explained_are_those_of_sdpdmod(name: str) -> None:
    case = specifications("goodness")[name]
    panel, outcome, drivers = reference_panel(name)
    weights = reference_weights(specifications()[name]["weights"])
    fit = fit_spatial_panel(
        panel, weights, outcome, drivers, model=case["model"], effects=case["effects"],
        correction="none",
    )  # fmt: skip
    for key in ("r2_overall", "squared_correlation"):
        # Its rho is right to 1e-8.
        assert getattr(fit, key) == pytest.approx(case[key], abs=1e-7), key
        assert fit.facts[key] == getattr(fit, key)
