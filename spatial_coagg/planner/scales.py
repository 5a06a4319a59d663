"""How a fit measures its driver and its outcome: in logarithms or in levels."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg._typing import BoolArray
from spatial_coagg.checks import check_choice, listed
from spatial_coagg.errors import (
    AlignmentError,
    MissingColumnError,
    SettingsError,
    SpatialCoaggError,
)
from spatial_coagg.models.dynamic_responses import AnySpatialFit
from spatial_coagg.planner.variables import Variable

# Share of the range seen by which theta may leave it without a word.
_DRIFT = 1e-3
_PREFIXES = {"ln_": "ln", "ln1p_": "ln1p"}


@dataclass(frozen=True, slots=True)
class Scale:
    """What stands behind the labels of a driver and of an outcome.

    Attributes
    ----------
    driver, outcome : Variable
        The quantity and its transform: ``Variable("theta", "ln")``.

    Examples
    --------
    >>> from spatial_coagg.planner.scales import Scale
    >>> Scale.from_labels("ln_theta", "ln1p(patents)").unit
    '% of 1 + patents'
    """

    driver: Variable
    outcome: Variable

    def __post_init__(self) -> None:
        for variable in (self.driver, self.outcome):
            check_choice(
                variable.transform, ("ln", "ln1p", None), name="a scale's transform"
            )

    @classmethod
    def from_labels(cls, driver: str, outcome: str) -> "Scale":
        """Read labels such as ``"ln_theta"``, ``"ln(theta)"`` or ``"ln1p(x)"``."""
        return cls(read_label(driver), read_label(outcome))

    @property
    def needs_theta(self) -> bool:
        """Whether a percentage of theta depends on theta itself."""
        return self.driver.transform != "ln"

    @property
    def unit(self) -> str:
        """What a change of the outcome is told in."""
        name = self.outcome.column
        if self.outcome.transform is None:
            return name
        return f"% of {name}" if self.outcome.transform == "ln" else f"% of 1 + {name}"

    def told(self, changes: pd.DataFrame) -> pd.DataFrame:
        """Turn changes of a logged outcome into per cent; others stay as they are."""
        if self.outcome.transform is None:
            return changes
        return pd.DataFrame(100 * np.expm1(changes))

    def raised(self, theta: pd.Series, percent: pd.Series) -> pd.Series:
        """Return the change of the driver where theta rises by per cent of itself."""
        if self.driver.transform == "ln":
            return pd.Series(np.log1p(percent / 100))
        return self.moved(theta, theta * (1 + percent / 100))

    def moved(self, before: pd.Series, after: pd.Series) -> pd.Series:
        """Return the change of the driver where theta goes from one to the other."""
        if self.driver.transform is None:
            return after - before
        ends = pd.DataFrame({"before": before, "after": after})
        offset = 1.0 if self.driver.transform == "ln1p" else 0.0
        below = (ends + offset <= 0).any(axis="columns")
        if below.any():
            raise SpatialCoaggError(
                f"{self.driver.label} does not exist for city "
                f"{below.index[below.to_numpy()][0]!r}, whose theta is or becomes "
                f"{float(ends.loc[below].iloc[0].min()):g}"
            )
        logs = np.log(ends + offset)
        return pd.Series(logs["after"] - logs["before"])


def read_label(label: str) -> Variable:
    """Return the quantity and transform behind a label of a fit."""
    for prefix, transform in _PREFIXES.items():
        if label.startswith(prefix) and len(label) > len(prefix):
            inner = label.removeprefix(prefix)
            return Variable(inner, "ln" if transform == "ln" else "ln1p")
    try:
        return Variable.from_text(label)
    except SettingsError:
        # A label with brackets of its own is a name.
        return Variable(label)


def choose_driver(fit: AnySpatialFit, driver: str | None) -> str:
    """Return the driver asked for, or the first that holds theta."""
    names = list(fit.drivers)
    if driver is not None:
        if driver not in names:
            raise MissingColumnError(
                f"the fit has no driver {driver!r}; it has {listed(names)}"
            )
        return driver
    found = [name for name in names if read_label(name).column.startswith("theta")]
    if not found:
        raise MissingColumnError(
            f"none of the drivers {listed(names)} is called theta; say which holds it "
            f"by driver="
        )
    return found[0]


@dataclass(frozen=True, slots=True, eq=False)
class KnownTheta:
    """Theta as it stands in the cities of a fit, and where it was seen.

    Attributes
    ----------
    now : Series
        Theta of the last year, index city, the fit's cities; missing where not known.
    low, high : float
        Smallest and largest value seen in these cities in any year.
    """

    now: pd.Series
    low: float
    high: float

    @classmethod
    def from_series(cls, theta: pd.Series | None, cities: pd.Index) -> "KnownTheta":
        """Read theta by city, or by ``(city, year)``; None knows nothing."""
        if theta is None:
            return cls(pd.Series(np.nan, index=cities, name="theta"), np.nan, np.nan)
        if "city" not in theta.index.names:
            raise AlignmentError(
                f"theta's index must be city or (city, year), got "
                f"{tuple(theta.index.names)}"
            )
        rows = theta[theta.index.isin(cities, level="city")].astype(float)
        now = rows
        if "year" in theta.index.names:
            last = theta.index.get_level_values("year").max()
            now = rows.xs(last, level="year")
        return cls(
            now.reindex(cities).rename("theta"), float(rows.min()), float(rows.max())
        )

    def outside(self, after: pd.Series, changed: BoolArray) -> pd.Series:
        """Return whether theta leaves the values seen; missing where not known."""
        # Where jobs move, the quotients of all cities drift a little: no news.
        slack = _DRIFT * (self.high - self.low)
        beyond = (after < self.low - slack) | (after > self.high + slack)
        flags = (beyond & changed).astype("boolean")
        return pd.Series(flags.mask(after.isna() & changed, pd.NA))
