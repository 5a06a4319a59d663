"""Tables in LaTeX: three lines, everything escaped."""

from collections.abc import Iterable

from spatial_coagg.report.page import TextTable

# Share of a line that cells of several lines take together.
PROSE_WIDTH = 0.6

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "\u2212": "$-$",
        **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    }
)


def escape_latex(text: str) -> str:
    """Return text that LaTeX prints as it is; stars at the end are raised."""
    bare = text.rstrip("*")
    stars = text[len(bare) :]
    written = bare.translate(_ESCAPED)
    return f"{written}$^{{{stars}}}$" if stars else written


def latex_line(cells: Iterable[str]) -> str:
    """Return a row of a ``tabular`` of cells that are escaped already."""
    return " & ".join(cells) + r" \\"


def latex_of(table: TextTable) -> str:
    r"""Return a ``table`` of three lines; it needs ``\usepackage{booktabs}``.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"(1)": ["0.20***"]}, index=["ln_theta"])
    >>> print(latex_of(TextTable(cells, "Cities & neighbours")).splitlines()[7])
    ln\_theta & 0.20$^{***}$ \\
    """
    prose = table.styles.count("prose")
    width = f"p{{{PROSE_WIDTH / max(prose, 1):.2f}\\linewidth}}"
    kinds = {"number": "r", "prose": width}
    places = "".join(kinds.get(style, "l") for style in table.styles)
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escape_latex(table.caption)}}}",
        rf"\begin{{tabular}}{{{places}}}",
        r"\toprule",
        latex_line(map(escape_latex, table.head)),
        r"\midrule",
        *(latex_line(map(escape_latex, row)) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *([rf"\par\footnotesize {escape_latex(table.note)}"] if table.note else []),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"
