"""Time system GMM, alone and beside the peers that are installed.

    OMP_NUM_THREADS=1 python benchmarks/bench_gmm.py [--large] [--replications 200]

Prints medians of the time of two-step system GMM with Windmeijer's correction on 281
cities and 16 years, with 14 collapsed and with 359 instruments; with ``--large`` also
on 100,000 cities and 10 years, with the peak memory. pydynpd and pyxtabond2 are timed
on the same model if they can be imported. ``--replications`` adds a Monte Carlo: bias,
and how often the 95 % interval covers the truth.
"""

import argparse
import importlib.util
import resource
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from spatial_coagg.models.instruments import (
    GmmInstruments,
    InstrumentGroup,
    StandardInstruments,
)
from spatial_coagg.models.system_gmm import fit_dynamic_gmm
from spatial_coagg.tables.panel import Panel

CONTROLS = [f"control{number}" for number in range(1, 6)]
DRIVERS = ["theta", *CONTROLS]
TRUTH = {"previous.patents": 0.5, "theta": 0.4}
COLLAPSED = [
    GmmInstruments("patents", lags=(2, 4), collapse=True),
    GmmInstruments("theta", lags=(2, 4), collapse=True),
    StandardInstruments(CONTROLS),
]
PROLIFERATED = [
    GmmInstruments("patents"),
    GmmInstruments("theta"),
    GmmInstruments("control1", lags=(2, 14)),
    StandardInstruments(CONTROLS[3:]),
]


def draw_panel(cities: int, years: int, seed: int) -> pd.DataFrame:
    """Draw a dynamic panel in its long-run state, theta endogenous."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=cities)
    theta, patents = np.zeros(cities), np.zeros(cities)
    values = np.empty((years, cities, 2 + len(CONTROLS)))
    for t in range(-30, years):
        controls = rng.normal(size=(cities, len(CONTROLS)))
        shock = rng.normal(size=cities)
        theta = 0.6 * theta + effect + 0.3 * shock + rng.normal(size=cities)
        patents = 0.5 * patents + 0.4 * theta + 0.2 * controls.sum(axis=1)
        patents = patents + effect + shock
        if t >= 0:
            values[t] = np.column_stack([patents, theta, controls])
    year, city = np.indices((years, cities)).reshape(2, -1)
    frame = pd.DataFrame(values.reshape(len(year), -1), columns=["patents", *DRIVERS])
    return frame.assign(city=np.char.zfill(city.astype(str), 6), year=2004 + year)


def fit(panel: Panel, instruments: list[InstrumentGroup]) -> pd.DataFrame:
    """Estimate the model of the benchmark."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = fit_dynamic_gmm(panel, "patents", DRIVERS, instruments=instruments)
    return result.estimates.assign(instruments=result.instruments)


def time_it(task: Callable[[], object], repeats: int) -> float:
    """Return the median wall time in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def time_ours() -> dict[str, float]:
    """Print our times at 281 cities."""
    frame = draw_panel(281, 16, seed=1)
    panel = Panel.from_frame(frame, city="city", year="year")
    times = {}
    for name, instruments in (("collapsed", COLLAPSED), ("every lag", PROLIFERATED)):
        count = int(fit(panel, instruments)["instruments"].iloc[0])
        times[name] = time_it(lambda chosen=instruments: fit(panel, chosen), 15)
        print(f"281 x 16, {count:3d} instruments: {times[name]:8.4f} s")
    return times


def time_peers(times: dict[str, float]) -> None:
    """Print the times of the peers that can be imported, on the collapsed model."""
    frame = draw_panel(281, 16, seed=1)
    for name, run in (("pydynpd", time_pydynpd), ("pyxtabond2", time_pyxtabond2)):
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        try:
            seconds = run(frame)
        except (ArithmeticError, AttributeError, TypeError, ValueError) as reason:
            print(f"{name}: failed with {type(reason).__name__}: {reason}")
            continue
        print(f"{name}: {seconds:.3f} s, {seconds / times['collapsed']:.0f} times ours")


def time_pydynpd(frame: pd.DataFrame) -> float:
    """Time pydynpd on the collapsed model."""
    regression = importlib.import_module("pydynpd.regression")
    controls = " ".join(CONTROLS)
    command = (
        f"patents L1.patents theta {controls} | gmm(patents, 2:4) gmm(theta, 2:4) "
        f"iv({controls}) | collapse"
    )
    return time_it(lambda: regression.abond(command, frame, ["city", "year"]), 3)


def time_pyxtabond2(frame: pd.DataFrame) -> float:
    """Time pyxtabond2 on the collapsed model."""
    module = importlib.import_module("pyxtabond2")
    lagged = frame.sort_values(["city", "year"])
    lagged["before"] = lagged.groupby("city")["patents"].shift()

    def estimate() -> object:
        return module.PyXtabond2(
            lagged,
            id_col="city",
            time_col="year",
            dep_var="patents",
            x_vars=["before", *DRIVERS],
            gmm_vars=["patents", "theta"],
            iv_vars=CONTROLS,
            lag_limits_diff=(2, 4),
            model_type="system",
            twostep=True,
            robust=True,
            collapse=True,
        ).fit()

    estimate()  # compiles
    return time_it(estimate, 3)


def time_large() -> None:
    """Print time and peak memory at 100,000 cities."""
    frame = draw_panel(100_000, 10, seed=2)
    panel = Panel.from_frame(frame, city="city", year="year")
    seconds = time_it(lambda: fit(panel, COLLAPSED), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"100,000 x 10, collapsed: {seconds:.2f} s, peak of the process {peak:.2f} GB"
    )


def simulate_coverage(replications: int) -> None:
    """Print bias and coverage of the 95 % interval."""
    fits = [
        fit(
            Panel.from_frame(draw_panel(281, 16, seed), city="city", year="year"),
            COLLAPSED,
        )
        for seed in range(1000, 1000 + replications)
    ]
    for label, truth in TRUTH.items():
        rows = pd.DataFrame([one.loc[label] for one in fits])
        inside = (rows["lower"] <= truth) & (truth <= rows["upper"])
        bias = rows["estimate"].mean() - truth
        print(f"{label}: bias {bias:+.4f}, coverage {inside.mean():.3f}")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--replications", type=int, default=0)
    asked = parser.parse_args()
    time_peers(time_ours())
    if asked.large:
        time_large()
    if asked.replications:
        simulate_coverage(asked.replications)


if __name__ == "__main__":
    main()
