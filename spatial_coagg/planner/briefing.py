"""The report of a study, chapter by chapter, and its workbook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

import pandas as pd

from spatial_coagg.autocorrelation.moran import MoranByYear
from spatial_coagg.indices.quotient import LocationQuotients
from spatial_coagg.models.fit import Fit
from spatial_coagg.planner.inputs import Inputs
from spatial_coagg.planner.neighbours import describe_rule
from spatial_coagg.planner.settings import Settings
from spatial_coagg.report.findings import (
    Words,
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
    Picture,
    Section,
    TextTable,
    build_page,
)
from spatial_coagg.report.rankings import (
    average_by_region,
    average_by_sector,
    published_averages,
    published_ranking,
    rank_cities,
)
from spatial_coagg.report.workbook import Sheet
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.summary import WeightsSummary


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Everything a report is made of, computed."""

    settings: Settings
    inputs: Inputs
    thetas: pd.DataFrame
    quotients: LocationQuotients
    variables: Panel
    panel: Panel
    weights_summary: WeightsSummary
    moran: MoranByYear
    fits: Mapping[str, Fit]
    notes: tuple[str, ...]

    @property
    def theta(self) -> pd.Series:
        """The co-agglomeration index, index ``(city, year)``."""
        return self.thetas["theta"]

    @property
    def words(self) -> Words:
        """What the sentences call things."""
        settings = self.settings
        return Words(settings.place, settings.places, settings.outcome_name)

    @property
    def is_the_paper(self) -> bool:
        """Whether the published figures belong beside these."""
        return self.settings.example is not None

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of each place of the map."""
        table = self.inputs.attributes["name"]
        return {str(code): str(name) for code, name in table.items()}

    @property
    def regions(self) -> pd.Series | None:
        """Region of each place, where the map has one."""
        table = self.inputs.attributes
        for column in ("region", "group"):
            if column in table:
                return table[column]
        return None

    @property
    def ranking_years(self) -> list[int]:
        """The paper's three years, or the first, middle and last."""
        years = sorted(self.theta.index.unique("year"))
        paper = [year for year in (2009, 2014, 2019) if year in years]
        if self.is_the_paper and len(paper) == 3:
            return paper
        return sorted({int(years[0]), int(years[len(years) // 2]), int(years[-1])})


def compose_page(results: StudyResults) -> str:
    """Return the report as one HTML page."""
    settings = results.settings
    chapters = [
        answer_chapter(results),
        map_chapter(results),
        ranking_chapter(results),
        *regions_chapter(results),
        *sectors_chapter(results),
        clustering_chapter(results),
        regression_chapter(results),
        care_chapter(results),
        method_chapter(results),
    ]
    return build_page(
        settings.title,
        chapters,
        notice=settings.notice,
        question=settings.question,
        footer=[
            f"Made with spatial_coagg {version('spatial-coagg')}; seed {settings.seed}. "
            f"run.toml and run.lock.json beside this page repeat the run.",
            results.inputs.credit,
        ],
    )


def answer_chapter(results: StudyResults) -> Section:
    """Return the answer in about five sentences."""
    words, regions = results.words, results.regions
    fits = list(results.fits.values())
    model = results.settings.model
    driver = next(name for name in model.drivers if "theta" in name)
    sentences = [
        describe_level(results.theta, words),
        describe_leaders(results.theta, results.names),
        describe_regions(results.theta, regions) if regions is not None else "",
        describe_clustering(results.moran.frame, words),
        describe_driver(fits[-1], driver, model.outcome, words),
        describe_robustness(fits, driver),
    ]
    kept = tuple(sentence for sentence in sentences if sentence)
    return Section("answer", "The answer", (Paragraphs(kept, emphasis=True),))


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
    table = TextTable(_rounded(means), "Average theta by region", note)
    return [Section("regions", "Regions", (table,))]


def sectors_chapter(results: StudyResults) -> list[Section]:
    """Return the averages of the sub-sectors, beside the paper's Table 3."""
    sectors = results.thetas.drop(columns="theta")
    if sectors.columns.empty:
        return []
    means = average_by_sector(sectors).rename(columns=_without_prefix)
    if results.is_the_paper:
        paper = published_averages(3)
        means = means.join(paper.add_prefix("paper: "), how="left")
    note = (
        "The paper prints every second year of the five sub-sectors (Table 3)."
        if results.is_the_paper
        else ""
    )
    block = TextTable(
        _rounded(means), "Average theta of each service with manufacturing", note
    )
    return [Section("sectors", "Sub-sectors", (block,))]


def _rounded(table: pd.DataFrame, digits: int = 2) -> pd.DataFrame:
    cells = {
        name: [
            "" if pd.isna(value) else f"{value:.{digits}f}" for value in table[name]
        ]
        for name in table.columns
    }
    return pd.DataFrame(cells, index=table.index)


def _flat(ranking: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for year, quantity in ranking.columns:
        cells = ranking[year, quantity]
        shown = cells if quantity == "city" else [_or_blank(cell) for cell in cells]
        columns[f"{year}" if quantity == "city" else f"theta {year}"] = shown
    return pd.DataFrame(columns, index=ranking.index)


def _or_blank(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"


def _without_prefix(name: str) -> str:
    return name.removeprefix("theta_")
