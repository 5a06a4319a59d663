import numpy as np
import pytest
from static_data import as_panel, simulate_rows, simulated_panel

from spatial_coagg.errors import EstimationError
from spatial_coagg.models.first_difference import fit_first_difference
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.fixed_effects import fit_fixed_effects


def test_two_years_of_differences_equal_two_way_effects() -> None:
    panel = simulated_panel(years=2, cities=30)
    differences = fit_first_difference(panel, "y", ["a", "b"], covariance="classical")
    within = fit_fixed_effects(
        panel, "y", ["a", "b"], effects="city-year", covariance="classical"
    )
    np.testing.assert_allclose(differences.slopes, within.slopes)
    np.testing.assert_allclose(
        differences.estimates["standard_error"].iloc[:2],
        within.estimates["standard_error"].iloc[:2],
    )


def test_no_change_is_taken_over_a_gap() -> None:
    rows = simulate_rows(cities=10, years=6)
    gap = rows[~((rows["city"] == "003") & (rows["year"] == 2006))]
    fit = fit_first_difference(as_panel(gap), "y", ["a", "b"])
    assert fit.observations == 10 * 5 - 2
    assert ("003", 2007) not in fit.residuals.index


def test_fit_answers_to_the_protocol() -> None:
    rows = simulate_rows()
    rows.loc[3, "a"] = np.nan
    with pytest.warns(match="1 of 72 rows"):
        fit = fit_first_difference(as_panel(rows), "y", ["a", "b"])
    assert isinstance(fit, Fit)
    assert fit.title == "First differences"
    assert fit.facts["rows_left_out"] == 1
    assert fit.facts["years"] == 6
    assert list(fit.slopes.index) == ["a", "b"]


def test_panel_without_successive_years_is_refused() -> None:
    rows = simulate_rows()
    rows = rows[rows["year"] % 2 == 0]
    with pytest.raises(EstimationError, match="no city has complete rows in two"):
        fit_first_difference(as_panel(rows), "y", ["a"])


def test_driver_that_never_changes_is_named() -> None:
    rows = simulate_rows()
    rows["size"] = rows["city"].astype(float)
    with pytest.raises(EstimationError, match="'size' does not vary"):
        fit_first_difference(as_panel(rows), "y", ["a", "size"])
