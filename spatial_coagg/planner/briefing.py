"""The report of a study: its page, its workbook, its key numbers."""

from collections.abc import Sequence
from importlib.metadata import version

import pandas as pd

from spatial_coagg.planner.baseline import theta_driver
from spatial_coagg.planner.chapters import (
    answer_chapter,
    map_chapter,
    ranking_chapter,
    regions_chapter,
    regression_chapter,
    sectors_chapter,
)
from spatial_coagg.planner.closing_chapters import (
    audit_chapter,
    care_chapter,
    method_chapter,
)
from spatial_coagg.planner.clusters import (
    cluster_sheets,
    clustering_chapter,
    local_chapter,
)
from spatial_coagg.planner.column_words import column_sheet
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.robustness import robustness_chapter, robustness_sheets
from spatial_coagg.planner.scenario_chapter import what_if_chapter, what_if_sheets
from spatial_coagg.planner.sector_clusters import (
    sector_clusters_chapter,
    sector_sheets,
)
from spatial_coagg.planner.spillovers import spatial_chapter, spatial_sheets
from spatial_coagg.report.page import Section, build_page
from spatial_coagg.report.rankings import (
    average_by_region,
    average_by_sector,
    rank_cities,
)
from spatial_coagg.report.workbook import Sheet


def compose_page(
    results: StudyResults, sections: Sequence[Section] | None = None
) -> str:
    """Return the report as one HTML page, of chapters composed already or anew."""
    settings, words = results.settings, results.words
    made = words.say(
        "Made with spatial_coagg {version}, seed {seed}; run.toml and run.lock.json "
        "beside this page repeat it.",
        version=version("spatial-coagg"),
        seed=settings.seed,
    )
    return build_page(
        settings.title,
        compose_sections(results) if sections is None else sections,
        notice=settings.notice,
        question=settings.question,
        footer=[made, results.inputs.credit],
        lang=settings.language,
    )


def compose_sections(results: StudyResults) -> list[Section]:
    """Return the chapters of the report, in the order they are read."""
    return [
        answer_chapter(results),
        map_chapter(results),
        ranking_chapter(results),
        *regions_chapter(results),
        *sectors_chapter(results),
        clustering_chapter(results),
        local_chapter(results),
        *sector_clusters_chapter(results),
        regression_chapter(results),
        spatial_chapter(results),
        what_if_chapter(results),
        *robustness_chapter(results),
        care_chapter(results),
        *audit_chapter(results),
        method_chapter(results),
    ]


def compose_sheets(results: StudyResults) -> list[Sheet]:
    """Return every table of the report, unrounded."""
    ranking = rank_cities(results.theta, results.names, results.ranking_years)
    sheets = [
        Sheet(
            "theta", _named(results), "Theta of each city and year, all its versions."
        ),
        Sheet(
            "quotients",
            results.quotients.values,
            f"Location quotients, compared with {results.quotients.benchmark}.",
        ),
        Sheet("ranking", ranking, "Highest theta in some years."),
        Sheet(
            "sectors", average_by_sector(results.thetas), "Average theta of each year."
        ),
        *cluster_sheets(results),
        *sector_sheets(results),
        *spatial_sheets(results),
        *robustness_sheets(results),
        *what_if_sheets(results),
        Sheet(
            "weights", results.weights_summary.to_frame(), "What the neighbours are."
        ),
        Sheet("regression data", results.panel.frame, "The variables as regressed."),
    ]
    if results.regions is not None:
        means = average_by_region(results.theta, results.regions)
        sheets.insert(3, Sheet("regions", means, "Average theta of each region."))
    for number, (heading, fit) in enumerate(results.fits.items(), start=1):
        sheets.append(Sheet(f"fit {number}", fit.estimates, f"{fit.title}: {heading}."))
        facts = pd.DataFrame({"value": dict(fit.facts)}).rename_axis("fact")
        sheets.append(
            Sheet(f"fit {number} facts", facts, f"Of {fit.title}: {heading}.")
        )
    return [column_sheet(sheets), *sheets]


def key_results(results: StudyResults) -> dict[str, float | int | str]:
    """Return the few numbers a script asks for."""
    theta, moran = results.theta, results.moran.frame
    driver = theta_driver(results.settings)
    found: dict[str, float | int | str] = {
        "cities": int(theta.index.unique("city").size),
        "first_year": int(theta.index.get_level_values("year").min()),
        "last_year": int(theta.index.get_level_values("year").max()),
        "theta_mean": float(theta.mean()),
        "theta_sd": float(theta.std()),
        "quotients": results.quotients.benchmark,
        "moran_last_year": float(moran["statistic"].iloc[-1]),
        "moran_p_last_year": float(moran["p_permutation"].iloc[-1]),
    }
    for heading, fit in results.fits.items():
        row = fit.estimates.loc[driver].to_dict()
        found[f"{driver}, {heading}"] = float(row["estimate"])
        found[f"{driver}, {heading}, standard error"] = float(row["standard_error"])
    return found


def _named(results: StudyResults) -> pd.DataFrame:
    codes = results.thetas.index.get_level_values("city")
    names = [results.names[str(code)] for code in codes]
    return results.thetas.assign(name=names)
