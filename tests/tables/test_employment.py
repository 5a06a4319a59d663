from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import DataWarning, SpatialCoaggError, TableError
from spatial_coagg.tables.employment import read_employment, read_national

WIDE = """代码,年份,制造业,金融业,合计
320500,2005,"61,200",9800,120500
320500,2004,60000,9000,110000
110000,2004,90000,—,310000
"""
NAMES = {"manufacturing": "制造业", "finance": "金融业"}
LONG = """code,year,sector,jobs
320500,2004,制造业,60000
320500,2004,金融业,9000
320500,2004,合计,110000
110000,2004,合计,310000
110000,2004,制造业,90000
320500,2005,金融业,9800
320500,2005,合计,120500
320500,2005,制造业,"61,200"
"""
XLS = Path(__file__).parent / "files" / "jobs.xls"


def write(folder: Path, text: str, name: str = "jobs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read_long(path: Path, **arguments: object) -> pd.DataFrame:
    keys = {"city": "code", "year": "year", "industry": "sector", "jobs": "jobs"}
    return read_employment(path, **keys, **arguments)  # type: ignore[arg-type]


def test_a_wide_file_has_one_column_for_each_industry(tmp_path: Path) -> None:
    path = write(tmp_path, WIDE)
    jobs = read_employment(
        path, city="代码", year="年份", total="合计", industries=NAMES
    )
    assert list(jobs.index.names) == ["city", "year"]
    assert jobs.index.tolist() == [("110000", 2004), ("320500", 2004), ("320500", 2005)]
    assert jobs.columns.tolist() == ["manufacturing", "finance", "total"]
    np.testing.assert_array_equal(
        jobs, [[90000, np.nan, 310000], [60000, 9000, 110000], [61200, 9800, 120500]]
    )


def test_a_long_file_gives_the_same_table_as_a_wide_one(tmp_path: Path) -> None:
    wide = read_employment(
        write(tmp_path, WIDE), city="代码", year="年份", total="合计", industries=NAMES
    )
    long = read_long(write(tmp_path, LONG, "long.csv"), total="合计", industries=NAMES)
    pd.testing.assert_frame_equal(long, wide)


def test_an_old_binary_workbook_is_read() -> None:
    jobs = read_employment(
        XLS, city="代码", year="年份", total="合计", industries=["制造业"]
    )
    assert jobs.index.tolist() == [("010000", 2005), ("320500", 2004)]
    np.testing.assert_array_equal(jobs, [[np.nan, 310000], [61200, 120500]])


def test_all_other_columns_are_industries_by_default(tmp_path: Path) -> None:
    jobs = read_employment(
        write(tmp_path, WIDE), city="代码", year="年份", total="合计"
    )
    assert jobs.columns.tolist() == ["制造业", "金融业", "total"]


def test_all_labels_are_industries_by_default_in_order(tmp_path: Path) -> None:
    jobs = read_long(write(tmp_path, LONG), total="合计")
    assert jobs.columns.tolist() == ["制造业", "金融业", "total"]
    assert read_long(write(tmp_path, LONG)).columns.tolist() == [
        "制造业",
        "合计",
        "金融业",
    ]


def test_jobs_are_persons_whatever_the_unit_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,C,all\na,2004,0.07,0.29\n")
    jobs = read_employment(
        path, city="code", year="year", total="all", persons_per_unit=10_000
    )
    assert jobs.iloc[0].tolist() == [700.0, 2900.0]


def test_a_total_beside_each_industry_is_read_once(tmp_path: Path) -> None:
    text = "code,year,sector,jobs,all\na,2004,C,3,9\na,2004,K,4,9\nb,2004,C,1,\n"
    jobs = read_long(write(tmp_path, text), total="all")
    np.testing.assert_array_equal(jobs, [[3, 4, 9], [1, np.nan, np.nan]])
    assert jobs.columns.tolist() == ["C", "K", "total"]


def test_a_total_that_differs_from_row_to_row_is_refused(tmp_path: Path) -> None:
    text = "code,year,sector,jobs,all\na,2004,C,3,9\na,2004,K,4,8\n"
    with pytest.raises(TableError) as caught:
        read_long(write(tmp_path, text), total="all")
    (problem,) = caught.value.problems
    assert (problem.row, problem.column, problem.value) == (3, "all", "8")
    assert (problem.city, problem.year) == ("a", "2004")
    assert "the total differs from that of an earlier row" in problem.message


def test_a_city_without_the_wanted_industries_stays_in_the_table(
    tmp_path: Path,
) -> None:
    text = "code,year,sector,jobs\na,2004,C,3\nb,2004,A,4\n"
    jobs = read_long(write(tmp_path, text), industries=["C"])
    assert jobs.index.get_level_values("city").tolist() == ["a", "b"]
    np.testing.assert_array_equal(jobs["C"], [3, np.nan])


def test_negative_jobs_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,C,K\na,2004,-5,2\nb,2004,1,-0.5\n")
    with pytest.raises(TableError) as caught:
        read_employment(path, city="code", year="year")
    assert [
        (problem.row, problem.column, problem.value, problem.city)
        for problem in caught.value.problems
    ] == [(2, "C", "-5", "a"), (3, "K", "-0.5", "b")]
    assert "jobs cannot be negative" in str(caught.value)


def test_negative_jobs_of_a_long_file_are_refused(tmp_path: Path) -> None:
    text = "code,year,sector,jobs\na,2004,C,-5\na,2004,A,-1\n"
    with pytest.raises(TableError) as caught:
        read_long(write(tmp_path, text), industries=["C"])
    assert [problem.row for problem in caught.value.problems] == [2]


def test_industries_above_the_total_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,C,K,all\na,2004,900,300,1150\nb,2004,1,,5\n")
    with pytest.raises(TableError) as caught:
        read_employment(path, city="code", year="year", total="all")
    (problem,) = caught.value.problems
    assert (problem.row, problem.city, problem.year) == (2, "a", "2004")
    assert (
        "the industries add up to 1,200 persons, above the total of 1,150; correct "
        "them, leave out industries that contain others, or raise tolerance=0.01"
    ) in problem.message


def test_industries_above_the_total_by_rounding_are_accepted(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,C,K,all\na,2004,600,410,1000\n")
    read_employment(path, city="code", year="year", total="all")
    with pytest.raises(TableError, match="above the total"):
        read_employment(path, city="code", year="year", total="all", tolerance=0)


def test_overlapping_industries_can_be_accepted(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,B-E,C,all\na,2004,900,800,1000\n")
    jobs = read_employment(
        path, city="code", year="year", total="all", tolerance=float("inf")
    )
    assert jobs.iloc[0].tolist() == [900, 800, 1000]


def test_one_industry_above_a_total_beside_missing_cells_is_refused(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "code,year,C,K,all\na,2004,2000,,1000\n")
    with pytest.raises(TableError, match="add up to 2,000 persons"):
        read_employment(path, city="code", year="year", total="all")


def test_every_problem_of_a_wide_file_is_told_at_once(tmp_path: Path) -> None:
    text = """code,year,C,K,all
a,2004,-1,x,10
a,2004,1,2,10
b,2005,9,9,10
"""
    with pytest.raises(TableError) as caught:
        read_employment(write(tmp_path, text), city="code", year="year", total="all")
    assert [problem.row for problem in caught.value.problems] == [2, 2, 3, 4]


def test_every_problem_of_a_long_file_is_told_at_once(tmp_path: Path) -> None:
    text = """code,year,sector,jobs,all
a,2004,C,9,10
a,2004,K,9,10
a,2004,C,1,10
,2004,K,1,10
b,2004,,1,10
b,20O4,C,1,10
b,2004,C,about 5,10
"""
    with pytest.raises(TableError) as caught:
        read_long(
            write(tmp_path, text),
            total="all",
            industries={"c": "C", "k": "K", "j": "J"},
        )
    problems = caught.value.problems
    assert [(problem.row, problem.column) for problem in problems] == [
        (None, "sector"),
        (2, None),
        (4, None),
        (5, "code"),
        (6, "sector"),
        (7, "year"),
        (8, "jobs"),
    ]
    told = str(caught.value)
    assert "no row has this industry; the file has 'C', 'K'" in told
    assert "the industries add up to 18 persons" in told
    assert "this city, year and industry already stands in row 2" in told
    assert "the industry is blank" in told


def test_absent_headers_of_a_long_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="column branch: no such header"):
        read_employment(
            write(tmp_path, LONG),
            city="code",
            year="year",
            industry="branch",
            jobs="jobs",
        )


def test_labels_are_found_without_regard_to_width_and_spaces(tmp_path: Path) -> None:
    text = "code,year,sector,jobs\na,2004, Ｃ ,3\n"
    jobs = read_long(write(tmp_path, text), industries={"manufacturing": "C"})
    assert jobs.loc[("a", 2004), "manufacturing"] == 3


def test_gaps_are_kept_and_told(tmp_path: Path) -> None:
    path = write(tmp_path, "code,year,C\na,2004,1\na,2006,1\n")
    with pytest.warns(DataWarning, match="1 years are missing between"):
        assert len(read_employment(path, city="code", year="year")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"industry": "sector"}, "a long file needs both industry= and jobs="),
        ({"jobs": "jobs"}, "a long file needs both industry= and jobs="),
        ({"persons_per_unit": 0}, "persons_per_unit must be above 0, got 0"),
        ({"tolerance": -0.1}, "tolerance must be 0 or more, got -0.1"),
        ({"tolerance": float("nan")}, "tolerance must be 0 or more"),
        ({"industries": {"total": "C"}, "total": "K"}, "would be called 'total'"),
        ({"industries": ["C", "C"]}, "headers asked for twice: 'C'"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    tmp_path: Path, arguments: dict[str, object], message: str
) -> None:
    path = write(tmp_path, "code,year,C,K\na,2004,1,2\n")
    with pytest.raises(SpatialCoaggError, match=message):
        read_employment(path, city="code", year="year", **arguments)  # type: ignore[arg-type]


def test_labels_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, LONG)
    with pytest.raises(SpatialCoaggError, match="industries names one label twice"):
        read_long(path, industries={"a": "制造业", "b": "制造业"})
    with pytest.raises(SpatialCoaggError, match="would be called 'total'"):
        read_long(path, industries={"total": "制造业"}, total="合计")


def test_the_nation_is_read_by_year(tmp_path: Path) -> None:
    path = write(tmp_path, "year,C,all\n2005,3,9\n2004,2,8\n")
    nation = read_national(
        path,
        year="year",
        total="all",
        industries={"manufacturing": "C"},
        persons_per_unit=1000,
    )
    assert nation.index.name == "year"
    assert nation.index.tolist() == [2004, 2005]
    assert nation["manufacturing"].tolist() == [2000, 3000]
    assert nation["total"].tolist() == [8000, 9000]


def test_the_nation_cannot_have_a_year_twice(tmp_path: Path) -> None:
    path = write(tmp_path, "year,C\n2005,3\n2005,4\n")
    with pytest.raises(TableError, match="this year already stands in row 2"):
        read_national(path, year="year")
