from pathlib import Path

import pytest

from spatial_coagg.errors import OutputExistsError
from spatial_coagg.report import folder as module
from spatial_coagg.report.folder import LOCK_NAME, check_replaceable, replaced_folder


def make_report(target: Path, content: str) -> None:
    with replaced_folder(target, force=True) as fresh:
        (fresh / LOCK_NAME).write_text("{}")
        (fresh / "index.html").write_text(content)


def interrupt(target: Path) -> None:
    with replaced_folder(target, force=True) as fresh:
        (fresh / "index.html").write_text("half")
        raise KeyboardInterrupt


def test_a_new_folder_appears_whole(tmp_path: Path) -> None:
    make_report(tmp_path / "deep" / "report", "new")
    assert (tmp_path / "deep" / "report" / "index.html").read_text() == "new"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report"]


def test_an_interrupted_run_leaves_the_old_report(tmp_path: Path) -> None:
    target = tmp_path / "report"
    make_report(target, "old")
    with pytest.raises(KeyboardInterrupt):
        interrupt(target)
    assert (target / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_an_interrupted_first_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt(tmp_path / "report")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("atomic", [True, False])
def test_force_replaces_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, atomic: bool
) -> None:
    if not atomic:
        monkeypatch.setattr(module, "_exchange", lambda *_: False)
    target = tmp_path / "report"
    make_report(target, "old")
    make_report(target, "new")
    assert (target / "index.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_failed_move_brings_the_old_report_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    make_report(target, "old")
    monkeypatch.setattr(module, "_exchange", lambda *_: False)
    rename = Path.rename

    def refuse_fresh(self: Path, goal: Path) -> Path:
        if self.name.startswith(".report.") and not self.name.endswith(".replaced"):
            raise OSError("disk gone")
        return rename(self, goal)

    monkeypatch.setattr(Path, "rename", refuse_fresh)
    with pytest.raises(OSError, match="disk gone"):
        make_report(target, "new")
    assert (target / "index.html").read_text() == "old"


def test_an_existing_report_needs_force(tmp_path: Path) -> None:
    make_report(tmp_path / "report", "old")
    with pytest.raises(OutputExistsError, match="use --force"):
        check_replaceable(tmp_path / "report", force=False)


def test_force_never_replaces_what_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputExistsError, match="not a report"):
        check_replaceable(tmp_path, force=True)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("")
    with pytest.raises(OutputExistsError, match="not a folder"):
        check_replaceable(tmp_path / "report", force=True)


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    make_report(tmp_path / "report", "new")
    assert (tmp_path / "report" / "index.html").exists()


def test_without_the_system_call_there_is_no_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "name", "nt")
    assert not module._exchange(tmp_path / "a", tmp_path / "b")
