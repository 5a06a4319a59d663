import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from map_decoding import decode_numbers
from numpy.testing import assert_allclose

from spatial_coagg.errors import BoundaryError, DuplicateKeyError
from spatial_coagg.report.map_data import (
    Inset,
    MapShapes,
    check_boundaries,
    encode_shapes,
    equal_area_projection,
)


def squares(*corners: tuple[float, float], size: float = 1) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        geometry=[shapely.box(x, y, x + size, y + size) for x, y in corners],
        index=pd.Index([f"{k:02d}" for k in range(len(corners))], name="city"),
        crs="EPSG:4326",
    )


GRID = squares(*[(100 + x, 30 + y) for x in range(8) for y in range(5)])


def decode(text: str) -> list[list[list[int]]]:
    """Read rings of absolute points."""
    parts = [np.array(decode_numbers(part)).reshape(-1, 2) for part in text.split(" ")]
    return [steps.cumsum(axis=0).tolist() for steps in parts]


def area_km2(shapes: MapShapes, city: int) -> float:
    polygon = shapely.Polygon(decode(shapes.cities[city])[0])
    return float(polygon.area) * shapes.step_km**2


def test_decoded_rings_lie_within_a_step_of_the_projected_ones() -> None:
    shapes = encode_shapes(GRID, inset=None)
    flat = GRID.to_crs(shapes.projection).geometry
    for text, exact in zip(shapes.cities, flat, strict=True):
        points = shapely.points(np.array(decode(text)[0]) * shapes.step_km * 1000)
        distance = shapely.distance(exact.boundary, points)
        assert distance.max() <= shapes.step_km * 1000


def test_areas_are_those_on_the_globe() -> None:
    shapes = encode_shapes(GRID, inset=None)
    from_pole = 6371.0072**2 * np.deg2rad(1)
    exact = from_pole * (np.sin(np.deg2rad(31)) - np.sin(np.deg2rad(30)))
    assert area_km2(shapes, 0) == pytest.approx(exact, rel=0.01)


def test_neighbours_keep_their_common_border() -> None:
    wavy = np.column_stack(
        [110 + 0.01 * np.sin(np.arange(400)), np.linspace(30, 34, 400)]
    )
    west = shapely.Polygon([(106, 30), *wavy, (106, 34)])
    east = shapely.Polygon([(114, 30), *wavy, (114, 34)])
    pair = gpd.GeoDataFrame(geometry=[west, east], index=["a", "b"], crs=4326)
    first, second = encode_shapes(pair, inset=None).cities
    common = set(map(tuple, decode(first)[0])) & set(map(tuple, decode(second)[0]))
    assert 2 <= len(common) < 400
    left, right = (shapely.Polygon(decode(text)[0]) for text in (first, second))
    assert left.intersection(right).area == 0
    assert left.union(right).geom_type == "Polygon"


def test_holes_and_islands_are_rings_of_the_city() -> None:
    ring = shapely.box(100, 30, 110, 38).difference(shapely.box(103, 32, 106, 35))
    city = shapely.MultiPolygon([ring, shapely.box(112, 30, 114, 32)])
    frame = gpd.GeoDataFrame(geometry=[city], index=["a"], crs=4326)
    assert len(decode(encode_shapes(frame, inset=None).cities[0])) == 3


def test_a_city_smaller_than_the_grid_is_still_drawn() -> None:
    tiny = squares((120, 30), size=1e-5)
    both = pd.concat([GRID, tiny.set_axis(["99"])])
    [ring] = decode(encode_shapes(both, inset=None).cities[-1])
    assert len(ring) == 4


def test_the_order_of_the_cities_only_orders_the_texts() -> None:
    forward = encode_shapes(GRID, inset=None)
    back = encode_shapes(GRID.iloc[::-1], inset=None)
    assert forward.cities == back.cities[::-1]
    assert (forward.view, forward.projection) == (back.view, back.projection)


def test_china_gets_its_albers_projection() -> None:
    china = squares((73.5, 18), (134, 52.5))
    assert equal_area_projection(china).startswith(
        "+proj=aea +lat_1=23.92 +lat_2=47.58 +lat_0=35.75 +lon_0=104.25"
    )


def test_the_tropics_and_the_poles_get_an_azimuthal_projection() -> None:
    assert "+proj=laea" in equal_area_projection(squares((30, -5), (35, 4)))
    assert "+proj=laea" in equal_area_projection(squares((30, 70), (35, 85)))


def test_a_country_across_the_date_line_is_kept_together() -> None:
    fiji = squares((177, 50), (178, 50), (-180, 50), (-179, 50))
    shapes = encode_shapes(fiji, inset=None)
    west, _, east, _ = shapes.view
    assert "+lon_0=179.5" in shapes.projection
    assert (east - west) * shapes.step_km < 400


def test_a_projected_map_gives_the_same_shapes() -> None:
    projected = encode_shapes(GRID.to_crs(3857), inset=None)
    plain = encode_shapes(GRID, inset=None)
    assert projected.projection == plain.projection
    assert_allclose(projected.view, plain.view, atol=1)


def test_a_small_part_of_the_map_is_its_home() -> None:
    wide = squares(*[(100 + x, 30 + y) for x in range(6) for y in range(6)])
    few = wide.index[:2]
    shapes = encode_shapes(wide, inset=None, studied=few)
    assert shapes.home is not None
    alone = encode_shapes(wide.loc[few], inset=None, projection=shapes.projection)
    scale = alone.step_km / shapes.step_km
    inner = np.array(alone.view) * scale
    west, south, east, north = shapes.home
    edge = 0.1 * max(inner[2] - inner[0], inner[3] - inner[1])
    outer = inner + np.array([-edge, -edge, edge, edge])
    assert_allclose([west, south, east, north], outer, atol=2)
    assert encode_shapes(wide, inset=None).home is None
    assert encode_shapes(wide, inset=None, studied=wide.index[:30]).home is None


def test_with_an_inset_reefs_do_not_widen_the_view() -> None:
    reef = squares((104, 10), size=0.05).set_axis(["99"])
    sea = pd.concat([GRID, reef])
    line = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(103, 9), (105, 11)])], crs=4326
    )
    inset = Inset.around(line, margin=1)
    assert inset.bounds == (102.0, 8.0, 106.0, 12.0)
    shapes, whole = encode_shapes(sea, inset=inset), encode_shapes(sea, inset=None)
    assert shapes.view[1] > whole.view[1] + 3000
    assert shapes.inset is not None
    west, south, east, north = shapes.inset
    [[first, last]] = decode(shapes.lines[0])
    assert west < first[0] < last[0] < east
    assert south < first[1] < last[1] < north


def test_an_inset_without_lines_and_lines_that_are_areas() -> None:
    assert encode_shapes(GRID, inset=Inset((100, 30, 101, 31))).lines == ()
    area = gpd.GeoDataFrame(geometry=[shapely.box(100, 30, 101, 31)], crs=4326)
    assert len(encode_shapes(GRID, inset=Inset.around(area)).lines) == 1


def test_an_inset_turned_round_is_refused() -> None:
    with pytest.raises(BoundaryError, match="west, south, east, north in degrees"):
        Inset((20, 30, 10, 40))


def test_lines_and_boundaries_without_crs_are_refused() -> None:
    naked = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])])
    with pytest.raises(BoundaryError, match="lines of the inset has no CRS"):
        Inset.around(naked)
    with pytest.raises(BoundaryError, match=r"boundaries has no CRS.*set_crs"):
        check_boundaries(GRID.set_crs(None, allow_override=True))


def test_missing_and_foreign_geometry_is_refused_by_city() -> None:
    holed = GRID.copy()
    holed.loc["03", "geometry"] = None
    with pytest.raises(BoundaryError, match=r"1 cities .* no geometry: '03'"):
        check_boundaries(holed)
    points = GRID.set_geometry(GRID.representative_point())
    with pytest.raises(BoundaryError, match="40 cities of boundaries are not polygons"):
        check_boundaries(points)


def test_a_code_twice_is_refused() -> None:
    with pytest.raises(DuplicateKeyError, match="boundaries has 1 duplicated keys"):
        check_boundaries(pd.concat([GRID, GRID.iloc[:1]]))
