"""A balanced panel as arrays of years by cities, aligned with weights by label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.checks import (
    check_columns_exist,
    check_finite,
    check_same_cities,
    check_variables,
    listed,
)
from spatial_coagg.errors import EstimationError, UnbalancedPanelError
from spatial_coagg.models._spatial_moments import SparseMatrix, lag
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.links import read_cities, read_links

CONSTANT = "constant"
# Labels of what is not a driver.
_RESERVED = (CONSTANT, "rho", "lambda", "psi", "phi", "sigma2")
# Share of a column's length below which the effects have swept it out, and distance
# of a column of length 1 from the span of the others below which it is one of them.
_NOTHING_LEFT, _COLLINEAR = 1e-9, 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class SpatialRows:
    """What a spatial model is estimated from.

    Attributes
    ----------
    cities : Index
        Sorted by code; N.
    years : Index
        Sorted; T.
    y : array of shape (T, N)
    z : array of shape (T, N, K)
    labels : tuple of str
        Of the K columns: drivers, lags ``W.<driver>``, constant.
    """

    cities: pd.Index
    years: pd.Index
    y: FloatArray
    z: FloatArray
    labels: tuple[str, ...]

    @property
    def index(self) -> pd.MultiIndex:
        """Every (city, year), city by city."""
        years, cities = self.y.shape
        codes = np.arange(cities).repeat(years), np.tile(np.arange(years), cities)
        return pd.MultiIndex(
            levels=[self.cities, self.years],  # type: ignore[list-item] # stubs
            codes=codes,  # type: ignore[arg-type] # know lists only
            names=["city", "year"],
            verify_integrity=False,
        )

    @classmethod
    def of(
        cls,
        panel: Panel,
        outcome: str,
        drivers: Sequence[str],
        *,
        spillovers: Sequence[str],
        spillover_weights: SparseMatrix,
        constant: bool,
    ) -> "SpatialRows":
        """Read the columns, lag those that spill over.

        Raises
        ------
        MissingColumnError, UnbalancedPanelError, SpatialCoaggError
            If a column is missing, a city lacks a year, or a value is not finite.
        EstimationError
            If a name stands twice or is one of the model's own.
        """
        check_variables(outcome, drivers, reserved=_RESERVED)
        _check_labels(drivers, spillovers)
        names = [outcome, *drivers]
        check_columns_exist(panel.frame, names, name="the panel")
        table = panel.frame[names]
        if not table.index.is_monotonic_increasing:
            table = table.sort_index()
        cities, years = panel.cities, panel.years
        flat = table.to_numpy(dtype=np.float64)
        if len(flat) != len(cities) * len(years) or not np.isfinite(flat).all():
            check_complete(panel, names)
        cube = flat.reshape(len(cities), len(years), len(names))
        values = np.ascontiguousarray(cube.transpose(1, 0, 2))
        z, labels = values[:, :, 1:], list(drivers)
        if spillovers:
            chosen = [list(drivers).index(name) for name in spillovers]
            z = np.concatenate([z, lag(z[:, :, chosen], spillover_weights)], axis=2)
            labels += [f"W.{name}" for name in spillovers]
        if constant:
            z = np.concatenate([z, np.ones((*z.shape[:2], 1))], axis=2)
            labels.append(CONSTANT)
        return cls(cities, years, values[:, :, 0], z, tuple(labels))


def _check_labels(drivers: Sequence[str], spillovers: Sequence[str]) -> None:
    taken = [name for name in spillovers if f"W.{name}" in drivers]
    if taken:
        raise EstimationError(
            f"a column cannot be called {f'W.{taken[0]}'!r} where {taken[0]!r} spills "
            f"over, whose lag has that label; rename it, or leave one of them out"
        )


def check_complete(panel: Panel, names: Sequence[str]) -> None:
    """Refuse a panel in which some city lacks some year or value."""
    table = panel.frame[list(names)]
    check_finite(table.dropna(), name="the panel")
    whole = pd.MultiIndex.from_product(
        [table.index.unique("city"), table.index.unique("year")],
        names=["city", "year"],
    )
    absent = whole[~whole.isin(table.dropna().index)]
    if len(absent) > 0:
        city, year = absent[0]
        raise UnbalancedPanelError(
            f"a spatial model needs every city in every year; {len(absent)} of "
            f"{len(whole)} city-years are missing or incomplete in {listed(names)}, "
            f"the first for city {city!r} in {year}; balance the panel "
            f"(Panel.balanced) and restrict the weights (restricted_to)"
        )


def read_matrix(weights: Graph | W, cities: pd.Index, *, name: str) -> SparseMatrix:
    """Return weights in the order of the cities, compared by label.

    Raises
    ------
    AlignmentError
        If they are about other cities.
    """
    links = read_links(weights, name=name)
    wanted = read_cities(cities, name="the cities of the panel")
    check_same_cities(wanted, links.cities, name=name)
    return links.reordered(wanted).matrix


def check_identified(
    swept: FloatArray, raw: FloatArray, labels: Sequence[str], effects: Effects
) -> None:
    """Refuse columns that the effects sweep out, or that others add up to.

    Parameters
    ----------
    swept, raw : array of shape (T, N, K)
    labels : sequence of str
    effects : str

    Raises
    ------
    EstimationError
        Naming the column and, if collinear, those it depends on.
    """
    left = np.sqrt(np.square(swept).sum(axis=(0, 1)))
    before = np.sqrt(np.square(raw).sum(axis=(0, 1)))
    for label, length, whole in zip(labels, left, before, strict=True):
        if length <= _NOTHING_LEFT * whole:
            raise EstimationError(
                f"{label!r} does not vary beyond its {effects} effects, so its "
                f"coefficient cannot be estimated; leave it out or use other effects"
            )
    taken = f" once the {effects} effects are taken out" if effects != "none" else ""
    # The diagonal of R holds each column's distance from those before it.
    flat = (swept / left).reshape(-1, len(labels))
    r = np.asarray(np.linalg.qr(flat, mode="r"))
    for place in range(1, len(labels)):
        if abs(r[place, place]) <= _COLLINEAR:
            shares = np.linalg.lstsq(r[:place, :place], r[:place, place], rcond=None)[0]
            partners = [
                labels[other] for other in range(place) if abs(shares[other]) > 1e-4
            ]
            raise EstimationError(
                f"{labels[place]!r} is a linear combination of {listed(partners)}"
                f"{taken}; leave one of them out (of the drivers, or of spillovers=)"
            )
