"""What a study computed, with the words and names its report needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd

from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import MoranByYear
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.autocorrelation.transitions import ClassTransitions
from spatial_coagg.indices.quotient import LocationQuotients
from spatial_coagg.models.effects import SpatialEffects
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.planner.atlas_words import ATLAS_WORDS
from spatial_coagg.planner.inputs import Inputs
from spatial_coagg.planner.settings import Settings
from spatial_coagg.planner.spatial import SpatialStudy
from spatial_coagg.planner.what_if_command import WhatIfAnswer
from spatial_coagg.report.words import Words
from spatial_coagg.simulate.truth import Truth
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
    sector_morans: Mapping[str, MoranByYear]
    panel_moran: AutocorrelationTest | None
    local: LocalTest
    sector_locals: Mapping[str, LocalTest]
    transitions: ClassTransitions | None
    fits: Mapping[str, Fit]
    spatial: SpatialStudy | None
    spatial_gap: str
    answers: tuple[WhatIfAnswer, ...]
    notes: tuple[str, ...]

    @property
    def theta(self) -> pd.Series:
        """The co-agglomeration index, index ``(city, year)``."""
        return self.thetas["theta"]

    @property
    def boundaries(self) -> gpd.GeoDataFrame:
        """The part of the map that is studied."""
        whole, sample = self.inputs.boundaries, self.settings.sample
        starts = sample.codes_starting_with
        return whole.loc[whole.index.str.startswith(starts)] if starts else whole

    @property
    def spatial_fits(self) -> Mapping[str, SpatialPanelFit]:
        """The spatial model by name of its weights, the study's own first."""
        return {} if self.spatial is None else self.spatial.fits

    @property
    def spatial_effects(self) -> SpatialEffects | None:
        """Its effects by the study's own weights."""
        return None if self.spatial is None else self.spatial.effects

    @property
    def spatial_truth(self) -> Truth | None:
        """What the spatial outcome was simulated with."""
        asked = self.settings.spatial
        made = asked is not False and asked.outcome == "ln(cr_spatial)"
        return self.inputs.spatial_truth if made else None

    @property
    def words(self) -> Words:
        """What the sentences call things."""
        return self.settings.words

    def industry(self, name: str) -> str:
        """Return what an industry, a service or a group of them is called."""
        return ATLAS_WORDS[self.settings.language].industry(name)

    @property
    def is_the_paper(self) -> bool:
        """Whether the published figures belong beside these."""
        return self.settings.example is not None

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of each place of the map."""
        return self.inputs.names(self.settings.language)

    @property
    def regions(self) -> pd.Series | None:
        """Region of each place, where the map has several."""
        table = self.inputs.attributes
        studied = self.theta.index.unique("city")
        for column in ("region", "group"):
            if column in table and len(set(table.loc[studied, column])) > 1:
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
