"""Turn TeX into MathML, which browsers draw without a script and without a network."""

import re
from typing import Any

from latex2mathml.converter import convert

# What latex2mathml leaves out of what we write.
_PLAIN = {r"\,": r"\thinspace ", r"\!": ""}
_BLOCK = re.compile(r"^\$\$\s*(.+?)\s*\$\$\s*$", re.MULTILINE | re.DOTALL)


def display(tex: str) -> str:
    """Return a formula on a line of its own."""
    return f'<div class="formula">{_mathml(tex, "block")}</div>'


def inline(tex: str) -> str:
    """Return a formula inside a line."""
    return _mathml(tex, "inline")


def _mathml(tex: str, kind: str) -> str:
    for found, instead in _PLAIN.items():
        tex = tex.replace(found, instead)
    made = convert(" ".join(tex.split()), display=kind)
    if re.search(r"<m[a-z]+>\\", made):
        message = f"this formula cannot be drawn: {tex}"
        raise ValueError(message)
    return str(made)


def on_page_markdown(markdown: str, **_more: Any) -> str:  # noqa: ANN401
    """Draw what stands between two lines of dollars (a hook of mkdocs)."""
    return _BLOCK.sub(lambda found: display(found[1]), markdown)
