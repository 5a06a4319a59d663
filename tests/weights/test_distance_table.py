import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    AlignmentError,
    IsolatedCityError,
    IsolatedCityWarning,
    WeightsError,
)
from spatial_coagg.weights.align import weight_matrix
from spatial_coagg.weights.distance_table import (
    DoublePowerDecay,
    EqualDecay,
    ExponentialDecay,
    InverseDecay,
    build_from_distances,
)
from spatial_coagg.weights.transform import transformed

NUMBERS = Path(__file__).parents[1] / "reference" / "spatial_weights.json"
BANK = json.loads(NUMBERS.read_text(encoding="utf-8"))["specifications"]
OPTIONS: dict[str, dict[str, Any]] = {
    "InvDistMat(gN3dist,distCutOff=100000)": {
        "cutoff": 100_000,
        "transform": "none",
    },
    "InvDistMat(gN3dist,distCutOff=150000,powr=2)": {
        "cutoff": 150_000,
        "decay": InverseDecay(2),
        "transform": "none",
    },
    "rownor(InvDistMat(gN3dist,distCutOff=100000))": {"cutoff": 100_000},
    "InvDistMat(gN3dist,distCutOff=100000,mevn=TRUE)": {
        "cutoff": 100_000,
        "transform": "spectral",
    },
    "ExpDistMat(gN3dist,distCutOff=100000,expn=2e-5)": {
        "cutoff": 100_000,
        "decay": ExponentialDecay(2e-5),
        "transform": "none",
    },
    "DDistMat(gN3dist,distCutOff=100000,powr=2)": {
        "cutoff": 100_000,
        "decay": DoublePowerDecay(2),
        "transform": "none",
    },
    "mNearestN(gN3dist,m=5)": {"k": 5, "decay": EqualDecay(), "transform": "none"},
    "mNearestN(gN3dist,m=8,rn=TRUE)": {"k": 8, "decay": EqualDecay()},
}


def reference_table(name: str) -> FloatArray:
    shared = os.environ.get("SPATIAL_COAGG_SHARED")
    if shared is None:
        pytest.skip("SPATIAL_COAGG_SHARED is not set")
    table = pd.read_csv(Path(shared) / "reference" / "spatial" / "data" / name)
    return table.iloc[:, 1:].to_numpy(dtype=np.float64)


def labelled(values: FloatArray) -> pd.DataFrame:
    codes = [f"{place:03d}" for place in range(len(values))]
    return pd.DataFrame(values, index=codes, columns=codes)


@pytest.mark.parametrize("case", BANK["gN3dist"]["results"], ids=lambda x: x["call"])
@pytest.mark.filterwarnings("ignore::spatial_coagg.errors.IsolatedCityWarning")
@pytest.mark.filterwarnings("ignore::spatial_coagg.errors.DominanceWarning")
def test_weights_of_distances_are_those_of_sdpdmod(case: dict[str, Any]) -> None:
    table = labelled(reference_table("gN3dist.csv.gz"))
    graph = build_from_distances(table, islands="keep", **OPTIONS[case["call"]])
    matrix = weight_matrix(graph).toarray()
    assert matrix.shape == (case["n"], case["n"])
    assert np.count_nonzero(matrix) == case["nonzero"]
    assert matrix.sum() == pytest.approx(case["sum"], rel=1e-12)
    assert np.linalg.norm(matrix) == pytest.approx(case["frobenius"], rel=1e-12)
    assert np.trace(matrix @ matrix) == pytest.approx(case["trace_W2"], rel=1e-12)
    largest = np.abs(np.linalg.eigvals(matrix)).max()
    assert largest == pytest.approx(case["max_abs_eig"], rel=1e-10)
    np.testing.assert_allclose(matrix.sum(axis=1)[:5], case["rowsum_first5"])
    for place, value in case["entries"].items():
        row, column = (int(number) - 1 for number in place.split("_"))
        assert matrix[row, column] == pytest.approx(value, rel=1e-12)


def test_largest_eigenvalue_of_states_is_divided_as_by_sdpdmod() -> None:
    case = next(each for each in BANK["usa46"]["results"] if "eignor" in each["call"])
    binary = reference_table("usa46_binary.csv")
    graph = build_from_distances(
        labelled(np.where(binary > 0, 1.0, np.inf)),
        decay=EqualDecay(),
        transform="none",
    )
    before = weight_matrix(graph).toarray()
    np.testing.assert_array_equal(before, binary)
    eigen = np.linalg.eigvalsh(before).max()
    assert eigen == pytest.approx(case["max_eig_before"], rel=1e-12)
    after = weight_matrix(transformed(graph, transform="spectral")).toarray()
    np.testing.assert_allclose(after, reference_table("usa46_eignorm.csv"), rtol=1e-10)
    assert after.sum() == pytest.approx(case["sum"], rel=1e-12)
    assert after.sum(axis=1).max() == pytest.approx(case["max_rowsum"], rel=1e-12)


def test_neighbours_of_neighbours_are_those_of_sdpdmod() -> None:
    case = next(each for each in BANK["usa46"]["results"] if "mOrdNbr" in each["call"])
    binary = reference_table("usa46_binary.csv")
    graph = build_from_distances(
        labelled(np.where(binary > 0, 1.0, np.inf)),
        decay=EqualDecay(),
        transform="none",
    )
    wider = graph.higher_order(2, lower_order=True)
    matrix = weight_matrix(wider).toarray()
    assert np.count_nonzero(matrix) == case["nonzero"]
    rows = weight_matrix(transformed(wider, transform="row")).toarray()
    np.testing.assert_allclose(
        rows, reference_table("usa46_mOrdNbr2_rownorm.csv"), rtol=1e-12
    )


MINUTES = pd.DataFrame(
    [
        [0.0, 20.0, 50.0, np.inf],
        [25.0, 0.0, 40.0, 90.0],
        [50.0, 40.0, 0.0, 90.0],
        [np.inf, 80.0, 95.0, 0.0],
    ],
    index=["d", "b", "c", "a"],
    columns=["d", "b", "c", "a"],
)


def test_weights_are_one_over_the_way_there_not_back() -> None:
    graph = build_from_distances(MINUTES, transform="none")
    assert [*graph.unique_ids] == ["a", "b", "c", "d"]
    assert graph["d"].to_dict() == {"b": 1 / 20, "c": 1 / 50}
    assert graph["b"].to_dict() == {"a": 1 / 90, "c": 1 / 40, "d": 1 / 25}


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (EqualDecay(), 1.0),
        (InverseDecay(2.0), 20.0**-2),
        (ExponentialDecay(0.1), np.exp(-2.0)),
        (DoublePowerDecay(3.0), (1 - (20 / 50) ** 3) ** 3),
    ],
)
def test_decays_are_their_formulas(decay: InverseDecay, expected: float) -> None:
    graph = build_from_distances(
        MINUTES, decay=decay, cutoff=50, transform="none", cities=["d", "b", "c"]
    )
    assert graph["d"]["b"] == pytest.approx(expected)


def test_rows_and_columns_may_stand_in_any_order() -> None:
    shuffled = MINUTES.loc[["a", "c", "d", "b"], ["c", "a", "b", "d"]]
    one, other = (build_from_distances(each) for each in (MINUTES, shuffled))
    pd.testing.assert_series_equal(one.adjacency, other.adjacency)


def test_units_of_distance_do_not_matter_once_rows_are_standardised() -> None:
    one, other = (build_from_distances(each) for each in (MINUTES, MINUTES * 60))
    pd.testing.assert_series_equal(one.adjacency, other.adjacency)


def test_of_equally_near_cities_the_first_by_code_is_taken() -> None:
    table = MINUTES.copy()
    table.loc["b", ["a", "c"]] = 25.0
    graph = build_from_distances(table, k=2, decay=EqualDecay(), transform="none")
    assert [*graph["b"].index] == ["a", "c"]
    assert graph.cardinalities.max() == 2


def test_nearest_stay_within_the_cutoff() -> None:
    graph = build_from_distances(MINUTES, k=2, cutoff=85, transform="none")
    assert graph.cardinalities.to_dict() == {"a": 1, "b": 2, "c": 2, "d": 2}


def test_a_city_beyond_the_cutoff_is_refused_or_kept() -> None:
    with pytest.raises(IsolatedCityError, match="no neighbours: 'a'"):
        build_from_distances(MINUTES, cutoff=60)
    with pytest.warns(IsolatedCityWarning, match="'a'"):
        graph = build_from_distances(MINUTES, cutoff=60, islands="keep")
    assert [*graph.isolates] == ["a"]


def test_rows_and_columns_of_other_cities_are_refused() -> None:
    with pytest.raises(AlignmentError, match="the columns lacks 1 of the 4 cities"):
        build_from_distances(MINUTES.drop(columns="a"))


def test_a_selection_beyond_the_table_is_refused() -> None:
    with pytest.raises(AlignmentError, match="the distances lacks 1 of the 2 cities"):
        build_from_distances(MINUTES, cities=["a", "z"])


@pytest.mark.parametrize("wrong", [np.nan, -1.0])
def test_missing_and_negative_distances_are_named(wrong: float) -> None:
    table = MINUTES.copy()
    table.loc["b", "c"] = wrong
    told = "1 distances are missing or negative, the first from 'b' to 'c'"
    with pytest.raises(WeightsError, match=told):
        build_from_distances(table)


def test_two_cities_at_the_same_place_are_named() -> None:
    table = MINUTES.copy()
    table.loc["b", "c"] = 0.0
    with pytest.raises(WeightsError, match="'b' and 'c' have the distance zero"):
        build_from_distances(table)
    graph = build_from_distances(table, decay=ExponentialDecay(0.1), transform="none")
    assert graph["b"]["c"] == 1.0


def test_weights_too_small_for_a_number_are_refused() -> None:
    with pytest.raises(WeightsError, match="use a slower decay or another unit"):
        build_from_distances(MINUTES, decay=ExponentialDecay(100.0))


def test_a_double_power_needs_a_cutoff() -> None:
    with pytest.raises(WeightsError, match="falls to zero at cutoff=; give one"):
        build_from_distances(MINUTES, decay=DoublePowerDecay())


def test_at_the_cutoff_a_double_power_is_no_link() -> None:
    graph = build_from_distances(
        MINUTES, decay=DoublePowerDecay(), cutoff=90, transform="none"
    )
    assert "a" not in graph["b"].index


@pytest.mark.parametrize("k", [0, 1.5, True])
def test_neighbours_are_counted_in_whole_numbers(k: object) -> None:
    with pytest.raises(WeightsError, match=re.escape(f"1 or more; got {k!r}")):
        build_from_distances(MINUTES, k=k)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [InverseDecay, ExponentialDecay, DoublePowerDecay])
def test_decays_check_their_settings(make: type[InverseDecay]) -> None:
    with pytest.raises(WeightsError, match="must be a positive number; got -1"):
        make(-1)


def test_a_cutoff_is_positive() -> None:
    with pytest.raises(WeightsError, match="cutoff must be a positive number"):
        build_from_distances(MINUTES, cutoff=0)


def test_a_bare_array_is_refused() -> None:
    with pytest.raises(TypeError, match="city codes on both sides, got ndarray"):
        build_from_distances(MINUTES.to_numpy())  # type: ignore[arg-type]
