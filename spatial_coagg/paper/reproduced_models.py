"""Tables 6 to 8: fixed effects, system GMM, sub-sectors."""

import re
import warnings
from collections.abc import Sequence
from typing import Literal

from spatial_coagg.errors import (
    EstimationError,
    MissingColumnError,
    MissingValueWarning,
    SpatialCoaggWarning,
)
from spatial_coagg.models.fit import Fit
from spatial_coagg.models.fixed_effects import FixedEffectsFit, fit_fixed_effects
from spatial_coagg.models.gmm_result import DynamicGmmFit
from spatial_coagg.models.instruments import GmmInstruments
from spatial_coagg.models.system_gmm import fit_dynamic_gmm
from spatial_coagg.paper.comparison import Cell, Cells, ReproducedTable, compare
from spatial_coagg.paper.material import SECTORS, Material
from spatial_coagg.report.regression_table import format_stars
from spatial_coagg.simulate.truth import Truth
from spatial_coagg.tables.panel import Panel

CONTROLS = ("sci", "gov", "fin", "gdp", "ind")
OUTCOMES = {"1": "cr", "2": "pcr", "3": "pacr"}
# Table 8 has no industrial structure, and a variable "hc" that the paper never defines.
CONTROLS_OF_8 = ("sci", "gov", "fin", "gdp")
OWN = "Method reproduced on the panel given; the paper's raw data are not public."
SIMULATED = "Method reproduced; data simulated from the truth shown."

NOT_AS_PUBLISHED = "cannot be as published: must equal column 1"
ONE_TRUTH = (
    "The truth is that of column 6; the others leave out drivers that made the index."
)
ONLY_THE_WHOLE = (
    "Method reproduced; data simulated. Only the theta of all services enters the "
    "simulated index: a sub-sector goes with the index as far as it goes with that."
)


def table_6(material: Material) -> ReproducedTable:
    """City effects for three outcomes, with classical and clustered errors."""
    cells: Cells = {}
    notes = []
    remarks = {(label, "3"): NOT_AS_PUBLISHED for label in _logs(("theta", *CONTROLS))}
    for column, outcome in OUTCOMES.items():
        try:
            panel = material.logs([outcome, "theta", *CONTROLS])
        except MissingColumnError as error:
            notes.append(f"Column {column} cannot be recomputed: {error}.")
            remarks["", column] = str(error)
            continue
        drivers = _logs(("theta", *CONTROLS))
        classical = _within(panel, outcome, drivers, "classical")
        clustered = _within(panel, outcome, drivers, "clustered")
        cells |= _estimates(classical, column)
        for label, row in clustered.estimates.iterrows():
            key = (str(label), column, "standard_error, clustered by city")
            cells[key] = float(row["standard_error"])
        cells["observations", column, "value"] = int(
            str(classical.facts["observations"])
        )
        cells["r2", column, "value"] = classical.r2
    status = " ".join(
        [
            SIMULATED if material.is_simulated else OWN,
            "The paper's errors are classical; those clustered by city stand below.",
            "Column 3 cannot be as published: an index per fixed area differs from the "
            "index by a constant of the city, which the effects absorb, so its slopes "
            "must be those of column 1, as they are here apart from rows that differ.",
            *notes,
        ]
    )
    slopes = _truths(material.truth, "3")
    truth = _truths(material.truth, "1") | {
        key: value for key, value in slopes.items() if key[0] != "constant"
    }
    return compare(
        6,
        cells,
        truth=truth,
        status=status,
        remarks=remarks,
        simulated=material.is_simulated,
    )


def table_7(material: Material) -> ReproducedTable:
    """System GMM in six columns, with collapsed and with all instruments."""
    cells: Cells = {}
    notes = []
    names = ("theta", *CONTROLS)
    panel = material.logs(["cr", *names], dynamic=True)
    for count in range(1, len(names) + 1):
        column = str(count)
        drivers = _logs(names[:count])
        for collapse in (False, True):
            try:
                fit = _dynamic(panel, drivers, collapse=collapse)
            except EstimationError as error:
                kind = "collapsed" if collapse else "all"
                notes.append(f"Column {column}, {kind} instruments: {error}.")
                continue
            suffix = ", collapsed" if collapse else ""
            cells |= _of_gmm(fit, column, suffix)
    status = " ".join(
        [
            SIMULATED if material.is_simulated else OWN,
            "The paper does not say which instruments it used; here every variable is "
            "in GMM style (the outcome from its second lag on, drivers from their "
            "first on), two steps, Windmeijer's errors. The figures without a suffix "
            "use every lag of every year as an instrument of its own; those marked "
            "'collapsed' use one instrument for each lag.",
            _crowding(cells),
            *([ONE_TRUTH] if material.is_simulated else []),
            "One lag is lost, so 281 cities would leave 4215 rows at most; the paper's "
            "4187 is what 280 would have lost of 4467.",
            *notes,
        ]
    )
    return compare(
        7,
        cells,
        truth=_truths(material.dynamic_truth, "6"),
        status=status,
        simulated=material.is_simulated,
    )


def table_8(material: Material) -> ReproducedTable:
    """City effects with the theta of each service, and of two groups."""
    cells: Cells = {}
    notes = []
    remarks = {("ln(hc)", ""): "the paper never defines it"}
    for column in (*SECTORS, "low", "high"):
        name = f"theta_{column}"
        try:
            panel = material.logs(["cr", name, *CONTROLS_OF_8])
        except MissingColumnError as error:
            notes.append(f"Column {column} cannot be recomputed: {error}.")
            remarks["", column] = str(error)
            continue
        fit = _within(panel, "cr", _logs((name, *CONTROLS_OF_8)), "classical")
        for (row, _, quantity), value in _estimates(fit, column).items():
            label = "ln(theta)" if row == f"ln({name})" else row
            cells[label, column, quantity] = value
        cells["observations", column, "value"] = int(str(fit.facts["observations"]))
        cells["r2", column, "value"] = fit.r2
    status = " ".join(
        [
            ONLY_THE_WHOLE if material.is_simulated else OWN,
            "ln(hc) cannot be recomputed: the paper never defines it. The paper prints "
            "its standard errors with a minus sign.",
            *notes,
        ]
    )
    return compare(
        8, cells, status=status, remarks=remarks, simulated=material.is_simulated
    )


def _crowding(cells: Cells) -> str:
    """Say in which columns instruments outnumber cities."""
    crowded = [
        column
        for row, column, quantity in cells
        if (row, quantity) == ("instruments", "value")
        and float(cells[row, column, quantity])
        > float(cells["cities", column, "value"])
    ]
    if not crowded:
        return "In no column are there more instruments than cities."
    return (
        f"All lags are more instruments than cities in columns {', '.join(crowded)}: "
        f"that alone brings the Hansen p-value to 1, and the estimates lean to least "
        f"squares."
    )


def _logs(names: Sequence[str]) -> list[str]:
    return [f"ln({name})" for name in names]


def _within(
    panel: Panel,
    outcome: str,
    drivers: list[str],
    covariance: Literal["classical", "clustered"],
) -> FixedEffectsFit:
    # Rows without a logarithm are left out, as the printed numbers of rows show.
    with warnings.catch_warnings(action="ignore", category=MissingValueWarning):
        return fit_fixed_effects(
            panel, f"ln({outcome})", drivers, effects="city", covariance=covariance
        )


def _dynamic(panel: Panel, drivers: list[str], *, collapse: bool) -> DynamicGmmFit:
    instruments = [
        GmmInstruments("ln(cr)", lags=(2, None), collapse=collapse),
        *(GmmInstruments(name, lags=(1, None), collapse=collapse) for name in drivers),
    ]
    # Too many instruments is the point of the comparison: their number is shown.
    with warnings.catch_warnings(action="ignore", category=SpatialCoaggWarning):
        return fit_dynamic_gmm(panel, "ln(cr)", drivers, instruments=instruments)


def _estimates(fit: Fit, column: str, suffix: str = "") -> Cells:
    cells: Cells = {}
    for label, row in fit.estimates.iterrows():
        name = str(label)
        cells[name, column, f"estimate{suffix}"] = float(row["estimate"])
        cells[name, column, f"stars{suffix}"] = format_stars(float(row["p_value"]))
        cells[name, column, f"standard_error{suffix}"] = float(row["standard_error"])
    return cells


def _of_gmm(fit: DynamicGmmFit, column: str, suffix: str) -> Cells:
    cells = _estimates(fit, column, suffix)
    facts: dict[str, float | str] = {
        "observations": fit.observations,
        "ar1_p": float(fit.ar_tests["p_value"].loc[1]),
        "ar2_p": float(fit.ar_tests["p_value"].loc[2]),
        "hansen_p": fit.hansen.p_value,
        "instruments": fit.instruments,
        "cities": fit.cities,
    }
    # One lag is lost by every city: the paper counts the rows that are left.
    return cells | {
        (name, column, f"value{suffix}"): value for name, value in facts.items()
    }


def _truths(truth: Truth | None, column: str) -> dict[Cell, float]:
    if truth is None:
        return {}
    found: dict[Cell, float] = {}
    for label, value in truth.coefficients.items():
        name = re.sub(r"ln_(\w+)", r"ln(\1)", str(label))
        for suffix in ("", ", collapsed"):
            found[name, column, f"estimate{suffix}"] = float(value)
    return found
