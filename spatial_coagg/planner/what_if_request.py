"""A what-if as it is written on the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spatial_coagg.errors import SettingsError


@dataclass(frozen=True, slots=True)
class WhatIfRequest:
    """What is asked: exactly one of the first four.

    Attributes
    ----------
    raised : mapping of str to float
        City, by code or name, to the percentage by which theta rises.
    jobs : mapping of str to mapping of str to float
        City to industry to persons.
    target : str or None
        City for which the best sources are sought.
    corridor : int or None
        How many cities to choose.
    percent : float
        By which theta rises in each source of a target or a corridor.
    weights : str or None
        Name of the weights that answer; the study's own by default.
    draws : int
        Of the joint normal distribution of the estimates.
    level : float
        Coverage of the intervals.

    Examples
    --------
    >>> from spatial_coagg.planner.what_if_request import WhatIfRequest
    >>> WhatIfRequest.from_texts(raised=["Hangzhou=10%"]).raised
    {'Hangzhou': 10.0}
    """

    raised: Mapping[str, float] = field(default_factory=dict)
    jobs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    target: str | None = None
    corridor: int | None = None
    percent: float = 10.0
    weights: str | None = None
    draws: int = 1000
    level: float = 0.90

    def __post_init__(self) -> None:
        asked = [
            bool(self.raised),
            bool(self.jobs),
            self.target is not None,
            self.corridor is not None,
        ]
        if sum(asked) != 1:
            raise SettingsError(
                "ask one question: cities whose synergy rises, jobs that come or go, a "
                "target or a corridor"
            )

    @classmethod
    def from_texts(
        cls, *, raised: Sequence[str] = (), jobs: Sequence[str] = (), **others: object
    ) -> "WhatIfRequest":
        """Read ``"330100=10"`` and ``"330100:finance=20000"``; the rest as it is."""
        moves: dict[str, dict[str, float]] = {}
        for text in jobs:
            place, _, amount = text.rpartition("=")
            city, _, industry = place.rpartition(":")
            if not city or not industry:
                raise SettingsError(
                    f"cannot read the jobs {text!r}; write CITY:INDUSTRY=JOBS, such as "
                    f"330100:finance=20000"
                )
            moves.setdefault(city, {})[industry] = _amount(amount, text)
        rises: dict[str, float] = {}
        for text in raised:
            city, _, amount = text.rpartition("=")
            if not city:
                raise SettingsError(
                    f"cannot read the rise {text!r}; write CITY=PER CENT, such as "
                    f"330100=10"
                )
            rises[city] = _amount(amount.removesuffix("%"), text)
        return cls(raised=rises, jobs=moves, **others)  # type: ignore[arg-type]


def _amount(text: str, whole: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError as reason:
        raise SettingsError(f"{whole!r} does not end in a number") from reason
