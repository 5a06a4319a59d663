import errno
import os
from pathlib import Path

import pytest

from spatial_coagg import drafts
from spatial_coagg.drafts import SUFFIX, draft_folder, replaced_file, written_file


def leftover(target: Path, ending: str = "") -> Path:
    made = target.with_name(f".{target.name}.abcd_123{SUFFIX}{ending}")
    made.mkdir()
    (made / "half").write_text("half")
    return made


def interrupt(target: Path) -> None:
    with replaced_file(target) as fresh:
        fresh.write_text("half")
        raise KeyboardInterrupt


def test_a_file_is_written_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    path = written_file(tmp_path / "deep" / "map.html", "城市\n")
    assert path.read_bytes() == "城市\n".encode()
    assert [each.name for each in path.parent.iterdir()] == ["map.html"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = written_file(tmp_path / "map.html", "old")
    with pytest.raises(KeyboardInterrupt):
        interrupt(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_leftovers_of_the_dead_are_cleared(tmp_path: Path) -> None:
    target = tmp_path / "report"
    leftover(target)
    with draft_folder(target) as draft:
        assert list(tmp_path.iterdir()) == [draft]


def test_a_living_draft_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "report"
    with draft_folder(target) as first:
        (first / "page").write_text("being written")
        with draft_folder(target):
            pass
        assert (first / "page").read_text() == "being written"


@pytest.mark.parametrize(
    "name",
    [
        ".report.2024",
        ".report.abcd_123",
        f".other.abcd_123{SUFFIX}",
        f".report.abcd_1234{SUFFIX}",
        f"report.abcd_123{SUFFIX}",
        f".report.abcd_123{SUFFIX}.old",
    ],
)
def test_folders_of_other_names_are_never_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with draft_folder(tmp_path / "report"):
        pass
    assert (tmp_path / name).is_dir()


def test_a_file_and_a_link_of_the_name_are_left_alone(tmp_path: Path) -> None:
    target, thesis = tmp_path / "report", tmp_path / "thesis"
    thesis.mkdir()
    link = target.with_name(f".report.abcd_123{SUFFIX}")
    link.symlink_to(thesis)
    file = target.with_name(f".report.abcd_124{SUFFIX}")
    file.write_text("mine")
    with draft_folder(target):
        pass
    assert link.is_symlink()
    assert thesis.is_dir()
    assert file.read_text() == "mine"


def test_a_replaced_report_is_cleared_only_where_another_stands(
    tmp_path: Path,
) -> None:
    target = tmp_path / "report"
    kept = leftover(target, drafts.REPLACED)
    with draft_folder(target):
        pass
    assert kept.is_dir()
    target.mkdir()
    with draft_folder(target):
        pass
    assert not kept.exists()


def test_without_locks_nothing_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(fcntl, "flock", refuse)
    kept = leftover(tmp_path / "report")
    with draft_folder(tmp_path / "report") as draft:
        (draft / "page").write_text("written all the same")
    assert [path for path in tmp_path.iterdir() if path != kept] == []


def test_a_draft_that_was_taken_for_a_leftover_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, taken = drafts._lock, []

    def taken_once(folder: Path) -> int | None:
        if not taken:
            taken.append(folder)
            folder.rmdir()
        return lock(folder)

    monkeypatch.setattr(drafts, "_lock", taken_once)
    with draft_folder(tmp_path / "report") as draft:
        assert draft.is_dir()
        assert draft != taken[0]
