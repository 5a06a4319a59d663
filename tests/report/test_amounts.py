from collections.abc import Callable

import pytest

from spatial_coagg.report.amounts import interval_ends, number, signed
from spatial_coagg.report.words import Words

WORDS = Words()


def percent(value: float) -> str:
    return number(value, WORDS, percent=True)


def test_numbers_keep_two_digits() -> None:
    written = {
        12.345: "12.35",
        -0.5: "−0.50",
        0.01234: "0.012",
        0.0998: "0.10",
        0.00998: "0.010",
        -0.000567: "−0.00057",
        0: "0.00",
        1e-12: "0.00000000",
    }
    assert {value: number(value, WORDS, percent=False) for value in written} == written


def test_signed_numbers_keep_two_decimals() -> None:
    assert signed(0.012, WORDS, percent=True) == "0.01"
    assert signed(-3.14159, WORDS, percent=False) == "−3.14"


@pytest.mark.parametrize("write", [number, signed])
def test_a_huge_percentage_is_not_written_out(write: Callable[..., str]) -> None:
    assert write(1000.0, WORDS, percent=True) == "1000.00"
    assert write(1000.01, WORDS, percent=True) == "more than 1,000"
    assert write(float("inf"), WORDS, percent=True) == "more than 1,000"
    assert write(123456.7, WORDS, percent=False) == "123456.70"
    assert write(-99.99, WORDS, percent=True) == "−99.99"


def test_an_interval_far_above_has_one_end() -> None:
    assert interval_ends(-0.5, 2.0, percent, WORDS) == "−0.50 to 2.00"
    assert interval_ends(-0.5, 2e6, percent, WORDS) == "−0.50 to more than 1,000"
    assert interval_ends(2e3, 2e6, percent, WORDS) == "more than 1,000"
    assert interval_ends(2.0, 2.0, percent, WORDS) == "2.00 to 2.00"
