"""The map of a study: which layers it offers."""

import pandas as pd

from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.variables import Variable
from spatial_coagg.report.choropleth import ChoroplethMap, draw_choropleth
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_layers import Layer


def draw_atlas(results: StudyResults) -> ChoroplethMap:
    """Draw theta, its versions, the quotients and the outcome."""
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
        notice=settings.notice,
        credit=inputs.credit,
        lang=settings.language,
    )


def atlas_layers(results: StudyResults) -> dict[str, Layer]:
    """Return the layers by their titles, in the order they are offered."""
    layers = {"Synergy θ": Layer(results.theta, note=THETA_NOTE)}
    for column in results.thetas.columns.drop("theta"):
        sector = column.removeprefix("theta_")
        note = f"Manufacturing with {sector} services only."
        layers[f"Synergy θ: {sector}"] = Layer(results.thetas[column], note=note)
    for industry in results.quotients.values.columns:
        quotient: pd.Series = results.quotients.values[industry]
        layers[f"Location quotient: {industry}"] = Layer(
            quotient, palette="purple", note="1 is the average of the totals used."
        )
    outcome = Variable.from_text(results.settings.model.outcome).column
    layers[f"Outcome: {outcome}"] = Layer(
        results.variables.frame[outcome], palette="orange"
    )
    return layers


THETA_NOTE = (
    "Producer services with manufacturing; higher means both are strong here and "
    "equally so."
)
