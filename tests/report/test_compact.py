import numpy as np
from map_decoding import decode_numbers, decode_values

from spatial_coagg.report._compact import encode_numbers, encode_series


def test_numbers_come_back_whatever_their_size_and_sign() -> None:
    rng = np.random.default_rng(1)
    sizes = 2.0 ** rng.uniform(0, 60, 3000)
    numbers = (sizes * rng.choice([-1, 1], 3000)).astype(np.int64)
    edges = np.array([0, -1, 1, 15, -16, 16, -17, 2**62, -(2**62)])
    for each in (numbers, edges):
        assert decode_numbers(encode_numbers(each)) == each.tolist()


def test_small_numbers_take_one_character() -> None:
    assert len(encode_numbers(np.arange(-16, 16))) == 32
    assert encode_numbers(np.array([], dtype=np.int64)) == ""


def test_long_tables_are_written_like_short_ones() -> None:
    numbers = np.arange(70_000)
    halves = encode_numbers(numbers[:30_000]) + encode_numbers(numbers[30_000:])
    assert encode_numbers(numbers) == halves


def test_a_series_comes_back_with_its_gaps() -> None:
    nan = np.nan
    values = np.array([[5, nan, 0, nan], [nan, 7, 0, nan], [4, 7, -3, nan]])
    text = encode_series(values)
    assert decode_values(text, cities=4) == [
        [5, None, 0, None],
        [None, 7, 0, None],
        [4, 7, -3, None],
    ]
