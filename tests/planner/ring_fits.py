"""Spatial fits on a ring of cities, with theta among the drivers."""

import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.simulate.panels import Spatial, simulate_panel
from spatial_coagg.tables.panel import Panel

CITIES = 20


def ring(*, reach: int = 1, skewed: bool = False) -> Graph:
    """Everybody looks at the next cities; `skewed` gives each place other weights."""
    names = [f"c{number:02d}" for number in range(CITIES)]
    links = []
    for place in range(CITIES):
        steps = [*range(-reach, 0), *range(1, reach + 1)]
        weights = np.array([1.0 + (place * step) % 3 * skewed for step in steps])
        links += [
            (names[place], names[(place + step) % CITIES], share)
            for step, share in zip(steps, weights / weights.sum(), strict=True)
        ]
    return Graph.from_adjacency(
        pd.DataFrame(links, columns=["focal", "neighbor", "weight"])
    )


def ring_panel(
    *, theta: str = "ln_theta", outcome: str = "ln_cr", slope: float = 0.5
) -> Panel:
    """Simulate a panel whose first driver has the name of theta."""
    process = Spatial(ring(), rho=0.4, spillovers={"theta": 0.3 * np.sign(slope)})
    panel = simulate_panel(
        {"theta": slope, "gdp": 0.3}, process=process, years=10, rng=4
    ).panel
    renamed = panel.frame.rename(
        columns={"theta": theta, "gdp": "ln_gdp", "y": outcome}
    )
    return Panel.from_frame(renamed, city="city", year="year")


def fit_ring(
    weights: Graph | None = None,
    *,
    theta: str = "ln_theta",
    outcome: str = "ln_cr",
    slope: float = 0.5,
) -> SpatialPanelFit:
    """Fit the spatial Durbin model with city effects."""
    panel = ring_panel(theta=theta, outcome=outcome, slope=slope)
    return fit_spatial_panel(
        panel,
        ring(skewed=True) if weights is None else weights,
        outcome,
        [theta, "ln_gdp"],
        effects="city",
    )
