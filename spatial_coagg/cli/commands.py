"""What each command does with its options."""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.drafts import replaced_file, written_file
from spatial_coagg.errors import OutputExistsError, SettingsError, SpatialCoaggError
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.paper.reproduction import reproduce
from spatial_coagg.planner.atlas import draw_atlas
from spatial_coagg.planner.briefing import compose_page
from spatial_coagg.planner.checking import check_study
from spatial_coagg.planner.example_study import example_settings
from spatial_coagg.planner.settings import Settings, read_settings
from spatial_coagg.planner.spatial import SpatialStudy
from spatial_coagg.planner.study import Study
from spatial_coagg.planner.template import write_template
from spatial_coagg.planner.what_if_command import run_what_if
from spatial_coagg.planner.what_if_request import WhatIfRequest
from spatial_coagg.report.folder import check_replaceable
from spatial_coagg.report.regression_table import tabulate_models
from spatial_coagg.report.workbook import Sheet, write_workbook
from spatial_coagg.weights.files import write_weights
from spatial_coagg.weights.summary import summarise_weights

FINE, DATA_PROBLEMS = 0, 3
MORAN = {
    "statistic": "Moran's I",
    "expectation": "expected",
    "z_normal": "z",
    "p_normal": "p (normal)",
    "p_permutation": "p (permutation)",
    "cities": "cities",
}


def run_command(options: argparse.Namespace) -> int:
    """Run the command that the options name; return the exit status."""
    commands: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "run": _run,
        "report": _report,
        "map": _map,
        "whatif": _what_if,
        "weights": _weights,
        "moran": _moran,
        "model": _model,
        "reproduce": _reproduce,
        "check": _check,
        "template": _template,
    }
    return commands[options.command](options)


def _run(options: argparse.Namespace) -> int:
    study = Study(_settings(options))
    folder = study.write(
        options.output, force=options.force, maps=options.maps, progress=_say
    )
    if options.json:
        _print_json(study.key_results)
    else:
        _print(str(folder / "index.html"))
    return FINE


def _report(options: argparse.Namespace) -> int:
    _refuse_existing(options)
    study = Study(_settings(options))
    study.compute(_say)
    _say("Writing the page")
    path = written_file(options.output, compose_page(study.results))
    _print_json(study.key_results) if options.json else _print(str(path))
    return FINE


def _map(options: argparse.Namespace) -> int:
    _refuse_existing(options)
    study = Study(_settings(options))
    _say("Measuring synergy")
    _ = study.thetas
    _say("Finding the clusters")
    _ = study.local
    _say("Fitting models with neighbours")
    _ = study.spatial_fits
    _say("Drawing the map")
    path = draw_atlas(study, cdn=options.cdn).save(options.output)
    _print_json({"map": str(path)}) if options.json else _print(str(path))
    return FINE


def _what_if(options: argparse.Namespace) -> int:
    if options.output is not None:
        _refuse_existing(options)
    request = WhatIfRequest.from_texts(
        raised=options.raised or (),
        jobs=options.jobs or (),
        target=options.target,
        corridor=options.corridor,
        percent=options.percent,
        weights=options.weights,
        draws=options.draws,
    )
    _say("Fitting the model")
    answer = run_what_if(Study(_settings(options)), request)
    if options.output is not None:
        _write_tables({"table": answer.table}, options.output)
    if options.json:
        _print_json(answer.to_dict())
    else:
        _print(answer.to_text(top=options.top))
    return FINE


def _weights(options: argparse.Namespace) -> int:
    if options.output is not None:
        _refuse_existing(options)
    study = Study(_settings(options))
    if options.rule is None:
        graph = study.weights
    else:
        graph = _spatial(study).weights_by(options.rule)
    if options.output is not None:
        write_weights(graph, options.output)
    table = summarise_weights(graph).to_frame()
    if options.json:
        _print_json({str(key): value for key, value in table.iloc[:, 0].items()})
    else:
        _print(table.to_string(header=False))
    return FINE


def _moran(options: argparse.Namespace) -> int:
    study = Study(_settings(options))
    sector = options.sector
    known = [str(name).removeprefix("theta_") for name in study.thetas.columns[1:]]
    if sector is not None and sector not in known:
        raise SettingsError(f"there is no sector {sector!r}; there are {listed(known)}")
    column = "theta" if sector is None else f"theta_{sector}"
    _say("Testing for clusters")
    frame = study.moran_of(column).frame
    counts = None
    if options.local:
        _say("Finding the clusters")
        counts = study.local_of(column).counts
    if options.json:
        found: dict[str, object] = {"moran": _records(frame)}
        if counts is not None:
            found["classes"] = _records(pd.DataFrame(counts))
        _print_json(found)
        return FINE
    shown = frame[list(MORAN)].rename(columns=MORAN)
    _print(shown.to_string(float_format=lambda value: f"{value:.4f}"))
    if counts is not None:
        _print(f"\nCities in each class\n{pd.DataFrame(counts).to_string()}")
    return FINE


def _model(options: argparse.Namespace) -> int:
    if options.output is not None:
        _refuse_existing(options, "effects")
    spatial = _spatial(Study(_settings(options)))
    _say("Fitting the model")
    fit = spatial.fit(
        model=options.model, effects=options.effects, weights=options.rule
    )
    effects = spatial_effects(
        fit, draws=spatial.asked.draws, rng=spatial.settings.seed
    ).frame
    if options.output is not None:
        _write_tables({"estimates": fit.estimates, "effects": effects}, options.output)
    if options.json:
        found = {"estimates": _records(fit.estimates), "effects": _records(effects)}
        _print_json({"title": fit.title, **found, "facts": dict(fit.facts)})
        return FINE
    table = tabulate_models({fit.title: fit}, facts=list(fit.facts), digits=4)
    _print(f"{table}\n\nEffects")
    _print(effects.to_string(float_format=lambda value: f"{value:.4f}"))
    return FINE


def _reproduce(options: argparse.Namespace) -> int:
    check_replaceable(options.output, force=options.force)
    file = options.settings
    panel = None if file is None else Study.from_file(file).variables
    _say(f"Computing {len(options.tables)} tables")
    made = reproduce(panel, tables=options.tables)
    folder = made.save(options.output, force=options.force)
    if options.json:
        tables = {
            str(number): {"status": table.status, "figures": _records(table.frame)}
            for number, table in made.tables.items()
        }
        _print_json({"folder": str(folder), "tables": tables})
    else:
        sys.stdout.write(made.to_markdown())
    _say(f"written to {folder}")
    return FINE


def _check(options: argparse.Namespace) -> int:
    _say("Reading the tables")
    found = check_study(_settings(options))
    if options.output is not None:
        _say(f"written to {found.save(options.output, force=options.force)}")
    if options.json:
        _print_json({"problems": found.errors, "found": _records(found.frame)})
    else:
        for each in found.found:
            kind = "problem" if each.is_error else "note"
            _print(f"{kind}, {each.table}: {each.problem}")
        count = found.errors
        _print(
            "No problem: the study can run."
            if count == 0
            else f"{count} problem{'' if count == 1 else 's'} to correct."
        )
    return DATA_PROBLEMS if found.errors else FINE


def _template(options: argparse.Namespace) -> int:
    written = write_template(options.folder, force=options.force)
    if options.json:
        _print_json({"files": [str(path) for path in written]})
    else:
        sys.stdout.writelines(f"{path}\n" for path in written)
    return FINE


def _settings(options: argparse.Namespace) -> Settings:
    file = options.settings
    language = getattr(options, "lang", None)
    if file is None:
        return example_settings(language or "en")
    return read_settings(file, language=language)


def _spatial(study: Study) -> SpatialStudy:
    spatial = study.spatial
    if spatial is None:
        raise SpatialCoaggError(f"no spatial model here: {study.spatial_gap}")
    return spatial


def _refuse_existing(options: argparse.Namespace, *beside: str) -> None:
    """Raise if the output, or a CSV file of a further table beside it, exists."""
    path: Path = options.output
    more = beside if path.suffix == ".csv" else ()
    for target in (path, *(_companion(path, name) for name in more)):
        if target.exists() and not options.force:
            raise OutputExistsError(
                f"{target} exists; use --force to replace it, or choose another"
            )


def _companion(path: Path, name: str) -> Path:
    """Return ``estimates-effects.csv`` beside ``estimates.csv``."""
    return path.with_stem(f"{path.stem}-{name}")


def _write_tables(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write tables for a spreadsheet: sheets of a workbook, or a CSV file each."""
    if path.suffix == ".xlsx":
        sheets = [
            Sheet(name, table, "One row for each line.")
            for name, table in tables.items()
        ]
        with replaced_file(path) as fresh:
            write_workbook(sheets, fresh)
    elif path.suffix == ".csv":
        first, *others = tables
        targets = {first: path} | {name: _companion(path, name) for name in others}
        # All are complete before one takes its name.
        with ExitStack() as stack:
            drafts = {
                name: stack.enter_context(replaced_file(target))
                for name, target in targets.items()
            }
            for name, fresh in drafts.items():
                text = tables[name].to_csv(lineterminator="\n")
                fresh.write_text(text, encoding="utf-8-sig", newline="\n")
    else:
        raise SettingsError(f"{path}: write to a file that ends in .csv or .xlsx")


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    rows = table.reset_index().astype(object)
    known = rows.where(rows.notna(), None)
    return [
        {str(key): value for key, value in row.items()}
        for row in known.to_dict(orient="records")
    ]


def _print_json(content: object) -> None:
    _print(json.dumps(_plain(content), ensure_ascii=False, allow_nan=False))


def _plain(value: object) -> object:
    """Turn what Python, numpy and pandas hold into what JSON can; nan is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    item = getattr(value, "item", None)
    bare = item() if callable(item) else value
    if isinstance(bare, float):
        return bare if math.isfinite(bare) else None
    return bare if bare is None or isinstance(bare, bool | int | str) else str(bare)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
