"""The embedded map of China's prefecture-level units and their list."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import geopandas as gpd
import pandas as pd

_BOUNDARIES = "china_prefectures.gpkg"
_CITIES = "china_cities.csv"


def load_shapes() -> gpd.GeoDataFrame:
    """Return the boundaries of China's prefecture-level units, with their attributes.

    Returns
    -------
    GeoDataFrame
        375 units in EPSG:4326, index ``city`` (six-digit code as text), sorted.
        Columns: ``name_zh``, ``name_en``, ``label_en`` (the English name, with the
        province where two units share it), ``province_zh``, ``province_en``,
        ``region`` (east, central, west; missing for Taiwan, Hong Kong and Macao),
        ``kind``, ``in_panel`` (the 285 cities that existed at every year-end
        2004-2019), ``in_sample`` (those without the four municipalities), ``seat_lon``,
        ``seat_lat`` (degrees), ``seat_name``, ``seat_population`` (persons, GeoNames)
        and ``geometry``.

    Notes
    -----
    Sources, year, licences and how the file was made: ``shapes/PROVENANCE.md``.
    Official publication in China needs a map approval number.

    Examples
    --------
    >>> shapes = load_shapes()
    >>> shapes.loc["320500", ["name_en", "name_zh", "label_en"]].tolist()
    ['Suzhou', '苏州市', 'Suzhou (Jiangsu)']
    >>> int(shapes["in_panel"].sum()), int(shapes["in_sample"].sum())
    (285, 281)
    """
    return _read_shapes().copy()


def load_city_list() -> pd.DataFrame:
    """Return the list of units without their boundaries.

    Returns
    -------
    DataFrame
        As :func:`load_shapes`, and ``note`` (how the seat was found where no place
        bears the unit's name), without ``geometry``. It reads no boundary file.

    Examples
    --------
    >>> load_city_list().loc["610100", "name_en"]
    "Xi'an"
    """
    with _folder().joinpath(_CITIES).open("r", encoding="utf-8") as stream:
        table = pd.read_csv(stream, dtype={"adcode": "str"})
    return table.set_index("adcode").rename_axis("city").sort_index()


def load_dash_line() -> gpd.GeoDataFrame:
    """Return the dash line of the South China Sea, for the inset of the map.

    Returns
    -------
    GeoDataFrame
        One row for each dash, EPSG:4326.

    Examples
    --------
    >>> set(load_dash_line().geom_type) <= {"LineString", "MultiLineString"}
    True
    """
    return gpd.read_file(_boundary_file(), layer="dash_line")


@cache
def _read_shapes() -> gpd.GeoDataFrame:
    table = gpd.read_file(_boundary_file(), layer="prefectures")
    return table.set_index("adcode").rename_axis("city").sort_index()


def _boundary_file() -> Path:
    # GDAL reads paths, not streams; an installed package is a folder.
    return Path(str(_folder().joinpath(_BOUNDARIES)))


def _folder() -> Traversable:
    """Return where the files are: in the package, or beside it in a checkout."""
    installed = files("spatial_coagg").joinpath("shapes")
    if installed.joinpath(_CITIES).is_file():
        return installed
    return Path(__file__).parents[2] / "shapes"
