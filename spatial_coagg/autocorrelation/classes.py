"""From p-values of cities to classes: false discoveries, quadrants, labels."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from spatial_coagg._typing import FloatArray, IntArray
from spatial_coagg.checks import check_choice, warn_user
from spatial_coagg.errors import InferenceWarning, SpatialCoaggError

FalseDiscovery: TypeAlias = Literal["benjamini-hochberg", "bonferroni", "none"]
Permutations: TypeAlias = int | Literal["enough"]

NOT_SIGNIFICANT, NO_NEIGHBOURS, NO_DATA = "not significant", "no neighbours", "no data"
QUADRANTS = ("HH", "LL", "HL", "LH")
CLASSES = (*QUADRANTS, NOT_SIGNIFICANT, NO_NEIGHBOURS, NO_DATA)
DEFAULT_PERMUTATIONS = 9999


def adjusted_p_values(p: FloatArray, fdr: FalseDiscovery) -> FloatArray:
    """Return p-values adjusted for the number of tests; nan stays nan.

    A city passes at level alpha exactly where its adjusted p-value is at most alpha:
    Benjamini and Hochberg's step-up (1995), or p times the number of tests.
    """
    adjusted = p.copy()
    tested = np.isfinite(p)
    if fdr == "benjamini-hochberg" and tested.any():
        adjusted[tested] = stats.false_discovery_control(p[tested], method="bh")
    if fdr == "bonferroni":
        adjusted[tested] = np.minimum(1.0, p[tested] * tested.sum())
    return adjusted


def permutations_needed(tests: int, *, alpha: float, fdr: FalseDiscovery) -> int:
    """Return the fewest permutations with which the smallest p-value can pass.

    The smallest two-sided p-value is 2 / (P + 1), the strictest cut-off alpha / tests.
    """
    rivals = 1 if fdr == "none" else tests
    return math.ceil(2 * rivals / alpha - 1e-9) - 1


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """How a local test is drawn and judged; see :func:`local_moran`.

    Raises
    ------
    SpatialCoaggError
        If an option does not exist.
    """

    permutations: Permutations
    fdr: FalseDiscovery
    alpha: float
    workers: int | None

    def __post_init__(self) -> None:
        known = ("benjamini-hochberg", "bonferroni", "none")
        check_choice(self.fdr, known, name="fdr")
        if not 0 < self.alpha < 1:
            raise SpatialCoaggError(f"alpha must lie between 0 and 1, got {self.alpha}")
        asked = self.permutations
        if asked != "enough" and (not isinstance(asked, int) or asked < 1):
            raise SpatialCoaggError(
                f'permutations must be 1 or more, or "enough", got {asked!r}'
            )

    def settled(self, tests: int) -> "SettledPlan":
        """Settle the number of permutations; warn where too few were asked for."""
        needed = permutations_needed(tests, alpha=self.alpha, fdr=self.fdr)
        if self.permutations == "enough":
            drawn = max(DEFAULT_PERMUTATIONS, needed)
            return SettledPlan(drawn, self.fdr, self.alpha, self.workers)
        if self.permutations < needed:
            warn_user(
                f"with {self.permutations} permutations no p-value can be below "
                f"{2 / (self.permutations + 1):.2g}, but the strictest cut-off "
                f"({self.fdr}, {tests} cities, level {self.alpha:g}) is "
                f"{2 / (needed + 1):.2g}: fewer cities may be found than there are; "
                f'use permutations={needed} or more, or permutations="enough"',
                InferenceWarning,
            )
        return SettledPlan(self.permutations, self.fdr, self.alpha, self.workers)


@dataclass(frozen=True, slots=True)
class SettledPlan:
    """A plan whose number of permutations is known."""

    permutations: int
    fdr: FalseDiscovery
    alpha: float
    workers: int | None


def p_values_of_counts(
    above: IntArray, below: IntArray, permutations: int
) -> FloatArray:
    """Return the two-sided min(1, 2 (1 + the smaller tail) / (P + 1))."""
    smaller = np.minimum(above, below)
    return np.minimum(1.0, 2 * (1 + smaller) / (permutations + 1))


def quadrants(own: FloatArray, lag: FloatArray) -> list[str]:
    """Name own value and neighbours' value: high or low against the mean."""
    return [
        ("H" if mine > 0 else "L") + ("H" if theirs > 0 else "L")
        for mine, theirs in zip(own, lag, strict=True)
    ]


def as_classes(labels: pd.Series, names: tuple[str, ...] = CLASSES) -> pd.Series:
    """Return labels as a categorical column that knows every class."""
    return labels.astype(pd.CategoricalDtype(list(names)))
