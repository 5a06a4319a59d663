"""The chapters about clusters: all places at once, then one by one."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.report.autocorrelation_figures import draw_moran_by_year
from spatial_coagg.report.cluster_findings import (
    describe_local,
    describe_moves,
    describe_panel_moran,
)
from spatial_coagg.report.cluster_maps import draw_cluster_map
from spatial_coagg.report.drawing import figure_png, figure_svg
from spatial_coagg.report.findings import describe_clustering
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.moran_scatter import draw_moran_scatter
from spatial_coagg.report.page import (
    Block,
    Paragraphs,
    Picture,
    Section,
    TextTable,
    in_words,
)
from spatial_coagg.report.transition_figures import draw_transitions
from spatial_coagg.report.workbook import Sheet


def clustering_chapter(results: StudyResults) -> Section:
    """Return Moran's I by year, as a picture and a table."""
    settings, words = results.settings.moran, results.words
    sentences = [describe_clustering(results.moran.frame, results.words)]
    if results.panel_moran is not None:
        sentences.append(describe_panel_moran(results.panel_moran, results.words))
    note = words.say(
        "{alternative} p-values; {permutations:,} permutations, so p cannot be less "
        "than about {least:.4f}.",
        alternative=words.name(settings.alternative.capitalize()),
        permutations=settings.permutations,
        least=2 / (settings.permutations + 1),
    )
    blocks: list[Block] = [
        Paragraphs(tuple(sentences)),
        Picture(
            figure_svg(
                draw_moran_by_year(results.moran, lang=words.language), salt="moran"
            ),
            words.name("Moran's I of theta by year, with the band expected by chance."),
            words.name("Line of Moran's I by year; the table below holds the numbers."),
        ),
        TextTable(
            in_words(_moran_table(results.moran.frame), words),
            words.name("Moran's I of theta"),
            note,
        ),
    ]
    return Section("clusters", words.name("Do such places cluster?"), tuple(blocks))


def local_chapter(results: StudyResults) -> Section:
    """Return which places cluster, where they lie and how lasting that is."""
    words = results.words
    last = max(results.local.frame.index.unique("year"))
    sentences = [describe_local(results.local, last, results.names, words)]
    if results.transitions is not None:
        sentences.append(describe_moves(results.transitions, words))
    blocks: list[Block] = [
        Paragraphs(tuple(sentences)),
        Picture(
            figure_png(_maps_of_years(results)),
            words.name(
                "Classes of places by theta and the mean theta of their neighbours."
            ),
            words.name("Maps of the classes in three years."),
        ),
        Picture(
            figure_svg(
                draw_moran_scatter(
                    results.local,
                    years=[last],
                    names=results.names,
                    fallback=results.inputs.names("en"),
                    lang=words.language,
                ),
                salt="scatter",
            ),
            words.say("Theta of {year} against the mean of the neighbours.", year=last),
            words.name("Scatter plot of theta against the neighbours' theta."),
        ),
        TextTable(
            in_words(_text(results.local.counts), words),
            words.name("Places in each class"),
            local_note(results),
        ),
    ]
    if results.transitions is not None:
        figure = draw_transitions(results.transitions, lang=words.language)
        blocks.append(
            Picture(
                figure_svg(figure, salt="transitions"),
                words.name(
                    "Share of each class (row) in each class a year later (column)."
                ),
                words.name(
                    "Table of transitions between classes; also in tables.xlsx."
                ),
            )
        )
    heading = words.name("Which places cluster, and do they stay?")
    return Section("lisa", heading, tuple(blocks))


def draw_maps(
    results: StudyResults, tests: Mapping[str, LocalTest], *, columns: int
) -> Figure:
    """Draw the classes on the study's map, one map for each heading."""
    lines = results.inputs.dash_line
    inset = None if lines is None else Inset.around(lines)
    return draw_cluster_map(
        results.boundaries,
        tests,
        inset=inset,
        columns=columns,
        lang=results.words.language,
    )


def local_note(results: StudyResults) -> str:
    """Say how the local tests were made."""
    local, words = results.local, results.words
    rule = {
        "benjamini-hochberg": "Benjamini and Hochberg's cut-off",
        "bonferroni": "Bonferroni's cut-off",
        "none": "no allowance for the number of tests",
    }[local.fdr]
    return words.say(
        "Local Moran, two-sided, {permutations:,} conditional permutations; {rule} at "
        "{percent:g} per cent in each year.",
        permutations=local.permutations,
        rule=words.name(rule),
        percent=100 * local.alpha,
    )


def cluster_sheets(results: StudyResults) -> list[Sheet]:
    """Return the tables of these chapters, unrounded."""
    sheets = [
        Sheet("moran", results.moran.frame, "Moran's I of theta, year by year."),
        Sheet("local moran", _named(results), "Class of each place in each year."),
        Sheet("classes", pd.DataFrame(results.local.counts), "Places in each class."),
    ]
    if results.transitions is not None:
        moves = results.transitions
        sheets += [
            Sheet("transitions", moves.counts, "Moves between classes in a year."),
            Sheet("movers", moves.movers, "Each change of class."),
        ]
    return sheets


def _moran_table(frame: pd.DataFrame) -> pd.DataFrame:
    shown = {
        "statistic": "Moran's I",
        "expectation": "expected",
        "z_normal": "z",
        "p_normal": "p (normal)",
        "p_permutation": "p (permutation)",
    }
    cells = {
        title: [f"{value:.{2 if title == 'z' else 4}f}" for value in frame[name]]
        for name, title in shown.items()
    }
    table = pd.DataFrame(cells, index=frame.index)
    table["p (normal)"] = table["p (normal)"].replace("0.0000", "< 0.0001")
    return table


def _maps_of_years(results: StudyResults) -> Figure:
    years = sorted(results.local.frame.index.unique("year"))
    chosen = sorted({int(years[0]), int(years[len(years) // 2]), int(years[-1])})
    tests = {str(year): results.local.of_year(year) for year in chosen}
    return draw_maps(results, tests, columns=3)


def _text(counts: pd.DataFrame | pd.Series) -> pd.DataFrame:
    table = pd.DataFrame(counts).astype(str)
    table.columns = pd.Index([str(name) for name in table.columns])
    return table


def _named(results: StudyResults) -> pd.DataFrame:
    frame = results.local.frame
    codes = frame.index.get_level_values("city")
    return frame.assign(
        cluster=frame["cluster"].astype(str),
        name=[results.names[str(code)] for code in codes],
    )
