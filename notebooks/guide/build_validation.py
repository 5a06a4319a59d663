"""Make the page on validation from tests/reference and from what was measured.

`measure_agreement.py` measures and writes `agreement.json`; only words are typed, in
`validation.toml`: what a test compares, and which differences are known.
"""

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

HERE = Path(__file__).resolve().parent
NUMBERS = HERE.parents[1] / "tests" / "reference"
AGREEMENT = HERE / "agreement.json"
WORDS = HERE / "validation.toml"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the page (a hook of mkdocs)."""
    files.append(File.generated(config, "validation.md", content=compose_page()))
    return files


def compose_page() -> str:
    """Return the Markdown of the page."""
    words = read_words()
    measured = json.loads(AGREEMENT.read_text(encoding="utf-8"))
    by_family = defaultdict(list)
    for row in measured["rows"]:
        if claim_of(row) not in words["faults"]:
            by_family[family_of(row["file"], list(words["families"]))].append(row)
    chapters = [
        _chapter(family, by_family[key], words["claims"])
        for key, family in words["families"].items()
    ]
    parts = [_introduction(words, measured), _overview(words, by_family), *chapters]
    return "\n\n".join([*parts, _faults(words)]) + "\n"


def read_words() -> dict[str, Any]:
    """Return what is said beside the numbers."""
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def family_of(file: str, families: list[str]) -> str:
    """Return the first part of a reference file's name that is a family."""
    return next(family for family in families if file.startswith(family))


def claim_of(row: dict[str, Any]) -> str:
    """Return the name of a row's test without its file."""
    return str(row["test"]).split("::")[-1]


def _introduction(words: dict[str, Any], measured: dict[str, Any]) -> str:
    used = measured["measured_with"]
    versions = [f"{name.replace('python', 'Python')} {used[name]}" for name in used]
    return f"{words['introduction'].strip()}\n\nMeasured with {', '.join(versions)}."


def _overview(words: dict[str, Any], by_family: dict[str, list[dict[str, Any]]]) -> str:
    lines = [
        "| What | Specifications | Numbers compared | Fewest digits | Median digits |",
        "|:--|--:|--:|--:|--:|",
    ]
    for key, family in words["families"].items():
        every = by_family[key]
        rows = [row for row in every if not row["drawn"] and not is_printed(row)]
        names = {(row["file"], row["specification"]) for row in every}
        lines.append(
            f"| [{family['title']}](#{_anchor(family['title'])}) | {len(names)} "
            f"| {sum(row['numbers'] for row in every):,} "
            f"| {min(row['fewest'] for row in rows):.1f} "
            f"| {_median([row['median'] for row in rows]):.1f} |"
        )
    table = "\n".join(lines)
    return f"## At a glance\n\n{table}\n\n{words['overview_note'].strip()}"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-").replace(",", "")


def _median(numbers: list[float]) -> float:
    ordered = sorted(numbers)
    return ordered[len(ordered) // 2]


def _chapter(
    family: dict[str, Any],
    rows: list[dict[str, Any]],
    claims: dict[str, dict[str, str]],
) -> str:
    lines = [
        "| Specification | Held to: what was compared | Numbers | Fewest | Median |",
        "|:--|:--|--:|--:|--:|",
    ]
    before = None
    for row in rows:
        name = (row["file"], row["specification"])
        claim = claims[claim_of(row)]
        held_to = claim.get("held_to") or programs(row)
        lines.append(
            f"| {'' if name == before else specification(row)} "
            f"| {held_to}: *{claim['compared']}{_mark(row)}* "
            f"| {row['numbers']} | {row['fewest']:.1f} | {row['median']:.1f} |"
        )
        before = name
    table = "\n".join(f"    {line}" for line in lines)
    conventions = "\n".join(f"- {each}" for each in family["conventions"])
    return "\n\n".join(
        [
            f"## {family['title']}",
            f"Ours: {' '.join(family['ours'].split())}.",
            f"Known differences of convention:\n\n{conventions}",
            f'??? note "Every specification ({len(rows)} rows)"\n\n{table}',
        ]
    )


def _mark(row: dict[str, Any]) -> str:
    drawn = ", by simulation" if row["drawn"] else ""
    return f"{drawn}, as printed" if is_printed(row) else drawn


def _faults(words: dict[str, Any]) -> str:
    lines = "\n".join(f"- {text}" for text in words["faults"].values())
    introduction = words["faults_introduction"].strip()
    return f"## Where another program is mistaken\n\n{introduction}\n\n{lines}"


def specification(row: dict[str, Any]) -> str:
    """Return name, data and formula or command of a specification."""
    found = _specification(row["file"], row["specification"])
    data = found.get("data", "")
    data = data["file"] if isinstance(data, dict) else str(data)
    asked = found.get("stata") or found.get("formula") or found.get("call") or ""
    about = [data, f"`{asked.replace('|', '¦')}`" if asked else ""]
    return "<br>".join([f"**{row['specification']}**", *filter(None, about)])


def programs(row: dict[str, Any]) -> str:
    """Return the programs, with versions, that a row's numbers are of."""
    if row["program"]:
        return str(row["program"])
    found = _specification(row["file"], row["specification"])
    if "confirmed_by" in found:
        return "; ".join(["exact likelihood", *found["confirmed_by"]])
    return str(found["program"])


def is_printed(row: dict[str, Any]) -> bool:
    """Return whether a row's numbers come from print, rounded to few decimals."""
    found = _specification(row["file"], row["specification"])
    if "digits" in found:
        return True
    results = found.get("results", ())
    return isinstance(results, list) and any(
        "digits" in each and each.get("source") == row["program"] for each in results
    )


def _specification(file: str, name: str) -> dict[str, Any]:
    content = _read(file)
    if not file.startswith("spatial_"):
        return content
    return next(part for part in _parts(content) if part[0] == name)[1]


def _parts(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in content.items():
        if name == "specifications":
            yield from part.items()
        elif isinstance(part, dict) and "specifications" in part:
            yield from part["specifications"].items()
        elif isinstance(part, dict):
            yield name, part


def _read(file: str) -> dict[str, Any]:
    text = (NUMBERS / f"{file}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
