"""What a test of a hypothesis returns."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from scipy import stats

Law: TypeAlias = Literal["F", "chi-squared", "normal"]


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """A statistic, the law it follows if the hypothesis holds, and its p-value.

    Attributes
    ----------
    hypothesis : str
        What is tested, in words.
    statistic : float
    law : {"F", "chi-squared", "normal"}
    degrees : int or None
        Number of restrictions; None for the normal law.
    residual_degrees : int or None
        Second degrees of freedom of F; else None.
    p_value : float
        Two-sided for the normal law; nan where the statistic is.

    Examples
    --------
    >>> from spatial_coagg.models.hypothesis import f_test
    >>> print(f_test("all effects are zero", 4.2, 2, 30))
    all effects are zero: F(2, 30) = 4.200, p = 0.025
    """

    hypothesis: str
    statistic: float
    law: Law
    degrees: int | None
    residual_degrees: int | None
    p_value: float

    def __str__(self) -> str:
        """Return the hypothesis, the statistic and the p-value."""
        name = {
            "F": f"F({self.degrees}, {self.residual_degrees})",
            "chi-squared": f"chi2({self.degrees})",
            "normal": "z",
        }[self.law]
        p_value = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return f"{self.hypothesis}: {name} = {self.statistic:.3f}, {p_value}"


def f_test(
    hypothesis: str, statistic: float, degrees: int, residual_degrees: int
) -> HypothesisTest:
    """Return an F test."""
    p_value = float(stats.f.sf(statistic, degrees, residual_degrees))
    return HypothesisTest(
        hypothesis, statistic, "F", degrees, residual_degrees, p_value
    )


def chi_squared_test(hypothesis: str, statistic: float, degrees: int) -> HypothesisTest:
    """Return a chi-squared test; the p-value of a negative statistic is nan."""
    p_value = (
        float(stats.chi2.sf(statistic, degrees)) if statistic >= 0 else float("nan")
    )
    return HypothesisTest(hypothesis, statistic, "chi-squared", degrees, None, p_value)


def normal_test(hypothesis: str, statistic: float) -> HypothesisTest:
    """Return a two-sided test with the normal law."""
    p_value = float(2 * stats.norm.sf(abs(statistic)))
    return HypothesisTest(hypothesis, statistic, "normal", None, None, p_value)
