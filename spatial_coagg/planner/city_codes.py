"""Tables of a study brought to the city codes of one year."""

from collections.abc import Sequence

import pandas as pd

from spatial_coagg.checks import warn_user
from spatial_coagg.errors import DataWarning
from spatial_coagg.planner.settings import CrosswalkSettings, MapSettings
from spatial_coagg.tables.crosswalk import CrosswalkReport, apply_crosswalk
from spatial_coagg.tables.shapes import load_shapes


def follow_changes(
    table: pd.DataFrame,
    settings: CrosswalkSettings,
    boundaries: MapSettings | None,
    *,
    name: str,
    additive: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a table under the codes at the end of the year that the settings name.

    Parameters
    ----------
    table : DataFrame
        Index ``(city, year)``.
    settings : CrosswalkSettings
    boundaries : MapSettings or None
        With the embedded map, cities named in Chinese get the map's codes.
    name : str
        Of the table, for messages.
    additive : sequence of str, optional
        All columns, if they may be added up: see :func:`apply_crosswalk`.

    Raises
    ------
    TableError
        If two rows would share a (city, year).

    Warns
    -----
    DataWarning
        Saying which cities changed, and each that could not be followed.
    """
    moved, report = apply_crosswalk(
        table, year=settings.year, key=settings.key, additive=additive
    )
    for told in _told(report):
        warn_user(
            f"{name}: {told}",
            DataWarning,
        )
    if settings.key == "code" or boundaries is None or boundaries.builtin is None:
        return moved
    names = load_shapes()["name_zh"]
    codes = {str(called): str(code) for code, called in names.items()}
    # A name that the map lacks stays, and is refused with the other cities it lacks.
    return moved.rename(index=codes, level="city").sort_index()


def _told(report: CrosswalkReport) -> list[str]:
    changed = [
        f"{row.city_before} is {row.city_after}"
        if row.action == "recoded"
        else f"{row.city_before} is added to {row.city_after}"
        for row in report.changes.itertuples()
    ]
    if not changed:
        return list(report.remarks)
    count = len(report.rows)
    rows = f"{count} row{'' if count == 1 else 's'} by the codes of {report.year}"
    return [f"{rows}: {', '.join(changed)}", *report.remarks]
