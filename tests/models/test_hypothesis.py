import math

from scipy import stats

from spatial_coagg.models.hypothesis import chi_squared_test, f_test, normal_test


def test_p_values_are_of_the_named_law() -> None:
    assert f_test("h", 3.0, 2, 30).p_value == stats.f.sf(3.0, 2, 30)
    assert chi_squared_test("h", 5.0, 2).p_value == stats.chi2.sf(5.0, 2)
    assert normal_test("h", -2.0).p_value == 2 * stats.norm.sf(2.0)


def test_negative_chi_squared_has_no_p_value() -> None:
    assert math.isnan(chi_squared_test("h", -1.0, 2).p_value)


def test_small_p_values_are_not_printed_as_zero() -> None:
    assert str(normal_test("nothing", 9.0)) == "nothing: z = 9.000, p < 0.001"
    assert str(chi_squared_test("nothing", 1.0, 2)).endswith(
        "chi2(2) = 1.000, p = 0.607"
    )
