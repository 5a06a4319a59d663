import hashlib
import json
from pathlib import Path

from spatial_coagg.planner.example_study import example_settings
from spatial_coagg.planner.lock import dependency_versions, digest, write_lock
from spatial_coagg.planner.settings import read_settings


def test_run_toml_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    write_lock(tmp_path, example_settings(), [])
    assert read_settings(tmp_path / "run.toml") == example_settings()


def test_the_lock_holds_digests_seed_and_versions(tmp_path: Path) -> None:
    source = tmp_path / "jobs.csv"
    source.write_bytes(b"city,year\n")
    write_lock(tmp_path, example_settings(), [source])
    lock = json.loads((tmp_path / "run.lock.json").read_text(encoding="utf-8"))
    assert lock["inputs"] == {str(source): hashlib.sha256(b"city,year\n").hexdigest()}
    assert lock["seed"] == example_settings().seed
    assert "numpy" in lock["dependencies"]


def test_extras_are_not_locked() -> None:
    assert "pytest" not in dependency_versions()


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert digest(tmp_path / "a") == hashlib.sha256(b"").hexdigest()
