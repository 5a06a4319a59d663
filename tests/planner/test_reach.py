"""Who reaches whom: rows and columns of the responses, the best k, honest shares."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from ring_fits import fit_ring, ring

from spatial_coagg.errors import AlignmentError, MissingColumnError, SpatialCoaggError
from spatial_coagg.models.responses import city_responses
from spatial_coagg.planner.reach import corridor, targets
from spatial_coagg.planner.scenarios import what_if

NAMES = [f"c{number:02d}" for number in range(20)]


def theta_now() -> pd.Series:
    return pd.Series(np.linspace(1, 3, 20), index=pd.Index(NAMES, name="city"))


def test_targets_are_a_row_of_the_responses() -> None:
    fit = fit_ring()
    found = targets(fit, city="c04", percent=12, draws=60, rng=2)
    whole = city_responses(fit, "ln_theta", draws=60, rng=2)
    step = np.log(1.12)
    for column, table in (
        ("estimate", whole.point),
        ("median", whole.median),
        ("lower", whole.lower),
        ("upper", whole.upper),
    ):
        row = pd.Series(100 * np.expm1(table[4] * step), index=NAMES)
        assert found.own[column] == pytest.approx(row["c04"])
        np.testing.assert_allclose(
            found.sources[column], row[found.sources.index], atol=1e-10
        )
    assert found.unit == "% of cr"


def test_targets_lead_with_the_best_and_leave_the_city_out() -> None:
    found = targets(fit_ring(), city="c04", draws=60, rng=2)
    assert "c04" not in found.sources.index
    assert len(found.sources) == 19
    assert found.sources["rank"].is_monotonic_increasing
    assert set(found.sources.index[:2]) == {"c03", "c05"}
    crossing = (found.sources["lower"] <= 0) & (found.sources["upper"] >= 0)
    assert (found.sources["includes_zero"] == crossing).all()
    assert found.sources["extrapolated"].isna().all()


def test_a_target_gains_what_the_what_if_of_its_source_says() -> None:
    fit = fit_ring(theta="theta", outcome="cr")
    found = targets(fit, city="c04", percent=5, theta=theta_now(), draws=30, rng=2)
    asked = what_if(fit, {"c05": 5}, theta=theta_now(), draws=30, rng=2)
    row = asked.effects.loc[("total", "c04")]
    for column in ("estimate", "median", "lower", "upper"):
        assert found.sources.loc["c05", column] == pytest.approx(row[column])
    assert found.unit == "cr"
    assert found.sources["extrapolated"].to_dict()["c19"]
    assert not found.sources["extrapolated"].to_dict()["c05"]


def test_the_corridor_is_the_best_of_all_choices() -> None:
    fit = fit_ring()
    found = corridor(fit, k=3, percent=8, draws=40, rng=2)
    column = city_responses(fit, "ln_theta", draws=40, rng=2).point.sum(axis=0)
    gains = dict(zip(NAMES, column * np.log(1.08), strict=True))
    best = max(combinations(NAMES, 3), key=lambda some: sum(gains[c] for c in some))
    assert set(found.cities.index) == set(best)
    assert found.total["estimate"] == pytest.approx(sum(gains[c] for c in best))
    assert found.cities["estimate"].is_monotonic_decreasing
    asked = what_if(fit, dict.fromkeys(best, 8.0), draws=40, rng=2)
    for each in ("estimate", "median", "lower", "upper"):
        assert found.total[each] == pytest.approx(asked.overall.loc["total", each])
        assert found.average[each] == pytest.approx(asked.average.loc["total", each])


def test_shares_of_draws_say_how_sure_the_choice_is() -> None:
    found = corridor(fit_ring(), k=4, draws=200, rng=2)
    assert found.cities["chosen_in"].between(0, 1).all()
    assert found.cities["chosen_in"].iloc[0] > 0.5
    everybody = corridor(fit_ring(), k=20, draws=20, rng=2)
    assert (everybody.cities["chosen_in"] == 1).all()
    # Among equals the order of the codes decides, in each draw as at the estimates.
    equals = corridor(fit_ring(ring()), k=3, draws=50, rng=2)
    assert equals.cities.index.to_list() == NAMES[:3]
    assert (equals.cities["chosen_in"] == 1).all()


def test_candidates_limit_the_choice() -> None:
    found = corridor(fit_ring(), k=2, candidates=["c01", "c09", "c01", "c10"], draws=9)
    assert set(found.cities.index) <= {"c01", "c09", "c10"}
    assert "add up" in found.caveat
    assert "not a forecast" in found.caveat


def test_only_candidates_need_a_theta() -> None:
    now = theta_now()
    now["c19"] = np.nan
    fit = fit_ring(theta="theta")
    found = corridor(fit, k=1, candidates=NAMES[:5], theta=now, draws=9, rng=1)
    assert found.cities["extrapolated"].to_list() == [False]
    with pytest.raises(AlignmentError, match="not known for 'c19'"):
        corridor(fit, k=1, theta=now, draws=9, rng=1)
    with pytest.raises(AlignmentError, match="not known for 'c19'"):
        targets(fit, city="c02", theta=now, draws=9, rng=1)
    # Nobody asks what would happen if theta rose in the city itself.
    assert np.isnan(targets(fit, city="c19", theta=now, draws=9, rng=1).own["median"])


def test_senseless_questions_are_refused() -> None:
    fit = fit_ring()
    with pytest.raises(AlignmentError, match=r"no city 'x1'; its codes are such as"):
        targets(fit, city="x1")
    with pytest.raises(AlignmentError, match="candidates names 1 cities .* 'x1'"):  # noqa: RUF043
        corridor(fit, candidates=["x1"])
    for k in (0, 21):
        with pytest.raises(SpatialCoaggError, match="k must be between 1 and the"):
            corridor(fit, k=k)
    with pytest.raises(SpatialCoaggError, match="percent is 0"):
        targets(fit, city="c01", percent=0)
    with pytest.raises(SpatialCoaggError, match="rise by -100"):
        corridor(fit, percent=-100)
    with pytest.raises(MissingColumnError, match="no driver 'rail'"):
        targets(fit, city="c01", driver="rail")
