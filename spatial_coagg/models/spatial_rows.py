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
from spatial_coagg.errors import EstimationError, UnbalancedPanelError, WeightsError
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights.links import read_cities, read_links

CONSTANT = "constant"
# Labels of what is not a driver.
_RESERVED = (CONSTANT, "rho", "lambda", "psi", "phi", "sigma2")
# Share of a column's length below which the effects have swept it out, and distance
# of a column of length 1 from the span of the others below which it is one of them.
_NOTHING_LEFT, _COLLINEAR = 1e-9, 1e-6
# Share of the outcome's length below which residuals are the rounding of
# cross-products, and of the largest eigenvalue below which a direction is empty.
EXPLAINED, _EMPTY = 1e-13**0.5, 1e-12


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
        check_panel(panel)
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


def check_panel(panel: Panel) -> None:
    """Refuse what is no Panel, such as the table it is made of."""
    if not isinstance(panel, Panel):
        raise TypeError(
            f"panel must be a Panel, got {type(panel).__name__}; make one with "
            f'Panel.from_frame(frame, city="city", year="year")'
        )


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
    WeightsError
        If every weight is zero.
    """
    links = read_links(weights, name=name)
    wanted = read_cities(cities, name="the cities of the panel")
    check_same_cities(wanted, links.cities, name=name)
    if links.matrix.nnz == 0:
        raise WeightsError(
            f"no city has a neighbour in {name}, every weight is zero, so there is "
            f"nothing spatial to estimate or test; use weights with links"
        )
    return links.reordered(wanted).matrix


def observations_left(years: int, cities: int, effects: Effects) -> int:
    """Return how many observations remain once the effects are taken out."""
    return (years - ("city" in effects)) * (cities - ("year" in effects))


def check_observations(
    rows: SpatialRows, effects: Effects, *, beside: Sequence[str] = ()
) -> None:
    """Refuse no more observations, less effects, than slopes and what is beside them.

    Parameters
    ----------
    rows : SpatialRows
    effects : str
    beside : sequence of str
        Names of what else is estimated but for the variance: rho, lambda.

    Raises
    ------
    EstimationError
    """
    years, cities = rows.y.shape
    left = observations_left(years, cities, effects)
    if left > len(rows.labels) + len(beside):
        return
    estimated = ", ".join([f"{len(rows.labels)} slopes", *beside])
    after = f" after the {effects} effects" if effects != "none" else ""
    raise EstimationError(
        f"{years} years of {cities} cities leave {left} observations for {estimated}"
        f"{after}; it takes more, so use more years, fewer drivers or fewer effects"
    )


def check_columns(
    columns: FloatArray,
    rows: SpatialRows,
    outcome: str,
    effects: Effects,
    *,
    has_lag: bool,
) -> None:
    """Refuse a model whose slopes or noise cannot be estimated.

    Parameters
    ----------
    columns : array of shape (T, N, 2 + K)
        y, W y, Z, effects swept out.
    rows : SpatialRows
    outcome : str
    effects : str
    has_lag : bool
        Whether W y is in the model.

    Raises
    ------
    EstimationError
    """
    check_identified(columns[:, :, 2:], rows.z, rows.labels, effects)
    check_noise(columns, rows.y, outcome, effects, has_lag=has_lag)


def check_noise(
    columns: FloatArray, raw: FloatArray, outcome: str, effects: str, *, has_lag: bool
) -> None:
    """Refuse columns y, W y, Z that leave no noise; see :func:`check_outcome`."""
    y = columns[:, :, 0]
    check_outcome(y, raw, columns[:, :, 2:], outcome, effects)
    # Where W y is y times a number, whatever the drivers, rho is not identified, which
    # is another matter.
    if has_lag and _unexplained(y, columns[:, :, 1:2]) > EXPLAINED:
        check_outcome(
            y, raw, columns[:, :, 1:], outcome, effects,
            by="the drivers and its own spatial lag",
        )  # fmt: skip


def check_outcome(
    swept: FloatArray,
    raw: FloatArray,
    others: FloatArray,
    outcome: str,
    effects: str,
    *,
    by: str = "the drivers",
) -> None:
    """Refuse an outcome that the effects sweep out, or that others explain exactly.

    Parameters
    ----------
    swept, raw : array of shape (T, N)
        The outcome, after and before the effects are taken out.
    others : array of shape (T, N, K)
        What is to explain it, swept, with the constant where there is one.
    outcome : str
    effects : str
    by : str
        What the others are, in words.

    Raises
    ------
    EstimationError
        Naming the outcome.
    """
    own = swept - swept.mean() if effects == "none" else swept
    beyond = f" beyond its {effects} effects" if effects != "none" else ""
    if np.linalg.norm(own) <= _NOTHING_LEFT * np.linalg.norm(raw):
        raise EstimationError(
            f"the outcome {outcome!r} does not vary{beyond}, so there is nothing to "
            f"explain; use another outcome or other effects"
        )
    if _unexplained(own, others) <= EXPLAINED:
        once = f" once its {effects} effects are out" if effects != "none" else ""
        raise EstimationError(
            f"{by} explain the outcome {outcome!r} exactly{once}, so no noise is left "
            f"to estimate a variance from; leave out what the outcome is computed from"
        )


def _unexplained(outcome: FloatArray, others: FloatArray) -> float:
    """Return the share of an outcome's length that is outside the span of others."""
    flat, own = others.reshape(outcome.size, -1), outcome.ravel()
    scale = np.linalg.norm(flat, axis=0)
    scale[scale == 0] = 1.0
    gram = flat.T @ flat / np.outer(scale, scale)
    inverse = np.linalg.pinv(gram, rcond=_EMPTY, hermitian=True)
    slopes = inverse @ (flat.T @ own / scale) / scale
    return float(np.linalg.norm(own - flat @ slopes) / np.linalg.norm(own))


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
            beyond = f" beyond its {effects} effects" if effects != "none" else ""
            raise EstimationError(
                f"{label!r} does not vary{beyond}, so its coefficient cannot be "
                f"estimated; leave it out or use other effects (or, if it varies by "
                f"less than 1e-9 of its level, subtract a constant from it)"
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
