"""Check by Monte Carlo the bias of rho and the coverage of the spatial Durbin model.

    OMP_NUM_THREADS=1 python benchmarks/bench_spatial_coverage.py
        [--replications 2000] [--seed 1] [--only china] [--part corrections]

Cities, weights (five nearest), drivers and effects stay; the noise is drawn anew in
each replication. Two sizes: ``china`` is the 281 cities of the example over 16 years,
``small`` every fourth of them, 64 in all, over 5 years. Two parts:

corrections
    Normal noise, city and year effects. Bias of rho under ``"transform"``, ``"bias"``
    and ``"none"``; under ``"transform"`` the coverage of 95 % intervals of rho, slopes
    and of direct, indirect and total effects by the delta method and by simulation
    (200 draws, whose quantiles cost it one per cent of coverage). Bounds: 93-97 % for
    china, 91-97 % for small.
robust
    Noise that is normal, skewed (exponential) or heavy-tailed (Student's t, 7 degrees);
    the spread of rho, a slope and sigma2 over the mean of their standard errors from
    the expected information and from ``covariance="robust"``, and coverage of both.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from libpysal.graph import Graph

from spatial_coagg._typing import FloatArray
from spatial_coagg.example import load_example
from spatial_coagg.models.effects import spatial_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import Correction
from spatial_coagg.simulate.panels import Spatial, simulate_panel
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.shapes import load_shapes
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.distance import build_nearest

Size: TypeAlias = Literal["china", "small"]
Noise: TypeAlias = Literal["normal", "skewed", "heavy-tailed"]
SIZES: Mapping[Size, tuple[int, int]] = {"china": (281, 16), "small": (64, 5)}
BOUNDS: Mapping[Size, tuple[float, float]] = {
    "china": (0.93, 0.97),
    "small": (0.91, 0.97),
}
CORRECTIONS: tuple[Correction, ...] = ("transform", "bias", "none")
NOISES: tuple[Noise, ...] = ("normal", "skewed", "heavy-tailed")
SLOPES = {"roads": 0.5, "schools": -0.3}
SPILLOVERS = {"roads": 0.2, "schools": 0.1}
RHO, NOISE_SD = 0.4, 0.5
DRAWS = 200
Z = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """A design in which only the noise changes.

    Attributes
    ----------
    drivers : DataFrame
        Index (city, year).
    weights : Graph
    trend : array of shape (T, N)
        Drivers' part and effects.
    multiplier : array of shape (N, N)
        (I - rho W)^-1.
    truth : Series
        By label: coefficients, sigma2, and effects as ``"direct roads"``.
    """

    drivers: pd.DataFrame
    weights: Graph
    trend: FloatArray
    multiplier: FloatArray
    truth: pd.Series

    def draw(self, noise: Noise, rng: np.random.Generator) -> Panel:
        """Return the panel with a new outcome."""
        shape = self.trend.shape
        if noise == "normal":
            unit = rng.standard_normal(shape)
        elif noise == "skewed":
            unit = rng.exponential(size=shape) - 1
        else:
            unit = rng.standard_t(7, size=shape) / np.sqrt(7 / 5)
        y = (self.trend + NOISE_SD * unit) @ self.multiplier.T
        return Panel(self.drivers.assign(y=y.T.ravel()))

    def fit(self, panel: Panel, **options: str) -> SpatialPanelFit:
        """Fit the spatial Durbin model with both effects."""
        return fit_spatial_panel(
            panel,
            self.weights,
            "y",
            list(SLOPES),
            **options,  # type: ignore[arg-type]
        )


def build_experiment(size: Size, rng: np.random.Generator) -> Experiment:
    """Draw drivers and effects once."""
    cities, years = SIZES[size]
    known = load_example("spatial").balanced_panel.cities
    chosen = known if size == "china" else known[::4][:cities]
    weights = build_nearest(load_shapes(), k=5, cities=chosen)
    process = Spatial(weights, rho=RHO, spillovers=SPILLOVERS)
    drawn = simulate_panel(SLOPES, process=process, years=years, year_sd=1.0, rng=rng)
    drivers = drawn.panel.frame[list(SLOPES)].sort_index()
    x = drivers.to_numpy().reshape(cities, years, -1).transpose(1, 0, 2)
    w = weight_matrix(weights).toarray()
    lagged = np.einsum("nm,tmk->tnk", w, x)
    b, g = np.array([*SLOPES.values()]), np.array([*SPILLOVERS.values()])
    trend = x @ b + lagged @ g + drawn.truth.city_effects.to_numpy()
    trend = trend + drawn.truth.year_effects.to_numpy()[:, None]
    multiplier = np.linalg.inv(np.eye(cities) - RHO * w)
    truth = _truth(multiplier, w)
    return Experiment(drivers, weights, trend, multiplier, truth)


def _truth(multiplier: FloatArray, w: FloatArray) -> pd.Series:
    found = {**SLOPES, **{f"W.{name}": value for name, value in SPILLOVERS.items()}}
    found |= {"rho": RHO, "sigma2": NOISE_SD**2}
    for name, slope in SLOPES.items():
        responses = multiplier @ (slope * np.eye(len(w)) + SPILLOVERS[name] * w)
        direct = float(np.trace(responses)) / len(w)
        total = float(responses.sum()) / len(w)
        found |= {
            f"direct {name}": direct,
            f"indirect {name}": total - direct,
            f"total {name}": total,
        }
    return pd.Series(found)


def replicate_corrections(
    size: Size, *, replications: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the bias of rho by correction, and coverage under the transformation."""
    root = np.random.default_rng([seed, list(SIZES).index(size)])
    experiment = build_experiment(size, root)
    rhos, rows = [], []
    for rng in root.spawn(replications):
        panel = experiment.draw("normal", rng)
        fits = [experiment.fit(panel, correction=each) for each in CORRECTIONS]
        rhos.append([fit.rho for fit in fits])
        rows.append(_intervals(fits[0], rng))
    table = pd.concat(rows, keys=range(replications), names=["draw", "quantity"])
    return _bias(np.array(rhos)), _coverage(table, experiment.truth)


def _intervals(fit: SpatialPanelFit, rng: np.random.Generator) -> pd.DataFrame:
    """Return estimate, standard error and interval of everything that has a truth."""
    columns = ["estimate", "standard_error", "lower", "upper"]
    found = [fit.estimates[columns].rename(index=lambda label: (label, ""))]
    effects = {
        "delta": spatial_effects(fit, method="delta"),
        "simulation": spatial_effects(fit, draws=DRAWS, rng=rng),
    }
    for method, made in effects.items():
        frame = made.frame
        names = [(f"{kind} {name}", method) for kind, name in frame.index]
        found.append(frame[columns].set_axis(names, axis="index"))
    table = pd.concat(found)
    table.index = [f"{name} ({how})" if how else name for name, how in table.index]
    return table


def _bias(rhos: FloatArray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bias of rho": rhos.mean(axis=0) - RHO,
            "its error": rhos.std(axis=0, ddof=1) / np.sqrt(len(rhos)),
            "spread": rhos.std(axis=0, ddof=1),
        },
        index=list(CORRECTIONS),
    )


def _coverage(table: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    found = {}
    for quantity, rows in table.groupby(level="quantity", sort=False):
        value = truth[str(quantity).split(" (")[0]]
        inside = (rows["lower"] <= value) & (value <= rows["upper"])
        found[quantity] = {
            "truth": value,
            "bias": rows["estimate"].mean() - value,
            "spread": rows["estimate"].std(),
            "mean_error": rows["standard_error"].mean(),
            "coverage": inside.mean(),
        }
    return pd.DataFrame.from_dict(found, orient="index")


def replicate_robust(
    size: Size, noise: Noise, *, replications: int, seed: int
) -> pd.DataFrame:
    """Return coverage with expected information and with the sandwich."""
    root = np.random.default_rng([seed, list(SIZES).index(size), NOISES.index(noise)])
    experiment = build_experiment(size, root)
    rows = []
    for rng in root.spawn(replications):
        panel = experiment.draw(noise, rng)
        for name in ("expected", "robust"):
            fit = experiment.fit(panel, correction="transform", covariance=name)
            rows.append(_with_variance(fit, name))
    table = pd.concat(rows).rename_axis("quantity")
    return _coverage(table, experiment.truth)


def _with_variance(fit: SpatialPanelFit, name: str) -> pd.DataFrame:
    columns = ["estimate", "standard_error", "lower", "upper"]
    table = fit.estimates.loc[["rho", "roads", "W.roads"], columns]
    error = fit.sigma2_standard_error
    reach = Z * error
    own = [fit.sigma2, error, fit.sigma2 - reach, fit.sigma2 + reach]
    table = pd.concat([table, pd.DataFrame([own], ["sigma2"], columns)])
    return table.rename(index=lambda label: f"{label} ({name})")


def _print(title: str, table: pd.DataFrame, started: float) -> None:
    print(f"{title}, {time.perf_counter() - started:.0f} s")
    print(table.to_string(float_format="{:.4f}".format), end="\n\n", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(SIZES))
    parser.add_argument("--part", choices=("corrections", "robust"))
    asked = parser.parse_args(arguments)
    chances = {"replications": asked.replications, "seed": asked.seed}
    for size in SIZES if asked.only is None else (asked.only,):
        cities, years = SIZES[size]
        title = f"{cities} cities, {years} years, {asked.replications} replications"
        if asked.part != "robust":
            started = time.perf_counter()
            bias, coverage = replicate_corrections(size, **chances)
            _print(f"Corrections: {title}", bias, started)
            _print("Under transform", coverage, started)
            low, high = BOUNDS[size]
            within = coverage["coverage"].between(low, high)
            print(f"coverage within {low:.0%}-{high:.0%}: {within.all()}")
            print(coverage.index[~within].to_list(), end="\n\n")
        if asked.part != "corrections":
            for noise in NOISES:
                started = time.perf_counter()
                found = replicate_robust(size, noise, **chances)
                _print(f"{noise.capitalize()} noise: {title}", found, started)


if __name__ == "__main__":
    main()
