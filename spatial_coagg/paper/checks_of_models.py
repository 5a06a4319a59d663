"""Checks of Tables 6 to 8: stars, standard errors, signs and instruments."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats as laws

from spatial_coagg.paper.finding import Finding, as_text, cells, estimate, printed

LEVELS = ((0.01, "***"), (0.05, "**"), (0.1, "*"))
SECTORS = ("transport", "information", "technology", "leasing", "finance")


def star_columns() -> Iterator[Finding]:
    """Compare every printed star with its estimate and standard error."""
    right, wrong = 0, []
    for table in (6, 7, 8):
        for row, column in _labels(table, "stars"):
            if _stars_fit(table, row, column):
                right += 1
            else:
                wrong.append((table, row, column))
    for table, row, column in wrong:
        slope, error = estimate(table, row, column)
        marks = as_text(table, row, column, "stars")
        chance = 2 * laws.norm.sf(abs(slope / error))
        yield Finding(
            f"Table {table}",
            "cannot be right",
            f"{column}: {slope}{marks} with a standard error of {error} does not "
            f"deserve its stars",
            f"{slope} / {error} = {slope / error:.3f}, p = {chance:.3f}; two stars "
            f"need a standard error of {abs(slope) / laws.norm.isf(0.025):.4f} or less",
        )
    yield Finding(
        "Tables 6, 7 and 8",
        "holds",
        "all other stars agree with estimate and standard error",
        f"{right} of {right + len(wrong)} estimates, normal law, within the rounding "
        f"of what is printed",
    )


def _labels(table: int, quantity: str) -> list[tuple[str, str]]:
    return [(row, column) for row, column, part in cells(table) if part == quantity]


def _stars_fit(table: int, row: str, column: str) -> bool:
    """Whether some numbers that round to the printed ones deserve the stars."""
    slope, error = estimate(table, row, column)
    slack = [
        0.5 * 10.0 ** -len(as_text(table, row, column, part).partition(".")[2])
        for part in ("estimate", "standard_error")
    ]
    ratios = (
        max(abs(slope) - slack[0], 0) / (error + slack[1]),
        (abs(slope) + slack[0]) / max(error - slack[1], 1e-12),
    )
    return as_text(table, row, column, "stars") in {
        _deserved(ratio) for ratio in ratios
    }


def _deserved(ratio: float) -> str:
    chance = 2 * laws.norm.sf(ratio)
    return next((mark for level, mark in LEVELS if chance < level), "")


def classical_errors() -> Iterator[Finding]:
    """Show that the standard errors of Table 6 are proportional."""
    names = [row for row, column in _labels(6, "standard_error") if column == "1"]
    ratios = [estimate(6, name, "3")[1] / estimate(6, name, "1")[1] for name in names]
    yield Finding(
        "Table 6",
        "needs an explanation",
        "the standard errors are classical: no clustering by city, though T = 16",
        f"column 3 over column 1 is {min(ratios):.4f} to {max(ratios):.4f} in all "
        f"{len(ratios)} rows; only errors that are a multiple of (X'X)^-1 keep one "
        f"ratio",
    )


def area_column() -> Iterator[Finding]:
    """Compare the column per area with the column in levels."""
    first, _ = estimate(6, "ln(theta)", "1")
    third, _ = estimate(6, "ln(theta)", "3")
    same = printed(6, "observations", "1") == printed(6, "observations", "3")
    yield Finding(
        "Table 6",
        "cannot be right",
        "column 3 (per area) must equal column 1 if areas are fixed",
        f"ln(CR / area) = ln CR - ln area, and the city effects absorb ln area; yet "
        f"{third} against {first}" + (", on the same number of rows" if same else ""),
    )


def hansen_of_one() -> Iterator[Finding]:
    """Point at Hansen tests that cannot reject."""
    values = {column: printed(7, "hansen_p", column) for column in "123456"}
    ones = [column for column, value in values.items() if value >= 0.9995]
    yield Finding(
        "Table 7",
        "cannot be right",
        "a Hansen test of p = 1.000 is the symptom of too many instruments",
        f"columns {', '.join(ones)} print 1.000; no number of instruments, lag limits, "
        f"collapse or difference-in-Hansen test is given",
    )


def sign_of_government() -> Iterator[Finding]:
    """Compare the sign of government support between the tables."""
    dynamic = [estimate(7, "ln(gov)", column)[0] for column in "3456"]
    static = estimate(6, "ln(gov)", "1")[0]
    sectors = [estimate(8, "ln(gov)", column)[0] for column in SECTORS]
    yield Finding(
        "Tables 6, 7 and 8",
        "needs an explanation",
        "government support changes its sign, significant both times, without a word",
        f"Table 6: {static:+}; Table 8: {min(sectors):+} to {max(sectors):+}; "
        f"Table 7: {min(dynamic):+} to {max(dynamic):+}",
    )


def long_run() -> Iterator[Finding]:
    """Compute the long-run effects that Table 7 implies."""
    effects = {}
    for column in "16":
        slope, _ = estimate(7, "ln(theta)", column)
        persistence, _ = estimate(7, "previous.ln(cr)", column)
        effects[column] = slope / (1 - persistence)
    within, _ = estimate(6, "ln(theta)", "1")
    yield Finding(
        "Tables 6 and 7",
        "needs an explanation",
        "short-run coefficients are read as if they were long-run effects",
        f"slope / (1 - persistence) = {effects['1']:.2f} in column 1 and "
        f"{effects['6']:.2f} in column 6, {effects['6'] / within:.1f} to "
        f"{effects['1'] / within:.1f} times the within estimate of {within}",
    )


def sector_table() -> Iterator[Finding]:
    """Check the layout, the sample and the comparison of Table 8."""
    errors = [
        printed(8, row, column, "standard_error")
        for row, column in _labels(8, "standard_error")
    ]
    yield Finding(
        "Table 8",
        "cannot be right",
        "standard errors are printed with a minus sign: lost parentheses",
        f"{sum(error < 0 for error in errors)} of {len(errors)} are negative",
    )
    yield Finding(
        "Table 8",
        "needs an explanation",
        "a variable appears that is defined nowhere, and another disappears",
        f"ln(hc) is new, ln(ind) is gone; {printed(8, 'observations', 'high'):.0f} "
        f"rows against {printed(6, 'observations', '1'):.0f} in Table 6",
    )
    (high, high_error), (low, low_error) = (
        estimate(8, "ln(theta)", group) for group in ("high", "low")
    )
    ratio = (high - low) / np.hypot(high_error, low_error)
    yield Finding(
        "Table 8",
        "cannot be right",
        'a "greater role" of high value-added services is claimed but not shown',
        f"{high} - {low} = {high - low:.3f}; z = {ratio:.2f} if the two were "
        f"independent",
    )
    fits = {printed(8, "r2", column) for column in (*SECTORS, "high", "low")}
    yield Finding(
        "Table 8",
        "needs an explanation",
        "the choice of the sector explains nothing more",
        f"R2 is {', '.join(str(fit) for fit in sorted(fits))} in all seven columns",
    )


MODEL_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    classical_errors,
    area_column,
    hansen_of_one,
    sign_of_government,
    long_run,
    star_columns,
    sector_table,
)
