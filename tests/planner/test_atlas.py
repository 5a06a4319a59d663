import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from small_study import write_small_study

from spatial_coagg.errors import SpatialCoaggWarning
from spatial_coagg.planner.atlas import (
    _signed_layer,
    _symbol,
    atlas_layers,
    atlas_what_if,
    draw_atlas,
)
from spatial_coagg.planner.atlas_words import ATLAS_WORDS
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.settings import Settings
from spatial_coagg.planner.study import Study

WriteStudy: TypeAlias = Callable[..., Path]


def results_of(path: Path) -> StudyResults:
    study = Study.from_file(path)
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        return study.results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return results_of(write_small_study(tmp_path_factory.mktemp("atlas")))


def changed(results: StudyResults, **settings: object) -> StudyResults:
    fresh = results.settings.model_copy(update=settings)
    assert isinstance(fresh, Settings)
    return replace(results, settings=fresh)


def test_every_stage_of_the_study_has_its_layer(results: StudyResults) -> None:
    layers = atlas_layers(results)
    assert list(layers) == [
        "Synergy θ",
        "Location quotient: manufacturing",
        "Location quotient: services",
        "Outcome: gdp",
        "Clusters of synergy (LISA)",
        "Effect received from others",
        "Effect given to others",
    ]
    groups = dict.fromkeys(layer.group for layer in layers.values())
    assert list(groups) == [
        "Synergy",
        "Location quotients",
        "Outcome",
        "Clusters",
        "Spillovers",
    ]


def test_clusters_are_those_of_the_local_test(results: StudyResults) -> None:
    layer = atlas_layers(results)["Clusters of synergy (LISA)"]
    told = ATLAS_WORDS["en"].clusters
    expected = results.local.frame["cluster"].astype(str).map(dict(told))
    assert layer.values.astype(str).tolist() == expected.tolist()
    assert set(told.values()) == set(layer.palette)
    assert "99 permutations, two-sided, level 0.05, cut-off Benjamini" in layer.note


def test_a_city_without_data_has_no_class(results: StudyResults) -> None:
    frame = results.local.frame.copy()
    frame.loc[frame.index[0], "cluster"] = "no data"
    blind = replace(results, local=replace(results.local, frame=frame))
    values = atlas_layers(blind)["Clusters of synergy (LISA)"].values
    assert values.isna().sum() == 1
    assert pd.isna(values.iloc[0])


def test_effects_are_those_of_the_spatial_model(results: StudyResults) -> None:
    effects = results.spatial_effects
    assert effects is not None
    layers = atlas_layers(results)
    received = layers["Effect received from others"]
    pd.testing.assert_series_equal(received.values, effects.received["ln(theta)"])
    given = layers["Effect given to others"]
    pd.testing.assert_series_equal(given.values, effects.given["ln(theta)"])
    assert "ln(gdp) in all other cities, summed" in given.note


def test_the_what_if_is_that_of_the_spatial_model(results: StudyResults) -> None:
    layer = atlas_what_if(results)
    assert layer is not None
    effects = results.spatial_effects
    assert effects is not None
    point = layer.responses.point
    off = point.sum(axis=0) - np.diag(point)
    np.testing.assert_allclose(off, effects.given["ln(theta)"], rtol=1e-8)
    assert (layer.driver, layer.driver_scale, layer.outcome_logged) == ("θ", "ln", True)
    assert layer.outcome == "the outcome"
    assert layer.theta.equals(results.theta.xs(2003, level="year").rename("theta"))


def test_without_spatial_models_neither_is_offered(results: StudyResults) -> None:
    plain = replace(results, spatial=None)
    assert atlas_what_if(plain) is None
    assert "Effect given to others" not in atlas_layers(plain)
    assert '"what_if":{' not in draw_atlas(plain).html


def test_the_page_carries_the_what_if_and_its_credit(results: StudyResults) -> None:
    page = draw_atlas(results).html
    assert '"what_if":{"cities":[0,1,2' in page
    assert '<html lang="en">' in page


def test_in_chinese_every_layer_has_a_chinese_title(results: StudyResults) -> None:
    chinese = changed(results, language="zh")
    for title, layer in atlas_layers(chinese).items():
        for text in (title, layer.group, layer.note or "注"):
            assert re.search(r"[\u4e00-\u9fff]", text), text
    assert '<html lang="zh">' in draw_atlas(chinese).html


def test_the_online_version_is_the_same_map_on_tiles(results: StudyResults) -> None:
    page = draw_atlas(results, cdn=True).html
    assert "cdn.jsdelivr.net" in page
    assert len(page) < len(draw_atlas(results).html) - 140_000


def test_effects_of_both_signs_part_at_zero() -> None:
    values = pd.Series([-0.3, 0.1, 0.2], index=pd.Index(["a", "b", "c"], name="city"))
    mixed = _signed_layer(values, "", "")
    assert mixed.palette == "diverging"
    np.testing.assert_allclose(mixed.scheme, [-0.2, -0.1, 0, 0.1, 0.2])
    assert _signed_layer(values.abs(), "", "").palette == "purple"


def test_what_rises_is_called_by_its_name() -> None:
    words = ATLAS_WORDS["en"]
    assert [_symbol(name, words) for name in ("theta", "theta_high", "roads")] == [
        "θ",
        "θ (high-end)",
        "roads",
    ]
    assert _symbol("theta_finance", ATLAS_WORDS["zh"]) == "θ（金融）"
