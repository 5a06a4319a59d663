"""What lies beside the page: tables for a paper, maps for print, data, weights, log."""

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import geopandas as gpd
import pandas as pd
from libpysal.graph import Graph
from matplotlib.figure import Figure
from pyogrio.errors import DataLayerError, DataSourceError

from spatial_coagg.planner.atlas import atlas_layers
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.report.canvas import Canvas
from spatial_coagg.report.document import write_document
from spatial_coagg.report.latex import latex_of
from spatial_coagg.report.map_data import Inset
from spatial_coagg.report.map_layers import Layer
from spatial_coagg.report.page import Section, TextTable
from spatial_coagg.report.printed_map import draw_printed_map
from spatial_coagg.weights.files import write_weights

PrintedYears: TypeAlias = Literal["none", "last", "all"]
# Dots per inch; steps of simplification along the longer side of a map.
DPI, STEPS = 300, 1500
# Letters of a name of a file.
_LONGEST = 60


def write_outputs(
    folder: Path,
    results: StudyResults,
    sections: Sequence[Section],
    weights: dict[str, Graph],
    *,
    maps: PrintedYears = "last",
    tell: Callable[[str], None],
) -> None:
    """Write ``tables/``, ``maps/``, ``data/`` and ``weights/`` into a report's folder.

    Parameters
    ----------
    folder : Path
    results : StudyResults
    sections : sequence of Section
        The page's chapters: each of their tables becomes a Word and a LaTeX file.
    weights : dict of str to Graph
        By name.
    maps : {"none", "last", "all"}
        Years of the printed maps.
    tell : callable
        Told in words what is being written.
    """
    tell("Writing tables, data and weights")
    _write_tables(folder / "tables", sections, results.settings.notice)
    _write_data(folder / "data", results)
    _write_weights(folder / "weights", weights)
    if maps != "none":
        tell("Drawing maps for print")
        _write_maps(folder / "maps", results, maps)


def _write_tables(folder: Path, sections: Sequence[Section], notice: str) -> None:
    folder.mkdir()
    number = 0
    for section in sections:
        for block in section.blocks:
            if not isinstance(block, TextTable):
                continue
            number += 1
            name = f"{number:02d}-{section.anchor}-{_slug(block.caption)}"
            write_document(block, folder / f"{name}.docx", notice=notice)
            text = f"% {notice}\n{latex_of(block)}" if notice else latex_of(block)
            (folder / f"{name}.tex").write_text(text, encoding="utf-8")


def _write_data(folder: Path, results: StudyResults) -> None:
    folder.mkdir()
    tables = {
        "theta": results.thetas,
        "quotients": results.quotients.values,
        "variables": results.variables.frame,
        "clusters": results.local.frame,
    }
    if results.spatial_effects is not None:
        tables["effects_received"] = results.spatial_effects.received
        tables["effects_given"] = results.spatial_effects.given
    for name, table in tables.items():
        # The mark at the start tells Excel that the text is UTF-8.
        _for_spreadsheets(table).to_csv(
            folder / f"{name}.csv", encoding="utf-8-sig", lineterminator="\n"
        )
    _write_places(folder / "cities.gpkg", _places(results))


def _write_places(path: Path, places: gpd.GeoDataFrame) -> None:
    try:
        # A full disk cuts an index off without a word, and so few polygons need none.
        places.to_file(path, driver="GPKG", layer="cities", SPATIAL_INDEX="NO")
    except (DataLayerError, DataSourceError) as error:
        # A full disk, in the words of the database; the caller knows an OSError.
        raise OSError(f"{path.name} could not be written: {error}") from error


def _for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """Put a quote before text that a spreadsheet would take for a formula."""
    texts = table.select_dtypes(include=["object", "str", "category"])
    harmless = texts.astype("object").map(_harmless)
    return pd.concat([table.drop(columns=texts.columns), harmless], axis="columns")[
        list(table.columns)
    ]


def _harmless(value: object) -> object:
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@")
    return f"'{value}" if is_formula else value


def _places(results: StudyResults) -> gpd.GeoDataFrame:
    """Return the map with the last year's thetas and classes."""
    last = max(results.theta.index.unique("year"))
    thetas = results.thetas.xs(last, level="year")
    classes = results.local.of_year(int(last)).frame["cluster"].astype(str)
    columns = thetas.join(classes)
    shapes = results.boundaries
    attributes = results.inputs.attributes.loc[shapes.index]
    shown = attributes.astype(object).where(attributes.notna(), None)
    table = shown.join(columns.add_suffix(f"_{last}"))
    return gpd.GeoDataFrame(table, geometry=shapes.geometry, crs=shapes.crs)


def _write_weights(folder: Path, weights: dict[str, Graph]) -> None:
    folder.mkdir()
    for name, graph in weights.items():
        write_weights(graph, folder / f"{_slug(name)}.csv")


def _write_maps(folder: Path, results: StudyResults, maps: PrintedYears) -> None:
    folder.mkdir()
    lines = results.inputs.dash_line
    inset = None if lines is None else Inset.around(lines)
    studied = results.theta.index.unique("city")
    canvas = Canvas.of(results.boundaries, inset, steps=STEPS, studied=studied)
    for title, layer in atlas_layers(results).items():
        for year in _years(layer, maps):
            figure = draw_printed_map(
                canvas,
                layer,
                title=title,
                year=year,
                notice=results.settings.notice,
                credit=results.inputs.credit,
                lang=results.settings.language,
            )
            name = _slug(title) if year is None else f"{_slug(title)}-{year}"
            _save_figure(figure, folder / name)


def _save_figure(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():
        # Said once already, in words, where no font shows Chinese.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(f"{path}.png", dpi=DPI, metadata={"Software": None})
        nothing = {"Creator": None, "CreationDate": None}
        figure.savefig(f"{path}.pdf", metadata=nothing)


def _years(layer: Layer, maps: PrintedYears) -> Iterator[int | None]:
    if layer.values.index.nlevels == 1:
        yield None
        return
    years = sorted(int(year) for year in layer.values.index.unique("year"))
    yield from years if maps == "all" else years[-1:]


def _slug(text: str) -> str:
    """Return text as a name of a file: words of small letters and digits."""
    words = re.findall(r"\w+", text.lower().replace("θ", "theta"))
    while len(words) > 1 and len("-".join(words)) > _LONGEST:
        words.pop()
    return "-".join(words)[:_LONGEST] or "table"
