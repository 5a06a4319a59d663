"""Colours and words of the classes of local tests, the same in every picture."""

from spatial_coagg.autocorrelation.classes import (
    NO_DATA,
    NO_NEIGHBOURS,
    NOT_SIGNIFICANT,
)

# Reds and blues of unlike lightness: they stay apart for every colour blindness.
CLASS_COLOURS = {
    "HH": "#c51b1f",
    "LL": "#2c6fb5",
    "HL": "#f4a259",
    "LH": "#9ecbe8",
    "similar": "#542788",
    "different": "#f4a259",
    "hot spot": "#c51b1f",
    "cold spot": "#2c6fb5",
    NOT_SIGNIFICANT: "#dedede",
    NO_NEIGHBOURS: "#8c8c8c",
    NO_DATA: "#ffffff",
}
CLASS_WORDS = {
    "HH": "high among high (HH)",
    "LL": "low among low (LL)",
    "HL": "high among low (HL)",
    "LH": "low among high (LH)",
}
