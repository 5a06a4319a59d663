import os
from importlib.resources.abc import Traversable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph

from spatial_coagg.tables import shapes as module
from spatial_coagg.tables.shapes import load_city_list, load_dash_line, load_shapes

SHAPES = Path(__file__).parents[2] / "shapes"
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m"
SHARED = os.environ.get("SPATIAL_COAGG_SHARED")
needs_shared = pytest.mark.skipif(
    SHARED is None, reason="SPATIAL_COAGG_SHARED is unset"
)


def links(units: gpd.GeoDataFrame) -> set[tuple[str, str]]:
    pairs = Graph.build_contiguity(units, rook=False).adjacency.index
    return {(focal, other) for focal, other in pairs if focal < other}


def test_the_file_is_small() -> None:
    assert (SHAPES / "china_prefectures.gpkg").stat().st_size <= 1_500_000


def test_every_unit_is_a_valid_polygon_in_degrees() -> None:
    units = load_shapes()
    assert len(units) == 375
    assert units.crs.to_epsg() == 4326
    assert units.is_valid.all()
    assert set(units.geom_type) <= {"Polygon", "MultiPolygon"}


def test_neighbours_share_their_borders() -> None:
    units = load_shapes()
    assert shapely.coverage_is_valid(units.geometry.array)
    assert len(links(units)) == 979


def test_codes_are_unique_sorted_text() -> None:
    codes = load_shapes().index
    assert codes.is_unique
    assert codes.is_monotonic_increasing
    assert codes.str.fullmatch(r"\d{6}").all()


def test_the_sample_is_that_of_the_paper() -> None:
    units = load_city_list()
    assert units["in_panel"].sum() == 285
    counts = units.loc[units["in_sample"], "region"].value_counts()
    assert counts.to_dict() == {"central": 100, "east": 97, "west": 84}


def test_labels_are_unique_where_names_are_not() -> None:
    units = load_city_list()
    assert units["label_en"].is_unique
    assert units.loc["341300", "label_en"] == "Suzhou (Anhui)"


def test_taiwan_hong_kong_and_macao_are_on_the_map_without_region() -> None:
    units = load_shapes()
    assert units.loc[["710000", "810000", "820000"], "region"].isna().all()


def test_the_dash_line_lies_in_the_south_china_sea() -> None:
    west, south, east, north = load_dash_line().total_bounds
    assert 105 < west < east < 125
    assert 2 < south < north < 27


def test_a_loaded_map_can_be_changed_without_harm() -> None:
    first = load_shapes()
    first["name_en"] = "changed"
    assert load_shapes().loc["320500", "name_en"] == "Suzhou"


def test_an_installed_package_finds_its_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "china_cities.csv").touch()

    def installed(_package: str) -> Traversable:
        return tmp_path

    monkeypatch.setattr(module, "files", installed)
    assert module._folder() == tmp_path / "shapes"


@needs_shared
def test_the_roster_agrees_with_a_second_one() -> None:
    theirs = pd.read_csv(f"{SHARED}/data/china/cities.csv", dtype={"adcode": "str"})
    theirs = theirs.set_index("adcode")
    ours = load_city_list().loc[theirs.index]
    renamed = {"in_panel_2004_2019": "in_panel", "in_sample_281": "in_sample"}
    same = ["name_zh", "province_zh", "region", "kind", "in_panel", "in_sample"]
    pd.testing.assert_frame_equal(
        ours[same], theirs.rename(columns=renamed)[same], check_names=False
    )
    plain = ours["name_en"].str.replace("'", "").str.lower()
    assert (plain == theirs["name_en"].str.replace("'", "").str.lower()).all()
    panel = ours.index[ours["in_panel"]]
    away = ours.loc[panel, ["seat_lon", "seat_lat"]] - theirs.loc[
        panel, ["seat_lon", "seat_lat"]
    ].astype(float)
    assert np.abs(away.to_numpy()).max() < 0.05


@needs_shared
def test_neighbours_agree_with_a_second_map() -> None:
    path = f"{SHARED}/data/china/mapchina_prefectures_10pct.gpkg"
    theirs = gpd.read_file(path).astype({"adcode": "str"}).set_index("adcode")
    ours = load_shapes()
    common = set(theirs.index)
    here = {pair for pair in links(ours) if common.issuperset(pair)}
    there = links(theirs)
    assert (len(here), len(there), len(here & there)) == (966, 963, 961)
