"""Robust covariances of spatial panel models, by three witnesses."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from spatial_references import (
    NUMBERS,
    data_folder,
    label,
    reference_panel,
    reference_weights,
    specifications,
)
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from benchmarks.bench_spatial_coverage import replicate_corrections, replicate_robust
from spatial_coagg._typing import Effects, FloatArray
from spatial_coagg.errors import (
    AlignmentError,
    BoundaryError,
    EstimationError,
    InferenceWarning,
    MissingColumnError,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.models import _spatial_quasi
from spatial_coagg.models._spatial_information import expected_information
from spatial_coagg.models._spatial_likelihood import Solution
from spatial_coagg.models._spatial_quasi import (
    NoiseMoments,
    Swept,
    noise_moments,
    quasi_covariance,
    score_variance,
)
from spatial_coagg.models.covariances import DriscollKraay
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.spatial_covariances import (
    SpatialCovariance,
    settle_covariance,
)
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_hac import Conley, SpatialKernel
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import (
    Correction,
    SpatialModel,
    build_likelihood,
    read_plan,
)
from spatial_coagg.models.spatial_rows import SpatialRows, read_matrix
from spatial_coagg.tables.panel import Panel
from spatial_coagg.tables.shapes import load_city_list

EFFECTS = ("none", "city", "year", "city-year")


def fit(drawn: Draw, **options: object) -> SpatialPanelFit:
    return fit_spatial_panel(drawn.panel, drawn.graph, "y", drawn.names, **options)


def errors_of(found: SpatialPanelFit) -> FloatArray:
    return found.estimates["standard_error"].to_numpy()


@cache
def references() -> dict[str, Any]:
    text = (NUMBERS / "spatial_covariances.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


# Quasi-maximum likelihood


def skewed_panel(t: int, n: int = 9, rng: int = 3, **options: object) -> Draw:
    """Return a panel whose noise is clearly not normal."""
    drawn = draw_panel(n=n, t=t, rng=rng, **options)
    noise = np.random.default_rng(rng).exponential(size=(t, n)) - 1
    eye = np.eye(n)
    shift = np.linalg.solve(eye - 0.4 * drawn.w, 2 * noise.T).T
    return Draw(drawn.y + shift, drawn.x, drawn.w, drawn.codes)


@dataclass(frozen=True)
class Term:
    """b, P and the curvature of the log-determinants of one parameter."""

    mean: FloatArray
    square: FloatArray
    curvature: float | None = None


def dense_projection(
    drawn: Draw, found: SpatialPanelFit, error_w: FloatArray
) -> FloatArray:
    """Return Q, NT x NT, year by year."""
    t, n = drawn.y.shape
    v = (np.eye(n) - found.error_lambda * error_w) @ np.ones(n)
    over_time, over_space = np.eye(t), np.eye(n)
    if "city" in found.effects:
        over_time = over_time - 1 / t
    if "year" in found.effects:
        over_space = over_space - np.outer(v, v) / (v @ v)
    return np.kron(over_time, over_space)


def dense_terms(
    drawn: Draw,
    found: SpatialPanelFit,
    error_w: FloatArray,
    q: FloatArray,
    e: FloatArray,
) -> list[Term]:
    """Return the terms of the score, slopes first, sigma2 last."""
    (t, n), w = drawn.y.shape, drawn.w
    b = np.eye(n) - found.error_lambda * error_w
    columns = [drawn.x[:, :, place] for place in range(drawn.x.shape[2])]
    columns += [column @ w.T for column in columns] if found.spillovers else []
    columns += [np.ones((t, n))] if found.effects == "none" else []
    terms = [Term(q @ (each @ b.T).ravel(), 0 * q) for each in columns]
    by_city, by_year = ("city" in found.effects), ("year" in found.effects)
    plain = found.correction == "none"
    years = t if plain else t - by_city
    unit = by_year and not plain
    if "rho" in found.estimates.index:
        g = w @ np.linalg.inv(np.eye(n) - found.rho * w)
        p = np.kron(np.eye(t), b @ g @ np.linalg.inv(b))
        mean = q @ (drawn.y @ w.T @ b.T).ravel() - q @ p @ e
        bend = years * (np.trace(g @ g) - unit / (1 - found.rho) ** 2)
        terms.append(Term(mean, q @ p @ q, bend))
    if "lambda" in found.estimates.index:
        h = error_w @ np.linalg.inv(b)
        bend = years * (np.trace(h @ h) - unit / (1 - found.error_lambda) ** 2)
        terms.append(Term(0 * e, q @ np.kron(np.eye(t), h) @ q, bend))
    return [*terms, Term(0 * e, q / (2 * found.sigma2))]


def dense_sandwich(
    drawn: Draw, found: SpatialPanelFit, error_w: FloatArray | None = None
) -> FloatArray:
    """Compute I^-1 V I^-1 with every matrix NT x NT, formula by formula."""
    error_w = drawn.w if error_w is None else error_w
    q = dense_projection(drawn, found, error_w)
    e = found.residuals.unstack("city").to_numpy().ravel()
    rows, sigma2 = round(float(np.trace(q))), found.sigma2
    # Corrected estimates are not at a maximum: their variance is not e'e / rows.
    s = sigma2 if found.correction == "bias" else e @ e / rows
    third = 0.0
    if "city" not in found.effects:
        third = np.mean(e**3) / np.mean(np.sum(q**3, axis=1))
    fourth = np.mean(e**4) - 3 * s**2 * np.mean(np.diag(q) ** 2)
    fourth /= np.mean(np.sum(q**4, axis=1))
    terms = dense_terms(drawn, found, error_w, q, e)
    variance, hessian = np.zeros((2, len(terms), len(terms)))
    for i, one in enumerate(terms):
        for j, two in enumerate(terms):
            linear = one.mean @ two.mean
            trace = np.trace(one.square @ (two.square + two.square.T))
            d, f = np.diag(one.square), np.diag(two.square)
            hessian[i, j] = (linear + s * trace) / sigma2
            variance[i, j] = s * linear + s**2 * trace + fourth * d @ f
            variance[i, j] += third * (one.mean @ f + two.mean @ d)
        if one.curvature is not None:
            hessian[i, i] += one.curvature
            hessian[i, i] -= s / sigma2 * np.trace(one.square @ one.square)
    hessian[-1, -1] = -found.rows / (2 * sigma2**2) + s * rows / sigma2**3
    inverse = np.linalg.inv(hessian)
    return np.asarray(inverse @ variance @ inverse / sigma2**2)


@pytest.mark.parametrize(
    ("effects", "correction"),
    [
        ("none", "none"),
        *product(EFFECTS[1:], ["transform", "bias", "none"]),
    ],
)
@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sdem", "sac"])
def test_sandwich_is_that_of_dense_matrices(
    model: str, effects: str, correction: str
) -> None:
    drawn = skewed_panel(t=4)
    with warnings.catch_warnings(action="ignore"):  # two maxima of the SAC
        found = fit(
            drawn,
            model=model,
            effects=effects,
            correction=correction,
            covariance="robust",
        )
    assert found.standard_errors == "quasi-maximum likelihood (robust)"
    dense = dense_sandwich(drawn, found)
    np.testing.assert_allclose(found.covariance, dense[:-1, :-1], rtol=1e-8, atol=1e-12)
    assert found.sigma2_standard_error == pytest.approx(np.sqrt(dense[-1, -1]))


@pytest.mark.parametrize("effects", EFFECTS)
def test_sandwich_holds_for_two_matrices(effects: Effects) -> None:
    drawn, error_w = skewed_panel(t=4), nearest_matrix(9, 2, 8)
    with warnings.catch_warnings(action="ignore"):  # two maxima
        found = fit(
            drawn,
            model="sac",
            effects=effects,
            error_weights=graph_of(error_w, drawn.codes),
            covariance="robust",
        )
    dense = dense_sandwich(drawn, found, error_w)
    np.testing.assert_allclose(found.covariance, dense[:-1, :-1], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "cigar_dyn_sar_ind",
        "cigar_dyn_tlonly_sar_ind",
        "produc_dyn_sar_ind",
        "produc_dyn_tlonly_sar_ind",
    ],
)
def test_sandwich_without_small_sample_terms_is_that_of_the_bank(name: str) -> None:
    case = references()["quasi"]["specifications"][name]
    panel, outcome, drivers = reference_panel(case["static"])
    graph = reference_weights(specifications()[case["static"]]["weights"])
    cities = panel.frame.index.unique("city").sort_values()
    w = read_matrix(graph, cities, name="weights")
    frame = panel.frame.sort_index()
    before = frame[outcome].groupby(level="city").shift()
    extra = {"tau": before}
    if "eta" in case["params"]:
        lagged = w @ before.to_numpy().reshape(len(cities), -1)
        extra["eta"] = pd.Series(lagged.ravel(), before.index)
    whole = frame.assign(**extra)[before.notna()]
    names = [*extra, *drivers]
    rows = SpatialRows.of(
        Panel(whole), outcome, names, spillovers=(), spillover_weights=w, constant=False
    )
    likelihood = build_likelihood(
        rows, read_plan("sar", "city", names, None), w, w, "none"
    )
    found = likelihood.maximise()
    normal = np.linalg.inv(expected_information(likelihood, found, w, w))
    # Without city effects as far as the moments know: the bank's large-T convention.
    robust = quasi_covariance(likelihood, found, w, w, by_city=False, plain=True)
    for kind, matrix in (("normal", normal), ("qml_structural_resid", robust)):
        errors = np.sqrt(np.diag(matrix))
        for key, error in zip([*names, "rho", "sigma2"], errors, strict=True):
            assert error == pytest.approx(case[f"se_{kind}"][key], rel=1e-6), key


@pytest.mark.parametrize("effects", ["city", "city-year"])
def test_plain_and_transformed_sandwich_agree(effects: str) -> None:
    drawn = skewed_panel(t=3, n=60)
    plain, transformed = (
        fit(drawn, model="sdm", effects=effects, correction=each, covariance="robust")
        for each in ("none", "transform")
    )
    # With city effects alone the estimates are the same, and so must their errors be.
    tolerance = 1e-7 if effects == "city" else 0.05
    np.testing.assert_allclose(errors_of(plain), errors_of(transformed), rtol=tolerance)
    shrunk = fit(drawn, model="sdm", effects=effects, correction="none")
    assert (errors_of(shrunk) < 0.9 * errors_of(plain)).all()


def test_normal_noise_leaves_the_expected_information() -> None:
    drawn = draw_panel(n=60, t=12, error=0.0, rng=4)
    expected, robust = (
        fit(drawn, model="sdm", covariance=each) for each in ("expected", "robust")
    )
    np.testing.assert_allclose(errors_of(robust), errors_of(expected), rtol=0.01)
    assert robust.sigma2_standard_error == pytest.approx(
        expected.sigma2_standard_error, rel=0.15
    )


def test_heavy_tails_widen_the_error_of_the_variance() -> None:
    drawn = skewed_panel(t=12, n=60)
    expected, robust = (
        fit(drawn, model="sar", covariance=each) for each in ("expected", "robust")
    )
    assert robust.sigma2_standard_error > 1.2 * expected.sigma2_standard_error


def test_rows_that_do_not_sum_to_one_cost_little_precision() -> None:
    w = nearest_matrix(60, 4, 1) * np.random.default_rng(1).uniform(0.6, 1, (60, 1))
    drawn = skewed_panel(t=4, n=60, w=w)
    found = fit(drawn, model="sar", correction="none", covariance="robust")
    dense = dense_sandwich(drawn, found)[:-1, :-1]
    np.testing.assert_allclose(errors_of(found), np.sqrt(np.diag(dense)), rtol=0.03)


def test_units_do_not_matter() -> None:
    drawn = skewed_panel(t=4, n=20)
    scaled = Draw(1000 * drawn.y, drawn.x, drawn.w, drawn.codes)
    own, other = (
        fit(each, model="sar", covariance="robust") for each in (drawn, scaled)
    )
    ratio = errors_of(other) / errors_of(own)
    np.testing.assert_allclose(ratio, [1000, 1000, 1], rtol=1e-6)


@pytest.mark.parametrize("by_city", [False, True])
def test_moments_of_residuals_are_those_of_the_noise(by_city: bool) -> None:  # noqa: FBT001
    t, n, replications = 3, 8, 20_000
    u = np.full(n, 1 / np.sqrt(n))
    effects = Swept(t, by_city, u)
    noise = np.random.default_rng(0).exponential(size=(replications * t, n)) - 1
    swept = noise - np.outer(noise @ u, u)
    swept = swept.reshape(replications, t, n)
    if by_city:
        swept = swept - swept.mean(axis=1, keepdims=True)
    found = noise_moments(swept.reshape(-1, n), 1.0, effects)
    assert found.third == pytest.approx(0.0 if by_city else 2.0, rel=0.05)
    assert found.cumulant == pytest.approx(6.0, rel=0.08)


def test_fourth_moment_is_never_less_than_any_noise_has() -> None:
    effects = Swept(1, by_city=False, unit=np.zeros(4))
    found = noise_moments(np.array([[1.0, -1.0, 1.0, -1.0]]), 1.5, effects)
    assert found.cumulant == pytest.approx(-2 * 1.5**2)


RHO, LAMBDA, SLOPES = 0.4, 0.3, np.array([1.0, 0.5])


def drawn_scores(
    x: FloatArray, w: FloatArray, noise: FloatArray, sweep: Callable[..., FloatArray]
) -> FloatArray:
    """Return scores of slopes, rho, lambda and sigma2 = 1, noise (R, T, N)."""
    eye = np.eye(len(w))
    b = eye - LAMBDA * w
    shocks = noise @ np.linalg.inv(b).T
    y = (x @ SLOPES + shocks) @ np.linalg.inv(eye - RHO * w).T
    left = sweep(noise)
    found = [sweep(x[:, :, place] @ b.T) * left for place in (0, 1)]
    found += [sweep(y @ w.T @ b.T) * left]
    found += [(left @ np.linalg.inv(b).T @ w.T) * left, left**2 / 2]
    return np.stack([each.sum(axis=(-2, -1)) for each in found])


def swept_both_ways(values: FloatArray) -> FloatArray:
    values = values - values.mean(axis=-2, keepdims=True)
    return np.asarray(values - values.mean(axis=-1, keepdims=True))


@pytest.mark.slow
@pytest.mark.parametrize("effects", ["none", "city-year"])
def test_variance_of_the_score_is_that_of_drawn_scores(
    effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Exponential noise: variance 1, third moment 2, fourth cumulant 6.
    drawn, free = draw_panel(n=10, t=3, rng=5), effects == "none"
    x = drawn.x
    if free:
        x = np.concatenate([x[:, :, :1], np.ones((3, 10, 1))], axis=2)
    noise = np.random.default_rng(5).exponential(size=(40_000, 3, 10)) - 1
    sweep = np.asarray if free else swept_both_ways
    variance = np.cov(drawn_scores(x, drawn.w, noise, sweep))
    cities = pd.Index(drawn.codes)
    w = read_matrix(drawn.graph, cities, name="weights")
    trend = x @ SLOPES + noise[0] @ np.linalg.inv(np.eye(10) - LAMBDA * drawn.w).T
    y = trend @ np.linalg.inv(np.eye(10) - RHO * drawn.w).T
    rows = SpatialRows(cities, pd.RangeIndex(3), y, x, ("x0", "x1"))
    plan = read_plan("sac", effects, ["x0", "x1"], None)
    likelihood = build_likelihood(rows, plan, w, w, "none" if free else "transform")
    truth = Solution(RHO, LAMBDA, SLOPES, float(likelihood.rows), 0.0, ())
    moments = NoiseMoments(1.0, 2.0 if free else 0.0, 6.0)
    monkeypatch.setattr(_spatial_quasi, "noise_moments", lambda *_: moments)
    normal = expected_information(likelihood, truth, w, w)
    found = score_variance(normal, likelihood, truth, w, w, by_city=not free)
    spread = np.sqrt(np.diag(variance))
    units = np.outer(spread, spread)
    np.testing.assert_allclose(found / units, variance / units, atol=0.04)
    assert np.abs((normal - variance) / units).max() > 0.5


# Clustered, Driscoll-Kraay and White's, of models without rho and lambda


@pytest.mark.parametrize("effects", EFFECTS)
@pytest.mark.parametrize(
    "covariance", ["robust", "clustered", DriscollKraay(0), DriscollKraay(2)]
)
@pytest.mark.parametrize("model", ["ols", "slx"])
def test_linear_members_have_the_errors_of_fixed_effects(
    model: SpatialModel, covariance: SpatialCovariance, effects: Effects
) -> None:
    drawn = draw_panel(n=12, t=6, rng=2)
    found = fit(drawn, model=model, effects=effects, covariance=covariance)
    panel, names = drawn.panel, drawn.names
    if model == "slx":
        lagged = drawn.x.transpose(1, 0, 2).reshape(12, -1)
        lagged = (drawn.w @ lagged).reshape(72, 2)
        columns = {f"W.{name}": lagged[:, place] for place, name in enumerate(names)}
        panel = Panel(panel.frame.sort_index().assign(**columns))
        names = [*names, *columns]
    static = fit_fixed_effects(
        panel, "y", names, effects=effects, covariance=covariance
    )
    pd.testing.assert_frame_equal(
        found.estimates.loc[names], static.estimates.loc[names], check_names=False,
        rtol=1e-7,
    )  # fmt: skip
    assert found.standard_errors == static.standard_errors
    np.testing.assert_allclose(
        found.covariance.loc[names, names],
        static.covariance.loc[names, names],
        rtol=1e-7,
    )
    normal = fit(drawn, model=model, effects=effects)
    assert found.log_likelihood == pytest.approx(normal.log_likelihood)


# Conley


def places(number: int = 12) -> pd.DataFrame:
    """Return the seats of some cities, under the codes of a drawn panel."""
    table = load_city_list().iloc[::9].head(number)
    seats = table[["seat_lon", "seat_lat"]]
    codes = [f"{place:03d}" for place in range(number)]
    return seats.set_axis(codes, axis="index").set_axis(
        ["longitude", "latitude"], axis="columns"
    )


def haversine(table: pd.DataFrame) -> pd.DataFrame:
    longitude, latitude = np.deg2rad(table.to_numpy()).T
    half = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None])
        * np.cos(latitude)
        * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    km = 2 * 6371.0088 * np.arcsin(np.sqrt(half))
    return pd.DataFrame(km, index=table.index, columns=table.index)


@pytest.mark.parametrize("effects", ["none", "city-year"])
@pytest.mark.parametrize("lags", [0, 2])
@pytest.mark.parametrize("kernel", ["bartlett", "uniform"])
def test_conley_is_a_double_loop(
    kernel: SpatialKernel, lags: int, effects: Effects
) -> None:
    drawn, seats = draw_panel(n=12, t=5, rng=6), places()
    chosen = Conley.from_coordinates(seats, cutoff_km=900.0, kernel=kernel, lags=lags)
    with warnings.catch_warnings(action="ignore", category=InferenceWarning):
        found = fit(drawn, model="ols", effects=effects, covariance=chosen)
    x = np.concatenate([drawn.x, np.ones((5, 12, 1))], axis=2)
    x = x - x.mean(axis=(0, 1)) if effects == "none" else x
    x = x[:, :, :2]
    if effects == "city-year":
        x = x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + x.mean(axis=(0, 1))
    noise = found.residuals.unstack("city").to_numpy()
    km = haversine(seats).to_numpy()
    middle = np.zeros((2, 2))
    for s in range(5):
        for t in range(5):
            for i in range(12):
                for j in range(12):
                    share = 0.0
                    if s == t and km[i, j] <= 900:
                        share = 1 - km[i, j] / 900 if kernel == "bartlett" else 1.0
                    elif i == j and 0 < abs(s - t) <= lags:
                        share = 1 - abs(s - t) / (lags + 1)
                    product = noise[s, i] * noise[t, j] * np.outer(x[s, i], x[t, j])
                    middle += share * product
    flat = x.reshape(-1, 2)
    inverse = np.linalg.inv(flat.T @ flat)
    absorbed = 1 if effects == "none" else 12 + 5 - 1
    slow = 60 / (60 - 2 - absorbed) * inverse @ middle @ inverse
    assert np.linalg.eigvalsh(slow)[0] > 0
    np.testing.assert_allclose(found.covariance.iloc[:2, :2], slow, rtol=1e-8)


def test_conley_of_a_cross_section_is_the_hac_of_spreg() -> None:
    case = references()["conley"]
    panel, outcome, drivers = reference_panel("baltimore_ols")
    raw = pd.read_csv(data_folder() / case["data"])
    xy = raw[["X", "Y"]].to_numpy()
    km = np.linalg.norm(xy[:, None] - xy, axis=2)
    codes = panel.frame.index.get_level_values("city")
    chosen = Conley.from_distances(
        pd.DataFrame(km, index=codes, columns=codes), cutoff_km=case["cutoff"]
    )
    graph = reference_weights("baltimore_W.csv")
    found = fit_spatial_panel(
        panel, graph, outcome, drivers, model="ols", effects="none", covariance=chosen
    )
    size = len(found.estimates)
    factor = np.sqrt((211 - size) / 211)
    for key, error in case["standard_errors"].items():
        own = factor * found.estimates["standard_error"][label(key)]
        assert own == pytest.approx(error, rel=1e-7), key


def test_roads_to_conley_lead_to_the_same_place() -> None:
    drawn, seats = draw_panel(n=12, t=5, rng=6), places()
    km = haversine(seats)
    graph = graph_of(km.where(km <= 900, 0.0).to_numpy())
    shuffled = km.sample(frac=1, random_state=1).sample(frac=1, axis=1, random_state=2)
    more = pd.concat([seats, pd.DataFrame([[0.0, 0.0]], ["zzz"], seats.columns)])
    renamed = seats.set_axis(["lon", "lat"], axis="columns")
    chosen = [
        Conley.from_coordinates(seats, cutoff_km=900.0),
        Conley.from_coordinates(seats[::-1], cutoff_km=900.0),
        Conley.from_coordinates(more, cutoff_km=900.0),
        Conley.from_coordinates(renamed, cutoff_km=900.0, columns=("lon", "lat")),
        Conley.from_distances(km, cutoff_km=900.0),
        Conley.from_distances(shuffled, cutoff_km=900.0),
        Conley.from_distances(graph, cutoff_km=900.0),
    ]
    fits = [fit(drawn, model="slx", covariance=each) for each in chosen]
    for other in fits[1:]:
        np.testing.assert_allclose(errors_of(other), errors_of(fits[0]), rtol=1e-9)
    assert fits[0].standard_errors == "Conley, bartlett to 900 km"


def test_conley_lies_between_white_and_driscoll_and_kraay() -> None:
    drawn, seats = draw_panel(n=12, t=5, rng=6), places()
    near = Conley.from_coordinates(seats, cutoff_km=0.001)
    alone = fit(drawn, model="ols", effects="none", covariance=near)
    white = fit(drawn, model="ols", effects="none", covariance="robust")
    np.testing.assert_allclose(errors_of(alone), errors_of(white), rtol=1e-10)
    far = Conley.from_coordinates(seats, cutoff_km=20_000, kernel="uniform")
    everybody = fit(drawn, model="ols", effects="none", covariance=far)
    by_year = fit(drawn, model="ols", effects="none", covariance=DriscollKraay(0))
    ours, theirs = 60 / (60 - 3), 5 / 4 * 59 / (60 - 3)
    np.testing.assert_allclose(
        everybody.covariance / ours, by_year.covariance / theirs, atol=1e-12
    )


def test_lags_are_calendar_years() -> None:
    drawn, seats = draw_panel(n=12, t=5, rng=6), places()
    frame = drawn.panel.frame.query("year != 2002")
    panel = Panel(frame)
    first, second = (
        fit_spatial_panel(
            panel,
            drawn.graph,
            "y",
            drawn.names,
            model="ols",
            covariance=Conley.from_coordinates(seats, cutoff_km=1.0, lags=lags),
        )
        for lags in (1, 0)
    )
    x = drawn.x[[0, 1, 3, 4]]
    x = x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + x.mean(axis=(0, 1))
    scores = x * first.residuals.unstack("city").to_numpy()[:, :, None]
    flat = x.reshape(-1, 2)
    inverse = np.linalg.inv(flat.T @ flat)
    cross = scores[1].T @ scores[0] + scores[3].T @ scores[2]
    extra = 48 / (48 - 2 - 15) * inverse @ (cross + cross.T) @ inverse / 2
    np.testing.assert_allclose(first.covariance - second.covariance, extra, atol=1e-12)


def alternating(drivers: int) -> tuple[Draw, Conley]:
    """Return residuals that change sign from each city to the next, which is near."""
    drawn = draw_panel(n=12, t=4, drivers=drivers, rng=1)
    sign = np.where(np.arange(12) % 2 == 0, 1.0, -1.0)
    x = drawn.x.copy()
    x[:, :, 0] = 1 + 0.1 * x[:, :, 0]
    y = x[:, :, 0] + sign
    line = np.abs(np.arange(12)[:, None] - np.arange(12)).astype(float)
    km = pd.DataFrame(line, drawn.codes, drawn.codes)
    chosen = Conley.from_distances(km, cutoff_km=1.0, kernel="uniform")
    return Draw(y, x, drawn.w, drawn.codes), chosen


def test_impossible_covariance_is_repaired_with_a_warning() -> None:
    drawn, chosen = alternating(2)
    with pytest.warns(InferenceWarning, match="is not positive definite"):
        found = fit(drawn, model="ols", effects="none", covariance=chosen)
    roots = np.linalg.eigvalsh(found.covariance)
    assert roots[0] > -1e-12 * roots[-1]


def test_covariance_without_any_positive_variance_is_refused() -> None:
    drawn, chosen = alternating(1)
    years = np.arange(4.0)[:, None] + np.zeros((4, 12))
    turns = np.array([1.0, -1.0, -1.0, 1.0])[:, None]
    sign = np.where(np.arange(12) % 2 == 0, 1.0, -1.0)
    y = years + turns * sign
    clashing = Draw(y, years[:, :, None], drawn.w, drawn.codes)
    with pytest.raises(EstimationError, match="leaves no positive variance"):
        fit(clashing, model="ols", effects="city", covariance=chosen)


# Refusals


@pytest.mark.parametrize("model", ["sar", "sem", "sdm", "sdem", "sac", "gns"])
@pytest.mark.parametrize("covariance", ["clustered", DriscollKraay(1), "Conley"])
def test_sums_over_cities_are_refused_with_rho_or_lambda(
    model: SpatialModel, covariance: SpatialCovariance
) -> None:
    plan = read_plan(model, "city-year", ["x"], None)
    if covariance == "Conley":
        covariance = Conley.from_coordinates(places(), cutoff_km=10.0)
    with pytest.raises(EstimationError, match=r'use covariance="robust", or fit_spa'):
        settle_covariance(covariance, plan, "transform", 9)


@pytest.mark.parametrize(
    ("asked", "model", "correction", "cities", "message"),
    [
        ("white", "sar", "none", 9, "covariance must be one of 'expected', 'observed'"),
        ("observed", "sar", "bias", 9, "they have no observed information"),
        ("expected", "sar", "none", 20_001, "the expected information takes"),
        ("robust", "sar", "none", 20_001, "the sandwich takes a solution"),
        (None, "sar", "bias", 20_001, 'use correction="transform" .or "none"., whose'),
        ("observed", "sar", "bias", 20_001, "whose observed information takes none"),
    ],
)
def test_covariance_that_does_not_fit_is_refused(
    asked: SpatialCovariance | None,
    model: SpatialModel,
    correction: Correction,
    cities: int,
    message: str,
) -> None:
    plan = read_plan(model, "city-year", ["x"], None)
    with pytest.raises(SpatialCoaggError, match=message):
        settle_covariance(asked, plan, correction, cities)


@pytest.mark.parametrize("model", ["ols", "slx"])
@pytest.mark.parametrize("asked", ["expected", "observed", "robust"])
def test_models_without_rho_and_lambda_take_no_solutions(
    model: SpatialModel, asked: SpatialCovariance
) -> None:
    plan = read_plan(model, "city-year", ["x"], None)
    assert settle_covariance(asked, plan, "transform", 1_000_000) == asked
    assert settle_covariance(None, plan, "bias", 1_000_000) == "expected"


def test_default_is_the_information_that_fits_in_memory() -> None:
    plan = read_plan("sar", "city", ["x"], None)
    assert settle_covariance(None, plan, "transform", 4000) == "expected"
    assert settle_covariance(None, plan, "transform", 4001) == "observed"
    assert settle_covariance(None, plan, "bias", 4001) == "expected"  # has no other


@pytest.mark.parametrize("covariance", ["robust", DriscollKraay(1)])
def test_random_effects_have_information_matrices_only(
    covariance: SpatialCovariance,
) -> None:
    with pytest.raises(EstimationError, match="not offered with random effects"):
        fit(draw_panel(), model="sar", effects="random", covariance=covariance)


def test_random_effects_refuse_an_unknown_name() -> None:
    with pytest.raises(SpatialCoaggError, match="covariance must be one of"):
        fit(draw_panel(), model="sar", effects="random", covariance="white")


def test_bandwidth_must_fit_the_years() -> None:
    with pytest.raises(EstimationError, match="a bandwidth of 4 years needs more"):
        fit(draw_panel(t=4), model="ols", covariance=DriscollKraay(4))


def test_conley_must_know_every_city() -> None:
    chosen = Conley.from_coordinates(places(8), cutoff_km=500.0)
    with pytest.raises(AlignmentError, match="Conley lacks 1 of the 9 cities"):
        fit(draw_panel(n=9), model="ols", covariance=chosen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cutoff_km": -1.0}, "cutoff_km must be a positive number of km"),
        ({"cutoff_km": 10.0, "lags": -1}, "lags must be a whole number of years"),
        ({"cutoff_km": 10.0, "lags": 1.5}, "lags must be a whole number of years"),
        ({"cutoff_km": 10.0, "lags": True}, "lags must be a whole number of years"),
        ({"cutoff_km": 10.0, "kernel": "flat"}, "kernel must be one of 'bartlett'"),
    ],
)
def test_impossible_settings_are_refused(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises((WeightsError, SpatialCoaggError), match=message):
        Conley.from_coordinates(places(), **options)
    with pytest.raises((WeightsError, SpatialCoaggError), match=message):
        Conley.from_distances(haversine(places()), **options)


def test_shares_must_be_of_the_cities() -> None:
    chosen = Conley.from_coordinates(places(), cutoff_km=10.0)
    with pytest.raises(SpatialCoaggError, match="shares must be 3 x 3"):
        Conley(chosen.cities[:3], chosen.shares, 10.0, "bartlett", 0)


def test_coordinates_must_be_on_the_globe() -> None:
    with pytest.raises(MissingColumnError, match="latitude"):
        Conley.from_coordinates(places()[["longitude"]], cutoff_km=10.0)
    swapped = places().set_axis(["latitude", "longitude"], axis="columns")
    with pytest.raises(BoundaryError, match="outside the globe"):
        Conley.from_coordinates(swapped, cutoff_km=10.0)


def test_distances_must_be_distances() -> None:
    km = haversine(places(3))
    with pytest.raises(AlignmentError, match="'002' occur on one side only"):
        Conley.from_distances(km.iloc[:2], cutoff_km=10.0)
    with pytest.raises(SpatialCoaggError, match="'000' and '001' is negative or miss"):
        Conley.from_distances(km.mask(km > 0), cutoff_km=10.0)
    uneven = km + np.triu(np.ones((3, 3)), 1)
    with pytest.raises(SpatialCoaggError, match="'000' and '001' is not the same both"):
        Conley.from_distances(uneven, cutoff_km=10.0)
    with pytest.raises(SpatialCoaggError, match="needs each link in both directions"):
        Conley.from_distances(graph_of(np.triu(km.to_numpy(), 1)), cutoff_km=10.0)


def test_graph_keeps_a_distance_of_zero() -> None:
    index = pd.MultiIndex.from_tuples(
        [("a", "b"), ("b", "a"), ("c", "c")], names=["focal", "neighbor"]
    )
    graph = Graph(pd.Series([0.0, 0.0, 0.0], index, name="weight"))
    chosen = Conley.from_distances(graph, cutoff_km=5.0)
    expected = [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    np.testing.assert_array_equal(chosen.shares.toarray(), expected)


# Small Monte Carlo; benchmarks/bench_spatial_coverage.py has 2,000 draws.


@pytest.mark.slow
def test_transformation_takes_the_bias_and_intervals_cover() -> None:
    bias, coverage = replicate_corrections("small", replications=120, seed=7)
    plain = bias.loc["none"]
    assert plain["bias of rho"] < -2.5 * plain["its error"]
    # 64 cities and lagged drivers leave -0.02 of the -0.06 (2,000 draws).
    for correction in ("transform", "bias"):
        assert abs(bias.loc[correction, "bias of rho"]) < 0.6 * -plain["bias of rho"]
    # 95 % less four standard errors of a share among 120.
    assert coverage["coverage"].min() > 0.87
    assert len(coverage) == 5 + 2 * 6


@pytest.mark.slow
def test_sandwich_knows_the_spread_of_the_variance() -> None:
    found = replicate_robust("small", "skewed", replications=120, seed=7)
    robust, expected = (
        found.loc[f"sigma2 ({name})"] for name in ("robust", "expected")
    )
    assert expected["mean_error"] < 0.7 * expected["spread"]
    assert robust["mean_error"] == pytest.approx(robust["spread"], rel=0.25)
    assert robust["coverage"] > expected["coverage"] + 0.1
    same = found.loc["rho (robust)"]
    assert same["mean_error"] == pytest.approx(same["spread"], rel=0.25)
