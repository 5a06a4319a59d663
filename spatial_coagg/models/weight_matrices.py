"""The weights of several fits: each is read, and its spectrum made, once."""

from dataclasses import dataclass, field

import pandas as pd

from spatial_coagg._typing import Seed
from spatial_coagg.models.spatial_logdet import LogDeterminant, make_spectrum
from spatial_coagg.models.spatial_plan import Weights
from spatial_coagg.models.spatial_rows import check_panel, read_matrix
from spatial_coagg.models.spatial_weights import SpatialWeights
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._logdet import Spectrum
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, slots=True, eq=False)
class WeightMatrices:
    """Weight matrices in the order of the cities, remembered by identity.

    Attributes
    ----------
    cities : Index
        Sorted by code.
    log_determinant : {"exact", "stochastic"} or None
    rng : Generator, int or None
        Of stochastic log-determinants.
    """

    cities: pd.Index
    log_determinant: LogDeterminant | None
    rng: Seed
    _read: list[tuple[Weights, SparseMatrix]] = field(default_factory=list)
    _made: list[tuple[SparseMatrix, Spectrum]] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        panel: Panel,
        log_determinant: LogDeterminant | None = None,
        rng: Seed = None,
    ) -> "WeightMatrices":
        """Begin with the cities of a panel and no weights."""
        check_panel(panel)
        return cls(panel.cities, log_determinant, rng)

    def terms(
        self,
        weights: Weights,
        *,
        error_weights: Weights | None,
        spillover_weights: Weights | None,
        name: str = "weights",
    ) -> SpatialWeights:
        """Return the matrices of lag, error and W x; those of the lag by default."""
        own = self.read(weights, name=name)
        error, spillover = (
            own if given is None else self.read(given, name=label)
            for label, given in (
                ("error_weights", error_weights),
                ("spillover_weights", spillover_weights),
            )
        )
        return SpatialWeights(own, error, spillover, None)

    def read(self, weights: Weights, *, name: str) -> SparseMatrix:
        """Return the matrix of weights, compared with the cities by label."""
        for known, matrix in self._read:
            if known is weights:
                return matrix
        self._read.append((weights, read_matrix(weights, self.cities, name=name)))
        return self._read[-1][1]

    def spectrum(self, matrix: SparseMatrix) -> Spectrum:
        """Return what gives the log-determinants of a matrix."""
        for known, made in self._made:
            if known is matrix:
                return made
        made = make_spectrum(matrix, self.log_determinant, self.rng)
        self._made.append((matrix, made))
        return made
