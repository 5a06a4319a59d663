"""Least squares by linearmodels, with labels, units and factors put right."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from linearmodels.panel import PanelOLS

from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models.covariances import CovarianceRule
from spatial_coagg.models.fit import tabulate_estimates
from spatial_coagg.models.static_rows import CONSTANT, StaticRows

# An eigenvalue below this share of the largest counts as zero.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Coefficients of the drivers and the constant.

    Attributes
    ----------
    estimates : DataFrame
        Drivers, then ``"constant"``; the columns of every fit.
    covariance : DataFrame of shape (K + 1, K + 1)
    """

    estimates: pd.DataFrame
    covariance: pd.DataFrame

    @property
    def slopes(self) -> FloatArray:
        """Coefficients of the drivers, shape (K,)."""
        return self.estimates["estimate"].to_numpy()[:-1]

    @property
    def constant(self) -> float:
        """The constant."""
        return float(self.estimates["estimate"].to_numpy()[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Rows with mean 0 and standard deviation 1, as linearmodels takes them.

    Attributes
    ----------
    outcome : DataFrame
    drivers : DataFrame
        With a column of ones first.
    means, scales : ndarray of shape (1 + K,)
        Of the outcome and the drivers.
    """

    outcome: pd.DataFrame
    drivers: pd.DataFrame
    means: FloatArray
    scales: FloatArray


def standardised_design(rows: StaticRows) -> Design:
    """Return the rows in units in which least squares loses no digits."""
    values = rows.frame.to_numpy()
    means, scales = values.mean(axis=0), values.std(axis=0)
    standard = (values - means) / scales
    groups = rows.groups
    years = rows.years.to_numpy()[groups.year]
    keys = pd.MultiIndex.from_arrays([groups.city, years], names=["city", "year"])
    drivers = pd.DataFrame(standard[:, 1:], keys, list(rows.drivers))
    drivers.insert(0, CONSTANT, 1.0)
    outcome = pd.DataFrame(standard[:, :1], keys, [rows.outcome])
    return Design(outcome, drivers, means, scales)


def estimate(rows: StaticRows, effects: Effects, rule: CovarianceRule) -> Solution:
    """Return the least-squares coefficients once the effects are taken out."""
    design = standardised_design(rows)
    model = PanelOLS(
        design.outcome,
        design.drivers,
        entity_effects="city" in effects,
        time_effects="year" in effects,
    )
    # The degrees of freedom are ours: linearmodels counts two kinds of effects as no
    # other program does.
    found = model.fit(
        debiased=False, auto_df=False, count_effects=False, **rule.options
    )
    return label_solution(found.params, found.cov, rows, design, rule)


def label_solution(
    params: pd.Series,
    covariance: pd.DataFrame,
    rows: StaticRows,
    design: Design,
    rule: CovarianceRule,
) -> Solution:
    """Return linearmodels' coefficients in the rows' own units.

    Parameters
    ----------
    params : Series of shape (1 + K,)
        Coefficients of `design`, the constant first.
    covariance : DataFrame of shape (1 + K, 1 + K)
        Without small-sample factor.

    Notes
    -----
    With z = (x - m) / s and v = (y - m_y) / s_y, the slopes are b = s_y b_z / s and the
    constant is m_y + s_y c - m'b: a linear map J, so the covariance is J V J'.
    """
    mean, scale = design.means[1:], design.scales[1:]
    jacobian = np.zeros((len(scale) + 1, len(scale) + 1))
    jacobian[:-1, 1:] = np.diag(design.scales[0] / scale)
    jacobian[-1, 0] = design.scales[0]
    jacobian[-1, 1:] = -design.scales[0] * mean / scale
    coefficients = jacobian @ params.to_numpy()
    coefficients[-1] += design.means[0]
    raw = repaired_covariance(rule.factor * covariance.to_numpy())
    own = jacobian @ raw @ jacobian.T
    estimates = tabulate_estimates(
        rows.labels,
        coefficients,
        own,
        degrees_of_freedom=rule.degrees_of_freedom,
    )
    index = estimates.index
    return Solution(estimates, pd.DataFrame(own, index, index.rename(None)))


def repaired_covariance(matrix: FloatArray) -> FloatArray:
    """Return a covariance of the constant (first) and slopes that is possible.

    Clustering both ways subtracts, so variances can come out negative. Negative
    eigenvalues of the slopes' block are set to zero; the constant's variance is raised
    to the least that the rest allows.

    Raises
    ------
    EstimationError
        If no eigenvalue of the slopes' block is positive.

    Warns
    -----
    InferenceWarning
        If some are negative.
    """
    whole = np.linalg.eigvalsh(matrix)
    if whole[0] >= -_ROUNDING * whole[-1]:
        return matrix
    slopes, shared = matrix[1:, 1:], matrix[0, 1:]
    values, vectors = np.linalg.eigh(slopes)
    if values[-1] <= 0:
        raise EstimationError(
            "two-way clustering leaves no positive variance here, as can happen with "
            "few years; cluster by city"
        )
    if values[0] < -_ROUNDING * values[-1]:
        warn_user(
            "the two-way clustered covariance is not positive definite; its negative "
            "eigenvalues were set to zero (Cameron, Gelbach and Miller 2011), so "
            "cluster by city if there are few years",
            InferenceWarning,
        )
        slopes = (vectors * np.maximum(values, 0)) @ vectors.T
        shared = slopes @ np.linalg.pinv(slopes, hermitian=True) @ shared
    least = float(shared @ np.linalg.pinv(slopes, hermitian=True) @ shared)
    corner = np.array([[max(matrix[0, 0], least)]])
    return np.block([[corner, shared[None, :]], [shared[:, None], slopes]])
