"""Sentences about what crosses the border; their words follow from the numbers."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.models.fit import Fit
from spatial_coagg.report.findings import (
    SIGNIFICANT,
    Response,
    response_of,
    told_estimate,
    told_step,
)
from spatial_coagg.report.words import Words

_CORRECTIONS = {
    "transform": "{value:.3f} with the data transformed (Lee and Yu)",
    "bias": "{value:.3f} with the bias taken off afterwards",
    "none": "{value:.3f} without a correction",
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
    higher = told_step(driver, words)
    everywhere, here, elsewhere = (
        _told(response_of(_row(effects, kind, driver), driver, outcome), outcome, words)
        for kind in ("total", "direct", "indirect")
    )
    return [
        words.say(
            "Synergy {higher} in every {place} {told}.", higher=higher, told=everywhere
        ),
        words.say(
            "Of that, synergy {higher} in a {place} alone {told} in that {place} "
            "itself.",
            higher=higher,
            told=here,
        ),
        words.say(
            "Synergy {higher} in all other {places} {told}, which is what crosses the "
            "border.",
            higher=higher,
            told=elsewhere,
        ),
    ]


def describe_other_weights(
    effects: Mapping[str, pd.DataFrame], driver: str, words: Words
) -> str:
    """Say whether the spillover is the same by whatever weights it is measured."""
    if len(effects) < 2:
        return ""
    verdicts = {
        words.name(name): _verdict(_row(frame, "indirect", driver))
        for name, frame in effects.items()
    }
    found = set(verdicts.values())
    if len(found) == 1:
        agreed = {
            "positive": "What comes from other {places} is positive and significant by "
            "all {count} kinds of neighbours tried ({kinds}).",
            "negative": "What comes from other {places} is negative and significant by "
            "all {count} kinds of neighbours tried ({kinds}).",
            "unclear": "What comes from other {places} cannot be told from zero by all "
            "{count} kinds of neighbours tried ({kinds}).",
        }[found.pop()]
        kinds = words.enumerate(list(verdicts))
        return words.say(agreed, count=len(effects), kinds=kinds)
    parts = [
        words.say(
            "{verdict} by {kinds}",
            verdict=words.name(verdict),
            kinds=words.enumerate([n for n, v in verdicts.items() if v == verdict]),
        )
        for verdict in ("positive", "negative", "unclear")
        if verdict in found
    ]
    return words.say(
        "What comes from other {places} depends on who counts as a neighbour: {parts}.",
        parts=words.name("; ").join(parts),
    )


def describe_criteria(fits: Mapping[str, Fit], words: Words) -> str:
    """Say which model the information criteria prefer."""
    if len(fits) < 2:
        return ""
    by_aic, by_bic = (
        min((float(fit.facts[key]), name.upper()) for name, fit in fits.items())[1]
        for key in ("aic", "bic")
    )
    models = words.enumerate([name.upper() for name in fits])
    if by_aic == by_bic:
        return words.say(
            "Of {models}, the {best} describes the data best by both AIC and BIC.",
            models=models,
            best=by_aic,
        )
    return words.say(
        "Of {models}, AIC prefers the {by_aic} and BIC, which counts parameters more "
        "heavily, the {by_bic}.",
        models=models,
        by_aic=by_aic,
        by_bic=by_bic,
    )


def describe_probabilities(found: pd.Series, words: Words) -> str:
    """Say which pair of neighbours and model is the most probable.

    Parameters
    ----------
    found : Series
        Probabilities, index (weights, model).
    words : Words
    """
    ranked = found.sort_values(ascending=False, kind="stable")
    weights, model = (
        str(ranked.index.get_level_values(level)[0]) for level in ("weights", "model")
    )
    share = float(ranked.iloc[0])
    by_weights = found.groupby(level="weights").sum()
    best = words.say(
        "Of {count} pairs of neighbours and model, the {model} with {weights} "
        "neighbours is the most probable (posterior probability {share})",
        count=len(found),
        model=model.upper(),
        weights=words.name(weights),
        share=_probability(share, words),
    )
    if share > 0.9 or len(by_weights) == 1:
        return words.say("{best}.", best=best)
    return words.say(
        "{best}; all models with {weights} neighbours together have {together}.",
        best=best,
        weights=words.name(weights),
        together=_probability(float(by_weights[weights]), words),
    )


def describe_corrections(rho: Mapping[str, float], words: Words) -> str:
    """Say how much rho depends on the correction for incidental parameters."""
    if len(rho) < 2:
        return ""
    parts = [words.say(_CORRECTIONS[name], value=value) for name, value in rho.items()]
    return words.say(
        "By how the effects of places and years are allowed for, rho, the strength of "
        "the link to the neighbours' outcome, is {parts}.",
        parts=words.enumerate(parts),
    )


def _probability(share: float, words: Words) -> str:
    return words.name("above 0.999") if share > 0.999 else f"{share:.3f}"


def _told(response: Response, outcome: str, words: Words) -> str:
    if response.p_value >= SIGNIFICANT:
        return words.say(
            "cannot be said to go with {outcome} higher or lower: the estimate is "
            "{estimate}",
            estimate=told_estimate(response.estimate, response, outcome, words),
        )
    return words.say(
        "goes with {outcome} {direction} by {estimate}",
        direction=words.name("higher" if response.estimate > 0 else "lower"),
        estimate=told_estimate(abs(response.estimate), response, outcome, words),
    )


def _row(frame: pd.DataFrame, kind: str, driver: str) -> dict[str, float]:
    records = frame.loc[[(kind, driver)]].to_dict("records")
    return {str(name): float(value) for name, value in records[0].items()}


def _verdict(row: Mapping[str, float]) -> str:
    if row["p_value"] >= SIGNIFICANT:
        return "unclear"
    return "positive" if row["estimate"] > 0 else "negative"
