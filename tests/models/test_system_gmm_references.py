"""Dynamic GMM against Stata, gretl, R and print; data from PyPI or the shared bank."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gmm_references import (
    Specification,
    list_references,
    load_panel,
    method_of,
    our_label,
    read_reference,
    specification_of,
)

from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.gmm_solution import LEVEL_INSTRUMENTS
from spatial_coagg.models.instruments import StandardInstruments
from spatial_coagg.models.system_gmm import fit_dynamic_gmm

REFERENCES = list_references()
CASES = [
    pytest.param(path, number, id=f"{path.stem}-{number}-{result['kind']}")
    for path in REFERENCES
    for number, result in enumerate(read_reference(path)["results"])
]


def fit_reference(
    reference: dict[str, Any], specification: Specification, method: GmmMethod
) -> DynamicGmmFit:
    panel = load_panel(reference["data"], reference["rows"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_dynamic_gmm(
            panel,
            specification.outcome,
            specification.drivers,
            instruments=specification.instruments,
            outcome_lags=specification.outcome_lags,
            method=method,
        )


def our_statistics(fit: DynamicGmmFit) -> dict[str, float]:
    return {
        "instruments": fit.instruments,
        "cities": fit.cities,
        "observations": fit.observations,
        "transformed_observations": fit.transformed_observations,
        "degrees": fit.hansen.degrees,
        "sargan": fit.sargan.statistic,
        "sargan_p": fit.sargan.p_value,
        "hansen": fit.hansen.statistic,
        "hansen_p": fit.hansen.p_value,
        "sigma2": fit.sigma2,
        "ar1": fit.ar_tests.loc[1, "statistic"],
        "ar2": fit.ar_tests.loc[2, "statistic"],
        "ar1_p": fit.ar_tests.loc[1, "p_value"],
        "ar2_p": fit.ar_tests.loc[2, "p_value"],
        "wald": fit.wald.statistic,
        "wald_of_drivers": fit.wald_of_drivers.statistic,
    }


def variance_factor(result: dict[str, Any], fit: DynamicGmmFit) -> float:
    """Return what turns our variance into the one of that program."""
    coefficients = len(fit.estimates)
    if "sigma2" in result:
        rows = fit.transformed_observations
        return rows / (rows - coefficients)
    if "small" in result:
        rows = fit.observations
        today = (rows - 1) / (rows - coefficients)
        return rows / (rows - coefficients + 1) / today
    return 1.0


def test_every_reference_has_a_specification() -> None:
    assert len(REFERENCES) == 23
    assert all(specification_of(path) for path in REFERENCES)


@pytest.mark.parametrize(("path", "number"), CASES)
def test_estimates_and_tests_equal_other_programs(path: Path, number: int) -> None:
    reference = read_reference(path)
    result = reference["results"][number]
    specification = specification_of(path)
    fit = fit_reference(
        reference, specification, method_of(specification, result["kind"])
    )
    printed = "digits" in result
    shared = [
        label for label in result["coef"] if our_label(label) in fit.estimates.index
    ]
    assert shared
    tolerance = {
        name: 0 if printed else result.get("tolerance", size)
        for name, size in reference["tolerance"].items()
    }
    rows = fit.estimates.loc[[our_label(label) for label in shared]]
    np.testing.assert_allclose(
        rows["estimate"],
        [result["coef"][label] for label in shared],
        rtol=tolerance["coef"],
        atol=5.1e-8 if printed else tolerance["coef"],
    )
    np.testing.assert_allclose(
        rows["standard_error"] * np.sqrt(variance_factor(result, fit)),
        [result["se"][label] for label in shared],
        rtol=tolerance["se"],
        atol=5.1e-8 if printed else 0,
    )
    ours = our_statistics(fit)
    for name, value in result["stats"].items():
        np.testing.assert_allclose(
            ours[name],
            value,
            rtol=tolerance["stats"],
            atol=0.0051 if printed else 1e-12,
            err_msg=name,
        )


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_difference_in_hansen_equals_the_reference(path: Path) -> None:
    reference = read_reference(path)
    specification = specification_of(path)
    fit = fit_reference(reference, specification, method_of(specification, "2w"))
    expected = reference["difference_in_hansen"]
    table = fit.difference_in_hansen
    assert len(table) == len(expected)
    by_first = {
        (
            f"iv({group.names[0]}"
            if isinstance(group, StandardInstruments)
            else f"gmm({group.names[0]})"
        ): group.label
        for group in specification.instruments
    }
    for name, numbers in expected.items():
        key = name if name.startswith("gmm") else name.split(" ")[0].rstrip(")")
        ours = LEVEL_INSTRUMENTS if name.startswith("GMM") else by_first[our_label(key)]
        row = table.loc[ours]
        assert row["excluded_degrees"] == numbers["excl_df"]
        assert row["degrees"] == numbers["diff_df"]
        np.testing.assert_allclose(
            row["excluded_statistic"], numbers["excl"], rtol=1e-6
        )
        np.testing.assert_allclose(
            row["statistic"], numbers["diff"], rtol=1e-6, atol=1e-6
        )
