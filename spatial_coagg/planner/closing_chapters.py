"""The chapters at the end: what to keep in mind, the paper audited, the method."""

import re

import pandas as pd

from spatial_coagg.paper.audit import audit_published
from spatial_coagg.planner.neighbours import describe_rule
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.report.page import Paragraphs, Section, TextTable, in_words

SIMULATED = (
    "All numbers here are simulated: they come from a known model calibrated to the "
    "tables of the paper. They show what the method does and say nothing about any "
    "real city. Names and boundaries are real."
)
IN_ENGLISH = (
    "In English are what computations noted, the checks of the paper's figures and the "
    "descriptions in tables.xlsx; variables are named as in the data."
)


def care_chapter(results: StudyResults) -> Section:
    """Return what a reader must keep in mind: samples, neighbours, warnings."""
    theta, summary, words = results.theta, results.weights_summary, results.words
    years = theta.index.unique("year")
    sentences = [
        words.say(
            "Synergy is measured for {count}, {first} to {last}; {missing:,} of "
            "{total:,} values are missing.",
            count=words.count(theta.index.unique("city").size),
            first=min(years),
            last=max(years),
            missing=int(theta.isna().sum()),
            total=len(theta),
        ),
        words.say(
            "Location quotients compare with {benchmark}.",
            benchmark=_benchmark(results),
        ),
        describe_rule(results.settings.weights, words),
        words.say(
            "That makes {links} links, {mean:.2f} neighbours on average, {parts} "
            "connected parts and {islands} {places} without neighbours.",
            links=summary.links,
            mean=summary.mean_neighbours,
            parts=summary.components,
            islands=len(summary.islands),
        ),
    ]
    if results.settings.example is not None:
        sentences.insert(0, words.name(SIMULATED))
        sentences.insert(
            2,
            words.name(
                "Cities without controls, here the four municipalities, are measured "
                "and mapped but take no part in the regressions, as in the paper."
            ),
        )
    if not results.notes:
        sentences.append(words.name("No computation gave a warning."))
    sentences += [
        words.say("Note: {note}.", note=_named(note, results)) for note in results.notes
    ]
    if words.language != "en":
        sentences.append(words.name(IN_ENGLISH))
    heading = words.name("What to keep in mind")
    return Section("care", heading, (Paragraphs(tuple(sentences)),))


def _benchmark(results: StudyResults) -> str:
    if results.words.language == "en":
        return results.quotients.benchmark
    told = {
        "national": "the national totals given",
        "sample": "the sum over the cities of the sample",
        "within": "the sums over the cities of each group",
    }[results.settings.synergy.quotients]
    return results.words.name(told)


def _named(note: str, results: StudyResults) -> str:
    """Put the name of a place in the stead of its quoted code."""

    def name(match: re.Match[str]) -> str:
        return results.names.get(match[1], match[0])

    return re.sub(r"'([^']*)'", name, note)


def audit_chapter(results: StudyResults) -> list[Section]:
    """Return what the paper's own figures say against themselves."""
    if not results.is_the_paper:
        return []
    audit, words = audit_published(), results.words
    counts = audit.counts
    opening = words.say(
        "Before its figures are compared with others, they are held against each other "
        "in {count} checks: {wrong} find what cannot be right, {odd} what needs an "
        "explanation, {fine} find nothing amiss.",
        count=len(audit.findings),
        wrong=counts.get("cannot be right", 0),
        odd=counts.get("needs an explanation", 0),
        fine=counts.get("holds", 0),
    )
    found = pd.DataFrame(
        {
            "check": [each.claim for each in audit.findings],
            "found": [each.arithmetic for each in audit.findings],
            "verdict": [words.name(each.verdict) for each in audit.findings],
        },
        index=pd.Index([each.tables for each in audit.findings], name="tables"),
    )
    table = TextTable(
        in_words(found, words),
        words.name("What the published figures say of each other"),
    )
    heading = words.name("The paper's figures, checked")
    return [Section("audit", heading, (Paragraphs((opening,)), table))]


def method_chapter(results: StudyResults) -> Section:
    """Return the formulas and their sources."""
    model, words = results.settings.model, results.words
    regression = words.say(
        "Regression, ln being the natural logarithm: {dependent} on {drivers}, by "
        "least squares after taking out the effects (Wooldridge 2010, chapter 10); "
        "standard errors: {covariance}.",
        dependent=model.outcome,
        drivers=words.name(", ").join(model.drivers),
        covariance=words.name(model.covariance),
    )
    sentences = (
        *map(words.name, MEASURES),
        regression,
        *(map(words.name, SPATIAL) if results.spatial is not None else ()),
        *map(words.name, READING),
    )
    return Section("method", words.name("Method"), (Paragraphs(sentences),))


MEASURES = (
    "Location quotient: LQ = (jobs of the industry in the city / all jobs in the "
    "city) / (jobs of the industry in the whole / all jobs in the whole).",
    "Synergy of two industries with quotients a and b: "
    "θ = 1 − |a − b| / (a + b) + a + b. Producer services are summed before the "
    "quotient is taken.",
    "Moran's I = (N / Σw) Σ w_ij z_i z_j / Σ z_i², with rows of w that sum to one "
    "and z the deviation from the mean of the year; inference by permutation "
    "(Cliff and Ord 1981; Anselin 1995). Place by place: I_i = (N − 1) z_i Σ w_ij "
    "z_j / Σ z², neighbours drawn at random with the place held fast; two-sided "
    "p = min(1, 2 (1 + min(#≥, #≤)) / (P + 1)), adjusted for the number of places "
    "(Benjamini and Hochberg 1995) unless said otherwise.",
)
SPATIAL = (
    "With neighbours: y = ρ W y + X b + W X g + effects of places and years + u, "
    "u = λ W u + noise; the SDM has ρ and g, the SAR ρ, the SEM λ, the SDEM g and "
    "λ. Maximum likelihood with exact determinants, the effects swept out after W "
    "is applied, and corrected for their number (Lee and Yu 2010, Journal of "
    "Econometrics 154, 165-185; Elhorst 2014, Spatial Econometrics).",
    "Effects: S = (I − ρ W)⁻¹ (I b + W g); direct is the mean of its diagonal, "
    "total the mean of its row sums, indirect the difference (LeSage and Pace "
    "2009, Introduction to Spatial Econometrics). Intervals from draws of the "
    "joint distribution of the estimates, the same for a what-if: (I − ρ W)⁻¹ "
    "(b dx + g W dx).",
)
READING = (
    "Intervals are 95 per cent unless said otherwise. *** p < 0.01, ** p < 0.05, "
    "* p < 0.1.",
    "Tables unrounded: tables.xlsx beside this page.",
)
