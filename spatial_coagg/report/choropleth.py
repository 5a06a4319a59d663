"""The map: cities coloured by a number, year by year, in one page without network."""

import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from spatial_coagg.checks import check_choice
from spatial_coagg.drafts import written_file
from spatial_coagg.report.map_data import (
    Inset,
    check_boundaries,
    encode_shapes,
    mercator_projection,
)
from spatial_coagg.report.map_layers import Layer, encode_layers
from spatial_coagg.report.map_names import name_cities
from spatial_coagg.report.map_page import TILES, fill_page
from spatial_coagg.report.map_what_if import WhatIfLayer, encode_what_if
from spatial_coagg.report.map_words import WORDS, Language


@dataclass(frozen=True, slots=True, eq=False)
class ChoroplethMap:
    """A finished map.

    Attributes
    ----------
    html : str
        A complete page. Leaflet, data and drawing are inside, so that it needs nothing
        beside it, unless it was drawn with ``cdn=True``.
    title : str
        Heading of the map.
    """

    html: str = field(repr=False)
    title: str

    def embed(self) -> str:
        """Return the map as an ``<iframe>`` to be put into another page.

        The frame carries the whole page in its ``srcdoc``, so the styles, scripts and
        identifiers of the two pages cannot meet. On a narrow screen, where the map
        stacks its parts, it sets its own height.
        """
        inside = self.html.replace("&", "&amp;").replace('"', "&quot;")
        return (
            f'<iframe class="coagg-frame" title="{html.escape(self.title)}" '
            f'style="width:100%;height:900px;border:0" srcdoc="{inside}"></iframe>'
        )

    def _repr_html_(self) -> str:
        """Show the map in a notebook."""
        return self.embed()

    def save(self, path: str | Path) -> Path:
        """Write the page; an interrupted write leaves the old file as it was."""
        return written_file(path, self.html)


def draw_choropleth(  # noqa: PLR0913 - each is one thing that a page shows
    boundaries: gpd.GeoDataFrame,
    layers: Mapping[str, pd.Series | Layer],
    *,
    title: str,
    names: pd.Series | pd.DataFrame | None = None,
    inset: Inset | None = None,
    what_if: WhatIfLayer | None = None,
    notice: str = "",
    credit: str = "",
    lang: Language = "en",
    cdn: bool = False,
) -> ChoroplethMap:
    """Draw cities coloured by one layer at a time, with a slider for the years.

    Parameters
    ----------
    boundaries : GeoDataFrame
        Polygons, indexed by city code, in any CRS. All of them are drawn.
    layers : mapping of title to Series or Layer
        In the order they are offered; a Series is a `Layer` with the usual choices
        (six quantile classes over all years). Index ``(city, year)`` or ``city``.
    title : str
        Heading of the page.
    names : Series or DataFrame, optional
        Names by city code: one Series, or columns ``name_en``, ``name_zh`` and any
        other ``name_*`` the search shall find. By default the columns of
        `boundaries` that begin with ``name``, else the codes.
    inset : Inset, optional
        A part drawn again in a frame of its own, and lines such as the South China
        Sea dash line: ``Inset.around(load_dash_line())``.
    what_if : WhatIfLayer, optional
        One more layer: the reader clicks a city, types a percentage and sees who gains.
    notice : str
        Stands above the title wherever the map goes, such as "Simulated data".
    credit : str
        Sources of the boundaries and the data.
    lang : {"en", "zh"}
        Language of the map's own words, and of the city names where both are given.
    cdn : bool
        Draw the small online version: Leaflet from a content delivery network, the
        cities on OpenStreetMap's tiles. It needs the network; the default needs none.

    Returns
    -------
    ChoroplethMap

    Raises
    ------
    BoundaryError
        If a geometry or the CRS is missing.
    AlignmentError
        If a layer or the what-if has a city that `boundaries` lacks.
    SpatialCoaggError
        If a layer or a choice cannot be drawn.

    Notes
    -----
    Breaks are fixed over the years, so a colour means the same in each. Values are
    rounded once, to the decimals shown, and everything the page does (classes, ranks,
    legend) is done with those numbers. The projection is equal-area, with tiles that
    of the tiles (Web Mercator). The map opens on the cities that have data where these
    take less than a third of it, else on the whole.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from spatial_coagg.report.choropleth import draw_choropleth
    >>> squares = gpd.GeoDataFrame(
    ...     {"name": ["West", "East"]},
    ...     geometry=[shapely.box(110, 30, 111, 31), shapely.box(111, 30, 112, 31)],
    ...     index=pd.Index(["A", "B"], name="city"),
    ...     crs="EPSG:4326",
    ... )
    >>> theta = pd.Series([2.1, 2.8], index=squares.index)
    >>> page = draw_choropleth(squares, {"theta": theta}, title="Synergy").html
    >>> page.startswith("<!DOCTYPE html>") and "https://" not in page.split("<body>")[1]
    True
    """
    check_choice(lang, tuple(WORDS), name="lang")
    check_boundaries(boundaries)
    ordered = boundaries.set_axis(boundaries.index.astype(str)).sort_index()
    chosen = {
        name: layer if isinstance(layer, Layer) else Layer(layer)
        for name, layer in layers.items()
    }
    years, encoded = encode_layers(chosen, cities=ordered.index)
    projection = mercator_projection(ordered) if cdn else None
    shapes = encode_shapes(
        ordered, inset=inset, projection=projection, studied=_studied(chosen)
    )
    data: dict[str, object] = {
        "title": title,
        "years": years,
        "layers": encoded,
        "names": asdict(name_cities(ordered, names=names, lang=lang)),
        "shapes": asdict(shapes),
        "tiles": TILES if cdn else None,
        "words": WORDS[lang],
    }
    if what_if is not None:
        data["what_if"] = encode_what_if(what_if, cities=ordered.index)
    texts = {"title": title, "credit": credit, "lang": lang}
    texts |= {f"words.{key}": word for key, word in WORDS[lang].items()}
    filled = {mark: html.escape(text) for mark, text in texts.items()}
    filled["notice"] = _notice(notice)
    filled["inset"] = "" if inset is None else _inset_figure(inset.title, lang)
    return ChoroplethMap(html=fill_page(filled, data, cdn=cdn), title=title)


def _studied(layers: Mapping[str, Layer]) -> pd.Index:
    """Return the cities that have a value in some layer."""
    known = [layer.values.dropna().index for layer in layers.values()]
    codes = [
        index.get_level_values("city") if index.nlevels > 1 else index
        for index in known
    ]
    return pd.Index({str(code) for some in codes for code in some})


def _notice(text: str) -> str:
    if not text:
        return ""
    return f'<p class="coagg-notice" role="note">{html.escape(text)}</p>'


def _inset_figure(title: str, lang: Language) -> str:
    caption = html.escape(title or WORDS[lang]["inset"])
    return (
        f'<figure class="coagg-inset">'
        f'<svg role="img" aria-label="{caption}"></svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
