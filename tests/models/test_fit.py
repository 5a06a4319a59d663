import importlib
import pkgutil
import warnings
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from spatial_witness import draw_panel
from test_dynamic_spatial import draw_dynamic

import spatial_coagg as sc
from spatial_coagg import models
from spatial_coagg.models.fit import Fit, tabulate_estimates, write_fit

Make: TypeAlias = Callable[[], Fit]

DRAW = draw_panel(n=20, t=6, rng=3)
DYNAMIC = draw_dynamic(n=20, t=12, rng=2)


def fit_gmm() -> Fit:
    with warnings.catch_warnings(action="ignore"):  # many instruments
        return sc.fit_dynamic_gmm(
            DRAW.panel, "y", ["x0"],
            instruments=[sc.GmmInstruments("y", collapse=True)],
        )  # fmt: skip


FITS: dict[str, Make] = {
    "SpatialPanelFit": lambda: sc.fit_spatial_panel(
        DRAW.panel, DRAW.graph, "y", DRAW.names
    ),
    "SpatialIVFit": lambda: sc.fit_spatial_iv(DRAW.panel, DRAW.graph, "y", DRAW.names),
    "DynamicSpatialFit": lambda: sc.fit_dynamic_spatial(
        DYNAMIC.panel, DYNAMIC.graph, "y", DYNAMIC.names
    ),
    "FixedEffectsFit": lambda: sc.fit_fixed_effects(DRAW.panel, "y", DRAW.names),
    "RandomEffectsFit": lambda: sc.fit_random_effects(DRAW.panel, "y", DRAW.names),
    "StaticFit": lambda: sc.fit_between(DRAW.panel, "y", DRAW.names),
    "DynamicGmmFit": fit_gmm,
}


def test_every_kind_of_fit_is_here() -> None:
    found = set()
    for info in pkgutil.iter_modules(models.__path__):
        module = importlib.import_module(f"{models.__name__}.{info.name}")
        found |= {name for name in vars(module) if name.endswith("Fit")}
    assert found - {"Fit", "SpatialFit", "AnySpatialFit"} == set(FITS)


@pytest.mark.parametrize("name", FITS)
def test_a_fit_prints_as_a_short_table(name: str) -> None:
    fit = FITS[name]()
    assert type(fit).__name__ == name
    lines = str(fit).splitlines()
    assert lines[0] == fit.title
    assert lines[1].split() == [
        "estimate", "standard_error", "p_value", "lower", "upper",
    ]  # fmt: skip
    rows = lines[2 : 2 + len(fit.estimates)]
    for (label, row), line in zip(fit.estimates.iterrows(), rows, strict=True):
        columns = ["estimate", "standard_error", "lower", "upper"]
        cells = line.split()
        assert cells.pop(0) == label
        assert cells.pop(2) == f"{row['p_value']:.3f}"
        shown = np.array(cells, dtype=float)
        np.testing.assert_allclose(shown, row[columns].to_numpy(float), atol=5e-5)
    told = " ".join(lines[2 + len(rows) :])
    assert all(f"{fact}=" in told for fact in fit.facts)
    assert max(map(len, lines)) < 80
    assert repr(fit).startswith(f"{name}(")


def test_effects_print_as_a_short_table() -> None:
    fit = sc.fit_spatial_panel(DRAW.panel, DRAW.graph, "y", DRAW.names)
    drawn = sc.spatial_effects(fit, draws=50, rng=1)
    lines = str(drawn).splitlines()
    assert lines[0] == f"Effects, {fit.title}"
    assert len(lines) == 3 + 6 + 1
    used, lost = 50 - drawn.rejected, drawn.rejected
    assert lines[-1] == f"level=0.95, method=simulation, draws={used}, rejected={lost}"
    assert str(sc.spatial_effects(fit, method="delta")).endswith(
        "\nlevel=0.95, method=delta"
    )
    assert repr(drawn).startswith("SpatialEffects(")


def test_effects_over_time_print_as_a_short_table() -> None:
    fit = sc.fit_dynamic_spatial(DYNAMIC.panel, DYNAMIC.graph, "y", DYNAMIC.names)
    lines = str(sc.dynamic_effects(fit, draws=50, rng=1)).splitlines()
    assert lines[0] == "Effects over time"
    assert len(lines) == 3 + 12 + 1
    assert lines[-1] == "level=0.95, method=simulation, rejected=0"
    told = str(sc.dynamic_effects(fit, method="delta"))
    assert told.endswith("\nlevel=0.95, method=delta")


def test_tiny_and_absent_numbers_are_no_false_zeros() -> None:
    table = tabulate_estimates(["a", "b"], np.array([2e-6, 0.0]), np.diag([1e-12, 0.0]))
    lines = write_fit("Made", table, {"r2": 1 / 3, "cities": 9}).splitlines()
    assert lines[2].split()[:3] == ["a", "2.000e-06", "1.000e-06"]
    assert lines[3].split()[:4] == ["b", "0.0000", "0.0000", "NaN"]
    assert lines[4] == "r2=0.333333, cities=9"
