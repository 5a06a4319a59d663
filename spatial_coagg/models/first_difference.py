"""First differences: a regression of changes from one calendar year to the next."""

from collections.abc import Sequence

from spatial_coagg.errors import EstimationError
from spatial_coagg.models.covariances import CovarianceChoice
from spatial_coagg.models.static_fit import StaticFit, fit_transformed
from spatial_coagg.models.static_rows import StaticRows, check_identified, select_rows
from spatial_coagg.tables.panel import Panel


def fit_first_difference(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    covariance: CovarianceChoice = "clustered",
) -> StaticFit:
    """Regress the yearly change of the outcome on the yearly changes of the drivers.

    Parameters
    ----------
    panel : Panel
    outcome : str
    drivers : sequence of str
    covariance : str or DriscollKraay
        As in `fit_fixed_effects`, of the differenced rows; clustered by city it is
        Stata's ``regress D.y D.x, vce(cluster city)``.

    Returns
    -------
    StaticFit
        The constant is the yearly change that the drivers leave (a common trend).

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
    A change is of two successive calendar years: over a gap there is none, where
    linearmodels takes the row before, whatever its year.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.first_difference import fit_first_difference
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a"] * 3 + ["b"] * 3 + ["c"] * 3,
    ...         "year": [2004, 2005, 2006] * 3,
    ...         "theta": [1.0, 2.0, 4.0, 2.0, 3.0, 3.5, 5.0, 4.0, 6.0],
    ...         "patents": [2.1, 3.0, 5.2, 5.0, 6.1, 6.4, 9.9, 9.0, 11.1],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> fit = fit_first_difference(panel, "patents", ["theta"])
    >>> fit.slopes.round(3).to_dict(), fit.observations
    ({'theta': 1.035}, 6)
    """
    rows = select_rows(panel, outcome, drivers)
    changes = differenced(rows)
    check_identified(changes, "none")
    return fit_transformed(
        changes, title="First differences", covariance=covariance, levels=rows
    )


def differenced(rows: StaticRows) -> StaticRows:
    """Return the changes from the calendar year before, where the city has it."""
    earlier = Panel(rows.frame).previous(list(rows.frame.columns))
    changes = (
        rows.frame - earlier.set_axis(rows.frame.columns, axis="columns")
    ).dropna()
    if len(changes) == 0:
        raise EstimationError(
            "no city has complete rows in two successive years, so there is no change "
            "to explain"
        )
    return StaticRows(rows.outcome, rows.drivers, changes, rows.left_out)
