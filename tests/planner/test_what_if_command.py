"""What the command line answers is what the functions answer, in words and in JSON."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from spatial_coagg.errors import AlignmentError, SettingsError, SpatialCoaggError
from spatial_coagg.planner.reach import corridor, targets
from spatial_coagg.planner.scenarios import what_if
from spatial_coagg.planner.study import Study
from spatial_coagg.planner.what_if_command import WhatIfAnswer, run_what_if
from spatial_coagg.planner.what_if_request import WhatIfRequest


@pytest.fixture(scope="module")
def study(
    tmp_path_factory: pytest.TempPathFactory, small_study: Callable[..., Path]
) -> Study:
    folder = tmp_path_factory.mktemp("study")
    made = Study.from_file(small_study(folder))
    with warnings.catch_warnings(action="ignore"):  # a tiny panel, fitted loosely
        _ = made.spatial_fits
    return made


def answer(study: Study, request: WhatIfRequest) -> WhatIfAnswer:
    with warnings.catch_warnings(action="ignore"):
        return run_what_if(study, request)


def test_a_rise_is_answered_by_what_if(study: Study) -> None:
    found = answer(study, WhatIfRequest(raised={"03": 10}, draws=50))
    fits = study.spatial_fits
    with warnings.catch_warnings(action="ignore"):
        exact = what_if(
            fits["nearest"], {"03": 10}, draws=50, rng=study.settings.seed
        ).cities
    for column in ("own", "neighbours", "total", "lower", "upper", "rank"):
        pd.testing.assert_series_equal(
            found.table[column].sort_index(), exact[column], check_names=False
        )
    assert found.table["rank"].is_monotonic_increasing
    assert found.weights == "nearest"
    assert found.table["ranks"].str.endswith(" of 12").all()
    assert any("by 2 kinds of neighbours" in each for each in found.sentences)
    assert any("synergy (theta) higher by 10 % in 03" in s for s in found.sentences)
    assert found.sentences[-1].endswith("not a forecast.")


def test_other_weights_may_answer(study: Study) -> None:
    found = answer(study, WhatIfRequest(raised={"03": 10}, weights="queen", draws=50))
    assert found.weights == "queen"
    assert "queen:" in found.to_text()
    with pytest.raises(SpatialCoaggError, match="no weights 'rail'; it has 'nearest'"):
        run_what_if(study, WhatIfRequest(raised={"03": 10}, weights="rail"))


def test_jobs_are_moved_in_the_table_of_the_study(study: Study) -> None:
    found = answer(study, WhatIfRequest(jobs={"03": {"services": 40}}, draws=50))
    assert "40 more jobs in services in 03 are associated with" in found.sentences[0]
    assert (found.table["own"] != 0).all()


def test_targets_and_corridors_are_answered(study: Study) -> None:
    fit, seed = study.spatial_fits["nearest"], study.settings.seed
    found = answer(study, WhatIfRequest(target="03", percent=5, draws=50))
    with warnings.catch_warnings(action="ignore"):
        exact = targets(fit, city="03", percent=5, draws=50, rng=seed).sources
    assert found.table.index.to_list() == exact.index.to_list()
    assert (found.table["median"] == exact["median"]).all()
    found = answer(study, WhatIfRequest(corridor=3, percent=-5, draws=50))
    with warnings.catch_warnings(action="ignore"):
        best = corridor(fit, k=3, percent=-5, draws=50, rng=seed).cities
    assert found.table["name"].to_list() == best.index.to_list()
    assert "synergy (theta) lower by 5 %" in found.sentences[0]
    assert found.sentences[1].startswith("Gains add up in this model")


def test_answers_are_text_and_json(study: Study) -> None:
    found = answer(study, WhatIfRequest(raised={"03": 10}, draws=50))
    text = found.to_text(top=3)
    assert text.startswith(found.sentences[0])
    assert "... and 9 more" in text
    assert "... and" not in found.to_text(top=12)
    loaded = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert loaded["unit"] == "% of gdp"
    assert [row["city"] for row in loaded["cities"]] == found.table.index.to_list()
    assert loaded["cities"][0]["total"] == found.table["total"].iloc[0]


def test_a_city_is_called_by_code_or_name(embedded: Study) -> None:
    request = WhatIfRequest(raised={"杭州市": 10, "ningbo": 5}, draws=50)
    with warnings.catch_warnings(action="ignore"):
        found = run_what_if(embedded, request)
        fit = embedded.spatial_fits[found.weights]
        exact = what_if(
            fit, {"330100": 10, "330200": 5}, draws=50, rng=embedded.settings.seed
        ).cities
    assert found.table.loc["330100", "total"] == exact.loc["330100", "total"]
    assert (
        "higher by 10 % in Hangzhou and higher by 5 % in Ningbo" in found.sentences[0]
    )
    with pytest.raises(AlignmentError, match="2 cities are called 'yulin'") as caught:
        run_what_if(embedded, WhatIfRequest(target="yulin"))
    assert "give a code" in str(caught.value)
    with pytest.raises(AlignmentError, match="no city is called 'Atlantis'"):
        run_what_if(embedded, WhatIfRequest(target="Atlantis"))


def test_jobs_of_a_city_outside_the_model_are_said_to_be(embedded: Study) -> None:
    fit = next(iter(embedded.spatial_fits.values()))
    cities = embedded.inputs.jobs.index.unique("city")
    stranger = str(cities.difference(fit.cities)[0])
    request = WhatIfRequest(jobs={stranger: {"finance": 9000}}, draws=50)
    with warnings.catch_warnings(action="ignore"):
        found = run_what_if(embedded, request)
    assert any("is not among the 281 cities of the model" in s for s in found.sentences)
    assert found.sentences[0].startswith("Of the 281 other cities")


def test_exactly_one_question_is_asked() -> None:
    for others in ({}, {"raised": {"a": 1.0}, "target": "b"}):
        with pytest.raises(SettingsError, match="ask one question"):
            WhatIfRequest(**others)  # type: ignore[arg-type]


def test_texts_are_read() -> None:
    request = WhatIfRequest.from_texts(raised=["a=10%", "b=c=-2.5"], level=0.8)
    assert request.raised == {"a": 10.0, "b=c": -2.5}
    assert request.level == 0.8
    request = WhatIfRequest.from_texts(jobs=["a:post=20,000", "a:bank=-1", "b:post=3"])
    assert request.jobs == {"a": {"post": 20_000.0, "bank": -1.0}, "b": {"post": 3.0}}


@pytest.mark.parametrize(
    ("raised", "jobs", "message"),
    [
        (["a10"], [], r"cannot read the rise 'a10'; write CITY=PER CENT"),
        (["a=much"], [], r"'a=much' does not end in a number"),
        ([], ["a=10"], r"cannot read the jobs 'a=10'; write CITY:INDUSTRY=JOBS"),
        ([], [":post=10"], r"cannot read the jobs"),
        ([], ["a:post=x"], r"does not end in a number"),
    ],
)
def test_unreadable_texts_are_refused(
    raised: list[str], jobs: list[str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        WhatIfRequest.from_texts(raised=raised, jobs=jobs)


def test_a_study_without_spatial_model_says_so(
    tmp_path: Path, small_study: Callable[..., Path]
) -> None:
    path = small_study(tmp_path)
    plain, _, _ = path.read_text().partition("[spatial]")
    path.write_text(f"spatial = false\n{plain}")
    with pytest.raises(SpatialCoaggError, match="has no spatial model"):
        run_what_if(Study.from_file(path), WhatIfRequest(raised={"03": 10}))
