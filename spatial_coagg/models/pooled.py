"""Pooled least squares: one line through all cities and years."""

from collections.abc import Sequence

from spatial_coagg.models.covariances import CovarianceChoice
from spatial_coagg.models.fixed_effects import FixedEffectsFit, fit_fixed_effects
from spatial_coagg.tables.panel import Panel


def fit_pooled(
    panel: Panel,
    outcome: str,
    drivers: Sequence[str],
    *,
    covariance: CovarianceChoice = "clustered",
) -> FixedEffectsFit:
    """Regress the outcome on the drivers without any effects.

    The same as ``fit_fixed_effects(..., effects="none")``, with the same covariances
    and refusals.

    Parameters
    ----------
    panel : Panel
    outcome : str
    drivers : sequence of str
    covariance : str or DriscollKraay
        As in `fit_fixed_effects`. ``"classical"``, ``"robust"`` and ``"clustered"`` are
        Stata's regress with vce(ols), vce(robust) and vce(cluster city).

    Returns
    -------
    FixedEffectsFit
        With ``effects="none"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.pooled import fit_pooled
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a", "a", "b", "b", "c", "c"],
    ...         "year": [2004, 2005] * 3,
    ...         "theta": [1.0, 2.0, 2.0, 3.0, 5.0, 4.0],
    ...         "patents": [2.1, 3.0, 5.0, 6.1, 9.9, 9.0],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> fit_pooled(panel, "patents", ["theta"]).slopes.round(3).to_dict()
    {'theta': 2.072}
    """
    return fit_fixed_effects(
        panel, outcome, drivers, effects="none", covariance=covariance
    )
