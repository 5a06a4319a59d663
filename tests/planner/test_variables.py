import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import (
    DataWarning,
    MissingColumnError,
    SettingsError,
    SpatialCoaggError,
)
from spatial_coagg.planner.variables import Variable, transform_variables

FRAME = pd.DataFrame(
    {"gdp": [1.0, 2.0], "patents": [0.0, 3.0]},
    index=pd.MultiIndex.from_tuples(
        [("DE111", 2004), ("DE112", 2004)], names=["city", "year"]
    ),
)


@pytest.mark.parametrize("text", ["gdp", "ln(gdp)", "ln1p(patents)"])
def test_a_label_reads_back_as_itself(text: str) -> None:
    assert Variable.from_text(text).label == text


def test_blanks_inside_do_not_matter() -> None:
    assert Variable.from_text(" ln ( gdp ) ").label == "ln(gdp)"


@pytest.mark.parametrize("text", ["", "log10(gdp)", "ln(gdp", "ln()"])
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="cannot read the variable"):
        Variable.from_text(text)


def test_transforms_are_natural_logarithms() -> None:
    made = transform_variables(FRAME, ["gdp", "ln(gdp)", "ln1p(patents)"])
    np.testing.assert_array_equal(made["gdp"], [1, 2])
    np.testing.assert_array_equal(made["ln(gdp)"], np.log([1, 2]))
    np.testing.assert_array_equal(made["ln1p(patents)"], np.log([1, 4]))


def test_the_logarithm_of_zero_names_city_and_year() -> None:
    with pytest.raises(SpatialCoaggError, match=r"city 'DE111' in 2004.*ln1p"):
        transform_variables(FRAME, ["ln(patents)"])


def test_zeros_may_be_left_out_with_a_warning() -> None:
    with pytest.warns(DataWarning, match="1 value of 'patents' has"):
        made = transform_variables(FRAME, ["ln(patents)"], zeros="missing")
    assert made["ln(patents)"].isna().tolist() == [True, False]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(MissingColumnError, match="'gdp', 'patents'"):
        transform_variables(FRAME, ["ln(theta)"])
