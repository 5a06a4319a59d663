"""Time the local Moran against esda's, in one run; print times and ratios.

    python benchmarks/bench_moran.py [--large] [--runs 3]

Sizes: 281 cities x 16 years x 9,999 conditional permutations, of six neighbours each
and of all cities by distance; 3,000 cities x 1 year x 9,999; with --large, 100,000
places x 999. Times are the least of the runs, because other work on the machine only
adds; its load is printed. esda uses numba where it is installed; it is not asked for
the large one, nor for all cities as neighbours.
"""

import argparse
import os
import platform
import resource
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from esda.moran import Moran_Local
from libpysal.graph import Graph
from scipy.spatial import cKDTree

from spatial_coagg import Panel, local_moran, local_moran_by_year


def nearest(size: int, neighbours: int, seed: int) -> Graph:
    """Return row-standardised nearest neighbours of random points."""
    points = np.random.default_rng(seed).uniform(size=(size, 2))
    found = cKDTree(points).query(points, neighbours + 1)[1][:, 1:]
    codes = np.array([f"{place:06d}" for place in range(size)])
    frame = pd.DataFrame(
        {
            "focal": np.repeat(codes, neighbours),
            "neighbor": codes[found.ravel()],
            "weight": 1 / neighbours,
        }
    )
    frame = frame.sort_values(["focal", "neighbor"])
    return Graph(frame.set_index(["focal", "neighbor"])["weight"])


def everybody(size: int, seed: int) -> Graph:
    """Return row-standardised inverse distances among random points."""
    points = np.random.default_rng(seed).uniform(size=(size, 2))
    far = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    near = 1 / (far + np.eye(size)) - np.eye(size)
    codes = [f"{place:06d}" for place in range(size)]
    pairs = pd.MultiIndex.from_product([codes, codes], names=["focal", "neighbor"])
    shares = near / near.sum(axis=1, keepdims=True)
    links = pd.Series(shares.ravel(), pairs, name="weight")
    return Graph(links[links > 0])


def timed(work: Callable[[], object], runs: int) -> float:
    """Return the seconds that `work` takes, the least of the runs."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def panel_of(years: int, size: int) -> Panel:
    """Return a panel of independent values."""
    frame = pd.DataFrame(
        {
            "city": np.tile([f"{place:06d}" for place in range(size)], years),
            "year": np.repeat(np.arange(2001, 2001 + years), size),
            "x": np.random.default_rng(1).normal(size=years * size),
        }
    )
    return Panel.from_frame(frame, city="city", year="year")


def compare(size: int, years: int, permutations: int, runs: int) -> None:
    """Print our time, with one worker and with two, and esda's."""
    graph, panel = nearest(size, 6, 1), panel_of(years, size)
    wide = panel.frame["x"].unstack("city")
    weights = graph.to_W()
    weights.transform = "r"

    def theirs() -> None:
        for year in wide.index:
            Moran_Local(
                wide.loc[year].to_numpy(), weights, permutations=permutations, seed=1
            )

    one = timed(lambda: ours(panel, graph, permutations, 1), runs)
    two = timed(lambda: ours(panel, graph, permutations, 2), runs)
    esda = timed(theirs, runs)
    print(
        f"{size:>7} x {years:>2} x {permutations:,}: ours {one:6.2f} s, two workers "
        f"{two:6.2f} s, esda {esda:7.2f} s, ratio {esda / min(one, two):5.1f}"
    )


def ours(panel: Panel, graph: Graph, permutations: int, workers: int) -> object:
    """Test every year of the panel."""
    return local_moran_by_year(
        panel, "x", graph, permutations=permutations, workers=workers, rng=1
    )


def dense(size: int, years: int, permutations: int, runs: int) -> None:
    """Print our time where all cities are neighbours."""
    panel, graph = panel_of(years, size), everybody(size, 3)
    seconds = timed(lambda: ours(panel, graph, permutations, 2), runs)
    print(
        f"{size:>7} x {years:>2} x {permutations:,}, all neighbours: {seconds:6.2f} s"
    )


def large(runs: int) -> None:
    """Print our time and memory for 100,000 places."""
    size = 100_000
    graph = nearest(size, 6, 2)
    values = pd.Series(
        np.random.default_rng(1).normal(size=size),
        index=[f"{place:06d}" for place in range(size)],
    )
    seconds = timed(
        lambda: local_moran(
            values, graph, permutations=999, fdr="none", workers=2, rng=1
        ),
        runs,
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{size:>7} x  1 x 999: ours {seconds:6.2f} s whole, peak {peak:.2f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    if asked.large:
        large(asked.runs)  # first, so that the peak of memory is its own
    compare(281, 16, 9999, asked.runs)
    compare(3000, 1, 9999, asked.runs)
    dense(281, 16, 9999, asked.runs)
