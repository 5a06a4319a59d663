import re

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import (
    AlignmentError,
    DataWarning,
    DuplicateKeyError,
    MissingColumnError,
    SpatialCoaggError,
)
from spatial_coagg.indices.quotient import location_quotient


def jobs_table(rows: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(list(rows), names=["city", "year"])
    columns = ["manufacturing", "finance", "total"]
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


@pytest.fixture
def jobs() -> pd.DataFrame:
    return jobs_table(
        {
            ("a", 2004): [30, 5, 100],
            ("b", 2004): [10, 0, 100],
            ("c", 2004): [20, 10, 300],
            ("a", 2005): [40, 5, 120],
            ("b", 2005): [10, 1, 90],
            ("c", 2005): [20, 12, 310],
        }
    )


@pytest.fixture
def national() -> pd.DataFrame:
    return pd.DataFrame(
        {"manufacturing": [200, 210], "finance": [50, 40], "total": [1000, 1050]},
        index=pd.Index([2004, 2005], name="year"),
    )


def test_quotients_equal_a_double_loop(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    quotients = location_quotient(jobs, national=national)
    for city, year in jobs.index:
        for industry in ("manufacturing", "finance"):
            here = jobs.loc[(city, year), industry] / jobs.loc[(city, year), "total"]
            nation = national.loc[year, industry] / national.loc[year, "total"]
            found = quotients.values.loc[(city, year), industry]
            assert found == pytest.approx(here / nation, rel=1e-14)
    assert quotients.benchmark == "the national totals given"


def test_sample_totals_are_sums_over_the_cities_of_each_year(
    jobs: pd.DataFrame,
) -> None:
    given = jobs.groupby(level="year").sum()
    summed = location_quotient(jobs)
    pd.testing.assert_frame_equal(
        summed.values, location_quotient(jobs, national=given).values, rtol=1e-14
    )
    assert summed.benchmark == "the sum over the 3 cities of the sample"


def test_within_equals_each_group_on_its_own(jobs: pd.DataFrame) -> None:
    country = pd.Series({"c": "X", "a": "Y", "b": "Y", "z": "X"}, name="country")
    quotients = location_quotient(jobs, within=country)
    alone = [location_quotient(jobs.loc[cities]) for cities in (["a", "b"], ["c"])]
    apart = pd.concat([part.values for part in alone])
    pd.testing.assert_frame_equal(quotients.values, apart, rtol=1e-14)
    expected = "the sums over the cities of each of 2 groups of 'country'"
    assert quotients.benchmark == expected


def test_groups_need_no_name(jobs: pd.DataFrame) -> None:
    quotients = location_quotient(jobs, within=pd.Series({"a": 1, "b": 1, "c": 2}))
    assert quotients.benchmark == "the sums over the cities of each of 2 groups"


def test_total_of_none_adds_the_industries(jobs: pd.DataFrame) -> None:
    industries = jobs.drop(columns="total")
    explicit = industries.assign(total=industries.sum(axis="columns"))
    pd.testing.assert_frame_equal(
        location_quotient(industries, total=None).values,
        location_quotient(explicit).values,
    )


def test_total_of_none_adds_the_national_industries_too(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    industries = jobs.drop(columns="total")
    nation = national.drop(columns="total")
    explicit = location_quotient(
        industries.assign(total=industries.sum(axis="columns")),
        national=nation.assign(total=nation.sum(axis="columns")),
    )
    found = location_quotient(industries, total=None, national=nation)
    pd.testing.assert_frame_equal(found.values, explicit.values)


def test_no_jobs_give_a_quotient_of_zero(jobs: pd.DataFrame) -> None:
    assert location_quotient(jobs).values.loc[("b", 2004), "finance"] == 0


def test_city_without_any_jobs_has_no_quotient(jobs: pd.DataFrame) -> None:
    empty = jobs.copy()
    empty.loc[("b", 2004)] = 0
    values = location_quotient(empty).values
    assert values.loc[("b", 2004)].isna().all()
    assert values.drop(("b", 2004)).notna().all(axis=None)


def test_industry_that_nobody_has_gives_missing_quotients(jobs: pd.DataFrame) -> None:
    values = location_quotient(jobs.assign(finance=0)).values
    assert values["finance"].isna().all()
    assert values["manufacturing"].notna().all()


def test_missing_jobs_leave_the_city_out_of_both_sums(jobs: pd.DataFrame) -> None:
    holes = jobs.astype(float)
    holes.loc[("c", 2004), "finance"] = np.nan
    with pytest.warns(DataWarning, match="missing in 1 rows of the jobs table"):
        quotients = location_quotient(holes)
    values = quotients.values
    without = location_quotient(jobs.drop(index=("c", 2004))).values
    assert np.isnan(values.loc[("c", 2004), "finance"])
    for city in "ab":
        assert values.loc[(city, 2004), "finance"] == pytest.approx(
            without.loc[(city, 2004), "finance"], rel=1e-14
        )
    whole = location_quotient(jobs).values
    pd.testing.assert_series_equal(values["manufacturing"], whole["manufacturing"])
    assert quotients.benchmark.endswith("cities with missing jobs left out")


def test_missing_total_leaves_the_city_out_of_every_sum(jobs: pd.DataFrame) -> None:
    holes = jobs.astype(float)
    holes.loc[("c", 2004), "total"] = np.nan
    with pytest.warns(DataWarning, match="1 of 'manufacturing', 1 of 'finance'"):
        values = location_quotient(holes).values
    without = location_quotient(jobs.drop(index=("c", 2004))).values
    pd.testing.assert_frame_equal(values.drop(("c", 2004)), without)


def test_missing_jobs_stay_missing_beside_given_totals(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    holes = jobs.astype(float)
    holes.loc[("c", 2004), "finance"] = np.nan
    values = location_quotient(holes, national=national).values
    assert values.isna().sum().sum() == 1
    unknown = national.astype(float)
    unknown.loc[2005, "finance"] = np.nan
    values = location_quotient(jobs, national=unknown).values
    assert values["finance"].xs(2005, level="year").isna().all()


def test_national_totals_and_groups_exclude_each_other(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    country = pd.Series({"a": "X", "b": "X", "c": "X"})
    with pytest.raises(AlignmentError, match="exclude each other"):
        location_quotient(jobs, national=national, within=country)


def test_national_totals_must_cover_the_years(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    with pytest.raises(AlignmentError, match="national totals lack the years 2005"):
        location_quotient(jobs, national=national.loc[[2004]])


def test_national_totals_have_one_row_for_each_year(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    with pytest.raises(AlignmentError, match="one row for each year"):
        location_quotient(jobs, national=jobs)
    with pytest.raises(DuplicateKeyError, match="national totals"):
        location_quotient(jobs, national=pd.concat([national, national]))


def test_national_totals_need_the_same_columns(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    with pytest.raises(MissingColumnError, match=r"national totals has no .*'finance'"):
        location_quotient(jobs, national=national.drop(columns="finance"))


def test_nation_without_jobs_where_a_city_has_some_is_refused(
    jobs: pd.DataFrame, national: pd.DataFrame
) -> None:
    message = "no jobs in 'finance' in 2004, but city 'a' has some"
    with pytest.raises(SpatialCoaggError, match=message):
        location_quotient(jobs, national=national.assign(finance=0))


def test_groups_must_cover_the_cities(jobs: pd.DataFrame) -> None:
    with pytest.raises(AlignmentError, match="within lacks 1 of the 3 cities"):
        location_quotient(jobs, within=pd.Series({"a": "X", "b": "X"}))
    with pytest.raises(AlignmentError, match="names no group for 1 cities: 'c'"):
        location_quotient(jobs, within=pd.Series({"a": "X", "b": "X", "c": None}))


def test_groups_must_name_a_city_once(jobs: pd.DataFrame) -> None:
    twice = pd.Series(["X", "X", "X", "Y"], index=["a", "b", "c", "c"])
    with pytest.raises(DuplicateKeyError, match="within, keyed by city,"):
        location_quotient(jobs, within=twice)


def test_jobs_must_be_keyed_by_city_and_year(jobs: pd.DataFrame) -> None:
    with pytest.raises(AlignmentError, match=re.escape("must be (city, year)")):
        location_quotient(jobs.reset_index())
    with pytest.raises(DuplicateKeyError, match="jobs table"):
        location_quotient(pd.concat([jobs, jobs.iloc[:1]]))


def test_jobs_need_a_total_and_an_industry(jobs: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="no column 'everyone'"):
        location_quotient(jobs, total="everyone")
    with pytest.raises(SpatialCoaggError, match="no column of an industry"):
        location_quotient(jobs[["total"]])
    with pytest.raises(DuplicateKeyError, match="header of the jobs table"):
        location_quotient(jobs[["finance", "finance", "total"]])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (-1, "1 negative numbers of jobs, the first in column 'finance'"),
        (np.inf, "1 infinite values"),
        ("some", "something that is no number"),
    ],
)
def test_impossible_jobs_are_refused(
    jobs: pd.DataFrame, bad: object, message: str
) -> None:
    wrong = jobs.astype(object)
    wrong.loc[("a", 2004), "finance"] = bad
    with pytest.raises(SpatialCoaggError, match=message):
        location_quotient(wrong)


def test_jobs_beside_a_total_of_zero_are_refused(jobs: pd.DataFrame) -> None:
    wrong = jobs.copy()
    wrong.loc[("b", 2005), "total"] = 0
    with pytest.raises(SpatialCoaggError, match=r"none in total, .* city 'b' in 2005"):
        location_quotient(wrong)
