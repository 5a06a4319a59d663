"""A small study of one's own, and the embedded one, for whoever needs them."""

import warnings

import pytest
from small_study import WriteStudy, write_small_study

from spatial_coagg.errors import SpatialCoaggWarning
from spatial_coagg.planner.study import Study

pytest_plugins = ["chromium"]


@pytest.fixture(scope="session")
def small_study() -> WriteStudy:
    """Return the function that writes a study of twelve squares into a folder."""
    return write_small_study


@pytest.fixture(scope="session")
def embedded() -> Study:
    """The main job, computed once for all tests that read from it."""
    study = Study.embedded()
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        _ = study.results
    return study
