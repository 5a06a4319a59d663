from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from spatial_coagg.errors import BoundaryError, MissingColumnError, TableError
from spatial_coagg.tables.boundaries import read_boundaries

LEFT, RIGHT = shapely.box(120, 31, 121, 32), shapely.box(121, 31, 122, 32)


def squares(
    codes: list[object] | None = None,
    shapes: list[BaseGeometry | None] | None = None,
    crs: str | None = "EPSG:4326",
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": codes or ["320500", "310000"],
            "label": ["苏州市", "上海市"],
            "area": [1.0, 2.0],
        },
        geometry=shapes or [LEFT, RIGHT],
        crs=crs,
    )


def saved(folder: Path, table: gpd.GeoDataFrame, name: str = "map.gpkg") -> Path:
    path = folder / name
    table.to_file(path)
    return path


@pytest.mark.parametrize("name", ["map.gpkg", "map.geojson"])
def test_a_map_is_keyed_by_code_and_sorted(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, squares(), name)
    table = read_boundaries(path, code="code", name="label")
    assert table.index.tolist() == ["310000", "320500"]
    assert table.index.name == "city"
    assert table["name"].tolist() == ["上海市", "苏州市"]
    assert table["area"].tolist() == [2.0, 1.0]
    assert table.crs.to_epsg() == 4326


def test_numbers_become_text(tmp_path: Path) -> None:
    path = saved(tmp_path, squares([320500.0, 310000.0]))
    assert read_boundaries(path, code="code").index.tolist() == ["310000", "320500"]


def shapefile(folder: Path, *, cpg: bool) -> Path:
    path = folder / "map.shp"
    squares().to_file(path, encoding="gbk")
    if not cpg:
        path.with_suffix(".cpg").unlink()
    return path


def test_a_gbk_shapefile_without_cpg_is_refused_without_its_encoding(
    tmp_path: Path,
) -> None:
    with pytest.raises(BoundaryError, match="such as 'gbk'"):
        read_boundaries(shapefile(tmp_path, cpg=False), code="code")


def test_a_gbk_shapefile_is_read_with_its_encoding(tmp_path: Path) -> None:
    path = shapefile(tmp_path, cpg=False)
    table = read_boundaries(path, code="code", name="label", encoding="gbk")
    assert table["name"].tolist() == ["上海市", "苏州市"]


def test_a_shapefile_with_cpg_needs_no_encoding(tmp_path: Path) -> None:
    path = shapefile(tmp_path, cpg=True)
    table = read_boundaries(path, code="code", name="label")
    assert table["name"].tolist() == ["上海市", "苏州市"]


def test_a_shapefile_of_plain_letters_needs_no_encoding(tmp_path: Path) -> None:
    path = tmp_path / "map.shp"
    squares().drop(columns="label").to_file(path)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    assert len(read_boundaries(path, code="code")) == 2


def test_a_wrong_encoding_is_named(tmp_path: Path) -> None:
    path = shapefile(tmp_path, cpg=False)
    with pytest.raises(BoundaryError, match="'no-such-code'"):
        read_boundaries(path, code="code", encoding="no-such-code")


def test_a_missing_crs_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        path = saved(tmp_path, squares(crs=None))
    with pytest.raises(BoundaryError, match="coordinate reference system"):
        read_boundaries(path, code="code")


def test_an_absent_column_lists_the_present_ones(tmp_path: Path) -> None:
    path = saved(tmp_path, squares())
    with pytest.raises(MissingColumnError, match="'code', 'label'"):
        read_boundaries(path, code="adcode")


def test_all_bad_rows_are_reported_together(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    line = shapely.LineString([(0, 0), (1, 1)])
    table = gpd.GeoDataFrame(
        {"code": ["1", "1", "2", "3", None]},
        geometry=[LEFT, None, bow_tie, line, RIGHT],
        crs="EPSG:4326",
    )
    path = saved(tmp_path, table, "map.geojson")
    with pytest.raises(TableError) as caught:
        read_boundaries(path, code="code")
    text = str(caught.value)
    for part in (
        "row 1, city 1: the code occurs 2 times",
        "row 2, city 1: the geometry is missing",
        "row 3, city 2: the geometry is invalid (Self-intersection",
        "row 4, city 3: the geometry is a LineString",
        "row 5, column code",
    ):
        assert part in text


def test_points_are_welcome(tmp_path: Path) -> None:
    points = squares(shapes=[shapely.Point(120, 31), shapely.Point(121, 31)])
    assert len(read_boundaries(saved(tmp_path, points), code="code")) == 2


def test_several_layers_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    squares().to_file(path, layer="one")
    squares().to_file(path, layer="two")
    with pytest.raises(BoundaryError, match="name one: layer="):
        read_boundaries(path, code="code")
    with pytest.raises(BoundaryError, match="no layer 'three'"):
        read_boundaries(path, code="code", layer="three")
    assert len(read_boundaries(path, code="code", layer="two")) == 2


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BoundaryError, match="no such file"):
        read_boundaries(tmp_path / "no.gpkg", code="code")


def test_a_file_that_is_no_map_is_named(tmp_path: Path) -> None:
    (tmp_path / "map.gpkg").write_text("not a map")
    with pytest.raises(BoundaryError, match="not a map that can be read"):
        read_boundaries(tmp_path / "map.gpkg", code="code")


def test_a_table_without_geometry_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("code,x\n1,2\n")
    with pytest.raises(BoundaryError, match="without geometries"):
        read_boundaries(tmp_path / "table.csv", code="code")


def test_nothing_is_simplified(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 500))
    ring = np.column_stack([120 + np.cos(angles), 31 + np.sin(angles)])
    path = saved(tmp_path, squares(shapes=[shapely.Polygon(ring), RIGHT]))
    table = read_boundaries(path, code="code")
    assert shapely.get_num_coordinates(table.geometry["320500"]) == 501
    assert isinstance(table.index, pd.Index)
