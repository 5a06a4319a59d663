import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from spatial_coagg.errors import DataWarning, SettingsError, SpatialCoaggWarning
from spatial_coagg.planner.briefing import compose_page, compose_sheets
from spatial_coagg.planner.settings import read_settings
from spatial_coagg.planner.study import Study

WriteStudy: TypeAlias = Callable[..., Path]


def with_spatial(settings: Path, lines: str) -> Path:
    text = settings.read_text()
    settings.write_text(text.replace('weights = ["queen"]\n', lines))
    return settings


@pytest.fixture
def study(small_study: WriteStudy, tmp_path: Path) -> Study:
    path = with_spatial(
        small_study(tmp_path),
        """economy = "gdp"
weights = ["queen", "inverse-distance", "economic", "nested"]
""",
    )
    return Study.from_file(path)


def test_the_same_model_is_fitted_by_every_kind_of_neighbours(study: Study) -> None:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        fits = study.spatial_fits
    names = ["nearest", "queen", "inverse-distance", "economic", "nested"]
    assert list(fits) == names
    assert {fit.model for fit in fits.values()} == {"sdm"}
    assert len({fit.log_likelihood for fit in fits.values()}) == 5


def test_the_family_shares_its_fit_with_the_weights(study: Study) -> None:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        spatial = study.spatial
        assert spatial is not None
        assert list(spatial.family) == ["sar", "sem", "sdm", "sdem"]
        assert spatial.family["sdm"] is spatial.fits["nearest"]
        assert spatial.effects is spatial.effects_by_weights["nearest"]


def test_every_kind_of_neighbours_is_described(study: Study) -> None:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        spatial = study.spatial
    assert spatial is not None
    told = [spatial.describe(name) for name in ("nearest", "queen", "economic")]
    assert told[0] == "Neighbours are the 2 nearest places."
    assert "share a border or a corner" in told[1]
    assert told[2] == "Neighbours are places of similar gdp."
    assert "half those by the nearest rule" in spatial.describe("nested")


def test_gaps_leave_the_chapter_out_and_say_why(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    controls = tmp_path / "controls.csv"
    controls.write_text("\n".join(controls.read_text().splitlines()[:-1]))
    study = Study.from_file(settings)
    with pytest.warns(DataWarning, match=r"1 of 36 city-years lack ln\(gdp\)"):
        assert study.spatial is None
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        page = compose_page(study.results)
    assert "There is no spatial model here: spatial models need every city" in page


def test_the_settings_can_leave_the_chapter_out(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    settings = small_study(tmp_path)
    text = settings.read_text().split("[spatial]")[0]
    settings.write_text("spatial = false\n" + text)
    study = Study.from_file(settings)
    assert study.spatial is None
    assert study.spatial_fits == {}
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        page = compose_page(study.results)
    assert "the settings leave spatial models out" in page
    assert study.results.spatial_effects is None


def test_economic_weights_without_an_economy_are_refused(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    path = with_spatial(small_study(tmp_path), 'weights = ["economic"]\n')
    with pytest.raises(SettingsError, match="need economy, the name of a column"):
        read_settings(path)


@pytest.mark.slow
def test_the_chapter_tells_estimates_beside_the_truth(embedded: Study) -> None:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        page = compose_page(embedded.results)
        sheets = {sheet.name for sheet in compose_sheets(embedded.results)}
    assert "Truth of the simulation" in page
    assert "goes with innovation (CR) higher by" in page
    assert {"spatial models", "spatial facts", "effects", "effects by city"} <= sheets


@pytest.mark.slow
def test_intervals_hold_the_truth_when_the_neighbours_are_the_true_ones(
    embedded: Study,
) -> None:
    spatial = embedded.spatial
    assert spatial is not None
    truth = embedded.inputs.spatial_truth
    assert truth is not None
    frame = spatial.effects_by_weights["nearest"].frame.loc["total"]
    true = truth.effects["total"].to_numpy()
    inside = (frame["lower"] < true) & (true < frame["upper"])
    # Nearest by places inside the cities, not by seats: close to the true neighbours.
    assert inside.sum() >= 5


def test_answers_name_the_city_asked_about(study: Study) -> None:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        answers = study.answers
        page = compose_page(study.results)
    assert len(answers) == 3
    asked = answers[0].question.cause
    spatial = study.spatial
    assert spatial is not None
    most = spatial.effects.given["ln(theta)"].idxmax()
    assert f"in {study.inputs.attributes['name'][most]}" in asked
    assert "What if synergy rose?" in page
    assert f"Who gains, in % of {study.settings.outcome_name}" in page
    assert page.count("The model is static") == 1


def test_robustness_tells_tests_probabilities_and_corrections(study: Study) -> None:
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        sheets = {sheet.name: sheet for sheet in compose_sheets(study.results)}
        page = compose_page(study.results)
    assert sheets["model probabilities"].table["probability"].sum() == pytest.approx(1)
    assert set(sheets["corrections"].table.index.unique("correction")) == {
        "transform", "bias", "none",
    }  # fmt: skip
    assert list(sheets["model tests"].table.columns) == [
        "kind", "statistic", "df", "p_value", "rejected",
    ]  # fmt: skip
    for heading in (
        "The tests by which a model is chosen",
        "Posterior probability of each model",
        "The same model by correction",
    ):
        assert heading in page


def test_random_effects_have_neither_tests_nor_corrections(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    path = with_spatial(
        small_study(tmp_path), 'weights = []\neffects = "random"\nmodel = "sar"\n'
    )
    study = Study.from_file(path)
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        spatial = study.spatial
        assert spatial is not None
        assert spatial.choice is None
        assert spatial.probabilities is None
        assert spatial.corrections == {}
        page = compose_page(study.results)
    assert "How robust is it?" in page
    assert "The tests by which a model is chosen" not in page


def test_weights_that_cannot_be_transformed_have_one_correction(
    small_study: WriteStudy, tmp_path: Path
) -> None:
    path = small_study(tmp_path)
    text = path.read_text().replace(
        'rule = "nearest"\nk = 2', 'rule = "band"\nband_km = 70\nislands = "keep"'
    )
    path.write_text(text)
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        spatial = Study.from_file(path).spatial
        assert spatial is not None
        assert list(spatial.corrections) == ["none"]
