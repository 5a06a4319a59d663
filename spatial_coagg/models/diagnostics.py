"""Tables that come before a regression: what varies, and what varies together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.checks import check_columns_exist, check_finite, listed
from spatial_coagg.errors import EstimationError, SpatialCoaggError
from spatial_coagg.models.static_rows import check_drivers, select_rows
from spatial_coagg.tables.panel import Panel


@dataclass(frozen=True, slots=True, eq=False)
class VarianceInflation:
    """How much the other drivers inflate the variance of each coefficient.

    Attributes
    ----------
    frame : DataFrame
        Index: driver, the most inflated first. Columns: vif, tolerance (1 / VIF).
    """

    frame: pd.DataFrame

    @property
    def mean(self) -> float:
        """Mean of the factors."""
        return float(self.frame["vif"].mean())


def variance_inflation(
    panel: Panel, drivers: Sequence[str], *, outcome: str | None = None
) -> VarianceInflation:
    """Measure how far each driver is explained by the others.

    Parameters
    ----------
    panel : Panel
    drivers : sequence of str
        Two or more.
    outcome : str, optional
        Where it is given, rows without it are left out, as in the regression.

    Returns
    -------
    VarianceInflation

    Raises
    ------
    MissingColumnError
        If a column is unknown.
    EstimationError
        If there are fewer than two drivers, or one does not vary or is collinear with
        others.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.

    Notes
    -----
    VIF_k = 1 / (1 - R2_k), R2_k of driver k on the others and a constant over all rows,
    as Stata's estat vif after regress: the k-th diagonal of the inverse correlation
    matrix. Above 10 is commonly called high.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.diagnostics import variance_inflation
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a", "a", "b", "b", "c", "c"],
    ...         "year": [2004, 2005] * 3,
    ...         "theta": [1.0, 2.0, 2.0, 3.0, 5.0, 4.0],
    ...         "science": [2.1, 3.0, 5.0, 6.1, 9.9, 9.0],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> round(variance_inflation(panel, ["theta", "science"]).mean, 3)
    17.785
    """
    if isinstance(drivers, str) or len(drivers) < 2:
        raise EstimationError(
            f"inflation needs two drivers or more, got {drivers!r}; a single driver "
            f"has none"
        )
    first, *others = drivers if outcome is None else [outcome, *drivers]
    rows = select_rows(panel, first, others)
    values = rows.frame[list(drivers)]
    check_drivers(values, rows.groups, "none")
    correlations = np.corrcoef(values.to_numpy(), rowvar=False)
    factors = np.diag(np.linalg.inv(correlations))
    index = pd.Index(drivers, name="driver")
    frame = pd.DataFrame({"vif": factors, "tolerance": 1 / factors}, index)
    return VarianceInflation(frame.sort_values("vif", ascending=False, kind="stable"))


def describe_panel(panel: Panel, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Describe each variable over all rows, between cities and within them.

    Parameters
    ----------
    panel : Panel
    columns : sequence of str, optional
        All numeric variables by default.

    Returns
    -------
    DataFrame
        Index ``variable``. Columns: observations (rows with a value), missing, mean,
        sd, min, max, sd_between (of the cities' means), sd_within (of the deviations
        from them). nan where a single value gives none.

    Raises
    ------
    MissingColumnError
        If a column is unknown.
    SpatialCoaggError
        If a column holds no numbers or an infinite value.

    Notes
    -----
    The numbers of Stata's summarize and xtsum: standard deviations divide by the number
    of rows (between: of cities) less one.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.diagnostics import describe_panel
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a", "a", "b", "b"],
    ...         "year": [2004, 2005] * 2,
    ...         "theta": [1.0, 2.0, 4.0, 5.0],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> described = describe_panel(panel).loc["theta"].round(3)
    >>> described[["mean", "sd", "sd_between", "sd_within"]].tolist()
    [3.0, 1.826, 2.121, 0.577]
    """
    table = panel.frame
    numeric = table.select_dtypes(include=["number", "bool"]).columns
    wanted = list(numeric) if columns is None else list(columns)
    check_columns_exist(table, wanted, name="the panel")
    texts = [name for name in wanted if name not in numeric]
    if texts:
        raise SpatialCoaggError(f"{listed(texts)} holds no numbers to describe")
    values = table[wanted].astype(np.float64)
    check_finite(values, name="the panel")
    means = values.groupby(level="city").mean()
    within = values - means.reindex(values.index, level="city")
    described = pd.DataFrame(
        {
            "observations": values.notna().sum(),
            "missing": values.isna().sum(),
            "mean": values.mean(),
            "sd": values.std(),
            "min": values.min(),
            "max": values.max(),
            "sd_between": means.std(),
            "sd_within": within.std(),
        }
    )
    return described.rename_axis("variable")
