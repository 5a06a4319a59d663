"""What simulated data were made with, labelled as fits label what they estimate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg.simulate._outcome import average_effects
from spatial_coagg.weights.align import weight_matrix

CONSTANT = "constant"
RHO = "rho"


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The equation behind simulated data.

    Attributes
    ----------
    equation : str
        The model in words and symbols.
    coefficients : Series
        True values by label: the drivers; ``"previous.<outcome>"`` in a dynamic
        model; ``"rho"`` and the spillovers ``"W.<driver>"`` in a spatial one;
        ``"constant"`` where there is one.
    city_effects : Series
        Index ``city``.
    year_effects : Series
        Index ``year``; zero where the model has none.
    noise_sd : float
        Standard deviation of the noise.
    weights : Graph or None
        Of a spatial model.

    Examples
    --------
    >>> from spatial_coagg.simulate.panels import simulate_panel
    >>> simulate_panel({"roads": 0.5}, rng=1).truth.effects
           direct  indirect  total
    roads     0.5       0.0    0.5
    """

    equation: str
    coefficients: pd.Series
    city_effects: pd.Series
    year_effects: pd.Series
    noise_sd: float
    weights: Graph | None = None

    @property
    def drivers(self) -> list[str]:
        """Names of the variables on the right-hand side."""
        return [
            label
            for label in self.coefficients.index
            if label not in {CONSTANT, RHO}
            and not label.startswith(("W.", "previous."))
        ]

    @property
    def effects(self) -> pd.DataFrame:
        """Average effects within the year of one unit more of each driver everywhere.

        Index driver; columns ``direct`` (on the city itself), ``indirect`` (on all
        others) and ``total``.
        """
        slopes = self.coefficients[self.drivers]
        if self.weights is None:
            return pd.DataFrame(
                {"direct": slopes, "indirect": 0.0 * slopes, "total": slopes}
            )
        spillovers = self.coefficients.reindex([f"W.{name}" for name in self.drivers])
        found = average_effects(
            weight_matrix(self.weights),
            rho=float(self.coefficients[RHO]),
            slopes=slopes.to_numpy(dtype=np.float64),
            spillovers=spillovers.fillna(0.0).to_numpy(dtype=np.float64),
        )
        direct, total = found.T
        return pd.DataFrame(
            {"direct": direct, "indirect": total - direct, "total": total},
            index=slopes.index,
        )
