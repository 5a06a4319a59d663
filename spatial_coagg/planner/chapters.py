"""The chapters of the report, in the order they are read."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.planner.atlas import draw_atlas
from spatial_coagg.planner.baseline import tabulate_baseline, theta_driver
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.report.findings import (
    describe_clustering,
    describe_driver,
    describe_leaders,
    describe_level,
    describe_regions,
    describe_robustness,
)
from spatial_coagg.report.page import (
    Block,
    Embedded,
    Paragraphs,
    Section,
    TextTable,
    in_words,
)
from spatial_coagg.report.rankings import (
    average_by_region,
    average_by_sector,
    published_averages,
    published_ranking,
    rank_cities,
)
from spatial_coagg.report.spatial_findings import describe_spillover
from spatial_coagg.report.words import Words


def map_chapter(results: StudyResults) -> Section:
    """Return the map of synergy."""
    words = results.words
    told = words.say(
        "Every colour keeps its meaning over the years. {Places} without data are "
        "marked as such. Choose a layer, move the slider, point at a {place} for its "
        "value, rank and history."
    )
    blocks: tuple[Block, ...] = (
        Paragraphs((told,)),
        Embedded(draw_atlas(results).embed()),
    )
    return Section("map", words.name("The map"), blocks)


def answer_chapter(results: StudyResults) -> Section:
    """Return the answer in about five sentences."""
    words, model = results.words, results.settings.model
    driver = theta_driver(results.settings)
    sentences = [
        describe_level(results.theta, words),
        describe_leaders(results.theta, results.names, words),
        describe_clustering(results.moran.frame, words),
        describe_driver(list(results.fits.values())[-1], driver, model.outcome, words),
        *_reach(results, driver),
    ]
    kept = tuple(sentence for sentence in sentences if sentence)
    heading = words.name("The answer")
    return Section("answer", heading, (Paragraphs(kept, emphasis=True),))


def _reach(results: StudyResults, driver: str) -> list[str]:
    """Say what crosses the border, or nothing where that cannot be told."""
    effects, study, words = results.spatial_effects, results.spatial, results.words
    if effects is None or study is None or study.is_at_bound(study.main):
        return []
    told = describe_spillover(effects.frame, driver, study.outcome, words)[2]
    if results.spatial_truth is None:
        return [told]
    return [
        words.say(
            "{told} This figure is of a second simulated outcome, in whose equation "
            "neighbours matter; the paper's has none.",
            told=told,
        )
    ]


def ranking_chapter(results: StudyResults) -> Section:
    """Return the ten cities of highest synergy, beside the paper's Table 2."""
    words = results.words
    ranking = rank_cities(results.theta, results.names, results.ranking_years)
    blocks: list[Block] = [
        TextTable(
            _flat(ranking, words),
            words.say("Ten {places} of highest synergy (theta)"),
        )
    ]
    if results.is_the_paper:
        blocks.append(
            TextTable(
                _flat(published_ranking(), words),
                words.name("The same in the paper (Table 2)"),
                words.name(
                    "Names as printed. The jobs behind the table above are simulated, "
                    "so the two lists agree in kind, not city by city."
                ),
            )
        )
    return Section("ranking", words.name("Who leads"), tuple(blocks))


def regions_chapter(results: StudyResults) -> list[Section]:
    """Return regional averages, beside the paper's Table 1, where regions exist."""
    if results.regions is None:
        return []
    words, note = results.words, ""
    means = average_by_region(results.theta, results.regions)
    if results.is_the_paper:
        order = ["national", "east", "central", "west"]
        paper = published_averages(1)[order].rename(
            columns=lambda name: words.say("paper: {name}", name=words.name(name))
        )
        means = means[["all", "east", "central", "west"]].join(paper)
        note = words.name(
            "The simulation aims at the paper's three regional columns; the paper's "
            "national column cannot be an average of them in every year."
        )
    told = describe_regions(results.theta, results.regions, words)
    table = TextTable(
        in_words(_rounded(means), words), words.name("Average theta by region"), note
    )
    blocks = (Paragraphs((told,)), table) if told else (table,)
    return [Section("regions", words.name("Regions"), blocks)]


def sectors_chapter(results: StudyResults) -> list[Section]:
    """Return the averages of the sub-sectors, beside the paper's Table 3."""
    sectors = results.thetas.drop(columns="theta")
    if sectors.columns.empty:
        return []
    words = results.words
    means = average_by_sector(sectors).rename(columns=_without_prefix)
    blocks = [
        TextTable(
            in_words(_rounded(means.rename(columns=results.industry)), words),
            words.name("Average theta of each service with manufacturing"),
            describe_groups(_groups(results), words),
        )
    ]
    if results.is_the_paper:
        paper = published_averages(3)
        order = [name for name in means.columns if name in paper.columns]
        shown = _rounded(paper[order].rename(columns=results.industry))
        blocks.append(
            TextTable(
                in_words(shown, words),
                words.name("The same in the paper (Table 3)"),
                words.name("The paper prints every second year."),
            )
        )
    return [Section("sectors", words.name("Sub-sectors"), tuple(blocks))]


def _groups(results: StudyResults) -> dict[str, list[str]]:
    """Return the services of each group, called as the reader calls them."""
    return {
        results.industry(name): [results.industry(part) for part in parts]
        for name, parts in results.settings.synergy.groups.items()
    }


def describe_groups(groups: Mapping[str, Sequence[str]], words: Words) -> str:
    """Say which services a group holds; nothing without groups."""
    told = [
        words.say(
            "{name}: {parts} together" if len(parts) > 1 else "{name}: {parts} alone",
            name=name,
            parts=words.enumerate(parts),
        )
        for name, parts in groups.items()
    ]
    return words.say("{told}.", told=words.name("; ").join(told)) if told else ""


def _rounded(table: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    cells = {
        name: ["" if pd.isna(value) else f"{value:.{digits}f}" for value in table[name]]
        for name in table.columns
    }
    return pd.DataFrame(cells, index=table.index)


def _flat(ranking: pd.DataFrame, words: Words) -> pd.DataFrame:
    columns = {}
    for year in ranking.columns.unique(0):
        columns[f"{year}"] = list(ranking[year]["city"])
        columns[f"θ {year}"] = [_or_blank(cell) for cell in ranking[year]["theta"]]
    return in_words(pd.DataFrame(columns, index=ranking.index), words)


def _or_blank(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"


def _without_prefix(name: str) -> str:
    return name.removeprefix("theta_")


def regression_chapter(results: StudyResults) -> Section:
    """Return the fixed-effects baseline, beside the paper's Table 6."""
    model, words = results.settings.model, results.words
    driver = theta_driver(results.settings)
    fits = list(results.fits.values())
    sentences = [
        describe_driver(fits[-1], driver, model.outcome, words),
        describe_robustness(fits, driver, words),
    ]
    blocks = (
        Paragraphs(tuple(sentence for sentence in sentences if sentence)),
        tabulate_baseline(results),
    )
    return Section("baseline", words.name("What goes with higher synergy"), blocks)
