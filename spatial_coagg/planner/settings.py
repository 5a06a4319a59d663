"""The configuration of a study: one TOML file, checked key by key."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from spatial_coagg._typing import Alternative, Effects, IslandPolicy
from spatial_coagg.autocorrelation.classes import FalseDiscovery
from spatial_coagg.errors import SettingsError
from spatial_coagg.models.spatial_plan import Correction, SpatialModel
from spatial_coagg.report.map_words import Language
from spatial_coagg.report.words import Words
from spatial_coagg.simulate.china_outcome import Mode
from spatial_coagg.tables.crosswalk import FIRST_YEAR, LAST_YEAR


def _existing_file(path: Path, info: ValidationInfo) -> Path:
    folder = Path((info.context or {}).get("folder", ""))
    found = (folder / path.expanduser()).resolve()
    if not found.is_file():
        raise ValueError(f"no such file: {found} (paths are relative to the TOML file)")
    return found


InputFile = Annotated[Path, AfterValidator(_existing_file)]
Name = Annotated[str, Field(min_length=1)]


# What a study is called where its file does not say, in the other language.
CHINESE_WORDS: Mapping[str, str] = {
    "title": "城市产业协同",
    "place": "城市",
    "places": "城市",
    "outcome_name": "结果变量",
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _TableFile(_Section):
    """Where a table lies and how it is written."""

    file: InputFile
    sheet: Name | None = None
    encoding: Name | None = None
    header_row: PositiveInt = 1
    missing_marks: tuple[str, ...] = ()
    year: Name = "year"


class NationalSettings(_TableFile):
    """National totals, one row for each year."""

    total: Name = "total"
    industries: dict[Name, Name]
    persons_per_unit: PositiveFloat = 1.0


class JobsSettings(_TableFile):
    """Jobs by city, year and industry: wide (`industries`) or long (`industry`).

    ``total = false`` where the file has no column of all jobs: their sum is taken.
    """

    city: Name = "city"
    total: Name | Literal[False] = "total"
    industries: dict[Name, Name]
    industry: Name | None = None
    jobs: Name | None = None
    code_digits: Annotated[int, Field(ge=0)] | None = None
    persons_per_unit: PositiveFloat = 1.0
    tolerance: Annotated[float, Field(ge=0)] = 0.01
    national: NationalSettings | None = None

    @model_validator(mode="after")
    def _long_needs_both(self) -> Self:
        if (self.industry is None) != (self.jobs is None):
            raise ValueError(
                "a long table needs both industry (the column that names the "
                "industry) and jobs (the column of numbers); a wide one neither"
            )
        return self


class ControlsSettings(_TableFile):
    """Everything else that varies by city and year."""

    city: Name = "city"
    code_digits: Annotated[int, Field(ge=0)] | None = None
    columns: dict[Name, Name]


class MapSettings(_Section):
    """The boundaries: a file of one's own, or the prefectures of China."""

    builtin: Literal["china"] | None = None
    file: InputFile | None = None
    code: Name | None = None
    name: Name | None = None
    layer: Name | None = None
    encoding: Name | None = None
    attributes: tuple[Name, ...] = ()
    credit: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.builtin is None) == (self.file is None):
            raise ValueError('give either builtin = "china" or file = "..."')
        if self.file is not None and self.code is None:
            raise ValueError("code is needed: the column that holds the city code")
        return self


class CrosswalkSettings(_Section):
    """Cities of China that were renamed, recoded or merged.

    Attributes
    ----------
    year : int
        Jobs and controls are brought to the codes at the end of this year.
    key : {"code", "name_zh"}
        What the tables call a city: its six-digit code or its full Chinese name
        (襄樊市), which becomes its code where the map is the embedded one.
    add_jobs : bool
        Whether the jobs of a city absorbed whole (Laiwu) are added to those of the
        city that absorbed it (Jinan); controls are never added up.
    """

    year: Annotated[int, Field(ge=FIRST_YEAR - 1, le=LAST_YEAR)]
    key: Literal["code", "name_zh"] = "code"
    add_jobs: bool = False


class SampleSettings(_Section):
    """Which cities and years are studied."""

    years: tuple[int, int] | None = None
    codes_starting_with: tuple[Name, ...] = ()
    leave_out: tuple[Name, ...] = ()
    group_from_code: PositiveInt | None = None
    balance: Literal["none", "error", "drop-cities", "drop-years"] = "none"

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.years is not None and self.years[0] > self.years[1]:
            raise ValueError(f"years must be [first, last], got {list(self.years)}")
        return self


class SynergySettings(_Section):
    """Which industries settle together, and against which totals."""

    manufacturing: Name = "manufacturing"
    services: tuple[Name, ...] = Field(min_length=1)
    groups: dict[Name, tuple[Name, ...]] = {}
    quotients: Literal["national", "sample", "within"] = "sample"
    within: Name | None = None

    @model_validator(mode="after")
    def _within_needs_a_group(self) -> Self:
        if (self.quotients == "within") != (self.within is not None):
            raise ValueError(
                'quotients = "within" and within = "<attribute>" go together'
            )
        return self


class WeightsSettings(_Section):
    """Who is whose neighbour."""

    rule: Literal["queen", "rook", "nearest", "band", "inverse-distance"] = "nearest"
    k: PositiveInt = 5
    band_km: PositiveFloat | None = None
    power: PositiveFloat = 1.0
    cutoff_km: PositiveFloat | None = None
    points: Literal["representative", "centroid", "seat"] = "representative"
    islands: IslandPolicy = "error"

    @model_validator(mode="after")
    def _band_needs_a_width(self) -> Self:
        if (self.rule == "band") != (self.band_km is not None):
            raise ValueError('rule = "band" and band_km = <km> go together')
        return self


class ModelSettings(_Section):
    """The regression: names, ln(name) or ln1p(name)."""

    outcome: Name
    drivers: tuple[Name, ...] = Field(min_length=1)
    effects: tuple[Effects, ...] = ("city", "city-year")
    covariance: Literal["clustered", "classical", "robust", "two-way-clustered"] = (
        "clustered"
    )
    zeros: Literal["error", "missing"] = "error"


class SpatialSettings(_Section):
    """The spatial panel models; they need every city in every year.

    Attributes
    ----------
    outcome : str, optional
        By default the regression's.
    model : str
        Whose effects and what-ifs are told.
    models : tuple of str
        Shown side by side.
    effects, spillovers, correction
        As in :func:`fit_spatial_panel`.
    weights : tuple of str
        Other weights by which `model` is fitted too: how robust is it? Distances enter
        by their square.
    economy : str, optional
        Column whose mean by city makes ``"economic"`` weights, and half of
        ``"nested"`` ones (the other half: those of the study).
    draws : int
        Of the estimates, for intervals of effects and what-ifs.
    what_if : mapping of str to float
        City to the percentage by which its theta rises, asked in the report; by
        default 10 per cent in the city whose rise gives most to all others.
    """

    outcome: Name | None = None
    model: Literal["slx", "sar", "sdm", "sdem", "sac", "gns"] = "sdm"
    models: tuple[SpatialModel, ...] = ("sar", "sem", "sdm", "sdem")
    effects: Effects | Literal["random"] = "city-year"
    spillovers: tuple[Name, ...] | None = None
    correction: Correction | None = None
    weights: tuple[
        Literal["queen", "rook", "nearest", "inverse-distance", "economic", "nested"],
        ...,
    ] = ("nearest", "inverse-distance")
    economy: Name | None = None
    draws: Annotated[int, Field(ge=100)] = 1000
    what_if: dict[Name, float] = {}

    @model_validator(mode="after")
    def _economic_needs_an_economy(self) -> Self:
        wanted = {"economic", "nested"} & set(self.weights)
        if wanted and self.economy is None:
            raise ValueError(
                f"weights {sorted(wanted)} need economy, the name of a column such as "
                f"GDP per head"
            )
        return self


class MoranSettings(_Section):
    """How Moran's I is tested, of the whole and city by city.

    Attributes
    ----------
    permutations : int
        Of the whole; city by city there are as many as the cut-off needs.
    alternative : {"two-sided", "greater", "less"}
        Of the whole; city by city it is two-sided.
    fdr : {"benjamini-hochberg", "bonferroni", "none"}
        How the number of cities tested is allowed for.
    level : float
        Of the cut-off, city by city.
    """

    permutations: PositiveInt = 9999
    alternative: Alternative = "two-sided"
    fdr: FalseDiscovery = "benjamini-hochberg"
    level: float = Field(default=0.05, gt=0, lt=1)


class Settings(_Section):
    """A whole study.

    Attributes
    ----------
    title, notice : str
        Heading of the report, and a line that stands on every page of it.
    question : str
        What is asked, in the reader's words.
    place, places, outcome_name : str
        Words for one city, many cities and the outcome in the report's sentences.
    seed : int
        Of every draw.
    spatial : SpatialSettings or False
        False leaves the spatial models out.
    example : {"static", "dynamic", "dynamic-contaminated", "spatial"}, optional
        Study the embedded simulated panel; `jobs`, `controls` and `map` then stay out.
    language : {"en", "zh"}
        Of the report, its maps and the defaults of the words above.
    """

    title: Name = "Industrial synergy of cities"
    notice: str = ""
    question: str = ""
    place: Name = "city"
    places: Name = "cities"
    outcome_name: Name = "the outcome"
    seed: int = Field(default=20040101, ge=0)
    language: Language = "en"
    example: Mode | None = None
    jobs: JobsSettings | None = None
    controls: ControlsSettings | None = None
    map: MapSettings | None = None
    crosswalk: CrosswalkSettings | None = None
    sample: SampleSettings = SampleSettings()
    synergy: SynergySettings
    weights: WeightsSettings = WeightsSettings()
    moran: MoranSettings = MoranSettings()
    model: ModelSettings
    spatial: SpatialSettings | Literal[False] = SpatialSettings()
    output: Name = "report"

    @property
    def words(self) -> Words:
        """What sentences call things."""
        return Words(self.place, self.places, self.outcome_name, self.language)

    @model_validator(mode="before")
    @classmethod
    def _words_of_its_language(cls, content: Any) -> Any:  # noqa: ANN401 - raw input
        if isinstance(content, Mapping) and content.get("language") == "zh":
            return {**CHINESE_WORDS, **content}
        return content

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        files = {"jobs": self.jobs, "controls": self.controls, "map": self.map}
        if self.example is None:
            absent = [name for name, section in files.items() if section is None]
            if absent:
                raise ValueError(
                    f"sections missing: {absent}; give [jobs], [controls] and [map], "
                    f'or example = "static" for the embedded panel'
                )
        elif any(section is not None for section in (*files.values(), self.crosswalk)):
            raise ValueError(
                "give either example or [jobs], [controls], [map] and [crosswalk]"
            )
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if self.jobs is None:
            return self
        known = set(self.jobs.industries)
        wanted = {self.synergy.manufacturing, *self.synergy.services}
        wanted.update(*self.synergy.groups.values())
        absent = sorted(wanted - known)
        if absent:
            raise ValueError(
                f"synergy names industries that jobs.industries lacks: {absent}; "
                f"it has {sorted(known)}"
            )
        if self.synergy.quotients == "national" and self.jobs.national is None:
            raise ValueError(
                'synergy.quotients = "national" needs the section [jobs.national]'
            )
        return self


def read_settings(path: str | Path, *, language: Language | None = None) -> Settings:
    """Read and check a study's TOML file.

    Parameters
    ----------
    path : str or Path
        The file; paths inside it are relative to its folder.
    language : {"en", "zh"}, optional
        Instead of the file's.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        If the file is absent or no TOML, or a key is unknown, missing or wrong: the
        message names each key, what was found and what is allowed.
    """
    file = Path(path)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"no such configuration file: {file}; "
            f"'spatial-coagg template' writes one to start from"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML in UTF-8: {error}") from error
    if language is not None:
        content["language"] = language
    return parse_settings(content, folder=file.parent, source=str(file))


def parse_settings(
    content: Mapping[str, Any], *, folder: Path, source: str = "the settings"
) -> Settings:
    """Check settings given as nested mappings; `folder` anchors relative paths."""
    try:
        return Settings.model_validate(content, context={"folder": folder})
    except ValidationError as error:
        lines = [_describe(detail) for detail in error.errors(include_url=False)]
        noun = "key" if len(lines) == 1 else "keys"
        raise SettingsError(
            "\n".join([f"{source}: {len(lines)} {noun} to correct", *lines])
        ) from error


def _describe(detail: Any) -> str:  # noqa: ANN401 - pydantic's own untyped record
    key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
    kind = detail["type"]
    if kind == "extra_forbidden":
        return f"  - {key}: unknown key; remove it or correct its spelling"
    if kind == "missing":
        return f"  - {key}: missing; add it"
    message = str(detail["msg"]).removeprefix("Value error, ")
    found = detail["input"]
    shown = "" if isinstance(found, dict) else f"; found {found!r}"
    return f"  - {key}: {message}{shown}"
