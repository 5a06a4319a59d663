import importlib.util
from pathlib import Path

import geopandas as gpd
import libpysal.graph
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

from spatial_coagg.errors import (
    AlignmentError,
    DataWarning,
    IsolatedCityWarning,
    MissingColumnError,
    WeightsError,
)
from spatial_coagg.weights.contiguity import build_contiguity
from spatial_coagg.weights.distance import build_inverse_distance
from spatial_coagg.weights.economic import build_economic
from spatial_coagg.weights.files import read_weights, write_weights

ENDINGS = [".gal", ".gwt", ".csv", ".parquet"]


@pytest.fixture
def with_island(archipelago: gpd.GeoDataFrame) -> Graph:
    """Links of weight one, codes with leading zeros, and an island 99."""
    with pytest.warns(IsolatedCityWarning):
        return build_contiguity(archipelago, islands="keep", transform="none")


@pytest.mark.parametrize("ending", ENDINGS)
def test_links_zeros_and_islands_survive(
    tmp_path: Path, with_island: Graph, ending: str
) -> None:
    write_weights(with_island, tmp_path / f"w{ending}")
    back = read_weights(tmp_path / f"w{ending}")
    assert back.isolates.to_list() == ["99"]
    pd.testing.assert_series_equal(
        back.adjacency, with_island.adjacency, check_exact=True
    )


@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_weights_survive_to_the_last_digit(
    tmp_path: Path, seats: gpd.GeoDataFrame, ending: str
) -> None:
    graph = build_inverse_distance(seats)
    write_weights(graph, tmp_path / f"w{ending}")
    back = read_weights(tmp_path / f"w{ending}")
    pd.testing.assert_series_equal(back.adjacency, graph.adjacency, check_exact=True)
    assert back.transformation == "R"


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_codes_may_be_any_text(tmp_path: Path, ending: str) -> None:
    graph = build_economic(pd.Series({"苏州 市": 1.0, "NA": 2.0, '"x", y': 4.0}))
    write_weights(graph, tmp_path / f"w{ending}")
    assert read_weights(tmp_path / f"w{ending}").adjacency.equals(graph.adjacency)


@pytest.mark.parametrize("ending", [".gal", ".gwt"])
def test_blanks_in_codes_do_not_fit_every_format(tmp_path: Path, ending: str) -> None:
    graph = build_economic(pd.Series({"New York": 1.0, "Ithaca": 2.0}))
    with pytest.raises(WeightsError, match=r"codes hold blanks.*'New York'"):
        write_weights(graph, tmp_path / f"w{ending}")


def test_unequal_weights_do_not_fit_gal(
    tmp_path: Path, seats: gpd.GeoDataFrame
) -> None:
    with pytest.raises(WeightsError, match="holds neighbours without weights"):
        write_weights(build_inverse_distance(seats), tmp_path / "w.gal")
    assert list(tmp_path.iterdir()) == []


def test_standardised_rows_lose_their_weights_in_gal_with_a_warning(
    tmp_path: Path, lattice: gpd.GeoDataFrame
) -> None:
    with pytest.warns(DataWarning, match="rows have to be standardised again"):
        write_weights(build_contiguity(lattice), tmp_path / "w.gal")
    plain = build_contiguity(lattice, transform="none")
    assert read_weights(tmp_path / "w.gal").adjacency.equals(plain.adjacency)


@pytest.mark.parametrize("ending", [".gal", ".gwt", ".parquet"])
def test_libpysal_reads_what_is_written(tmp_path: Path, ending: str) -> None:
    graph = build_economic(pd.Series({"a": 1.0, "b": 2.0}), transform="none")
    write_weights(graph, tmp_path / f"w{ending}")
    read = getattr(libpysal.graph, f"read_{ending[1:]}")
    theirs = read(tmp_path / f"w{ending}")
    assert theirs.adjacency.to_dict() == graph.adjacency.to_dict()


@pytest.mark.parametrize("ending", ENDINGS[:2] + ENDINGS[3:])
def test_what_libpysal_writes_is_read(
    tmp_path: Path, with_island: Graph, ending: str
) -> None:
    getattr(with_island, f"to_{ending[1:]}")(tmp_path / f"w{ending}")
    back = read_weights(tmp_path / f"w{ending}")
    assert back.adjacency.to_dict() == with_island.adjacency.to_dict()


def test_weights_of_the_old_type_can_be_written(
    tmp_path: Path, with_island: Graph
) -> None:
    write_weights(with_island.to_W(), tmp_path / "w.csv")
    assert read_weights(tmp_path / "w.csv").adjacency.equals(with_island.adjacency)


def test_a_file_is_replaced_only_when_complete(
    tmp_path: Path, with_island: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "w.csv"
    file.write_text("the old file", encoding="utf-8")

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_csv", fail)
        with pytest.raises(OSError, match="disk full"):
            write_weights(with_island, file)
    assert file.read_text(encoding="utf-8") == "the old file"
    assert list(tmp_path.iterdir()) == [file]
    write_weights(with_island, file)
    assert read_weights(file).n == 7
    assert list(tmp_path.iterdir()) == [file]


def test_a_csv_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "w.csv"
    file.write_text("focal,neighbor,weight\n01,02,1\n", encoding="utf-8-sig")
    graph = read_weights(file)
    assert graph.adjacency.to_dict() == {("01", "02"): 1.0, ("02", "02"): 0.0}


def test_cities_that_a_file_leaves_out_are_islands(tmp_path: Path) -> None:
    file = tmp_path / "w.gwt"
    file.write_text("0 3 map id\n01 02 0.5\n02 01 0.5\n", encoding="utf-8")
    with pytest.raises(WeightsError, match="says it has 3 cities and names 2"):
        read_weights(file)
    assert read_weights(file, cities=["03", "02", "01"]).isolates.to_list() == ["03"]
    with pytest.raises(AlignmentError, match="cities lacks 1 of the 2 cities of"):
        read_weights(file, cities=["01", "03"])


def test_a_short_header_is_read(tmp_path: Path) -> None:
    file = tmp_path / "w.gal"
    file.write_text("3\na 1\nb\nb 1\na\nc 0\n\n", encoding="utf-8")
    assert read_weights(file).isolates.to_list() == ["c"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.gal", "", "is empty"),
        ("w.gal", "0 two map id\na 0\n", "line 1: expected the number of cities"),
        ("w.gal", "1\na b c\n", "line 2: expected a city and the number of its"),
        ("w.gal", "1\na 2\nb\n", "line 2: 'a' should have 2 neighbours; the next line"),
        ("w.gal", "1\na 2\n", "the next line has 0"),
        ("w.gal", "2\na 1\nb\na 1\nb\n", "line 4: 'a' occurs twice"),
        ("w.gal", "3\na 1\nb\nb 1\na\n", "says it has 3 cities and names 2"),
        ("w.gwt", "0 2 map id\na b\n", "line 2: expected 'focal neighbor weight'"),
        ("w.gwt", "0 2 map id\n\na b x\n", "line 3: the weight 'x' is no number"),
        ("w.csv", "focal,neighbor,weight\na,b,0\nb,a,\n", "row 3: the weight ''"),
        ("w.csv", "focal,neighbor,weight\na,b,-1\n", "weight -1 of 'b' for 'a' is neg"),
        ("w.csv", "focal,neighbor,weight\na,b,1,2\n", "rows of more cells than its"),
        ("w.csv", "focal,neighbor,weight\na,b,inf\n", "is no finite number"),
        ("w.csv", "focal,neighbor,weight\na,b,1\na,b,1\n", "1 links twice"),
        ("w.csv", "focal,neighbor,weight\na,a,1\n", "no city is its own neighbour"),
    ],
)
def test_a_malformed_file_is_refused(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError, match=message):
        read_weights(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("w.csv", "focal,neighbor,weight\n苏州,上海,1\n".encode("gb18030")),
        ("w.gal", "1\n苏州 0\n".encode("gb18030")),
        ("w.csv", b""),
        ("w.csv", b"focal,neighbor,weight\na,b,1\na,b,1,2,3\n"),
        ("w.parquet", b"focal,neighbor,weight\na,b,1\n"),
    ],
)
def test_a_file_of_another_format_is_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.\w+ cannot be read: .*must be UTF-8"):
        read_weights(tmp_path / name)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("from,to,weight\na,b,1\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match="no column 'focal', 'neighbor'"):
        read_weights(tmp_path / "w.csv")


def test_numbers_in_parquet_are_no_codes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"focal": [1], "neighbor": [2], "weight": [1.0]})
    frame.to_parquet(tmp_path / "w.parquet")
    with pytest.raises(AlignmentError, match="must be city codes, as text; found 1"):
        read_weights(tmp_path / "w.parquet")


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no such file of weights: .*none\.gal"):
        read_weights(tmp_path / "none.gal")


def test_an_absent_folder_is_named(tmp_path: Path, with_island: Graph) -> None:
    with pytest.raises(WeightsError, match=r"no such folder: .*none; make it first"):
        write_weights(with_island, tmp_path / "none" / "w.gal")


def test_an_unknown_ending_lists_the_known(tmp_path: Path, with_island: Graph) -> None:
    with pytest.raises(WeightsError, match=r"must end in \.gal, \.gwt, \.csv or"):
        write_weights(with_island, tmp_path / "w.xlsx")


def test_parquet_without_pyarrow_names_the_extra(
    tmp_path: Path, with_island: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"pip install 'spatial-coagg\[parquet\]'"):
        write_weights(with_island, tmp_path / "w.parquet")


def test_integer_weights_become_numbers(tmp_path: Path) -> None:
    (tmp_path / "w.gwt").write_text("2\na b 2\nb a 1e-3\n", encoding="utf-8")
    weights = read_weights(tmp_path / "w.gwt").adjacency
    assert weights.to_list() == [2.0, 0.001]
    assert weights.dtype == np.float64
