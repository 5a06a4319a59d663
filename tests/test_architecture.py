import ast
from pathlib import Path

import pytest

import spatial_coagg

PACKAGE = Path(spatial_coagg.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERS = {
    "errors": 0,
    "checks": 0,
    "drafts": 0,
    "_typing": 0,
    "tables": 1,
    "indices": 2,
    "weights": 2,
    "autocorrelation": 3,
    "models": 3,
    "simulate": 3,
    "example": 4,
    "report": 5,
    "paper": 6,
    "planner": 7,
    "cli": 8,
    "__main__": 9,
}
KERNEL_LIBRARIES = {"numpy", "scipy", "joblib"}
LONGEST_FILE = 450


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported_modules(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


def layer_of(module: str) -> int:
    part = module.split(".")[1]
    return LAYERS[part] if part in LAYERS else LAYERS[part.lstrip("_")]


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_to_a_lower_layer_or_the_same_folder(path: Path) -> None:
    module = module_name(path)
    if module == "spatial_coagg":
        return
    own = layer_of(module)
    for name in imported_modules(path):
        if not name.startswith("spatial_coagg."):
            continue
        same_folder = name.split(".")[1] == module.split(".")[1]
        assert same_folder or layer_of(name) < own or own == layer_of(name) == 0, name


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name.startswith("_") and path.name[1] != "_"],
    ids=name_of,
)
def test_kernels_know_only_numpy_and_scipy(path: Path) -> None:
    standard = {
        "collections",
        "dataclasses",
        "typing",
        "math",
        "functools",
        "itertools",
    }
    for name in imported_modules(path):
        root = name.split(".")[0]
        if root == "spatial_coagg":
            assert name.split(".")[-1].startswith("_"), name
        else:
            assert root in KERNEL_LIBRARIES | standard, name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_file_outgrows_one_idea(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_public_name_equals_its_module(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert path.stem not in names
