"""Small panels with a known truth: static, dynamic or spatial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.checks import listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.simulate._fields import draw_over_years, standardised
from spatial_coagg.simulate._outcome import follow_years, spread_over_neighbours
from spatial_coagg.simulate.truth import RHO, Truth
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.align import as_graph, weight_matrix

FIRST_YEAR = 2004


@dataclass(frozen=True, slots=True)
class Static:
    """Each year stands for itself: y = x b + city + year + noise."""

    @property
    def equation(self) -> str:
        """The model in symbols."""
        return "y = x b + city + year + noise"


@dataclass(frozen=True, slots=True)
class Dynamic:
    """The outcome remembers: y_t = previous y_(t-1) + x b + city + year + noise.

    City effects are independent of the drivers, and the process has run for `burn_in`
    years, so that system GMM is valid.

    Attributes
    ----------
    previous : float
        Coefficient of the year before, between -1 and 1.
    burn_in : int
        Years before the first one.
    """

    previous: float = 0.5
    burn_in: int = 40

    @property
    def equation(self) -> str:
        """The model in symbols."""
        return "y = previous y(t-1) + x b + city + year + noise"

    def __post_init__(self) -> None:
        if not abs(self.previous) < 1 or self.burn_in < 0:
            raise SpatialCoaggError(
                f"previous must lie between -1 and 1 and burn_in be 0 or more; got "
                f"{self.previous} and {self.burn_in}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Spatial:
    """Neighbours count: (I - rho W) y = x b + W x g + city + year + noise.

    Attributes
    ----------
    weights : Graph
        Its cities are those of the panel.
    rho : float
        Spatial lag coefficient.
    spillovers : mapping of str to float
        g by driver; zero for those that are not named.
    """

    weights: Graph
    rho: float = 0.4
    spillovers: Mapping[str, float] = field(default_factory=dict)

    @property
    def equation(self) -> str:
        """The model in symbols."""
        return "(I - rho W) y = x b + W x g + city + year + noise"


Process: TypeAlias = Static | Dynamic | Spatial


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedPanel:
    """A panel and what it was made with.

    Attributes
    ----------
    panel : Panel
        ``y`` and the drivers, balanced, years from 2004.
    truth : Truth
    """

    panel: Panel
    truth: Truth


def simulate_panel(
    slopes: Mapping[str, float],
    *,
    process: Process | None = None,
    cities: int | None = None,
    years: int = 8,
    city_sd: float = 1.0,
    year_sd: float = 0.0,
    noise_sd: float = 0.5,
    rng: Seed = None,
) -> SimulatedPanel:
    """Draw a panel of outcome ``y`` and drivers from a known equation.

    Parameters
    ----------
    slopes : mapping of str to float
        Name and true coefficient of each driver.
    process : Static, Dynamic or Spatial, optional
        The equation; static by default.
    cities : int, optional
        60 by default; of a spatial process those of its weights.
    years : int
        From 2004.
    city_sd, year_sd, noise_sd : float
        Standard deviations of the city effects, year effects and noise.
    rng : None, int or Generator

    Returns
    -------
    SimulatedPanel

    Raises
    ------
    SpatialCoaggError
        If there is no driver, fewer than two cities or no year; if a spillover belongs
        to no driver; or if `cities` is not the number of cities of the weights.

    Notes
    -----
    A driver has variance 1 between cities and 1 over the years within a city, where
    it follows an AR(1) of persistence 0.5. City effects correlate with the drivers'
    city means (0.6 with their sum), which makes random effects inconsistent; they are
    independent of them in a dynamic process.

    Examples
    --------
    >>> from spatial_coagg.simulate.panels import Dynamic, simulate_panel
    >>> simulated = simulate_panel({"roads": 0.5}, process=Dynamic(0.6), rng=1)
    >>> simulated.panel
    Panel(60 cities, 2004-2011, 480 rows, 2 variables)
    >>> simulated.truth.coefficients
    roads         0.5
    previous.y    0.6
    dtype: float64
    """
    kind = Static() if process is None else process
    weights = _weights_of(kind)
    codes = _codes(weights, cities)
    _check_request(slopes, kind, cities=len(codes), years=years)
    generator = np.random.default_rng(rng)
    x = _draw_drivers(generator, (years, len(codes), len(slopes)))
    truth = Truth(
        equation=kind.equation,
        coefficients=_coefficients(slopes, kind),
        city_effects=_city_effects(x, kind, codes, generator) * city_sd,
        year_effects=_year_effects(years, generator) * year_sd,
        noise_sd=noise_sd,
        weights=weights,
    )
    y = _solve(x, truth, kind, generator)
    table = pd.DataFrame(
        np.column_stack([y.ravel(), x.reshape(-1, len(slopes))]),
        index=pd.MultiIndex.from_product([truth.year_effects.index, codes]),
        columns=["y", *slopes],
    )
    table.index.names = ["year", "city"]
    return SimulatedPanel(Panel.from_frame(table, city="city", year="year"), truth)


def _weights_of(kind: Process) -> Graph | None:
    return as_graph(kind.weights) if isinstance(kind, Spatial) else None


def _codes(weights: Graph | None, cities: int | None) -> pd.Index:
    if weights is None:
        numbers = range(1, (60 if cities is None else cities) + 1)
        return pd.Index([f"{number:06d}" for number in numbers], name="city")
    codes: pd.Index = pd.Index(weights.unique_ids, name="city")
    if cities not in {None, len(codes)}:
        raise SpatialCoaggError(
            f"the weights have {len(codes)} cities, not {cities}; leave cities out"
        )
    return codes


def _check_request(
    slopes: Mapping[str, float], kind: Process, *, cities: int, years: int
) -> None:
    if not slopes or cities < 2 or years < 1:
        raise SpatialCoaggError(
            f"one driver, two cities and one year are the least; got {len(slopes)}, "
            f"{cities} and {years}"
        )
    if isinstance(kind, Spatial):
        strange = [name for name in kind.spillovers if name not in slopes]
        if strange:
            raise SpatialCoaggError(
                f"spillovers of {listed(strange)} belong to no driver; the drivers "
                f"are {listed(list(slopes))}"
            )


def _draw_drivers(
    generator: np.random.Generator, shape: tuple[int, int, int]
) -> FloatArray:
    years, cities, count = shape
    alone = np.eye(cities)
    columns = [
        generator.standard_normal(cities)
        + draw_over_years(generator, alone, years=years, persistence=0.5)
        for _ in range(count)
    ]
    return np.stack(columns, axis=-1)


def _coefficients(slopes: Mapping[str, float], kind: Process) -> pd.Series:
    extra: dict[str, float] = {}
    if isinstance(kind, Dynamic):
        extra = {"previous.y": kind.previous}
    elif isinstance(kind, Spatial):
        extra = {f"W.{name}": slope for name, slope in kind.spillovers.items()}
        extra[RHO] = kind.rho
    return pd.Series({**slopes, **extra}, dtype=float)


def _city_effects(
    x: FloatArray, kind: Process, codes: pd.Index, generator: np.random.Generator
) -> pd.Series:
    own = generator.standard_normal(len(codes))
    if not isinstance(kind, Dynamic):
        own = 0.6 * standardised(x.mean(axis=0).sum(axis=-1)) + 0.8 * own
    return pd.Series(own, index=codes)


def _year_effects(years: int, generator: np.random.Generator) -> pd.Series:
    index = pd.Index(range(FIRST_YEAR, FIRST_YEAR + years), name="year")
    return pd.Series(generator.standard_normal(years), index=index)


def _solve(
    x: FloatArray, truth: Truth, kind: Process, generator: np.random.Generator
) -> FloatArray:
    slopes = truth.coefficients[truth.drivers].to_numpy(dtype=np.float64)
    effects = truth.city_effects.to_numpy() + truth.year_effects.to_numpy()[:, None]
    noise = truth.noise_sd * generator.standard_normal(x.shape[:2])
    right = np.asarray(x @ slopes + effects, dtype=np.float64)
    if isinstance(kind, Dynamic):
        return _remember(right, noise, kind, truth.noise_sd, generator)
    if isinstance(kind, Spatial) and truth.weights is not None:
        w = weight_matrix(truth.weights)
        g = np.array([kind.spillovers.get(name, 0.0) for name in truth.drivers])
        return spread_over_neighbours(right + (x @ g) @ w.T + noise, w, kind.rho)
    return right + noise


def _remember(
    right: FloatArray,
    noise: FloatArray,
    kind: Dynamic,
    noise_sd: float,
    generator: np.random.Generator,
) -> FloatArray:
    # Drivers and year effects stand still at their first value before the first year.
    settled = right[0] / (1 - kind.previous)
    if kind.burn_in > 0:
        early = noise_sd * generator.standard_normal((kind.burn_in, right.shape[1]))
        still = np.broadcast_to(right[0], early.shape)
        settled = follow_years(still, early, previous=kind.previous, start=settled)[-1]
    return follow_years(right, noise, previous=kind.previous, start=settled)
