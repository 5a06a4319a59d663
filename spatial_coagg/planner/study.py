"""The whole flow behind one object: from settings to a report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
from libpysal.graph import Graph

from spatial_coagg.autocorrelation.local import local_moran_by_year
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import MoranByYear, moran_by_year
from spatial_coagg.autocorrelation.panels import panel_moran
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.autocorrelation.transitions import (
    ClassTransitions,
    class_transitions,
)
from spatial_coagg.checks import warn_user
from spatial_coagg.errors import DataWarning
from spatial_coagg.indices.coagglomeration import group_thetas
from spatial_coagg.indices.quotient import LocationQuotients, location_quotient
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.planner.briefing import (
    compose_page,
    compose_sections,
    compose_sheets,
    key_results,
)
from spatial_coagg.planner.example_study import example_settings
from spatial_coagg.planner.inputs import Inputs, read_inputs
from spatial_coagg.planner.lock import write_lock
from spatial_coagg.planner.log import Log
from spatial_coagg.planner.neighbours import build_weights
from spatial_coagg.planner.notes import noted
from spatial_coagg.planner.outputs import PrintedYears, write_outputs
from spatial_coagg.planner.questions import ask_questions
from spatial_coagg.planner.results import StudyResults
from spatial_coagg.planner.settings import Settings, read_settings
from spatial_coagg.planner.spatial import SpatialStudy
from spatial_coagg.planner.variables import transform_variables
from spatial_coagg.planner.what_if_command import WhatIfAnswer
from spatial_coagg.report.folder import check_replaceable, replaced_folder
from spatial_coagg.report.workbook import write_workbook
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights.summary import WeightsSummary, summarise_weights


@dataclass(frozen=True, eq=False)
class Study:
    """From jobs, controls and a map to a report.

    Each property is computed when it is first read, once, by one public function of
    the package.

    Attributes
    ----------
    settings : Settings
        What is studied and how; see :func:`read_settings`.
    notes : dict of str
        What the computations so far warned about, in order.

    Notes
    -----
    Ten names carry a newcomer; the study calls the same functions: `Study`,
    `load_example`, `location_quotient`, `coagglomeration_theta`,
    `build_contiguity`, `moran_by_year`, `fit_fixed_effects`, `fit_spatial_panel`,
    `spatial_effects` and `what_if`.

    Examples
    --------
    >>> from spatial_coagg import Study
    >>> study = Study.embedded()
    >>> study.settings.notice
    'Simulated data'
    >>> len(study.theta.unstack("year").columns)
    16
    """

    settings: Settings
    notes: dict[str, None] = field(default_factory=dict, repr=False)

    @classmethod
    def embedded(cls) -> "Study":
        """Study the embedded simulated panel, as the main job does."""
        return cls(example_settings())

    @classmethod
    def from_file(cls, path: str | Path) -> "Study":
        """Study what a TOML file describes."""
        return cls(read_settings(path))

    @cached_property
    @noted
    def inputs(self) -> Inputs:
        """Tables and map, read, checked and restricted to the sample."""
        return read_inputs(self.settings)

    @cached_property
    @noted
    def quotients(self) -> LocationQuotients:
        """Location quotients of every industry."""
        return location_quotient(
            self.inputs.jobs, national=self._national, within=self._within
        )

    @cached_property
    @noted
    def thetas(self) -> pd.DataFrame:
        """``theta`` of all services together, and of each sector and group.

        Index ``(city, year)``; columns ``theta``, ``theta_<sector>`` ...
        """
        synergy = self.settings.synergy
        groups: dict[str, tuple[str, ...]] = {"theta": synergy.services}
        if len(synergy.services) > 1:
            groups |= {f"theta_{name}": (name,) for name in synergy.services}
        groups |= {f"theta_{name}": part for name, part in synergy.groups.items()}
        return group_thetas(
            self.inputs.jobs,
            manufacturing=synergy.manufacturing,
            groups=groups,
            national=self._national,
            within=self._within,
        )

    @property
    def theta(self) -> pd.Series:
        """The co-agglomeration index, index ``(city, year)``."""
        return self.thetas["theta"]

    @cached_property
    @noted
    def variables(self) -> Panel:
        """Theta, jobs and controls of the cities that have controls."""
        inputs = self.inputs
        shared = inputs.controls.index.intersection(inputs.jobs.index)
        table = pd.concat(
            [
                self.thetas.loc[shared],
                inputs.jobs.loc[shared, "total"].rename("jobs"),
                inputs.controls.loc[shared],
            ],
            axis="columns",
        )
        panel = Panel.from_frame(table, city="city", year="year")
        return panel.with_attributes(inputs.attributes.loc[panel.cities])

    @cached_property
    @noted
    def panel(self) -> Panel:
        """The regression's variables, transformed as the settings say."""
        model = self.settings.model
        table = transform_variables(
            self.variables.frame, [model.outcome, *model.drivers], zeros=model.zeros
        )
        panel = Panel.from_frame(table, city="city", year="year")
        return panel.with_attributes(self.variables.attributes)

    @cached_property
    @noted
    def weights(self) -> Graph:
        """Who is whose neighbour among the cities with jobs."""
        cities = self.inputs.jobs.index.unique("city").sort_values()
        return build_weights(self.inputs.boundaries, cities, self.settings.weights)

    @cached_property
    @noted
    def weights_summary(self) -> WeightsSummary:
        """Links, neighbours, islands and dominance of the weights."""
        return summarise_weights(self.weights)

    @cached_property
    @noted
    def moran(self) -> MoranByYear:
        """Moran's I of theta in each year."""
        return self.moran_of("theta")

    @cached_property
    @noted
    def sector_morans(self) -> dict[str, MoranByYear]:
        """Moran's I of each sector's theta in each year, by the sector's name."""
        return {
            column.removeprefix("theta_"): self.moran_of(column)
            for column in self.thetas.columns.drop("theta")
        }

    @cached_property
    @noted
    def panel_moran(self) -> AutocorrelationTest | None:
        """Moran's I of theta over all years; None where theta has gaps."""
        if self.theta.unstack("year").isna().to_numpy().any():
            return None
        return panel_moran(
            self._thetas_panel,
            "theta",
            self.weights,
            permutations=self.settings.moran.permutations,
            alternative=self.settings.moran.alternative,
            rng=self.settings.seed,
        )

    @cached_property
    @noted
    def local(self) -> LocalTest:
        """Local Moran of theta: the class of each city in each year."""
        return self.local_of("theta")

    @cached_property
    @noted
    def sector_locals(self) -> dict[str, LocalTest]:
        """Local Moran of each sector's theta, by the sector's name."""
        return {
            column.removeprefix("theta_"): self.local_of(column)
            for column in self.thetas.columns.drop("theta")
        }

    @cached_property
    @noted
    def transitions(self) -> ClassTransitions | None:
        """Moves between those classes from year to year; None without such years."""
        years = set(self.theta.index.unique("year"))
        if not any(year + 1 in years for year in years):
            return None
        return class_transitions(self.local)

    @cached_property
    @noted
    def fits(self) -> dict[str, Fit]:
        """Fixed-effects fits by their heading, in the order of the settings."""
        model = self.settings.model
        asked = [(effects, model.covariance) for effects in model.effects]
        if self.settings.example is not None:
            # The paper's errors are classical: shown beside, for the comparison.
            asked.insert(0, ("city", "classical"))
        return {
            f"{effects} effects, {covariance}": fit_fixed_effects(
                self.panel,
                model.outcome,
                model.drivers,
                effects=effects,
                covariance=covariance,
            )
            for effects, covariance in asked
        }

    @cached_property
    @noted
    def spatial(self) -> SpatialStudy | None:
        """The spatial models; None where the settings or gaps rule them out."""
        study = self._spatial
        if study is None or not study.gap:
            return study
        warn_user(
            study.gap,
            DataWarning,
        )
        return None

    @property
    def spatial_gap(self) -> str:
        """Why there is no spatial model; empty where there is one."""
        if self._spatial is None:
            return "the settings leave spatial models out"
        return self._spatial.gap

    @property
    def spatial_fits(self) -> Mapping[str, SpatialPanelFit]:
        """The spatial model by name of its weights, the study's own first."""
        return {} if self.spatial is None else self.spatial.fits

    @cached_property
    @noted
    def answers(self) -> tuple[WhatIfAnswer, ...]:
        """The what-ifs that the report tells; none without a spatial model."""
        return ask_questions(self)

    @cached_property
    def results(self) -> StudyResults:
        """Everything the report is made of."""
        return StudyResults(
            settings=self.settings,
            inputs=self.inputs,
            thetas=self.thetas,
            quotients=self.quotients,
            variables=self.variables,
            panel=self.panel,
            weights_summary=self.weights_summary,
            moran=self.moran,
            sector_morans=self.sector_morans,
            panel_moran=self.panel_moran,
            local=self.local,
            sector_locals=self.sector_locals,
            transitions=self.transitions,
            fits=self.fits,
            spatial=None if self.spatial is None else self.spatial.computed(),
            spatial_gap=self.spatial_gap,
            answers=self.answers,
            notes=tuple(self.notes),
        )

    @property
    def key_results(self) -> dict[str, float | int | str]:
        """The few numbers a script asks for."""
        return key_results(self.results)

    def write(
        self,
        folder: str | Path | None = None,
        *,
        force: bool = False,
        maps: PrintedYears = "last",
        progress: Callable[[str], None] | None = None,
    ) -> Path:
        """Write the report's folder.

        ``index.html`` is the report; beside it lie ``tables.xlsx`` (every table,
        unrounded), ``tables/`` (Word and LaTeX), ``maps/`` (PNG and PDF for print),
        ``data/`` (CSV and GeoPackage), ``weights/``, ``run.toml`` and
        ``run.lock.json`` (to repeat it) and ``log.txt``.

        Parameters
        ----------
        folder : str or Path, optional
            Where; the settings' ``output`` by default.
        force : bool
            Replace a report that is there.
        maps : {"none", "last", "all"}
            Which years of the maps for print.
        progress : callable, optional
            Told in words what is being done.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OutputExistsError
            If the folder exists and `force` is false, or is no report.
        """
        target = Path(self.settings.output if folder is None else folder)
        check_replaceable(target, force=force)
        log = Log(progress)
        self.compute(log.tell)
        log.tell("Writing the report")
        results = self.results
        with replaced_folder(target, force=force) as fresh:
            sections = compose_sections(results)
            page = compose_page(results, sections)
            (fresh / "index.html").write_text(page, encoding="utf-8")
            write_workbook(
                compose_sheets(results),
                fresh / "tables.xlsx",
                facts={"title": self.settings.title, "notice": self.settings.notice},
            )
            write_outputs(
                fresh, results, sections, self._all_weights, maps=maps, tell=log.tell
            )
            write_lock(fresh, self.settings, self.inputs.files)
            log.write(fresh / "log.txt", notes=results.notes)
        return target

    @property
    def _all_weights(self) -> dict[str, Graph]:
        spatial = {} if self.spatial is None else dict(self.spatial.weights)
        own = {f"all places {self.settings.weights.rule}": self.weights}
        return own | spatial

    def compute(self, tell: Callable[[str], None]) -> None:
        """Compute everything that the report tells, saying in words what comes next."""
        steps = (
            ("Reading tables and map", "inputs"),
            ("Measuring synergy", "thetas"),
            ("Finding neighbours", "weights_summary"),
            ("Testing for clusters", "moran"),
            ("Finding the clusters", "transitions"),
            ("Finding the clusters of each sector", "sector_locals"),
            ("Fitting the baseline", "fits"),
            ("Fitting models with neighbours", "results"),
        )
        for number, (words, name) in enumerate(steps, start=1):
            tell(f"[{number}/{len(steps) + 1}] {words}")
            getattr(self, name)

    @cached_property
    def _spatial(self) -> SpatialStudy | None:
        asked = self.settings.spatial
        if asked is False:
            return None
        boundaries = self.inputs.boundaries
        return SpatialStudy(
            self.settings, asked, self.variables, boundaries, self.notes
        )

    @cached_property
    def _thetas_panel(self) -> Panel:
        return Panel.from_frame(self.thetas, city="city", year="year")

    def moran_of(self, column: str) -> MoranByYear:
        """Test a column of `thetas` for clusters in each year."""
        return moran_by_year(
            self._thetas_panel,
            column,
            self.weights,
            missing="drop",
            permutations=self.settings.moran.permutations,
            alternative=self.settings.moran.alternative,
            rng=self.settings.seed,
        )

    def local_of(self, column: str) -> LocalTest:
        """Find the clusters of a column of `thetas` in each year."""
        return local_moran_by_year(
            self._thetas_panel,
            column,
            self.weights,
            permutations="enough",
            fdr=self.settings.moran.fdr,
            alpha=self.settings.moran.level,
            rng=self.settings.seed,
        )

    @property
    def _national(self) -> pd.DataFrame | None:
        chosen = self.settings.synergy.quotients
        return self.inputs.national if chosen == "national" else None

    @property
    def _within(self) -> pd.Series | None:
        within = self.settings.synergy.within
        return None if within is None else self.inputs.attributes[within]
