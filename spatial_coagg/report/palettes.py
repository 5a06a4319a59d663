"""Colours of a map's classes, distinct to colour-blind readers as well."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

from spatial_coagg.checks import check_choice, listed
from spatial_coagg.errors import SpatialCoaggError

PaletteName: TypeAlias = Literal[
    "blue", "purple", "orange", "viridis", "cividis", "diverging", "categories"
]

# Colormap of matplotlib and the part of it that is used: the palest tints are left
# out, as they would be mistaken for a city without data, and the ends are where six
# neighbouring classes differ most under simulated colour blindness.
_RAMPS = {
    "blue": ("YlGnBu", 0.12, 1.0),
    "purple": ("BuPu", 0.18, 1.0),
    "orange": ("YlOrBr", 0.16, 1.0),
    "viridis": ("viridis_r", 0.0, 1.0),
    "cividis": ("cividis_r", 0.02, 1.0),
    "diverging": ("PuOr_r", 0.08, 0.92),
}
# Okabe and Ito (2008), "Color Universal Design", without black and yellow.
_CATEGORIES = ("#d55e00", "#0072b2", "#e69f00", "#56b4e9", "#009e73", "#cc79a7")
MAX_CLASSES = 9
# Of a what-if: an interval that includes zero, and the city that rises.
_ZERO, _SOURCE = "#d0cbbd", "#e66101"


def class_colours(palette: PaletteName, count: int) -> list[str]:
    """Return `count` colours as ``#rrggbb``, from the lowest class to the highest.

    Parameters
    ----------
    palette : str
        ``"blue"``, ``"purple"``, ``"orange"``, ``"viridis"`` and ``"cividis"`` go from
        light to dark; ``"diverging"`` has a light middle, for changes around zero;
        ``"categories"`` is for classes without an order.
    count : int
        From 1 to 9 (6 for ``"categories"``): more cannot be told apart.

    Raises
    ------
    SpatialCoaggError
        If the palette is unknown or `count` is out of its range.

    Examples
    --------
    >>> from spatial_coagg.report.palettes import class_colours
    >>> class_colours("cividis", 3)
    ['#fce236', '#7a7a78', '#00224e']
    """
    check_choice(palette, (*_RAMPS, "categories"), name="palette")
    limit = len(_CATEGORIES) if palette == "categories" else MAX_CLASSES
    if not 1 <= count <= limit:
        raise SpatialCoaggError(
            f"palette {palette!r} has 1 to {limit} colours that can be told apart, "
            f"asked for {count}; use fewer classes"
        )
    if palette == "categories":
        return list(_CATEGORIES[:count])
    name, first, last = _RAMPS[palette]
    places = np.linspace(first, last, count) if count > 1 else [(first + last) / 2]
    colormap = mpl.colormaps[name]
    return [to_hex(colormap(place)) for place in places]


def change_colours(sides: int) -> list[str]:
    """Return the colours of a what-if's map.

    `sides` colours of gains, from small to large, as many of losses, that of an
    interval which includes zero, and that of the city that rises.

    Examples
    --------
    >>> from spatial_coagg.report.palettes import change_colours
    >>> change_colours(1)[-2:]
    ['#d0cbbd', '#e66101']
    """
    gains = mpl.colormaps["Purples"]
    losses = mpl.colormaps["Greens"]
    places = np.linspace(0.12, 1.0, sides)
    return [
        *(to_hex(gains(place)) for place in places),
        *(to_hex(losses(place)) for place in places),
        _ZERO,
        _SOURCE,
    ]


def label_colours(
    palette: PaletteName | Mapping[str, str], labels: Sequence[str]
) -> list[str]:
    """Return the colour of each label: the one given, or the next of "categories".

    Raises
    ------
    SpatialCoaggError
        If a mapping lacks a label or holds anything but ``#rrggbb``.
    """
    if isinstance(palette, str):
        return class_colours("categories", len(labels))
    absent = [label for label in labels if label not in palette]
    if absent:
        raise SpatialCoaggError(
            f"palette has no colour for {listed(absent)}; give one to each label"
        )
    colours = [palette[label] for label in labels]
    wrong = [c for c in colours if not re.fullmatch(r"#[0-9a-fA-F]{6}", str(c))]
    if wrong:
        raise SpatialCoaggError(f"colours are written #rrggbb, got {listed(wrong)}")
    return colours
