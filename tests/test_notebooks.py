"""Every notebook runs from top to bottom."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import spatial_coagg

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def code_of(path: Path) -> ast.Module:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lines = "\n".join(cells).splitlines()
    return ast.parse("\n".join(line for line in lines if not line.startswith("%")))


def words_of(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return "\n".join(cells)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    streams = [
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]
    assert streams == []
    shown = [
        output["data"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    figures = [data for data in shown if data["text/plain"].startswith("<Figure")]
    assert all("image/png" in data for data in figures)


def test_notebooks_are_kept_without_output() -> None:
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        assert all(not cell.get("outputs") for cell in notebook.cells), path.name


def test_notebooks_are_numbered_without_gaps() -> None:
    numbers = [int(path.stem.split("-")[0]) for path in NOTEBOOKS]
    assert numbers == list(range(1, 7))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_takes_only_public_names(path: Path) -> None:
    code = code_of(path)
    modules = [
        node.module or "" for node in ast.walk(code) if isinstance(node, ast.ImportFrom)
    ]
    assert not [name for name in modules if name.startswith("spatial_coagg")]
    used = set(re.findall(r"\bsc\.(\w+)", ast.unparse(code)))
    assert used
    assert used <= set(spatial_coagg.__all__)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_says_that_its_data_are_simulated(path: Path) -> None:
    beginning = words_of(path)[:800]
    assert "**simulated" in beginning


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_links_lead_to_notebooks(path: Path) -> None:
    linked = re.findall(r"\]\(([^)]+\.ipynb)\)", words_of(path))
    assert [name for name in linked if not (path.parent / name).exists()] == []


def test_the_readme_lists_every_notebook() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(notebooks/([^)]+\.ipynb)\)", readme)
    assert sorted(set(linked)) == [path.name for path in NOTEBOOKS]
