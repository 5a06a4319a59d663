"""What weights look like: links, pieces, islands, dominance."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W
from scipy.sparse.csgraph import connected_components

from spatial_coagg.weights._matrix import (
    has_standard_rows,
    largest_shares,
    neighbour_counts,
)
from spatial_coagg.weights.links import read_links


@dataclass(frozen=True, slots=True)
class WeightsSummary:
    """Facts about weights.

    Attributes
    ----------
    cities : int
        Number of cities, N.
    links : int
        Pairs of cities joined in at least one direction.
    weights : int
        Weights other than zero; twice the links where every link goes both ways.
    mean_neighbours : float
        `weights` over `cities`.
    fewest_neighbours, most_neighbours : int
    components : int
        Pieces that no link connects with one another; an island is a piece.
    islands : tuple of str
        Cities without neighbours.
    two_way : bool
        Whether every link goes both ways, whatever its weights.
    row_standardised : bool
        Whether each row (but those of islands) sums to one.
    mean_largest_share, max_largest_share : float
        Share that the heaviest neighbour takes of a city's weight: mean and maximum
        over the cities that have neighbours (nan if none has).
    max_to_median : float
        Largest weight over the median weight (nan without weights).
    """

    cities: int
    links: int
    weights: int
    mean_neighbours: float
    fewest_neighbours: int
    most_neighbours: int
    components: int
    islands: tuple[str, ...]
    two_way: bool
    row_standardised: bool
    mean_largest_share: float
    max_largest_share: float
    max_to_median: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each fact, index ``fact``, column ``value``."""
        facts = asdict(self) | {"islands": ", ".join(self.islands)}
        index = pd.Index(list(facts), name="fact")
        return pd.DataFrame({"value": list(facts.values())}, index=index, dtype=object)


def summarise_weights(weights: Graph | W) -> WeightsSummary:
    """Count links, pieces and islands, and measure how far single neighbours dominate.

    Parameters
    ----------
    weights : Graph or libpysal.weights.W
        Keyed by city code.

    Returns
    -------
    WeightsSummary

    Raises
    ------
    TypeError, AlignmentError, WeightsError
        If `weights` is of another type, its ids are no codes, or a weight is negative,
        not finite or on the city itself.

    Notes
    -----
    Dominance is the largest share w_ij / sum_j w_ij of each row. Economic distance is
    prone to it: two cities with nearly equal economies then listen to one another only.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.economic import build_economic
    >>> from spatial_coagg.weights.summary import summarise_weights
    >>> graph = build_economic(pd.Series({"a": 1.0, "b": 2.0, "c": 4.0}))
    >>> facts = summarise_weights(graph)
    >>> facts.links, facts.mean_neighbours, facts.islands
    (3, 2.0, ())
    >>> round(facts.max_largest_share, 2)
    0.75
    """
    links = read_links(weights, name="weights")
    matrix, n = links.matrix, len(links.cities)
    counts = neighbour_counts(matrix)
    pattern = matrix.astype(bool)
    joined = (pattern + pattern.T).nnz // 2
    shares = largest_shares(matrix)
    shares = shares[~np.isnan(shares)]
    return WeightsSummary(
        cities=n,
        links=joined,
        weights=matrix.nnz,
        mean_neighbours=matrix.nnz / n,
        fewest_neighbours=int(counts.min()),
        most_neighbours=int(counts.max()),
        components=int(connected_components(matrix, directed=False)[0]),
        islands=tuple(links.cities[counts == 0].sort_values()),
        two_way=matrix.nnz == 2 * joined,
        row_standardised=has_standard_rows(matrix),
        mean_largest_share=float(shares.mean()) if len(shares) > 0 else np.nan,
        max_largest_share=float(shares.max()) if len(shares) > 0 else np.nan,
        max_to_median=float(matrix.data.max() / np.median(matrix.data))
        if matrix.nnz > 0
        else np.nan,
    )
