"""Which spatial model the tests choose, and why, in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from spatial_coagg._typing import Effects
from spatial_coagg.checks import check_choice
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.models.hypothesis import HypothesisTest
from spatial_coagg.models.likelihood_ratio import likelihood_ratio_test
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_with_matrices
from spatial_coagg.models.spatial_plan import (
    WITH_ERROR,
    Correction,
    SpatialModel,
    Weights,
    count_uneven,
)
from spatial_coagg.models.spatial_random import RandomError
from spatial_coagg.models.spatial_restrictions import wald_test
from spatial_coagg.models.spatial_tests import (
    Convention,
    LagrangeMultiplierTests,
    lagrange_multiplier_tests,
)
from spatial_coagg.models.weight_matrices import WeightMatrices
from spatial_coagg.tables.panel import Panel

Reduction: TypeAlias = Literal["likelihood-ratio", "wald"]


@dataclass(frozen=True, slots=True)
class ChoiceStep:
    """One test on the way to a model.

    Attributes
    ----------
    test : HypothesisTest
    kind : str
        ``"LM"``, ``"robust LM"``, ``"LR"`` or ``"Wald"``.
    rejected : bool
        At the level of the choice.
    """

    test: HypothesisTest
    kind: str
    rejected: bool


@dataclass(frozen=True, slots=True, eq=False)
class SpatialChoice:
    """Which spatial model the tests choose.

    Attributes
    ----------
    model : {"ols", "slx", "sar", "sem", "sdm"}
    conclusion : str
        The model and the reason, one or two sentences.
    steps : tuple of ChoiceStep
        The tests, in the order taken.
    level : float
    fit : SpatialPanelFit
        The model chosen.
    """

    model: SpatialModel
    conclusion: str
    steps: tuple[ChoiceStep, ...]
    level: float
    fit: SpatialPanelFit

    def __str__(self) -> str:
        """Return the conclusion."""
        return self.conclusion

    @property
    def frame(self) -> pd.DataFrame:
        """Index: hypothesis; columns kind, statistic, df, p_value and rejected."""
        rows = [
            (
                step.kind, step.test.statistic, step.test.degrees, step.test.p_value,
                step.rejected,
            )
            for step in self.steps
        ]  # fmt: skip
        return pd.DataFrame(
            rows,
            index=pd.Index([step.test.hypothesis for step in self.steps], name="null"),
            columns=["kind", "statistic", "df", "p_value", "rejected"],
        )


def choose_spatial_model(  # noqa: PLR0913 (a model's options, all by name)
    panel: Panel,
    weights: Weights,
    outcome: str,
    drivers: Sequence[str],
    *,
    effects: Effects | Literal["random"] = "city-year",
    level: float = 0.05,
    reduction: Reduction = "likelihood-ratio",
    convention: Convention = "elhorst",
    correction: Correction | None = None,
) -> SpatialChoice:
    r"""Choose between OLS, SLX, SAR, SEM and SDM by Elhorst's rule.

    Parameters
    ----------
    panel : Panel
        Every city in every year; one year is a cross-section (effects ``"none"``).
    weights : Graph or libpysal.weights.W
        Of lag, error and W x; of exactly the panel's cities, compared by label.
    outcome : str
    drivers : sequence of str
    effects : {"none", "city", "year", "city-year", "random"}
        ``"random"``: of the cities; the spatial error is then that of Kapoor, Kelejian
        and Prucha, in which city effects spill over too, for only that SEM lies within
        the SDM.
    level : float
        Below which p-values reject.
    reduction : {"likelihood-ratio", "wald"}
        How it is tested whether the SDM is a simpler model.
    convention : {"elhorst", "debarsy-ertur"}
        As in :func:`lagrange_multiplier_tests`.
    correction : {"transform", "bias", "none"}, optional
        As in :func:`fit_spatial_panel`; ``"bias"`` needs ``reduction="wald"``.

    Returns
    -------
    SpatialChoice

    Raises
    ------
    SpatialCoaggError
        If `level` is not between 0 and 1; else as :func:`lagrange_multiplier_tests`
        and :func:`fit_spatial_panel`.

    Warns
    -----
    InferenceWarning
        As :func:`fit_spatial_panel`.

    Notes
    -----
    The rule of Elhorst [1]_. (1) The LM tests of least squares. (2) If one rejects, the
    SDM is estimated: it stands if both that it is a SAR (g = 0) and that it is a SEM
    (g + rho b = 0) are rejected; it becomes a SAR if the first is not rejected and the
    robust LM tests point to the lag, a SEM if the second is not rejected and they point
    to the error, and stands where the tests disagree, because it contains both. (3) If
    none rejects, the SLX is tested against OLS (g = 0); if that is rejected, the SDM
    against the SLX (rho = 0).

    The robust LM tests point to the one whose test rejects, or, where both or none do,
    to the larger statistic. A rule of several tests has not the level of one.

    References
    ----------
    .. [1] Elhorst, J. P. (2010). Applied spatial econometrics: raising the bar.
       Spatial Economic Analysis 5, 9-28.

    Examples
    --------
    >>> from spatial_coagg import build_nearest, choose_spatial_model, load_example
    >>> from spatial_coagg import load_shapes
    >>> panel = load_example("spatial").balanced_panel
    >>> weights = build_nearest(load_shapes(), k=5, cities=panel.cities)
    >>> choice = choose_spatial_model(panel, weights, "ln_cr", ["ln_theta", "ln_gdp"])
    >>> choice.model, len(choice.steps)
    ('sdm', 6)
    """
    if not 0 < level < 1:
        raise SpatialCoaggError(f"level must lie between 0 and 1; got {level!r}")
    check_choice(reduction, ("likelihood-ratio", "wald"), name="reduction")
    multipliers = lagrange_multiplier_tests(
        panel, weights, outcome, drivers, effects=effects, convention=convention,
        random_error=_error_form(effects),
    )  # fmt: skip
    matrices = WeightMatrices.of(panel, None, None)

    def fit(model: SpatialModel) -> SpatialPanelFit:
        return fit_with_matrices(
            matrices, panel, weights, outcome, drivers, model=model, effects=effects,
            random_error=_error_form(effects) if model in WITH_ERROR else "baltagi",
            spillovers=None, error_weights=None, spillover_weights=None,
            correction=correction, covariance=None,
        )  # fmt: skip

    return _Choice(multipliers, level, reduction, fit).made()


def _error_form(effects: Effects | Literal["random"]) -> RandomError:
    return "kapoor-kelejian-prucha" if effects == "random" else "baltagi"


@dataclass(frozen=True, slots=True)
class _Choice:
    """The rule, and what it is applied to."""

    multipliers: LagrangeMultiplierTests
    level: float
    reduction: Reduction
    fit: Callable[[SpatialModel], SpatialPanelFit]

    def made(self) -> SpatialChoice:
        """Follow the rule."""
        found = self.multipliers
        steps = [
            self._step(found.lag, "LM"),
            self._step(found.error, "LM"),
            self._step(found.robust_lag, "robust LM"),
            self._step(found.robust_error, "robust LM"),
        ]
        if steps[0].rejected or steps[1].rejected:
            return self._with_neighbours(steps)
        return self._without_neighbours(steps)

    def _with_neighbours(self, steps: list[ChoiceStep]) -> SpatialChoice:
        """Choose between SDM, SAR and SEM."""
        large = self.fit("sdm")
        lag = self._reduced("sar", large)
        steps = [*steps, lag]
        contained = large.effects == "city" or not count_uneven([large.weights.lag])
        error = self._reduced("sem", large) if contained else None
        if error is not None:
            steps.append(error)
        pointed = self._pointed()
        if not lag.rejected and pointed == "lag":
            words = (
                "A SAR: the robust LM tests point to a spatial lag, and that the SDM "
                "is a SAR is not rejected."
            )
            return self._chosen("sar", words, steps, None)
        if error is not None and not error.rejected and pointed == "error":
            words = (
                "A SEM: the robust LM tests point to a spatial error, and that the "
                "SDM is a SEM is not rejected."
            )
            return self._chosen("sem", words, steps, None)
        return self._chosen("sdm", _why_durbin(lag, error), steps, large)

    def _without_neighbours(self, steps: list[ChoiceStep]) -> SpatialChoice:
        """Choose between OLS, SLX and SDM."""
        slx = self.fit("slx")
        spilled = self._reduced("ols", slx)
        steps = [*steps, spilled]
        start = "the LM tests find neither spatial lag nor spatial error"
        if not spilled.rejected:
            words = f"OLS: {start}, and no W x matters."
            return self._chosen("ols", words, steps, None)
        large = self.fit("sdm")
        lagged = self._reduced("slx", large)
        steps.append(lagged)
        if lagged.rejected:
            words = f"An SDM: {start} in OLS, but W x matters, "
            words += "and beside it W y."
            return self._chosen("sdm", words, steps, large)
        words = f"An SLX: {start}, but W x matters."
        return self._chosen("slx", words, steps, slx)

    def _reduced(self, small: SpatialModel, large: SpatialPanelFit) -> ChoiceStep:
        if self.reduction == "wald":
            return self._step(wald_test(large, small), "Wald")
        return self._step(likelihood_ratio_test(self.fit(small), large), "LR")

    def _pointed(self) -> Literal["lag", "error", "neither"]:
        """Say which of lag and error the robust tests point to."""
        lag, error = self.multipliers.robust_lag, self.multipliers.robust_error
        if np.isnan(lag.statistic):
            return "neither"
        rejected = lag.p_value < self.level, error.p_value < self.level
        if rejected[0] != rejected[1]:
            return "lag" if rejected[0] else "error"
        return "lag" if lag.statistic > error.statistic else "error"

    def _step(self, test: HypothesisTest, kind: str) -> ChoiceStep:
        return ChoiceStep(test, kind, rejected=bool(test.p_value < self.level))

    def _chosen(
        self,
        model: SpatialModel,
        words: str,
        steps: list[ChoiceStep],
        fit: SpatialPanelFit | None,
    ) -> SpatialChoice:
        fitted = self.fit(model) if fit is None else fit
        return SpatialChoice(model, words, tuple(steps), self.level, fitted)


def _why_durbin(lag: ChoiceStep, error: ChoiceStep | None) -> str:
    """Say why the SDM stands."""
    if error is None:
        rest = "with these weights, whose rows do not sum to one, it contains no SEM"
        if lag.rejected:
            return f"An SDM: that it is a SAR is rejected; {rest}."
        return (
            f"An SDM: that it is a SAR is not rejected, but the robust LM tests do not "
            f"point there; {rest}."
        )
    if lag.rejected and error.rejected:
        return "An SDM: that it is a SAR and that it is a SEM are both rejected."
    spared = [
        name for name, step in (("SAR", lag), ("SEM", error)) if not step.rejected
    ]
    return (
        f"An SDM: that it is a {' or a '.join(spared)} is not rejected, but the robust "
        f"LM tests do not point there, and the SDM contains both."
    )
