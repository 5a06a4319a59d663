import string
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_coagg.tables.cells import read_numbers
from spatial_coagg.tables.crosswalk import apply_crosswalk, read_crosswalk
from spatial_coagg.tables.employment import read_employment
from spatial_coagg.tables.keys import find_gaps, read_codes
from spatial_coagg.tables.panel import Panel

laws = settings(deadline=None, max_examples=30)
slow_laws = settings(deadline=None, max_examples=10)

codes = st.text(string.digits + string.ascii_uppercase, min_size=1, max_size=8).filter(
    lambda code: not code.endswith("E")
)
keys = st.lists(
    st.tuples(codes, st.integers(1990, 2030)), min_size=1, max_size=25, unique=True
)
numbers = st.floats(-1e12, 1e12, allow_nan=False)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    pairs = draw(keys)
    values = draw(st.lists(numbers, min_size=len(pairs), max_size=len(pairs)))
    frame = pd.DataFrame(pairs, columns=["city", "year"])
    return frame.assign(x=values)


@laws
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_panel(frame: pd.DataFrame, rng: object) -> None:
    order = list(range(len(frame)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    first = Panel.from_frame(frame, city="city", year="year")
    second = Panel.from_frame(frame.iloc[order], city="city", year="year")
    pd.testing.assert_frame_equal(first.frame, second.frame, check_exact=True)
    pd.testing.assert_frame_equal(
        first.previous(["x"]), second.previous(["x"]), check_exact=True
    )


@laws
@given(tables(), st.integers(1, 3))
def test_previous_is_a_look_up_by_calendar(frame: pd.DataFrame, years: int) -> None:
    panel = Panel.from_frame(frame, city="city", year="year")
    known = dict(zip(panel.frame.index, panel.frame["x"], strict=True))
    found = panel.previous(["x"], years=years).iloc[:, 0]
    expected = [known.get((city, year - years), np.nan) for city, year in found.index]
    np.testing.assert_array_equal(found, expected)


@laws
@given(keys)
def test_gaps_and_rows_together_fill_the_span_of_each_city(
    pairs: list[tuple[str, int]],
) -> None:
    index = pd.MultiIndex.from_tuples(pairs, names=["city", "year"])
    together = set(pairs) | set(find_gaps(index))
    spans = {city: [year for name, year in pairs if name == city] for city, _ in pairs}
    expected = {
        (city, year)
        for city, years in spans.items()
        for year in range(min(years), max(years) + 1)
    }
    assert together == expected
    assert not set(pairs) & set(find_gaps(index))


@laws
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_a_written_number_is_read_to_the_last_digit(values: list[float]) -> None:
    cells = pd.Series([repr(value) for value in values], name="x", dtype=object)
    found, problems = read_numbers(cells)
    assert problems == []
    assert found.tolist() == values


@laws
@given(st.integers(1000, 10**15), st.sampled_from([",", " ", "'", "，", "\u00a0"]))
def test_thousands_separators_change_no_number(number: int, separator: str) -> None:
    written = f"{number:,}".replace(",", separator)
    found, problems = read_numbers(pd.Series([written], name="x", dtype=object))
    assert problems == []
    assert found.tolist() == [float(number)]


@laws
@given(st.text(max_size=12))
def test_no_text_makes_the_reader_of_numbers_fail(text: str) -> None:
    found, problems = read_numbers(pd.Series([text], name="x", dtype=object))
    assert len(problems) <= int(found.isna().iloc[0])


@laws
@given(st.lists(codes, min_size=1, max_size=10))
def test_reading_codes_twice_is_reading_them_once(texts: list[str]) -> None:
    once, problems = read_codes(pd.Series(texts, name="code", dtype=object))
    twice, again = read_codes(once)
    assert problems == again == []
    assert once.tolist() == twice.tolist() == texts


@slow_laws
@given(keys, st.integers(0, 10**6), st.sampled_from(["wide", "long"]))
def test_jobs_survive_the_way_through_a_file_in_any_order_and_layout(
    pairs: list[tuple[str, int]], seed: int, layout: str
) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(pairs, columns=["city", "year"])
    frame["C"], frame["K"] = rng.integers(0, 10**6, size=(2, len(frame)))
    frame["all"] = frame["C"] + frame["K"]
    expected = frame.rename(columns={"all": "total"}).set_index(["city", "year"])
    written = (
        frame.melt(["city", "year"], var_name="label") if layout == "long" else frame
    )
    written = written.iloc[rng.permutation(len(written))]
    headers = {"industry": "label", "jobs": "value"} if layout == "long" else {}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # Gaps are not the subject here.
        patch.setattr("spatial_coagg.tables.employment.warn_of_gaps", _say_nothing)
        path = Path(folder) / "jobs.csv"
        written.to_csv(path, index=False)
        jobs = read_employment(
            path, city="city", year="year", total="all", code_digits=0, **headers
        )
    pd.testing.assert_frame_equal(
        jobs, expected.sort_index().astype(float), check_index_type=False
    )


def _say_nothing(*_: object, **__: object) -> None:
    pass


@slow_laws
@given(st.integers(1999, 2024), st.integers(1999, 2024), st.data())
def test_the_crosswalk_there_and_back_is_the_identity_for_recoded_units(
    there: int, back: int, data: st.DataObject
) -> None:
    changes = read_crosswalk()
    recoded = changes[changes["event"] == "recoded"]
    chosen = data.draw(
        st.sets(st.sampled_from(recoded["new_code"].tolist()), min_size=1)
    )
    frame = pd.DataFrame({"city": sorted(chosen), "year": 2010, "x": 1.0})
    start, _ = apply_crosswalk(frame.set_index(["city", "year"]), year=back)
    moved, _ = apply_crosswalk(start, year=there)
    returned, _ = apply_crosswalk(moved, year=back)
    pd.testing.assert_frame_equal(returned, start)
