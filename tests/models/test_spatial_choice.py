from dataclasses import replace

import numpy as np
import pytest
from spatial_references import reference_panel, reference_weights, specifications
from spatial_witness import Draw, draw_panel, nearest_matrix

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.models.hypothesis import chi_squared_test
from spatial_coagg.models.spatial_choice import (
    Reduction,
    SpatialChoice,
    _Choice,
    choose_spatial_model,
)
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_tests import lagrange_multiplier_tests


def drawn(
    *,
    rho: float = 0.0,
    error: float = 0.0,
    spill: float = 0.0,
    rng: int = 1,
    scale: float = 1.0,
) -> Draw:
    """Draw y = rho W y + x + spill W x + u with 64 cities in six years."""
    w = scale * nearest_matrix(64, 4, rng=0)
    source, eye = np.random.default_rng(rng), np.eye(64)
    x = source.standard_normal((6, 64, 1))
    shocks = np.linalg.solve(eye - error * w, source.standard_normal((64, 6)))
    trend = x[:, :, 0].T + spill * w @ x[:, :, 0].T
    y = np.asarray(np.linalg.solve(eye - rho * w, trend + shocks).T)
    return replace(draw_panel(n=64, t=6, w=w), x=x, y=y)


def chosen(
    draw: Draw, *, reduction: Reduction = "likelihood-ratio", level: float = 0.01
) -> SpatialChoice:
    return choose_spatial_model(
        draw.panel, draw.graph, "y", draw.names, level=level, reduction=reduction,
        convention="debarsy-ertur",
    )  # fmt: skip


@pytest.mark.parametrize("reduction", ["likelihood-ratio", "wald"])
@pytest.mark.parametrize(
    ("truth", "model", "steps", "words"),
    [
        ({}, "ols", 5, "OLS: the LM tests find neither"),
        ({"rho": 0.5}, "sar", 6, "A SAR: the robust LM tests point to a spatial lag"),
        ({"error": 0.6}, "sem", 6, "A SEM: the robust LM tests point to a spatial err"),
        (
            {"rho": 0.5, "spill": 1.0}, "sdm", 6,
            "An SDM: that it is a SAR and that it is a SEM are both rejected.",
        ),
    ],
)  # fmt: skip
def test_the_rule_finds_the_truth(
    truth: dict[str, float], model: str, steps: int, words: str, reduction: Reduction
) -> None:
    choice = chosen(drawn(**truth), reduction=reduction)  # type: ignore[arg-type]
    assert choice.model == choice.fit.model == model
    assert len(choice.steps) == steps
    assert str(choice).startswith(words)
    kinds = {"likelihood-ratio": "LR", "wald": "Wald"}
    assert choice.steps[-1].kind == kinds[reduction]


def test_the_frame_lists_the_steps() -> None:
    choice = chosen(drawn(rho=0.5))
    frame = choice.frame
    assert list(frame["kind"]) == ["LM", "LM", "robust LM", "robust LM", "LR", "LR"]
    assert list(frame.index[-2:]) == ["the sdm is a sar", "the sdm is a sem"]
    rejected = frame["p_value"] < choice.level
    assert list(frame["rejected"]) == list(rejected)
    assert list(frame["statistic"]) == [step.test.statistic for step in choice.steps]


def ruled(
    draw: Draw,
    *,
    lag: float = 0.0,
    error: float = 0.0,
    robust_lag: float = 0.0,
    robust_error: float = 0.0,
) -> SpatialChoice:
    """Apply the rule to these LM statistics and to the models of a draw."""
    found = lagrange_multiplier_tests(draw.panel, draw.graph, "y", draw.names)
    given = replace(
        found,
        lag=chi_squared_test("lag", lag, 1),
        error=chi_squared_test("error", error, 1),
        robust_lag=chi_squared_test("robust lag", robust_lag, 1),
        robust_error=chi_squared_test("robust error", robust_error, 1),
    )

    def fit(model: SpatialModel) -> SpatialPanelFit:
        return fit_spatial_panel(draw.panel, draw.graph, "y", draw.names, model=model)

    return _Choice(given, 0.01, "likelihood-ratio", fit).made()


def test_spillovers_alone_are_an_slx() -> None:
    choice = ruled(drawn(spill=1.0))
    assert choice.model == choice.fit.model == "slx"
    assert choice.conclusion == (
        "An SLX: the LM tests find neither spatial lag nor spatial error, but W x "
        "matters."
    )
    assert [step.rejected for step in choice.steps[-2:]] == [True, False]


def test_a_lag_seen_beside_spillovers_makes_an_sdm() -> None:
    choice = ruled(drawn(rho=0.5, spill=1.0))
    assert choice.model == choice.fit.model == "sdm"
    assert choice.conclusion.endswith("but W x matters, and beside it W y.")
    assert [step.rejected for step in choice.steps[-2:]] == [True, True]


def test_where_the_tests_disagree_the_sdm_stands() -> None:
    choice = ruled(drawn(rho=0.5), lag=40.0, robust_error=20.0)
    assert choice.model == choice.fit.model == "sdm"
    assert choice.conclusion == (
        "An SDM: that it is a SAR is not rejected, but the robust LM tests do not "
        "point there, and the SDM contains both."
    )


def test_of_two_robust_rejections_the_larger_points() -> None:
    draw = drawn(rho=0.5)
    to_lag = ruled(draw, error=40.0, robust_lag=30.0, robust_error=20.0)
    assert to_lag.model == "sar"
    to_error = ruled(draw, error=40.0, robust_lag=20.0, robust_error=30.0)
    assert to_error.model == "sdm"


def test_robust_tests_that_are_nan_point_nowhere() -> None:
    choice = ruled(drawn(rho=0.5), lag=40.0, robust_lag=np.nan, robust_error=np.nan)
    assert choice.model == "sdm"
    assert not choice.steps[2].rejected


@pytest.mark.filterwarnings("ignore:64 rows of the weights")
def test_weights_of_uneven_rows_leave_the_sem_out() -> None:
    draw = drawn(rho=0.5, spill=1.0, scale=0.8)
    choice = choose_spatial_model(
        draw.panel, draw.graph, "y", draw.names, correction="none"
    )
    assert choice.model == "sdm"
    assert "it contains no SEM" in choice.conclusion
    assert len(choice.steps) == 5
    spared = ruled(drawn(rho=0.5, scale=0.8), lag=40.0, robust_error=20.0)
    assert spared.conclusion == (
        "An SDM: that it is a SAR is not rejected, but the robust LM tests do not "
        "point there; with these weights, whose rows do not sum to one, it contains "
        "no SEM."
    )
    plain = choose_spatial_model(
        draw.panel, draw.graph, "y", draw.names, effects="city"
    )
    assert len(plain.steps) == 6


def test_cigarette_demand_is_an_sdm_as_in_the_literature() -> None:
    # Elhorst (2014), section 3.6: with both effects the SDM is neither SAR nor SEM.
    spec = specifications("tests")["cigar_tests"]
    panel, outcome, drivers = reference_panel("cigar_tests", "tests")
    choice = choose_spatial_model(
        panel, reference_weights(spec["weights"]), outcome, drivers, correction="none"
    )
    assert choice.model == "sdm"
    statistics = choice.frame["statistic"]
    assert statistics["no spatial lag"] == pytest.approx(46.900519520075, rel=1e-8)


def test_bad_requests_are_refused() -> None:
    draw = drawn()
    with pytest.raises(SpatialCoaggError, match="level must lie between 0 and 1"):
        chosen(draw, level=1.0)
    with pytest.raises(SpatialCoaggError, match="reduction must be one of"):
        chosen(draw, reduction="score")  # type: ignore[arg-type]
