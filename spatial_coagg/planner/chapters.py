"""The chapters of the report, in the order they are read."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.paper.audit import audit_published
from spatial_coagg.planner.atlas import draw_atlas
from spatial_coagg.planner.baseline import tabulate_baseline, theta_driver
from spatial_coagg.planner.neighbours import describe_rule
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.report.findings import (
    describe_clustering,
    describe_driver,
    describe_leaders,
    describe_level,
    describe_regions,
    describe_robustness,
    enumerated,
)
from spatial_coagg.report.page import (
    Block,
    Embedded,
    Paragraphs,
    Section,
    TextTable,
)
from spatial_coagg.report.rankings import (
    average_by_region,
    average_by_sector,
    published_averages,
    published_ranking,
    rank_cities,
)
from spatial_coagg.report.spatial_findings import describe_spillover


def map_chapter(results: StudyResults) -> Section:
    """Return the map of synergy."""
    words = (
        f"Every colour keeps its meaning over the years. "
        f"{results.words.places.capitalize()} without data are marked as such. "
        f"Choose a layer, move the slider, point at a {results.words.place} for its "
        f"value, rank and history."
    )
    blocks: tuple[Block, ...] = (
        Paragraphs((words,)),
        Embedded(draw_atlas(results).embed()),
    )
    return Section("map", "The map", blocks)


def answer_chapter(results: StudyResults) -> Section:
    """Return the answer in about five sentences."""
    words, model = results.words, results.settings.model
    driver = theta_driver(results.settings)
    sentences = [
        describe_level(results.theta, words),
        describe_leaders(results.theta, results.names),
        describe_clustering(results.moran.frame, words),
        describe_driver(list(results.fits.values())[-1], driver, model.outcome, words),
        *_reach(results, driver),
    ]
    kept = tuple(sentence for sentence in sentences if sentence)
    return Section("answer", "The answer", (Paragraphs(kept, emphasis=True),))


def _reach(results: StudyResults, driver: str) -> list[str]:
    """Say what crosses the border, or nothing where that cannot be told."""
    effects, study = results.spatial_effects, results.spatial
    if effects is None or study is None or study.is_at_bound(study.main):
        return []
    told = describe_spillover(effects.frame, driver, study.outcome, results.words)
    if results.spatial_truth is None:
        return [told[2]]
    return [
        f"{told[2]} This figure is of a second simulated outcome, in whose equation "
        f"neighbours matter; the paper's has none."
    ]


def ranking_chapter(results: StudyResults) -> Section:
    """Return the ten cities of highest synergy, beside the paper's Table 2."""
    blocks: list[Block] = [
        TextTable(
            _flat(rank_cities(results.theta, results.names, results.ranking_years)),
            f"Ten {results.words.places} of highest synergy (theta)",
        )
    ]
    if results.is_the_paper:
        blocks.append(
            TextTable(
                _flat(published_ranking()),
                "The same in the paper (Table 2)",
                "Names as printed. The jobs behind the table above are simulated, so "
                "the two lists agree in kind, not city by city.",
            )
        )
    return Section("ranking", "Who leads", tuple(blocks))


def regions_chapter(results: StudyResults) -> list[Section]:
    """Return regional averages, beside the paper's Table 1, where regions exist."""
    if results.regions is None:
        return []
    means = average_by_region(results.theta, results.regions)
    if results.is_the_paper:
        order = ["national", "east", "central", "west"]
        paper = published_averages(1)[order].add_prefix("paper: ")
        means = means[["all", "east", "central", "west"]].join(paper)
    note = (
        "The simulation aims at the paper's three regional columns; the paper's "
        "national column cannot be an average of them in every year."
        if results.is_the_paper
        else ""
    )
    words = describe_regions(results.theta, results.regions)
    table = TextTable(_rounded(means), "Average theta by region", note)
    blocks = (Paragraphs((words,)), table) if words else (table,)
    return [Section("regions", "Regions", blocks)]


def sectors_chapter(results: StudyResults) -> list[Section]:
    """Return the averages of the sub-sectors, beside the paper's Table 3."""
    sectors = results.thetas.drop(columns="theta")
    if sectors.columns.empty:
        return []
    means = average_by_sector(sectors).rename(columns=_without_prefix)
    blocks = [
        TextTable(
            _rounded(means),
            "Average theta of each service with manufacturing",
            describe_groups(results.settings.synergy.groups),
        )
    ]
    if results.is_the_paper:
        paper = published_averages(3)
        order = [name for name in means.columns if name in paper.columns]
        blocks.append(
            TextTable(
                _rounded(paper[order]),
                "The same in the paper (Table 3)",
                "The paper prints every second year.",
            )
        )
    return [Section("sectors", "Sub-sectors", tuple(blocks))]


def describe_groups(groups: Mapping[str, Sequence[str]]) -> str:
    """Say which services a group holds; nothing without groups."""
    told = [f"{name}: {_together(parts)}" for name, parts in groups.items()]
    return f"{'; '.join(told)}." if told else ""


def _together(parts: Sequence[str]) -> str:
    return f"{enumerated(parts)} together" if len(parts) > 1 else f"{parts[0]} alone"


def _rounded(table: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    cells = {
        name: ["" if pd.isna(value) else f"{value:.{digits}f}" for value in table[name]]
        for name in table.columns
    }
    return pd.DataFrame(cells, index=table.index)


def _flat(ranking: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for year in ranking.columns.unique(0):
        columns[f"{year}"] = list(ranking[year]["city"])
        columns[f"θ {year}"] = [_or_blank(cell) for cell in ranking[year]["theta"]]
    return pd.DataFrame(columns, index=ranking.index)


def _or_blank(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"


def _without_prefix(name: str) -> str:
    return name.removeprefix("theta_")


def regression_chapter(results: StudyResults) -> Section:
    """Return the fixed-effects baseline, beside the paper's Table 6."""
    model = results.settings.model
    driver = theta_driver(results.settings)
    fits = list(results.fits.values())
    sentences = [
        describe_driver(fits[-1], driver, model.outcome, results.words),
        describe_robustness(fits, driver),
    ]
    blocks = (
        Paragraphs(tuple(sentence for sentence in sentences if sentence)),
        tabulate_baseline(results),
    )
    return Section("baseline", "What goes with higher synergy", blocks)


def audit_chapter(results: StudyResults) -> list[Section]:
    """Return what the paper's own figures say against themselves."""
    if not results.is_the_paper:
        return []
    audit = audit_published()
    counts = audit.counts
    opening = (
        f"Before its figures are compared with others, they are held against each "
        f"other in {len(audit.findings)} checks: {counts.get('cannot be right', 0)} "
        f"find what cannot be right, {counts.get('needs an explanation', 0)} what "
        f"needs an explanation, {counts.get('holds', 0)} find nothing amiss."
    )
    found = [
        f"{each.tables}, {each.verdict}: {each.claim}: {each.arithmetic}."
        for each in audit.findings
    ]
    return [
        Section(
            "audit", "The paper's figures, checked", (Paragraphs((opening, *found)),)
        )
    ]


def care_chapter(results: StudyResults) -> Section:
    """Return what a reader must keep in mind: samples, neighbours, warnings."""
    theta, summary = results.theta, results.weights_summary
    cities = theta.index.unique("city").size
    years = theta.index.unique("year")
    sentences = [
        f"Synergy is measured for {cities} {results.words.places}, {min(years)} to "
        f"{max(years)}; {int(theta.isna().sum())} of {len(theta)} values are missing.",
        f"Location quotients compare with {results.quotients.benchmark}.",
        describe_rule(results.settings.weights),
        f"That makes {summary.links} links, {summary.mean_neighbours:.2f} neighbours "
        f"on average, {summary.components} connected parts and {len(summary.islands)} "
        f"{results.words.places} without neighbours.",
    ]
    if results.settings.example is not None:
        sentences.insert(0, SIMULATED)
        sentences.insert(
            2,
            "Cities without controls, here the four municipalities, are measured and "
            "mapped but take no part in the regressions, as in the paper.",
        )
    if not results.notes:
        sentences.append("No computation gave a warning.")
    else:
        sentences += [f"Note: {_named(note, results)}." for note in results.notes]
    return Section("care", "What to keep in mind", (Paragraphs(tuple(sentences)),))


def _named(note: str, results: StudyResults) -> str:
    """Put the name of a place in the stead of its quoted code."""

    def name(match: re.Match[str]) -> str:
        return results.names.get(match[1], match[0])

    return re.sub(r"'([^']*)'", name, note)


def method_chapter(results: StudyResults) -> Section:
    """Return the formulas and their sources."""
    model = results.settings.model
    sentences = (
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
        f"Regression, ln being the natural logarithm: {model.outcome} on "
        f"{', '.join(model.drivers)}, by least squares "
        f"after taking out the effects (Wooldridge 2010, chapter 10); standard errors: "
        f"{model.covariance}.",
        *_spatial_method(results),
        "Intervals are 95 per cent unless said otherwise. *** p < 0.01, ** p < 0.05, "
        "* p < 0.1.",
        "Tables unrounded: tables.xlsx beside this page.",
    )
    return Section("method", "Method", (Paragraphs(sentences),))


def _spatial_method(results: StudyResults) -> tuple[str, ...]:
    """Return formulas and sources of the spatial models, where there are some."""
    if results.spatial is None:
        return ()
    return (
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


SIMULATED = (
    "All numbers here are simulated: they come from a known model calibrated to the "
    "tables of the paper. They show what the method does and say nothing about any "
    "real city. Names and boundaries are real."
)
