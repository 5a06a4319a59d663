"""Time the local Moran against esda's, in one run; print times and ratios.

    python benchmarks/bench_moran.py [--large]

Sizes: 281 cities x 16 years x 9,999 conditional permutations; 3,000 cities x 1 year x
9,999; with --large, 100,000 places x 999. esda uses numba where it is installed, and is
not asked for the large one.
"""

import argparse
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


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes, the better of two."""
    seconds = []
    for _ in range(2):
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


def compare(size: int, years: int, permutations: int) -> None:
    """Print our time, with one worker and with two, and esda's."""
    graph, panel = nearest(size, 6, 1), panel_of(years, size)
    wide = panel.frame["x"].unstack("city")
    weights = graph.to_W()
    weights.transform = "r"

    def ours(workers: int) -> object:
        return local_moran_by_year(
            panel, "x", graph, permutations=permutations, workers=workers, rng=1
        )

    def theirs() -> None:
        for year in wide.index:
            Moran_Local(
                wide.loc[year].to_numpy(), weights, permutations=permutations, seed=1
            )

    one, two, esda = timed(lambda: ours(1)), timed(lambda: ours(2)), timed(theirs)
    print(
        f"{size:>7} x {years:>2} x {permutations}: ours {one:6.2f} s, two workers "
        f"{two:6.2f} s, esda {esda:7.2f} s, ratio {esda / one:5.1f}"
    )


def large() -> None:
    """Print our time and memory for 100,000 places."""
    size = 100_000
    graph = nearest(size, 6, 2)
    values = pd.Series(
        np.random.default_rng(1).normal(size=size),
        index=[f"{place:06d}" for place in range(size)],
    )
    start = time.perf_counter()
    local_moran(values, graph, permutations=999, fdr="none", workers=2, rng=1)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{size:>7} x  1 x 999: ours {seconds:6.2f} s whole, peak {peak:.2f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    warnings.simplefilter("ignore")
    compare(281, 16, 9999)
    compare(3000, 1, 9999)
    if parser.parse_args().large:
        large()
