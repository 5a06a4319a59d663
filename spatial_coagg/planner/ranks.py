"""How far ranks of cities depend on the weights a study used."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.checks import check_same_cities
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.planner.scenario_result import WhatIf


def rank_ranges(scenarios: Mapping[str, WhatIf]) -> pd.DataFrame:
    """Return the best and worst rank of each city over answers to one question.

    Parameters
    ----------
    scenarios : mapping of str to WhatIf
        The same question asked of several fits, by name of their weights.

    Returns
    -------
    DataFrame
        Index city, by best rank. Columns: best, worst, of (number of cities), told
        (in words), always_clear (whether no interval includes zero) and the rank by
        each name.

    Raises
    ------
    SpatialCoaggError
        If there is no answer, or they answer different questions.
    AlignmentError
        If they are not about the same cities.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import load_shapes, rank_ranges, what_if
    >>> panel = load_example("spatial").balanced_panel
    >>> answers = {}
    >>> for k in (4, 8):
    ...     weights = build_nearest(load_shapes(), k=k, cities=panel.cities)
    ...     fit = fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    ...     answers[f"{k} nearest"] = what_if(fit, {"330100": 10}, rng=1)
    >>> rank_ranges(answers)["told"].head(3).to_list()
    ['1st of 281', '2nd of 281', '3rd to 6th of 281']
    """
    if not scenarios:
        raise SpatialCoaggError("rank_ranges needs one answer or more, got none")
    first, *others = scenarios.values()
    for other in others:
        check_same_cities(
            first.cities.index, other.cities.index, name="an answer", of="the first"
        )
        if not _same_question(first, other):
            raise SpatialCoaggError(
                "the answers are to different questions; ask all fits the same changes "
                "of the same driver and outcome"
            )
    ranks = pd.DataFrame(
        {name: each.cities["rank"] for name, each in scenarios.items()}
    )
    zero = pd.DataFrame(
        {name: each.cities["includes_zero"] for name, each in scenarios.items()}
    )
    best, worst = ranks.min(axis="columns"), ranks.max(axis="columns")
    table = pd.DataFrame(
        {
            "best": best,
            "worst": worst,
            "of": len(ranks),
            "told": [
                told_range(int(low), int(high), len(ranks))
                for low, high in zip(best, worst, strict=True)
            ],
            "always_clear": ~zero.any(axis="columns"),
        }
    )
    return table.join(ranks).sort_values(["best", "worst"], kind="stable")


def told_range(best: int, worst: int, of: int) -> str:
    """Return ``"2nd to 5th of 281"``."""
    ends = [ordinal(best)] if best == worst else [ordinal(best), ordinal(worst)]
    return f"{' to '.join(ends)} of {of}"


def ordinal(number: int) -> str:
    """Return ``"1st"``, ``"2nd"``, ``"11th"`` ..."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"


def _same_question(first: WhatIf, other: WhatIf) -> bool:
    aligned = other.changes["step"].reindex(first.changes.index)
    return (
        first.mode == other.mode
        and first.scale == other.scale
        and bool(((first.changes["step"] - aligned).abs() < 1e-12).all())
    )
