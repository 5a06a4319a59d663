"""The chapter on how far the spillover depends on choices made."""

import re

import pandas as pd

from spatial_coagg.models.spatial_choice import SpatialChoice
from spatial_coagg.planner.baseline import theta_driver
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.spatial import SpatialStudy
from spatial_coagg.planner.spillovers import KINDS, describe_bounds, effects_to_tell
from spatial_coagg.report.page import (
    Block,
    Paragraphs,
    Section,
    TextTable,
    in_words,
)
from spatial_coagg.report.regression_table import format_stars
from spatial_coagg.report.spatial_findings import (
    describe_corrections,
    describe_criteria,
    describe_other_weights,
    describe_probabilities,
)
from spatial_coagg.report.words import Words
from spatial_coagg.report.workbook import Sheet

HEADING = "How robust is it?"


def robustness_chapter(results: StudyResults) -> list[Section]:
    """Return other neighbours, other models and other corrections, side by side."""
    study = results.spatial
    if study is None:
        return []
    words, driver = results.words, theta_driver(results.settings)
    frames = {name: each.frame for name, each in effects_to_tell(study).items()}
    sentences = [
        describe_other_weights(frames, driver, words),
        *describe_bounds(study, words),
        describe_criteria(dict(study.family.items()), words),
        "" if study.choice is None else describe_choice(study.choice.conclusion, words),
        ""
        if study.probabilities is None
        else describe_probabilities(study.probabilities, words),
        describe_corrections(
            {name: fit.rho for name, fit in study.corrections.items()}, words
        ),
    ]
    blocks: list[Block] = [
        Paragraphs(tuple(sentence for sentence in sentences if sentence)),
        _weights_table(study, driver, words),
    ]
    if study.choice is not None:
        blocks.append(_choice_table(study.choice, words))
    if study.probabilities is not None:
        blocks.append(_probability_table(study.probabilities, words))
    if len(study.corrections) > 1:
        blocks.append(_corrections_table(study, driver, words))
    return [Section("robustness", words.name(HEADING), tuple(blocks))]


def robustness_sheets(results: StudyResults) -> list[Sheet]:
    """Return the tables of that chapter, unrounded."""
    study = results.spatial
    if study is None:
        return []
    sheets = []
    if study.choice is not None:
        sheets.append(
            Sheet("model tests", study.choice.frame, "Tests that chose the model.")
        )
    if study.probabilities is not None:
        table = study.probabilities.to_frame()
        sheets.append(
            Sheet("model probabilities", table, "Posterior, of weights and model.")
        )
    if study.corrections:
        table = pd.concat(
            {name: fit.estimates for name, fit in study.corrections.items()},
            names=["correction"],
        )
        sheets.append(Sheet("corrections", table, "By correction for the effects."))
    return sheets


def describe_choice(conclusion: str, words: Words) -> str:
    """Say which model the tests lead to, from the conclusion drawn from them."""
    if words.language != "en":
        return words.name(conclusion)
    first = conclusion.split(maxsplit=1)[0]
    # An abbreviation keeps its capitals.
    start = conclusion[0] if first.isupper() else conclusion[0].lower()
    return f"The tests lead to {start}{conclusion[1:]}"


def _in_capitals(hypothesis: str) -> str:
    """Write the models of ``"the sdm is a sar"`` as the page does elsewhere."""
    models = r"\b(ols|slx|sar|sem|sdm|sdem|sac|gns)\b"
    return re.sub(models, lambda found: found[0].upper(), hypothesis)


def _hypothesis(name: str, words: Words) -> str:
    found = re.fullmatch(r"the (\w+) is an? (\w+)", name)
    if found is None:
        return words.name(_in_capitals(name))
    large, small = found[1].upper(), found[2].upper()
    return words.say("the {large} is a {small}", large=large, small=small)


def _weights_table(study: SpatialStudy, driver: str, words: Words) -> TextTable:
    told = effects_to_tell(study)
    rows = {}
    for name, fit in study.fits.items():
        row = {"rho": f"{fit.rho:.3f}"}
        for kind, title in KINDS.items():
            cell = words.name("not told")
            if name in told:
                each = told[name].frame.loc[[(kind, driver)]].to_dict("records")[0]
                cell = (
                    f"{each['estimate']:.3f}{format_stars(each['p_value'])} "
                    f"({each['standard_error']:.3f})"
                )
            row[title] = cell
        rows[words.name(name)] = row | {"log-likelihood": f"{fit.log_likelihood:.1f}"}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("neighbours")
    note = words.name(" ").join(
        words.say(
            "{name}: {description}",
            name=words.name(name),
            description=study.describe(name),
        )
        for name in study.fits
    )
    caption = words.say(
        "Effects of {driver} by who counts as a neighbour", driver=driver
    )
    return TextTable(in_words(table, words), caption, note)


def _choice_table(choice: SpatialChoice, words: Words) -> TextTable:
    frame = choice.frame
    rejected = words.say("rejected at {percent:g} %", percent=100 * choice.level)
    cells = pd.DataFrame(
        {
            "test": [words.name(str(kind)) for kind in frame["kind"]],
            "statistic": [f"{value:.2f}" for value in frame["statistic"]],
            "degrees of freedom": frame["df"].astype(str),
            "p": [_p_value(value) for value in frame["p_value"]],
            rejected: [
                words.name("yes" if each else "no") for each in frame["rejected"]
            ],
        }
    )
    cells.index = pd.Index(
        [_hypothesis(str(name), words) for name in frame.index], name="hypothesis"
    )
    return TextTable(
        in_words(cells, words),
        words.name("The tests by which a model is chosen"),
        words.name(
            "Lagrange multiplier tests of least squares, then likelihood ratio or Wald "
            "tests of the SDM (Elhorst 2010, Spatial Economic Analysis 5, 9-28)."
        ),
    )


def _probability_table(found: pd.Series, words: Words) -> TextTable:
    wide = found.unstack("model")
    names = [str(name) for name in found.index.unique("model")]
    cells = {
        name.upper(): [_share(float(value)) for value in wide[name]] for name in names
    }
    order = [str(name) for name in found.index.unique("weights")]
    table = pd.DataFrame(cells, index=wide.index).loc[order]
    called = table.rename(index=words.name).rename_axis("neighbours")
    return TextTable(
        in_words(called, words),
        words.name("Posterior probability of each model with each kind of neighbours"),
        words.name(
            "All pairs equally likely beforehand; rho and lambda uniform (LeSage 2014, "
            "Spatial Statistics 9, 122-145)."
        ),
    )


def _corrections_table(study: SpatialStudy, driver: str, words: Words) -> TextTable:
    rows = {}
    for name, fit in study.corrections.items():
        row = {}
        for label in ("rho", "lambda", driver, f"W.{driver}"):
            if label in fit.estimates.index:
                each = fit.estimates.loc[label].to_dict()
                row[label] = (
                    f"{each['estimate']:.4f}{format_stars(each['p_value'])} "
                    f"({each['standard_error']:.4f})"
                )
        rows[words.name(name)] = row
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("correction")
    return TextTable(
        in_words(table, words),
        words.name("The same model by correction for the effects"),
        words.name(
            "transform: the data of Lee and Yu (2010); bias: their analytical "
            "correction; none: the plain likelihood, whose rho is biased where there "
            "are few places or years."
        ),
    )


def _p_value(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _share(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
