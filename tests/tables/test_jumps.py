import numpy as np
import pandas as pd

from spatial_coagg.tables.jumps import find_jumps


def jobs_of(*values: float, first: int = 2004) -> pd.DataFrame:
    years = range(first, first + len(values))
    index = pd.MultiIndex.from_product([["A"], years], names=["city", "year"])
    return pd.DataFrame({"finance": values}, index=index)


def years_of(table: pd.DataFrame) -> list[str | None]:
    return [problem.year for problem in find_jumps(table)]


def test_a_single_slip_is_told_once() -> None:
    assert years_of(jobs_of(10, 11, 11000, 12, 12)) == ["2006"]
    assert years_of(jobs_of(1000, 1100, 1.1, 1200)) == ["2006"]


def test_a_lasting_change_of_unit_is_told_where_it_begins() -> None:
    assert years_of(jobs_of(10, 11, 110000, 120000)) == ["2006"]


def test_what_grows_within_reason_is_not_told() -> None:
    assert find_jumps(jobs_of(10, 50, 90, 400)) == []
    assert years_of(jobs_of(10, 50)) == []
    assert len(find_jumps(jobs_of(10, 50), leap=5)) == 1


def test_zeros_gaps_and_missing_values_are_no_leaps() -> None:
    assert find_jumps(jobs_of(0, 500, 0, np.nan, 600)) == []
    gap = pd.concat([jobs_of(1), jobs_of(100, first=2006)])
    assert find_jumps(gap) == []


def test_the_words_name_the_factor() -> None:
    told = [str(each) for each in find_jumps(jobs_of(5000, 5))]
    assert told == [
        "column finance, city A, year 2005, value '5': one part in 1000 of the 5000 "
        "of 2004; check the digits and the unit"
    ]
