"""The chapter about the clusters of each sector."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.autocorrelation.classes import QUADRANTS
from spatial_coagg.autocorrelation.local_result import LocalTest
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
    Embedded,
    Paragraphs,
    Picture,
    Section,
    TextTable,
)
from spatial_coagg.report.workbook import Sheet


def sector_clusters_chapter(results: StudyResults) -> list[Section]:
    """Return Moran's I, maps, scatter plots and moves of each sector, if any."""
    if not results.sector_morans:
        return []
    last = int(results.moran.frame.index.max())
    tests = {name: each.of_year(last) for name, each in results.sector_locals.items()}
    maps = draw_maps(results, tests, columns=4)
    scatter = draw_moran_scatter(tests, names=results.names, labels=3, columns=4)
    blocks: tuple[Block, ...] = (
        Paragraphs(
            (
                describe_sectors(results.sector_morans, results.words),
                describe_sector_clusters(tests, last, results.words),
            )
        ),
        Picture(
            figure_svg(draw_moran_by_year(results.sector_morans), salt="sectors"),
            "Moran's I of each service's theta, with the band expected by chance.",
            "Lines of Moran's I by year, one plot for each service.",
        ),
        Embedded(
            figure_png(maps, f"Maps of the classes in {last}, one for each service."),
            f"Classes of places in {last}, by service.",
        ),
        Embedded(
            figure_png(scatter, "Scatter plots against the neighbours, by service."),
            f"Theta of {last} against the mean of the neighbours, by service.",
        ),
        TextTable(
            _sector_table(results, tests, last),
            "Clusters of each service with manufacturing",
            f"{local_note(results)} HH (LL) again: share of the places high among high "
            f"(low among low) that are so a year later.",
        ),
    )
    return [Section("sector-clusters", "Clusters by sector", blocks)]


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


def _sector_table(
    results: StudyResults, tests: Mapping[str, LocalTest], year: int
) -> pd.DataFrame:
    transitions = _transitions(results)
    rows = {}
    for name, moran in results.sector_morans.items():
        frame, counts = moran.frame, tests[name].counts
        clear = frame["p_permutation"] < SIGNIFICANT
        row = {
            f"Moran's I {year}": f"{frame['statistic'][year]:.3f}",
            "p": f"{frame['p_permutation'][year]:.4f}",
            f"years with p < {SIGNIFICANT}": f"{int(clear.sum())} of {len(frame)}",
        }
        row |= {f"{side} {year}": str(counts[side]) for side in QUADRANTS}
        if name in transitions:
            stayers = transitions[name].stayers
            row |= {f"{side} again": _percent(stayers, side) for side in ("HH", "LL")}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("sector")


def _transitions(results: StudyResults) -> dict[str, ClassTransitions]:
    """Return the moves of each sector; none where no years follow each other."""
    if results.transitions is None:
        return {}
    tests = results.sector_locals
    return {name: class_transitions(each) for name, each in tests.items()}


def _percent(stayers: pd.Series, side: str) -> str:
    """Return the share that stays a year later, empty where there is none."""
    share = float(stayers.get(side, float("nan")))
    return "" if pd.isna(share) else f"{100 * share:.0f} %"
