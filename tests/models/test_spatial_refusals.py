"""Bad input of spatial models: each a named error or warning."""

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from spatial_witness import (
    Draw,
    codes_of,
    dense_model,
    draw_panel,
    graph_of,
    nearest_matrix,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    AlignmentError,
    DuplicateKeyError,
    EstimationError,
    InferenceWarning,
    MissingColumnError,
    SpatialCoaggError,
    UnbalancedPanelError,
    WeightsError,
)
from spatial_coagg.models import spatial_logdet, spatial_random
from spatial_coagg.models.compare import compare_models
from spatial_coagg.models.marginals import log_marginal_likelihoods
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_random import fit_spatial_random
from spatial_coagg.models.spatial_rows import observations_left
from spatial_coagg.tables.panel import Panel


def fit_of(draw: Draw, **options: Any) -> SpatialPanelFit:  # noqa: ANN401
    panel, graph = options.pop("panel", draw.panel), options.pop("graph", draw.graph)
    drivers = options.pop("drivers", draw.names)
    return fit_spatial_panel(panel, graph, "y", drivers, **options)


@pytest.mark.parametrize("place", ["weights", "error_weights", "spillover_weights"])
def test_weights_that_miss_cities_are_refused_by_name(place: str) -> None:
    draw = draw_panel()
    fewer = graph_of(nearest_matrix(8, 3, 0))
    options = {"graph": fewer} if place == "weights" else {place: fewer}
    told = f"{place} lacks 1 of the 9 cities of the panel: '008'"
    with pytest.raises(AlignmentError, match=re.escape(told)):
        fit_of(draw, model="gns", **options)


def test_weights_with_other_cities_are_refused() -> None:
    more = graph_of(nearest_matrix(10, 3, 0))
    told = "weights has 1 cities that the panel lacks: '009'"
    with pytest.raises(AlignmentError, match=re.escape(told)):
        fit_of(draw_panel(), graph=more)


def with_island() -> Draw:
    draw = draw_panel()
    w = draw.w.copy()
    w[3] = 0.0
    return Draw(draw.y, draw.x, w, draw.codes)


@pytest.mark.parametrize("effects", ["year", "city-year"])
def test_an_island_under_year_effects_is_told(effects: str) -> None:
    told = "1 rows of the weights do not sum to one (cities without neighbours"
    with pytest.warns(InferenceWarning, match=re.escape(told)) as caught:
        fit = fit_of(with_island(), effects=effects)
    assert fit.correction == "none"
    assert "rho and lambda are biased downwards" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_an_island_is_refused_where_its_row_must_sum_to_one() -> None:
    told = 'use correction="bias" or "none", or weights with transform="row"'
    with pytest.raises(WeightsError, match=re.escape(told)):
        fit_of(with_island(), correction="transform")


def test_rows_that_do_not_sum_to_one_are_refused_by_the_transformation() -> None:
    draw = draw_panel()
    halved = Draw(draw.y, draw.x, draw.w / 2, draw.codes)
    with pytest.raises(WeightsError, match="9 rows of the weights do not sum to one"):
        fit_of(halved, correction="transform")


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sac"])
def test_the_bias_correction_does_not_depend_on_the_scale_of_the_weights(
    model: str,
) -> None:
    draw = draw_panel()
    halved = Draw(draw.y, draw.x, draw.w / 2, draw.codes)
    with warnings.catch_warnings(action="ignore", category=InferenceWarning):
        whole = fit_of(draw, model=model, correction="bias")
        half = fit_of(halved, model=model, correction="bias")
    assert half.rho == pytest.approx(2 * whole.rho, abs=1e-7)
    assert half.error_lambda == pytest.approx(2 * whole.error_lambda, abs=1e-7)
    assert half.sigma2 == pytest.approx(whole.sigma2, rel=1e-7)


def test_rows_of_error_weights_count_where_there_is_an_error() -> None:
    draw = draw_panel()
    halved = graph_of(draw.w / 2)
    with pytest.raises(WeightsError, match="9 rows of the weights"):
        fit_of(draw, model="sem", error_weights=halved, correction="transform")
    assert fit_of(draw, model="sar").correction == "transform"


def test_rows_of_spillover_weights_may_sum_to_anything() -> None:
    draw = draw_panel()
    fit = fit_of(draw, model="sdm", spillover_weights=graph_of(draw.w / 2))
    assert fit.correction == "transform"


@pytest.mark.parametrize("effects", ["city", "random"])
def test_an_unbalanced_panel_names_the_first_gap(effects: str) -> None:
    draw = draw_panel()
    frame = draw.panel.frame.reset_index().drop(index=6)
    panel = Panel.from_frame(frame, city="city", year="year")
    told = "1 of 36 city-years are missing or incomplete in 'y', 'x0', 'x1', the first "
    with pytest.raises(UnbalancedPanelError, match=re.escape(told) + "for city '001'"):
        fit_of(draw, panel=panel, effects=effects)


def test_a_missing_value_is_a_gap() -> None:
    draw = draw_panel()
    frame = draw.panel.frame.reset_index()
    frame.loc[6, "x1"] = np.nan
    panel = Panel.from_frame(frame, city="city", year="year")
    with pytest.raises(UnbalancedPanelError, match="for city '001' in 2002"):
        fit_of(draw, panel=panel)


def test_an_infinite_value_is_refused() -> None:
    draw = draw_panel()
    frame = draw.panel.frame.reset_index()
    frame.loc[6, "x1"] = -np.inf
    panel = Panel.from_frame(frame, city="city", year="year")
    with pytest.raises(SpatialCoaggError, match=r"infinite values.*'x1'"):
        fit_of(draw, panel=panel)


@pytest.mark.parametrize("effects", ["city", "city-year"])
def test_one_year_is_too_short_for_city_effects(effects: str) -> None:
    told = "1 years of 9 cities leave 0 observations"
    with pytest.raises(EstimationError, match=told):
        fit_of(draw_panel(t=1), effects=effects)


def test_one_year_is_too_short_for_random_effects() -> None:
    with pytest.raises(EstimationError, match="are too few for random city effects"):
        fit_of(draw_panel(t=1), effects="random")


def test_more_slopes_than_observations_are_refused() -> None:
    with pytest.raises(EstimationError, match="observations for 12 slopes"):
        fit_of(draw_panel(n=5, t=3, drivers=6))


@pytest.mark.parametrize("effects", ["none", "city", "year", "city-year"])
def test_what_the_effects_leave_is_the_space_beside_their_dummies(effects: str) -> None:
    dummies = dense_model(draw_panel(n=5, t=3), "ols", effects, "none").dummies
    left = 15 - (np.linalg.matrix_rank(dummies) if dummies.size else 0)
    assert observations_left(3, 5, effects) == left  # type: ignore[arg-type]


@pytest.mark.parametrize("correction", ["transform", "bias", "none"])
@pytest.mark.parametrize(
    ("model", "drivers", "beside"),
    [
        ("ols", 8, ""),
        ("sar", 7, ", rho"),
        ("sem", 8, ", lambda"),
        ("sac", 6, ", rho, "),
    ],
)
def test_data_without_noise_to_spare_are_refused_by_every_correction(
    correction: str, model: str, drivers: int, beside: str
) -> None:
    draw = draw_panel(n=5, t=3, drivers=drivers, rng=1)
    told = f"3 years of 5 cities leave 8 observations for {drivers} slopes{beside}"
    with pytest.raises(EstimationError, match=told):
        fit_of(draw, model=model, correction=correction)
    assert np.isfinite(fit_of(draw_panel(n=6, t=3, drivers=6), model="sar").sigma2)


def test_residuals_that_vanish_towards_the_bound_of_lambda_are_refused() -> None:
    # B is singular there in one direction, in which residuals of two years fit.
    draw = draw_panel(n=5, t=3, drivers=6, rng=1)
    for correction in ("transform", "none"):
        with pytest.raises(
            EstimationError, match="likelihood of the sem has no maximum"
        ):
            fit_of(draw, model="sem", correction=correction)


MODELS_OF_NOISE = ["ols", "slx", "sar", "sem", "sac"]


def with_outcome(draw: Draw, y: FloatArray) -> Draw:
    return Draw(y, draw.x, draw.w, draw.codes)


@pytest.mark.parametrize("model", MODELS_OF_NOISE)
@pytest.mark.parametrize("effects", ["none", "city", "year", "city-year", "random"])
def test_an_outcome_that_does_not_vary_is_named(model: str, effects: str) -> None:
    draw = draw_panel()
    for value in (0.0, 3.7):
        flat = with_outcome(draw, np.full_like(draw.y, value))
        with pytest.raises(EstimationError, match="outcome 'y' does not vary"):
            fit_of(flat, model=model, effects=effects)


@pytest.mark.parametrize("model", MODELS_OF_NOISE)
def test_an_outcome_that_the_effects_sweep_out_is_named(model: str) -> None:
    draw = draw_panel()
    by_city = with_outcome(draw, np.tile(draw.y[0], (4, 1)))
    by_year = with_outcome(draw, np.tile(draw.y[:, :1], (1, 9)))
    for swept, effects, kind in (
        (by_city, "city", "city"),
        (by_city, "random", "city"),
        (by_year, "year", "year"),
        (with_outcome(draw, by_city.y + by_year.y), "city-year", "city-year"),
    ):
        told = f"outcome 'y' does not vary beyond its {kind} effects"
        with pytest.raises(EstimationError, match=told):
            fit_of(swept, model=model, effects=effects)


@pytest.mark.parametrize("model", MODELS_OF_NOISE)
@pytest.mark.parametrize("effects", ["none", "city", "year", "city-year", "random"])
def test_an_outcome_made_of_its_drivers_is_named(model: str, effects: str) -> None:
    draw = draw_panel()
    made = with_outcome(draw, 2 * draw.x[:, :, 0] - draw.x[:, :, 1] + 1e4)
    with pytest.raises(
        EstimationError, match="drivers explain the outcome 'y' exactly"
    ):
        fit_of(made, model=model, effects=effects)


@pytest.mark.parametrize("effects", ["none", "city", "city-year", "random"])
def test_an_outcome_made_of_drivers_and_its_own_lag_is_named(effects: str) -> None:
    draw = draw_panel()
    trend = 2 * draw.x[:, :, 0] - draw.x[:, :, 1]
    made = with_outcome(draw, np.linalg.solve(np.eye(9) - 0.4 * draw.w, trend.T).T)
    told = "drivers and its own spatial lag explain the outcome 'y' exactly"
    with pytest.raises(EstimationError, match=told):
        fit_of(made, model="sar", effects=effects)
    with warnings.catch_warnings(action="ignore", category=InferenceWarning):
        assert fit_of(made, model="ols", effects=effects).sigma2 > 0


def test_noise_a_hundred_thousand_times_smaller_is_noise() -> None:
    draw = draw_panel(spread=1e-5, spillover=0.0, error=0.0, rng=2)
    assert fit_of(draw, model="sar").sigma2 == pytest.approx(1e-10, rel=0.5)


@pytest.mark.parametrize("effects", ["none", "city-year", "random"])
@pytest.mark.parametrize("place", ["weights", "error_weights", "spillover_weights"])
def test_weights_without_a_link_are_refused(effects: str, place: str) -> None:
    empty = graph_of(np.zeros((9, 9)))
    options = {"graph": empty} if place == "weights" else {place: empty}
    told = f"no city has a neighbour in {place}, every weight is zero"
    with pytest.raises(WeightsError, match=told):
        fit_of(draw_panel(), model="gns", effects=effects, **options)


def test_a_table_is_no_panel() -> None:
    draw = draw_panel()
    told = re.escape(
        "panel must be a Panel, got DataFrame; make one with Panel.from_fr"
    )
    for effects in ("city-year", "random"):
        with pytest.raises(TypeError, match=told):
            fit_of(draw, panel=draw.panel.frame, effects=effects)
    for function in (compare_models, log_marginal_likelihoods):
        with pytest.raises(TypeError, match=told):
            function(draw.panel.frame, draw.graph, "y", draw.names)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"covariance": "hc3"}, "covariance must be one of 'expected', 'observed'"),
        ({"correction": "full"}, "correction must be one of 'transform', 'bias'"),
        ({"effects": "random", "covariance": "hc3"}, "covariance must be one of"),
    ],
)
def test_options_are_checked_before_anything_is_computed(
    options: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(*_: object) -> None:
        raise AssertionError("an eigenvalue was computed")

    monkeypatch.setattr(spatial_logdet, "spectrum", compute)
    monkeypatch.setattr(spatial_random, "spectrum", compute)
    with pytest.raises(SpatialCoaggError, match=told):
        fit_of(draw_panel(), **options)


@pytest.mark.parametrize("covariance", ["expected", "serial"])
def test_options_of_random_effects_are_checked_before_anything_is_computed(
    covariance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = draw_panel()
    monkeypatch.setattr(spatial_random, "random_likelihood", None)
    with pytest.raises(SpatialCoaggError, match="expected"):
        fit_spatial_random(
            draw.panel, draw.graph, "y", draw.names, serial=True,
            covariance=covariance,  # type: ignore[arg-type]
        )  # fmt: skip


def test_a_driver_constant_in_time_is_named_under_city_effects() -> None:
    draw = draw_panel()
    x = draw.x.copy()
    x[:, :, 1] = x[0, :, 1]
    told = "'x1' does not vary beyond its city effects"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes), effects="city")


def test_a_driver_of_the_year_alone_is_named_under_year_effects() -> None:
    draw = draw_panel()
    x = draw.x.copy()
    x[:, :, 0] = x[:, :1, 0]
    told = "'x0' does not vary beyond its year effects"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes), effects="year")


def test_a_driver_that_is_its_own_lag_is_named() -> None:
    # The same everywhere in a year, so W.x0 = x0 for rows that sum to one.
    draw = draw_panel()
    x = draw.x.copy()
    x[:, :, 0] = x[:, :1, 0]
    told = "'W.x0' is a linear combination of 'x0'"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes), effects="city")


def test_a_lag_that_other_drivers_add_up_to_is_named() -> None:
    draw = draw_panel(drivers=3)
    x = draw.x.copy()
    x[:, :, 2] = x[:, :, 0] @ draw.w.T - 2 * x[:, :, 1]
    told = "'W.x0' is a linear combination of 'x1', 'x2' once the city-year effects"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes))


@pytest.mark.parametrize("effects", ["city-year", "random"])
def test_drivers_that_add_up_are_named(effects: str) -> None:
    draw = draw_panel(drivers=3)
    x = draw.x.copy()
    x[:, :, 2] = x[:, :, 0] - x[:, :, 1]
    told = "'x2' is a linear combination of 'x0', 'x1'"
    with pytest.raises(EstimationError, match=told):
        fit_of(Draw(draw.y, x, draw.w, draw.codes), model="sar", effects=effects)


@pytest.mark.parametrize("model", ["sar", "sem"])
def test_a_common_year_left_out_drives_rho_or_lambda_to_its_bound(model: str) -> None:
    source = np.random.default_rng(0)
    y = source.standard_normal((6, 1)) + 1e-4 * source.standard_normal((6, 9))
    draw = Draw(
        y, source.standard_normal((6, 9, 1)), nearest_matrix(9, 3, 0), codes_of(9)
    )
    name = "rho" if model == "sar" else "lambda"
    told = f"{name} = .* lies at the bound of its"
    with pytest.warns(InferenceWarning, match=told) as caught:
        fit_of(draw, model=model, effects="city")
    assert caught[0].filename == __file__


def test_two_maxima_of_nearly_the_same_height_are_told() -> None:
    w = (nearest_matrix(9, 3, 1) > 0) * 0.7
    w[4] = 0.0
    draw = draw_panel(w=w, rho=0.2, error=0.1, rng=8)
    told = "likelihood of the sac has 2 maxima of nearly the same height"
    with pytest.warns(InferenceWarning, match=told):
        fit_of(draw, model="sac", effects="none")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "sdem2"}, "model must be one of 'ols', 'slx'"),
        ({"effects": "both"}, "effects must be one of 'none', 'city'"),
        ({"correction": "full"}, "correction must be one of 'transform', 'bias'"),
        ({"model": "sar", "spillovers": ["x0"]}, "model 'sar' has no W x"),
        ({"spillovers": ["z"]}, "spillovers 'z' are not among the drivers"),
        ({"drivers": []}, "a spatial model needs at least one driver"),
        ({"spillovers": "x0"}, "spillovers must be a list of names, such as ['x0']"),
        (
            {"effects": "random", "correction": "transform"},
            "random effects are no incidental parameters",
        ),
    ],
)
def test_options_that_do_not_exist_are_refused(
    options: dict[str, Any], told: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=re.escape(told)):
        fit_of(draw_panel(), **options)


@pytest.mark.parametrize("effects", ["city", "random"])
@pytest.mark.parametrize(
    ("model", "name", "told"),
    [
        ("sar", "error_weights", "has no spatial error, so error_weights= does not"),
        ("sdm", "error_weights", "has no spatial error, so error_weights= does not"),
        ("sem", "spillover_weights", "has no W x, so spillover_weights= does not"),
    ],
)
def test_weights_of_a_term_that_is_not_there_are_refused(
    effects: str, model: str, name: str, told: str
) -> None:
    draw = draw_panel()
    with pytest.raises(EstimationError, match=told):
        fit_of(draw, model=model, effects=effects, **{name: draw.graph})


@pytest.mark.parametrize("effects", ["city", "random"])
def test_weights_of_no_spillovers_are_refused(effects: str) -> None:
    draw = draw_panel()
    told = re.escape("spillovers=[], so spillover_weights= does not apply")
    with pytest.raises(EstimationError, match=told):
        fit_of(draw, effects=effects, spillovers=[], spillover_weights=draw.graph)


def test_a_form_of_random_effects_is_refused_without_them() -> None:
    told = "is about random effects, not effects='city'"
    with pytest.raises(EstimationError, match=told):
        fit_of(draw_panel(), effects="city", random_error="kapoor-kelejian-prucha")
    with pytest.raises(SpatialCoaggError, match="random_error must be one of"):
        fit_of(draw_panel(), effects="city", random_error="kkp")


def test_a_form_of_the_error_is_refused_where_there_is_none() -> None:
    told = "model 'sar' has no spatial error, so that of Kapoor-Kelejian-Prucha"
    kind = {"effects": "random", "random_error": "kapoor-kelejian-prucha"}
    with pytest.raises(EstimationError, match=told):
        fit_of(draw_panel(), model="sar", **kind)


@pytest.mark.parametrize("correction", ["transform", "bias"])
def test_a_correction_is_refused_without_effects(correction: str) -> None:
    told = f"no incidental parameters, so correction='{correction}' does not apply"
    with pytest.raises(EstimationError, match=told):
        fit_of(draw_panel(), effects="none", correction=correction)


@pytest.mark.parametrize("effects", ["city", "random"])
def test_the_outcome_is_no_driver_and_a_driver_stands_once(effects: str) -> None:
    draw = draw_panel()
    for drivers, name in ((["x0", "y"], "y"), (["x0", "x0"], "x0")):
        with pytest.raises(EstimationError, match=f"'{name}' occurs twice among"):
            fit_of(draw, drivers=drivers, effects=effects)


@pytest.mark.parametrize("effects", ["city", "random"])
def test_drivers_are_a_list(effects: str) -> None:
    with pytest.raises(EstimationError, match=re.escape("such as ['x0']")):
        fit_of(draw_panel(), drivers="x0", effects=effects)


@pytest.mark.parametrize("name", ["rho", "lambda", "phi", "constant"])
def test_a_driver_is_not_called_as_a_coefficient_of_the_model(name: str) -> None:
    frame = draw_panel().panel.frame.rename(columns={"x1": name}).reset_index()
    panel = Panel.from_frame(frame, city="city", year="year")
    with pytest.raises(EstimationError, match=f"cannot be called '{name}'"):
        fit_of(draw_panel(), panel=panel, drivers=["x0", name])


def test_an_absent_driver_is_named() -> None:
    with pytest.raises(MissingColumnError, match="no column 'roads'"):
        fit_of(draw_panel(), drivers=["roads"])


def test_a_matrix_is_no_weights() -> None:
    with pytest.raises(TypeError, match="must be a Graph or W of libpysal"):
        fit_of(draw_panel(), graph=draw_panel().w)


def test_prediction_takes_exactly_the_cities_of_the_fit() -> None:
    draw = draw_panel()
    fit = fit_of(draw)
    frame = draw.panel.frame
    with pytest.raises(AlignmentError, match="1 city-years differ, the first"):
        fit.predict(frame.drop(index=("003", 2001)))
    with pytest.raises(MissingColumnError, match="no column 'x1'"):
        fit.predict(frame[["x0"]])


def test_prediction_names_what_is_wrong_with_the_drivers() -> None:
    draw = draw_panel()
    fit, frame = fit_of(draw), draw.panel.frame[draw.names]
    with pytest.raises(AlignmentError, match="needs the index levels city and year"):
        fit.predict(frame.reset_index())
    with pytest.raises(AlignmentError, match=r"got \['year', 'city'\]"):
        fit.predict(frame.swaplevel())
    with pytest.raises(DuplicateKeyError, match="the drivers has 1 duplicated keys"):
        fit.predict(pd.concat([frame, frame.iloc[:1]]))
    gap = frame.copy()
    gap.loc[("003", 2001), "x0"] = np.nan
    with pytest.raises(
        SpatialCoaggError, match=r"1 city-years lack one.*'003' in 2001"
    ):
        fit.predict(gap)
