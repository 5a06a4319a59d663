"""Cities without neighbours, and what is done about them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray, IntArray, IslandPolicy
from spatial_coagg.checks import check_choice, listed, warn_user
from spatial_coagg.errors import IsolatedCityError, IsolatedCityWarning
from spatial_coagg.weights._matrix import matrix_of_pairs, neighbour_counts
from spatial_coagg.weights._sphere import nearest_positions
from spatial_coagg.weights.links import Links

POLICIES = ("error", "keep", "nearest", "drop")
# Names written out in a warning; every prefecture without neighbours fits.
NAMED = 30


@dataclass(frozen=True, slots=True)
class Geography:
    """Where cities stand and what a link between two of them weighs.

    Attributes
    ----------
    locate : callable
        Returns the unit vectors of the cities, shape (N, 3); called only when needed.
    weigh : callable
        Returns the weights of pairs of positions, shape (P, 2).
    """

    locate: Callable[[], FloatArray]
    weigh: Callable[[IntArray], FloatArray]


def settle_islands(
    links: Links, *, policy: IslandPolicy, geography: Geography | None = None
) -> Links:
    """Apply the island policy.

    Parameters
    ----------
    links : Links
    policy : {"error", "keep", "nearest", "drop"}
        ``"error"`` refuses; ``"keep"`` leaves the city without neighbours, so that its
        spatial lag is zero; ``"nearest"`` joins it with the nearest city, both ways,
        so the nearest city's row changes too; ``"drop"`` leaves it out.
    geography : Geography, optional
        Needed by ``"nearest"``.

    Raises
    ------
    IsolatedCityError
        If cities have no neighbours under ``"error"``, or no city is left.

    Warns
    -----
    IsolatedCityWarning
        Names the cities (also in its attribute `cities`) and says what was done.
    """
    check_choice(policy, POLICIES, name="islands")
    bare = np.flatnonzero(neighbour_counts(links.matrix) == 0)
    if len(bare) == 0:
        return links
    names = links.cities[bare]
    if policy == "error":
        raise IsolatedCityError(
            f"{_count(names)} no neighbours: {listed(names, limit=NAMED)}; choose "
            f'islands="nearest" (join each with its nearest city), "keep" (spatial lag '
            f'zero) or "drop" (leave them out)'
        )
    if policy == "keep":
        _warn(names, "no neighbours; the spatial lag there is zero")
        return links
    if policy == "drop":
        return _without(links, names)
    return _joined_with_nearest(links, bare, geography)


def _without(links: Links, names: pd.Index) -> Links:
    kept = links.cities[~links.cities.isin(names)]
    if len(kept) == 0:
        raise IsolatedCityError(
            f"none of the {len(names)} cities has a neighbour, so nothing is left to "
            f"keep; use a wider rule"
        )
    _warn(names, "no neighbours; left out")
    # Where links run one way, whoever loses a neighbour here may be left with none.
    return settle_islands(links.reordered(kept), policy="drop")


def _joined_with_nearest(
    links: Links, bare: IntArray, geography: Geography | None
) -> Links:
    if geography is None or len(links.cities) < 2:
        raise IsolatedCityError(
            f"{_count(links.cities[bare])} no neighbours: "
            f"{listed(links.cities[bare], limit=NAMED)}, and no other city is there to "
            f"join; give more cities"
        )
    nearest = nearest_positions(geography.locate(), 1)[bare, 0]
    pairs = np.unique(np.sort(np.column_stack([bare, nearest]), axis=1), axis=0)
    added = matrix_of_pairs(pairs, geography.weigh(pairs), len(links.cities))
    joined = [
        f"{links.cities[island]!r} with {links.cities[other]!r}"
        for island, other in zip(bare[:NAMED], nearest[:NAMED], strict=True)
    ]
    more = f" and {len(bare) - NAMED} more" if len(bare) > NAMED else ""
    _warn(
        links.cities[bare],
        "no neighbours by the rule; joined with the nearest city, both ways",
        detail=", ".join(joined) + more,
    )
    return Links((links.matrix + added).tocsr(), links.cities)


def _warn(names: pd.Index, fate: str, *, detail: str | None = None) -> None:
    warn_user(
        IsolatedCityWarning(
            f"{_count(names)} {fate}: {detail or listed(names, limit=NAMED)}",
            cities=tuple(names),
        ),
    )


def _count(names: pd.Index) -> str:
    return f"{len(names)} city has" if len(names) == 1 else f"{len(names)} cities have"
