"""Regression tables: fits side by side, as a journal prints them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.models.fit import Fit
from spatial_coagg.report.latex import escape_latex, latex_line

# Facts that a table shows by default, in this order, with their printed names.
FACT_LABELS: Mapping[str, str] = {
    "observations": "Observations",
    "cities": "Cities",
    "years": "Years",
    "instruments": "Instruments",
    "r2": "R2",
    "r2_within": "R2 within",
    "r2_between": "R2 between",
    "r2_overall": "R2 overall",
    "log_likelihood": "Log-likelihood",
    "aic": "AIC",
    "bic": "BIC",
    "ar1_p": "AR(1), p-value",
    "ar2_p": "AR(2), p-value",
    "sargan_p": "Sargan, p-value",
    "hansen_p": "Hansen, p-value",
    "cragg_donald": "First-stage F (Cragg-Donald)",
    "overidentification": "Over-identification test",
    "overidentification_p": "Over-identification, p-value",
    "standard_errors": "Standard errors",
}
STARS = ((0.01, "***"), (0.05, "**"), (0.10, "*"))
NOTE = "Standard errors in brackets; *** p < 0.01, ** p < 0.05, * p < 0.10."

_MARKDOWN = str.maketrans({mark: f"\\{mark}" for mark in "\\|*_`<>[]"})


@dataclass(frozen=True, slots=True)
class TableRow:
    """One coefficient or one fact across the fits.

    Attributes
    ----------
    name : str
        Label of the coefficient or name of the fact, as the fits have it.
    label : str
        As printed.
    cells : tuple of str
        One for each fit; empty where the fit has none.
    errors : tuple of str
        Standard errors in brackets; empty for a fact.
    """

    name: str
    label: str
    cells: tuple[str, ...]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegressionTable:
    """Fits side by side: estimates with stars, standard errors below, facts at the end.

    Attributes
    ----------
    headings : tuple of str
        One for each fit, all different.
    coefficients, facts : tuple of TableRow
    note : str
        What the brackets and the stars mean.
    """

    headings: tuple[str, ...]
    coefficients: tuple[TableRow, ...]
    facts: tuple[TableRow, ...]
    note: str

    def to_frame(self) -> pd.DataFrame:
        """Return the table as text cells.

        Returns
        -------
        DataFrame
            Index levels ``label`` and ``line`` ("estimate", "standard error", "fact");
            one column for each fit.
        """
        lines: dict[tuple[str, str], tuple[str, ...]] = {}
        for row in self.coefficients:
            lines[row.label, "estimate"] = row.cells
            lines[row.label, "standard error"] = row.errors
        lines.update({(row.label, "fact"): row.cells for row in self.facts})
        index = pd.MultiIndex.from_tuples(list(lines), names=["label", "line"])
        return pd.DataFrame(list(lines.values()), index, list(self.headings))

    def to_markdown(self) -> str:
        """Return the table in Markdown, with marks in names and stars escaped."""
        body = [
            [cell.translate(_MARKDOWN) for cell in cells] for cells in self._lines()
        ]
        rule = [":--", *["--:"] * len(self.headings)]
        head = ["", *(heading.translate(_MARKDOWN) for heading in self.headings)]
        lines = ["| " + " | ".join(cells) + " |" for cells in (head, rule, *body)]
        return "\n".join([*lines, "", self.note.translate(_MARKDOWN), ""])

    def to_latex(self) -> str:
        r"""Return a ``tabular`` of three lines; it needs ``\usepackage{booktabs}``.

        Names are escaped. The note follows the table in ``\footnotesize``.
        """
        count = len(self.headings)
        head = ["", *(escape_latex(heading) for heading in self.headings)]
        estimates = len(self.coefficients) * 2
        body = [latex_line(map(escape_latex, cells)) for cells in self._lines()]
        lines = [
            rf"\begin{{tabular}}{{l{'c' * count}}}",
            r"\toprule",
            latex_line(head),
            r"\midrule",
            *body[:estimates],
            *([r"\midrule", *body[estimates:]] if self.facts else []),
            r"\bottomrule",
            r"\end{tabular}",
            rf"\par\footnotesize {escape_latex(self.note)}",
        ]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        """Return the table as aligned plain text."""
        lines = [["", *self.headings], *self._lines()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                [line[0].ljust(widths[0])]
                + [
                    cell.rjust(width)
                    for cell, width in zip(line[1:], widths[1:], strict=True)
                ]
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*text, self.note])

    def _lines(self) -> list[list[str]]:
        lines = []
        for row in self.coefficients:
            lines += [[row.label, *row.cells], ["", *row.errors]]
        return [*lines, *([row.label, *row.cells] for row in self.facts)]


def tabulate_models(
    fits: Sequence[Fit] | Mapping[str, Fit],
    *,
    labels: Mapping[str, str] | None = None,
    order: Sequence[str] | None = None,
    facts: Sequence[str] | None = None,
    digits: int = 3,
) -> RegressionTable:
    """Set fits side by side, with stars and with standard errors in brackets.

    Parameters
    ----------
    fits : sequence or mapping of str to Fit
        Any models that answer the `Fit` protocol. The keys of a mapping are the
        headings; a sequence is headed by numbers and titles.
    labels : mapping of str to str, optional
        Printed names of coefficients and facts, such as
        ``{"ln_theta": "Industrial synergy (ln theta)"}``.
    order : sequence of str, optional
        Coefficients to show, in this order; by default all, as they first occur, with
        the constant at the end.
    facts : sequence of str, optional
        Facts to show, in this order; by default those of `FACT_LABELS` that occur.
    digits : int
        Digits after the decimal point. A number that these would print as zero is
        printed as a power of ten.

    Returns
    -------
    RegressionTable
        With ``to_frame()``, ``to_markdown()`` and ``to_latex()``; it prints as text.

    Raises
    ------
    SpatialCoaggError
        If there is no fit, `order` or `facts` names what no fit has, two names would
        be printed alike, or `digits` is negative.

    Notes
    -----
    Stars: *** p < 0.01, ** p < 0.05, * p < 0.10, from each fit's own p-values.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg import Panel
    >>> from spatial_coagg.models.fixed_effects import fit_fixed_effects
    >>> from spatial_coagg.report.regression_table import tabulate_models
    >>> rows = pd.DataFrame(
    ...     {
    ...         "city": ["a"] * 3 + ["b"] * 3 + ["c"] * 3,
    ...         "year": [2004, 2005, 2006] * 3,
    ...         "theta": [1.0, 2.0, 4.0, 2.0, 3.0, 3.5, 5.0, 4.0, 6.0],
    ...         "patents": [2.1, 3.0, 5.2, 5.0, 6.1, 6.4, 9.9, 9.0, 11.1],
    ...     }
    ... )
    >>> panel = Panel.from_frame(rows, city="city", year="year")
    >>> fits = {
    ...     "Pooled": fit_fixed_effects(panel, "patents", ["theta"], effects="none"),
    ...     "Within": fit_fixed_effects(panel, "patents", ["theta"]),
    ... }
    >>> names = {"theta": "Synergy", "constant": "Constant"}
    >>> table = tabulate_models(fits, labels=names, facts=["observations", "r2"])
    >>> print(table)  # doctest: +NORMALIZE_WHITESPACE
                    Pooled    Within
    Synergy       1.801***  1.032***
                   (0.160)   (0.018)
    Constant         0.318  2.925***
                   (0.722)   (0.061)
    Observations         9         9
    R2               0.864     0.999
    Standard errors in brackets; *** p < 0.01, ** p < 0.05, * p < 0.10.
    """
    if digits < 0:
        raise SpatialCoaggError(f"digits must be 0 or more, got {digits}")
    headed = _with_headings(fits)
    models = list(headed.values())
    printed = {**FACT_LABELS, "constant": "Constant", **(labels or {})}
    coefficients = _coefficient_rows(
        models, _chosen_coefficients(models, order), printed, digits
    )
    chosen = _chosen_facts(models, facts)
    rows = tuple(
        TableRow(name, printed.get(name, name), _fact_cells(models, name, digits))
        for name in chosen
    )
    _check_labels_differ(coefficients)
    _check_labels_differ(rows)
    return RegressionTable(tuple(headed), coefficients, rows, NOTE)


def format_number(value: float, digits: int) -> str:
    """Write a number with that many digits after the point, never a false zero."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    plain = f"{value:.{digits}f}"
    if float(plain) != 0.0:
        return plain
    return f"{0.0:.{digits}f}" if value == 0 else f"{value:.{max(digits - 1, 0)}e}"


def format_stars(p_value: float) -> str:
    """Return the stars of a p-value; none where it is nan."""
    return next((stars for level, stars in STARS if p_value < level), "")


def _with_headings(fits: Sequence[Fit] | Mapping[str, Fit]) -> dict[str, Fit]:
    if len(fits) == 0:
        raise SpatialCoaggError("there is no fit to tabulate; give at least one")
    if isinstance(fits, Mapping):
        return dict(fits)
    return {f"({number}) {fit.title}": fit for number, fit in enumerate(fits, start=1)}


def _chosen_coefficients(
    models: Sequence[Fit], order: Sequence[str] | None
) -> list[str]:
    present = list(
        dict.fromkeys(str(label) for fit in models for label in fit.estimates.index)
    )
    if order is None:
        return sorted(present, key=lambda label: label == "constant")
    _check_present(order, present, name="coefficient")
    return list(order)


def _chosen_facts(models: Sequence[Fit], facts: Sequence[str] | None) -> list[str]:
    present = list(dict.fromkeys(name for fit in models for name in fit.facts))
    if facts is None:
        return [name for name in FACT_LABELS if name in present]
    _check_present(facts, present, name="fact")
    return list(facts)


def _check_present(asked: Sequence[str], present: list[str], *, name: str) -> None:
    absent = [each for each in asked if each not in present]
    if absent:
        raise SpatialCoaggError(
            f"no fit has the {name} {listed(absent)}; there are "
            f"{listed(present, limit=30)}"
        )


def _check_labels_differ(rows: Sequence[TableRow]) -> None:
    labels = [row.label for row in rows]
    twice = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
    if twice:
        raise SpatialCoaggError(
            f"{listed(twice)} would name two rows of the table; give other labels"
        )


def _coefficient_rows(
    models: Sequence[Fit], names: Sequence[str], printed: Mapping[str, str], digits: int
) -> tuple[TableRow, ...]:
    rows = []
    for name in names:
        cells = [_estimate_cells(fit, name, digits) for fit in models]
        rows.append(
            TableRow(
                name,
                printed.get(name, name),
                tuple(estimate for estimate, _ in cells),
                tuple(error for _, error in cells),
            )
        )
    return tuple(rows)


def _estimate_cells(fit: Fit, name: str, digits: int) -> tuple[str, str]:
    if name not in fit.estimates.index:
        return "", ""
    row = fit.estimates.loc[name].to_dict()
    error = format_number(float(row["standard_error"]), digits)
    stars = format_stars(float(row["p_value"]))
    estimate = format_number(float(row["estimate"]), digits)
    return f"{estimate}{stars}", f"({error})" if error else ""


def _fact_cells(models: Sequence[Fit], name: str, digits: int) -> tuple[str, ...]:
    cells = []
    for fit in models:
        fact = fit.facts.get(name, "")
        if isinstance(fact, float):
            fact = format_number(fact, digits)
        cells.append(str(fact))
    return tuple(cells)
