"""All sentences about an answer, static and dynamic."""

from ring_fits import fit_ring, ring, ring_panel

from spatial_coagg.models.dynamic_spatial import fit_dynamic_spatial
from spatial_coagg.planner.ranks import rank_ranges
from spatial_coagg.planner.scenario_result import WhatIf
from spatial_coagg.planner.scenarios import what_if
from spatial_coagg.planner.telling import tell_what_if
from spatial_coagg.report.what_if_findings import ASSOCIATION
from spatial_coagg.report.what_if_question import Question
from spatial_coagg.report.words import Words

NAMES = {f"c{number:02d}": f"City {number}" for number in range(20)}


def told(found: WhatIf, **options: object) -> list[str]:
    question = Question("more synergy in City 5", found.unit, found.level)
    return tell_what_if(
        found,
        question,
        NAMES,
        Words(),
        changed=["c05"],
        **options,  # type: ignore[arg-type]
    )


def test_a_static_answer_says_that_it_knows_no_years() -> None:
    found = what_if(fit_ring(), {"c05": 10}, draws=50, rng=1)
    sentences = told(found)
    assert sentences[0].startswith("More synergy in City 5 is associated with the outc")
    assert any("The model is static" in each for each in sentences)
    assert not any("The model is dynamic" in each for each in sentences)
    assert sentences[-1] == ASSOCIATION


def test_a_negative_slope_turns_the_words() -> None:
    higher = told(what_if(fit_ring(slope=0.5), {"c05": 10}, draws=50, rng=1))
    lower = told(what_if(fit_ring(slope=-0.5), {"c05": 10}, draws=50, rng=1))
    assert "the outcome higher by" in higher[0]
    assert "the outcome lower by" in lower[0]
    unclear = told(what_if(fit_ring(slope=0.0), {"c05": 10}, draws=50, rng=1))
    assert unclear[0].startswith("It cannot be told whether more synergy in City 5")


def test_a_dynamic_answer_says_how_soon() -> None:
    fit = fit_dynamic_spatial(ring_panel(), ring(), "ln_cr", ["ln_theta", "ln_gdp"])
    sentences = told(what_if(fit, {"c05": 10}, draws=50, rng=1))
    assert any(
        each.startswith("The model is dynamic: if the change stays, of its long run in")
        and "per cent is there in the year itself" in each
        for each in sentences
    )
    assert not any("The model is static" in each for each in sentences)


def test_ranks_are_told_where_there_are_several_weights() -> None:
    answers = {
        str(reach): what_if(
            fit_ring(ring(reach=reach, skewed=True)), {"c05": 10}, draws=50, rng=1
        )
        for reach in (1, 3)
    }
    sentences = told(answers["1"], ranks=rank_ranges(answers))
    assert any("kinds of neighbours" in each for each in sentences)
    assert not any("kinds of neighbours" in each for each in told(answers["1"]))
