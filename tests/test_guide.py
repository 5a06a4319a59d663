"""What the guide says of this package is still so, and it builds without a warning."""

import doctest
import html
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import spatial_coagg
from notebooks.guide import build_reference, build_validation, measure_agreement
from spatial_coagg.cli.parser import build_parser
from spatial_coagg.models.spatial_random import fit_spatial_random

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "notebooks" / "guide"
GUIDE = PAGES / "other-programs.md"
CALLS = re.findall(r"`sc\.(\w+)(?:\(([^`]*)\))?", GUIDE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_names_of_the_guide_are_public(name: str) -> None:
    assert name in spatial_coagg.__all__


@pytest.mark.parametrize("call", sorted(set(CALLS)), ids=str)
def test_options_of_the_guide_exist(call: tuple[str, str]) -> None:
    name, inside = call
    known = inspect.signature(getattr(spatial_coagg, name)).parameters
    assert set(re.findall(r"(\w+)=", inside)) <= set(known)


def test_options_named_alone_are_those_of_the_fits() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    first = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    alone = set(re.findall(r"`(\w+)=", " ".join(first)))
    fits = (
        spatial_coagg.fit_spatial_panel,
        spatial_coagg.fit_spatial_iv,
        spatial_coagg.spatial_effects,
        spatial_coagg.lagrange_multiplier_tests,
        spatial_coagg.log_marginal_likelihoods,
        fit_spatial_random,
    )
    known = {name for fit in fits for name in inspect.signature(fit).parameters}
    assert alone
    assert alone <= known


def test_every_row_of_a_table_has_the_columns_of_its_head() -> None:
    widths: list[int] = []
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            widths = []
            continue
        widths.append(line.count("|"))
        assert widths[0] == widths[-1], line


def documented() -> list[str]:
    """Return the full path of everything that the reference documents."""
    texts = [
        path.read_text(encoding="utf-8") for path in (PAGES / "reference").glob("*.md")
    ]
    return re.findall(r"^::: (\S+)$", "\n".join(texts), re.MULTILINE)


def test_every_public_name_is_in_the_reference() -> None:
    public = build_reference.public_names()
    assert set(public) == set(spatial_coagg.__all__)
    assert set(public.values()) <= set(documented())


def test_nothing_is_in_the_reference_twice() -> None:
    found = documented()
    assert len(found) == len(set(found))


def test_results_of_public_functions_are_in_the_reference() -> None:
    found = {path.rsplit(".", 1)[1] for path in documented()}
    for name in spatial_coagg.__all__:
        value = getattr(spatial_coagg, name)
        if inspect.isfunction(value):
            given = str(inspect.signature(value).return_annotation)
            ours = re.findall(r"spatial_coagg\.[\w.]+\.(\w+)", given)
            assert set(ours) <= found, name


def test_the_ten_names_are_those_of_the_study() -> None:
    text = (PAGES / "reference" / "index.md").read_text(encoding="utf-8")
    part = text.split("## Ten names to start with")[1].split("##")[0]
    shown = re.findall(r"^\| \[`(\w+)`\]", part, re.MULTILINE)
    told = (inspect.getdoc(spatial_coagg.Study) or "").split("Ten names")[1]
    named = re.findall(r"`(\w+)`", told.split("\n\n")[0])
    assert len(shown) == 10
    assert set(shown) == set(named)


def command_lines() -> list[str]:
    """Return every command of the guide's shell blocks."""
    return sorted(
        {
            command.strip()
            for path in PAGES.glob("*.md")
            for block in re.findall(
                r"```console\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL
            )
            for line in block.splitlines()
            for command in line.split(">")[0].split("&&")
            if command.strip().startswith("spatial-coagg")
        }
    )


@pytest.mark.parametrize("line", command_lines())
def test_commands_of_the_guide_are_understood(line: str) -> None:
    assert build_parser().parse_args(shlex.split(line)[1:]).command


def test_every_command_has_an_example_in_the_guide() -> None:
    shown = {shlex.split(line)[1] for line in command_lines()}
    found = re.search(r"\{(.*?)\}", build_parser().format_usage())
    usage = found[1] if found else ""
    commands = set(usage.split(",")) if usage else known_commands()
    assert shown == commands


def known_commands() -> set[str]:
    text = build_parser().format_help()
    part = text.split("COMMAND\n", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^    (\w+)", part, re.MULTILINE))


def test_readme_and_guide_show_the_same_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    for command in (
        "pip install . && spatial-coagg run\n",
        "spatial-coagg template my_study\n"
        "spatial-coagg run my_study/study.toml --output my_report\n",
    ):
        assert command in readme
        assert command in index


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        path
        for path in sorted(PAGES.glob("*.md"))
        if ">>> " in path.read_text(encoding="utf-8")
    ],
    ids=lambda path: path.stem,
)
def test_code_of_the_guide_prints_what_it_says(page: Path) -> None:
    with warnings.catch_warnings():
        found = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert found.attempted > 0
    assert found.failed == 0


AGREEMENT = json.loads(measure_agreement.AGREEMENT.read_text(encoding="utf-8"))["rows"]
SAMPLE = (
    "tests/models/test_hausman.py",
    "tests/models/test_spatial_iv_references.py",
    "tests/weights/test_distance_table.py",
)


def test_agreement_names_every_specification() -> None:
    measured = {(row["file"], row["specification"]) for row in AGREEMENT}
    assert measured == measure_agreement.list_specifications()


def test_every_comparison_is_named_on_the_page() -> None:
    page = build_validation.compose_page()
    shown = [row for row in AGREEMENT if build_validation.claim_of(row) not in FAULTS]
    assert len(re.findall(r"^    \|.*\d \|$", page, re.MULTILINE)) == len(shown)
    for file, name in measure_agreement.list_specifications():
        assert f"**{name}**" in page, file


FAULTS = build_validation.read_words()["faults"]


@pytest.mark.parametrize(
    ("ours", "theirs", "digits"),
    [
        (1.0, 1.0, 15.0),
        (1.001, 1.0, 3.0),
        (-99.0, -100.0, 2.0),
        (1e-12, 0.0, 12.0),
        (2e-12, 1e-12, 12.0),
        (2.0, 1.0, 0.0),
    ],
)
def test_digits_are_those_of_the_relative_error(
    ours: float, theirs: float, digits: float
) -> None:
    assert measure_agreement.digits(ours, theirs) == pytest.approx(digits, abs=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(
    "SPATIAL_COAGG_SHARED" not in os.environ, reason="SPATIAL_COAGG_SHARED is not set"
)
def test_agreement_measured_again_is_the_one_kept(tmp_path: Path) -> None:
    output = tmp_path / "agreement.json"
    script = PAGES / "measure_agreement.py"
    command = [sys.executable, str(script), "--output", str(output), *SAMPLE]
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    again = {key_of(row): row for row in json.loads(output.read_text())["rows"]}
    kept = {
        key_of(row): row for row in AGREEMENT if row["test"].split("::")[0] in SAMPLE
    }
    assert again.keys() == kept.keys()
    for key, row in again.items():
        assert row["numbers"] == kept[key]["numbers"]
        # Another machine rounds otherwise: what is beyond ten digits does not count.
        for each in ("fewest", "median"):
            assert min(row[each], 10) == pytest.approx(min(kept[key][each], 10), abs=1)


def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("file", "specification", "program", "test", "drawn")
    return tuple(row[name] for name in names)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    where = ["-f", str(ROOT / "notebooks" / "guide.yml"), "-d", str(folder)]
    done = subprocess.run(
        [*command, *where], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_documents_every_public_name(site: Path) -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html")
    )
    for path in build_reference.public_names().values():
        assert f'id="{path}"' in text


@pytest.mark.slow
def test_the_site_needs_no_network(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', text)
        loaded += re.findall(r'<link rel="stylesheet" href="([^"]+)"', text)
        assert loaded
        assert not [each for each in loaded if "//" in each], path.name


@pytest.mark.slow
def test_no_markup_is_left_over_on_the_site(site: Path) -> None:
    for path in site.rglob("*.html"):
        body = re.sub(
            r"<(script|style).*?</\1>",
            "",
            path.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        shown = html.unescape(re.sub(r"<[^>]+>", "", body))
        for mark in (":func:", ":class:", ":meth:", ".. math::", "]_", "$$", "\\frac"):
            assert mark not in shown, (path.name, mark)
