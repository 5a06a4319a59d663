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
from spatial_coagg.indices.coagglomeration import coagglomeration_theta, group_thetas
from spatial_coagg.indices.quotient import location_quotient

GROUPS = {"services": ["transport", "finance"], "finance_only": ["finance"]}


@pytest.fixture
def jobs() -> pd.DataFrame:
    generator = np.random.default_rng(1)
    index = pd.MultiIndex.from_product(
        [list("abcd"), [2004, 2005]], names=["city", "year"]
    )
    columns = ["manufacturing", "transport", "finance"]
    industries = pd.DataFrame(
        generator.integers(1, 500, (len(index), 3)), index=index, columns=columns
    )
    return industries.assign(total=industries.sum(axis="columns") + 1000)


def test_theta_is_the_published_formula() -> None:
    a, b = pd.Series([1.5, 0.2, 2.0]), pd.Series([0.5, 1.0, 2.0])
    expected = [1 - abs(x - y) / (x + y) + x + y for x, y in zip(a, b, strict=True)]
    found = coagglomeration_theta(a, b)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert found.name == "theta"


def test_theta_goes_by_label_not_by_position() -> None:
    a = pd.Series({"x": 1.0, "y": 2.0})
    b = pd.Series({"y": 0.5, "x": 1.5})
    found = coagglomeration_theta(a, b)
    assert found.to_dict() == {"x": 1 - 0.5 / 2.5 + 2.5, "y": 1 - 1.5 / 2.5 + 2.5}


def test_theta_of_one_absent_industry_is_the_other_quotient() -> None:
    assert coagglomeration_theta(pd.Series([0.0]), pd.Series([1.5])).item() == 1.5


def test_theta_of_two_absent_industries_is_missing() -> None:
    zero = pd.Series([0.0])
    assert np.isnan(coagglomeration_theta(zero, zero).item())


def test_theta_of_a_missing_quotient_is_missing() -> None:
    found = coagglomeration_theta(pd.Series([np.nan, 1.0]), pd.Series([1.0, np.nan]))
    assert found.isna().all()


def test_quotients_of_other_cities_are_refused() -> None:
    a, b = pd.Series({"x": 1.0, "y": 2.0}), pd.Series({"x": 1.0})
    with pytest.raises(AlignmentError, match="second lacks 1 labels of first: 'y'"):
        coagglomeration_theta(a, b)
    with pytest.raises(AlignmentError, match="first lacks 1 labels of second: 'y'"):
        coagglomeration_theta(b, a)


def test_labels_must_be_unique() -> None:
    twice = pd.Series([1.0, 2.0], index=["x", "x"])
    with pytest.raises(DuplicateKeyError, match="first quotients"):
        coagglomeration_theta(twice, twice)


@pytest.mark.parametrize("bad", [-0.1, np.inf])
def test_impossible_quotients_are_refused(bad: float) -> None:
    with pytest.raises(SpatialCoaggError, match="negative or infinite"):
        coagglomeration_theta(pd.Series([1.0]), pd.Series([bad]))


def test_jobs_of_a_group_are_added_before_the_quotient(jobs: pd.DataFrame) -> None:
    merged = jobs.assign(services=jobs["transport"] + jobs["finance"])
    quotients = location_quotient(merged).values
    thetas = group_thetas(jobs, manufacturing="manufacturing", groups=GROUPS)
    for group, column in (("services", "services"), ("finance_only", "finance")):
        expected = coagglomeration_theta(quotients["manufacturing"], quotients[column])
        np.testing.assert_allclose(thetas[group], expected, rtol=1e-14)
    assert list(thetas.columns) == list(GROUPS)


def test_thetas_use_the_national_totals_given(jobs: pd.DataFrame) -> None:
    national = jobs.groupby(level="year").sum() * 3
    national.loc[:, "finance"] *= 2
    thetas = group_thetas(
        jobs, manufacturing="manufacturing", groups=GROUPS, national=national
    )
    quotients = location_quotient(jobs, national=national).values
    expected = coagglomeration_theta(quotients["manufacturing"], quotients["finance"])
    np.testing.assert_allclose(thetas["finance_only"], expected, rtol=1e-14)


def test_thetas_within_groups_of_cities(jobs: pd.DataFrame) -> None:
    country = pd.Series({"a": "X", "b": "X", "c": "Y", "d": "Y"})
    thetas = group_thetas(
        jobs, manufacturing="manufacturing", groups=GROUPS, within=country
    )
    apart = [
        group_thetas(jobs.loc[cities], manufacturing="manufacturing", groups=GROUPS)
        for cities in (["a", "b"], ["c", "d"])
    ]
    pd.testing.assert_frame_equal(thetas, pd.concat(apart), rtol=1e-14)


def test_total_of_none_adds_all_industries_not_only_those_grouped(
    jobs: pd.DataFrame,
) -> None:
    industries = jobs.drop(columns="total")
    total = industries.sum(axis="columns")
    groups = {"finance_only": ["finance"]}
    for national in (None, industries.groupby(level="year").sum()):
        found = group_thetas(
            industries,
            manufacturing="manufacturing",
            groups=groups,
            total=None,
            national=national,
        )
        explicit = group_thetas(
            industries.assign(total=total),
            manufacturing="manufacturing",
            groups=groups,
            national=None
            if national is None
            else national.assign(total=national.sum(axis="columns")),
        )
        pd.testing.assert_frame_equal(found, explicit)


def test_one_missing_industry_makes_the_group_missing(jobs: pd.DataFrame) -> None:
    holes = jobs.astype(float)
    holes.loc[("b", 2004), "transport"] = np.nan
    with pytest.warns(DataWarning, match="1 of 'services'"):
        thetas = group_thetas(holes, manufacturing="manufacturing", groups=GROUPS)
    assert np.isnan(thetas.loc[("b", 2004), "services"])
    assert thetas["finance_only"].notna().all()


def test_columns_that_are_not_asked_for_may_hold_anything(jobs: pd.DataFrame) -> None:
    noted = jobs.assign(note="text")
    pd.testing.assert_frame_equal(
        group_thetas(noted, manufacturing="manufacturing", groups=GROUPS),
        group_thetas(jobs, manufacturing="manufacturing", groups=GROUPS),
    )


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({}, "names no group"),
        ({"services": []}, "one or more columns, each once"),
        ({"services": ["finance", "finance"]}, "one or more columns, each once"),
        ({"services": "finance"}, r"such as \['finance'\]"),
        ({"services": ["manufacturing"]}, "nor hold 'manufacturing'"),
        ({"total": ["finance"]}, "nor hold 'total'"),
    ],
)
def test_impossible_groups_are_refused(
    jobs: pd.DataFrame, groups: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=message):
        group_thetas(jobs, manufacturing="manufacturing", groups=groups)


def test_group_of_an_unknown_industry_is_refused(jobs: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="no column 'leasing'"):
        group_thetas(
            jobs, manufacturing="manufacturing", groups={"services": ["leasing"]}
        )
