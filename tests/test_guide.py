"""What the guide says of this package is still so."""

import inspect
import re
from pathlib import Path

import pytest

import spatial_coagg
from spatial_coagg.models.spatial_random import fit_spatial_random

GUIDE = Path(__file__).parents[1] / "notebooks" / "guide" / "other-programs.md"
CALLS = re.findall(r"`sc\.(\w+)(?:\(([^`]*)\))?", GUIDE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({name for name, _ in CALLS}))
def test_names_of_the_guide_are_public(name: str) -> None:
    assert name in spatial_coagg.__all__


@pytest.mark.parametrize("call", sorted(set(CALLS)), ids=str)
def test_options_of_the_guide_exist(call: tuple[str, str]) -> None:
    name, inside = call
    known = inspect.signature(getattr(spatial_coagg, name)).parameters
    assert set(re.findall(r"(\w+)=", inside)) <= set(known)


def test_options_named_alone_are_those_of_the_fits() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    first = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    alone = set(re.findall(r"`(\w+)=", " ".join(first)))
    fits = (
        spatial_coagg.fit_spatial_panel,
        spatial_coagg.fit_spatial_iv,
        spatial_coagg.spatial_effects,
        spatial_coagg.lagrange_multiplier_tests,
        spatial_coagg.log_marginal_likelihoods,
        fit_spatial_random,
    )
    known = {name for fit in fits for name in inspect.signature(fit).parameters}
    assert alone
    assert alone <= known


def test_every_row_of_a_table_has_the_columns_of_its_head() -> None:
    widths: list[int] = []
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            widths = []
            continue
        widths.append(line.count("|"))
        assert widths[0] == widths[-1], line
