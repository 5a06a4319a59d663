"""Weights in files: .gal, .gwt, .csv and .parquet."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from spatial_coagg._typing import FloatArray
from spatial_coagg.checks import (
    check_cities_covered,
    check_columns_exist,
    listed,
    warn_user,
)
from spatial_coagg.drafts import replaced_file
from spatial_coagg.errors import DataWarning, SpatialCoaggError, WeightsError
from spatial_coagg.weights._matrix import largest_shares, neighbour_counts
from spatial_coagg.weights.links import Links, make_links, read_cities, read_links

COLUMNS = ("focal", "neighbor", "weight")


def read_weights(
    path: str | Path, *, cities: pd.Index | Sequence[str] | None = None
) -> Graph:
    """Read weights from a file; codes stay text, with their leading zeros.

    Parameters
    ----------
    path : str or Path
        The ending tells the format: ``.gal`` (neighbours without weights), ``.gwt``
        (lines "focal neighbor weight"), ``.csv`` or ``.parquet`` (columns focal,
        neighbor, weight). Text is UTF-8.
    cities : Index or sequence of str, optional
        All the cities there are. Those that the file does not name have no neighbours;
        some programs leave them out of a .gwt file.

    Returns
    -------
    Graph
        Sorted by city code, with the weights of the file (one each from .gal); see
        `transformed` to row-standardise.

    Raises
    ------
    WeightsError
        If the file is absent, of another ending or malformed (naming the line), or
        lacks cities that its header counts.
    AlignmentError
        If codes are no text, or the file names a city that `cities` lacks.

    Notes
    -----
    A city without neighbours is written as a link to itself of weight zero, as in a
    Graph, and in .gal as a city of no neighbours. GeoDa writes distances, not weights,
    in the third column of a .gwt file: they are taken as they stand.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from pathlib import Path
    >>> from spatial_coagg.weights.economic import build_economic
    >>> from spatial_coagg.weights.files import read_weights, write_weights
    >>> graph = build_economic(pd.Series({"01": 1.0, "02": 2.0, "03": 4.0}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_weights(graph, Path(folder) / "economic.csv")
    ...     read_weights(Path(folder) / "economic.csv").adjacency.equals(
    ...         graph.adjacency
    ...     )
    True
    """
    file = Path(path)
    if not file.is_file():
        raise WeightsError(f"no such file of weights: {file}")
    rows = _read_rows(file)
    named = read_cities(list(dict.fromkeys(rows.cities)), name=f"the ids of {file}")
    if cities is None:
        rows.check_count(len(named), file)
        labels = named.sort_values()
    else:
        labels = read_cities(cities, name="cities").sort_values()
        check_cities_covered(named, labels, name="cities", of=str(file))
    return make_links(
        labels,
        labels.get_indexer(pd.Index(rows.focal, dtype="str")),
        labels.get_indexer(pd.Index(rows.neighbour, dtype="str")),
        rows.weight,
        name=str(file),
    ).to_graph()


def write_weights(weights: Graph | W, path: str | Path) -> None:
    """Write weights to a file that :func:`read_weights` reads back to the last digit.

    Parameters
    ----------
    weights : Graph or libpysal.weights.W
    path : str or Path
        The ending tells the format: ``.gal``, ``.gwt``, ``.csv`` or ``.parquet``. A
        file that is there is replaced, at once and only when the new one is complete.

    Raises
    ------
    WeightsError
        If the ending is another, the folder is absent, codes hold blanks (.gal and
        .gwt separate by blanks), rows of unequal weights would go to .gal, or .parquet
        is asked for without pyarrow.

    Warns
    -----
    DataWarning
        If weights other than one go to .gal, which keeps the links only.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from pathlib import Path
    >>> from spatial_coagg.weights.economic import build_economic
    >>> from spatial_coagg.weights.files import write_weights
    >>> graph = build_economic(pd.Series({"01": 1.0, "02": 2.0, "03": 4.0}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_weights(graph, Path(folder) / "economic.gwt")
    ...     print((Path(folder) / "economic.gwt").read_text()[:33])
    0 3 unknown city
    01 02 0.75
    01 03
    """
    file = Path(path)
    writers: dict[str, Callable[[Links, Path], None]] = {
        ".gal": _write_gal,
        ".gwt": _write_gwt,
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    write = writers[_ending(file)]
    if not file.parent.is_dir():
        raise WeightsError(f"no such folder: {file.parent}; make it first")
    links = read_links(weights, name="weights")
    links = links.reordered(links.cities.sort_values())
    with replaced_file(file) as draft:
        write(links, draft)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a file says: its cities, and one entry per link in the other fields."""

    cities: list[str]
    focal: list[str]
    neighbour: list[str]
    weight: FloatArray
    count: int | None = None

    def check_count(self, found: int, file: Path) -> None:
        """Raise unless the file names as many cities as its header says."""
        if self.count is not None and self.count != found:
            raise WeightsError(
                f"{file} says it has {self.count} cities and names {found}; if the "
                f"others have no neighbours, give all codes as cities="
            )


def _read_rows(file: Path) -> _Rows:
    readers: dict[str, Callable[[Path], _Rows]] = {
        ".gal": _read_gal,
        ".gwt": _read_gwt,
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    read = readers[_ending(file)]
    try:
        return read(file)
    except SpatialCoaggError:
        raise
    except ValueError as error:
        # pandas, pyarrow and the decoder of text each have their own kind of it.
        raise WeightsError(
            f"{file} cannot be read: {str(error).strip()}; text must be UTF-8, and the "
            f"ending must tell the format"
        ) from error


def _ending(file: Path) -> str:
    ending = file.suffix.lower()
    if ending not in {".gal", ".gwt", ".csv", ".parquet"}:
        raise WeightsError(
            f"{file.name} must end in .gal, .gwt, .csv or .parquet; got {ending!r}"
        )
    if ending == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise WeightsError(
            f"{file.name}: parquet needs pyarrow; install it with "
            f"pip install 'spatial-coagg[parquet]', or use .csv"
        )
    return ending


def _numbered_lines(file: Path) -> list[tuple[int, list[str]]]:
    text = file.read_text(encoding="utf-8-sig")
    lines = [
        (number, line.split())
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]
    if not lines:
        raise WeightsError(f"{file} is empty")
    return lines


def _header_count(file: Path, header: list[str]) -> int:
    # The first line is "N", or "0 N layer key".
    count = header[1] if len(header) > 1 else header[0]
    if not count.isdecimal():
        raise WeightsError(
            f"{file}, line 1: expected the number of cities, or '0 N layer key'; "
            f"found {' '.join(header)!r}"
        )
    return int(count)


def _read_gal(file: Path) -> _Rows:
    (_, header), *body = _numbered_lines(file)
    neighbours: dict[str, list[str]] = {}
    lines = iter(body)
    for number, tokens in lines:
        if len(tokens) != 2 or not tokens[1].isdecimal():
            raise WeightsError(
                f"{file}, line {number}: expected a city and the number of its "
                f"neighbours; found {' '.join(tokens)!r}"
            )
        city, count = tokens[0], int(tokens[1])
        if city in neighbours:
            raise WeightsError(f"{file}, line {number}: {city!r} occurs twice")
        found = next(lines, (number, []))[1] if count > 0 else []
        if len(found) != count:
            raise WeightsError(
                f"{file}, line {number}: {city!r} should have {count} neighbours; "
                f"the next line has {len(found)}"
            )
        neighbours[city] = found
    focal = [city for city, found in neighbours.items() for _ in found]
    others = [other for found in neighbours.values() for other in found]
    return _Rows(
        cities=[*neighbours, *others],
        focal=focal,
        neighbour=others,
        weight=np.ones(len(focal)),
        count=_header_count(file, header),
    )


def _read_gwt(file: Path) -> _Rows:
    (_, header), *body = _numbered_lines(file)
    for number, tokens in body:
        if len(tokens) != 3:
            raise WeightsError(
                f"{file}, line {number}: expected 'focal neighbor weight'; found "
                f"{' '.join(tokens)!r}"
            )
    frame = pd.DataFrame([tokens for _, tokens in body], columns=list(COLUMNS))
    places = [f"line {number}" for number, _ in body]
    return _rows_of_frame(frame, file, places, count=_header_count(file, header))


def _read_csv(file: Path) -> _Rows:
    frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not isinstance(frame.index, pd.RangeIndex):
        # pandas takes the surplus on the left for row labels, which shifts the rest.
        raise WeightsError(f"{file} has rows of more cells than its header; mend them")
    return _rows_of_frame(frame, file, [f"row {row + 2}" for row in range(len(frame))])


def _read_parquet(file: Path) -> _Rows:
    frame = pd.read_parquet(file).reset_index()
    return _rows_of_frame(frame, file, [f"row {row + 1}" for row in range(len(frame))])


def _rows_of_frame(
    frame: pd.DataFrame, file: Path, places: list[str], *, count: int | None = None
) -> _Rows:
    check_columns_exist(frame, COLUMNS, name=str(file))
    weight = pd.to_numeric(frame["weight"], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(np.isnan(weight))
    if len(wrong) > 0:
        raise WeightsError(
            f"{file}, {places[wrong[0]]}: the weight {frame['weight'].iloc[wrong[0]]!r}"
            f" is no number ({len(wrong)} such); write 0.5, not 0,5 or 50%"
        )
    focal, neighbour = frame["focal"].to_list(), frame["neighbor"].to_list()
    return _Rows([*focal, *neighbour], focal, neighbour, weight, count)


def _write_gal(links: Links, draft: Path) -> None:
    _check_no_blanks(links.cities)
    counts = neighbour_counts(links.matrix)
    shares = largest_shares(links.matrix)[counts > 0]
    if not np.allclose(shares * counts[counts > 0], 1.0, rtol=1e-9):
        raise WeightsError(
            "a .gal file holds neighbours without weights, and these weights differ "
            "within a row; write .gwt, .csv or .parquet"
        )
    if not np.all(links.matrix.data == 1):
        warn_user(
            "a .gal file holds neighbours without weights; read back, each weight is "
            "one and rows have to be standardised again",
            DataWarning,
        )
    names = links.cities.to_numpy()
    lines = [f"0 {len(names)} unknown city"]
    for row, city in enumerate(names):
        start, stop = links.matrix.indptr[row : row + 2]
        found = names[links.matrix.indices[start:stop]]
        lines += [f"{city} {len(found)}", " ".join(found)]
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _write_gwt(links: Links, draft: Path) -> None:
    _check_no_blanks(links.cities)
    lines = [f"0 {len(links.cities)} unknown city"]
    lines += [
        f"{focal} {neighbour} {weight!r}"
        for (focal, neighbour), weight in links.to_graph().adjacency.to_dict().items()
    ]
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _write_csv(links: Links, draft: Path) -> None:
    table = links.to_graph().adjacency.reset_index()
    table.to_csv(draft, index=False, encoding="utf-8", lineterminator="\n")


def _write_parquet(links: Links, draft: Path) -> None:
    links.to_graph().to_parquet(draft)


def _check_no_blanks(cities: pd.Index) -> None:
    broken = [city for city in cities if city.split() != [city]]
    if broken:
        raise WeightsError(
            f"codes hold blanks, which separate the columns of this format: "
            f"{listed(broken)}; write .csv or .parquet"
        )
