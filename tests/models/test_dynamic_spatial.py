import re

import numpy as np
import pandas as pd
import pytest
from spatial_witness import (
    DenseModel,
    Draw,
    codes_of,
    graph_of,
    helmert,
    nearest_matrix,
    real_interval,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    AlignmentError,
    EstimationError,
    InferenceWarning,
    MissingColumnError,
    SpatialCoaggError,
    UnbalancedPanelError,
    WeightsError,
)
from spatial_coagg.models import dynamic_spatial
from spatial_coagg.models._dynamic_spatial import (
    Dynamics,
    excess_fourth_moment,
    fourth_moment_part,
    score_bias,
)
from spatial_coagg.models.dynamic_spatial import fit_dynamic_spatial
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.fit import Fit
from spatial_coagg.report.regression_table import tabulate_models
from spatial_coagg.tables.panel import Panel

STABLE = Dynamics(0.5, -0.1, 0.3)


def draw_dynamic(
    *,
    n: int = 9,
    t: int = 6,
    dynamics: Dynamics = STABLE,
    w: FloatArray | None = None,
    rng: int = 0,
) -> Draw:
    """Draw y = rho W y + tau y(-1) + eta W y(-1) + x0 + 2 x1 - 0.5 W x0 + mu + e."""
    source = np.random.default_rng(rng)
    w = nearest_matrix(n, 3, rng) if w is None else w
    eye, past = np.eye(n), 30
    x = source.standard_normal((t + past, n, 2))
    city = source.standard_normal(n)
    noise = source.standard_normal((t + past, n))
    inverse = np.linalg.inv(eye - dynamics.rho * w)
    moved = inverse @ (dynamics.previous * eye + dynamics.lagged * w)
    y = np.zeros((t + past, n))
    for year in range(1, t + past):
        own = x[year, :, 0] + 2 * x[year, :, 1] - 0.5 * w @ x[year, :, 0]
        y[year] = moved @ y[year - 1] + inverse @ (own + city + noise[year])
    return Draw(y[past:], x[past:], w, codes_of(n))


def fit_of(draw: Draw, **options: object) -> DynamicSpatialFit:
    return fit_dynamic_spatial(draw.panel, draw.graph, "y", draw.names, **options)  # type: ignore[arg-type]


def stacked(draw: Draw, effects: str, model: str, *, previous_lag: bool) -> DenseModel:
    """Write the equation out with city dummies, the year means transformed away."""
    y, w, x = draw.y, draw.w, draw.x
    parts = [y[:-1, :, None]]
    if previous_lag:
        parts.append((y[:-1] @ w.T)[:, :, None])
    parts.append(x[1:])
    if model == "sdm":
        parts.append(np.einsum("ij,tjk->tik", w, x[1:]))
    z = np.concatenate(parts, axis=2)
    years, cities = y[1:].shape
    f = helmert(cities) if effects == "city-year" else np.eye(cities)
    flat = np.einsum("tnk,nm->tmk", z, f).reshape(-1, z.shape[2])
    dummies = np.kron(np.ones((years, 1)), np.eye(f.shape[1]))
    small = f.T @ w @ f
    ends = [real_interval(w)]
    return DenseModel(
        (y[1:] @ f).ravel(),
        flat,
        small,
        small,
        dummies,
        has_lag=True,
        has_error=False,
        ends=ends,
    )


CASES = [
    (effects, model, previous_lag)
    for effects in ("city", "city-year")
    for model in ("sar", "sdm")
    for previous_lag in (True, False)
]


@pytest.mark.parametrize(("effects", "model", "previous_lag"), CASES)
def test_plain_estimates_maximise_the_dense_likelihood(
    effects: str, model: str, *, previous_lag: bool
) -> None:
    draw = draw_dynamic(rng=1)
    fit = fit_of(
        draw, effects=effects, model=model, previous_lag=previous_lag, correction="none"
    )
    dense = stacked(draw, effects, model, previous_lag=previous_lag)
    found = dense.maximise()
    values = [*found["slopes"], found["rho"]]
    np.testing.assert_allclose(fit.estimates["estimate"], values, atol=1e-6)
    assert fit.log_likelihood == pytest.approx(found["log_likelihood"], abs=1e-9)
    assert fit.sigma2 == pytest.approx(found["sigma2"], rel=1e-6)
    assert fit.rows == len(dense.y)
    covariance = dense.expected_covariance(
        found["all_slopes"], found["rho"], 0.0, found["sigma2"]
    )
    np.testing.assert_allclose(
        fit.covariance, covariance[:-1, :-1], rtol=1e-5, atol=1e-8
    )
    assert fit.sigma2_standard_error**2 == pytest.approx(covariance[-1, -1], rel=1e-5)


@pytest.mark.parametrize(("effects", "model", "previous_lag"), CASES)
def test_correction_is_the_formula_of_the_paper_with_dense_matrices(
    effects: str, model: str, *, previous_lag: bool
) -> None:
    draw = draw_dynamic(rng=1)
    options = {"effects": effects, "model": model, "previous_lag": previous_lag}
    plain = fit_of(draw, **options, correction="none")
    fit = fit_of(draw, **options)
    dense = stacked(draw, effects, model, previous_lag=previous_lag)
    slopes, sigma2 = dense.least_squares(plain.dynamics.rho, 0.0)
    w, size, years = dense.w, len(dense.w), dense.blocks
    eye, dynamics = np.eye(size), plain.dynamics
    inverse = np.linalg.inv(eye - dynamics.rho * w)
    a = inverse @ (dynamics.previous * eye + dynamics.lagged * w)
    sums = sum(np.linalg.matrix_power(a, h) for h in range(400)) @ inverse
    g = w @ inverse
    phi = np.zeros(dense.z.shape[1] + 2)
    phi[0] = np.trace(sums) / size
    if previous_lag:
        phi[1] = np.trace(w @ sums) / size
    phi[-2] = (
        dynamics.previous * np.trace(g @ sums)
        + dynamics.lagged * np.trace(g @ w @ sums)
        + np.trace(g)
    ) / size
    phi[-1] = 1 / (2 * sigma2)
    covariance = dense.expected_covariance(slopes, dynamics.rho, 0.0, sigma2)
    shift = covariance * (size * years) @ phi / years
    values = np.r_[plain.estimates["estimate"], plain.sigma2] + shift
    np.testing.assert_allclose(
        np.r_[fit.estimates["estimate"], fit.sigma2], values, rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(fit.uncorrected.iloc[:-1], plain.estimates["estimate"])
    assert fit.log_likelihood == plain.log_likelihood


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["city", "city-year"])
def test_correction_removes_most_of_the_bias(effects: str) -> None:
    truth = Dynamics(0.5, -0.1, 0.3)
    plain, fixed = [], []
    w = nearest_matrix(30, 4, 5)
    for seed in range(30):
        draw = draw_dynamic(n=30, t=9, dynamics=truth, w=w, rng=seed)
        fit = fit_of(draw, effects=effects)
        labels = ["previous.y", "W.previous.y", "rho"]
        plain.append([*fit.uncorrected[labels], fit.uncorrected["sigma2"]])
        fixed.append([*fit.estimates["estimate"][labels], fit.sigma2])
    target = [truth.previous, truth.lagged, truth.rho, 1.0]
    before = np.mean(plain, axis=0) - target
    after = np.mean(fixed, axis=0) - target
    error = np.std(fixed, axis=0) / np.sqrt(len(fixed))
    # tau and sigma2 are pulled down by about 1/T; the correction leaves order 1/T^2.
    assert before[0] < -0.03
    assert before[3] < -0.1
    assert abs(after[0]) < 0.3 * abs(before[0])
    # The slopes take another three per cent of the observations from sigma2.
    assert abs(after[3]) < 0.5 * abs(before[3])
    assert np.all(np.abs(after[:3]) < 0.02 + 3 * error[:3])


def signs(n: int) -> FloatArray:
    """Return all noises of +1 and -1: variance 1, excess fourth moment -2."""
    return np.array(
        [
            [1.0 if number >> place & 1 else -1.0 for place in range(n)]
            for number in range(2**n)
        ]
    )


@pytest.mark.parametrize("by_year", [False, True])
def test_fourth_moment_part_is_that_of_all_noises_of_one_and_minus_one(
    *,
    by_year: bool,
) -> None:
    n, sigma2 = 7, 1.0
    w = nearest_matrix(n, 3, 2)
    g = w @ np.linalg.inv(np.eye(n) - 0.4 * w)
    j = np.eye(n) - 1 / n if by_year else np.eye(n)
    forms = [j @ (g + g.T) @ j / (2 * sigma2), j / (2 * sigma2**2)]
    noise = signs(n)
    scores = np.stack([np.einsum("ri,ij,rj->r", noise, m, noise) for m in forms])
    normal = np.array([[2 * np.trace(m @ k) for k in forms] for m in forms])
    part = fourth_moment_part(g, sigma2, -2.0, years=1, by_year=by_year)
    np.testing.assert_allclose(np.cov(scores, bias=True) - normal, part, atol=1e-12)


@pytest.mark.parametrize("by_year", [False, True])
def test_excess_fourth_moment_is_exact_for_all_noises(*, by_year: bool) -> None:
    noise = signs(7)
    if by_year:
        noise = noise - noise.mean(axis=1, keepdims=True)
    assert excess_fourth_moment(noise, 1.0, by_year=by_year) == pytest.approx(-2.0)


def test_unit_roots_count_as_one() -> None:
    # tau = 1 - rho: the root of the common direction is exactly one.
    values = np.array([1.0, -0.5, -0.2])
    tau, eta, rho = score_bias(Dynamics(0.6, 0.0, 0.4), values, years=10)
    inner = 1 / (0.4 - 0.4 * values[1:])
    share = (1 / 0.6 + 10 / (2 * 0.6)) / 3
    assert tau == pytest.approx(share + inner.sum() / 3)
    assert eta == pytest.approx(share + (values[1:] * inner).sum() / 3)
    g = values / (1 - 0.4 * values)
    through = (0.6 * g[1:] * inner).sum() + g.sum() + 0.6 * g[0] / 0.6
    assert rho == pytest.approx(through / 3 + 10 / (2 * 0.6) / 3)


def test_order_of_rows_and_names_of_cities_change_nothing() -> None:
    draw = draw_dynamic(rng=4)
    fit = fit_of(draw)
    frame = draw.panel.frame.reset_index()
    codes = dict(zip(draw.codes, reversed(draw.codes), strict=True))
    renamed = frame.assign(city=frame["city"].map(codes)).sample(frac=1, random_state=1)
    graph = graph_of(draw.w[::-1, ::-1], draw.codes)
    other = fit_dynamic_spatial(
        Panel.from_frame(renamed, city="city", year="year"), graph, "y", draw.names
    )
    pd.testing.assert_frame_equal(fit.estimates, other.estimates, rtol=1e-8)
    pd.testing.assert_frame_equal(fit.covariance, other.covariance, rtol=1e-6)


def test_units_of_a_driver_scale_its_slopes_alone() -> None:
    draw = draw_dynamic(rng=4)
    fit = fit_of(draw)
    scaled = Draw(draw.y, draw.x * np.array([1000.0, 1.0]), draw.w, draw.codes)
    other = fit_of(scaled)
    ratio = fit.estimates["estimate"] / other.estimates["estimate"]
    expected = {"x0": 1000.0, "W.x0": 1000.0}
    for name, value in ratio.items():
        assert value == pytest.approx(expected.get(str(name), 1.0), rel=1e-6)


def test_only_the_spillovers_asked_for_are_there() -> None:
    fit = fit_of(draw_dynamic(rng=4), spillovers=["x1"])
    assert [*fit.estimates.index] == [
        "previous.y", "W.previous.y", "x0", "x1", "W.x1", "rho",
    ]  # fmt: skip
    assert fit.spillovers == ("x1",)


def test_residuals_are_swept_and_labelled() -> None:
    draw = draw_dynamic(rng=4)
    fit = fit_of(draw)
    assert [*fit.residuals.index.unique("year")] == [*fit.years] == [*range(2001, 2006)]
    by_city = fit.residuals.groupby("city").mean()
    by_year = fit.residuals.groupby("year").mean()
    np.testing.assert_allclose([*by_city, *by_year], 0, atol=1e-12)


def test_fit_answers_the_protocol_of_fits() -> None:
    fit = fit_of(draw_dynamic(rng=4), model="sar")
    assert isinstance(fit, Fit)
    assert fit.title == "Dynamic spatial lag (SAR), effects: city, year"
    assert fit.facts["observations"] == 45
    assert fit.facts["tau_eta_rho"] == pytest.approx(fit.dynamics.total)
    assert fit.facts["largest_root"] == fit.largest_root


def test_a_table_of_models_takes_the_fit() -> None:
    draw = draw_dynamic(rng=4)
    table = tabulate_models([fit_of(draw, model=each) for each in ("sar", "sdm")])
    assert any("previous" in str(label) for label in table.to_frame().index)


def test_city_effects_take_weights_that_are_not_standardised() -> None:
    draw = draw_dynamic(rng=4)
    binary = (draw.w > 0) * 1.0
    binary[0] = 0.0
    other = Draw(draw.y, draw.x, binary / 4, draw.codes)
    fit = fit_of(other, effects="city", correction="none")
    dense = stacked(other, "city", "sdm", previous_lag=True)
    found = dense.maximise()
    values = [*found["slopes"], found["rho"]]
    np.testing.assert_allclose(fit.estimates["estimate"], values, atol=1e-6)


def test_year_effects_refuse_weights_that_are_not_standardised() -> None:
    draw = draw_dynamic(rng=4)
    other = Draw(draw.y, draw.x, draw.w / 2, draw.codes)
    with pytest.raises(WeightsError, match=r"9 rows of the weights do not sum to one"):
        fit_of(other)


def test_a_model_that_is_not_stable_is_told() -> None:
    draw = draw_dynamic(rng=4, dynamics=Dynamics(0.8, 0.0, 0.3), t=12)
    with pytest.warns(InferenceWarning, match=r"not stable: tau \+ eta \+ rho = 1\.\d"):
        fit = fit_of(draw, effects="city", model="sar", previous_lag=False)
    assert not fit.is_stable
    assert fit.largest_root > 1


def test_rho_at_its_bound_is_told() -> None:
    source = np.random.default_rng(0)
    w = nearest_matrix(9, 3, 0)
    y = source.standard_normal((6, 1)) * np.ones((1, 9))
    y = y + 1e-4 * source.standard_normal((6, 9))
    draw = Draw(y, source.standard_normal((6, 9, 1)), w, codes_of(9))
    with pytest.warns(InferenceWarning, match="at or beyond the bound"):
        fit_of(draw, effects="city", model="sar", previous_lag=False)


def test_years_with_a_gap_are_refused() -> None:
    draw = draw_dynamic(rng=4)
    frame = draw.panel.frame.reset_index()
    frame = frame[frame["year"] != 2002]
    with pytest.raises(UnbalancedPanelError, match="after 2001 comes 2003"):
        fit_dynamic_spatial(
            Panel.from_frame(frame, city="city", year="year"), draw.graph, "y", ["x0"]
        )


def test_every_second_year_is_equally_spaced() -> None:
    draw = draw_dynamic(rng=4)
    frame = draw.panel.frame.reset_index()
    frame["year"] = 2000 + 2 * (frame["year"] - 2000)
    panel = Panel.from_frame(frame, city="city", year="year")
    fit = fit_dynamic_spatial(panel, draw.graph, "y", draw.names)
    assert [*fit.years] == [2002, 2004, 2006, 2008, 2010]
    pd.testing.assert_frame_equal(fit.estimates, fit_of(draw).estimates)


def test_too_few_years_are_refused() -> None:
    with pytest.raises(EstimationError, match="it takes three years"):
        fit_of(draw_dynamic(t=2))


def test_too_many_cities_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamic_spatial, "DENSE_LIMIT", 5)
    with pytest.raises(EstimationError, match="9 cities are more than 5"):
        fit_of(draw_dynamic())


def test_an_incomplete_panel_is_refused() -> None:
    draw = draw_dynamic()
    frame = draw.panel.frame.reset_index().drop(index=3)
    panel = Panel.from_frame(frame, city="city", year="year")
    with pytest.raises(UnbalancedPanelError, match="city '000' in 2003"):
        fit_dynamic_spatial(panel, draw.graph, "y", ["x0"])


def test_weights_of_other_cities_are_refused() -> None:
    draw = draw_dynamic()
    graph = graph_of(draw.w, [f"1{code}" for code in draw.codes])
    with pytest.raises(AlignmentError, match="weights lacks 9 of the 9 cities"):
        fit_dynamic_spatial(draw.panel, graph, "y", ["x0"])


def test_an_absent_driver_is_refused() -> None:
    draw = draw_dynamic()
    with pytest.raises(MissingColumnError, match="no_such"):
        fit_dynamic_spatial(draw.panel, draw.graph, "y", ["no_such"])


def test_a_driver_swept_out_is_named() -> None:
    draw = draw_dynamic()
    x = draw.x.copy()
    x[:, :, 1] = x[0, :, 1]
    with pytest.raises(
        EstimationError, match="'x1' does not vary beyond its city-year"
    ):
        fit_of(Draw(draw.y, x, draw.w, draw.codes))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "sem"}, "model must be one of 'sar', 'sdm'"),
        ({"effects": "year"}, "effects must be one of 'city', 'city-year'"),
        ({"correction": "transform"}, "correction must be one of 'bias', 'none'"),
        ({"covariance": "observed"}, "covariance must be one of 'expected', 'robust'"),
        ({"model": "sar", "spillovers": ["x0"]}, "model 'sar' has no W x"),
        ({"spillovers": ["z"]}, "spillovers 'z' are not among the drivers"),
    ],
)
def test_options_that_do_not_exist_are_refused(
    options: dict[str, object], told: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=re.escape(told)):
        fit_of(draw_dynamic(), **options)
