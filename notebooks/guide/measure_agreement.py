"""Measure to how many digits the numbers of other programs are met.

Runs the tests that hold this package to `tests/reference` and records every pair of
numbers that they compare: nothing is typed, and what is measured is what is tested.
Run it where the data of the references are (SPATIAL_COAGG_SHARED):

    python notebooks/guide/measure_agreement.py

It writes `agreement.json` beside itself, from which `build_validation.py` makes a page.
With names of test files it measures those again and keeps the rows of the others.
"""

import argparse
import inspect
import json
import math
import os
import platform
import sys
from collections.abc import Generator, Iterator
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NUMBERS = ROOT / "tests" / "reference"
AGREEMENT = HERE / "agreement.json"
# The same references as the tests of models, from data that need no shared folder.
REPEATED = "test_munnell"
# What says of which data and weights a specification is, not what was found.
ABOUT = {"data", "weights", "ids", "formula", "columns", "static", "call"}
READERS = ("reference", "BANK", "specifications", "plm(", "read_results", "fixed(")
# Draws of two programs differ by chance; such comparisons have a wide tolerance.
CHANCE = 0.005
MOST_DIGITS = 15.0
KEYS = ("file", "specification", "program", "test", "drawn")
plain = json.loads
MACHINE = ("numpy", "scipy", "pandas", "linearmodels", "spatial-coagg")


class Text(str):
    """What was read from a reference file, and from which."""

    __slots__ = ("file",)


class Node(dict[str, Any]):
    """A part of a reference file that tells the recorder when it is looked at."""

    def __init__(self, content: dict[str, Any], path: tuple[str, ...]) -> None:
        super().__init__(content)
        self.path = path

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        Recorder.looked_at.add((*self.path, key))
        return super().__getitem__(key)


def follow(content: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Return parsed JSON whose dictionaries know where they stand."""
    if isinstance(content, list):
        return [follow(part, (*path, str(place))) for place, part in enumerate(content)]
    if isinstance(content, dict):
        parts = {key: follow(part, (*path, key)) for key, part in content.items()}
        return Node(parts, path)
    return content


def specification_of(path: tuple[str, ...]) -> tuple[str, str] | None:
    """Return file and name of the specification that a place in a file belongs to."""
    file, *keys = path
    if not file.startswith("spatial_"):
        return file, file.split("_", 1)[1]
    if "specifications" in keys:
        place = keys.index("specifications") + 1
        return (file, keys[place]) if place < len(keys) else None
    return (file, keys[0]) if keys and keys[0] != "source" else None


def program_of(path: tuple[str, ...]) -> str | None:
    """Return the program of a place, where a file holds several."""
    file, *keys = path
    if len(keys) < 2 or keys[0] != "results":
        return None
    if file.startswith("fe_"):
        return keys[1]
    if file.startswith("gmm_"):
        text = (NUMBERS / f"{file}.json").read_text(encoding="utf-8")
        return str(plain(text)["results"][int(keys[1])]["source"])
    return None


def list_specifications() -> set[tuple[str, str]]:
    """Return file and name of every specification of tests/reference."""
    found = set()
    for path in sorted(NUMBERS.glob("*.json")):
        content = plain(path.read_text(encoding="utf-8"))
        if not path.stem.startswith("spatial_"):
            found.add((path.stem, path.stem.split("_", 1)[1]))
            continue
        if "specifications" in content:
            content = {"": content}
        for name, part in content.items():
            inside = part.get("specifications", {name: None})
            found |= {(path.stem, each) for each in inside}
    return found


def _reads_references(item: pytest.Item) -> bool:
    """Return whether the text of a test speaks of references, or of their readers."""
    text = inspect.getsource(item.function)  # type: ignore[attr-defined]
    return any(word in text for word in READERS)


class Recorder:
    """A pytest plugin that keeps what tests compare with references."""

    looked_at: set[tuple[str, ...]] = set()  # noqa: RUF012  (shared with Node)

    def __init__(self) -> None:
        self.pairs: list[tuple[float, float, bool]] = []
        self.found: list[dict[str, Any]] = []

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        kept = [item for item in items if _reads_references(item)]
        dropped = [item for item in items if item not in kept]
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        Recorder.looked_at.clear()
        self.pairs.clear()
        result = yield
        self._keep(item)
        return result

    def _keep(self, item: pytest.Item) -> None:
        places = {
            (*specification, program)
            for path in Recorder.looked_at
            if path[-1] not in ABOUT and (specification := specification_of(path))
            for program in [program_of(path)]
        }
        named = {place[:2] for place in places if place[2] is not None}
        test = item.nodeid.split("[")[0]
        for file, name, program in places:
            if program is None and (file, name) in named:
                continue
            self.found += [
                {"file": file, "specification": name, "program": program or "",
                 "test": test, "drawn": drawn, "digits": digits(ours, theirs)}
                for ours, theirs, drawn in self.pairs
            ]  # fmt: skip

    def listen(self) -> None:
        """Put ears on the places where references are read and numbers compared."""
        read, approx, close = Path.read_text, pytest.approx, np.testing.assert_allclose
        recorder = self

        def read_text(path: Path, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401
            text = read(path, *args, **kwargs)
            if path.parent.resolve() != NUMBERS:
                return text
            marked = Text(text)
            marked.file = path.stem
            return marked

        def loads(text: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            content = plain(text, *args, **kwargs)
            return follow(content, (text.file,)) if isinstance(text, Text) else content

        def listening_approx(expected: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            made = approx(expected, *args, **kwargs)
            drawn = (kwargs.get("rel") or 0) > CHANCE

            class Heard(type(made)):  # type: ignore[misc]
                def __eq__(self, other: object) -> bool:
                    recorder.add(other, expected, drawn=drawn)
                    return bool(super().__eq__(other))

                __hash__ = None

            made.__class__ = Heard
            return made

        def assert_allclose(
            actual: Any,  # noqa: ANN401
            desired: Any,  # noqa: ANN401
            rtol: float = 1e-7,
            *args: Any,  # noqa: ANN401
            **kwargs: Any,  # noqa: ANN401
        ) -> None:
            recorder.add(actual, desired, drawn=rtol > CHANCE)
            close(actual, desired, rtol, *args, **kwargs)

        Path.read_text = read_text  # type: ignore[method-assign]
        json.loads = loads
        pytest.approx = listening_approx  # type: ignore[assignment]
        np.testing.assert_allclose = assert_allclose  # type: ignore[assignment]

    def add(self, ours: object, theirs: object, *, drawn: bool) -> None:
        """Keep the numbers of one comparison, element by element."""
        first = np.asarray(ours, dtype=np.float64)
        second = np.broadcast_to(np.asarray(theirs, dtype=np.float64), first.shape)
        self.pairs += [
            (float(a), float(b), drawn)
            for a, b in zip(first.ravel(), second.ravel(), strict=True)
            if not (math.isnan(a) and math.isnan(b))
        ]


def digits(ours: float, theirs: float) -> float:
    """Return the digits in which two numbers agree: -log10 of the relative error.

    Relative to the other program's number, as McCullough (1998) does; where that is
    below 1e-8, a zero up to rounding, absolute.
    """
    size = abs(theirs) if abs(theirs) > 1e-8 else 1.0
    error = abs(ours - theirs) / size
    if not error > 0:
        return MOST_DIGITS
    return min(MOST_DIGITS, -math.log10(error))


def _key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEYS)


def summarise(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one row for each specification, program and test."""
    for group, rows in groupby(sorted(found, key=_key_of), key=_key_of):
        reached = [row["digits"] for row in rows]
        yield {
            **dict(zip(KEYS, group, strict=True)),
            "numbers": len(reached),
            "fewest": round(min(reached), 1),
            "median": round(float(np.median(reached)), 1),
        }


def tests_with_references() -> list[str]:
    """Return the test files that read references."""
    words = ("_references import", '/ "reference"')
    return [
        str(path)
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if path.stem not in (REPEATED, "test_guide")
        and any(word in path.read_text(encoding="utf-8") for word in words)
    ]


def _kept_rows(options: argparse.Namespace) -> list[dict[str, Any]]:
    if not options.tests or not options.output.exists():
        return []
    rows = plain(options.output.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if row["test"].split("::")[0] not in options.tests]


def main() -> int:
    """Run the tests, and write what they measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=AGREEMENT)
    parser.add_argument("tests", nargs="*", help="of pytest (default: all)")
    options = parser.parse_args()
    if "SPATIAL_COAGG_SHARED" not in os.environ:
        sys.exit("SPATIAL_COAGG_SHARED must name the folder of the references' data")
    recorder = Recorder()
    files = options.tests or tests_with_references()
    recorder.listen()
    # Options of an outer run, such as its coverage, are not meant for this one.
    os.environ.pop("PYTEST_ADDOPTS", None)
    status = pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[recorder])
    if status != pytest.ExitCode.OK:
        sys.exit("not every number is met: nothing was written")
    measured = {
        "python": platform.python_version(),
        **{name: version(name) for name in MACHINE},
    }
    measured_rows = [*_kept_rows(options), *summarise(recorder.found)]
    rows = ",\n".join(json.dumps(row) for row in sorted(measured_rows, key=_key_of))
    content = f'{{"measured_with": {json.dumps(measured)},\n"rows": [\n{rows}\n]}}\n'
    options.output.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
