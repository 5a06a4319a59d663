"""Errors correlated between near cities: Conley's covariance."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from libpysal.graph import Graph
from scipy import sparse

from spatial_coagg._typing import BoolArray, FloatArray, IntArray
from spatial_coagg.checks import (
    check_choice,
    check_cities_covered,
    check_columns_exist,
    listed,
)
from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.weights._matrix import SparseMatrix
from spatial_coagg.weights._sphere import distance_of_pairs_km, pairs_within
from spatial_coagg.weights.distance import check_positive
from spatial_coagg.weights.geography import Points, locate_cities, sorted_boundaries
from spatial_coagg.weights.links import read_cities

SpatialKernel: TypeAlias = Literal["bartlett", "uniform"]
_LONGITUDE_LATITUDE = ("longitude", "latitude")


@dataclass(frozen=True, slots=True, eq=False)
class Conley:
    """Errors correlated between cities near each other, and over years within a city.

    Make one with :meth:`from_boundaries`, :meth:`from_coordinates` or
    :meth:`from_distances`; it may hold more cities than a panel has.

    Attributes
    ----------
    cities : Index
        N city codes.
    shares : sparse array of shape (N, N)
        What a pair of cities counts; 1 on the diagonal, symmetric.
    cutoff_km : float
        Great-circle distance in km from which errors are uncorrelated.
    kernel : {"bartlett", "uniform"}
        1 - distance / cutoff, or 1 up to the cutoff. Neither is sure to give a positive
        definite covariance on the sphere; negative eigenvalues are set to zero, with a
        warning.
    lags : int
        Years over which the errors of one city are correlated; Bartlett weights
        1 - years / (lags + 1).

    Notes
    -----
    The middle of the sandwich is the sum, over the pairs of cities in the same year, of
    kernel times s_it s_jt', and over pairs of different years of the same city of
    Bartlett weight times s_it s_is', s_it = x_it e_it of swept drivers [1]_ [2]_. The
    factor is R / (R - K - A), as for ``"robust"``, which a cutoff below the smallest
    distance gives. Hsiang's code and acreg have none.

    References
    ----------
    .. [1] Conley, T. G. (1999). GMM estimation with cross sectional dependence. Journal
       of Econometrics 92, 1-45.
    .. [2] Hsiang, S. M. (2010). Temperatures and cyclones strongly associated with
       economic production in the Caribbean and Central America. PNAS 107, 15367-15372.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes
    >>> from spatial_coagg.models.spatial_hac import Conley
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> near = Conley.from_boundaries(load_shapes(), cutoff_km=300, lags=2)
    >>> fit = fit_spatial_panel(
    ...     panel, weights, "ln_cr", ["ln_theta"], model="slx", covariance=near
    ... )
    >>> fit.standard_errors
    'Conley, bartlett to 300 km, 2 lags'
    """

    cities: pd.Index
    shares: SparseMatrix
    cutoff_km: float
    kernel: SpatialKernel
    lags: int

    def __post_init__(self) -> None:
        """Refuse a setting that makes no sense."""
        check_positive(self.cutoff_km, name="cutoff_km", unit="km")
        check_choice(self.kernel, ("bartlett", "uniform"), name="kernel")
        whole = isinstance(self.lags, int | np.integer)
        if not whole or isinstance(self.lags, bool) or self.lags < 0:
            raise SpatialCoaggError(
                f"lags must be a whole number of years, 0 or more; got {self.lags!r}"
            )
        size = len(self.cities)
        if self.shares.shape != (size, size):
            raise SpatialCoaggError(
                f"shares must be {size} x {size}, one row for each city; they are "
                f"{self.shares.shape[0]} x {self.shares.shape[1]}"
            )

    @classmethod
    def from_boundaries(
        cls,
        boundaries: gpd.GeoDataFrame,
        *,
        cutoff_km: float,
        points: Points = "representative",
        kernel: SpatialKernel = "bartlett",
        lags: int = 0,
    ) -> "Conley":
        """Measure great-circle distances between the cities of a map.

        Parameters
        ----------
        boundaries : GeoDataFrame
            Polygons or points, indexed by city code (text), in any known CRS.
        cutoff_km : float
        points : {"representative", "centroid"} or (str, str)
            As for :func:`build_nearest`.
        kernel : {"bartlett", "uniform"}
        lags : int

        Raises
        ------
        BoundaryError
            If the map lacks a CRS, a geometry or a point.
        """
        check_positive(cutoff_km, name="cutoff_km", unit="km")
        located = sorted_boundaries(boundaries)
        vectors = locate_cities(located, points=points)
        pairs = pairs_within(vectors, cutoff_km)
        km = distance_of_pairs_km(vectors, pairs)
        return cls._of_pairs(located.index, pairs, km, cutoff_km, kernel, lags)

    @classmethod
    def from_coordinates(
        cls,
        coordinates: pd.DataFrame,
        *,
        cutoff_km: float,
        columns: tuple[str, str] = _LONGITUDE_LATITUDE,
        kernel: SpatialKernel = "bartlett",
        lags: int = 0,
    ) -> "Conley":
        """Measure great-circle distances between coordinates.

        Parameters
        ----------
        coordinates : DataFrame
            Indexed by city code (text), degrees.
        cutoff_km : float
        columns : (str, str)
            Names of longitude and latitude.
        kernel : {"bartlett", "uniform"}
        lags : int

        Raises
        ------
        MissingColumnError, BoundaryError
            If a column or a coordinate is missing, or lies outside the globe.
        """
        check_columns_exist(coordinates, columns, name="the coordinates")
        longitude, latitude = (coordinates[name] for name in columns)
        points = gpd.GeoDataFrame(
            {name: coordinates[name] for name in columns},
            geometry=gpd.points_from_xy(longitude, latitude),
            crs="EPSG:4326",
        )
        return cls.from_boundaries(
            points, cutoff_km=cutoff_km, points=columns, kernel=kernel, lags=lags
        )

    @classmethod
    def from_distances(
        cls,
        distances: pd.DataFrame | Graph,
        *,
        cutoff_km: float,
        kernel: SpatialKernel = "bartlett",
        lags: int = 0,
    ) -> "Conley":
        """Take distances as they are: by road, by time of travel, economic.

        Parameters
        ----------
        distances : DataFrame of shape (N, N) or Graph
            City codes (text) on both sides, in any order; of a Graph the weights are
            the distances, and cities without a link are farther than the cutoff.
        cutoff_km : float
            In the unit of the distances.
        kernel : {"bartlett", "uniform"}
        lags : int

        Raises
        ------
        AlignmentError
            If rows and columns are of other cities.
        SpatialCoaggError
            If a distance is negative, missing, or not the same both ways.
        """
        check_positive(cutoff_km, name="cutoff_km", unit="km")
        if isinstance(distances, Graph):
            cities, pairs, km = _pairs_of_graph(distances)
        else:
            cities, pairs, km = _pairs_of_table(distances)
        near = km <= cutoff_km
        return cls._of_pairs(cities, pairs[near], km[near], cutoff_km, kernel, lags)

    @classmethod
    def _of_pairs(
        cls,
        cities: pd.Index,
        pairs: IntArray,
        km: FloatArray,
        cutoff_km: float,
        kernel: SpatialKernel,
        lags: int,
    ) -> "Conley":
        weights = np.ones(len(km))
        if kernel == "bartlett":
            weights = np.clip(1 - km / cutoff_km, 0.0, None)
        size = len(cities)
        upper = sparse.csr_array((weights, pairs.T), shape=(size, size))
        shares = sparse.csr_array(upper + upper.T + sparse.eye_array(size))
        return cls(cities, shares, float(cutoff_km), kernel, lags)

    @property
    def title(self) -> str:
        """The covariance in a few words."""
        years = f", {self.lags} lag{'s' * (self.lags > 1)}" if self.lags else ""
        return f"Conley, {self.kernel} to {self.cutoff_km:g} km{years}"

    def shares_of(self, cities: pd.Index) -> SparseMatrix:
        """Return the shares among some cities, in their order.

        Raises
        ------
        AlignmentError
            If one of them is not known.
        """
        check_cities_covered(cities, self.cities, name="Conley")
        places = self.cities.get_indexer(cities)
        return sparse.csr_array(self.shares[places][:, places])


def _pairs_of_table(table: pd.DataFrame) -> tuple[pd.Index, IntArray, FloatArray]:
    rows = read_cities(table.index, name="the rows of the distances")
    columns = read_cities(table.columns, name="the columns of the distances")
    apart = rows.symmetric_difference(columns)
    if len(apart) > 0:
        raise AlignmentError(
            f"the distances need the same cities in rows and columns; {listed(apart)} "
            f"occur on one side only"
        )
    square = table.set_axis(rows).set_axis(columns, axis="columns")[rows]
    km = square.to_numpy(dtype=np.float64)
    if not np.all(km >= 0):
        _refuse(rows, ~(km >= 0), "is negative or missing")
    wrong = np.abs(km - km.T) > 1e-9 * (1 + km)
    if wrong.any():
        _refuse(rows, wrong, "is not the same both ways")
    first, second = np.triu_indices(len(rows), k=1)
    return rows, np.column_stack([first, second]), km[first, second]


def _pairs_of_graph(graph: Graph) -> tuple[pd.Index, IntArray, FloatArray]:
    cities = read_cities(graph.unique_ids, name="the cities of the distances")
    links = graph.adjacency.reset_index()
    first = cities.get_indexer(links["focal"])
    second = cities.get_indexer(links["neighbor"])
    km = links["weight"].to_numpy(dtype=np.float64)
    # Explicit zeros are distances; only a city's link to itself is none.
    other = first != second
    pairs, km = np.column_stack([first, second])[other], km[other]
    ordered = np.sort(pairs, axis=1)
    keys = pd.MultiIndex.from_arrays(list(ordered.T))
    table = pd.Series(km, keys).groupby(level=[0, 1]).agg(["count", "min", "max"])
    bad = table[
        (table["count"] != 2)
        | ~(table["min"] >= 0)
        | (table["max"] - table["min"] > 1e-9 * (1 + table["max"]))
    ]
    if len(bad) > 0:
        one, two = (cities[int(place)] for place in bad.index[0])
        raise SpatialCoaggError(
            f"the distance between {one!r} and {two!r} is negative, missing or not the "
            f"same both ways; a Graph of distances needs each link in both directions"
        )
    found = np.array([list(key) for key in table.index], dtype=np.int64)
    return cities, found.reshape(-1, 2), table["min"].to_numpy()


def _refuse(cities: pd.Index, wrong: BoolArray, told: str) -> None:
    row, column = (int(place) for place in np.argwhere(wrong)[0])
    raise SpatialCoaggError(
        f"the distance between {cities[row]!r} and {cities[column]!r} {told}; give one "
        f"number for each pair of cities"
    )
