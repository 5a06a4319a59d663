"""Remember what a computation warned about, and still warn."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Protocol, TypeVar

from spatial_coagg.checks import warn_user
from spatial_coagg.errors import SpatialCoaggWarning


class Noting(Protocol):
    """Something that keeps notes in the order they came."""

    @property
    def notes(self) -> dict[str, None]:
        """Return the notes; a dict keeps order and has no doubles."""
        ...


Self = TypeVar("Self", bound=Noting)
Value = TypeVar("Value")


def noted(compute: Callable[[Self], Value]) -> Callable[[Self], Value]:
    """Make a method keep its package warnings in `notes` and issue them all the same.

    A report must say what its computations warned about, whoever computed them first.
    """

    @wraps(compute)
    def wrapper(self: Self) -> Value:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            value = compute(self)
        for warning in caught:
            if issubclass(warning.category, SpatialCoaggWarning):
                self.notes[str(warning.message)] = None
            warn_user(
                warning.message,
                warning.category,
            )
        return value

    return wrapper
