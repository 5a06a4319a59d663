"""The what-if of a map: who gains when synergy rises in one city."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, get_args

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.checks import check_choice, check_cities_covered, listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.models.effects import SpatialFit
from spatial_coagg.models.responses import (
    CityResponses,
    city_responses,
    draw_responses,
)
from spatial_coagg.report._compact import encode_numbers
from spatial_coagg.report.amounts import HUGE
from spatial_coagg.report.palettes import change_colours

DriverScale: TypeAlias = Literal["ln", "ln1p", "level"]
ENDS = ["lower", "median", "upper"]
# The page's responses are rounded to this share of a typical neighbour's, so that they
# err by less than a 2,000th of the last digit it shows.
FINENESS = 1e-5
# Classes of gains, and of losses.
SIDES = 6


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfLayer:
    """What goes with a higher theta of one city, for each city of a model.

    Attributes
    ----------
    responses : CityResponses
        [i, j]: change of the outcome of city i for the driver of city j higher by one.
    others, total : DataFrame
        Index city; columns lower, median, upper: the same summed over all cities but
        the one that rises, and over all.
    theta : Series
        theta of each city before it rises, index city.
    theta_range : tuple of float
        Least and greatest theta the model has seen; beyond, the page speaks of
        extrapolation.
    driver_scale : {"ln", "ln1p", "level"}
        How theta stands in the model; the step of p per cent is ln(1 + p / 100),
        ln((1 + theta (1 + p / 100)) / (1 + theta)) or theta p / 100.
    outcome_logged : bool
        Whether the outcome is a logarithm, so that a change x is shown as
        100 (exp(x) - 1) per cent.
    outcome : str
        What changes, in words: ``"innovation (CR)"``, or ``"1 + patents"`` where the
        model explains ln(1 + patents).
    driver : str
        What rises, as it is written on the page.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes
    >>> from spatial_coagg.report.map_what_if import WhatIfLayer
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> layer = WhatIfLayer.from_fit(
    ...     fit, "ln_theta", theta=panel.frame["theta"], outcome="CR", draws=100, rng=1
    ... )
    >>> bool(layer.changes("320500", 10)["median"].idxmax() == "320500")
    True
    """

    responses: CityResponses
    others: pd.DataFrame
    total: pd.DataFrame
    theta: pd.Series
    theta_range: tuple[float, float]
    outcome: str
    driver_scale: DriverScale = "ln"
    outcome_logged: bool = True
    driver: str = "θ"

    def __post_init__(self) -> None:
        check_choice(self.driver_scale, get_args(DriverScale), name="driver_scale")
        low, high = self.theta_range
        if not 0 <= low <= high < math.inf:
            raise SpatialCoaggError(
                f"theta_range must be the least and greatest theta, neither below "
                f"zero; got {self.theta_range!r}"
            )
        for name in ("others", "total", "theta"):
            index = getattr(self, name).index
            if not index.equals(self.responses.cities):
                raise SpatialCoaggError(
                    f"{name} must have the cities of responses, in their order; it "
                    f"begins with {listed(list(index[:3]))}"
                )

    @classmethod
    def from_fit(  # noqa: PLR0913 - what a page tells, and how it is drawn
        cls,
        fit: SpatialFit,
        driver_label: str,
        *,
        theta: pd.Series,
        outcome: str,
        driver: str = "θ",
        driver_scale: DriverScale = "ln",
        outcome_logged: bool = True,
        draws: int = 1000,
        level: float = 0.90,
        rng: Seed = None,
    ) -> "WhatIfLayer":
        """Draw the responses of a spatial model and sum them.

        Parameters
        ----------
        fit : SpatialPanelFit or SpatialIVFit
        driver_label : str
            The fit's driver that is theta or its logarithm.
        theta : Series
            theta itself, index (city, year), of the cities and years of the fit; the
            last year is where a rise starts from.
        outcome : str
            What changes, in words.
        driver, driver_scale, outcome_logged
            See the class.
        draws, level, rng
            As for :func:`city_responses`; with one whole number :func:`what_if` tells
            the same.

        Raises
        ------
        AlignmentError
            If theta lacks a city of the fit in its last year.
        """
        # One seed for both, so that sums and their parts come from the same draws.
        drawn = np.random.default_rng(rng)
        seed = rng if isinstance(rng, int) else int(drawn.integers(2**62))
        responses = city_responses(
            fit, driver_label, draws=draws, level=level, rng=seed
        )
        made = draw_responses(fit, driver_label, draws=draws, level=level, rng=seed)
        total = made.drawn.rows(np.ones(len(fit.cities)))
        own = made.drawn.diagonal(np.arange(len(fit.cities)))
        seen = theta.unstack("year").reindex(columns=fit.years)
        check_cities_covered(fit.cities, seen.index, name="theta")
        seen = seen.loc[fit.cities]
        levels = seen.to_numpy(dtype=np.float64)
        return cls(
            responses,
            _quantiles(total - own, fit.cities, level),
            _quantiles(total, fit.cities, level),
            seen.iloc[:, -1].rename("theta"),
            (float(np.nanmin(levels)), float(np.nanmax(levels))),
            outcome,
            driver_scale,
            outcome_logged,
            driver,
        )

    def step(self, city: str, percent: float) -> float:
        """Rise of the driver that a percentage of theta makes in a city."""
        if not percent > -100:
            raise SpatialCoaggError(
                f"percent must be above -100, got {percent}: theta cannot fall by all "
                f"of itself"
            )
        self._check_known(city)
        if self.driver_scale == "ln":
            return math.log1p(percent / 100)
        values = np.asarray(self.theta, dtype=np.float64)
        before = float(values[self.responses.cities.get_loc(city)])
        rise = before * percent / 100
        return math.log1p(rise / (1 + before)) if self.driver_scale == "ln1p" else rise

    def changes(self, city: str, percent: float) -> pd.DataFrame:
        """Return what goes with theta of `city` higher by `percent`, for every city.

        Columns lower, median, upper: per cent if the outcome is logged, else its units.
        """
        step = self.step(city, percent)
        place = self.responses.cities.get_loc(city)
        parts = [getattr(self.responses, end)[:, place] for end in ENDS]
        table = pd.DataFrame(dict(zip(ENDS, parts, strict=True)))
        moved = _scaled(table.set_axis(self.responses.cities), step)
        return moved.map(math.expm1) * 100 if self.outcome_logged else moved

    def sums(self, city: str, percent: float) -> pd.DataFrame:
        """Return own effect, that of the others together, and their total.

        Index own, others, total; columns lower, median, upper: in a hundred times the
        logarithm if the outcome is logged, so that they add up draw by draw.
        """
        step = self.step(city, percent) * (100 if self.outcome_logged else 1)
        rows = {"own": self.own, "others": self.others, "total": self.total}
        table = pd.DataFrame({name: frame.loc[city] for name, frame in rows.items()})
        return _scaled(table.T, step)

    def decimals(self, city: str, percent: float) -> int:
        """Decimals shown: two digits of what a neighbour typically gains."""
        unit = 100 if self.outcome_logged else 1
        size = self.typical * abs(self.step(city, percent)) * unit
        return min(9, max(0, 1 - math.floor(math.log10(size)))) if size > 0 else 2

    @property
    def typical(self) -> float:
        """Median over cities of the largest response in another; else of their own."""
        sizes = np.abs(self.responses.median)
        apart = sizes - np.diag(np.diag(sizes))
        found = float(np.median(apart.max(axis=0)))
        return found or float(np.median(np.diag(sizes))) or 1.0

    @property
    def own(self) -> pd.DataFrame:
        """Response of each city to its own driver; columns lower, median, upper."""
        parts = {end: np.diag(getattr(self.responses, end)) for end in ENDS}
        return pd.DataFrame(parts, index=self.responses.cities)

    def _check_known(self, city: str) -> None:
        if city not in self.responses.cities:
            raise SpatialCoaggError(
                f"city {city!r} takes no part in the model, which has "
                f"{len(self.responses.cities)} cities such as "
                f"{self.responses.cities[0]!r}"
            )


class EncodedWhatIf(TypedDict):
    """A what-if as the page reads it.

    `cities` are places on the map. Responses are whole numbers, `unit` to one, written
    by `encode_numbers` source city by source city: the median, and how far the interval
    reaches below and above it. Changes above `huge` are not written out. Rows of `own`,
    `others` and `total` are lower, median, upper.
    """

    cities: list[int]
    unit: int
    median: str
    below: str
    above: str
    own: list[list[float]]
    others: list[list[float]]
    total: list[list[float]]
    theta: list[float]
    theta_range: tuple[float, float]
    driver_scale: DriverScale
    outcome_logged: bool
    huge: float | None
    typical: float
    colours: list[str]
    terms: dict[str, str]


def encode_what_if(layer: WhatIfLayer, *, cities: pd.Index) -> EncodedWhatIf:
    """Encode a what-if for a map of `cities`, which must cover those of the model.

    Raises
    ------
    AlignmentError
        If the map lacks a city of the model.
    """
    found = layer.responses
    known = found.cities.astype(str)
    check_cities_covered(known, cities, name="boundaries", of="what_if")
    unit = math.ceil(1 / (FINENESS * layer.typical))
    lower, median, upper = (
        _kept_sign(np.asarray(getattr(found, end)).T, unit) for end in ENDS
    )
    return EncodedWhatIf(
        cities=[int(place) for place in cities.get_indexer(known)],
        unit=unit,
        median=encode_numbers(median),
        below=encode_numbers(median - lower),
        above=encode_numbers(upper - median),
        own=_rows(layer.own),
        others=_rows(layer.others),
        total=_rows(layer.total),
        theta=_short(layer.theta.tolist()),
        theta_range=layer.theta_range,
        driver_scale=layer.driver_scale,
        outcome_logged=layer.outcome_logged,
        huge=HUGE if layer.outcome_logged else None,
        typical=layer.typical,
        colours=change_colours(SIDES),
        terms={
            "driver": layer.driver,
            "outcome": layer.outcome,
            "level": f"{100 * found.level:g}",
        },
    )


def _quantiles(draws: FloatArray, cities: pd.Index, level: float) -> pd.DataFrame:
    parts = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=-1)
    return pd.DataFrame(dict(zip(ENDS, parts, strict=True)), index=cities)


def _scaled(table: pd.DataFrame, step: float) -> pd.DataFrame:
    """Multiply; a negative step turns the interval round."""
    moved = table[ENDS] * step
    if step < 0:
        moved = moved[ENDS[::-1]].set_axis(ENDS, axis="columns")
    return moved


def _kept_sign(values: FloatArray, unit: int) -> np.ndarray:
    """Round to whole numbers, but nothing above or below zero to zero."""
    whole = np.rint(values * unit)
    whole = np.where(whole == 0, np.sign(values), whole)
    kept: np.ndarray = whole.astype(np.int64)
    return kept


def _rows(table: pd.DataFrame) -> list[list[float]]:
    return [_short(row) for row in table[ENDS].to_numpy().tolist()]


def _short(numbers: Sequence[float]) -> list[float]:
    """Leave out digits beyond the twelfth, which no page shows."""
    return [float(f"{number:.12g}") for number in numbers]
