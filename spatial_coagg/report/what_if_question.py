"""What is asked in a what-if, in words, and how its answers are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spatial_coagg.report.amounts import interval_ends, number
from spatial_coagg.report.words import Words

NAMED = 3


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and how its answers are counted.

    Attributes
    ----------
    cause : str
        In words: ``"synergy (theta) higher by 10 % in Hangzhou"``.
    unit : str
        ``"% of cr"``, ``"% of 1 + patents"`` or the outcome's name.
    level : float
        Coverage of the intervals.
    plural : bool
        Whether the cause is several things: jobs.
    """

    cause: str
    unit: str
    level: float
    plural: bool = False

    @property
    def verb(self) -> str:
        """What the cause does, in English."""
        return f"{'are' if self.plural else 'is'} associated with"

    @property
    def in_percent(self) -> bool:
        """Whether the answers are percentages."""
        return self.unit.startswith("%")

    @property
    def of_one_more(self) -> bool:
        """Whether the percentages are of 1 + the outcome."""
        return self.unit.startswith("% of 1 + ")

    @property
    def variable(self) -> str:
        """Name of what changes."""
        return self.unit.removeprefix("% of ").removeprefix("1 + ")

    def interval(self, words: Words) -> str:
        """Return the name of the interval."""
        return words.say("{percent:g} % interval", percent=100 * self.level)

    def write(self, value: float, words: Words) -> str:
        """Write one of the answers, without its unit."""
        return number(value, words, percent=self.in_percent)

    def measure(self, value: float, words: Words) -> str:
        """Write one of the answers with its unit."""
        if not self.in_percent:
            pattern = "{value} (in units of {name})"
        else:
            pattern = "{value} % of 1 + {name}" if self.of_one_more else "{value} %"
        return words.say(pattern, value=self.write(value, words), name=self.variable)

    def than(self, row: pd.Series, words: Words) -> str:
        """Return ``"higher by 2.40 % (90 % interval 1.80 to 3.10)"``."""
        middle = _middle(row)
        return words.say(
            "{direction} by {size} ({interval})",
            direction=words.name("higher" if middle > 0 else "lower"),
            size=self.measure(abs(middle), words),
            interval=self._ends(row, words),
        )

    def told(self, row: pd.Series, words: Words) -> str:
        """Return ``"2.40 %, 90 % interval 1.80 to 3.10"``."""
        return words.say(
            "{size}, {interval}",
            size=self.measure(_middle(row), words),
            interval=self._ends(row, words),
        )

    def told_of(self, name: str, row: pd.Series, words: Words) -> str:
        """Return the same behind the name of a city."""
        return words.say("{name} ({told})", name=name, told=self.told(row, words))

    def _ends(self, row: pd.Series, words: Words) -> str:
        ends = interval_ends(
            float(row["lower"]),
            float(row["upper"]),
            lambda end: self.write(end, words),
            words,
        )
        return words.say("{interval} {ends}", interval=self.interval(words), ends=ends)


def word_synergy(changes: Mapping[str, float], words: Words) -> str:
    """Say by how much theta is taken to differ, and where; keys are names."""
    by = sorted(set(changes.values()))
    if len(by) == 1:
        return words.say(
            "synergy (theta) {changed} in {where}",
            changed=_changed(by[0], words),
            where=_where(list(changes), words),
        )
    if len(changes) > NAMED:
        return words.say(
            "synergy (theta) changed by between {low:g} and {high:g} % in {count} "
            "places",
            low=by[0],
            high=by[-1],
            count=len(changes),
        )
    parts = [
        words.say("{changed} in {name}", changed=_changed(percent, words), name=name)
        for name, percent in changes.items()
    ]
    return words.say("synergy (theta) {parts}", parts=words.enumerate(parts))


def word_rise(percent: float, words: Words) -> str:
    """Say by how much theta is taken to differ in one city at a time."""
    return words.say("synergy (theta) {changed}", changed=_changed(percent, words))


def word_jobs(changes: pd.DataFrame, words: Words) -> str:
    """Say which jobs are taken to come or go; index names, columns industries."""
    parts = [
        words.say(
            "{count:,.0f} more jobs in {industry} in {city}"
            if count > 0
            else "{count:,.0f} fewer jobs in {industry} in {city}",
            count=abs(count),
            industry=industry,
            city=city,
        )
        for city, row in changes.iterrows()
        for industry, count in row.items()
        if count != 0
    ]
    if len(parts) <= NAMED:
        return words.enumerate(parts)
    net = float(changes.to_numpy().sum())
    return words.say(
        "{count:,.0f} jobs more in {total} places"
        if net >= 0
        else "{count:,.0f} jobs fewer in {total} places",
        count=abs(net),
        total=len(changes),
    )


def includes_zero(row: pd.Series) -> bool:
    """Whether the interval of an answer includes zero."""
    return bool(row["lower"] <= 0 <= row["upper"])


def _middle(row: pd.Series) -> float:
    return float(row["total"] if "total" in row.index else row["median"])


def _changed(percent: float, words: Words) -> str:
    pattern = "higher by {percent:g} %" if percent >= 0 else "lower by {percent:g} %"
    return words.say(pattern, percent=abs(percent))


def _where(names: Sequence[str], words: Words) -> str:
    if len(names) <= NAMED:
        return words.enumerate(list(names))
    return words.say(
        "{names} and {count} more",
        names=words.name(", ").join(names[:NAMED]),
        count=len(names) - NAMED,
    )
