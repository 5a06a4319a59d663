"""Which instruments a dynamic model uses, as small values checked when made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spatial_coagg.checks import check_choice
from spatial_coagg.errors import SpatialCoaggError

Equation: TypeAlias = Literal["difference", "level", "both"]
_EQUATIONS = ("difference", "level", "both")


@dataclass(frozen=True, slots=True)
class GmmInstruments:
    """Own past values as instruments, one column for each year and lag.

    In the transformed equation of year t the levels of years t - first to t - last
    are instruments. Under ``"both"`` the level equation of a system gets one more set,
    the difference of year t - (first - 1); under ``"level"`` the differences of years
    t - first to t - last serve the level equation alone.

    Attributes
    ----------
    variables : str or sequence of str
        Columns of the panel; ``"previous.<name>"`` is the value one year before,
        ``"previous2.<name>"`` two years before.
    lags : tuple of int and (int or None)
        First and last lag in years; None is as far back as the panel goes. An
        endogenous variable starts at 2, a predetermined one at 1.
    collapse : bool
        One column for each lag instead of one for each lag and year.
    equation : {"both", "difference", "level"}
        Which equation they serve; "both" is "difference" where there is only one.

    Raises
    ------
    SpatialCoaggError
        If no variable is named, or the lags are not 0 <= first <= last.

    Examples
    --------
    >>> from spatial_coagg.models.instruments import GmmInstruments
    >>> GmmInstruments("ln_cr", lags=(2, 4), collapse=True).label
    'gmm(ln_cr, lags 2-4, collapsed)'
    """

    variables: str | Sequence[str]
    lags: tuple[int, int | None] = (2, None)
    collapse: bool = False
    equation: Equation = "both"

    def __post_init__(self) -> None:
        check_choice(self.equation, _EQUATIONS, name="equation")
        _check_named(self.names, "GmmInstruments")
        first, last = self.lags
        if first < 0 or (last is not None and last < first):
            raise SpatialCoaggError(
                f"lags of the instruments {', '.join(self.names)} must be a first lag "
                f"of 0 or more and a last lag not below it (or None), got {self.lags}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, always as a tuple."""
        return _as_names(self.variables)

    @property
    def level_lag(self) -> int:
        """Lag of the difference that serves the level equation under "both"."""
        first, last = self.lags
        if first > 0:
            return first - 1
        return 0 if last is None or last > 0 else -1

    @property
    def label(self) -> str:
        """The group as tests and tables name it."""
        first, last = self.lags
        reach = f"lags {first}-{'' if last is None else last}"
        if first == last:
            reach = f"lag {first}"
        parts = [" ".join(self.names), reach]
        parts += ["collapsed"] if self.collapse else []
        parts += [self.equation] if self.equation != "both" else []
        return f"gmm({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class StandardInstruments:
    """Variables that are their own instruments, one column each.

    In the transformed equation the variable is transformed as the drivers are, in the
    level equation it stands as it is. Under ``"both"`` a system has one column shared
    by the two equations.

    Attributes
    ----------
    variables : str or sequence of str
        Columns of the panel, ``"previous.<name>"`` and so on.
    equation : {"both", "difference", "level"}
        Which equation they serve; "both" is "difference" where there is only one.

    Raises
    ------
    SpatialCoaggError
        If no variable is named.

    Examples
    --------
    >>> from spatial_coagg.models.instruments import StandardInstruments
    >>> StandardInstruments(["ln_gov", "ln_fin"]).label
    'iv(ln_gov ln_fin)'
    """

    variables: str | Sequence[str]
    equation: Equation = "both"

    def __post_init__(self) -> None:
        check_choice(self.equation, _EQUATIONS, name="equation")
        _check_named(self.names, "StandardInstruments")

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, always as a tuple."""
        return _as_names(self.variables)

    @property
    def label(self) -> str:
        """The group as tests and tables name it."""
        suffix = "" if self.equation == "both" else f", {self.equation}"
        return f"iv({' '.join(self.names)}{suffix})"


InstrumentGroup: TypeAlias = GmmInstruments | StandardInstruments


def _as_names(variables: str | Sequence[str]) -> tuple[str, ...]:
    return (variables,) if isinstance(variables, str) else tuple(variables)


def _check_named(names: tuple[str, ...], group: str) -> None:
    if not names:
        raise SpatialCoaggError(f"{group} names no variable; name one or leave it out")
