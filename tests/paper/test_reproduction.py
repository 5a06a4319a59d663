import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import (
    MissingColumnError,
    OutputExistsError,
    SpatialCoaggError,
)
from spatial_coagg.example import load_example
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.paper.material import SECTORS
from spatial_coagg.paper.reproduction import Reproduction, reproduce
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.published import read_published


@pytest.fixture(scope="module")
def whole() -> Reproduction:
    return reproduce()


def test_every_published_figure_stands_in_its_table(whole: Reproduction) -> None:
    for number, table in whole.tables.items():
        printed = read_published(number)["printed"]
        shown = table.frame.loc[printed.index, "published"]
        assert shown.tolist() == printed.tolist()
        assert table.status


def test_the_difference_is_computed_less_published(whole: Reproduction) -> None:
    for number, table in whole.tables.items():
        published = read_published(number)["value"]
        frame = table.frame.loc[published.index]
        known = frame["difference"].notna()
        assert number == 2 or known.any()
        # The standard errors of Table 8 are printed with a minus sign.
        lost = published.index.get_level_values("quantity") == "standard_error"
        right = published.where(~lost, published.abs())
        np.testing.assert_allclose(
            frame["difference"][known],
            frame["computed"][known].astype(float) - right[known],
        )


def test_only_what_cannot_be_recomputed_is_blank(whole: Reproduction) -> None:
    blank = {
        (number, key)
        for number, table in whole.tables.items()
        for key, found in table.frame["computed"].items()
        if pd.isna(found)
    }
    assert {key[0] for number, key in blank if number == 8} == {"ln(hc)"}
    assert {key[1] for number, key in blank if number == 4} == {"symbol"}
    assert {number for number, _ in blank} == {4, 8}


def test_column_three_of_table_6_has_the_slopes_of_column_one(
    whole: Reproduction,
) -> None:
    frame = whole.tables[6].frame["computed"].unstack("column")
    slopes = frame.loc[(slice(None), "estimate"), :].drop(index="constant", level=0)
    np.testing.assert_allclose(
        slopes["3"].astype(float), slopes["1"].astype(float), rtol=1e-9
    )


@pytest.mark.slow
def test_table_6_is_the_fixed_effects_fit() -> None:
    example = load_example()
    drivers = ["ln_theta", "ln_sci", "ln_gov", "ln_fin", "ln_gdp", "ln_ind"]
    with warnings.catch_warnings(action="ignore"):
        fit = fit_fixed_effects(example.panel, "ln_cr", drivers, covariance="classical")
    frame = reproduce(tables=[6]).tables[6].frame
    row = frame.loc["ln(theta)", "1", "standard_error"]
    expected = fit.estimates.loc["ln_theta", "standard_error"]
    assert row["computed"] == pytest.approx(expected, rel=1e-10)
    assert frame.loc[("observations", "1", "value"), "difference"] == 0


def test_too_many_instruments_bring_the_papers_hansen(whole: Reproduction) -> None:
    frame = whole.tables[7].frame["computed"]
    for column in "3456":
        assert frame["instruments", column, "value"] > 281
        assert frame["hansen_p", column, "value"] > 0.9999
        assert frame["instruments", column, "value, collapsed"] < 120
        assert frame["hansen_p", column, "value, collapsed"] < 0.99


def test_the_collapsed_fit_recovers_the_truth(whole: Reproduction) -> None:
    frame = whole.tables[7].frame.reset_index()
    own = frame[(frame["column"] == "6")].set_index(["row", "quantity"])
    for row in ("previous.ln(cr)", "ln(theta)", "ln(sci)", "ln(gdp)"):
        found = float(own.loc[(row, "estimate, collapsed"), "computed"])
        error = float(own.loc[(row, "standard_error, collapsed"), "computed"])
        assert abs(found - own.loc[(row, "estimate, collapsed"), "truth"]) < 3 * error


def test_the_document_says_simulated_and_holds_the_audit(whole: Reproduction) -> None:
    text = whole.to_markdown()
    assert "**Simulated data**" in text
    assert "cannot be right" in text
    assert text.count("\n## Table") == 8


def test_it_is_saved_and_not_overwritten(tmp_path: Path) -> None:
    made = reproduce(tables=[1])
    folder = made.save(tmp_path / "out")
    assert (folder / "reproduction.md").read_text() == made.to_markdown()
    book = pd.read_excel(folder / "reproduction.xlsx", sheet_name=None)
    assert list(book) == ["dictionary", "status", "table 1", "audit"]
    with pytest.raises(OutputExistsError):
        made.save(tmp_path / "out")
    made.save(tmp_path / "out", force=True)


def own_panel(*, drop: list[str] | None = None, attributes: bool = True) -> Panel:
    example = load_example().panel
    frame = example.frame.drop(columns=drop or [])
    frame = frame.rename(columns={"theta": "synergy"})
    panel = Panel.from_frame(frame, city="city", year="year")
    return panel.with_attributes(example.attributes) if attributes else panel


@pytest.mark.slow
def test_a_users_panel_has_no_truth_and_no_notice() -> None:
    made = reproduce(own_panel(), tables=[6], columns={"theta": "synergy"})
    assert made.notice == ""
    assert made.tables[6].frame["truth"].isna().all()
    assert "panel given" in made.tables[6].status
    same = reproduce(tables=[6]).tables[6].frame["computed"]
    pd.testing.assert_series_equal(made.tables[6].frame["computed"], same)


@pytest.mark.slow
def test_what_a_panel_lacks_is_said_in_the_status() -> None:
    panel = own_panel(drop=["pcr", "theta_finance"], attributes=False).restricted_to(
        years=[2010, 2011, 2012, 2013]
    )
    named = {"theta": "synergy"}
    made = reproduce(panel, tables=[1, 2, 6, 8], columns=named)
    assert "no attribute 'region'" in made.tables[1].status
    assert "no attribute 'name'" in made.tables[2].status
    assert "Column 2 cannot be recomputed" in made.tables[6].status
    assert "Column finance cannot be recomputed" in made.tables[8].status


def test_refusals_name_what_is_wrong() -> None:
    with pytest.raises(SpatialCoaggError, match="Tables 1 to 8, not 9"):
        reproduce(tables=[9])
    with pytest.raises(MissingColumnError, match="'thta'"):
        reproduce(own_panel(), columns={"theta": "thta"})
    with pytest.raises(SpatialCoaggError, match="no column 'theta'"):
        reproduce(own_panel())


def statuses(made: Reproduction, number: int, row: str, column: str) -> set[str]:
    frame = made.tables[number].frame.reset_index()
    chosen = (frame["row"] == row) & (frame["column"] == column)
    return set(frame.loc[chosen, "status"])


def test_every_figure_says_what_it_is(whole: Reproduction) -> None:
    for table in whole.tables.values():
        told = table.frame["status"]
        blank = table.frame["computed"].isna()
        assert told[blank].str.startswith("cannot be recomputed").all()
        assert told[~blank].str.startswith("simulated data").all()
    assert statuses(whole, 6, "ln(theta)", "1") >= {"simulated data"}
    assert "simulated data; cannot be as published: must equal column 1" in statuses(
        whole, 6, "ln(theta)", "3"
    )
    assert statuses(whole, 8, "ln(hc)", "low") == {
        "cannot be recomputed; the paper never defines it"
    }
    assert statuses(whole, 4, "gdp", "n") == {
        "simulated data; the published figure repeats the mean and is no number of "
        "observations"
    }
    assert "simulated data; not in the paper" in statuses(whole, 7, "instruments", "6")


def test_the_truth_of_table_6_stands_in_columns_one_and_three(
    whole: Reproduction,
) -> None:
    truth = whole.tables[6].frame["truth"].unstack("column")
    slopes = truth.loc[(slice(None), "estimate"), :]
    assert slopes["2"].isna().all()
    assert slopes["1"].notna().all()
    without = slopes.drop(index="constant", level=0)
    assert without["3"].tolist() == without["1"].tolist()
    assert np.isnan(slopes.loc[("constant", "estimate"), "3"])


def test_hausmans_test_stands_under_table_5(whole: Reproduction) -> None:
    computed = whole.tables[5].frame["computed"]
    assert computed["hausman", "degrees", "value"] == 6
    assert computed["hausman", "p", "value"] < 0.001


@pytest.mark.slow
def test_an_example_takes_the_place_of_the_embedded_one() -> None:
    static = reproduce(load_example(), tables=[5, 6])
    for number, table in reproduce(tables=[5, 6]).tables.items():
        pd.testing.assert_frame_equal(static.tables[number].frame, table.frame)
    assert static.notice == "Simulated data"


@pytest.mark.slow
def test_the_contaminated_example_fills_table_7_alone(whole: Reproduction) -> None:
    made = reproduce(load_example("dynamic-contaminated"), tables=[5, 7])
    pd.testing.assert_frame_equal(made.tables[5].frame, whole.tables[5].frame)
    memory = ("previous.ln(cr)", "6", "estimate, collapsed")
    found, clean = (each.tables[7].frame.loc[memory] for each in (made, whole))
    assert found["truth"] == clean["truth"] == 0.509
    assert found["computed"] > clean["computed"] + 0.05


def test_a_table_the_panel_cannot_make_is_published_alone() -> None:
    panel = own_panel(drop=["fin"])
    made = reproduce(panel, tables=[4, 5, 7], columns={"theta": "synergy"})
    for number in (5, 7):
        table = made.tables[number]
        assert table.status.startswith("Cannot be recomputed: the panel has no column")
        assert table.frame["computed"].isna().all()
        assert table.frame["status"].str.contains("no column fin").all()
    assert "fin" not in made.tables[4].frame["computed"].dropna().index.unique("row")


def test_the_spatial_example_and_names_without_a_panel_are_refused() -> None:
    with pytest.raises(SpatialCoaggError, match="spatial equation"):
        reproduce(load_example("spatial"))
    with pytest.raises(SpatialCoaggError, match="panel of your own"):
        reproduce(columns={"theta": "synergy"})


@pytest.mark.slow
def test_the_order_of_the_rows_changes_nothing() -> None:
    panel = own_panel()
    named = {"theta": "synergy"}
    shuffled = Panel.from_frame(
        panel.frame.sample(frac=1, random_state=1), city="city", year="year"
    ).with_attributes(panel.attributes)
    first = reproduce(panel, tables=[1, 4, 6], columns=named)
    second = reproduce(shuffled, tables=[1, 4, 6], columns=named)
    assert first.to_markdown() == second.to_markdown()


def test_other_years_and_no_sub_sectors_leave_tables_2_and_3_published() -> None:
    sectors = [f"theta_{name}" for name in SECTORS]
    panel = own_panel(drop=sectors).restricted_to(years=[2010, 2011])
    named_cities = panel.with_attributes(
        panel.attributes["name_en"].rename("name").to_frame()
    )
    made = reproduce(named_cities, tables=[2, 3], columns={"theta": "synergy"})
    assert "none of the years 2009, 2014, 2019" in made.tables[2].status
    assert "no sub-sector theta" in made.tables[3].status


def test_too_short_a_panel_says_which_columns_of_table_7_fail() -> None:
    panel = own_panel().restricted_to(years=[2010, 2011])
    table = reproduce(panel, tables=[7], columns={"theta": "synergy"}).tables[7]
    assert "Column 6, collapsed instruments:" in table.status
    assert "In no column are there more instruments than cities" in table.status
    assert table.frame["computed"].isna().all()
