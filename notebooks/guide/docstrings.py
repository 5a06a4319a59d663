"""Read the package's docstrings, whose formulas and links are reStructuredText."""

import re
import sys
from pathlib import Path
from typing import Any

import griffe

# mkdocstrings loads this file by its path.
sys.path.insert(0, str(Path(__file__).parent))

from formulas import display, inline

REFERENCE = Path(__file__).parent / "reference"
_FORMULA = re.compile(r"^\.\. math:: (.+(?:\n[ \t]+\S.*)*)", re.MULTILINE)
# Choices: a parser of types would take their hyphens for minus signs.
_CHOICES = re.compile(r"^(\s*\w[\w, ]* : )\{(.+?)\}", re.MULTILINE)
_SOURCE = re.compile(r"^\.\. \[(\d+)\] (.+(?:\n[ \t]+\S.*)*)", re.MULTILINE)


class ReadDocstrings(griffe.Extension):
    """Write formulas as MathML, roles as links, footnotes as plain numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.places = documented()

    def on_object(self, *, obj: griffe.Object, **_more: Any) -> None:  # noqa: ANN401
        """Change the docstring of one object before it is parsed."""
        if obj.docstring is not None:
            obj.docstring.value = self.to_markdown(obj.docstring.value, obj)

    def to_markdown(self, text: str, obj: griffe.Object) -> str:
        """Return the Markdown of a docstring."""
        text = _FORMULA.sub(lambda found: display(found[1]), text)
        text = _CHOICES.sub(r"\1one of \2", text)
        text = re.sub(r":math:`([^`]+)`", lambda found: inline(found[1]), text)
        text = _SOURCE.sub(
            lambda found: f"\\[{found[1]}\\] {_joined(found[2])}\n", text
        )
        text = re.sub(r"\[(\d+)\]_", r"\\[\1\\]", text)
        return re.sub(
            r":(?:func|class|meth):`([\w.]+)`",
            lambda found: self._link(found[1], obj),
            text,
        )

    def _link(self, name: str, obj: griffe.Object) -> str:
        if name in self.places:
            return f"[`{name}`][{self.places[name]}]"
        if f"{obj.path}.{name}" in self.places.values():
            return f"[`{name}`][{obj.path}.{name}]"
        return f"`{name}`"


def documented() -> dict[str, str]:
    """Return name and full path of everything that the reference documents."""
    paths = [
        path
        for page in sorted(REFERENCE.glob("*.md"))
        for path in re.findall(
            r"^::: ([\w.]+)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    ]
    return {path.rsplit(".", 1)[1]: path for path in paths}


def _joined(text: str) -> str:
    return " ".join(text.split())
