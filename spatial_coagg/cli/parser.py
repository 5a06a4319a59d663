"""Which commands and options there are; it loads none of the libraries."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001

RULES = ("queen", "rook", "nearest", "inverse-distance", "economic", "nested")
MODELS = ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns")
EFFECTS = ("none", "city", "year", "city-year", "random")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; `options.command` names the command chosen."""
    parser = argparse.ArgumentParser(
        prog="spatial-coagg",
        description=(
            "Measure the industrial synergy of cities and how far it reaches into "
            "the neighbouring cities."
        ),
        epilog=(
            "'spatial-coagg COMMAND --help' shows an example of each command. Exit "
            "status: 0 fine, 1 error, 2 wrong usage, 3 problems in the data, 4 results "
            "not to be trusted (with --strict). Without a configuration my.toml the "
            "embedded simulated panel is used."
        ),
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command"
    )
    for add in (
        _add_run, _add_report, _add_map, _add_what_if, _add_weights, _add_moran,
        _add_model, _add_reproduce, _add_check, _add_template,
    ):  # fmt: skip
        add(commands)
    return parser


def _version() -> str:
    return f"spatial-coagg {version('spatial-coagg')}"


def _add_command(
    commands: Commands, name: str, words: str, example: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=words,
        description=f"{words[0].upper()}{words[1:]}.",
        epilog=f"Example: spatial-coagg {example}",
    )
    parser.set_defaults(strict=False, json=False)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "settings",
        nargs="?",
        type=Path,
        metavar="my.toml",
        help="the study's configuration; without it the embedded simulated panel",
    )


def _add_output(
    parser: argparse.ArgumentParser, words: str, metavar: str, default: str | None
) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        metavar=metavar,
        default=None if default is None else Path(default),
        help=words,
    )
    parser.add_argument(
        "--force", action="store_true", help="replace what is there already"
    )


def _add_manners(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print the numbers as JSON, for machines"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 4 if a warning says that results are not to be trusted",
    )


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lang",
        choices=("en", "zh"),
        help="language of what is written (as configured)",
    )


def _add_run(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "run",
        "write the whole report of a study: page, tables, maps, data",
        "run my.toml --output report --force",
    )
    _add_settings(parser)
    _add_output(parser, "where to write (default: report)", "FOLDER", None)
    parser.add_argument(
        "--maps",
        choices=("none", "last", "all"),
        default="last",
        help="years of the maps for print (default: last)",
    )
    _add_language(parser)
    _add_manners(parser)


def _add_report(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "report",
        "write the report's page alone, one file that needs no network",
        "report my.toml --output briefing.html",
    )
    _add_settings(parser)
    _add_output(parser, "the page (default: report.html)", "FILE", "report.html")
    _add_language(parser)
    _add_manners(parser)


def _add_map(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "map",
        "write the map alone, one page that needs no network",
        "map my.toml --lang zh --output synergy.html",
    )
    _add_settings(parser)
    _add_output(parser, "the page (default: map.html)", "FILE", "map.html")
    _add_language(parser)
    parser.add_argument(
        "--cdn",
        action="store_true",
        help="a smaller page that loads Leaflet and a background map from the web",
    )
    _add_manners(parser)


def _add_what_if(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "whatif",
        "ask what goes with more synergy, or more jobs, in some cities",
        "whatif --raise 320500=10",
    )
    _add_settings(parser)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "--raise",
        nargs="+",
        dest="raised",
        metavar="CITY=PERCENT",
        help="cities, by code or name, and by how much their synergy rises",
    )
    asked.add_argument(
        "--jobs",
        nargs="+",
        metavar="CITY:INDUSTRY=JOBS",
        help="jobs that come to a city (or leave it, with a minus)",
    )
    asked.add_argument(
        "--target", metavar="CITY", help="from whose synergy does this city gain most?"
    )
    asked.add_argument(
        "--corridor", type=int, metavar="K", help="which K cities together gain most?"
    )
    parser.add_argument(
        "--percent",
        type=float,
        default=10.0,
        help="rise of each city of a target or corridor (default: 10)",
    )
    parser.add_argument(
        "--weights", choices=RULES, help="who counts as a neighbour (as configured)"
    )
    parser.add_argument(
        "--draws", type=int, default=1000, help="draws of the estimates (default: 1000)"
    )
    parser.add_argument(
        "--top", type=int, default=10, help="cities to print (default: 10)"
    )
    _add_output(parser, "write all cities to this .csv or .xlsx", "FILE", None)
    _add_manners(parser)


def _add_weights(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "weights",
        "tell who is whose neighbour, and write it to a file",
        "weights my.toml --output queen.gal",
    )
    _add_settings(parser)
    parser.add_argument(
        "--rule", choices=RULES, help="who counts as a neighbour (as configured)"
    )
    _add_output(parser, "a .gal, .gwt, .csv or .parquet file", "FILE", None)
    _add_manners(parser)


def _add_moran(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "moran",
        "test whether synergy clusters, year by year and city by city",
        "moran my.toml --sector finance",
    )
    _add_settings(parser)
    parser.add_argument(
        "--sector", metavar="NAME", help="theta of one service or group; of all without"
    )
    parser.add_argument(
        "--local", action="store_true", help="count the classes of cities too"
    )
    _add_manners(parser)


def _add_model(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "model",
        "fit a spatial model and tell its direct, indirect and total effects",
        "model my.toml --model sdm --rule nearest",
    )
    _add_settings(parser)
    parser.add_argument("--model", choices=MODELS, help="which model (as configured)")
    parser.add_argument(
        "--effects", choices=EFFECTS, help="which effects are taken out (as configured)"
    )
    parser.add_argument(
        "--rule", choices=RULES, help="who counts as a neighbour (as configured)"
    )
    _add_output(
        parser,
        "write estimates and effects: sheets of an .xlsx, or NAME.csv and "
        "NAME-effects.csv",
        "FILE",
        None,
    )
    _add_manners(parser)


def _add_reproduce(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "reproduce",
        "compute the paper's Tables 1 to 8 beside the published ones",
        "reproduce my.toml --tables 6 7 --output tables",
    )
    _add_settings(parser)
    parser.add_argument(
        "--tables",
        nargs="+",
        type=int,
        choices=range(1, 9),
        default=range(1, 9),
        metavar="N",
        help="which of the tables 1 to 8 (default: all)",
    )
    _add_output(
        parser, "where to write (default: reproduction)", "FOLDER", "reproduction"
    )
    _add_manners(parser)


def _add_check(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "check",
        "list every problem of a study's tables, without computing anything",
        "check my.toml --output problems.xlsx",
    )
    _add_settings(parser)
    _add_output(parser, "a workbook with the list and the cells marked", "FILE", None)
    _add_manners(parser)


def _add_template(commands: Commands) -> None:
    parser = _add_command(
        commands,
        "template",
        "write a commented configuration and an example workbook to start from",
        "template my_study && spatial-coagg run my_study/study.toml",
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
    parser.add_argument(
        "--json", action="store_true", help="print the files' names as JSON"
    )
