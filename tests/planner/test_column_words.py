"""The dictionary explains the columns that are there, and no others."""

import pandas as pd

from spatial_coagg.planner.column_words import column_sheet
from spatial_coagg.report.workbook import Sheet


def test_columns_that_are_there_are_explained() -> None:
    sheets = [
        Sheet("theta", pd.DataFrame({"theta": [2.0], "theta_finance": [1.0]}), "x"),
        Sheet("what-if", pd.DataFrame({"own": [0.1], "given x": [0.2]}), "x"),
        Sheet("targets", pd.DataFrame({"own": [0.1], "unheard of": [0.2]}), "x"),
    ]
    table = column_sheet(sheets).table
    assert list(table.index) == ["theta", "theta_...", "own", "given ..."]
    assert table["sheets"].to_dict() == {
        "theta": "theta",
        "theta_...": "theta",
        "own": "what-if, targets",
        "given ...": "what-if",
    }
    assert table["meaning"]["own"] == "change that goes with the place's own theta"
