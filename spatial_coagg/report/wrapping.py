"""Where text may be broken into lines, Chinese too, which has no blanks."""

import re

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"
_CLOSING = "、。，．：；！？）》」』”’％"
# A word with its blanks, or one wide letter with the marks that may not begin a line.
_PIECE = re.compile(
    rf"[{_WIDE}“‘（《「『][{_CLOSING}]*|[^\s{_WIDE}]+[{_CLOSING}]*\s*|\s+"
)

# The blanks between a number and its unit, and within "* p < 0.05".
_JOINT = re.compile(
    rf"(?<=\d) (?=%|per cent|[{_WIDE}])|(?<=\d.per) (?=cent)"
    r"|(?<=\*) (?=p)|(?<=\bp) (?=[<≤=])|(?<=[<≤=]) (?=\d)"
)


def keep_together(text: str) -> str:
    r"""Put U+00A0 where a line must not break: before a unit, within a p-value.

    Examples
    --------
    >>> keep_together("higher by 10 % (p < 0.01)").split(" ")
    ['higher', 'by', '10\xa0%', '(p\xa0<\xa00.01)']
    """
    return _JOINT.sub("\xa0", text)


def wrap_text(text: str, width: int) -> list[str]:
    """Break text into lines of at most `width` letters, of which a wide one counts two.

    Examples
    --------
    >>> wrap_text("Higher is more.", 9)
    ['Higher is', 'more.']
    >>> wrap_text("本市与邻市的 theta。", 12)
    ['本市与邻市的', 'theta。']
    """
    lines: list[str] = []
    line = ""
    for piece in _PIECE.findall(text):
        if line and _width_of(f"{line}{piece}".rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _width_of(text: str) -> int:
    return len(text) + len(re.findall(f"[{_WIDE}]", text))
