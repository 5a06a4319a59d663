"""A what-if of a study, as the command line asks and answers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import AlignmentError, SpatialCoaggError
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.planner.job_changes import JobsBase
from spatial_coagg.planner.ranks import rank_ranges
from spatial_coagg.planner.reach import corridor, targets
from spatial_coagg.planner.scales import choose_driver, read_label
from spatial_coagg.planner.scenario_result import WhatIf
from spatial_coagg.planner.scenarios import what_if
from spatial_coagg.planner.spatial import SpatialSource
from spatial_coagg.planner.telling import tell_what_if
from spatial_coagg.planner.what_if_request import WhatIfRequest
from spatial_coagg.report.reach_findings import (
    describe_corridor,
    describe_targets,
    told_rank,
)
from spatial_coagg.report.what_if_findings import describe_limits
from spatial_coagg.report.what_if_question import (
    Question,
    word_jobs,
    word_rise,
    word_synergy,
)
from spatial_coagg.report.words import Words


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfAnswer:
    """The answer of a study to a what-if.

    Attributes
    ----------
    question : Question
    weights : str
        Name of the weights that answered.
    sentences : tuple of str
    table : DataFrame
        Index city; name, then the columns of the answer, in the question's unit.
    words : Words
        Of the sentences.
    """

    question: Question
    weights: str
    sentences: tuple[str, ...]
    table: pd.DataFrame
    words: Words

    def to_text(self, *, top: int = 10) -> str:
        """Return the sentences and the first `top` rows, for a terminal."""
        shown = self.table.head(top).to_string(float_format=lambda x: f"{x:.4g}")
        head = self.words.say(
            "In {unit}, {interval}s, {weights}:",
            unit=self.question.unit,
            interval=self.question.interval(self.words),
            weights=self.weights,
        )
        rest = len(self.table) - top
        more = self.words.say("\n... and {rest} more", rest=rest) if rest > 0 else ""
        return "\n".join([*self.sentences, "", head, f"{shown}{more}", ""])

    def to_dict(self) -> dict[str, object]:
        """Return what JSON can hold; a missing value is None."""
        rows = self.table.reset_index().astype(object)
        known = rows.where(rows.notna(), None)
        return {
            "question": self.question.cause,
            "unit": self.question.unit,
            "level": self.question.level,
            "weights": self.weights,
            "sentences": list(self.sentences),
            "cities": known.to_dict(orient="records"),
        }


def run_what_if(study: SpatialSource, request: WhatIfRequest) -> WhatIfAnswer:
    """Answer a what-if by the spatial models of a study.

    Parameters
    ----------
    study : Study
    request : WhatIfRequest

    Returns
    -------
    WhatIfAnswer

    Raises
    ------
    AlignmentError
        If a city is unknown or a name is that of several.
    SpatialCoaggError
        If the study has no spatial model or no such weights; and as :func:`what_if`,
        :func:`targets` and :func:`corridor` do.

    Examples
    --------
    See ``spatial-coagg whatif --help``.
    """
    asked = _Asked.of(study, request)
    if request.target is not None:
        return _answer_target(asked, request.target)
    if request.corridor is not None:
        return _answer_corridor(asked, request.corridor)
    return _answer_change(asked)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A study, a request and the fit that answers."""

    study: SpatialSource
    request: WhatIfRequest
    fit: SpatialPanelFit
    weights: str
    names: Mapping[str, str]
    column: str

    @classmethod
    def of(cls, study: SpatialSource, request: WhatIfRequest) -> "_Asked":
        if study.spatial is None:
            raise SpatialCoaggError(
                "this study has no spatial model: its settings leave it out, or its "
                "panel has gaps (see the notes)"
            )
        fits = study.spatial.fits
        name = request.weights or study.spatial.main
        if name not in fits:
            raise SpatialCoaggError(
                f"the study has no weights {name!r}; it has {listed(list(fits))}"
            )
        fit = fits[name]
        column = read_label(choose_driver(fit, None)).column
        names = study.inputs.names(study.settings.language)
        return cls(study, request, fit, name, names, column)

    @property
    def others(self) -> dict[str, SpatialPanelFit]:
        """The fits by every kind of neighbours whose effects can be told."""
        spatial = self.study.spatial
        if spatial is None:
            return {}
        return {
            name: fit
            for name, fit in spatial.fits.items()
            if not spatial.is_at_bound(name)
        }

    @property
    def words(self) -> Words:
        return self.study.settings.words

    @property
    def theta(self) -> pd.Series:
        return self.study.thetas[self.column]

    @property
    def jobs(self) -> JobsBase:
        study, synergy = self.study, self.study.settings.synergy
        part = self.column.removeprefix("theta").removeprefix("_")
        services = synergy.groups.get(part, (part,)) if part else synergy.services
        within = synergy.within
        return JobsBase(
            jobs=study.inputs.jobs,
            manufacturing=synergy.manufacturing,
            services=services,
            national=study.inputs.national if synergy.quotients == "national" else None,
            within=None if within is None else study.inputs.attributes[within],
            year=int(self.fit.years.max()),
        )

    @property
    def options(self) -> dict[str, float | int]:
        request = self.request
        seed = self.study.settings.seed
        return {"draws": request.draws, "level": request.level, "rng": seed}

    def code(self, city: str) -> str:
        """Return the code of a city that is called by code or by name."""
        if city in self.fit.cities or city in self.study.inputs.attributes.index:
            return city
        table = self.study.inputs.attributes
        called = [name for name in table.columns if str(name).startswith("name")]
        texts = table[called].astype(str).apply(lambda column: column.str.casefold())
        # A province in brackets tells places of one name apart.
        short = texts.replace(r"\s*\(.*\)$", "", regex=True)
        same = (texts == city.casefold()) | (short == city.casefold())
        found = table.index[same.any(axis="columns")]
        if len(found) == 1:
            return str(found[0])
        if len(found) > 1:
            raise AlignmentError(
                f"{len(found)} cities are called {city!r}: {listed(found)}; give a code"
            )
        raise AlignmentError(
            f"no city is called {city!r}; give a code, such as "
            f"{self.fit.cities[0]!r}, or a name as it stands in the report"
        )

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Put the name of each city in front."""
        called = [self.names[str(code)] for code in table.index]
        fresh = table.copy()
        fresh.insert(0, "name", called)
        return fresh.rename_axis("city")


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """Cities whose theta or jobs change, in words, and how to ask a fit of it."""

    cities: Sequence[str]
    question: Question
    ask: Callable[[SpatialPanelFit], WhatIf]


def _answer_change(asked: _Asked) -> WhatIfAnswer:
    change = _rises(asked) if asked.request.raised else _moves(asked)
    fits = {asked.weights: asked.fit} | asked.others
    answers = {name: change.ask(fit) for name, fit in fits.items()}
    found = answers[asked.weights]
    question = replace(change.question, unit=found.unit)
    names, words = asked.names, asked.words
    ranks = rank_ranges(answers)
    told = {city: told_rank(row, words) for city, row in ranks.iterrows()}
    table = found.cities.assign(ranks=pd.Series(told))
    table = table.sort_values("rank", kind="stable")
    stranger = _strangers(asked, change.cities)
    sentences = tell_what_if(
        found, question, names, words, changed=change.cities, ranks=ranks
    )
    # The caveat stays the last word.
    return _answer(asked, question, [*sentences[:-1], stranger, sentences[-1]], table)


def _rises(asked: _Asked) -> _Change:
    rises = {asked.code(city): by for city, by in asked.request.raised.items()}
    called = {asked.names[code]: by for code, by in rises.items()}
    cause = word_synergy(called, asked.words)

    def ask(fit: SpatialPanelFit) -> WhatIf:
        return what_if(fit, rises, theta=asked.theta, **asked.options)  # type: ignore[arg-type]

    return _Change(list(rises), Question(cause, "", asked.request.level), ask)


def _moves(asked: _Asked) -> _Change:
    moves = {asked.code(city): part for city, part in asked.request.jobs.items()}
    frame = pd.DataFrame.from_dict(moves, orient="index").fillna(0.0)
    cause = word_jobs(frame.rename(index=asked.names), asked.words)

    def ask(fit: SpatialPanelFit) -> WhatIf:
        return what_if(fit, moves, mode="jobs", jobs=asked.jobs, **asked.options)  # type: ignore[arg-type]

    question = Question(cause, "", asked.request.level, plural=True)
    return _Change(list(moves), question, ask)


def _strangers(asked: _Asked, changed: Sequence[str]) -> str:
    """Say which of the cities named the model does not know."""
    names = [asked.names[city] for city in changed if city not in asked.fit.cities]
    if not names:
        return ""
    return asked.words.say(
        "{names} are not among the {count} {places} of the model: their jobs enter "
        "through the nation's totals alone."
        if len(names) > 1
        else "{names} is not among the {count} {places} of the model: its jobs enter "
        "through the nation's totals alone.",
        names=asked.words.enumerate(names),
        count=len(asked.fit.cities),
    )


def _answer_target(asked: _Asked, city: str) -> WhatIfAnswer:
    code = asked.code(city)
    found = targets(
        asked.fit,
        city=code,
        percent=asked.request.percent,
        theta=asked.theta,
        **asked.options,  # type: ignore[arg-type]
    )
    cause = word_rise(found.percent, asked.words)
    question = Question(cause, found.unit, found.level)
    sources = found.sources.rename(index=asked.names)
    sentences = [
        describe_targets(sources, asked.names[code], question, asked.words),
        *describe_limits(question, "the long run", (), asked.words),
    ]
    return _answer(asked, question, sentences, found.sources)


def _answer_corridor(asked: _Asked, k: int) -> WhatIfAnswer:
    found = corridor(
        asked.fit,
        k=k,
        percent=asked.request.percent,
        theta=asked.theta,
        **asked.options,  # type: ignore[arg-type]
    )
    cause = word_rise(found.percent, asked.words)
    question = Question(cause, found.unit, found.level)
    chosen = found.cities["chosen_in"].rename(index=asked.names)
    sentences = [
        describe_corridor(
            found.average, chosen, len(asked.fit.cities), question, asked.words
        ),
        asked.words.name(found.caveat),
        *describe_limits(question, "the long run", (), asked.words)[:-1],
    ]
    return _answer(asked, question, sentences, found.cities)


def _answer(
    asked: _Asked, question: Question, sentences: Sequence[str], table: pd.DataFrame
) -> WhatIfAnswer:
    told = tuple(sentence for sentence in sentences if sentence)
    return WhatIfAnswer(question, asked.weights, told, asked.named(table), asked.words)
