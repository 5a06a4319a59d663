from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatial_coagg.errors import TableError
from spatial_coagg.tables.stata import read_stata_columns


def as_old_stata_keeps(text: str, encoding: str) -> str:
    return text.encode(encoding).decode("latin-1")


@pytest.mark.parametrize("version", [114, 117])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_text_of_old_files_is_decoded(
    tmp_path: Path, version: int, encoding: str
) -> None:
    frame = pd.DataFrame(
        {
            "code": [320500, 110000],
            "name": [
                as_old_stata_keeps(name, encoding) for name in ("苏州市", "北京市")
            ],
        }
    )
    frame["label"] = frame["name"].astype("category")
    path = tmp_path / "old.dta"
    frame.to_stata(path, write_index=False, version=version)  # type: ignore[arg-type]
    columns = {column.name: column for column in read_stata_columns(path)}
    assert columns["name"].tolist() == ["苏州市", "北京市"]
    assert columns["label"].tolist() == ["苏州市", "北京市"]
    assert columns["code"].tolist() == [320500, 110000]
    assert columns["code"].index.tolist() == [2, 3]


def test_the_encoding_of_an_old_file_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "old.dta"
    frame = pd.DataFrame({"name": [as_old_stata_keeps("臺北", "big5")]})
    frame.to_stata(path, write_index=False, version=114)
    (name,) = read_stata_columns(path, encoding="big5")
    assert name.tolist() == ["臺北"]


def test_new_files_need_no_decoding(tmp_path: Path) -> None:
    path = tmp_path / "new.dta"
    frame = pd.DataFrame({"name": ["苏州市"], "jobs": [np.nan]})
    frame.to_stata(path, write_index=False, version=118)
    name, jobs = read_stata_columns(path)
    assert name.tolist() == ["苏州市"]
    assert jobs.isna().all()


def test_a_file_that_is_no_stata_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fake.dta"
    path.write_text("code,year")
    with pytest.raises(TableError, match=r"fake\.dta.*\n.*cannot be read as Stata's"):
        read_stata_columns(path)


def test_a_file_without_observations_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.dta"
    pd.DataFrame({"jobs": np.array([], dtype="float64")}).to_stata(
        path, write_index=False
    )
    with pytest.raises(TableError, match="no observations"):
        read_stata_columns(path)


def test_an_absent_file_is_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_stata_columns(tmp_path / "absent.dta")
