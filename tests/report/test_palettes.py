from itertools import combinations, pairwise

import numpy as np
import pytest

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.class_styles import CLASS_COLOURS
from spatial_coagg.report.palettes import (
    PaletteName,
    change_colours,
    class_colours,
    label_colours,
)

RAMPS: list[PaletteName] = ["blue", "purple", "orange", "viridis", "cividis"]

# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation
# of color vision deficiency", severity 1.0; they act on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def seen_as(colour: str, sight: str) -> FloatArray:
    """Return CIE L*a*b* (D65) of a colour as an eye with this sight sees it."""
    code = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(SIGHT[sight] @ linear, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(first: str, second: str, sight: str) -> float:
    return float(np.linalg.norm(seen_as(first, sight) - seen_as(second, sight)))


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("palette", [*RAMPS, "diverging"])
def test_neighbouring_classes_differ_to_every_eye(
    palette: PaletteName, sight: str
) -> None:
    # A difference of 2.3 is just noticeable side by side; a map needs several times it.
    colours = class_colours(palette, 6)
    assert min(difference(a, b, sight) for a, b in pairwise(colours)) > 12


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("palette", RAMPS)
def test_more_is_darker_to_every_eye(palette: PaletteName, sight: str) -> None:
    lightness = [seen_as(colour, sight)[0] for colour in class_colours(palette, 9)]
    assert (np.diff(lightness) < 0).all()


@pytest.mark.parametrize("sight", SIGHT)
def test_categories_differ_to_every_eye(sight: str) -> None:
    colours = class_colours("categories", 6)
    assert min(difference(a, b, sight) for a, b in combinations(colours, 2)) > 16


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("palette", [*RAMPS, "diverging"])
def test_no_class_looks_like_a_city_without_data(
    palette: PaletteName, sight: str
) -> None:
    # That city is hatched as well; the ground of the hatching is #f3f4f5.
    first = class_colours(palette, 6)[0]
    assert difference(first, "#f3f4f5", sight) > 5


@pytest.mark.parametrize("sight", SIGHT)
def test_a_what_if_reads_alike_to_every_eye(sight: str) -> None:
    colours = change_colours(6)
    gains, losses, (zero, source) = colours[:6], colours[6:12], colours[12:]
    for side in (gains, losses):
        assert min(difference(a, b, sight) for a, b in pairwise(side)) > 10
        lightness = [seen_as(colour, sight)[0] for colour in side]
        assert (np.diff(lightness) < 0).all()
    shown = [*gains, *losses]
    assert min(difference(zero, each, sight) for each in shown) > 8
    assert min(difference(source, each, sight) for each in [*shown, zero]) > 16
    # Gain and loss of one size, from the third class on; the first two are pale.
    sides = zip(gains[2:], losses[2:], strict=True)
    assert min(difference(a, b, sight) for a, b in sides) > 16


@pytest.mark.parametrize("sight", SIGHT)
def test_the_classes_of_clusters_differ_to_every_eye(sight: str) -> None:
    shown = ["HH", "LL", "HL", "LH", "not significant", "no neighbours"]
    colours = [CLASS_COLOURS[name] for name in shown]
    assert min(difference(a, b, sight) for a, b in combinations(colours, 2)) > 10


def test_one_class_takes_the_middle() -> None:
    assert class_colours("cividis", 1) == [class_colours("cividis", 3)[1]]


def test_too_many_colours_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match=r"1 to 9 colours .* asked for 10"):
        class_colours("blue", 10)
    with pytest.raises(SpatialCoaggError, match=r"1 to 6 colours .* asked for 7"):
        class_colours("categories", 7)


def test_an_unknown_palette_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="palette must be one of 'blue'"):
        class_colours("rainbow", 3)  # type: ignore[arg-type]


def test_labels_take_the_colours_given() -> None:
    given = {"low": "#0072b2", "high": "#D55E00", "spare": "#000000"}
    assert label_colours(given, ["high", "low"]) == ["#D55E00", "#0072b2"]
    assert label_colours("blue", ["a", "b"]) == class_colours("categories", 2)


def test_a_label_without_colour_and_a_wrong_colour_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="no colour for 'low'"):
        label_colours({"high": "#d55e00"}, ["high", "low"])
    with pytest.raises(SpatialCoaggError, match="written #rrggbb, got 'red'"):
        label_colours({"high": "red"}, ["high"])
