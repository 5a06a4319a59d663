"""The chapter on what crosses the border."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.models.effects import SpatialEffects
from spatial_coagg.models.fit import Fit
from spatial_coagg.planner.baseline import TRUTH, lines_of, printed_names, theta_driver
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.spatial import SpatialStudy
from spatial_coagg.planner.variables import Variable
from spatial_coagg.report.page import Block, Paragraphs, Section, TextTable
from spatial_coagg.report.regression_table import (
    NOTE,
    format_number,
    format_stars,
    tabulate_models,
)
from spatial_coagg.report.spatial_findings import describe_spillover
from spatial_coagg.report.words import Words
from spatial_coagg.report.workbook import Sheet
from spatial_coagg.simulate.truth import Truth

HEADING = "What crosses the border"
FACTS = ("observations", "log_likelihood", "aic", "bic", "sigma2", "correction")
# What a model is called, and what it has beside the drivers of the place itself.
MODELS = {
    "slx": ("model of spatially lagged drivers", " and those of its neighbours"),
    "sar": ("spatial lag model", " and its neighbours' own outcome"),
    "sdm": (
        "spatial Durbin model",
        ", those of its neighbours and the neighbours' own outcome",
    ),
    "sdem": (
        "spatial Durbin error model",
        " and those of its neighbours, with errors that neighbours share",
    ),
    "sac": (
        "spatial lag and error model",
        " and its neighbours' own outcome, with errors that neighbours share",
    ),
    "gns": (
        "general nesting spatial model",
        ", those of its neighbours and the neighbours' own outcome, with errors that "
        "neighbours share",
    ),
}
KINDS = {"direct": "own (direct)", "indirect": "others (indirect)", "total": "total"}


def spatial_chapter(results: StudyResults) -> Section:
    """Return the spatial models, their effects, and how robust these are."""
    study = results.spatial
    if study is None:
        told = Paragraphs((_why_not(results),))
        return Section("spatial", results.words.name(HEADING), (told,))
    driver = theta_driver(results.settings)
    frames = {name: each.frame for name, each in effects_to_tell(study).items()}
    sentences = [
        *_opening(results, study),
        *(
            describe_spillover(frames[study.main], driver, study.outcome, results.words)
            if study.main in frames
            else describe_bounds(study, results.words)
        ),
    ]
    blocks: list[Block] = [
        Paragraphs(tuple(sentence for sentence in sentences if sentence)),
        _family_table(study, results.spatial_truth, results.words),
    ]
    if study.main in frames:
        blocks.append(_effects_table(study, results.spatial_truth, results.words))
    return Section("spatial", results.words.name(HEADING), tuple(blocks))


def spatial_sheets(results: StudyResults) -> list[Sheet]:
    """Return the tables of that chapter, unrounded."""
    study = results.spatial
    if study is None:
        return []
    fits: dict[str, Fit] = dict(study.family.items())
    fits |= {f"{study.asked.model}, {name}": fit for name, fit in study.fits.items()}
    estimates = pd.concat(
        {name: fit.estimates for name, fit in fits.items()}, names=["model"]
    )
    effects = pd.concat(
        {name: each.frame for name, each in study.effects_by_weights.items()},
        names=["weights"],
    )
    by_city = study.effects.received.add_prefix("received ").join(
        study.effects.given.add_prefix("given ")
    )
    facts = pd.DataFrame({name: dict(fit.facts) for name, fit in fits.items()}).T
    model = study.asked.model.upper()
    return [
        Sheet("spatial models", estimates, "The family, then other weights."),
        Sheet("spatial facts", facts.rename_axis("model"), "Likelihoods, criteria."),
        Sheet("effects", effects, f"Effects of the {model} by each of the weights."),
        Sheet("effects by city", by_city, "Received from, given to all others."),
    ]


def _why_not(results: StudyResults) -> str:
    return results.words.say(
        "There is no spatial model here: {why}.", why=results.spatial_gap
    )


def _opening(results: StudyResults, study: SpatialStudy) -> list[str]:
    model, words = study.asked.model, results.words
    called, beside = MODELS[model]
    told = [
        words.say(
            "The {called} ({model}) explains {outcome}, as {dependent}, by the drivers "
            "of a {place}{beside}. {neighbours}",
            called=words.name(called),
            model=model.upper(),
            dependent=study.outcome,
            beside=words.name(beside),
            neighbours=study.describe(study.main),
        )
    ]
    if results.spatial_truth is not None:
        told.append(
            words.name(
                "The paper's equation has no neighbours in it, so this chapter "
                "explains a second simulated outcome, whose equation has; its truth "
                "stands beside the estimates. It was made with the five nearest seats "
                "of government as neighbours, which a study would not know."
            )
        )
    return told


def effects_to_tell(study: SpatialStudy) -> Mapping[str, SpatialEffects]:
    """Return the effects of the fits whose rho is not at its bound."""
    return {
        name: each
        for name, each in study.effects_by_weights.items()
        if not study.is_at_bound(name)
    }


def describe_bounds(study: SpatialStudy, words: Words) -> list[str]:
    """Say of which fits the effects are not told, and why."""
    return [
        words.say(
            "With {weights} neighbours rho lies at the end of its interval: that model "
            "does not fit these data, and its effects are not told.",
            weights=words.name(name),
        )
        for name in study.fits
        if study.is_at_bound(name)
    ]


def _family_table(study: SpatialStudy, truth: Truth | None, words: Words) -> TextTable:
    fits: dict[str, Fit] = {model.upper(): fit for model, fit in study.family.items()}
    facts = [name for name in FACTS if any(name in fit.facts for fit in fits.values())]
    found = {label for fit in fits.values() for label in fit.estimates.index}
    order = [
        *study.drivers,
        *(f"W.{name}" for name in study.drivers),
        "constant", "rho", "lambda", "psi", "phi",
    ]  # fmt: skip
    table = tabulate_models(
        fits,
        facts=facts,
        order=[label for label in order if label in found],
        labels=printed_names(words),
    )
    lines = lines_of(table, words)
    if truth is not None:
        cells: list[str] = []
        for row in table.coefficients:
            cells += [_true_value(truth, row.name), ""]
        lines[words.name(TRUTH)] = cells + [""] * len(table.facts)
    note = words.say(
        "{note} W. stands for the mean over the neighbours; rho is the weight of the "
        "neighbours' outcome, lambda that of their errors.",
        note=words.name(NOTE),
    )
    caption = words.say(
        "{dependent} explained, with neighbours", dependent=study.outcome
    )
    return TextTable(lines, caption, note)


def _true_value(truth: Truth, label: str) -> str:
    bare = label.removeprefix("W.")
    variable = Variable.from_text(bare)
    name = f"{variable.transform}_{variable.column}" if variable.transform else bare
    prefix = "W." if label.startswith("W.") else ""
    value = truth.coefficients.get(f"{prefix}{name}")
    return "" if value is None else format_number(float(value), 3)


def _effects_table(study: SpatialStudy, truth: Truth | None, words: Words) -> TextTable:
    frame = study.effects.frame
    columns = {}
    for kind, title in KINDS.items():
        part = frame.xs(kind, level="effect")
        columns[words.name(title)] = [
            f"{estimate:.3f}{format_stars(p)} [{low:.3f}, {high:.3f}]"
            for estimate, p, low, high in zip(
                part["estimate"], part["p_value"], part["lower"], part["upper"],
                strict=True,
            )
        ]  # fmt: skip
        if truth is not None:
            true = truth.effects[kind]
            columns[words.say("truth: {kind}", kind=words.name(kind))] = [
                format_number(float(true[_plain(driver)]), 3) for driver in part.index
            ]
    drivers = pd.Index(study.drivers, name=words.name("driver"))
    return TextTable(
        pd.DataFrame(columns, index=drivers),
        words.say("Average effects of the {model}", model=study.asked.model.upper()),
        words.say(
            "Own: of a driver on its own place, feedback included; others: on all "
            "other places. Brackets: 95 per cent intervals from {draws:,} draws. *** p "
            "< 0.01, ** p < 0.05, * p < 0.10.",
            draws=study.asked.draws,
        ),
    )


def _plain(driver: str) -> str:
    variable = Variable.from_text(driver)
    return f"{variable.transform}_{variable.column}" if variable.transform else driver
