"""Sentences about clusters: who they are, how they move, which sectors have them."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.autocorrelation.classes import QUADRANTS
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import MoranByYear
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.autocorrelation.transitions import ClassTransitions
from spatial_coagg.report.findings import SIGNIFICANT, Words, enumerated

_SIDES = {
    "HH": "high among high",
    "LL": "low among low",
    "HL": "high among low",
    "LH": "low among high",
}
NAMED = 5


def describe_local(
    local: LocalTest, year: int, names: Mapping[str, str], words: Words
) -> str:
    """Say which cities of a year lie among alike or unlike neighbours.

    Parameters
    ----------
    local : LocalTest
        Over years.
    year : int
    names : mapping of str to str
    words : Words
    """
    frame = local.of_year(year).frame
    tested = int(frame["p_value"].notna().sum())
    level = f"{100 * local.alpha:g} per cent"
    rule = {
        "benjamini-hochberg": f"of which about {level} may be false",
        "bonferroni": f"with a chance of {level} that any is false",
        "none": f"each at {level}, so that chance alone would find some",
    }[local.fdr]
    parts = [
        _named_class(frame, name, names)
        for name in QUADRANTS
        if (frame["cluster"] == name).any()
    ]
    if not parts:
        return (
            f"In {year} no single one of {tested} {words.places} can be told from "
            f"chance at the level of {level}."
        )
    found = int(frame["cluster"].isin(QUADRANTS).sum())
    return (
        f"In {year}, {found} of {tested} {words.places} stand out, {rule}: "
        f"{'; '.join(parts)}. The others cannot be told from chance."
    )


def describe_moves(transitions: ClassTransitions, words: Words) -> str:
    """Say how lasting the classes are.

    Parameters
    ----------
    transitions : ClassTransitions
    words : Words
    """
    counts = transitions.counts
    sides = [name for name in QUADRANTS if name in counts.index]
    held = [
        f"{100 * transitions.stayers[name]:.0f} per cent of {_SIDES[name]} ({name})"
        for name in sides
        if counts.loc[name].sum() > 0
    ]
    if not held:
        return (
            f"No {words.place} stood out in any year, so that there are no moves "
            f"between classes to tell of."
        )
    step = transitions.step
    later = "a year later" if step == 1 else f"{step} years later"
    moved = int(transitions.movers["city"].nunique())
    movers = f"{moved} {words.place if moved == 1 else words.places}"
    return (
        f"Of the {words.places} that stand out, these are in the same class {later}: "
        f"{', '.join(held)}. {movers} changed class at least once; a "
        f"change may be a {words.place} that passes the cut-off in one year and misses "
        f"it in the next."
    )


def describe_panel_moran(test: AutocorrelationTest, words: Words) -> str:
    """Say whether whole histories of neighbours are alike.

    Parameters
    ----------
    test : AutocorrelationTest
        Of :func:`panel_moran`.
    words : Words
    """
    p = max(test.p_permutation, 0.0001)
    figures = f"Moran's I of all years {test.statistic:.3f}, p = {p:.4f}"
    if test.p_permutation > SIGNIFICANT:
        return (
            f"Over all years together, histories of neighbouring {words.places} cannot "
            f"be told from unrelated ones ({figures}; whole histories permuted)."
        )
    alike = "alike" if test.statistic > test.expectation else "unlike"
    return (
        f"Over all years together, histories of neighbouring {words.places} are "
        f"{alike} ({figures}; year means taken out, whole histories permuted)."
    )


def describe_sectors(morans: Mapping[str, MoranByYear], words: Words) -> str:
    """Say for which sectors neighbours are alike, and in how many years.

    Parameters
    ----------
    morans : mapping of str to MoranByYear
        By the sector's name.
    words : Words
    """
    told = {name: _years_alike(moran.frame) for name, moran in morans.items()}
    start = f"At the level of 5 per cent, neighbouring {words.places}"
    shares = set(told.values())
    if len(told) > 1 and len(shares) == 1:
        return (
            f"{start} resemble each other {shares.pop()} in each of the {len(told)} "
            f"sectors: {enumerated(list(told))}."
        )
    parts = [f"in {name} {share}" for name, share in told.items()]
    return f"{start} resemble each other {'; '.join(parts)}."


def describe_sector_clusters(
    tests: Mapping[str, LocalTest], year: int, words: Words
) -> str:
    """Say in which sectors single cities stand out, and in which none does.

    Parameters
    ----------
    tests : mapping of str to LocalTest
        Of one year, by the sector's name.
    year : int
    words : Words
    """
    sides = {name: _sides_of(test) for name, test in tests.items()}
    told = [f"{name} ({found})" for name, found in sides.items() if found]
    silent = [name for name, found in sides.items() if not found]
    parts = []
    if told:
        parts.append(f"In {year} single {words.places} stand out in {'; '.join(told)}.")
    if silent:
        parts.append(
            f"In {enumerated(silent)} no single {words.place} can be told from chance "
            f"in {year}."
        )
    return " ".join(parts)


def _years_alike(frame: pd.DataFrame) -> str:
    """Return ``"in 3 of 16 years (in 1 they differ)"``."""
    clear = frame["p_permutation"] < SIGNIFICANT
    above = frame["statistic"] > frame["expectation"]
    alike, unlike = int((clear & above).sum()), int((clear & ~above).sum())
    years = "year" if len(frame) == 1 else "years"
    told = f"in {alike} of {len(frame)} {years}"
    return f"{told} (and differ in {unlike})" if unlike > 0 else told


def _sides_of(test: LocalTest) -> str:
    clusters = test.frame["cluster"]
    counts = {name: int((clusters == name).sum()) for name in QUADRANTS}
    return ", ".join(f"{n} {_SIDES[name]}" for name, n in counts.items() if n > 0)


def _named_class(frame: pd.DataFrame, name: str, names: Mapping[str, str]) -> str:
    some = frame[frame["cluster"] == name]
    strong = some["statistic"].abs().sort_index()
    ranked = strong.sort_values(ascending=False, kind="stable").index[:NAMED]
    called = ", ".join(names[str(code)] for code in ranked)
    more = " and others" if len(some) > NAMED else ""
    return f"{len(some)} {_SIDES[name]} ({called}{more})"
