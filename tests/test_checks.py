import inspect
import warnings
from types import FrameType
from typing import Any, cast

from spatial_coagg.checks import warn_user
from spatial_coagg.errors import InferenceWarning

# A module of the package, two calls deep.
CODE = """
def outer():
    inner()

def inner():
    warn_user("told", category)
"""


def test_a_warning_points_at_the_line_outside_the_package() -> None:
    names: dict[str, Any] = {
        "__name__": "spatial_coagg.models.deep",
        "warn_user": warn_user,
        "category": InferenceWarning,
    }
    exec(compile(CODE, "deep.py", "exec"), names)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names["outer"]()
        line = cast("FrameType", inspect.currentframe()).f_lineno - 1
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)
    assert caught[0].category is InferenceWarning


def test_a_module_of_another_package_with_the_same_beginning_is_outside() -> None:
    names: dict[str, Any] = {"__name__": "spatial_coagg_more.model"}
    names |= {"warn_user": warn_user, "category": InferenceWarning}
    exec(compile(CODE, "more.py", "exec"), names)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names["outer"]()
    assert caught[0].filename == "more.py"
