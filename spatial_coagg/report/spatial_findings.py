"""Sentences about what crosses the border; their words follow from the numbers."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.models.fit import Fit
from spatial_coagg.report.findings import (
    SIGNIFICANT,
    Response,
    Words,
    enumerated,
    is_log,
    response_of,
    told_change,
    told_interval,
    told_p,
)

_CORRECTIONS = {
    "transform": "with the data transformed (Lee and Yu)",
    "bias": "with the bias taken off afterwards",
    "none": "without a correction",
}


def describe_spillover(
    effects: pd.DataFrame, driver: str, outcome: str, words: Words
) -> list[str]:
    """Say what goes with more synergy everywhere: in all, from here, from around.

    Parameters
    ----------
    effects : DataFrame
        Index (effect, driver), effect direct, indirect or total; columns estimate,
        lower, upper, p_value.
    driver, outcome : str
        As written: ``"ln(theta)"``, ``"ln(cr)"``.
    words : Words
    """
    total, own, around = (
        response_of(_row(effects, kind, driver), driver, outcome)
        for kind in ("total", "direct", "indirect")
    )
    higher = "higher by 10 %" if is_log(driver) else "higher by one"
    everywhere, here, elsewhere = (
        _told(response, words, outcome) for response in (total, own, around)
    )
    return [
        f"Synergy {higher} in every {words.place} {everywhere}.",
        f"Of that, synergy {higher} in a {words.place} alone {here} in that "
        f"{words.place} itself.",
        f"Synergy {higher} in all other {words.places} {elsewhere}, which is what "
        f"crosses the border.",
    ]


def describe_other_weights(
    effects: Mapping[str, pd.DataFrame], driver: str, words: Words
) -> str:
    """Say whether the spillover is the same by whatever weights it is measured."""
    if len(effects) < 2:
        return ""
    verdicts = {
        name: _verdict(_row(frame, "indirect", driver))
        for name, frame in effects.items()
    }
    found = set(verdicts.values())
    if len(found) == 1:
        said = {
            "positive": "is positive and significant",
            "negative": "is negative and significant",
            "unclear": "cannot be told from zero",
        }[found.pop()]
        return (
            f"What comes from other {words.places} {said} by all {len(effects)} kinds "
            f"of neighbours tried ({enumerated(list(effects))})."
        )
    parts = [
        f"{verdict} by {enumerated([n for n, v in verdicts.items() if v == verdict])}"
        for verdict in ("positive", "negative", "unclear")
        if verdict in found
    ]
    return (
        f"What comes from other {words.places} depends on who counts as a neighbour: "
        f"{'; '.join(parts)}."
    )


def describe_criteria(fits: Mapping[str, Fit]) -> str:
    """Say which model the information criteria prefer."""
    if len(fits) < 2:
        return ""
    by_aic, by_bic = (
        min((float(fit.facts[key]), name.upper()) for name, fit in fits.items())[1]
        for key in ("aic", "bic")
    )
    opening = f"Of {enumerated([name.upper() for name in fits])}"
    if by_aic == by_bic:
        return f"{opening}, the {by_aic} describes the data best by both AIC and BIC."
    return (
        f"{opening}, AIC prefers the {by_aic} and BIC, which counts parameters more "
        f"heavily, the {by_bic}."
    )


def describe_probabilities(found: pd.Series) -> str:
    """Say which pair of neighbours and model is the most probable.

    Parameters
    ----------
    found : Series
        Probabilities, index (weights, model).
    """
    ranked = found.sort_values(ascending=False, kind="stable")
    weights, model = (
        str(ranked.index.get_level_values(level)[0]) for level in ("weights", "model")
    )
    share = float(ranked.iloc[0])
    by_weights = found.groupby(level="weights").sum()
    opening = (
        f"Of {len(found)} pairs of neighbours and model, the {model.upper()} with "
        f"{weights} neighbours is the most probable "
        f"(posterior probability {_probability(share)})"
    )
    if share > 0.9 or len(by_weights) == 1:
        return f"{opening}."
    together = _probability(float(by_weights[weights]))
    return f"{opening}; all models with {weights} neighbours together have {together}."


def describe_corrections(rho: Mapping[str, float]) -> str:
    """Say how much rho depends on the correction for incidental parameters."""
    if len(rho) < 2:
        return ""
    parts = [f"{value:.3f} {_CORRECTIONS[name]}" for name, value in rho.items()]
    return (
        f"By how the effects of places and years are allowed for, rho, the strength of "
        f"the link to the neighbours' outcome, is {enumerated(parts)}."
    )


def _probability(share: float) -> str:
    return "above 0.999" if share > 0.999 else f"{share:.3f}"


def _told(response: Response, words: Words, outcome: str) -> str:
    interval = told_interval(response, outcome)
    if response.p_value >= SIGNIFICANT:
        return (
            f"cannot be said to go with {words.outcome} higher or lower: the estimate "
            f"is {told_change(response.estimate, outcome)} ({interval}, "
            f"{told_p(response.p_value)})"
        )
    direction = "higher" if response.estimate > 0 else "lower"
    return (
        f"goes with {words.outcome} {direction} by "
        f"{told_change(abs(response.estimate), outcome)} ({interval}, "
        f"{told_p(response.p_value)})"
    )


def _row(frame: pd.DataFrame, kind: str, driver: str) -> dict[str, float]:
    records = frame.loc[[(kind, driver)]].to_dict("records")
    return {str(name): float(value) for name, value in records[0].items()}


def _verdict(row: Mapping[str, float]) -> str:
    if row["p_value"] >= SIGNIFICANT:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"
