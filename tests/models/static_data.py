"""Small panels for the tests of static models."""

import numpy as np
import pandas as pd

from spatial_coagg.tables.panel import Panel


def simulate_rows(
    *, cities: int = 12, years: int = 6, seed: int = 0, missing: float = 0.0
) -> pd.DataFrame:
    """Return rows with y = 1 + 2 a - b + city + year + noise, some rows left out."""
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product(
        [[f"{number:03d}" for number in range(cities)], range(2004, 2004 + years)],
        names=["city", "year"],
    )
    city = np.repeat(rng.normal(size=cities), years)
    year = np.tile(rng.normal(size=years), cities)
    a = rng.normal(size=len(keys)) + city
    b = rng.normal(size=len(keys)) + year
    noise = 0.5 * rng.normal(size=len(keys))
    frame = pd.DataFrame(
        {"y": 1 + 2 * a - b + city + year + noise, "a": a, "b": b}, keys
    )
    kept = rng.random(len(keys)) >= missing
    return frame[kept].reset_index()


def simulated_panel(
    *, cities: int = 12, years: int = 6, seed: int = 0, missing: float = 0.0
) -> Panel:
    rows = simulate_rows(cities=cities, years=years, seed=seed, missing=missing)
    return as_panel(rows)


def as_panel(rows: pd.DataFrame) -> Panel:
    return Panel.from_frame(rows, city="city", year="year")
