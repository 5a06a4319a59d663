"""The spatial models of a study: the family, other weights, their effects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol, cast

import geopandas as gpd
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import Effects
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.models.effects import SpatialEffects, spatial_effects
from spatial_coagg.models.marginals import (
    log_marginal_likelihoods,
    model_probabilities,
)
from spatial_coagg.models.spatial_choice import SpatialChoice, choose_spatial_model
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import Correction, SpatialModel
from spatial_coagg.planner.inputs import Inputs
from spatial_coagg.planner.neighbours import build_weights, describe_rule
from spatial_coagg.planner.notes import noted
from spatial_coagg.planner.settings import Settings, SpatialSettings, WeightsSettings
from spatial_coagg.planner.variables import Variable, transform_variables
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.economic import build_economic
from spatial_coagg.weights.nested import build_nested

# Differences between economies below this share of their standard deviation count as
# that: else the likeness of two cities is nearly all of their weight.
ALIKE = 0.05


@dataclass(frozen=True, eq=False)
class SpatialStudy:
    """The spatial models of a study; each is computed when it is first read.

    Attributes
    ----------
    settings : Settings
    asked : SpatialSettings
    variables : Panel
        Untransformed columns of the cities studied.
    boundaries : GeoDataFrame
    notes : dict of str
        What the computations warned about.
    """

    settings: Settings
    asked: SpatialSettings
    variables: Panel
    boundaries: gpd.GeoDataFrame
    notes: dict[str, None] = field(default_factory=dict, repr=False)

    @property
    def outcome(self) -> str:
        """What is explained, as written: ``"ln(cr)"``."""
        return self.asked.outcome or self.settings.model.outcome

    @property
    def drivers(self) -> tuple[str, ...]:
        """What explains it, as written."""
        return self.settings.model.drivers

    @cached_property
    @noted
    def panel(self) -> Panel:
        """Outcome and drivers, transformed."""
        table = transform_variables(
            self.variables.frame,
            [self.outcome, *self.drivers],
            zeros=self.settings.model.zeros,
        )
        return Panel.from_frame(table, city="city", year="year")

    @property
    def gap(self) -> str:
        """Why there can be no spatial model; empty where there can be."""
        table = self.panel.frame.dropna()
        cities, years = self.panel.cities, self.panel.frame.index.unique("year")
        absent = len(cities) * len(years) - len(table)
        if absent == 0:
            return ""
        return (
            f"spatial models need every city in every year; {absent} of "
            f"{len(cities) * len(years)} city-years lack {self.outcome} or a driver, "
            f'so they are left out; set sample.balance = "drop-cities" or "drop-years"'
        )

    @cached_property
    @noted
    def weights(self) -> Mapping[str, Graph]:
        """Weights by name, those of the study first."""
        rules = [self.settings.weights.rule, *self.asked.weights]
        return {name: self._weights(name) for name in dict.fromkeys(rules)}

    @property
    def main(self) -> str:
        """Name of the study's own weights."""
        return self.settings.weights.rule

    @cached_property
    @noted
    def family(self) -> Mapping[SpatialModel, SpatialPanelFit]:
        """The models side by side, by the study's weights."""
        wanted = dict.fromkeys((*self.asked.models, self.asked.model))
        return {
            model: self.fits[self.main]
            if model == self.asked.model
            else self.fit(model=model)
            for model in wanted
        }

    @cached_property
    @noted
    def fits(self) -> Mapping[str, SpatialPanelFit]:
        """The chosen model by name of the weights."""
        return {name: self.fit(weights=name) for name in self.weights}

    @cached_property
    @noted
    def effects_by_weights(self) -> Mapping[str, SpatialEffects]:
        """Direct, indirect and total effects by name of the weights."""
        return {
            name: spatial_effects(fit, draws=self.asked.draws, rng=self.settings.seed)
            for name, fit in self.fits.items()
        }

    @property
    def effects(self) -> SpatialEffects:
        """Those by the study's own weights."""
        return self.effects_by_weights[self.main]

    @cached_property
    @noted
    def choice(self) -> SpatialChoice | None:
        """Which model the tests choose; None with random effects."""
        if self.asked.effects == "random":
            return None
        transformed = self.fits[self.main].correction == "transform"
        return choose_spatial_model(
            self.panel,
            self.weights[self.main],
            self.outcome,
            self.drivers,
            effects=self.asked.effects,
            convention="debarsy-ertur" if transformed else "elhorst",
            reduction="wald" if self.asked.correction == "bias" else "likelihood-ratio",
            correction=self.asked.correction,
        )

    @cached_property
    @noted
    def probabilities(self) -> pd.Series | None:
        """Posterior probability of each (weights, model); None with random effects."""
        if self.asked.effects == "random":
            return None
        models = [name for name in self.family if name not in ("sac", "gns")]
        heights = log_marginal_likelihoods(
            self.panel,
            self.weights,
            self.outcome,
            self.drivers,
            models=models,
            effects=self.asked.effects,
            spillovers=self.asked.spillovers,
        )
        return model_probabilities(heights)

    @cached_property
    @noted
    def corrections(self) -> Mapping[Correction, SpatialPanelFit]:
        """The model by each correction for the effects that the weights allow."""
        main = self.fits[self.main]
        if main.effects in ("none", "random"):
            return {}
        own = cast("Correction", main.correction)
        others: tuple[Correction, ...] = ("transform", "bias", "none")
        if own == "none":
            others = ("none",)
        return {
            name: main if name == own else self.fit(correction=name) for name in others
        }

    def computed(self) -> "SpatialStudy":
        """Return this study with all that a report tells of it computed."""
        _ = self.family, self.effects_by_weights
        _ = self.choice, self.probabilities, self.corrections
        return self

    def is_at_bound(self, name: str) -> bool:
        """Whether rho of that fit lies at the end of its interval: no effects then."""
        fit = self.fits[name]
        low, high = fit.interval
        return fit.rho != 0 and min(fit.rho - low, high - fit.rho) < 1e-3

    def describe(self, name: str) -> str:
        """Say in words what weights of that name are."""
        words = self.settings.words
        if name == self.main:
            return describe_rule(self.settings.weights, words)
        if name == "economic":
            return words.say(
                "Neighbours are places of similar {economy}.",
                economy=self.asked.economy,
            )
        if name == "nested":
            return words.say(
                "Neighbours are half those by the {rule} rule, half places of similar "
                "{economy}.",
                rule=words.name(self.main),
                economy=self.asked.economy,
            )
        return describe_rule(_rule(name), words)

    def fit(
        self,
        *,
        model: SpatialModel | None = None,
        effects: Effects | Literal["random"] | None = None,
        weights: str | None = None,
        correction: Correction | None = None,
    ) -> SpatialPanelFit:
        """Fit with another model, effects, weights or correction than configured."""
        asked = self.asked
        chosen = model or asked.model
        spills = chosen in ("slx", "sdm", "sdem", "gns")
        return fit_spatial_panel(
            self.panel,
            self.weights_by(weights or self.main),
            self.outcome,
            self.drivers,
            model=chosen,
            effects=effects or asked.effects,
            spillovers=asked.spillovers if spills else None,
            correction=correction or (asked.correction if effects is None else None),
        )

    def weights_by(self, name: str) -> Graph:
        """Return the weights of that name, built anew where they are not asked for."""
        return self.weights[name] if name in self.weights else self._weights(name)

    def _weights(self, name: str) -> Graph:
        cities = self.panel.cities
        if name == self.main:
            return build_weights(self.boundaries, cities, self.settings.weights)
        if name == "economic":
            return self._economic()
        if name == "nested":
            return build_nested(self._weights(self.main), self._economic(), share=0.5)
        return build_weights(self.boundaries, cities, _rule(name))

    def _economic(self) -> Graph:
        if self.asked.economy is None:
            raise SpatialCoaggError(
                "economic weights need spatial.economy, the name of a column"
            )
        chosen = Variable.from_text(self.asked.economy)
        table = transform_variables(self.variables.frame, [chosen.label])
        economy = table[chosen.label].groupby(level="city").mean()
        return build_economic(economy, floor=ALIKE * float(economy.std()))


def _rule(name: str) -> WeightsSettings:
    # One over the distance itself links everybody with everybody so evenly that, beside
    # year effects, hardly anything is left of W y; its square keeps near and far apart.
    return WeightsSettings.model_validate(
        {"rule": name, "islands": "nearest", "power": 2.0}
    )


class SpatialSource(Protocol):
    """A study of which what-ifs can be asked."""

    @property
    def settings(self) -> Settings:
        """What is studied and how."""

    @property
    def inputs(self) -> Inputs:
        """Tables and map."""

    @property
    def thetas(self) -> pd.DataFrame:
        """The co-agglomeration index, and that of each sector."""

    @property
    def spatial(self) -> SpatialStudy | None:
        """The spatial models, if any."""
