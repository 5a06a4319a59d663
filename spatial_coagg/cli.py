"""The command line: arguments in, Study calls, files out."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from spatial_coagg.errors import (
    BoundaryError,
    OutputExistsError,
    SettingsError,
    SpatialCoaggError,
    SpatialCoaggWarning,
    TableError,
)

FINE, FAILED, WRONG_USAGE, DATA_PROBLEMS = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        0 fine, 1 an error, 2 wrong usage or configuration, 3 problems in the data.
    """
    options = _parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("always", SpatialCoaggWarning)
        warnings.showwarning = _show_each_once()
        try:
            return int(options.command(options))
        except (TableError, BoundaryError) as error:
            return _fail(error, DATA_PROBLEMS)
        except (SettingsError, OutputExistsError) as error:
            return _fail(error, WRONG_USAGE)
        except (SpatialCoaggError, OSError) as error:
            return _fail(error, FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spatial-coagg",
        description=(
            "Measure the industrial synergy of cities and how far it reaches into "
            "the neighbouring cities."
        ),
        epilog="'spatial-coagg COMMAND --help' shows an example of each command.",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_run(commands)
    _add_template(commands)
    _add_reproduce(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="write the report of a study (of the embedded panel without a file)",
        description="Write the report of a study.",
        epilog="Example: spatial-coagg run my.toml --output report --force",
    )
    parser.add_argument(
        "settings",
        nargs="?",
        type=Path,
        metavar="my.toml",
        help="the study's configuration; without it the embedded simulated panel",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where to write (default: report)"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a report that is there"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the key results as JSON"
    )
    parser.set_defaults(command=_run)


def _add_template(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    parser = commands.add_parser(
        "template",
        help="write a commented configuration and an example workbook to start from",
        description=(
            "Write study.toml and example.xlsx, which run as they are: replace the "
            "workbook's numbers by your own."
        ),
        epilog="Example: spatial-coagg template my_study && spatial-coagg run "
        "my_study/study.toml",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        help="where to write (default: here)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace files of the same names"
    )
    parser.set_defaults(command=_template)


def _add_reproduce(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    parser = commands.add_parser(
        "reproduce",
        help="compute the paper's Tables 1 to 8 beside the published ones",
        description=(
            "Print and save the paper's Tables 1 to 8, computed on the embedded panel "
            "or on your own, beside the published figures."
        ),
        epilog="Example: spatial-coagg reproduce my.toml --tables 6 7 --output tables",
    )
    parser.add_argument(
        "settings",
        nargs="?",
        type=Path,
        metavar="my.toml",
        help="a study's configuration; without it the embedded simulated panels",
    )
    parser.add_argument(
        "--tables",
        nargs="+",
        type=int,
        choices=range(1, 9),
        default=range(1, 9),
        metavar="N",
        help="which of the tables 1 to 8 (default: all)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("reproduction"),
        metavar="FOLDER",
        help="where to write (default: reproduction)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace a reproduction that is there"
    )
    parser.set_defaults(command=_reproduce)


def _run(options: argparse.Namespace) -> int:
    # Imported here so that --help answers without loading the libraries.
    from spatial_coagg.planner.study import Study  # noqa: PLC0415

    study = Study.from_file(options.settings) if options.settings else Study.embedded()
    folder = study.write(options.output, force=options.force, progress=_say)
    if options.json:
        sys.stdout.write(json.dumps(study.key_results, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{folder / 'index.html'}\n")
    return FINE


def _template(options: argparse.Namespace) -> int:
    from spatial_coagg.planner.template import write_template  # noqa: PLC0415

    written = write_template(options.folder, force=options.force)
    sys.stdout.writelines(f"{path}\n" for path in written)
    return FINE


def _reproduce(options: argparse.Namespace) -> int:
    from spatial_coagg.paper.reproduction import reproduce  # noqa: PLC0415
    from spatial_coagg.planner.study import Study  # noqa: PLC0415
    from spatial_coagg.report.folder import check_replaceable  # noqa: PLC0415

    check_replaceable(options.output, force=options.force)
    file = options.settings
    panel = None if file is None else Study.from_file(file).variables
    _say(f"Computing {len(options.tables)} tables")
    made = reproduce(panel, tables=options.tables)
    folder = made.save(options.output, force=options.force)
    sys.stdout.write(made.to_markdown())
    _say(f"written to {folder}")
    return FINE


def _version() -> str:
    return f"spatial-coagg {version('spatial-coagg')}"


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _show_each_once() -> Callable[..., None]:
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        *_place: object,
        **_more: object,
    ) -> None:
        # Where a warning was raised inside the package does not help a reader.
        noted = issubclass(category, SpatialCoaggWarning)
        line = f"{'note' if noted else category.__name__}: {message}\n"
        if line not in shown:
            shown.add(line)
            sys.stderr.write(line)

    return show


def _fail(error: Exception, status: int) -> int:
    sys.stderr.write(f"error: {error}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
