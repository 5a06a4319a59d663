"""Time the spatial Durbin model with its effects against spreg; print time and memory.

    python benchmarks/bench_spatial.py [--peers] [--large] [--million] [--runs 15]

Random places, neighbours by Delaunay's triangulation, row-standardised; 6 drivers and
their lags, city and year effects, rho = 0.4, effects with 1,000 draws. Every case runs
in its own process, whose peak memory before (data made) and after is printed. Times are
the least of the runs, because other work on the machine only adds; processor time
beside them, because a shared machine makes the two differ. With --peers spreg's
Panel_FE_Lag (city effects, no standard errors of effects) runs on the same data, and
splm's spml (no effects) where Rscript and splm are there.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from scipy import sparse
from scipy.spatial import Delaunay
from scipy.spatial.distance import cdist

from spatial_coagg import Panel, fit_spatial_panel, spatial_effects

DRIVERS = [f"driver{number}" for number in range(1, 7)]
RHO = 0.4


@dataclass(frozen=True, slots=True)
class Case:
    """What is fitted.

    Attributes
    ----------
    cities, years : int
    dense : bool
        Inverse distances between all places.
    options : dict
        Of fit_spatial_panel.
    peer : bool
        spreg instead.
    """

    cities: int
    years: int
    options: dict[str, object]
    dense: bool = False
    peer: bool = False


CASES = {
    "281": Case(281, 16, {"covariance": "expected"}),
    "281, spreg": Case(281, 16, {}, peer=True),
    "3,000, observed": Case(3000, 16, {"covariance": "observed"}),
    "3,000, expected": Case(3000, 16, {"covariance": "expected"}),
    "3,000, spreg": Case(3000, 16, {}, peer=True),
    "3,000, dense": Case(3000, 16, {"covariance": "expected"}, dense=True),
    "100,000": Case(100_000, 16, {}),
    "1,000,000, exact": Case(1_000_000, 5, {"log_determinant": "exact"}),
    "1,000,000, stochastic": Case(
        1_000_000, 5, {"log_determinant": "stochastic", "rng": 1}
    ),
}
ALWAYS = ("281", "3,000, observed", "3,000, expected", "3,000, dense")


def make_weights(case: Case) -> sparse.csr_array:
    """Return row-standardised weights of random places."""
    points = np.random.default_rng(0).random((case.cities, 2))
    if case.dense:
        distance = cdist(points, points)
        np.fill_diagonal(distance, np.inf)
        return sparse.csr_array((1 / distance) / (1 / distance).sum(1, keepdims=True))
    corners = Delaunay(points).simplices
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    links = sparse.csr_array((np.ones(len(rows)), (rows, columns)))
    links.sum_duplicates()
    links.data[:] = 1.0
    return sparse.csr_array(sparse.diags_array(1 / links.sum(axis=1)) @ links)


def draw_panel(case: Case, weights: sparse.csr_array) -> pd.DataFrame:
    """Draw the model; rows city by city."""
    rng = np.random.default_rng(1)
    shape = (case.cities, case.years)
    x = rng.normal(size=(*shape, len(DRIVERS)))
    trend = x.sum(axis=2) + weights @ (0.5 * x.sum(axis=2)) + rng.normal(size=shape)
    trend += rng.normal(size=(case.cities, 1)) + rng.normal(size=(1, case.years))
    y = trend
    for _ in range(50):
        y = trend + RHO * (weights @ y)
    rows = np.concatenate([y[:, :, None], x], axis=2).reshape(-1, 1 + len(DRIVERS))
    frame = pd.DataFrame(rows, columns=["outcome", *DRIVERS])
    frame["city"] = np.repeat(codes(case.cities), case.years)
    return frame.assign(year=np.tile(2000 + np.arange(case.years), case.cities))


def codes(size: int) -> np.ndarray:
    """Return city codes of seven digits."""
    return np.char.zfill(np.arange(size).astype(str), 7)


def make_graph(weights: sparse.csr_array) -> Graph:
    """Return the weights as a Graph."""
    labels = pd.Index(codes(weights.shape[0]))
    places = np.repeat(np.arange(len(labels)), np.diff(weights.indptr))
    index = pd.MultiIndex(
        levels=[labels, labels], codes=[places, weights.indices],
        names=["focal", "neighbor"],
    )  # fmt: skip
    series = pd.Series(weights.data, index=index, name="weight")
    return Graph(series, is_sorted=True)


def prepare_ours(case: Case) -> Callable[[], str]:
    """Return what is timed."""
    weights = make_weights(case)
    frame = draw_panel(case, weights)
    graph = make_graph(weights)
    panel = Panel.from_frame(frame, city="city", year="year")

    def task() -> str:
        fit = fit_spatial_panel(panel, graph, "outcome", DRIVERS, **case.options)
        spatial_effects(fit, draws=1000, rng=1)
        found = f"rho {fit.rho:.6f} ({fit.estimates['standard_error']['rho']:.6f})"
        if "error_of_rho" in fit.facts:
            found += f", stochastic error {fit.facts['error_of_rho']:.7f}"
        return found

    return task


def prepare_peer(case: Case) -> Callable[[], str]:
    """Return spreg's task."""
    from libpysal.weights import WSP  # noqa: PLC0415 (the peer alone needs them)
    from spreg import Panel_FE_Lag  # noqa: PLC0415

    weights = make_weights(case)
    frame = draw_panel(case, weights)
    cube = frame[["outcome", *DRIVERS]].to_numpy().reshape(case.cities, case.years, -1)
    x = [cube[:, :, place] for place in range(1, cube.shape[2])]
    wide = np.concatenate([*x, *(weights @ each for each in x)], axis=1)
    old = WSP(sparse.csr_matrix(weights)).to_W(silence_warnings=True)

    def task() -> str:
        fit = Panel_FE_Lag(cube[:, :, 0], wide, old)
        return f"rho {float(fit.rho):.6f}"

    return task


def run_one(case: Case, runs: int) -> None:
    """Time a case in this process; print one line of JSON."""
    task = prepare_peer(case) if case.peer else prepare_ours(case)
    before = peak()
    times, used, found = [], [], ""
    for _ in range(runs):
        start, work = time.perf_counter(), time.process_time()
        found = task()
        times.append(time.perf_counter() - start)
        used.append(time.process_time() - work)
    print(json.dumps([min(times), min(used), before, peak(), found]))


def peak() -> float:
    """Return the most memory this process ever had, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run_splm(name: str, runs: int) -> None:
    """Run splm on a case's data and print its line, or why it cannot."""
    label = f"{name}, splm"
    if shutil.which("Rscript") is None:
        print(f"{label:22s} not run: there is no Rscript")
        return
    case = CASES[name]
    weights = make_weights(case)
    frame = draw_panel(case, weights)
    cube = frame[DRIVERS].to_numpy().reshape(case.cities, -1)
    lagged = (weights @ cube).reshape(len(frame), -1)
    frame = frame.assign(**{f"w{x}": lagged[:, k] for k, x in enumerate(DRIVERS)})
    links = weights.tocoo()
    table = {"row": links.row + 1, "column": links.col + 1, "weight": links.data}
    script = Path(__file__).with_name("splm.R")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / each for each in ("panel.csv", "links.csv")]
        frame.to_csv(files[0], index=False)
        pd.DataFrame(table).to_csv(files[1], index=False)
        command = ["Rscript", str(script), *map(str, files), str(runs)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{label:22s} not run: {' '.join(done.stderr.split())}")
        return
    seconds, rho = done.stdout.split()
    print(f"{label:22s} {float(seconds):9.3f} s; rho {float(rho):.6f}")


def run_apart(name: str, runs: int) -> None:
    """Run a case in a process of its own and print its line."""
    command = [sys.executable, __file__, "--one", name, "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"{name:22s} failed: {done.stderr.strip().splitlines()[-1]}")
        return
    wall, work, before, after, found = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{name:22s} {wall:9.3f} s ({work:8.3f} s of processor), peak {after:5.2f} GB "
        f"({before:.2f} before); {found}",
        flush=True,
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("--peers", "--large", "--million"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--one", choices=list(CASES))
    asked = parser.parse_args()
    if asked.one:
        run_one(CASES[asked.one], asked.runs)
        return
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}"
    )
    names = list(ALWAYS)
    names += [name for name, case in CASES.items() if case.peer and asked.peers]
    names += ["100,000"] if asked.large else []
    names += [name for name in CASES if "1,000,000" in name and asked.million]
    if asked.peers:
        run_splm("281", min(asked.runs, 3))
    for name in names:
        small = CASES[name].cities < 1000
        run_apart(
            name, asked.runs if small else min(asked.runs, 3 * (name in ALWAYS) or 1)
        )


if __name__ == "__main__":
    main()
