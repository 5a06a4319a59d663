"""What a local test of autocorrelation says of each city."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from spatial_coagg._typing import BoolArray, FloatArray
from spatial_coagg.autocorrelation.classes import (
    CLASSES,
    NO_DATA,
    NO_NEIGHBOURS,
    NOT_SIGNIFICANT,
    FalseDiscovery,
    SettledPlan,
    adjusted_p_values,
    as_classes,
)
from spatial_coagg.autocorrelation.inputs import FEWEST, Weights, among, check_varied
from spatial_coagg.checks import check_unique, listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights.align import as_graph, weight_matrix


@dataclass(frozen=True, slots=True, eq=False)
class LocalTest:
    """One statistic for each city, its p-value and its class.

    Attributes
    ----------
    kind : str
        Such as ``"local Moran"``.
    column : str
        Name of the values.
    frame : DataFrame
        Index city code, or (city, year); columns value, lag (weighted sum of the
        neighbours' values), statistic, expectation, variance, p_value, p_adjusted,
        quadrant, cluster (categorical). Cities without neighbours or data have nan
        and a class of their own.
    classes : tuple of str
        Every class there is, in the order they are told.
    permutations : int
    alpha : float
        Level of the cut-off.
    fdr : {"benjamini-hochberg", "bonferroni", "none"}
    """

    kind: str
    column: str
    frame: pd.DataFrame
    classes: tuple[str, ...]
    permutations: int
    alpha: float
    fdr: FalseDiscovery

    @property
    def counts(self) -> pd.Series | pd.DataFrame:
        """Cities in each class; a row for each year where there are years."""
        clusters = self.frame["cluster"]
        if "year" not in self.frame.index.names:
            return clusters.value_counts(sort=False).rename("cities")
        return pd.crosstab(
            clusters.index.get_level_values("year"), clusters, dropna=False
        ).rename_axis(index="year")

    def of_year(self, year: int) -> "LocalTest":
        """Return one year of a test over years.

        Raises
        ------
        SpatialCoaggError
            If the test has no such year.
        """
        found = self.frame.index.unique("year")
        if year not in found:
            raise SpatialCoaggError(
                f"there is no year {year} in the test; it has "
                f"{listed(found.sort_values(), limit=30)}"
            )
        frame = pd.DataFrame(self.frame.xs(year, level="year"))
        return replace(self, frame=frame)


@dataclass(frozen=True, slots=True, eq=False)
class LocalValues:
    """Values and weights of the cities that have data, in the order of their codes.

    Attributes
    ----------
    cities : Index
        All cities, with data or without.
    present : array of bool of shape (cities,)
    numbers : array of shape (N, C)
        N cities with data.
    matrix : sparse array of shape (N, N)
    """

    cities: pd.Index
    present: BoolArray
    numbers: FloatArray
    matrix: SparseMatrix

    @property
    def linked(self) -> BoolArray:
        """Whether a city with data has neighbours with data, shape (N,)."""
        return np.asarray(np.diff(self.matrix.indptr) > 0)

    @property
    def tests(self) -> int:
        """How many cities are tested: those with data and neighbours."""
        return int(np.count_nonzero(self.linked))

    @property
    def deviations(self) -> FloatArray:
        """Deviations from the means of the columns, in their standard deviations."""
        z = self.numbers - self.numbers.mean(axis=0)
        return np.asarray(z / np.sqrt(np.square(z).mean(axis=0)))


def read_local_values(
    values: pd.DataFrame, weights: Weights, *, kind: str
) -> LocalValues:
    """Align values with weights; set cities without data apart.

    Raises
    ------
    AlignmentError
        If `weights` are about other cities.
    SpatialCoaggError
        If a value is infinite, all are equal, or fewer than four cities have data and
        neighbours.

    Warns
    -----
    LostLinkWarning
        If cities without data are somebody's neighbours.
    """
    check_unique(values.index, name="values")
    ordered = values.sort_index()
    found = ordered.to_numpy(dtype=np.float64)
    endless = ordered.index[np.isinf(found).any(axis=1)]
    if len(endless) > 0:
        raise SpatialCoaggError(
            f"{len(endless)} cities have an infinite value: {listed(endless)}; mark "
            f"them as missing (nan) or mend them"
        )
    graph = as_graph(weights, cities=ordered.index, of="the values")
    present = np.asarray(~np.isnan(found).any(axis=1))
    if not present.all():
        graph = among(graph, ordered.index[present])
    known = LocalValues(ordered.index, present, found[present], weight_matrix(graph))
    if known.tests < FEWEST:
        raise SpatialCoaggError(
            f"the {kind} needs at least {FEWEST} cities with data and neighbours, got "
            f"{known.tests}"
        )
    for name in ordered.columns:
        check_varied(ordered.loc[present, name], statistic=f"the {kind}")
    return known


def local_frame(
    values: LocalValues,
    columns: Mapping[str, FloatArray],
    plan: SettledPlan,
    *,
    quadrant: list[str],
    labels: list[str],
    classes: tuple[str, ...] = CLASSES,
) -> pd.DataFrame:
    """Put the numbers of the cities with data beside the others' absence of numbers.

    Parameters
    ----------
    columns : mapping of str to array of shape (N,)
        ``value``, ``lag``, ``statistic``, ``expectation``, ``variance``, ``p_value``.
    quadrant, labels : list of str
        For each city with data: where it lies, and its class if significant.
    """
    known = values.cities[values.present]
    linked = values.linked
    table = pd.DataFrame(dict(columns), index=known)
    numbers = [name for name in table.columns if name != "value"]
    table.loc[~linked, numbers] = np.nan
    p = adjusted_p_values(table["p_value"].to_numpy(), plan.fdr)
    table["p_adjusted"] = p
    table["quadrant"] = pd.Series(quadrant, index=known).where(linked, "")
    passed = np.nan_to_num(p, nan=1.0) <= plan.alpha
    cluster = pd.Series(labels, index=known).where(passed, NOT_SIGNIFICANT)
    table["cluster"] = cluster.where(linked, NO_NEIGHBOURS)
    whole = table.reindex(values.cities)
    whole["quadrant"] = whole["quadrant"].fillna("")
    whole["cluster"] = as_classes(whole["cluster"].fillna(NO_DATA), classes)
    return whole.rename_axis("city")


def local_test(
    kind: str,
    column: str,
    frame: pd.DataFrame,
    plan: SettledPlan,
    classes: tuple[str, ...] = CLASSES,
) -> LocalTest:
    """Put a table and the plan that made it together."""
    return LocalTest(
        kind, column, frame, classes, plan.permutations, plan.alpha, plan.fdr
    )
