"""Sentences about clusters: who they are, how they move, which sectors have them."""

from collections.abc import Mapping

import pandas as pd

from spatial_coagg.autocorrelation.classes import QUADRANTS
from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.autocorrelation.moran import MoranByYear
from spatial_coagg.autocorrelation.result import AutocorrelationTest
from spatial_coagg.autocorrelation.transitions import ClassTransitions
from spatial_coagg.report.findings import SIGNIFICANT
from spatial_coagg.report.words import Words

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
    level = words.say("{percent:g} per cent", percent=100 * local.alpha)
    parts = [
        _named_class(frame, name, names, words)
        for name in QUADRANTS
        if (frame["cluster"] == name).any()
    ]
    if not parts:
        return words.say(
            "In {year} no single one of {tested} {places} can be told from chance at "
            "the level of {level}.",
            year=year,
            tested=tested,
            level=level,
        )
    rule = {
        "benjamini-hochberg": "of which about {level} may be false",
        "bonferroni": "with a chance of {level} that any is false",
        "none": "each at {level}, so that chance alone would find some",
    }[local.fdr]
    return words.say(
        "In {year}, {found} of {tested} {places} stand out, {rule}: {parts}. The "
        "others cannot be told from chance.",
        year=year,
        found=int(frame["cluster"].isin(QUADRANTS).sum()),
        tested=tested,
        rule=words.say(rule, level=level),
        parts=words.name("; ").join(parts),
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
        words.say(
            "{share:.0f} per cent of {side} ({name})",
            share=100 * transitions.stayers[name],
            side=words.name(_SIDES[name]),
            name=name,
        )
        for name in sides
        if counts.loc[name].sum() > 0
    ]
    if not held:
        return words.say(
            "No {place} stood out in any year, so that there are no moves between "
            "classes to tell of."
        )
    step = transitions.step
    return words.say(
        "Of the {places} that stand out, these are in the same class {later}: {held}. "
        "{movers} changed class at least once; a change may be a {place} that passes "
        "the cut-off in one year and misses it in the next.",
        later=words.say(
            "a year later" if step == 1 else "{step} years later", step=step
        ),
        held=words.name(", ").join(held),
        movers=words.count(int(transitions.movers["city"].nunique())),
    )


def describe_panel_moran(test: AutocorrelationTest, words: Words) -> str:
    """Say whether whole histories of neighbours are alike.

    Parameters
    ----------
    test : AutocorrelationTest
        Of :func:`panel_moran`.
    words : Words
    """
    figures = words.say(
        "Moran's I of all years {statistic:.3f}, p = {p:.4f}",
        statistic=test.statistic,
        p=max(test.p_permutation, 0.0001),
    )
    if test.p_permutation > SIGNIFICANT:
        return words.say(
            "Over all years together, histories of neighbouring {places} cannot be "
            "told from unrelated ones ({figures}; whole histories permuted).",
            figures=figures,
        )
    alike = "alike" if test.statistic > test.expectation else "unlike"
    return words.say(
        "Over all years together, histories of neighbouring {places} are {alike} "
        "({figures}; year means taken out, whole histories permuted).",
        alike=words.name(alike),
        figures=figures,
    )


def describe_sectors(morans: Mapping[str, MoranByYear], words: Words) -> str:
    """Say for which sectors neighbours are alike, and in how many years.

    Parameters
    ----------
    morans : mapping of str to MoranByYear
        By the sector's name.
    words : Words
    """
    told = {name: _years_alike(moran.frame, words) for name, moran in morans.items()}
    shares = set(told.values())
    if len(told) > 1 and len(shares) == 1:
        return words.say(
            "At the level of 5 per cent, neighbouring {places} resemble each other "
            "{share} in each of the {count} sectors: {names}.",
            share=shares.pop(),
            count=len(told),
            names=words.enumerate(list(told)),
        )
    parts = [
        words.say("in {name} {share}", name=name, share=share)
        for name, share in told.items()
    ]
    return words.say(
        "At the level of 5 per cent, neighbouring {places} resemble each other "
        "{parts}.",
        parts=words.name("; ").join(parts),
    )


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
    sides = {name: _sides_of(test, words) for name, test in tests.items()}
    told = [
        words.say("{name} ({found})", name=name, found=found)
        for name, found in sides.items()
        if found
    ]
    silent = [name for name, found in sides.items() if not found]
    parts = []
    if told:
        parts.append(
            words.say(
                "In {year} single {places} stand out in {told}.",
                year=year,
                told=words.name("; ").join(told),
            )
        )
    if silent:
        parts.append(
            words.say(
                "In {names} no single {place} can be told from chance in {year}.",
                names=words.enumerate(silent),
                year=year,
            )
        )
    return words.name(" ").join(parts)


def _years_alike(frame: pd.DataFrame, words: Words) -> str:
    """Return ``"in 3 of 16 years (in 1 they differ)"``."""
    clear = frame["p_permutation"] < SIGNIFICANT
    above = frame["statistic"] > frame["expectation"]
    alike, unlike = int((clear & above).sum()), int((clear & ~above).sum())
    if len(frame) == 1:
        share = "in {alike} of 1 year"
    elif alike == len(frame):
        share = "in every one of the {total} years"
    else:
        share = "in {alike} of {total} years"
    told = words.say(share, alike=alike, total=len(frame))
    if unlike == 0:
        return told
    return words.say("{told} (and differ in {unlike})", told=told, unlike=unlike)


def _sides_of(test: LocalTest, words: Words) -> str:
    clusters = test.frame["cluster"]
    counts = {name: int((clusters == name).sum()) for name in QUADRANTS}
    return words.name(", ").join(
        words.say("{count} {side}", count=count, side=words.name(_SIDES[name]))
        for name, count in counts.items()
        if count > 0
    )


def _named_class(
    frame: pd.DataFrame, name: str, names: Mapping[str, str], words: Words
) -> str:
    some = frame[frame["cluster"] == name]
    strong = some["statistic"].abs().sort_index()
    ranked = strong.sort_values(ascending=False, kind="stable").index[:NAMED]
    return words.say(
        "{count} {side} ({called} and others)"
        if len(some) > NAMED
        else "{count} {side} ({called})",
        count=len(some),
        side=words.name(_SIDES[name]),
        called=words.name(", ").join(names[str(code)] for code in ranked),
    )
