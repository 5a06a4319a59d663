"""The weight matrices of a spatial fit."""

from dataclasses import dataclass

from spatial_coagg.models._spatial_moments import SparseMatrix
from spatial_coagg.weights._logdet import Spectrum


@dataclass(frozen=True, slots=True, eq=False)
class SpatialWeights:
    """The weight matrices of a fit, in the order of its cities.

    Attributes
    ----------
    lag, error, spillover : sparse array of shape (N, N)
        Of W y, of the error, of the W.x.
    spectrum : Spectrum
        Of `lag`.
    """

    lag: SparseMatrix
    error: SparseMatrix
    spillover: SparseMatrix
    spectrum: Spectrum
