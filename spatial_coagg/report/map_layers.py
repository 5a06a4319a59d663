"""Layers of a map: values checked, rounded for display, classified, made compact."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, get_args

import numpy as np
import pandas as pd

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import check_cities_covered, check_unique, listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report._compact import encode_series
from spatial_coagg.report.classes import (
    Scheme,
    SchemeName,
    class_breaks,
    round_breaks,
)
from spatial_coagg.report.palettes import PaletteName, class_colours, label_colours


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One thing a map can show.

    Attributes
    ----------
    values : Series
        Numbers, index ``(city, year)`` in either order of the levels, or ``city`` for
        what does not change; text or categories make a layer of classes without order
        (categories keep their order).
    scheme : {"quantile", "fisher-jenks", "equal"} or sequence of float
        How the breaks are found, or the breaks themselves. The page opens with this
        and offers the three rules.
    classes : int
        Number of classes the rule makes.
    palette : str or mapping
        See `class_colours`; layers of text take ``"categories"``, or a mapping of each
        text to its ``#rrggbb``.
    unit : str
        Shown behind the title, such as ``"persons"``.
    note : str
        One sentence under the legend: what the numbers mean.
    group : str
        Heading under which the page lists it, such as ``"Location quotients"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.report.map_layers import Layer
    >>> theta = pd.Series([2.1, 2.8], index=pd.Index(["A", "B"], name="city"))
    >>> Layer(theta, scheme=[2.5], palette="purple", unit="points").classes
    6
    """

    values: pd.Series
    scheme: Scheme = "quantile"
    classes: int = 6
    palette: PaletteName | Mapping[str, str] = "blue"
    unit: str = ""
    note: str = ""
    group: str = ""


class EncodedScheme(TypedDict):
    """One way to classify a layer; `name` is ``"given"`` for breaks that were given.

    Breaks are whole like the values, and written with `decimals`.
    """

    name: str
    breaks: list[int]
    decimals: int
    colours: list[str]


class EncodedLayer(TypedDict):
    """A layer as the page reads it; see `encode_series` for `values`.

    Numbers are whole: a value times ``10 ** decimals``, so that what is printed, what
    is ranked and what is classified are the same number. In a layer of classes a
    value is the place of its label. A layer that is `still` has one year for all.
    """

    title: str
    group: str
    unit: str
    note: str
    decimals: int
    labels: list[str] | None
    schemes: list[EncodedScheme]
    still: bool
    values: str


def encode_layers(
    layers: Mapping[str, Layer], *, cities: pd.Index
) -> tuple[list[int], list[EncodedLayer]]:
    """Check and encode the layers.

    Parameters
    ----------
    layers : mapping of title to Layer
        In the order they are offered.
    cities : Index
        Codes of the map, which must cover those of every layer. A city of the map
        that a layer lacks is without data there.

    Returns
    -------
    years : list of int
        Every year of any layer, ascending; empty if no layer has years.
    encoded : list of EncodedLayer
        In the order of `layers`.

    Raises
    ------
    AlignmentError
        If a layer has a city that is not on the map.
    DuplicateKeyError
        If a layer has a city, or a city and year, twice.
    SpatialCoaggError
        If a layer is empty, infinite somewhere or wrongly indexed.
    """
    if not layers:
        raise SpatialCoaggError("layers is empty; give at least one layer to draw")
    tables = {
        title: _tabulate(layer.values, title=title, cities=cities)
        for title, layer in layers.items()
    }
    years = sorted({int(y) for t in tables.values() for y in t.columns if y != ""})
    encoded = [
        _encode_layer(title, layers[title], _over_years(table, years))
        for title, table in tables.items()
    ]
    return years, encoded


def _tabulate(values: pd.Series, *, title: str, cities: pd.Index) -> pd.DataFrame:
    """Return a table of every city of the map by year, missing where unknown.

    A layer without years gets the one column ``""``.
    """
    name = f"layer {title!r}"
    check_unique(values.index, name=name)
    names = set(values.index.names)
    if values.index.nlevels == 1:
        table = values.to_frame("")
    elif values.index.nlevels == 2 and names == {"city", "year"}:
        table = values.unstack("year")
    else:
        raise SpatialCoaggError(
            f"{name} must be indexed by city, or by city and year; its index levels "
            f"are {listed(list(values.index.names))}"
        )
    table.index = table.index.astype(str)
    check_cities_covered(table.index, cities, name="boundaries", of=name)
    if not values.notna().any():
        raise SpatialCoaggError(f"{name} has no value at all; leave it out")
    return table.reindex(cities)


def _over_years(table: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    return table if "" in table.columns else table.reindex(columns=list(years))


def _encode_layer(title: str, layer: Layer, table: pd.DataFrame) -> EncodedLayer:
    if not pd.api.types.is_numeric_dtype(table.dtypes.iloc[0]):
        return _encode_labels(title, layer, table)
    numbers = table.to_numpy(dtype=np.float64, na_value=np.nan).T
    if np.isinf(numbers).any():
        raise SpatialCoaggError(
            f"layer {title!r} has infinite values; a logarithm of zero gives one: "
            f"leave those rows out or use ln(1 + x)"
        )
    if not isinstance(layer.palette, str):
        raise SpatialCoaggError(
            f"layer {title!r} holds numbers, so its palette must be named; a mapping "
            f"of colours is for text"
        )
    decimals = _display_decimals(numbers)
    if not isinstance(layer.scheme, str):
        decimals = max(decimals, _exact_decimals(np.asarray(layer.scheme, dtype=float)))
    others = [rule for rule in get_args(SchemeName) if rule != layer.scheme]
    return EncodedLayer(
        title=title,
        group=layer.group,
        unit=layer.unit,
        note=layer.note,
        decimals=decimals,
        labels=None,
        schemes=[
            _encode_scheme(numbers, scheme, layer, layer.palette, decimals)
            for scheme in (layer.scheme, *others)
        ],
        still="" in table.columns,
        values=encode_series(np.rint(numbers * 10.0**decimals)),
    )


def _encode_scheme(
    numbers: FloatArray,
    scheme: Scheme,
    layer: Layer,
    palette: PaletteName,
    decimals: int,
) -> EncodedScheme:
    breaks = class_breaks(numbers, scheme=scheme, classes=layer.classes)
    if isinstance(scheme, str):
        breaks, written = round_breaks(breaks, decimals=decimals)
    else:
        written = _exact_decimals(breaks)
    return EncodedScheme(
        name=scheme if isinstance(scheme, str) else "given",
        breaks=[round(number) for number in (breaks * 10.0**decimals).tolist()],
        decimals=written,
        colours=class_colours(palette, len(breaks) + 1),
    )


def _encode_labels(title: str, layer: Layer, table: pd.DataFrame) -> EncodedLayer:
    labels = list(pd.Categorical(layer.values).categories)
    places = {label: place for place, label in enumerate(labels)}
    shown = [str(label) for label in labels]
    coded = np.array(
        [[places.get(label, np.nan) for label in table[year]] for year in table.columns]
    )
    colours = label_colours(layer.palette, shown)
    return EncodedLayer(
        title=title,
        group=layer.group,
        unit=layer.unit,
        note=layer.note,
        decimals=0,
        labels=shown,
        schemes=[EncodedScheme(name="", breaks=[], decimals=0, colours=colours)],
        still="" in table.columns,
        values=encode_series(coded),
    )


def _display_decimals(numbers: FloatArray) -> int:
    """Return the decimals that show the middle 90 % of the values in 1,000 steps."""
    low, high = np.nanquantile(numbers, [0.05, 0.95]).tolist()
    spread = high - low or abs(high) or 1.0
    return min(9, max(0, 3 - math.floor(math.log10(spread))))


def _exact_decimals(breaks: FloatArray) -> int:
    """Return the decimals needed to write the breaks as they were given, at most 9."""
    return next(
        (
            d
            for d in range(9)
            if np.allclose(breaks, breaks.round(d), rtol=0, atol=1e-9)
        ),
        9,
    )
