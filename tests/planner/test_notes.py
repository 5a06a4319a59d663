import warnings
from dataclasses import dataclass, field
from functools import cached_property

import pytest

from spatial_coagg.errors import DataWarning
from spatial_coagg.planner.notes import noted


@dataclass(frozen=True)
class Computation:
    notes: dict[str, None] = field(default_factory=dict)

    @cached_property
    @noted
    def inner(self) -> int:
        warnings.warn("two cities lack jobs", DataWarning, stacklevel=2)
        return 1

    @cached_property
    @noted
    def outer(self) -> int:
        return self.inner + 1

    @cached_property
    @noted
    def foreign(self) -> int:
        warnings.warn("somebody else's", UserWarning, stacklevel=2)
        return 3


def test_a_warning_is_kept_once_and_still_issued() -> None:
    computation = Computation()
    with pytest.warns(DataWarning, match="two cities"):
        assert computation.outer == 2
    assert list(computation.notes) == ["two cities lack jobs"]


def test_other_libraries_warnings_are_passed_on_but_not_kept() -> None:
    computation = Computation()
    with pytest.warns(UserWarning, match="somebody else's"):
        assert computation.foreign == 3
    assert not computation.notes
