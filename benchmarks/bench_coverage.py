"""Check by Monte Carlo that the estimators recover the equations of the example.

    OMP_NUM_THREADS=1 python benchmarks/bench_coverage.py [--replications 2000]
                                                          [--seed 1] [--only static]

The jobs and controls of the embedded example stay; the innovation index is drawn anew
in each replication, city effects included. Fixed effects (clustered by city) are held
to Table 6 column 1, two-step system GMM (Windmeijer's errors, 11 collapsed instruments)
to Table 7 column 6. Printed are, for each coefficient, the truth, the bias, the spread
of the estimates, the mean of their standard errors and how often the 95 % interval
covers the truth; for GMM also how often a test at 5 % rejects: Hansen's, AR(2), and the
difference in Hansen's of one level instrument for each year. The contaminated mode
breaks the level equation: there the difference should reject and the estimates fail.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial_coagg.errors import InferenceWarning
from spatial_coagg.example import Example, load_example
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.instruments import (
    GmmInstruments,
    InstrumentGroup,
    StandardInstruments,
)
from spatial_coagg.models.system_gmm import fit_dynamic_gmm
from spatial_coagg.simulate.china_outcome import DRIVERS, OUTCOME, Mode, draw_outcome
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.shapes import load_city_list

MODES: tuple[Mode, ...] = ("static", "dynamic", "dynamic-contaminated")
STANDARD = StandardInstruments(DRIVERS)
# For the estimates: few, because with one level instrument for each year the memory
# comes out 0.4 standard errors too large and its interval covers 92 %.
COLLAPSED: tuple[InstrumentGroup, ...] = (
    GmmInstruments(OUTCOME, lags=(2, 4), collapse=True),
    STANDARD,
)
# For the test of the level equation: one for each year, because the contamination is
# in the first years only.
LEVEL = GmmInstruments(OUTCOME, lags=(1, 1), equation="level")
BY_YEAR: tuple[InstrumentGroup, ...] = (
    GmmInstruments(OUTCOME, lags=(2, 4), collapse=True, equation="difference"),
    LEVEL,
    STANDARD,
)


@dataclass(frozen=True, slots=True, eq=False)
class Replications:
    """What came out of many draws of one mode.

    Attributes
    ----------
    mode : str
    truth : Series
        Coefficients by label.
    estimates, errors, covered : DataFrame of shape (replications, K)
        Estimates, standard errors, and whether the 95 % interval covers the truth.
    p_values : DataFrame
        Of the tests of the instruments; without columns for fixed effects.
    """

    mode: str
    truth: pd.Series
    estimates: pd.DataFrame
    errors: pd.DataFrame
    covered: pd.DataFrame
    p_values: pd.DataFrame

    @property
    def coefficients(self) -> pd.DataFrame:
        """One row for each coefficient."""
        return pd.DataFrame(
            {
                "truth": self.truth,
                "bias": self.estimates.mean() - self.truth,
                "sd": self.estimates.std(),
                "mean_error": self.errors.mean(),
                "coverage": self.covered.mean(),
            }
        )

    @property
    def rejections(self) -> pd.Series:
        """How often each test rejects at 5 %."""
        return (self.p_values < 0.05).mean()


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The estimates of one draw, and the p-values of its tests."""

    estimates: pd.DataFrame
    p_values: Mapping[str, float]


def replicate(mode: Mode, *, replications: int, seed: int = 1) -> Replications:
    """Draw the index anew and estimate its equation, many times."""
    example = load_example(mode)
    draw = _drawer(example, mode)
    estimate = _within if mode == "static" else _dynamic
    labels = list(example.truth.coefficients.index)
    truth = example.truth.coefficients
    seeds = np.random.SeedSequence([seed, MODES.index(mode)]).spawn(replications)
    found = [estimate(draw(np.random.default_rng(each))) for each in seeds]
    tables = [fit.estimates.loc[labels] for fit in found]
    inside = [(table["lower"] <= truth) & (truth <= table["upper"]) for table in tables]
    return Replications(
        mode=mode,
        truth=truth,
        estimates=pd.DataFrame(
            [table["estimate"].to_numpy() for table in tables]
        ).set_axis(labels, axis="columns"),
        errors=pd.DataFrame(
            [table["standard_error"].to_numpy() for table in tables]
        ).set_axis(labels, axis="columns"),
        covered=pd.DataFrame(inside),
        p_values=pd.DataFrame([fit.p_values for fit in found]),
    )


def _drawer(example: Example, mode: Mode) -> Callable[[np.random.Generator], Panel]:
    """Return the function that draws a panel of outcome and drivers."""
    drivers = example.balanced_panel.frame[list(DRIVERS)]
    cities = load_city_list().loc[list(example.balanced_panel.cities)]

    def draw(rng: np.random.Generator) -> Panel:
        outcome = draw_outcome(drivers, cities, mode, rng).outcome
        return Panel(drivers.join(outcome.rename_axis(["city", "year"])))

    return draw


def _within(panel: Panel) -> Estimate:
    return Estimate(fit_fixed_effects(panel, OUTCOME, DRIVERS).estimates, {})


def _dynamic(panel: Panel) -> Estimate:
    fit, by_year = (_by_gmm(panel, chosen) for chosen in (COLLAPSED, BY_YEAR))
    differences = by_year.difference_in_hansen["p_value"]
    p_values = {
        "hansen": fit.hansen.p_value,
        "ar2": float(fit.ar_tests["p_value"].loc[2]),
        "difference_in_hansen": float(differences[LEVEL.label]),
    }
    return Estimate(fit.estimates, p_values)


def _by_gmm(panel: Panel, instruments: Sequence[InstrumentGroup]) -> DynamicGmmFit:
    # Of thousands of draws some deserve a warning by chance.
    with warnings.catch_warnings(action="ignore", category=InferenceWarning):
        return fit_dynamic_gmm(panel, OUTCOME, DRIVERS, instruments=instruments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=MODES)
    asked = parser.parse_args(arguments)
    for mode in MODES if asked.only is None else (asked.only,):
        start = time.perf_counter()
        found = replicate(mode, replications=asked.replications, seed=asked.seed)
        seconds = time.perf_counter() - start
        print(f"{mode}: {asked.replications} replications in {seconds:.0f} s")
        print(found.coefficients.to_string(float_format="{:.4f}".format))
        if len(found.rejections) > 0:
            print("rejected at 5 %:", found.rejections.round(3).to_dict())
        print()


if __name__ == "__main__":
    main()
