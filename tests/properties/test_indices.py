import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spatial_coagg.indices.coagglomeration import coagglomeration_theta, group_thetas
from spatial_coagg.indices.quotient import location_quotient

INDUSTRIES = ["manufacturing", "transport", "finance"]
GROUPS = {"services": ["transport", "finance"], "transport_only": ["transport"]}
modest = settings(deadline=None, max_examples=50)


@st.composite
def jobs_tables(draw: st.DrawFn, *, least: int = 0) -> pd.DataFrame:
    cities = draw(st.integers(1, 6))
    years = draw(st.integers(1, 3))
    counts = draw(
        arrays.arrays(np.int64, (cities * years, 4), elements=st.integers(least, 10**7))
    )
    index = pd.MultiIndex.from_product(
        [[f"{code:06d}" for code in range(cities)], range(2004, 2004 + years)],
        names=["city", "year"],
    )
    frame = pd.DataFrame(counts, index=index, columns=[*INDUSTRIES, "other"])
    return frame[INDUSTRIES].assign(total=frame.sum(axis="columns")).astype(float)


quotients = st.floats(0, 1e6)


@modest
@given(jobs_tables(least=1))
def test_employment_weighted_quotients_average_to_one(jobs: pd.DataFrame) -> None:
    values = location_quotient(jobs).values
    weights = jobs["total"] / jobs.groupby(level="year")["total"].transform("sum")
    average = values.mul(weights, axis="index").groupby(level="year").sum()
    np.testing.assert_allclose(average, 1, rtol=1e-12)


@modest
@given(jobs_tables(least=1), st.data())
def test_employment_weighted_quotients_average_to_one_in_each_group(
    jobs: pd.DataFrame, data: st.DataObject
) -> None:
    cities = jobs.index.unique("city")
    names = data.draw(
        st.lists(st.sampled_from("XY"), min_size=len(cities), max_size=len(cities))
    )
    country = pd.Series(names, index=cities)
    values = location_quotient(jobs, within=country).values
    by = [country.reindex(jobs.index.get_level_values("city")).to_numpy()]
    by.append(jobs.index.get_level_values("year"))
    weights = jobs["total"] / jobs.groupby(by)["total"].transform("sum")
    average = values.mul(weights, axis="index").groupby(by).sum()
    np.testing.assert_allclose(average, 1, rtol=1e-12)


@modest
@given(st.lists(st.tuples(quotients, quotients), min_size=1, max_size=20))
def test_theta_is_symmetric_to_the_last_digit(
    pairs: list[tuple[float, float]],
) -> None:
    first, second = pd.DataFrame(pairs)[0], pd.DataFrame(pairs)[1]
    pd.testing.assert_series_equal(
        coagglomeration_theta(first, second),
        coagglomeration_theta(second, first),
        check_exact=True,
    )


@modest
@given(st.lists(st.tuples(quotients, quotients), min_size=1, max_size=20))
def test_theta_lies_between_the_sum_and_one_more(
    pairs: list[tuple[float, float]],
) -> None:
    first, second = pd.DataFrame(pairs)[0], pd.DataFrame(pairs)[1]
    theta, depth = coagglomeration_theta(first, second), first + second
    present = depth > 0
    assert theta[present].between(depth[present], depth[present] + 1).all()
    assert theta[~present].isna().all()


@modest
@given(jobs_tables(), st.floats(1e-4, 1e6))
def test_unit_of_employment_changes_nothing(jobs: pd.DataFrame, unit: float) -> None:
    expected = group_thetas(jobs, manufacturing="manufacturing", groups=GROUPS)
    found = group_thetas(jobs * unit, manufacturing="manufacturing", groups=GROUPS)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-11)


@modest
@given(jobs_tables(), st.data())
def test_order_of_rows_and_columns_changes_no_digit(
    jobs: pd.DataFrame, data: st.DataObject
) -> None:
    fractions = jobs / 7
    rows = data.draw(st.permutations(range(len(jobs))))
    columns = data.draw(st.permutations(range(jobs.shape[1])))
    shuffled = fractions.iloc[rows, columns]
    names = {"services": ["finance", "transport"], "transport_only": ["transport"]}
    pd.testing.assert_frame_equal(
        location_quotient(shuffled).values[INDUSTRIES],
        location_quotient(fractions).values,
        check_exact=True,
    )
    pd.testing.assert_frame_equal(
        group_thetas(shuffled, manufacturing="manufacturing", groups=names),
        group_thetas(fractions, manufacturing="manufacturing", groups=GROUPS),
        check_exact=True,
    )


@modest
@given(jobs_tables(least=1))
def test_group_of_one_industry_is_that_industry(jobs: pd.DataFrame) -> None:
    values = location_quotient(jobs).values
    found = group_thetas(jobs, manufacturing="manufacturing", groups=GROUPS)
    expected = coagglomeration_theta(values["manufacturing"], values["transport"])
    pd.testing.assert_series_equal(
        found["transport_only"], expected, check_exact=True, check_names=False
    )
