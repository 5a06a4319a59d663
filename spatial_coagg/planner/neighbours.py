"""The weight matrix that a study's settings ask for."""

import geopandas as gpd
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg.errors import SettingsError
from spatial_coagg.planner.settings import WeightsSettings
from spatial_coagg.report.words import Words
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.distance import (
    build_distance_band,
    build_inverse_distance,
    build_nearest,
)
from spatial_coagg.weights.geography import Points


def build_weights(
    boundaries: gpd.GeoDataFrame, cities: pd.Index, settings: WeightsSettings
) -> Graph:
    """Return the row-standardised weights of `cities`, by the rule of the settings.

    Contiguity is built on the whole of `boundaries` and then restricted.
    """
    rule = settings.rule
    if rule in ("queen", "rook"):
        return build_contiguity(
            boundaries, cities=cities, rule=rule, islands=settings.islands
        )
    points = _points(boundaries, settings)
    if rule == "nearest":
        return build_nearest(boundaries, k=settings.k, cities=cities, points=points)
    if rule == "band" and settings.band_km is not None:
        return build_distance_band(
            boundaries,
            band_km=settings.band_km,
            cities=cities,
            points=points,
            islands=settings.islands,
        )
    return build_inverse_distance(
        boundaries,
        power=settings.power,
        cutoff_km=settings.cutoff_km,
        cities=cities,
        points=points,
        islands=settings.islands,
    )


def describe_rule(settings: WeightsSettings, words: Words) -> str:
    """Say in words who counts as a neighbour."""
    far = settings.rule == "inverse-distance" and settings.cutoff_km is not None
    rule = {
        "queen": "places that share a border or a corner",
        "rook": "places that share a border",
        "nearest": "the {k} nearest places",
        "band": "places within {band_km:g} km",
        "inverse-distance": "every place within {cutoff_km:g} km, weighted by 1 / "
        "distance^{power:g}"
        if far
        else "every place, weighted by 1 / distance^{power:g}",
    }[settings.rule]
    islands = {
        "nearest": "; a place without neighbours is linked to its nearest",
        "keep": "; a place without neighbours has none",
        "drop": "; places without neighbours are left out",
        "error": "",
    }
    suffix = "" if settings.rule == "nearest" else islands[settings.islands]
    return words.say(
        "Neighbours are {rule}{islands}.",
        rule=words.say(
            rule,
            k=settings.k,
            band_km=settings.band_km or 0,
            cutoff_km=settings.cutoff_km or 0,
            power=settings.power,
        ),
        islands=words.name(suffix),
    )


def _points(boundaries: gpd.GeoDataFrame, settings: WeightsSettings) -> Points:
    if settings.points != "seat":
        return settings.points
    if not {"seat_lon", "seat_lat"} <= set(boundaries.columns):
        raise SettingsError(
            'weights.points = "seat" needs a map with columns seat_lon and seat_lat; '
            'use "representative" or "centroid"'
        )
    return "seat_lon", "seat_lat"
