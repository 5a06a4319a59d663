"""What-ifs made by hand, for tests."""

from dataclasses import replace

import numpy as np
import pandas as pd

from spatial_coagg.models.responses import CityResponses
from spatial_coagg.report.map_what_if import WhatIfLayer

ENDS = ["lower", "median", "upper"]


def frame_of(rows: np.ndarray, cities: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(rows, index=cities, columns=ENDS)


def make_layer(
    cities: pd.Index, *, outcome: str = "patents", theta: pd.Series | None = None
) -> WhatIfLayer:
    """Responses that fall with the distance in the list; every third is unclear."""
    size = len(cities)
    rng = np.random.default_rng(8)
    far = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    median = 0.25 * np.exp(-0.9 * far) * rng.uniform(0.7, 1.3, (size, size))
    median[far % 5 == 2] *= -1
    half = np.abs(median) * np.where((far % 3 == 1), 1.4, 0.4)
    responses = CityResponses(
        "ln(theta)",
        0.9,
        cities,
        median,
        median,
        median - half,
        median + 1.2 * half,
        0,
    )
    total = median.sum(axis=0)
    others = total - np.diag(median)
    spread = np.array([-0.05, 0.0, 0.07])
    start = pd.Series(np.linspace(1.0, 4.0, size), index=cities, name="theta")
    return WhatIfLayer(
        responses,
        frame_of(others[:, None] + spread, cities),
        frame_of(total[:, None] + spread, cities),
        start if theta is None else theta,
        (0.8, 4.2),
        outcome,
    )


def without_spillovers(layer: WhatIfLayer) -> WhatIfLayer:
    """The same where nothing crosses a border."""
    found = layer.responses
    own = {end: np.diag(np.diag(getattr(found, end))) for end in ENDS}
    kept = {name: own[name] for name in ("median", "lower", "upper")}
    return replace(layer, responses=replace(found, point=own["median"], **kept))
