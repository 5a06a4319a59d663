"""The map: cities coloured by a number, year by year, in one page without network."""

import base64
import html
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import folium
import geopandas as gpd
import pandas as pd
from folium.template import Template
from xstatic.pkg import leaflet

from spatial_coagg.checks import check_choice
from spatial_coagg.report.map_data import Inset, check_boundaries, encode_shapes
from spatial_coagg.report.map_layers import Layer, encode_layers
from spatial_coagg.report.map_names import name_cities
from spatial_coagg.report.map_words import WORDS, Language

# In the order in which they build on each other.
SCRIPTS = ("map_data.js", "map_view.js", "map_panel.js", "map.js")


@dataclass(frozen=True, slots=True, eq=False)
class ChoroplethMap:
    """A finished map.

    Attributes
    ----------
    html : str
        A complete page that needs nothing beside it: Leaflet, data and drawing are
        inside.
    title : str
        Heading of the map.
    """

    html: str
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

    def save(self, path: str | Path) -> Path:
        """Write the page; an interrupted write leaves the old file as it was."""
        target = Path(path).absolute()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        fresh = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(self.html)
            fresh.chmod(0o644)
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
        return target


def draw_choropleth(
    boundaries: gpd.GeoDataFrame,
    layers: Mapping[str, pd.Series | Layer],
    *,
    title: str,
    names: pd.Series | pd.DataFrame | None = None,
    inset: Inset | None = None,
    notice: str = "",
    credit: str = "",
    lang: Language = "en",
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
    notice : str
        Stands above the title wherever the map goes, such as "Simulated data".
    credit : str
        Sources of the boundaries and the data.
    lang : {"en", "zh"}
        Language of the map's own words, and of the city names where both are given.

    Returns
    -------
    ChoroplethMap

    Raises
    ------
    BoundaryError
        If a geometry or the CRS is missing.
    AlignmentError
        If a layer has a city that `boundaries` lacks.
    SpatialCoaggError
        If a layer or a choice cannot be drawn.

    Notes
    -----
    Breaks are fixed over the years, so a colour means the same in each. Values are
    rounded once, to the decimals shown, and everything the page does (classes, ranks,
    legend) is done with those numbers. The projection is equal-area.

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
    data = {
        "title": title,
        "years": years,
        "layers": encoded,
        "names": asdict(name_cities(ordered, names=names, lang=lang)),
        "shapes": asdict(encode_shapes(ordered, inset=inset)),
        "words": WORDS[lang],
    }
    texts = {"title": title, "credit": credit, "lang": lang}
    texts |= {f"words.{key}": word for key, word in WORDS[lang].items()}
    filled = {mark: html.escape(text) for mark, text in texts.items()}
    filled |= {
        "data": _json_for_html(data),
        "notice": _notice(notice),
        "inset": "" if inset is None else _inset_figure(inset.title, lang),
    }
    return ChoroplethMap(html=_fill_skeleton(filled), title=title)


def _notice(text: str) -> str:
    if not text:
        return ""
    return f'<p class="coagg-notice" role="note">{html.escape(text)}</p>'


def _inset_figure(title: str, lang: Language) -> str:
    caption = html.escape(title or WORDS[lang]["inset"])
    return (
        f'<figure class="coagg-inset" id="coagg-inset">'
        f'<svg role="img" aria-label="{caption}"></svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _fill_skeleton(texts: Mapping[str, str]) -> str:
    """Put texts, scripts and data where folium's page has marks like ``[[title]]``.

    They do not go through folium itself, because it reads what a template returns as
    a template again: a city named ``{{ ... }}`` would be run.
    """
    filled = {
        **texts,
        "style": _asset("map.css"),
        "scripts": "\n".join(_asset(name) for name in SCRIPTS),
        "leaflet_style": _leaflet_style(),
        "leaflet_script": _leaflet_script(),
    }
    skeleton: str = _MapPage().get_root().render()
    skeleton = skeleton.replace("<html>", '<html lang="[[lang]]">', 1)
    # One pass, so that a mark within a text stays text.
    return re.sub(r"\[\[([\w.]+)\]\]", lambda mark: filled[mark.group(1)], skeleton)


def _asset(name: str) -> str:
    folder = files("spatial_coagg.report").joinpath("assets")
    return folder.joinpath(name).read_text(encoding="utf-8")


class _MapPage(folium.Map):
    """folium's map on a page of our own, without what folium loads from the web."""

    _template = Template(_asset("map.html.j2"))

    def __init__(self) -> None:
        super().__init__(
            tiles=None,
            crs="Simple",
            zoom_control=False,
            attribution_control=False,
            keyboard=False,
            zoom_snap=0,
            zoom_delta=0.5,
            wheel_px_per_zoom_level=120,
            # What is asked for while Leaflet animates a zoom is undone at its end.
            zoom_animation=False,
            fade_animation=False,
        )
        # folium's own is drawn by chance; the same map shall be the same page.
        self._id = "coagg"
        self.default_js: list[tuple[str, str]] = []
        self.default_css: list[tuple[str, str]] = []


def _json_for_html(data: Mapping[str, object]) -> str:
    """Write JSON that holds no character with a meaning in HTML."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _leaflet_script() -> str:
    script = Path(leaflet.BASE_DIR, "leaflet.js").read_text(encoding="utf-8")
    # The source map is a second file, which the page does not have.
    return re.sub(r"//# sourceMappingURL=.*", "", script)


def _leaflet_style() -> str:
    """Return Leaflet's style sheet with its images inside."""
    folder = Path(leaflet.BASE_DIR)
    style = (folder / "leaflet.css").read_text(encoding="utf-8")

    def inlined(match: re.Match[str]) -> str:
        image = base64.b64encode((folder / match.group(1)).read_bytes()).decode()
        return f"url(data:image/png;base64,{image})"

    return re.sub(r"url\((images/[\w-]+\.png)\)", inlined, style)
