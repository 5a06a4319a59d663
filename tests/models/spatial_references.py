"""The spatial reference data: panels and weights as our types, numbers by name."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph

from spatial_coagg.tables.panel import Panel

NUMBERS = Path(__file__).parents[1] / "reference"
# Names that the reference bank gives to transformed columns.
_FORMS = {
    "log(rgdp)": "lrgdp",
    "log(bank)": "lbank",
    "log(den)": "lden",
    "log(agen)": "lagen",
    "log(fam)": "lfam",
    "log(ppcd)": "lppcd",
    "log(goutput)": "lgoutput",
    "log(seed)": "lseed",
    "log(urea+1)": "lurea1",
    "log(totlabor)": "ltotlabor",
    "log(size)": "lsize",
    "log(PRICE)": "lprice",
}


@cache
def specifications(part: str = "fixed_effects") -> dict[str, Any]:
    """Return the numbers of every specification of one part of the bank."""
    text = (NUMBERS / f"spatial_{part}.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["specifications"])


def data_folder() -> Path:
    """Return the reference data, or skip the test where they are not."""
    shared = os.environ.get("SPATIAL_COAGG_SHARED")
    if shared is None:
        pytest.skip("SPATIAL_COAGG_SHARED is not set")
    return Path(shared) / "reference" / "spatial" / "data"


def named(numbers: int) -> list[str]:
    return [f"{place:04d}" for place in range(numbers)]


@cache
def reference_weights(name: str) -> Graph:
    """Return a weight matrix of the bank, its places numbered in its order."""
    table = pd.read_csv(data_folder() / name)
    matrix = table.iloc[:, -len(table) :].to_numpy(dtype=np.float64)
    rows, columns = np.nonzero(matrix)
    codes = np.array(named(len(table)))
    index = pd.MultiIndex.from_arrays(
        [codes[rows], codes[columns]], names=["focal", "neighbor"]
    )
    return Graph(pd.Series(matrix[rows, columns], index=index, name="weight"))


@cache
def reference_panel(
    name: str, part: str = "fixed_effects"
) -> tuple[Panel, str, tuple[str, ...]]:
    """Return the panel of a specification, its outcome and its drivers."""
    spec = specifications(part)[name]
    table = pd.read_csv(data_folder() / spec["data"])
    if spec["ids"] is None:
        table["city"], table["year"] = named(len(table)), 2000
    else:
        unit, time = spec["ids"]
        codes = {key: named(9999)[i] for i, key in enumerate(sorted(set(table[unit])))}
        years = table[time].astype(int)
        table["city"] = table[unit].map(codes)
        table["year"] = years + (1900 if years.max() < 1900 else 0)
    plain = re.sub(r"\s*(\[|\(logs).*", "", spec["formula"])
    outcome, rest = (part.strip() for part in plain.split("~"))
    columns = {}
    for term in (outcome, *re.split(r"\+(?!\d)", rest)):
        form = term.strip()
        columns[_FORMS.get(form, form)] = _column(table, form)
    frame = pd.DataFrame(columns).assign(city=table["city"], year=table["year"])
    names = list(columns)
    return Panel.from_frame(frame, city="city", year="year"), names[0], tuple(names[1:])


def _column(table: pd.DataFrame, form: str) -> pd.Series:
    found = re.fullmatch(r"log\((\w+)(\+1)?\)", form)
    if found is None:
        return table[form]
    shift = 1.0 if found[2] else 0.0
    return pd.Series(np.log(table[found[1]] + shift))


def label(name: str) -> str:
    """Return our label of a coefficient of the bank."""
    if name in ("const", "(Intercept)"):
        return "constant"
    name = _FORMS.get(name.replace(" ", ""), name)
    return name.replace("W_", "W.", 1) if name.startswith("W_") else name
