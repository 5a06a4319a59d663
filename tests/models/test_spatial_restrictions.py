from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from spatial_references import reference_panel, reference_weights, specifications
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.likelihood_ratio import likelihood_ratio_test
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_restrictions import Restriction, wald_test

DRAW = draw_panel(n=12, t=4, rng=6)


def fit(
    model: str = "sdm",
    draw: Draw = DRAW,
    **options: Any,  # noqa: ANN401 (whatever the fit takes)
) -> SpatialPanelFit:
    drivers = options.pop("drivers", draw.names)
    return fit_spatial_panel(
        draw.panel,
        draw.graph,
        "y",
        drivers,
        model=model,  # type: ignore[arg-type]
        **options,
    )


REDUCTIONS = [
    ("sdm", "sar", ["W.x0", "W.x1"]),
    ("sdm", "slx", ["rho"]),
    ("sdm", "ols", ["W.x0", "W.x1", "rho"]),
    ("sdem", "sem", ["W.x0", "W.x1"]),
    ("sdem", "slx", ["lambda"]),
    ("sac", "sar", ["lambda"]),
    ("sac", "sem", ["rho"]),
    ("gns", "sdm", ["lambda"]),
    ("gns", "sdem", ["rho"]),
    ("gns", "sac", ["W.x0", "W.x1"]),
    ("slx", "ols", ["W.x0", "W.x1"]),
    ("sem", "ols", ["lambda"]),
]


@pytest.mark.parametrize(("model", "simpler", "labels"), REDUCTIONS)
@pytest.mark.filterwarnings("ignore:the likelihood of the")
def test_a_simpler_model_is_one_whose_other_terms_are_zero(
    model: str, simpler: str, labels: list[str]
) -> None:
    found = fit(model)
    by_name, by_label = wald_test(found, simpler), wald_test(found, labels)
    assert by_name.statistic == pytest.approx(by_label.statistic, rel=1e-12)
    assert by_name.degrees == by_label.degrees == len(labels)
    inner = found.covariance.loc[labels, labels].to_numpy()
    b = found.estimates["estimate"][labels].to_numpy()
    wanted = b @ np.linalg.solve(inner, b)
    assert by_name.statistic == pytest.approx(wanted, rel=1e-8)
    assert by_name.p_value == pytest.approx(stats.chi2.sf(wanted, len(labels)))
    assert by_name.hypothesis == f"the {model} is a {simpler}"


def test_common_factor_is_the_delta_method() -> None:
    found = fit("sdm")
    labels = ["x0", "x1", "W.x0", "W.x1", "rho"]

    def gap(place: FloatArray) -> FloatArray:
        return np.asarray(place[2:4] + place[4] * place[:2])

    place = found.estimates["estimate"][labels].to_numpy()
    steps = np.eye(5) * 1e-6
    slope = np.array([(gap(place + h) - gap(place - h)) / 2e-6 for h in steps]).T
    inner = slope @ found.covariance.loc[labels, labels].to_numpy() @ slope.T
    wanted = gap(place) @ np.linalg.solve(inner, gap(place))
    test = wald_test(found, "sem")
    assert test.statistic == pytest.approx(wanted, rel=1e-7)
    assert test.degrees == 2


def test_one_coefficient_is_the_square_of_its_statistic() -> None:
    found = fit("sdm")
    row = found.estimates.loc["W.x0"]
    test = wald_test(found, "W.x0")
    assert test.statistic == pytest.approx(row["statistic"] ** 2)
    assert test.p_value == pytest.approx(row["p_value"])
    at_truth = wald_test(found, ["rho"], values=pd.Series({"rho": 0.4}))
    ratio = (found.rho - 0.4) / found.estimates["standard_error"]["rho"]
    assert at_truth.statistic == pytest.approx(ratio**2)
    assert at_truth.hypothesis == "rho = 0.4"


def test_a_matrix_restricts_combinations() -> None:
    found = fit("sdm")
    matrix = pd.DataFrame({"x0": [1.0, 1.0], "x1": [-1.0, 0.0]}, ["alike", "first"])
    test = wald_test(found, matrix, values=pd.Series({"first": 1.0, "alike": 0.5}))
    r = matrix.to_numpy()
    gap = r @ found.slopes.to_numpy() - [0.5, 1.0]
    inner = found.covariance.loc[["x0", "x1"], ["x0", "x1"]].to_numpy()
    wanted = gap @ np.linalg.solve(r @ inner @ r.T, gap)
    assert test.statistic == pytest.approx(wanted, rel=1e-10)
    assert test.hypothesis == "2 restrictions on 'x0', 'x1'"


def test_any_fit_can_be_tested() -> None:
    found = fit_fixed_effects(DRAW.panel, "y", DRAW.names, covariance="classical")
    test = wald_test(found, ["x0", "x1"])
    assert test.degrees == 2
    with pytest.raises(
        EstimationError, match="'sar' names a model of fit_spatial_panel"
    ):
        wald_test(found, "sar")


@pytest.mark.parametrize(
    ("restriction", "values", "message"),
    [
        ("sdm", 0.0, "a sdm is not a special case of the sdm"),
        ("sac", 0.0, "a sac is not a special case of the sdm"),
        ("sar", 1.0, "values= does not apply to the name of a model"),
        (["W.x9"], 0.0, "has no coefficient 'W.x9'; it has 'x0', 'x1', 'W.x0'"),
        ([], 0.0, "no coefficient is restricted"),
        (["x0"], pd.Series({"x1": 1.0}), "values lacks 'x0'"),
        (
            pd.DataFrame({"x0": [1.0, 2.0], "x1": [1.0, 2.0]}),
            0.0,
            "2 restrictions depend on each other",
        ),
    ],
)
def test_bad_restrictions_are_refused(
    restriction: Restriction, values: pd.Series | float, message: str
) -> None:
    with pytest.raises(EstimationError, match=message):
        wald_test(fit("sdm"), restriction, values=values)


def test_a_coefficient_without_variance_is_refused() -> None:
    found = fit("sdm")
    bare = found.covariance.copy()
    bare.loc["rho"] = bare["rho"] = np.nan
    with pytest.raises(EstimationError, match="has no variance"):
        wald_test(replace(found, covariance=bare), ["rho"])


def test_common_factor_needs_every_spillover_and_one_w() -> None:
    with pytest.raises(EstimationError, match="lacks those of 'x1'"):
        wald_test(fit("sdm", spillovers=["x0"]), "sem")
    other = graph_of(nearest_matrix(12, 2, rng=8))
    with pytest.raises(EstimationError, match="weights of the lag and the W x differ"):
        wald_test(fit("sdm", spillover_weights=other), "sem")
    w = nearest_matrix(12, 3, rng=6)
    w[2] *= 0.5
    draw = draw_panel(n=12, t=4, w=w, rng=6)
    uneven = fit("sdm", draw, correction="none")
    with pytest.raises(EstimationError, match="do not sum to one"):
        wald_test(uneven, "sem")
    assert wald_test(fit("sdm", draw, effects="city"), "sem").degrees == 2


def test_likelihood_ratio_is_twice_the_gain() -> None:
    for small, large, degrees in (
        ("sar", "sdm", 2),
        ("slx", "sdm", 1),
        ("sem", "sdm", 2),
        ("sem", "sdem", 2),
        ("ols", "sar", 1),
    ):
        one, other = fit(small), fit(large)
        test = likelihood_ratio_test(one, other)
        gain = other.log_likelihood - one.log_likelihood
        assert test.statistic == pytest.approx(2 * gain, rel=1e-12)
        assert test.statistic >= 0
        assert test.degrees == degrees
        assert test.hypothesis == f"the {large} is a {small}"
    within = likelihood_ratio_test(fit("sar", drivers=["x0"]), fit("sar"))
    assert within.hypothesis == (
        "the coefficients that only the larger model has are zero"
    )


def test_wald_and_likelihood_ratio_agree_near_the_hypothesis() -> None:
    draw = draw_panel(n=100, t=8, rho=0.3, error=0.0, rng=3)
    draw = replace(draw, y=_without_spillovers(draw))
    sdm, sar = fit("sdm", draw), fit("sar", draw)
    wald, ratio = wald_test(sdm, "sar"), likelihood_ratio_test(sar, sdm)
    assert wald.statistic == pytest.approx(ratio.statistic, rel=0.05)
    assert wald_test(sdm, "slx").p_value < 0.001
    assert wald_test(sdm, "sem").p_value < 0.001


def _without_spillovers(draw: Draw) -> FloatArray:
    source = np.random.default_rng(2)
    trend = draw.x.sum(axis=2) + source.standard_normal(draw.y.shape)
    return np.asarray(np.linalg.solve(np.eye(100) - 0.3 * draw.w, trend.T).T)


def test_fits_of_other_data_or_methods_are_refused() -> None:
    sdm, sar = fit("sdm"), fit("sar")
    other = draw_panel(n=12, t=4, rng=9)
    cases: list[tuple[SpatialPanelFit, SpatialPanelFit, str]] = [
        (replace(sar, outcome="z"), sdm, "the fits differ in outcome"),
        (fit("sar", effects="city"), sdm, "the fits differ in effects"),
        (fit("sar", correction="none"), sdm, "the fits differ in correction"),
        (replace(sar, rows=3), sdm, "the fits differ in rows"),
        (replace(sar, cities=sar.cities[::-1]), sdm, "of other cities"),
        (replace(sar, years=sar.years + 1), sdm, "of other years"),
        (
            fit("sar", correction="bias"), fit("sdm", correction="bias"),
            "not at the maximum",
        ),
        (fit("sar", other), sdm, "other values of 'y'"),
        (sdm, sar, "does not contain the sdm: it lacks 'W.x0', 'W.x1'"),
        (fit("sem"), sar, "does not contain the sem: it lacks 'lambda'"),
        (sar, sar, "the same coefficients"),
        (sdm, replace(sdm, log_likelihood=0.0), "the same coefficients"),
        (replace(sar, log_likelihood=1e3), sdm, "the sdm fits worse than the sar"),
        (fit("sem"), fit("sdm", spillovers=["x0"]), "lacks those of 'x1'"),
    ]  # fmt: skip
    for small, large, message in cases:
        with pytest.raises(EstimationError, match=message):
            likelihood_ratio_test(small, large)


def test_fits_by_instruments_are_tested_by_their_covariance_alone() -> None:
    draw = draw_panel(n=20, t=6, rng=3)
    found = fit_spatial_iv(draw.panel, draw.graph, "y", draw.names)
    ratio = found.estimates["statistic"]["rho"]
    assert wald_test(found, ["rho"]).statistic == pytest.approx(ratio**2)
    told = "'ols' names a model of fit_spatial_panel, .* such as 'x0'"
    with pytest.raises(EstimationError, match=told):
        wald_test(found, "ols")
    told = "a SpatialIVFit is not a fit of fit_spatial_panel"
    for pair in ((found, fit("sdm")), (fit("sar"), found)):
        with pytest.raises(EstimationError, match=told):
            likelihood_ratio_test(*pair)  # type: ignore[arg-type]


def test_fits_with_other_weights_are_refused() -> None:
    other = draw_panel(n=12, t=4, rng=6)
    w = graph_of(nearest_matrix(12, 2, rng=8))
    moved = fit_spatial_panel(other.panel, w, "y", other.names, model="sar")
    with pytest.raises(EstimationError, match="the lag of the two fits differ"):
        likelihood_ratio_test(moved, fit("sdm"))
    with pytest.raises(EstimationError, match="the W x of the two fits differ"):
        likelihood_ratio_test(fit("slx", spillover_weights=w), fit("sdm"))
    with pytest.raises(EstimationError, match="the error of the two fits differ"):
        likelihood_ratio_test(fit("sem", error_weights=w), fit("sdem"))
    with pytest.raises(EstimationError, match="the error and the lag differ"):
        likelihood_ratio_test(fit("sem", error_weights=w), fit("sdm"))


def test_random_effects_in_and_outside_the_error_are_no_special_case() -> None:
    draw = draw_panel(n=30, t=5, rng=4)
    inside = {"effects": "random", "random_error": "kapoor-kelejian-prucha"}
    sdm = fit("sdm", draw, effects="random")
    outer, inner = fit("sem", draw, effects="random"), fit("sem", draw, **inside)
    assert likelihood_ratio_test(inner, sdm).degrees == 2
    with pytest.raises(EstimationError, match="outside the spatial error"):
        likelihood_ratio_test(outer, sdm)
    with pytest.raises(EstimationError, match="enter the errors differently"):
        likelihood_ratio_test(outer, fit("sdem", draw, **inside))


@pytest.mark.parametrize("name", ["columbus", "baltimore"])
def test_likelihood_ratios_are_those_of_spatialreg(name: str) -> None:
    heights = {
        model: case["log_likelihood"]
        for model, case in specifications("likelihoods")[name].items()
    }
    panel, outcome, drivers = reference_panel(f"{name}_tests", "tests")
    weights = reference_weights(specifications("tests")[f"{name}_tests"]["weights"])
    fits = {
        model: fit_spatial_panel(
            panel, weights, outcome, drivers, effects="none",
            model=model,
        )
        for model in heights
    }  # fmt: skip
    pairs = (
        ("sar", "sdm"), ("slx", "sdm"), ("sem", "sdm"), ("sem", "sdem"),
        ("slx", "sdem"),
    )  # fmt: skip
    for small, large in pairs:
        wanted = 2 * (heights[large] - heights[small])
        test = likelihood_ratio_test(fits[small], fits[large])
        assert test.statistic == pytest.approx(wanted, abs=1e-6)
