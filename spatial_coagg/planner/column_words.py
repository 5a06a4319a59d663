"""What the columns of the workbook mean."""

from collections.abc import Mapping, Sequence

import pandas as pd

from spatial_coagg.report.workbook import Sheet

MEANINGS: Mapping[str, str] = {
    "theta": "co-agglomeration of all producer services with manufacturing",
    "theta_...": "the same of one service or group of services",
    "statistic": "the statistic of the test: Moran's I, local I, t, chi-square or LM",
    "expectation": "its mean if neighbours were unrelated",
    "variance_normal": "its variance if values were normal",
    "z_normal": "(statistic - expectation) / standard deviation, normal values",
    "p_normal": "p-value of that z",
    "variance_randomisation": "its variance over all orders of the values",
    "z_randomisation": "z by that variance",
    "p_randomisation": "p-value of that z",
    "p_permutation": "p-value by shuffling the places",
    "p_value": "p-value of one test, before any allowance for their number",
    "p_adjusted": "p-value allowing for the number of places tested",
    "lag": "mean over the neighbours",
    "quadrant": "high (H) or low (L) itself, then its neighbours, significant or not",
    "cluster": "the quadrant where it is significant",
    "estimate": "coefficient or effect",
    "standard_error": "its standard error",
    "lower": "lower end of the interval",
    "upper": "upper end of the interval",
    "median": "median over the draws of the estimates",
    "sigma2": "variance of the noise",
    "rho_low": "lower end of the interval in which rho may lie",
    "rho_high": "upper end of that interval",
    "lambda_low": "lower end of the interval in which lambda may lie",
    "lambda_high": "upper end of that interval",
    "df": "degrees of freedom",
    "rejected": "whether the hypothesis is rejected",
    "own": "change that goes with the place's own theta",
    "neighbours": "change that goes with the theta of other places",
    "total": "own and neighbours together, or the total effect",
    "includes_zero": "whether the interval includes zero",
    "extrapolated": "whether theta leaves the values seen in the data",
    "ranks": "range of the rank over all kinds of neighbours",
    "chosen_in": "share of the draws that choose this place",
    "received ...": "effect on the place of the driver in all other places",
    "given ...": "effect of the place's driver on all other places",
}


def column_sheet(sheets: Sequence[Sheet]) -> Sheet:
    """Return the meanings of the columns that these sheets have.

    Parameters
    ----------
    sheets : sequence of Sheet

    Returns
    -------
    Sheet
        Index column; columns meaning and sheets (those that have it).
    """
    found = {name: _sheets_with(name, sheets) for name in MEANINGS}
    kept = {name: where for name, where in found.items() if where}
    table = pd.DataFrame(
        {
            "meaning": [MEANINGS[name] for name in kept],
            "sheets": [", ".join(where) for where in kept.values()],
        },
        index=pd.Index(list(kept), name="column"),
    )
    return Sheet("columns", table, "What the columns of these sheets mean.")


def _sheets_with(name: str, sheets: Sequence[Sheet]) -> list[str]:
    """Return the sheets that have a column, or one that starts as `name` does."""
    start = name.removesuffix("...")
    return [
        sheet.name
        for sheet in sheets
        if any(
            str(column) == name or (start != name and str(column).startswith(start))
            for column in sheet.table.columns
        )
    ]
