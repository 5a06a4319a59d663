"""Maps in: boundaries from a file, keyed by city code, checked."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from spatial_coagg.checks import check_columns_exist, listed
from spatial_coagg.errors import BoundaryError, Problem, TableError
from spatial_coagg.tables.keys import read_codes

_KINDS = ("Polygon", "MultiPolygon", "Point")


def read_boundaries(
    path: str | Path,
    *,
    code: str,
    name: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    """Read the boundaries (or the points) of cities from a GIS file.

    Parameters
    ----------
    path : str or Path
        GeoPackage, GeoJSON, shapefile or anything else GDAL reads.
    code : str
        Column of the city codes; they are kept as text.
    name : str, optional
        Column of the names; it becomes ``name``.
    encoding : str, optional
        Of a shapefile's attributes, such as ``"gbk"``. A shapefile without a ``.cpg``
        that holds more than plain letters is refused without it.
    layer : str, optional
        Needed where the file has several.

    Returns
    -------
    GeoDataFrame
        Index ``city``, sorted; the file's other columns, CRS and geometry as they are:
        nothing is simplified or projected.

    Raises
    ------
    BoundaryError
        If the file cannot be read, its encoding is not known, it has no CRS, or it has
        several layers and none was named.
    MissingColumnError
        If `code` or `name` is no column.
    TableError
        If codes are blank or doubled, or geometries missing, invalid or neither areas
        nor points; every such row is listed (the first feature is row 1).

    Examples
    --------
    >>> import geopandas as gpd, shapely, tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> squares = gpd.GeoDataFrame(
    ...     {"adcode": ["320500", "310000"], "city": ["Suzhou", "Shanghai"]},
    ...     geometry=[shapely.box(120, 31, 121, 32), shapely.box(121, 31, 122, 32)],
    ...     crs="EPSG:4326",
    ... )
    >>> file = Path(folder.name) / "map.gpkg"
    >>> squares.to_file(file)
    >>> read_boundaries(file, code="adcode", name="city")["name"].to_dict()
    {'310000': 'Shanghai', '320500': 'Suzhou'}
    >>> folder.cleanup()
    """
    file = Path(path)
    _check_encoding(file, encoding)
    table = _read_file(file, encoding, _chosen_layer(file, layer))
    wanted = [code] if name is None else [code, name]
    check_columns_exist(table, wanted, name=str(file))
    if table.crs is None:
        raise BoundaryError(
            f"{file} does not say its coordinate reference system; add it (a .prj "
            f"file, or GeoDataFrame.set_crs) and read again"
        )
    codes, problems = read_codes(table[code], rows=range(1, len(table) + 1))
    problems.extend(_doubled(codes))
    problems.extend(_bad_geometries(table, codes))
    if problems:
        raise TableError(str(file), sorted(problems, key=lambda each: each.row or 0))
    kept = table.drop(columns=code).set_axis(pd.Index(codes, name="city"))
    if name is not None:
        kept = kept.rename(columns={name: "name"})
    return kept.sort_index()


def _check_encoding(file: Path, encoding: str | None) -> None:
    """Refuse a shapefile whose letters could be read in more than one way."""
    attributes = file.with_suffix(".dbf")
    if (
        file.suffix.lower() != ".shp"
        or encoding is not None
        or not attributes.is_file()
    ):
        return
    if file.with_suffix(".cpg").is_file() or _text_of(attributes).isascii():
        return
    raise BoundaryError(
        f"{file} has no .cpg file that names the encoding of its text; give encoding=, "
        f"such as 'gbk' for Chinese files or 'utf-8'"
    )


def _text_of(attributes: Path) -> bytes:
    """Return the column names and the records of a DBF file, without its counts."""
    content = attributes.read_bytes()
    start = int.from_bytes(content[8:10], "little")
    names = [content[place : place + 11] for place in range(32, start - 1, 32)]
    return b"".join([*names, content[start:]])


def _chosen_layer(file: Path, layer: str | None) -> str | None:
    if not file.is_file():
        raise BoundaryError(f"no such file: {file}")
    try:
        names = [str(known) for known in gpd.list_layers(file)["name"]]
    except DataSourceError as error:
        raise BoundaryError(f"{file} is not a map that can be read: {error}") from error
    if layer is None and len(names) > 1:
        raise BoundaryError(f"{file} has the layers {listed(names)}; name one: layer=")
    if layer is not None and layer not in names:
        raise BoundaryError(f"{file} has no layer {layer!r}; it has {listed(names)}")
    return layer


def _read_file(file: Path, encoding: str | None, layer: str | None) -> gpd.GeoDataFrame:
    try:
        table = gpd.read_file(file, layer=layer, encoding=encoding)
    except (DataSourceError, DataLayerError, UnicodeDecodeError, LookupError) as error:
        raise BoundaryError(
            f"{file} cannot be read with encoding {encoding!r}: {error}"
        ) from error
    if not isinstance(table, gpd.GeoDataFrame):
        raise BoundaryError(f"{file} is a table without geometries; give a map")
    return table


def _doubled(codes: pd.Series) -> Iterator[Problem]:
    times = Counter(code for code in codes if isinstance(code, str))
    for row, code in enumerate(codes, start=1):
        if isinstance(code, str) and times[code] > 1:
            yield Problem(
                f"the code occurs {times[code]} times; keep one feature for each city "
                f"(dissolve its parts)",
                row=row,
                city=code,
            )


def _bad_geometries(table: gpd.GeoDataFrame, codes: pd.Series) -> Iterator[Problem]:
    shapes = table.geometry.array
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    reasons = shapely.is_valid_reason(shapes)
    kinds = [None if shape is None else shape.geom_type for shape in shapes]
    for row, (code, absent, reason, kind) in enumerate(
        zip(codes, missing, reasons, kinds, strict=True), start=1
    ):
        city = code if isinstance(code, str) else None
        if absent:
            message = "the geometry is missing; draw it or leave the city out"
        elif kind not in _KINDS:
            message = f"the geometry is a {kind}; an area or a point is needed"
        elif reason != "Valid Geometry":
            message = f"the geometry is invalid ({reason}); repair it (make_valid)"
        else:
            continue
        yield Problem(message, row=row, city=city)
