"""Every error and warning the package can raise, so that each can be caught by name."""

from collections.abc import Sequence
from dataclasses import dataclass


class SpatialCoaggError(ValueError):
    """Base of every error that spatial_coagg raises about values it was given."""


class SpatialCoaggWarning(UserWarning):
    """Base of every warning that spatial_coagg issues."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a table, in words a reader of the file can act on.

    Attributes
    ----------
    message : str
        What was found and what to do about it.
    row : int or None
        Row in the file as a spreadsheet counts it (the header is row 1).
    column : str or None
        Header of the column as it stands in the file.
    value : str or None
        The cell as it stands in the file.
    city, year : str or None
        Key of the row where it is known.
    """

    message: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    city: str | None = None
    year: str | None = None

    def __str__(self) -> str:
        """Return the place, then the message."""
        place = [
            f"{word} {content!r}" if word == "value" else f"{word} {content}"
            for word, content in (
                ("row", self.row),
                ("column", self.column),
                ("city", self.city),
                ("year", self.year),
                ("value", self.value),
            )
            if content is not None
        ]
        return f"{', '.join(place)}: {self.message}" if place else self.message


class TableError(SpatialCoaggError):
    """A table cannot be used; `problems` lists every reason found.

    Attributes
    ----------
    source : str
        The file or table that was read.
    problems : tuple of Problem
    """

    shown = 20

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        lines = [f"  - {problem}" for problem in self.problems[: self.shown]]
        if len(self.problems) > self.shown:
            lines.append(f"  ... and {len(self.problems) - self.shown} more")
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__("\n".join([f"{source}: {count} {noun}", *lines]))

    def __reduce__(self) -> tuple[type["TableError"], tuple[str, tuple[Problem, ...]]]:
        """Pickle by the two arguments, not by the message built from them."""
        return type(self), (self.source, self.problems)


class MissingColumnError(SpatialCoaggError):
    """A column that was asked for is not in the table."""


class DuplicateKeyError(SpatialCoaggError):
    """A key that must be unique, such as (city, year), occurs twice."""


class AlignmentError(SpatialCoaggError):
    """Two inputs do not speak about the same cities or years."""


class UnbalancedPanelError(SpatialCoaggError):
    """Some city lacks some year where every city needs every year."""


class BoundaryError(SpatialCoaggError):
    """A map cannot be used: wrong CRS, missing geometry or duplicate codes."""


class WeightsError(SpatialCoaggError):
    """A weight matrix cannot be built or used as asked."""


class IsolatedCityError(WeightsError):
    """A city has no neighbours and the island policy is "error"."""


class EstimationError(SpatialCoaggError):
    """A model cannot be estimated from these data."""


class SettingsError(SpatialCoaggError):
    """A configuration file names a wrong key or value."""


class OutputExistsError(SpatialCoaggError):
    """The output folder exists and replacing it was not asked for."""


class BalanceWarning(SpatialCoaggWarning):
    """Cities or years were left out to balance a panel."""


class MissingValueWarning(SpatialCoaggWarning):
    """Rows with missing values were left out of an estimate."""


class IsolatedCityWarning(SpatialCoaggWarning):
    """A city has no neighbours, so its spatial lag is zero or undefined.

    Attributes
    ----------
    cities : tuple of str
        The cities concerned, where the message names them.
    """

    def __init__(self, message: str, cities: tuple[str, ...] = ()) -> None:
        self.cities = cities
        super().__init__(message)


class LostLinkWarning(SpatialCoaggWarning):
    """Links to cities outside the selection were lost."""


class DominanceWarning(SpatialCoaggWarning):
    """A few neighbours carry most of the weight of a row."""


class InferenceWarning(SpatialCoaggWarning):
    """A standard error or p-value should be read with care."""


class DataWarning(SpatialCoaggWarning):
    """The data were usable, with something the reader must know."""


class ExtrapolationWarning(SpatialCoaggWarning):
    """A question lies outside what the data of a model show."""


class SlowComputationWarning(SpatialCoaggWarning):
    """A computation will take minutes, and there is a quicker way."""
