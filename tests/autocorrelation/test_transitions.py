import libpysal
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from places import graph_of, lattice, panel_of, read_gal
from scipy import stats

from spatial_coagg.autocorrelation.classes import CLASSES
from spatial_coagg.autocorrelation.local import local_moran, local_moran_by_year
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.spatial_chain import spatial_markov
from spatial_coagg.autocorrelation.transitions import class_transitions
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.tables.panel import Panel


def classes_over(years: dict[int, str]) -> LocalTest:
    """Return a test whose cities a, b, c ... have the classes spelled out."""
    names = {"H": "HH", "L": "LL", "n": "not significant"}
    rows = [
        (city, year, names[letter])
        for year, letters in years.items()
        for city, letter in zip("abcd", letters, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["city", "year", "cluster"])
    frame["cluster"] = frame["cluster"].astype(pd.CategoricalDtype(list(CLASSES)))
    return LocalTest(
        "local Moran",
        "x",
        frame.set_index(["city", "year"]),
        CLASSES,
        99,
        0.05,
        "none",
    )


def test_moves_are_counted_by_hand() -> None:
    moves = class_transitions(classes_over({2001: "HHLn", 2002: "HnLn", 2003: "nnLH"}))
    seen = ["HH", "LL", "not significant"]
    assert list(moves.counts.index) == seen
    assert moves.counts.to_numpy().tolist() == [[1, 0, 2], [0, 2, 0], [1, 0, 2]]
    assert moves.stayers.to_dict() == pytest.approx(
        {"HH": 1 / 3, "LL": 1.0, "not significant": 2 / 3}
    )
    assert moves.movers.to_dict("list") == {
        "city": ["b", "a", "d"],
        "year": [2002, 2003, 2003],
        "before": ["HH", "HH", "not significant"],
        "after": ["not significant", "not significant", "HH"],
    }


def test_steady_state_is_reproduced_by_the_probabilities() -> None:
    rng = np.random.default_rng(1)
    letters = {year: "".join(rng.choice(list("HLn"), size=4)) for year in range(60)}
    moves = class_transitions(classes_over(letters))
    shares = moves.steady_state.to_numpy()
    assert shares @ moves.probabilities.to_numpy() == pytest.approx(shares)
    assert shares.sum() == pytest.approx(1)


def test_closed_classes_have_no_single_steady_state() -> None:
    moves = class_transitions(classes_over({2001: "HHLL", 2002: "HHLL"}))
    assert moves.steady_state.isna().all()


def test_a_step_pairs_calendar_years() -> None:
    local = classes_over({2001: "HHLL", 2002: "nnnn", 2004: "LLHH"})
    moves = class_transitions(local, step=3)
    assert moves.counts.loc["HH", "LL"] == 2
    assert moves.counts.to_numpy().sum() == 4
    with pytest.raises(SpatialCoaggError, match="are 5 apart"):
        class_transitions(local, step=5)
    with pytest.raises(SpatialCoaggError, match="step must be 1 or more"):
        class_transitions(local, step=0)


def test_one_year_has_no_transitions() -> None:
    values = pd.Series(
        np.random.default_rng(1).normal(size=16), [f"{city:03d}" for city in range(16)]
    )
    local = local_moran(values, lattice(4), rng=1)
    with pytest.raises(SpatialCoaggError, match="use local_moran_by_year"):
        class_transitions(local)


def test_every_city_makes_a_move_in_every_pair_of_years() -> None:
    panel = panel_of(np.random.default_rng(1).normal(size=(5, 49)))
    local = local_moran_by_year(panel, "x", lattice(7), rng=1, fdr="none")
    assert class_transitions(local).counts.to_numpy().sum() == 4 * 49


def income() -> tuple[Panel, Graph]:
    """Return income per head of 48 US states, 1929-2009, and their neighbours."""
    table = pd.read_csv(libpysal.examples.get_path("usjoin.csv"))
    weights = read_gal("states48.gal")
    codes = [f"{place:02d}" for place in range(48)]
    years = [str(year) for year in range(1929, 2010)]
    frame = (
        table[years]
        .assign(city=codes)
        .melt(id_vars="city", var_name="year", value_name="income")
        .astype({"year": int})
    )
    named = dict(zip(weights.id_order, codes, strict=True))
    graph = Graph.from_W(weights).transform("R")
    return (
        Panel.from_frame(frame, city="city", year="year"),
        Graph(graph.adjacency.rename(named)),
    )


def test_spatial_markov_is_that_of_giddy() -> None:
    """giddy 2.3: Spatial_Markov(pci / pci.mean(axis=0), w, fixed=True, k=5, m=5)."""
    panel, graph = income()
    found = spatial_markov(panel, "income", graph)
    assert found.pooled.to_numpy().tolist() == [
        [707, 58, 7, 1, 0],
        [50, 629, 80, 1, 1],
        [4, 79, 610, 73, 2],
        [0, 7, 72, 650, 37],
        [0, 0, 0, 48, 724],
    ]
    assert found.cutoffs == pytest.approx(
        [0.83999133, 0.94707545, 1.03242697, 1.14911154], abs=1e-8
    )
    test = found.homogeneity
    assert test.likelihood_ratio == pytest.approx(170.659, abs=5e-4)
    assert test.chi_square == pytest.approx(200.624, abs=5e-4)
    assert test.degrees_of_freedom == 60
    assert test.p_chi_square == pytest.approx(stats.chi2.sf(200.624, 60), rel=1e-3)


@pytest.mark.slow
def test_homogeneity_holds_its_level_for_cities_on_their_own() -> None:
    rng = np.random.default_rng(1)
    p_values = []
    for _ in range(300):
        values = np.empty((30, 49))
        values[0] = rng.normal(size=49)
        for year in range(1, 30):
            values[year] = 0.7 * values[year - 1] + rng.normal(size=49)
        found = spatial_markov(
            panel_of(values), "x", lattice(7), classes=3, relative=False
        )
        p_values.append(found.homogeneity.p_likelihood_ratio)
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09


def test_a_trend_moves_no_city_in_relative_terms() -> None:
    values = np.random.default_rng(3).uniform(1, 2, size=(4, 49))
    growth = np.array([1.0, 2.0, 4.0, 8.0])[:, None]
    plain = spatial_markov(panel_of(values), "x", lattice(7))
    grown = spatial_markov(panel_of(values * growth), "x", lattice(7))
    pd.testing.assert_frame_equal(plain.counts, grown.counts)


def test_bad_input_of_the_spatial_markov_is_named() -> None:
    values = np.random.default_rng(3).uniform(1, 2, size=(3, 16))
    with pytest.raises(SpatialCoaggError, match="classes must be 2 or more"):
        spatial_markov(panel_of(values), "x", lattice(4), classes=1)
    with pytest.raises(SpatialCoaggError, match="too many equal values"):
        spatial_markov(panel_of(np.round(values) + 0 * values), "x", lattice(4))
    frame = panel_of(values).frame.reset_index()
    gap = Panel.from_frame(frame[frame["year"] != 2002], city="city", year="year")
    with pytest.raises(SpatialCoaggError, match="none just before 2003"):
        spatial_markov(gap, "x", lattice(4))
    cities = [f"{city:03d}" for city in range(16)]
    alone = graph_of(
        {(a, b): 1.0 for a in cities[:15] for b in cities[:15] if a != b}, ("015",)
    )
    with pytest.raises(SpatialCoaggError, match="have no neighbours: '015'"):
        spatial_markov(panel_of(values), "x", alone)
