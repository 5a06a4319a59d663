"""What the paper's tables are computed from: a user's panel or the embedded one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.errors import MissingColumnError, SpatialCoaggError
from spatial_coagg.example import GROUPS, Example
from spatial_coagg.indices.coagglomeration import group_thetas
from spatial_coagg.simulate.truth import Truth
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.shapes import load_city_list

SECTORS = ("transport", "information", "technology", "leasing", "finance")


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Variables and attributes that the eight tables need.

    Attributes
    ----------
    thetas : DataFrame
        Index ``(city, year)``; ``theta`` and, where known, ``theta_<sector>``. May hold
        more cities than `panel`.
    panel : Panel
        Levels: ``theta``, ``cr``, ``sci``, ``gov``, ``fin``, ``gdp``, ``ind`` ...
    names, regions : Series or None
        Of each city.
    truth, dynamic_truth : Truth or None
        Of simulated data.
    dynamic : Panel
        Panel of Table 7; `panel` itself unless it is simulated.
    """

    thetas: pd.DataFrame
    panel: Panel
    names: pd.Series | None
    regions: pd.Series | None
    dynamic: Panel
    truth: Truth | None = None
    dynamic_truth: Truth | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether the numbers are the embedded panel's."""
        return self.truth is not None

    def logs(self, columns: Sequence[str], *, dynamic: bool = False) -> Panel:
        """Return ``ln(<column>)`` of some columns; what has no logarithm is missing.

        Raises
        ------
        MissingColumnError
            If the panel lacks a column.
        """
        panel = self.dynamic if dynamic else self.panel
        absent = [name for name in columns if name not in panel.columns]
        if absent:
            raise MissingColumnError(f"the panel has no column {', '.join(absent)}")
        levels = panel.frame[list(columns)].astype(np.float64)
        known = levels.where(levels > 0)
        table = known.apply(np.log).rename(columns="ln({})".format)
        return Panel.from_frame(table, city="city", year="year")


def material_of(example: Example, dynamic: Example | None) -> Material:
    """Take the embedded examples: a static equation, and a dynamic one for Table 7."""
    of_table_7 = example if dynamic is None else dynamic
    thetas = group_thetas(
        example.jobs,
        manufacturing="manufacturing",
        groups=GROUPS,
        national=example.national,
    )
    cities = load_city_list()
    return Material(
        thetas=thetas,
        panel=example.panel,
        names=cities["label_en"],
        regions=cities["region"],
        dynamic=of_table_7.panel,
        truth=example.truth,
        dynamic_truth=None if dynamic is None else dynamic.truth,
    )


def material_from(panel: Panel, columns: Mapping[str, str]) -> Material:
    """Take a user's panel; `columns` gives its name of each of our variables.

    Raises
    ------
    MissingColumnError
        If the panel lacks a column that `columns` names.
    SpatialCoaggError
        If there is no ``theta``.
    """
    absent = [name for name in columns.values() if name not in panel.columns]
    if absent:
        raise MissingColumnError(
            f"the panel has no column {', '.join(map(repr, absent))}; it has "
            f"{', '.join(map(repr, panel.columns))}"
        )
    frame = panel.frame.rename(columns={own: name for name, own in columns.items()})
    if "theta" not in frame.columns:
        raise SpatialCoaggError(
            "the panel has no column 'theta': compute it (group_thetas) or name yours, "
            'columns={"theta": "..."}'
        )
    renamed = Panel.from_frame(frame, city="city", year="year")
    thetas = frame[[name for name in frame.columns if str(name).startswith("theta")]]
    attributes = panel.attributes
    return Material(
        thetas=thetas,
        panel=renamed,
        names=attributes.get("name"),
        regions=attributes.get("region"),
        dynamic=renamed,
    )
