"""Whether a table and a map speak about the same cities."""

import pandas as pd

from spatial_coagg.checks import listed
from spatial_coagg.errors import AlignmentError
from spatial_coagg.tables.crosswalk import read_crosswalk
from spatial_coagg.tables.panel import Panel


def check_cities_on_map(table: pd.DataFrame | Panel, boundaries: pd.DataFrame) -> None:
    """Raise unless every city of a table is on the map.

    Parameters
    ----------
    table : DataFrame or Panel
        Index ``(city, year)`` or ``city``.
    boundaries : GeoDataFrame
        Index ``city``, as `read_boundaries` and `load_shapes` give it.

    Raises
    ------
    AlignmentError
        Naming the cities that are absent, and those of them whose code changed.

    Examples
    --------
    >>> import pandas as pd
    >>> jobs = pd.DataFrame(
    ...     {"jobs": [1.0, 2.0]}, pd.Index(["320500", "341400"], name="city")
    ... )
    >>> check_cities_on_map(jobs, pd.DataFrame(index=["320500"]))
    Traceback (most recent call last):
        ...
    spatial_coagg.errors.AlignmentError: 1 of 2 cities is not on the map: '341400' \
(Chaohu, split in 2011); leave it out, or use a map that has it
    """
    cities = table.cities if isinstance(table, Panel) else _cities_of(table)
    absent = cities.difference(boundaries.index)
    if len(absent) == 0:
        return
    if len(absent) == len(cities):
        raise AlignmentError(
            "no city of the table is on the map: the table has "
            f"{listed(absent, limit=3)}, the map {listed(boundaries.index, limit=3)}; "
            f"read both by the same code, as text"
        )
    events = _events()
    named = [f"{city!r}{_explained(events.get(city))}" for city in absent[:10]]
    more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""
    recoded = any("recoded" in events.get(city, "") for city in absent)
    way = "apply_crosswalk ([crosswalk] in a study's file)"
    advice = f"{way} brings changed codes to one year; " if recoded else ""
    verb, them = ("is", "it") if len(absent) == 1 else ("are", "them")
    raise AlignmentError(
        f"{len(absent)} of {len(cities)} cities {verb} not on the map: "
        f"{', '.join(named)}{more}; {advice}leave {them} out, or use a map that has "
        f"{them}"
    )


def _cities_of(table: pd.DataFrame) -> pd.Index:
    if "city" not in table.index.names:
        raise AlignmentError(
            f"the table's index must have a level 'city', got {list(table.index.names)}"
        )
    return table.index.unique("city")


def _events() -> dict[str, str]:
    changes = read_crosswalk()
    moved = changes[changes["event"] != "renamed"]
    ended = moved.set_index("old_code")
    begun = moved[moved["event"] != "absorbed"].set_index("new_code")
    return {
        code: f"{name}, {event} in {year}"
        for frame, names in ((begun, "new_name_en"), (ended, "old_name_en"))
        for code, name, event, year in zip(
            frame.index, frame[names], frame["event"], frame["year"], strict=True
        )
        if code
    }


def _explained(event: str | None) -> str:
    return f" ({event})" if event is not None else ""
