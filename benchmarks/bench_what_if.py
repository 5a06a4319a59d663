"""Times what-ifs on the embedded panel: 281 cities, 1,000 draws, one answer each.

python benchmarks/bench_what_if.py
"""

import statistics
import time
from collections.abc import Callable

from spatial_coagg import (
    Panel,
    build_inverse_distance,
    build_nearest,
    city_responses,
    corridor,
    fit_dynamic_spatial,
    fit_spatial_panel,
    load_example,
    load_shapes,
    targets,
    what_if,
)

REPEATS = 5
DRIVERS = ["ln_theta", "ln_gdp"]


def median_time(ask: Callable[[], object]) -> float:
    """Return the median of `REPEATS` runs, in seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def time_fits(panel: Panel) -> None:
    """Print a line for each weights and question."""
    shapes = load_shapes()
    weights = {
        "5 nearest": build_nearest(shapes, k=5, cities=panel.cities),
        "1 / d^2": build_inverse_distance(shapes, cities=panel.cities, power=2),
    }
    everybody = dict.fromkeys(panel.cities, 10.0)
    for name, graph in weights.items():
        fit = fit_spatial_panel(panel, graph, "ln_cr", DRIVERS)
        dynamic = fit_dynamic_spatial(panel, graph, "ln_cr", DRIVERS)
        questions: dict[str, Callable[[], object]] = {
            "one city": lambda fit=fit: what_if(fit, {"330100": 10}, rng=1),
            "all cities": lambda fit=fit: what_if(fit, everybody, rng=1),
            "targets": lambda fit=fit: targets(fit, city="330100", rng=1),
            "corridor": lambda fit=fit: corridor(fit, rng=1),
            "281 x 281": lambda fit=fit: city_responses(fit, "ln_theta", rng=1),
            "one city, 10 years": lambda fit=dynamic: what_if(
                fit, {"330100": 10}, rng=1
            ),
        }
        for question, ask in questions.items():
            print(f"{name:10s} {question:20s} {median_time(ask):6.2f} s")


if __name__ == "__main__":
    time_fits(load_example("spatial").balanced_panel)
