import pytest

from spatial_coagg.planner.baseline import (
    PAPER,
    TRUTH,
    tabulate_baseline,
    theta_driver,
)
from spatial_coagg.planner.example_study import EXAMPLE
from spatial_coagg.planner.settings import parse_settings
from spatial_coagg.planner.study import Study


@pytest.mark.parametrize(
    ("drivers", "found"),
    [
        (["ln(gdp)", "ln(theta)"], "ln(theta)"),
        (["ln(gdp)", "theta_high"], "theta_high"),
        (["ln(gdp)", "ln(sci)"], "ln(gdp)"),
    ],
)
def test_the_driver_of_theta_is_found_by_its_column(
    drivers: list[str], found: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = {"outcome": "ln(cr)", "drivers": drivers}
    settings = parse_settings(
        {**EXAMPLE, "model": model}, folder=tmp_path_factory.getbasetemp()
    )
    assert theta_driver(settings) == found


def test_the_paper_and_the_truth_stand_beside_the_fits(embedded: Study) -> None:
    table = tabulate_baseline(embedded.results).table
    assert list(table.columns) == [
        "city effects, classical",
        "city effects, clustered",
        "city and year effects, clustered",
        PAPER,
        TRUTH,
    ]
    row = table.loc["ln(theta)"]
    assert row[PAPER] == "0.196***"
    assert row[TRUTH] == "0.196"
    assert table.loc["Observations", PAPER] == "4467"
    assert table.loc["R2", PAPER] == "0.845"


def test_every_standard_error_stands_below_its_estimate(embedded: Study) -> None:
    table = tabulate_baseline(embedded.results).table
    places = [place for place, label in enumerate(table.index) if label == ""]
    fit = embedded.fits["city effects, clustered"]
    printed = table["city effects, clustered"].iloc[places]
    errors = [f"({error:.3f})" for error in fit.estimates["standard_error"]]
    assert list(printed) == errors
