"""Weights from a table of distances, such as travel times or kilometres by road."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_cities_covered, check_same_cities
from spatial_coagg.errors import WeightsError
from spatial_coagg.weights._matrix import canonical, matrix_of
from spatial_coagg.weights.distance import (
    check_links_fit,
    check_numbers,
    check_positive,
)
from spatial_coagg.weights.islands import settle_islands
from spatial_coagg.weights.links import Links, read_cities
from spatial_coagg.weights.transform import Transform, finish_weights


@dataclass(frozen=True, slots=True)
class EqualDecay:
    """Every neighbour weighs the same: w = 1.

    Examples
    --------
    >>> import numpy as np
    >>> from spatial_coagg import EqualDecay
    >>> EqualDecay().weigh(np.array([1.0, 2.0]), 4.0).round(3).tolist()
    [1.0, 1.0]
    """

    def weigh(self, distances: FloatArray, cutoff: float) -> FloatArray:
        """Return the weights of distances up to `cutoff`."""
        del cutoff
        return np.ones_like(distances)


@dataclass(frozen=True, slots=True)
class InverseDecay:
    """One over distance to a power: w = d^-power.

    Attributes
    ----------
    power : float
        No unit.

    Examples
    --------
    >>> import numpy as np
    >>> from spatial_coagg import InverseDecay
    >>> InverseDecay(power=2).weigh(np.array([1.0, 2.0]), 4.0).round(3).tolist()
    [1.0, 0.25]
    """

    power: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self.power, name="power")

    def weigh(self, distances: FloatArray, cutoff: float) -> FloatArray:
        """Return the weights of distances up to `cutoff`."""
        del cutoff
        return np.asarray(distances**-self.power)


@dataclass(frozen=True, slots=True)
class ExponentialDecay:
    """Falling by a constant share for each unit of distance: w = exp(-rate d).

    Attributes
    ----------
    rate : float
        Per unit of distance.

    Examples
    --------
    >>> import numpy as np
    >>> from spatial_coagg import ExponentialDecay
    >>> ExponentialDecay(rate=0.1).weigh(np.array([1.0, 2.0]), 4.0).round(3).tolist()
    [0.905, 0.819]
    """

    rate: float

    def __post_init__(self) -> None:
        check_positive(self.rate, name="rate")

    def weigh(self, distances: FloatArray, cutoff: float) -> FloatArray:
        """Return the weights of distances up to `cutoff`."""
        del cutoff
        return np.asarray(np.exp(-self.rate * distances))


@dataclass(frozen=True, slots=True)
class DoublePowerDecay:
    """Falling to zero at the cutoff D: w = (1 - (d / D)^power)^power.

    Attributes
    ----------
    power : float
        No unit.

    Examples
    --------
    >>> import numpy as np
    >>> from spatial_coagg import DoublePowerDecay
    >>> DoublePowerDecay(power=2).weigh(np.array([1.0, 2.0]), 4.0).round(3).tolist()
    [0.879, 0.562]
    """

    power: float = 2.0

    def __post_init__(self) -> None:
        check_positive(self.power, name="power")

    def weigh(self, distances: FloatArray, cutoff: float) -> FloatArray:
        """Return the weights of distances up to `cutoff`."""
        if not np.isfinite(cutoff):
            raise WeightsError("DoublePowerDecay falls to zero at cutoff=; give one")
        return np.asarray((1 - (distances / cutoff) ** self.power) ** self.power)


Decay: TypeAlias = EqualDecay | InverseDecay | ExponentialDecay | DoublePowerDecay


def build_from_distances(
    distances: pd.DataFrame,
    *,
    decay: Decay | None = None,
    cutoff: float | None = None,
    k: int | None = None,
    cities: pd.Index | Sequence[str] | None = None,
    islands: Literal["error", "keep", "drop"] = "error",
    transform: Transform = "row",
) -> Graph:
    """Weight cities by distances that are known, such as travel times.

    Parameters
    ----------
    distances : DataFrame
        From the city of the row to that of the column, in any unit; city codes on both
        sides, in any order. Need not be symmetric. Infinite: no way. The diagonal is
        not read.
    decay : EqualDecay, InverseDecay, ExponentialDecay or DoublePowerDecay, optional
        How a weight falls with distance; ``InverseDecay(power=1)`` by default.
    cutoff : float, optional
        Greatest distance of a link, in the unit of `distances`.
    k : int, optional
        Neighbours of each city at most: its nearest, the first by code of equally near
        ones. All within `cutoff` by default.
    cities : Index or sequence of str, optional
        Weights are built among these only; all of the table by default.
    islands : {"error", "keep", "drop"}
        What to do about cities with nobody within `cutoff`.
    transform : {"row", "spectral", "none"}
        Rows of sum one, largest eigenvalue of one, or weights as they are.

    Returns
    -------
    Graph
        Sorted by city code.

    Raises
    ------
    AlignmentError
        If rows and columns are about different cities.
    WeightsError
        If a distance is missing or negative, two cities have the distance zero under
        ``InverseDecay``, or more than 25 million weights are asked for.
    IsolatedCityError
        If a city has nobody within `cutoff` and `islands` is ``"error"``.

    Warns
    -----
    IsolatedCityWarning
        Names the cities with nobody within `cutoff` and what was done.
    DominanceWarning
        If single neighbours take most of the weight.

    Notes
    -----
    SDPDmod's ``InvDistMat`` is ``InverseDecay`` with `cutoff`, its ``ExpDistMat``
    ``ExponentialDecay``, ``DDistMat`` ``DoublePowerDecay``, ``mNearestN``
    ``EqualDecay`` with `k`; ``rownor`` is ``transform="row"``, ``eignor`` and
    ``mevn = TRUE`` are ``transform="spectral"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import build_from_distances
    >>> codes = ["320500", "310000", "330100"]
    >>> minutes = pd.DataFrame(
    ...     [[0, 25, 90], [25, 0, 60], [95, 60, 0]], index=codes, columns=codes
    ... )
    >>> build_from_distances(minutes)["320500"].round(3).to_dict()
    {'310000': 0.783, '330100': 0.217}
    >>> build_from_distances(minutes, k=1)["330100"].to_dict()
    {'310000': 1.0}
    """
    codes, values = _read_distances(distances, cities)
    if cutoff is not None:
        check_positive(cutoff, name="cutoff")
    limit = np.inf if cutoff is None else float(cutoff)
    rows, columns = np.nonzero(np.isfinite(values) & (values <= limit))
    if k is not None:
        rows, columns = _nearest(values, rows, columns, k)
    check_links_fit(len(rows), len(codes))
    chosen = InverseDecay() if decay is None else decay
    near = values[rows, columns]
    if isinstance(chosen, InverseDecay) and near.min(initial=np.inf) == 0:
        place = int(np.argmin(near))
        raise WeightsError(
            f"{codes[rows[place]]!r} and {codes[columns[place]]!r} have the distance "
            f"zero, so one over it is infinite; correct it or use another decay"
        )
    weights = chosen.weigh(near, limit)
    if not isinstance(chosen, DoublePowerDecay):  # which is zero at the cutoff itself
        check_numbers(weights, advice="use a slower decay or another unit")
    matrix = canonical(matrix_of(rows, columns, weights, len(codes)))
    settled = settle_islands(Links(matrix, codes), policy=islands)
    return finish_weights(settled, transform=transform)


def _read_distances(
    distances: pd.DataFrame, cities: pd.Index | Sequence[str] | None
) -> tuple[pd.Index, FloatArray]:
    """Return the sorted codes and their distances; infinite on the diagonal."""
    if not isinstance(distances, pd.DataFrame):
        raise TypeError(
            f"distances must be a DataFrame with city codes on both sides, got "
            f"{type(distances).__name__}"
        )
    origins = read_cities(distances.index, name="the rows of the distances")
    targets = read_cities(distances.columns, name="the columns of the distances")
    check_same_cities(origins, targets, name="the columns", of="the rows")
    wanted = origins
    if cities is not None:
        wanted = read_cities(cities, name="cities")
        check_cities_covered(wanted, origins, name="the distances", of="the selection")
    codes = wanted.sort_values()
    table = distances.set_axis(origins, axis=0).set_axis(targets, axis=1)
    values = table.loc[codes, codes].to_numpy(dtype=np.float64, copy=True)
    np.fill_diagonal(values, np.inf)
    wrong = np.isnan(values) | (values < 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise WeightsError(
            f"{int(wrong.sum())} distances are missing or negative, the first from "
            f"{codes[row]!r} to {codes[column]!r}; use infinity where there is no way"
        )
    return codes, values


def _nearest(
    values: FloatArray, rows: np.ndarray, columns: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Keep the k shortest links of each row."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise WeightsError(f"k must be a whole number of 1 or more; got {k!r}")
    order = np.lexsort([columns, values[rows, columns], rows])
    rows, columns = rows[order], columns[order]
    starts = np.searchsorted(rows, rows, side="left")
    first = np.arange(len(rows)) - starts < k
    return rows[first], columns[first]
