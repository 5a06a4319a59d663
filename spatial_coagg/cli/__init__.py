"""The command line: arguments in, calls of the public functions, files out."""

import sys
import warnings
from collections.abc import Sequence

from spatial_coagg.cli.parser import build_parser
from spatial_coagg.errors import (
    AlignmentError,
    BoundaryError,
    DuplicateKeyError,
    InferenceWarning,
    OutputExistsError,
    SettingsError,
    SpatialCoaggError,
    SpatialCoaggWarning,
    TableError,
    UnbalancedPanelError,
)

FINE, FAILED, WRONG_USAGE, DATA_PROBLEMS, NOT_TRUSTED = range(5)
DATA_ERRORS = (
    AlignmentError,
    BoundaryError,
    DuplicateKeyError,
    TableError,
    UnbalancedPanelError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        0 fine, 1 an error, 2 wrong usage or configuration, 3 problems in the data,
        4 (with ``--strict``) results of which a warning says not to trust them.
    """
    options = build_parser().parse_args(arguments)
    shown = _ShownWarnings()
    with warnings.catch_warnings():
        warnings.simplefilter("always", SpatialCoaggWarning)
        warnings.showwarning = shown
        try:
            # Imported here so that --help answers without loading the libraries.
            from spatial_coagg.cli.commands import run_command  # noqa: PLC0415

            status = run_command(options)
        except DATA_ERRORS as error:
            return _fail(error, DATA_PROBLEMS)
        except (SettingsError, OutputExistsError) as error:
            return _fail(error, WRONG_USAGE)
        except (SpatialCoaggError, OSError) as error:
            return _fail(error, FAILED)
        except KeyboardInterrupt:
            return _fail("interrupted; what was there before is as it was", FAILED)
    if status == FINE and options.strict and shown.doubts:
        sys.stderr.write("error: not to be trusted, because of the notes above\n")
        return NOT_TRUSTED
    return status


class _ShownWarnings:
    """Write each warning once, and count those about inference."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self.doubts = 0

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        *_place: object,
        **_more: object,
    ) -> None:
        # Where a warning was raised inside the package does not help a reader.
        noted = issubclass(category, SpatialCoaggWarning)
        self.doubts += issubclass(category, InferenceWarning)
        line = f"{'note' if noted else category.__name__}: {message}\n"
        if line not in self.lines:
            self.lines.add(line)
            sys.stderr.write(line)


def _fail(error: Exception | str, status: int) -> int:
    sys.stderr.write(f"error: {error}\n")
    return status
