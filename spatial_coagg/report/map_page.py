"""The page of a map: folium's skeleton filled with Leaflet, scripts and data."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import folium
from folium.template import Template
from xstatic.pkg import leaflet

# In the order in which they build on each other.
SCRIPTS = (
    "map_data.js",
    "map_what_if.js",
    "map_view.js",
    "map_panel.js",
    "map_tip.js",
    "map_search.js",
    "map_side.js",
    "map_question.js",
    "map.js",
)
# Drawn in WGS 84, as the boundaries are; tiles in GCJ-02 would be half a km away.
TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
TILES_CREDIT = (
    'Tiles: © <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> '
    "contributors."
)
CDN = "https://cdn.jsdelivr.net/npm/leaflet@{version}/dist/{name}"


def fill_page(
    texts: Mapping[str, str], data: Mapping[str, object], *, cdn: bool
) -> str:
    """Put texts, scripts and data where folium's page has marks like ``[[title]]``.

    They do not go through folium itself, because it reads what a template returns as
    a template again: a city named ``{{ ... }}`` would be run.

    Parameters
    ----------
    texts : mapping of mark to HTML
        Escaped already.
    data : mapping
        What the scripts read.
    cdn : bool
        Whether Leaflet comes from the web and the map lies on tiles.
    """
    filled = {
        **texts,
        "data": json_for_html(data),
        "style": _asset("map.css"),
        "scripts": "\n".join(_asset(name) for name in SCRIPTS),
        "leaflet": _linked_leaflet() if cdn else _inlined_leaflet(),
        "tiles_credit": f"<span>{TILES_CREDIT}</span>" if cdn else "",
    }
    skeleton: str = _MapPage(cdn=cdn).get_root().render()
    skeleton = skeleton.replace("<html>", '<html lang="[[lang]]">', 1)
    # One pass, so that a mark within a text stays text.
    return re.sub(r"\[\[([\w.-]+)\]\]", lambda mark: filled[mark.group(1)], skeleton)


def json_for_html(data: Mapping[str, object]) -> str:
    """Write JSON that holds no character with a meaning in HTML."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _asset(name: str) -> str:
    folder = files("spatial_coagg.report").joinpath("assets")
    return folder.joinpath(name).read_text(encoding="utf-8")


class _MapPage(folium.Map):
    """folium's map on a page of our own, without what folium loads from the web."""

    _template = Template(_asset("map.html.j2"))

    def __init__(self, *, cdn: bool) -> None:
        super().__init__(
            tiles=None,
            crs="EPSG3857" if cdn else "Simple",
            zoom_control=False,
            attribution_control=False,
            keyboard=False,
            # Tiles are sharp at whole zooms only.
            zoom_snap=1 if cdn else 0,
            zoom_delta=1 if cdn else 0.5,
            wheel_px_per_zoom_level=120,
            # What is asked for while Leaflet animates a zoom is undone at its end.
            zoom_animation=False,
            fade_animation=False,
        )
        # folium's own is drawn by chance; the same map shall be the same page.
        self._id = "coagg"
        self.default_js: list[tuple[str, str]] = []
        self.default_css: list[tuple[str, str]] = []


def _linked_leaflet() -> str:
    """Link the very files that are inlined otherwise: the hash lets no other pass."""
    version = ".".join(leaflet.VERSION.split(".")[:3])

    def linked(name: str) -> tuple[str, str]:
        digest = hashlib.sha256(Path(leaflet.BASE_DIR, name).read_bytes()).digest()
        safe = f"sha256-{base64.b64encode(digest).decode()}"
        url = html.escape(CDN.format(version=version, name=name))
        return url, f'integrity="{safe}" crossorigin="anonymous"'

    style, style_safe = linked("leaflet.css")
    script, script_safe = linked("leaflet.js")
    return (
        f'<link rel="stylesheet" href="{style}" {style_safe}>\n'
        f'<script src="{script}" {script_safe}></script>'
    )


def _inlined_leaflet() -> str:
    return f"<style>{_leaflet_style()}</style>\n<script>{_leaflet_script()}</script>"


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
