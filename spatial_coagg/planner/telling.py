"""All that is to be said of a what-if, sentence by sentence."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.planner.scenario_result import WhatIf
from spatial_coagg.report.reach_findings import describe_ranks
from spatial_coagg.report.what_if_findings import (
    describe_average,
    describe_limits,
    describe_path,
    describe_what_if,
)
from spatial_coagg.report.what_if_question import Question
from spatial_coagg.report.words import Words


def tell_what_if(
    found: WhatIf,
    question: Question,
    names: Mapping[str, str],
    words: Words,
    *,
    changed: Sequence[str],
    ranks: pd.DataFrame | None = None,
) -> list[str]:
    """Return the sentences about an answer, the caveat last.

    Parameters
    ----------
    found : WhatIf
    question : Question
        In words; of the unit and level of `found`.
    names : mapping of str to str
        Name of each city code.
    words : Words
    changed : sequence of str
        Cities that the question names.
    ranks : DataFrame, optional
        Of :func:`rank_ranges`, where the study used several weights.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes, what_if
    >>> from spatial_coagg.planner.telling import tell_what_if
    >>> from spatial_coagg.report.what_if_question import Question, word_synergy
    >>> from spatial_coagg.report.words import Words
    >>> panel = load_example("spatial").balanced_panel
    >>> names = panel.attributes["name_en"].to_dict()
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> found = what_if(fit, {"330100": 10}, rng=1)
    >>> words = Words(outcome="cr")
    >>> cause = word_synergy({"Hangzhou": 10}, words)
    >>> asked = Question(cause, found.unit, found.level)
    >>> told = tell_what_if(found, asked, names, words, changed=["330100"])
    >>> print(told[0].split(" (90")[0])
    Synergy (theta) higher by 10 % in Hangzhou is associated with cr higher by 2.42 %
    """
    here = [city for city in changed if city in found.cities.index]
    sentences = [
        *describe_what_if(found.cities, changed, question, names, words),
        describe_average(found.average, len(found.cities), question, words),
    ]
    if found.path is not None and here:
        end = float(found.effects["median"]["total", here[0]])
        name = names[here[0]]
        sentences.append(describe_path(found.path, end, here[0], name, words))
    if ranks is not None:
        sentences.append(describe_ranks(ranks, changed, names, words))
    sentences += describe_limits(question, found.horizon, found.notes, words)
    return [sentence for sentence in sentences if sentence]
