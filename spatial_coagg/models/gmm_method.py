"""How a dynamic model is estimated, as one value checked when it is made."""

from dataclasses import dataclass
from typing import Literal

from spatial_coagg.checks import check_choice
from spatial_coagg.errors import SpatialCoaggError

_WORDS = {
    "system": "System GMM",
    "difference": "Difference GMM",
    "differences": "first differences",
    "deviations": "orthogonal deviations",
}


@dataclass(frozen=True, slots=True)
class GmmMethod:
    """Equations, transformation, steps and covariance of a dynamic GMM estimate.

    Attributes
    ----------
    equations : {"system", "difference"}
        Transformed and level equations (Blundell and Bond 1998), or the transformed
        ones alone (Arellano and Bond 1991).
    transformation : {"differences", "deviations"}
        First differences, or forward orthogonal deviations, which lose fewer rows to
        gaps.
    steps : {"two-step", "one-step", "iterated"}
    covariance : {"robust", "classical"}
        Robust is clustered by city in one step and corrected after Windmeijer (2005)
        in more; classical assumes i.i.d. errors in one step and is left uncorrected
        in more, which is far too small with many instruments.
    weighting : {3, 2, 1}
        First-step weight, as ``h()`` of xtabond2: 3 takes the errors of the transformed
        and the level equation as correlated, 2 as uncorrelated, 1 is the identity.
    constant : bool
        Whether the level equation has a constant.
    small : bool
        Whether to correct for few cities and to use t and F.
    most_steps : int
        Where iterating stops if it has not settled.

    Raises
    ------
    SpatialCoaggError
        If a choice is none of these.

    Examples
    --------
    >>> from spatial_coagg.models.gmm_method import GmmMethod
    >>> GmmMethod(equations="difference", steps="one-step").title
    'Difference GMM (one-step, first differences)'
    """

    equations: Literal["system", "difference"] = "system"
    transformation: Literal["differences", "deviations"] = "differences"
    steps: Literal["one-step", "two-step", "iterated"] = "two-step"
    covariance: Literal["robust", "classical"] = "robust"
    weighting: Literal[1, 2, 3] = 3
    constant: bool = True
    small: bool = False
    most_steps: int = 1000

    def __post_init__(self) -> None:
        for name, choices in (
            ("equations", ("system", "difference")),
            ("transformation", ("differences", "deviations")),
            ("steps", ("one-step", "two-step", "iterated")),
            ("covariance", ("robust", "classical")),
            ("weighting", (1, 2, 3)),
        ):
            check_choice(getattr(self, name), choices, name=name)
        if self.most_steps < 2:
            raise SpatialCoaggError(
                f"most_steps must be 2 or more, got {self.most_steps}"
            )

    @property
    def is_system(self) -> bool:
        """Whether level equations are estimated too."""
        return self.equations == "system"

    @property
    def uses_deviations(self) -> bool:
        """Whether the transformation is orthogonal deviations."""
        return self.transformation == "deviations"

    @property
    def is_spherical(self) -> bool:
        """Whether the covariance assumes i.i.d. errors."""
        return self.steps == "one-step" and self.covariance == "classical"

    @property
    def title(self) -> str:
        """The method in a few words."""
        return f"{_WORDS[self.equations]} ({self.steps}, {_WORDS[self.transformation]})"

    @property
    def covariance_name(self) -> str:
        """The covariance in a few words."""
        if self.steps == "one-step":
            return "classical" if self.is_spherical else "clustered by city"
        return "Windmeijer" if self.covariance == "robust" else "uncorrected"
