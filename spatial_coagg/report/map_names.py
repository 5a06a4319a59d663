"""Names of the cities on a map: one that is shown, and all that the search finds."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import pandas as pd

from spatial_coagg.checks import check_unique
from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.report.map_words import Language
from spatial_coagg.report.pinyin import pinyin_of


@dataclass(frozen=True, slots=True)
class CityNames:
    """Names in the order of the cities.

    Attributes
    ----------
    codes : tuple of str
    shown : tuple of str
        No two alike: where a name occurs twice its province, or else its code, is
        added.
    others : tuple of str
        The city's other names, separated by blanks, with the pinyin of those like
        Harbin (Ha'erbin); empty where there are none.
    """

    codes: tuple[str, ...]
    shown: tuple[str, ...]
    others: tuple[str, ...]


def name_cities(
    boundaries: pd.DataFrame,
    *,
    names: pd.Series | pd.DataFrame | None = None,
    lang: Language = "en",
) -> CityNames:
    """Choose the name shown for each city.

    Parameters
    ----------
    boundaries : DataFrame
        Index city code; columns ``name*`` hold names, ``province*`` provinces.
    names : Series or DataFrame, optional
        Names that replace those of `boundaries`, index city code. Cities that it
        lacks keep the name they have there.
    lang : {"en", "zh"}
        A column ending in this language comes before the others.

    Examples
    --------
    >>> import pandas as pd
    >>> from spatial_coagg.report.map_names import name_cities
    >>> cities = pd.DataFrame(
    ...     {"name_en": ["Suzhou", "Suzhou"], "province_en": ["Jiangsu", "Anhui"]},
    ...     index=pd.Index(["320500", "341300"], name="city"),
    ... )
    >>> name_cities(cities).shown
    ('Suzhou (Jiangsu)', 'Suzhou (Anhui)')
    """
    own = _name_columns(boundaries, "name")
    given = _given_names(names, boundaries.index) if names is not None else own
    table = _in_order(given, lang).join(_in_order(own, lang).add_suffix(" of the map"))
    codes = pd.Series(boundaries.index.astype(str), index=boundaries.index)
    candidates = table.assign(code=codes)
    shown = candidates.bfill(axis="columns").iloc[:, 0]
    twice = shown.duplicated(keep=False)
    if twice.any():
        provinces = _in_order(_name_columns(boundaries, "province"), lang)
        behind = provinces.assign(code=codes).bfill(axis="columns").iloc[:, 0]
        shown = shown.where(~twice, shown + " (" + behind + ")")
        shown = shown.where(~shown.duplicated(keep=False), shown + " " + codes)
    others = [
        _others(name, row)
        for name, row in zip(shown, table.to_numpy(dtype=object), strict=True)
    ]
    return CityNames(tuple(codes), tuple(shown), tuple(others))


def _others(shown: str, row: Iterable[object]) -> str:
    """Return the names that differ from the one shown, and the pinyin."""
    names = [name for name in row if isinstance(name, str)]
    spelt = [*names, *pinyin_of(names)]
    told = [shown]
    for name in spelt:
        # Suzhou is found by Suzhou (Jiangsu) already.
        if not any(name in longer for longer in told):
            told.append(name)
    return " ".join(told[1:])


def _name_columns(frame: pd.DataFrame, start: str) -> pd.DataFrame:
    """Return the columns of text that begin with `start`, blanks as missing."""
    kept = [str(c) for c in frame.columns if str(c).startswith(start)]
    text = pd.DataFrame(
        {column: frame[column].astype(object) for column in kept}, index=frame.index
    )
    return text.where(text.notna()).map(_clean)


def _clean(name: object) -> object:
    return (str(name).strip() or None) if isinstance(name, str) else None


def _given_names(names: pd.Series | pd.DataFrame, cities: pd.Index) -> pd.DataFrame:
    table = names.to_frame("name") if isinstance(names, pd.Series) else names
    check_unique(table.index, name="names")
    text = _name_columns(table.set_axis(table.index.astype(str)), "name")
    if text.columns.empty:
        raise SpatialCoaggError(
            f"names has no column that begins with 'name'; "
            f"it has {list(table.columns)!r}"
        )
    return text.reindex(cities)


def _in_order(names: pd.DataFrame, lang: Language) -> pd.DataFrame:
    """Put the column of the language first, columns without a language next."""
    endings = ("_en", "_zh")

    def rank(label: Hashable) -> tuple[int, str]:
        column = str(label)
        if column.endswith(f"_{lang}"):
            return 0, column
        return (2 if column.endswith(endings) else 1), column

    return names[sorted(names.columns, key=rank)]
