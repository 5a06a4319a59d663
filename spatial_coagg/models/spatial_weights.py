"""The weight matrices of a spatial fit."""

from dataclasses import dataclass
from functools import cached_property

from spatial_coagg.weights._logdet import Spectrum, spectrum
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, eq=False)
class SpatialWeights:
    """The weight matrices of a fit, in the order of its cities.

    Attributes
    ----------
    lag, error, spillover : sparse array of shape (N, N)
        Of W y, of the error, of the W.x.
    known : Spectrum or None
        That of `lag`, where the fit needed it.
    """

    lag: SparseMatrix
    error: SparseMatrix
    spillover: SparseMatrix
    known: Spectrum | None

    @cached_property
    def spectrum(self) -> Spectrum:
        """Log-determinants of I - rho W, W that of W y."""
        return spectrum(self.lag) if self.known is None else self.known
