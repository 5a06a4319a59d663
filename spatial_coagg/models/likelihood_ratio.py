"""Likelihood ratio tests between spatial models."""

from spatial_coagg.errors import EstimationError
from spatial_coagg.models.hypothesis import HypothesisTest, chi_squared_test
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_nesting import check_comparable, check_nested

# Log-likelihood that an optimiser may leave on the table.
_SLACK = 1e-6


def likelihood_ratio_test(
    restricted: SpatialPanelFit, unrestricted: SpatialPanelFit
) -> HypothesisTest:
    """Test whether a spatial model fits as well as one that contains it.

    Parameters
    ----------
    restricted, unrestricted : SpatialPanelFit
        By maximum likelihood, of the same data, weights, effects and correction: one
        inside the other by its terms, or a SEM inside a SDM (common factor).

    Returns
    -------
    HypothesisTest
        Chi-squared, one degree of freedom for each coefficient more.

    Raises
    ------
    EstimationError
        If a fit is not one of :func:`fit_spatial_panel`, the fits are of other
        outcomes, cities, years, effects or corrections, one does not contain the other,
        their weights differ, they are bias-corrected (not at a maximum), or the larger
        fits worse, which only a missed maximum explains.

    Notes
    -----
    LR = 2 (log L1 - log L0), the likelihoods with all constants. Rows are compared by
    city, year and outcome; of the drivers only the names are known.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, fit_spatial_panel, load_example
    >>> from spatial_coagg import likelihood_ratio_test, load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> sar, sdm = (
    ...     fit_spatial_panel(panel, weights, "ln_cr", ["ln_theta"], model=model)
    ...     for model in ("sar", "sdm")
    ... )
    >>> test = likelihood_ratio_test(sar, sdm)
    >>> test.hypothesis, test.degrees
    ('the sdm is a sar', 1)
    """
    for fit in (restricted, unrestricted):
        _check_has_likelihood(fit)
    check_comparable(restricted, unrestricted)
    check_nested(restricted, unrestricted)
    degrees = len(unrestricted.estimates) - len(restricted.estimates)
    if degrees < 1:
        raise EstimationError(
            "the two fits have the same coefficients; there is nothing to test"
        )
    gain = unrestricted.log_likelihood - restricted.log_likelihood
    if gain < -_SLACK:
        raise EstimationError(
            f"the {unrestricted.model} fits worse than the {restricted.model} it "
            f"contains ({unrestricted.log_likelihood:.4f} below "
            f"{restricted.log_likelihood:.4f}), so its maximum was missed; "
            f"look at its warnings, or use wald_test"
        )
    words = f"the {unrestricted.model} is a {restricted.model}"
    if restricted.model == unrestricted.model:
        words = "the coefficients that only the larger model has are zero"
    return chi_squared_test(words, 2 * max(gain, 0.0), degrees)


def _check_has_likelihood(fit: SpatialPanelFit) -> None:
    if not isinstance(fit, SpatialPanelFit):
        raise EstimationError(
            f"a {type(fit).__name__} is not a fit of fit_spatial_panel, whose "
            f"likelihoods this test compares; use wald_test on the larger model"
        )
