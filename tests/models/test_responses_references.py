"""Responses of cities averaged: the impacts that other programs print."""

import warnings

import numpy as np
import pytest
from spatial_references import reference_panel, reference_weights, specifications

from spatial_coagg.models.responses import city_responses
from spatial_coagg.models.spatial_panel import fit_spatial_panel

CASES = [
    (name, place)
    for name, spec in specifications().items()
    for place, each in enumerate(spec["results"])
    if "impacts" in each
]


@pytest.mark.parametrize(("name", "place"), CASES)
def test_means_of_the_responses_are_the_printed_impacts(name: str, place: int) -> None:
    panel, outcome, drivers = reference_panel(name)
    case = specifications()[name]["results"][place]
    with warnings.catch_warnings(action="ignore"):  # flat likelihoods, loose rho
        fit = fit_spatial_panel(
            panel,
            reference_weights(specifications()[name]["weights"]),
            outcome,
            drivers,
            model=case["model"],
            effects=case["effects"],
            spillovers=case.get("spillovers"),
            correction=case["correction"],
        )
        for driver, kinds in case["impacts"].items():
            found = city_responses(fit, driver, draws=50, rng=1).point
            direct, total = np.diag(found).mean(), found.sum(axis=1).mean()
            for kind, value in (
                ("direct", direct),
                ("indirect", total - direct),
                ("total", total),
            ):
                if kind in kinds:
                    point = kinds[kind]["point"]
                    # The bank's own convergence.
                    assert value == pytest.approx(point, abs=2e-6 * max(1, abs(point)))
