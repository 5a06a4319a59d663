"""What is needed to run a study again: its settings, versions and input hashes."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import tomli_w
from packaging.requirements import Requirement

from spatial_coagg.planner.settings import Settings
from spatial_coagg.report.folder import LOCK_NAME


def write_lock(folder: Path, settings: Settings, files: Sequence[Path]) -> None:
    """Write ``run.toml`` (all settings in effect) and ``run.lock.json``.

    Parameters
    ----------
    folder : Path
        Where to.
    settings : Settings
    files : sequence of Path
        The inputs; their SHA-256 digests are recorded.
    """
    content = settings.model_dump(mode="json", exclude_none=True)
    (folder / "run.toml").write_text(tomli_w.dumps(content), encoding="utf-8")
    lock = {
        "spatial-coagg": version("spatial-coagg"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "seed": settings.seed,
        "dependencies": dependency_versions(),
        "inputs": {str(file): digest(file) for file in files},
    }
    text = json.dumps(lock, indent=2, ensure_ascii=False)
    (folder / LOCK_NAME).write_text(text + "\n", encoding="utf-8")


def dependency_versions() -> Mapping[str, str]:
    """Return the installed version of each library the package needs."""
    needed = [Requirement(line) for line in requires("spatial-coagg") or ()]
    names = sorted({each.name for each in needed if _is_always_needed(each)})
    return {name: version(name) for name in names}


def digest(file: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_always_needed(requirement: Requirement) -> bool:
    environment: dict[str, Any] = {"extra": ""}
    return requirement.marker is None or requirement.marker.evaluate(environment)
