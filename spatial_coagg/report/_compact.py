"""Whole numbers written as text, few characters for small ones."""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
# Five bits to a character; the longest number has 63 bits.
_PLACES = np.arange(13, dtype=np.uint64)


def encode_numbers(numbers: IntArray) -> str:
    """Write numbers in the order of the array: zigzag, then five bits to a character.

    The writing of Google's "encoded polyline": 0, -1, 1, -2 ... become 0, 1, 2, 3 ...;
    the lowest bits come first, and each character but a number's last is 32 higher.
    """
    flat = numbers.ravel().astype(np.int64)
    zigzag = np.where(flat < 0, ~(flat << 1), flat << 1).astype(np.uint64)
    # Blocks keep the table of characters small.
    return "".join(_write(zigzag[k : k + 65536]) for k in range(0, len(zigzag), 65536))


def encode_series(values: FloatArray) -> str:
    """Write whole numbers of shape (years, cities), city by city; nan is missing.

    A number is written as its difference from the city's last one, and those of 0 and
    more one higher, so that 0 is left for what is missing.
    """
    table = values.T
    present = ~np.isnan(table)
    # The place of the last number up to each year, -1 where there is none yet.
    places = np.where(present, np.arange(table.shape[1]), -1)
    last = np.maximum.accumulate(places, axis=1)
    before = np.hstack([np.full((len(table), 1), -1), last[:, :-1]])
    filled = np.where(present, table, 0)
    previous = np.take_along_axis(filled, before.clip(min=0), axis=1)
    steps = filled - np.where(before < 0, 0, previous)
    codes = np.where(present, steps + (steps >= 0), 0)
    return encode_numbers(codes.astype(np.int64))


def _write(zigzag: NDArray[np.uint64]) -> str:
    rest = zigzag[:, None] >> (5 * _PLACES)
    more = np.zeros(rest.shape, dtype=bool)
    more[:, :-1] = rest[:, 1:] > 0
    kept = (rest > 0) | (_PLACES == 0)
    characters = (rest & np.uint64(31)) + 32 * more + 63
    return bytes(characters[kept].astype(np.uint8)).decode("ascii")
