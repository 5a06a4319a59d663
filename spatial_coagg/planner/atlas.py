"""The map of a study: which layers it offers."""

import warnings
from typing import Protocol

import numpy as np
import pandas as pd

from spatial_coagg.autocorrelation.classes import NO_DATA
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.errors import InferenceWarning
from spatial_coagg.indices.quotient import LocationQuotients
from spatial_coagg.planner.atlas_words import ATLAS_WORDS, AtlasWords
from spatial_coagg.planner.baseline import theta_driver
from spatial_coagg.planner.inputs import Inputs
from spatial_coagg.planner.settings import Settings
from spatial_coagg.planner.spatial import SpatialStudy
from spatial_coagg.planner.variables import Variable
from spatial_coagg.report.choropleth import ChoroplethMap, draw_choropleth
from spatial_coagg.report.class_styles import CLASS_COLOURS
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_layers import Layer
from spatial_coagg.report.map_what_if import WhatIfLayer
from spatial_coagg.tables.panel import Panel


class MapSource(Protocol):
    """What the map shows, computed already or when it is read."""

    @property
    def settings(self) -> Settings:
        """What is studied and how."""

    @property
    def inputs(self) -> Inputs:
        """Tables and map."""

    @property
    def theta(self) -> pd.Series:
        """The co-agglomeration index."""

    @property
    def thetas(self) -> pd.DataFrame:
        """The same, with each sector's."""

    @property
    def quotients(self) -> LocationQuotients:
        """Location quotients of every industry."""

    @property
    def variables(self) -> Panel:
        """Theta, jobs and controls."""

    @property
    def local(self) -> LocalTest:
        """The class of each place in each year."""

    @property
    def spatial(self) -> SpatialStudy | None:
        """The spatial models, if any."""


def draw_atlas(results: MapSource, *, cdn: bool = False) -> ChoroplethMap:
    """Draw the map of a study with all its layers and, where it has one, the what-if.

    Parameters
    ----------
    results : Study or StudyResults
        A study computes what the map shows and no more.
    cdn : bool
        As for :func:`draw_choropleth`.
    """
    settings, inputs = results.settings, results.inputs
    boundaries = inputs.boundaries
    if settings.sample.codes_starting_with:
        chosen = boundaries.index.str.startswith(settings.sample.codes_starting_with)
        boundaries = boundaries.loc[chosen]
    names = inputs.attributes.loc[boundaries.index]
    shown = [name for name in names.columns if name.startswith("name")]
    return draw_choropleth(
        boundaries,
        atlas_layers(results),
        title=settings.title,
        names=names[shown].rename(columns={"name": "name_en"}),
        inset=Inset.around(inputs.dash_line) if inputs.dash_line is not None else None,
        what_if=atlas_what_if(results),
        notice=settings.notice,
        credit=inputs.credit,
        lang=settings.language,
        cdn=cdn,
    )


def atlas_layers(results: MapSource) -> dict[str, Layer]:
    """Return the layers by their titles, in the order they are offered."""
    words = ATLAS_WORDS[results.settings.language]
    layers = _synergy_layers(results, words) | _quotient_layers(results, words)
    column = Variable.from_text(results.settings.model.outcome).column
    layers[words.outcome_of.format(name=column)] = Layer(
        results.variables.frame[column], palette="orange", group=words.outcome
    )
    layers[words.local_title] = _local_layer(results, words)
    spatial = _told(results)
    return layers if spatial is None else layers | _effect_layers(spatial, words)


def atlas_what_if(results: MapSource) -> WhatIfLayer | None:
    """Return the what-if of the study's spatial model, where it has one."""
    spatial = _told(results)
    if spatial is None:
        return None
    words = ATLAS_WORDS[results.settings.language]
    settings = results.settings
    driver = Variable.from_text(theta_driver(settings))
    outcome = Variable.from_text(spatial.outcome)
    name = settings.outcome_name
    shifted = outcome.transform == "ln1p"
    with warnings.catch_warnings():
        # Of these very draws the effects have told how many were rejected.
        warnings.simplefilter("ignore", InferenceWarning)
        return WhatIfLayer.from_fit(
            spatial.fits[spatial.main],
            driver.label,
            theta=results.variables.frame[driver.column],
            outcome=words.plus_one.format(name=name) if shifted else name,
            driver=_symbol(driver.column, words),
            driver_scale=driver.transform or "level",
            outcome_logged=outcome.transform is not None,
            draws=spatial.asked.draws,
            rng=settings.seed,
        )


def _told(results: MapSource) -> SpatialStudy | None:
    """Return the spatial models if there are effects to tell of."""
    spatial = results.spatial
    if spatial is None or spatial.is_at_bound(spatial.main):
        return None
    return spatial


def _synergy_layers(results: MapSource, words: AtlasWords) -> dict[str, Layer]:
    group = words.synergy
    layers = {f"{group} θ": Layer(results.theta, note=words.synergy_note, group=group)}
    for column in results.thetas.columns.drop("theta"):
        name = words.industry(column.removeprefix("theta_"))
        layers[words.synergy_of.format(name=name)] = Layer(
            results.thetas[column],
            note=words.sector_note.format(name=name),
            group=group,
        )
    return layers


def _quotient_layers(results: MapSource, words: AtlasWords) -> dict[str, Layer]:
    table = results.quotients.values
    return {
        words.quotient_of.format(name=words.industry(str(industry))): Layer(
            table[industry],
            palette="purple",
            note=words.quotient_note,
            group=words.quotients,
        )
        for industry in table.columns
    }


def _local_layer(results: MapSource, words: AtlasWords) -> Layer:
    """Return the classes of the local Moran; a city without data has no class."""
    local = results.local
    told = {name: words.clusters[name] for name in local.classes if name != NO_DATA}
    clusters = local.frame["cluster"].astype(object)
    kinds = pd.Categorical(clusters.map(told), categories=list(told.values()))
    return Layer(
        pd.Series(kinds, index=clusters.index),
        palette={label: CLASS_COLOURS[name] for name, label in told.items()},
        note=words.local_note.format(
            permutations=local.permutations,
            alpha=local.alpha,
            fdr=local.fdr.title(),
        ),
        group=words.local,
    )


def _effect_layers(spatial: SpatialStudy, words: AtlasWords) -> dict[str, Layer]:
    driver = Variable.from_text(theta_driver(spatial.settings)).label
    terms = {"driver": driver, "outcome": spatial.outcome}
    effects = spatial.effects
    return {
        title: _signed_layer(table[driver], note.format(**terms), words.effects)
        for title, table, note in (
            (words.received, effects.received, words.received_note),
            (words.given, effects.given, words.given_note),
        )
    }


def _signed_layer(values: pd.Series, note: str, group: str) -> Layer:
    """Colour effects of one sign from light to dark, of two signs from zero on."""
    numbers = values.to_numpy(dtype=np.float64)
    if numbers.min() >= 0 or numbers.max() <= 0:
        return Layer(values, palette="purple", note=note, group=group)
    third = float(np.abs(numbers).max()) / 3
    breaks = [-2 * third, -third, 0.0, third, 2 * third]
    return Layer(values, scheme=breaks, palette="diverging", note=note, group=group)


def _symbol(column: str, words: AtlasWords) -> str:
    if column == "theta":
        return words.theta
    if not column.startswith("theta_"):
        return column
    name = words.industry(column.removeprefix("theta_"))
    return words.theta_of.format(name=name)
