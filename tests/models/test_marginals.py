import math
from collections.abc import Callable
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy import special, stats
from spatial_references import (
    reference_panel,
    reference_weights,
    specifications,
)
from spatial_witness import (
    Draw,
    dense_model,
    draw_panel,
    graph_of,
    nearest_matrix,
    real_interval,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import (
    AlignmentError,
    EstimationError,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.models import _spatial_marginal
from spatial_coagg.models._spatial_likelihood import Jacobian
from spatial_coagg.models._spatial_marginal import log_integral, log_marginal
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.models.marginals import (
    FAMILY,
    log_marginal_likelihoods,
    model_probabilities,
)
from spatial_coagg.models.priors import BetaPrior, Prior, with_prior
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_rows import SpatialRows, read_matrix
from spatial_coagg.tables.panel import Panel
from spatial_coagg.weights import _logdet
from spatial_coagg.weights._logdet import spectrum
from spatial_coagg.weights._logdet_factor import FactorSpectrum
from spatial_coagg.weights._matrix import SparseMatrix

BANK = [
    (name, place)
    for name, spec in specifications("marginal").items()
    for place in range(len(spec["results"]))
]
PRIORS: dict[str, Prior] = {"uniform": "uniform", "beta": BetaPrior()}


def marginals_of(draw: Draw, **options: object) -> pd.Series:
    return log_marginal_likelihoods(draw.panel, draw.graph, "y", draw.names, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "place"), BANK)
def test_marginal_likelihoods_and_probabilities_are_those_of_the_bank(
    name: str, place: int
) -> None:
    spec = specifications("marginal")[name]
    case = spec["results"][place]
    panel, outcome, drivers = reference_panel(spec["columns"])
    weights = reference_weights(spec["weights"])
    prior = PRIORS[case["prior"]]
    if case["effects"] == "city":
        found = log_marginal_likelihoods(
            panel, weights, outcome, drivers, effects="city", prior=prior
        )["W"]
    else:
        # The bank lags swept columns, as SDPDmod does; the kernel is given those.
        found = swept_before_lagged(
            panel_rows(panel, outcome, drivers, weights), case["effects"], prior
        )
    shares = model_probabilities(pd.concat({"W": found}, names=["weights", "model"]))
    for model, value in case["log_marginal"].items():
        assert found[model] == pytest.approx(value, abs=1e-8), model
        share = case["probability"][model]
        assert shares["W", model] == pytest.approx(share, rel=1e-7), model


def panel_rows(
    panel: Panel, outcome: str, drivers: tuple[str, ...], weights: Graph
) -> tuple[SpatialRows, SparseMatrix]:
    cities = panel.frame.index.unique("city").sort_values()
    matrix = read_matrix(weights, cities, name="weights")
    rows = SpatialRows.of(
        panel, outcome, drivers, spillovers=(), spillover_weights=matrix, constant=False
    )
    return rows, matrix


def swept_before_lagged(
    data: tuple[SpatialRows, SparseMatrix], effects: str, prior: Prior
) -> pd.Series:
    rows, matrix = data
    y, x = rows.y[:, :, None], rows.z
    for axis, name in enumerate(("city", "year")):
        if name in effects:
            y, x = (each - each.mean(axis=axis, keepdims=True) for each in (y, x))
    years, cities = rows.y.shape
    taken = {"year": years, "city-year": cities + years - 1}[effects]
    part = with_prior(Jacobian(spectrum(matrix), years, without_unit=False), prior)
    found = {}
    for model in FAMILY:
        lagged = [lag(x, matrix)] if model in ("slx", "sdm", "sdem") else []
        columns = np.concatenate([y, lag(y, matrix), x, *lagged], axis=2)
        has_lag, has_error = model in ("sar", "sdm"), model in ("sem", "sdem")
        moments = SpatialMoments.of(
            columns, matrix if has_error else None, by_city=False, by_year=False
        )
        freedom = years * cities - taken - (columns.shape[2] - 2)
        found[model] = log_marginal(
            moments, freedom, part if has_lag else None, part if has_error else None
        )
    return pd.Series(found)


def slow_log_marginal(
    draw: Draw,
    model: str,
    effects: str,
    correction: str,
    density: Callable[[float], float] | None = None,
    ends: tuple[float, float] | None = None,
    *,
    error_w: FloatArray | None = None,
    spillover_w: FloatArray | None = None,
) -> float:
    """Integrate on Gauss-Legendre nodes, with dummies and dense matrices.

    Rho and lambda are uniform over their own intervals, without a density.
    """
    dense = dense_model(
        draw, model, effects, correction, error_w=error_w, spillover_w=spillover_w
    )
    freedom = len(dense.y) - dense.whole.shape[1]
    nodes, shares = np.polynomial.legendre.leggauss(
        30 if model in ("sac", "gns") else 120
    )
    spans = [ends or span for span in dense.ends]
    places = [low + (high - low) * (nodes + 1) / 2 for low, high in spans]
    priors = [
        np.array([density(x) for x in each]) if density else 1 / (high - low)
        for each, (low, high) in zip(places, spans, strict=True)
    ]
    masses = [
        prior * shares * (high - low) / 2
        for prior, (low, high) in zip(priors, spans, strict=True)
    ]

    def height(rho: float, error: float) -> float:
        b = dense.b(error)
        left, z, dummies = b @ dense.a(rho) @ dense.y, b @ dense.z, b @ dense.dummies
        q = np.eye(len(left)) - dummies @ np.linalg.pinv(dummies)
        left, z = q @ left, q @ z
        e = left - z @ np.linalg.lstsq(z, left, rcond=None)[0]
        logs = np.linalg.slogdet(dense.a(rho))[1] + np.linalg.slogdet(b)[1]
        return float(
            logs
            - 0.5 * np.linalg.slogdet(z.T @ z)[1]
            - freedom / 2 * np.log(e @ e)
            + special.gammaln(freedom / 2)
            - freedom / 2 * np.log(2 * np.pi)
        )

    if not dense.ends:
        return height(0.0, 0.0)
    grid = np.stack(np.meshgrid(*places), axis=-1).reshape(-1, len(spans))
    mass = np.stack(np.meshgrid(*masses), axis=-1).reshape(grid.shape)
    heights = np.array([height(*dense.unpacked(list(each))) for each in grid])
    return float(special.logsumexp(heights, b=mass.prod(axis=1)))


EFFECTS = [
    ("none", "none"),
    ("city", "none"),
    ("city", "transform"),
    ("year", "none"),
    ("year", "transform"),
    ("city-year", "none"),
    ("city-year", "transform"),
]


@pytest.mark.parametrize("model", FAMILY)
@pytest.mark.parametrize(("effects", "correction"), EFFECTS)
def test_marginal_likelihood_is_that_of_dummies_and_dense_matrices(
    model: str, effects: str, correction: str
) -> None:
    draw = draw_panel(n=7, t=3, drivers=1, rng=5)
    found = marginals_of(draw, models=[model], effects=effects, correction=correction)
    slow = slow_log_marginal(draw, model, effects, correction)
    assert found["W", model] == pytest.approx(slow, abs=1e-6)


@pytest.mark.parametrize("model", ["slx", "sem", "sdm", "sdem"])
@pytest.mark.parametrize(("effects", "correction"), EFFECTS)
def test_other_weights_are_of_the_error_and_of_the_spillovers(
    model: SpatialModel, effects: str, correction: str
) -> None:
    draw = draw_panel(n=7, t=3, drivers=1, rng=5)
    others = {"error": nearest_matrix(7, 2, 1), "spillover": nearest_matrix(7, 4, 2)}
    found = log_marginal_likelihoods(
        draw.panel, draw.graph, "y", draw.names, models=sorted({"sdm", "sdem", model}),
        effects=effects, correction=correction,  # type: ignore[arg-type]
        error_weights=graph_of(others["error"]),
        spillover_weights=graph_of(others["spillover"]),
    )  # fmt: skip
    slow = slow_log_marginal(
        draw, model, effects, correction, error_w=others["error"],
        spillover_w=others["spillover"],
    )  # fmt: skip
    assert found["W", model] == pytest.approx(slow, abs=1e-6)
    own = marginals_of(draw, models=[model], effects=effects, correction=correction)
    assert abs(found["W", model] - own["W", model]) > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("model", ["sac", "gns"])
def test_marginal_likelihood_of_two_coefficients_is_a_double_integral(
    model: str,
) -> None:
    draw = draw_panel(n=7, t=3, drivers=1, rng=5)
    error_w = nearest_matrix(7, 2, 1)
    found = marginals_of(
        draw, models=[model], effects="city", error_weights=graph_of(error_w)
    )
    slow = slow_log_marginal(draw, model, "city", "none", error_w=error_w)
    assert found["W", model] == pytest.approx(slow, abs=1e-5)


def test_beta_prior_is_stretched_over_the_admissible_part() -> None:
    scaled = draw_panel(n=7, t=3, drivers=1, rho=0.2, w=2.5 * _lattice(7), rng=5)
    low, high = real_interval(scaled.w)
    assert low > -1
    assert high < 1
    found = marginals_of(
        scaled, models=["sar"], effects="city", prior=BetaPrior(shape=3)
    )
    law = stats.beta(3, 3, loc=low, scale=high - low)
    slow = slow_log_marginal(scaled, "sar", "city", "none", law.pdf, (low, high))
    assert found["W", "sar"] == pytest.approx(slow, abs=1e-6)


def test_beta_prior_of_shape_one_is_uniform_on_its_ends() -> None:
    draw = draw_panel(rng=2)
    assert real_interval(draw.w)[0] < -1
    narrow = marginals_of(draw, models=["sar"], prior=BetaPrior(shape=1))
    slow = slow_log_marginal(
        draw, "sar", "city-year", "none", lambda _: 0.5, (-1.0, 1.0)
    )
    assert narrow["W", "sar"] == pytest.approx(slow, abs=1e-6)


def _lattice(size: int) -> FloatArray:
    """Return a ring of neighbours, 1 / 2 each."""
    eye = np.eye(size)
    return (np.roll(eye, 1, axis=0) + np.roll(eye, -1, axis=0)) / 2


RING = graph_of(_lattice(9))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ring", "nearest"])
def test_factorisations_of_large_weights_give_the_same(kind: str) -> None:
    # The eigenvalues of nearest neighbours are complex.
    w = _lattice(100) if kind == "ring" else nearest_matrix(40, 3, 2)
    draw = draw_panel(n=len(w), t=3, w=w, rng=4)
    models: list[SpatialModel] = ["sar", "sdem"]
    # The ends of rho are not needed to the last digit by this density.
    with_roots = marginals_of(draw, models=models, prior=BetaPrior(2))
    with mock.patch.object(_logdet, "FEW", 10):
        matrix = read_matrix(draw.graph, pd.Index(draw.codes), name="weights")
        assert isinstance(spectrum(matrix), FactorSpectrum)
        factored = marginals_of(draw, models=models, prior=BetaPrior(2))
        uniform = marginals_of(draw, models=["sar"])
        low, high = spectrum(matrix).interval
    np.testing.assert_allclose(factored, with_roots, atol=1e-6)
    found = marginals_of(draw, models=["sar"]) - uniform
    ends = real_interval(draw.w)
    ratio = math.log((high - low) / (ends[1] - ends[0]))
    assert found["W", "sar"] == pytest.approx(ratio, abs=1e-6)


def test_order_of_cities_does_not_matter() -> None:
    draw = draw_panel(n=8, t=3, rng=7)
    order = np.random.default_rng(1).permutation(8)
    codes = [draw.codes[place] for place in np.argsort(order)]
    turned = Draw(draw.y, draw.x, draw.w, codes)
    np.testing.assert_allclose(marginals_of(turned), marginals_of(draw), rtol=1e-12)


def test_units_shift_models_with_as_many_slopes_alike() -> None:
    draw = draw_panel(rng=8)
    scaled = Draw(draw.y, 1000 * draw.x, draw.w, draw.codes)
    shift = (marginals_of(scaled) - marginals_of(draw))["W"]
    for model in FAMILY:
        slopes = 2 if model in ("ols", "sar", "sem") else 4
        assert shift[model] == pytest.approx(-slopes * np.log(1000), abs=1e-7)


def test_marginal_likelihood_of_slx_exceeds_ols_by_the_flat_slopes() -> None:
    draw = draw_panel(n=10, t=4, drivers=1, rng=1)
    found = marginals_of(draw, models=["ols", "slx"], effects="city")["W"]
    y = draw.y - draw.y.mean(axis=0)
    x = draw.x[:, :, 0] - draw.x[:, :, 0].mean(axis=0)
    z = np.stack([x.ravel(), (x @ draw.w.T).ravel()], axis=1)
    values = {}
    for model, columns in (("ols", z[:, :1]), ("slx", z)):
        e = y.ravel() - columns @ np.linalg.lstsq(columns, y.ravel(), rcond=None)[0]
        half = (40 - 10 - columns.shape[1]) / 2
        size = np.linalg.det(columns.T @ columns)
        values[model] = (
            math.lgamma(half)
            - half * math.log(2 * math.pi)
            - 0.5 * math.log(size)
            - half * math.log(e @ e)
        )
    assert dict(found) == pytest.approx(values, abs=1e-10)


@pytest.mark.slow
def test_the_true_kind_of_dependence_is_found() -> None:
    hits = 0
    for seed in range(12):
        error = seed % 2 == 0
        source = np.random.default_rng(seed)
        draw = draw_panel(n=40, t=6, rho=0.0, error=0.0, rng=seed)
        x = source.standard_normal((6, 40, 1))
        noise = source.standard_normal((6, 40))
        a = np.linalg.inv(np.eye(40) - 0.6 * draw.w)
        y = x[:, :, 0] + noise @ a.T if error else (x[:, :, 0] + noise) @ a.T
        made = Draw(y, x, draw.w, draw.codes)
        found = marginals_of(made, models=["sar", "sem"], effects="city")
        hits += found.idxmax() == ("W", "sem" if error else "sar")
    assert hits >= 11


def test_true_weights_are_more_probable_than_others() -> None:
    draw = draw_panel(n=40, t=6, rho=0.5, error=0.0, rng=1)
    other = draw_panel(n=40, t=6, rng=2).w
    found = log_marginal_likelihoods(
        draw.panel,
        {"true": draw.graph, "other": graph_of(other)},
        "y",
        draw.names,
        models=["sar", "sdm"],
    )
    assert list(found.index.names) == ["weights", "model"]
    joint = model_probabilities(found)
    assert joint.sum() == pytest.approx(1, abs=1e-12)
    assert joint["true"].sum() > 0.99
    by_weights = model_probabilities(found, given="weights")
    assert by_weights.groupby("weights").sum().to_numpy() == pytest.approx([1, 1])
    by_model = model_probabilities(found, given="model")
    odds = math.exp(found["true", "sdm"] - found["other", "sdm"])
    assert by_model["true", "sdm"] == pytest.approx(odds / (1 + odds))


def test_prior_weights_multiply_the_odds() -> None:
    index = pd.MultiIndex.from_product([["W"], ["sar", "sem"]])
    index.names = ["weights", "model"]
    heights = pd.Series([-1e6, -1e6 + math.log(2)], index=index)
    prior = pd.Series([3.0, 1.0], index=index[::-1])
    found = model_probabilities(heights, prior=prior)
    assert list(found) == pytest.approx([1 / 7, 6 / 7])
    certain = model_probabilities(heights, prior=pd.Series([1.0, 0.0], index=index))
    assert list(certain) == [1.0, 0.0]


def test_integral_of_a_narrow_peak_far_from_one_is_exact() -> None:
    law = stats.norm(0.123456, 1e-4)
    found = log_integral(lambda x: law.logpdf(x) + 1e6, -1.4, 1.0)
    assert found == pytest.approx(1e6, abs=1e-8)


def test_integral_of_two_far_peaks_counts_both() -> None:
    laws = stats.norm(-0.7, 0.01), stats.norm(0.6, 0.02)
    found = log_integral(
        lambda x: float(np.logaddexp(*[law.logpdf(x) for law in laws])), -1.0, 1.0
    )
    assert found == pytest.approx(math.log(2), abs=1e-9)


def test_integral_runs_up_to_the_ends() -> None:
    law = stats.beta(1.3, 4.0, loc=-2, scale=3)
    found = log_integral(lambda x: float(law.logpdf(x)), -2.0, 1.0)
    assert found == pytest.approx(0, abs=1e-8)


def test_integral_that_does_not_settle_is_nan() -> None:
    source = np.random.default_rng(3)
    found = log_integral(lambda _: float(source.normal(0, 2)), -1.0, 1.0)
    assert math.isnan(found)


@pytest.mark.parametrize("model", ["ols", "sar", "sem", "sac"])
def test_outcome_explained_exactly_is_refused(model: str) -> None:
    draw = draw_panel(n=6, t=3, drivers=1, rng=1)
    exact = Draw(3 * draw.x[:, :, 0], draw.x, draw.w, draw.codes)
    with pytest.raises(EstimationError, match="explain the outcome 'y' exactly"):
        marginals_of(exact, models=[model])


def test_integral_that_does_not_settle_is_refused() -> None:
    class Jagged(BetaPrior):
        def log_density(self, value: float, low: float, high: float) -> float:
            return 60 * math.sin(1e7 * value) - high + low

    with (
        mock.patch.object(_spatial_marginal, "PIECES", 10),
        pytest.raises(EstimationError, match="integral over rho or lambda does not"),
    ):
        marginals_of(draw_panel(rng=1), models=["sar"], prior=Jagged())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": []}, "no model to compare"),
        ({"models": ["spatial"]}, "model must be one of"),
        ({"models": "sar"}, "models must be a list of names, such as ."),
        ({"models": ["sdm", "sar", "sdm"]}, "'sdm' occurs twice in models"),
        ({"effects": "random"}, "effects must be one of"),
        ({"correction": "bias"}, "correction must be one of"),
        ({"prior": "normal"}, "prior must be one of"),
        ({"models": ["sar", "sem"], "spillovers": ["x0"]}, "has no W x"),
        ({"models": ["sdm"], "spillovers": ["x9"]}, "not among the drivers"),
        ({"models": ["ols", "sar"], "error_weights": RING}, "'ols' has no spatial err"),
        ({"models": ["sem"], "spillover_weights": RING}, "'sem' has no W x, so"),
        ({"spillovers": [], "spillover_weights": RING}, "no driver spills over"),
        (
            {"models": ["ols", "slx"], "log_determinant": "exact"},
            "'ols' has neither rho nor lambda",
        ),
        ({"rng": 1}, "nothing is drawn by exact"),
        ({"log_determinant": "guess"}, "log_determinant must be one of 'exact'"),
    ],
)
def test_senseless_requests_are_refused(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(SpatialCoaggError, match=message):
        marginals_of(draw_panel(rng=1), **options)


def test_spillovers_are_of_the_models_that_have_any() -> None:
    draw = draw_panel(rng=1)
    some = marginals_of(draw, spillovers=["x0"])
    every = marginals_of(draw)
    same = [model for model in FAMILY if some["W", model] == every["W", model]]
    assert same == ["ols", "sar", "sem"]


def test_too_few_observations_are_refused() -> None:
    draw = draw_panel(n=4, t=2, drivers=1, w=_lattice(4), rng=1)
    with pytest.raises(EstimationError, match="leave 3 observations for 3 slopes"):
        marginals_of(
            Draw(
                draw.y,
                np.repeat(draw.x, 3, axis=2) ** np.arange(1, 4),
                draw.w,
                draw.codes,
            ),
            models=["ols"],
        )


def test_collinear_driver_is_named() -> None:
    draw = draw_panel(n=6, t=3, drivers=1, rng=1)
    twice = Draw(draw.y, np.repeat(draw.x, 2, axis=2), draw.w, draw.codes)
    with pytest.raises(EstimationError, match="'x1' is a linear combination"):
        marginals_of(twice, models=["ols"])


def test_rows_that_do_not_sum_to_one_are_not_transformed() -> None:
    draw = draw_panel(n=7, t=3, w=0.5 * _lattice(7), rng=1)
    with pytest.raises(WeightsError, match="do not sum to one"):
        marginals_of(draw, models=["sar"], correction="transform")
    even = draw_panel(n=7, t=3, rng=1)
    half = graph_of(0.5 * _lattice(7))
    marginals_of(even, models=["sdm"], correction="transform", spillover_weights=half)
    with pytest.raises(WeightsError, match="do not sum to one"):
        marginals_of(even, models=["sem"], correction="transform", error_weights=half)


def test_uniform_density_needs_two_bounds() -> None:
    chain = np.diag(np.ones(5), 1)
    draw = draw_panel(n=6, t=4, w=chain, rng=1)
    with pytest.raises(EstimationError, match="use prior=BetaPrior"):
        marginals_of(draw, models=["sar"])
    found = marginals_of(draw, models=["sar"], prior=BetaPrior())
    assert math.isfinite(found["W", "sar"])


def test_no_weights_and_other_cities_are_refused() -> None:
    draw = draw_panel(rng=1)
    with pytest.raises(EstimationError, match="no weights to compare"):
        log_marginal_likelihoods(draw.panel, {}, "y", draw.names)
    strange = {"ring": graph_of(_lattice(9), [f"x{n}" for n in range(9)])}
    with pytest.raises(AlignmentError, match="weights 'ring'"):
        log_marginal_likelihoods(draw.panel, strange, "y", draw.names)


def test_beta_density_needs_a_positive_shape() -> None:
    with pytest.raises(SpatialCoaggError, match="shape of the beta density"):
        BetaPrior(shape=0.0)


def test_probabilities_refuse_a_strange_prior() -> None:
    index = pd.MultiIndex.from_product([["W"], ["sar", "sem"]])
    index.names = ["weights", "model"]
    heights = pd.Series([1.0, 2.0], index=index)
    with pytest.raises(AlignmentError, match="1 pairs differ"):
        model_probabilities(heights, prior=pd.Series([1.0], index=index[:1]))
    with pytest.raises(SpatialCoaggError, match="must not be negative"):
        model_probabilities(heights, prior=pd.Series([1.0, -1.0], index=index))
    with pytest.raises(SpatialCoaggError, match="every prior weight of a group"):
        model_probabilities(heights, prior=pd.Series([0.0, 0.0], index=index))
    with pytest.raises(SpatialCoaggError, match="given must be one of"):
        model_probabilities(heights, given="effects")  # type: ignore[arg-type]
