import numpy as np
import pytest
from static_data import as_panel, simulate_rows, simulated_panel

from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models.between import fit_between
from spatial_coagg.models.fit import Fit


def test_between_equals_a_regression_of_means() -> None:
    panel = simulated_panel(missing=0.3)
    fit = fit_between(panel, "y", ["a", "b"])
    means = panel.frame.groupby(level="city").mean()
    x = np.column_stack([means[["a", "b"]], np.ones(len(means))])
    b, *_ = np.linalg.lstsq(x, means["y"], rcond=None)
    left = means["y"].to_numpy() - x @ b
    bread = np.linalg.inv(x.T @ x)
    meat = (x * left[:, None] ** 2).T @ x
    np.testing.assert_allclose(fit.estimates["estimate"], b)
    np.testing.assert_allclose(
        fit.covariance, len(x) / (len(x) - 3) * bread @ meat @ bread
    )
    np.testing.assert_allclose(fit.fitted, x @ b)
    assert isinstance(fit, Fit)
    assert fit.facts["observations"] == len(panel.cities)


def test_means_that_do_not_differ_are_named() -> None:
    rows = simulate_rows()
    rows["trend"] = rows["year"].astype(float)
    with pytest.raises(EstimationError, match="'trend' does not vary in the rows"):
        fit_between(as_panel(rows), "y", ["a", "trend"])


def test_too_few_cities_are_refused() -> None:
    with pytest.raises(EstimationError, match="3 rows cannot identify 3 parameters"):
        fit_between(simulated_panel(cities=3), "y", ["a", "b"])


def test_clustering_is_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="covariance must be one of"):
        fit_between(
            simulated_panel(),
            "y",
            ["a"],
            covariance="clustered",  # type: ignore[arg-type]  # the error is the test
        )
