"""Names that a figure can show: Chinese where a font has it, else others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from spatial_coagg.checks import warn_user
from spatial_coagg.errors import DataWarning

# Families that hold Chinese, Japanese and Korean glyphs, in the order preferred.
_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "Heiti SC",
    "Arial Unicode MS",
)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
LATIN = "DejaVu Sans"


@dataclass(frozen=True, slots=True)
class ReadableNames:
    """Names by code, and the font families that draw them."""

    names: dict[str, str]
    families: tuple[str, ...]


def chinese_font() -> str | None:
    """Return the name of an installed font with Chinese glyphs, None without one."""
    installed = set(font_manager.get_font_names())
    return next((family for family in _FAMILIES if family in installed), None)


def set_readable_fonts(figure: Figure) -> None:
    """Draw the Chinese words of a figure in a font that has them, if one is installed.

    Warns
    -----
    DataWarning
        If none is: the words are then boxes.
    """
    texts = [
        text
        for text in figure.findobj(Text)
        if isinstance(text, Text) and _CHINESE.search(text.get_text())
    ]
    if not texts:
        return
    family = chinese_font()
    if family is None:
        warn_user(
            "no installed font shows Chinese: words of the printed maps are boxes; "
            "install one, such as Noto Sans CJK SC",
            DataWarning,
        )
        return
    for text in texts:
        text.set_fontfamily([family, LATIN])


def readable_names(
    names: Mapping[str, str], fallback: Mapping[str, str] | None = None
) -> ReadableNames:
    """Choose names that the installed fonts can show.

    Parameters
    ----------
    names : mapping of str to str
        Name wanted, by city code; Chinese or other.
    fallback : mapping of str to str, optional
        Names in Latin letters, used where no font has the wanted ones. Without it the
        codes are used.

    Returns
    -------
    ReadableNames

    Warns
    -----
    DataWarning
        If names are Chinese and no installed font can show them.

    Examples
    --------
    >>> from spatial_coagg.report.fonts import readable_names
    >>> readable_names({"320500": "Suzhou"}).names["320500"]
    'Suzhou'
    """
    if not any(_CHINESE.search(name) for name in names.values()):
        return ReadableNames(dict(names), (LATIN,))
    family = chinese_font()
    if family is not None:
        return ReadableNames(dict(names), (family, LATIN))
    shown = {code: (fallback or {}).get(code, code) for code in names}
    told = "the other names" if fallback else "codes"
    warn_user(
        f"no installed font shows Chinese: the figure has {told}; install one, such as "
        f"Noto Sans CJK SC",
        DataWarning,
    )
    return ReadableNames(shown, (LATIN,))
