"""The chapter about the clusters of each sector."""

import pandas as pd

from spatial_coagg.autocorrelation.classes import QUADRANTS
from spatial_coagg.autocorrelation.transitions import (
    ClassTransitions,
    class_transitions,
)
from spatial_coagg.planner.clusters import draw_maps, local_note
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.report.autocorrelation_figures import draw_moran_by_year
from spatial_coagg.report.cluster_findings import (
    describe_sector_clusters,
    describe_sectors,
)
from spatial_coagg.report.drawing import figure_png, figure_svg
from spatial_coagg.report.findings import SIGNIFICANT
from spatial_coagg.report.moran_scatter import draw_moran_scatter
from spatial_coagg.report.page import (
    Block,
    Paragraphs,
    Picture,
    Section,
    TextTable,
    in_words,
)
from spatial_coagg.report.words import Words
from spatial_coagg.report.workbook import Sheet


def sector_clusters_chapter(results: StudyResults) -> list[Section]:
    """Return Moran's I, maps, scatter plots and moves of each sector, if any."""
    if not results.sector_morans:
        return []
    words, lang = results.words, results.words.language
    last = int(results.moran.frame.index.max())
    morans = {
        results.industry(name): each for name, each in results.sector_morans.items()
    }
    tests = {
        results.industry(name): each.of_year(last)
        for name, each in results.sector_locals.items()
    }
    maps = draw_maps(results, tests, columns=4)
    scatter = draw_moran_scatter(
        tests,
        names=results.names,
        fallback=results.inputs.names("en"),
        labels=3,
        columns=4,
        lang=lang,
    )
    blocks: tuple[Block, ...] = (
        Paragraphs(
            (
                describe_sectors(morans, words),
                describe_sector_clusters(tests, last, words),
            )
        ),
        Picture(
            figure_svg(draw_moran_by_year(morans, lang=lang), salt="sectors"),
            words.name(
                "Moran's I of each service's theta, with the band expected by chance."
            ),
            words.name("Lines of Moran's I by year, one plot for each service."),
        ),
        Picture(
            figure_png(maps),
            words.say("Classes of places in {year}, by service.", year=last),
            words.say(
                "Maps of the classes in {year}, one for each service.", year=last
            ),
        ),
        Picture(
            figure_png(scatter),
            words.say(
                "Theta of {year} against the mean of the neighbours, by service.",
                year=last,
            ),
            words.name("Scatter plots against the neighbours, by service."),
        ),
        TextTable(
            _sector_table(results, last),
            words.name("Clusters of each service with manufacturing"),
            words.say(
                "{note} HH (LL) again: share of the places high among high (low among "
                "low) that are so a year later.",
                note=local_note(results),
            ),
        ),
    )
    return [Section("sector-clusters", words.name("Clusters by sector"), blocks)]


def sector_sheets(results: StudyResults) -> list[Sheet]:
    """Return the tables of this chapter, unrounded."""
    if not results.sector_morans:
        return []
    morans = {name: each.frame for name, each in results.sector_morans.items()}
    tests = results.sector_locals
    classes = {name: each.frame["cluster"] for name, each in tests.items()}
    sheets = [
        Sheet(
            "sector moran",
            pd.concat(morans, names=["sector"]),
            "Moran's I of each sector's theta.",
        ),
        Sheet(
            "sector classes", pd.DataFrame(classes), "Class of each place by sector."
        ),
    ]
    moves = {name: each.counts for name, each in _transitions(results).items()}
    if moves:
        table = pd.concat(moves, names=["sector"]).fillna(0).astype(int)
        sheets.append(
            Sheet("sector transitions", table, "Moves between classes, by sector.")
        )
    return sheets


def _sector_table(results: StudyResults, year: int) -> pd.DataFrame:
    words, transitions = results.words, _transitions(results)
    rows = {}
    for name, moran in results.sector_morans.items():
        frame = moran.frame
        counts = results.sector_locals[name].of_year(year).counts
        clear = frame["p_permutation"] < SIGNIFICANT
        row = {
            words.say("Moran's I {year}", year=year): f"{frame['statistic'][year]:.3f}",
            "p": f"{frame['p_permutation'][year]:.4f}",
            words.say("years with p < {level}", level=SIGNIFICANT): words.say(
                "{count} of {total}", count=int(clear.sum()), total=len(frame)
            ),
        }
        row |= {f"{side} {year}": str(counts[side]) for side in QUADRANTS}
        if name in transitions:
            stayers = transitions[name].stayers
            row |= {
                words.say("{side} again", side=side): _percent(stayers, side, words)
                for side in ("HH", "LL")
            }
        rows[results.industry(name)] = row
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("sector")
    return in_words(table, words)


def _transitions(results: StudyResults) -> dict[str, ClassTransitions]:
    """Return the moves of each sector; none where no years follow each other."""
    if results.transitions is None:
        return {}
    tests = results.sector_locals
    return {name: class_transitions(each) for name, each in tests.items()}


def _percent(stayers: pd.Series, side: str, words: Words) -> str:
    """Return the share that stays a year later, empty where there is none."""
    share = float(stayers.get(side, float("nan")))
    return "" if pd.isna(share) else f"{100 * share:.0f}{words.name(' %')}"
