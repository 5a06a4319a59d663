"""The figures printed in the paper's Tables 1 to 8, as data."""

from importlib.resources import files

import pandas as pd

from spatial_coagg.errors import SpatialCoaggError


def read_published(table: int) -> pd.DataFrame:
    """Return one table of the paper as it was printed.

    Parameters
    ----------
    table : int
        1 to 8.

    Returns
    -------
    DataFrame
        One row for each printed figure, index ``(row, column, quantity)``; columns
        ``printed`` (the text in the paper) and ``value`` (the number in it, missing
        where the text is none). `quantity` is ``value``, ``estimate``,
        ``standard_error``, ``stars``, ``city`` or ``text``.

    Raises
    ------
    SpatialCoaggError
        If the paper has no such table.

    References
    ----------
    Y. Geng, "Research on the impact of Industrial Synergy Agglomeration on Regional
    Innovation and Development", Tables 1-8.

    Examples
    --------
    >>> read_published(6).loc[("ln(theta)", "1", "estimate"), "value"]
    np.float64(0.196)
    """
    if table not in range(1, 9):
        raise SpatialCoaggError(f"the paper has Tables 1 to 8, not {table!r}")
    source = files("spatial_coagg.tables").joinpath("data/published.csv")
    with source.open("r", encoding="utf-8") as stream:
        figures = pd.read_csv(stream, dtype="str", keep_default_na=False)
    chosen = figures.loc[figures["table"] == str(table)].drop(columns="table")
    numbers = pd.to_numeric(chosen["printed"], errors="coerce")
    return chosen.assign(value=numbers).set_index(["row", "column", "quantity"])
