"""List every public name with its first sentence, from the stub and the docstrings."""

import ast
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

# mkdocs loads this file by its path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from docstrings import documented

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "spatial_coagg"
MARK = "<!-- every public name -->"
# What mkdocstrings writes after a parameter whose name and type say everything.
_NOTHING_SAID = re.compile(
    r"\s*–\s*<div class=\"doc-md-description\">\s*</div>", re.MULTILINE
)
# Types in brackets of their own, inside brackets.
_TWICE = re.compile(r"\(<code>\((.*?)\)</code>", re.DOTALL)
# A name in code that is no link yet.
_NAME = re.compile(r"(?<!\">)<code>(\w+)</code>")


def public_names() -> dict[str, str]:
    """Return each public name with its full path, from the package's stub."""
    stub = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    found = re.findall(r"from \.([\w.]+) import \(?\s*(\w+) as", stub)
    return {name: f"spatial_coagg.{module}.{name}" for module, name in found}


def first_sentence(path: str) -> str:
    """Return the first line of the docstring of a name."""
    module, name = path.rsplit(".", 1)
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            line = (ast.get_docstring(node) or "").splitlines()[0]
            return re.sub(r":\w+:`(\w+)`", r"`\1`", line)
    message = f"{path} is not defined where the stub says"
    raise LookupError(message)


@cache
def _tree(module: str) -> ast.Module:
    file = PACKAGE.parent / f"{module.replace('.', '/')}.py"
    return ast.parse(file.read_text(encoding="utf-8"))


def list_names() -> str:
    """Return the table of all public names, in alphabetical order."""
    rows = [
        f"| [`{name}`][{path}] | {first_sentence(path)} |"
        for name, path in sorted(
            public_names().items(), key=lambda each: each[0].lower()
        )
    ]
    return "\n".join(["| Name | What it does |", "|:--|:--|", *rows])


def on_page_markdown(markdown: str, **_more: Any) -> str:  # noqa: ANN401
    """Put the table where a page asks for it (a hook of mkdocs)."""
    return markdown.replace(MARK, list_names()) if MARK in markdown else markdown


def on_page_content(html: str, **_more: Any) -> str:  # noqa: ANN401
    """Tidy what mkdocstrings writes, and link every documented name (a hook)."""
    html = _NOTHING_SAID.sub("", html)
    html = _TWICE.sub(r"(<code>\1</code>", html)
    places = documented()
    return _NAME.sub(
        lambda found: (
            f'<autoref identifier="{places[found[1]]}">{found[0]}</autoref>'
            if found[1] in places
            else found[0]
        ),
        html,
    )
