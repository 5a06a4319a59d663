"""What weights add up to: rows of sum one, or a largest eigenvalue of one."""

from typing import Literal, TypeAlias

import numpy as np
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg.checks import check_choice, listed, warn_user
from spatial_coagg.errors import DominanceWarning, WeightsError
from spatial_coagg.weights._matrix import (
    SparseMatrix,
    divided_rows,
    largest_shares,
    neighbour_counts,
    spectral_radius,
    standardised_rows,
)
from spatial_coagg.weights.links import Links, read_links

Transform: TypeAlias = Literal["row", "spectral", "none"]
TRANSFORMS = ("row", "spectral", "none")

# A warning is due where the heaviest neighbour takes more than this share of a row, on
# average over the rows of more than ten neighbours (an equal share is below a tenth).
DOMINANT_SHARE = 0.25
FEW_NEIGHBOURS = 10


def transformed(weights: Graph | W, *, transform: Transform) -> Graph:
    """Return weights rescaled by row or by their largest eigenvalue.

    Parameters
    ----------
    weights : Graph or libpysal.weights.W
    transform : {"row", "spectral", "none"}
        ``"row"`` divides each row by its sum, so that a spatial lag is an average;
        ``"spectral"`` divides all weights by the largest absolute eigenvalue, which
        keeps their proportions and symmetry [1]_; ``"none"`` keeps them.

    Returns
    -------
    Graph
        A city without neighbours stays without. Transforming by row twice changes no
        digit.

    Raises
    ------
    WeightsError
        If ``"spectral"`` is asked of weights whose eigenvalues are all zero.

    References
    ----------
    .. [1] Kelejian, H. H. and Prucha, I. R. (2010). Specification and estimation of
       spatial autoregressive models with autoregressive and heteroskedastic
       disturbances. Journal of Econometrics 157, 53-67.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.weights.economic import build_economic
    >>> from spatial_coagg.weights.transform import transformed
    >>> economy = pd.Series({"a": 1.0, "b": 2.0, "c": 4.0})
    >>> plain = build_economic(economy, transform="none")
    >>> transformed(plain, transform="row")["a"].round(3).to_dict()
    {'b': 0.75, 'c': 0.25}
    """
    links = read_links(weights, name="weights")
    return _scaled(links, transform=transform).to_graph()


def finish_weights(links: Links, *, transform: Transform) -> Graph:
    """Transform what a builder made, and warn where single neighbours dominate."""
    scaled = _scaled(links, transform=transform)
    _warn_of_dominance(scaled)
    return scaled.to_graph()


def _scaled(links: Links, *, transform: Transform) -> Links:
    check_choice(transform, TRANSFORMS, name="transform")
    if transform == "none":
        return links
    if transform == "row":
        return Links(standardised_rows(links.matrix), links.cities)
    return Links(_divided_by_radius(links.matrix), links.cities)


def _divided_by_radius(matrix: SparseMatrix) -> SparseMatrix:
    radius = spectral_radius(matrix)
    if radius == 0:
        raise WeightsError(
            "the weights have no eigenvalue other than zero, so they cannot be divided "
            'by the largest; use transform="row"'
        )
    return divided_rows(matrix, np.full(matrix.shape[0], radius))


def _warn_of_dominance(links: Links) -> None:
    many = neighbour_counts(links.matrix) > FEW_NEIGHBOURS
    if not many.any():
        return
    shares = largest_shares(links.matrix)
    mean = float(shares[many].mean())
    if mean <= DOMINANT_SHARE:
        return
    heaviest = links.cities[many][np.argsort(-shares[many], kind="stable")]
    warn_user(
        f"on average the heaviest neighbour takes {mean:.0%} of a city's weight (more "
        f"than {DOMINANT_SHARE:.0%}), and up to {shares[many].max():.0%}, most for "
        f"{listed(heaviest)}; results rest on few pairs: consider a floor "
        f"(economic distance), a lower power or another rule",
        DominanceWarning,
    )
