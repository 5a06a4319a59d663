"""Variables of a regression, written as a name, ln(name) or ln1p(name)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_columns_exist, warn_user
from spatial_coagg.errors import DataWarning, Problem, SettingsError, TableError

_FORM = re.compile(
    r"\s*(?:(ln|ln1p)\s*\(\s*(?P<inner>[^()]+?)\s*\)|(?P<bare>[^()]+?))\s*"
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A column and what is done to it before it enters a regression.

    Attributes
    ----------
    column : str
        Name in the panel.
    transform : {"ln", "ln1p"} or None
        Natural logarithm of x, of 1 + x, or x itself.
    """

    column: str
    transform: Literal["ln", "ln1p"] | None = None

    @classmethod
    def from_text(cls, text: str) -> "Variable":
        """Read ``"gdp"``, ``"ln(gdp)"`` or ``"ln1p(patents)"``."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise SettingsError(
                f"cannot read the variable {text!r}; write name, ln(name) or ln1p(name)"
            )
        if match["bare"] is not None:
            return cls(match["bare"])
        return cls(match["inner"], "ln" if match[1] == "ln" else "ln1p")

    @property
    def label(self) -> str:
        """The variable as text, such as ``"ln(gdp)"``."""
        return f"{self.transform}({self.column})" if self.transform else self.column


def transform_variables(
    frame: pd.DataFrame,
    variables: Sequence[str],
    *,
    zeros: Literal["error", "missing"] = "error",
) -> pd.DataFrame:
    """Return one column for each variable, labelled as written.

    Parameters
    ----------
    frame : DataFrame
        Index ``(city, year)``.
    variables : sequence of str
        Such as ``["ln(theta)", "ln1p(patents)", "gdp"]``.
    zeros : {"error", "missing"}
        What the logarithm of a value that has none becomes; ``"missing"`` is
        announced by a `DataWarning` with the number of values.

    Raises
    ------
    MissingColumnError
        If a name is not in `frame`.
    TableError
        If a logarithm does not exist and `zeros` is ``"error"``.

    Examples
    --------
    >>> import pandas as pd
    >>> key = pd.MultiIndex.from_tuples([("320500", 2004)], names=["city", "year"])
    >>> frame = pd.DataFrame({"gdp": [1.0]}, index=key)
    >>> transform_variables(frame, ["ln(gdp)"]).to_dict("list")
    {'ln(gdp)': [0.0]}
    """
    parsed = [Variable.from_text(text) for text in variables]
    check_columns_exist(frame, [each.column for each in parsed], name="the data")
    columns = {each.label: _transform(frame, each, zeros) for each in parsed}
    return pd.DataFrame(columns, index=frame.index)


def _transform(
    frame: pd.DataFrame, variable: Variable, zeros: Literal["error", "missing"]
) -> pd.Series:
    values = frame[variable.column].astype(float)
    if variable.transform is None:
        return values
    shift = 1.0 if variable.transform == "ln1p" else 0.0
    impossible = values + shift <= 0
    if impossible.any():
        count = int(impossible.sum())
        city, year = values.index[impossible.to_numpy()][0]
        noun, verb = ("value", "has") if count == 1 else ("values", "have")
        found = (
            f"{variable.label}: {count} {noun} of {variable.column!r} {verb} no "
            f"logarithm, the first for city {city!r} in {year}"
        )
        if zeros == "error":
            way_out = (
                f"{found}; correct it, write ln1p({variable.column}), or set "
                f'zeros = "missing" to leave such rows out'
            )
            raise TableError("the study's variables", [Problem(way_out)])
        warn_user(
            f"{found}; those rows are left out",
            DataWarning,
        )
    return pd.Series(np.log(values.where(~impossible) + shift))
