"""The between estimator: a regression of city means."""

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from spatial_coagg.checks import check_choice
from spatial_coagg.models._static_sweep import group_means
from spatial_coagg.models.static_fit import StaticFit, fit_transformed
from spatial_coagg.models.static_rows import StaticRows, check_identified, select_rows
from spatial_coagg.tables.panel import Panel


def fit_between(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    covariance: Literal["classical", "robust"] = "robust",
) -> StaticFit:
    """Regress the cities' mean outcome on their mean drivers.

    Parameters
    ----------
    panel : Panel
    outcome : str
    drivers : sequence of str
    covariance : {"robust", "classical"}
        ``"classical"`` is Stata's xtreg, be; ``"robust"`` White's with N / (N - K - 1).

    Returns
    -------
    StaticFit
        One row for each city, labelled with the last year that the mean is of.

    Raises
    ------
    MissingColumnError, SpatialCoaggError, EstimationError
        As `fit_fixed_effects`.

    Warns
    -----
    MissingValueWarning
        If rows are left out because a value is missing.

    Notes
    -----
    Each city counts once, however many years it has, as in xtreg, be and plm.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.between import fit_between
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a", "a", "b", "b", "c", "c"],
    ...         "year": [2004, 2005] * 3,
    ...         "theta": [1.0, 2.0, 2.0, 3.0, 5.0, 4.0],
    ...         "patents": [2.1, 3.0, 5.0, 6.1, 9.9, 9.0],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> fit_between(panel, "patents", ["theta"]).slopes.round(3).to_dict()
    {'theta': 2.25}
    """
    check_choice(covariance, ["classical", "robust"], name="covariance")
    rows = select_rows(panel, outcome, drivers)
    means = averaged(rows)
    check_identified(means, "none")
    return fit_transformed(
        means, title="Between cities", covariance=covariance, levels=rows
    )


def averaged(rows: StaticRows) -> StaticRows:
    """Return the city means, each labelled with the city's last year."""
    last = rows.frame.index.to_frame(index=False).groupby("city")["year"].max()
    index = pd.MultiIndex.from_arrays(
        [rows.cities, last.reindex(rows.cities)], names=["city", "year"]
    )
    values = group_means(rows.frame.to_numpy(), rows.groups.city)
    frame = pd.DataFrame(values, index, rows.frame.columns)
    return StaticRows(rows.outcome, rows.drivers, frame, rows.left_out)
