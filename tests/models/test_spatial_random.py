import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import linalg, optimize
from spatial_witness import (
    WITH_ERROR,
    WITH_LAG,
    WITH_SPILLOVERS,
    Draw,
    draw_panel,
    graph_of,
    nearest_matrix,
    numerical_hessian,
    real_interval,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.errors import EstimationError, InferenceWarning, SpatialCoaggError
from spatial_coagg.models.fixed_effects import fit_fixed_effects
from spatial_coagg.models.random_effects import fit_random_effects
from spatial_coagg.models.spatial_fit import SpatialPanelFit
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_random import fit_spatial_random

KKP = "kapoor-kelejian-prucha"
CASES = [
    ("ols", "baltagi", False),
    ("slx", "baltagi", False),
    ("sar", "baltagi", False),
    ("sdm", "baltagi", False),
    ("sem", "baltagi", False),
    ("sem", KKP, False),
    ("sdem", "baltagi", False),
    ("sdem", KKP, False),
    ("sac", "baltagi", False),
    ("sac", KKP, False),
    ("gns", "baltagi", False),
    ("ols", "baltagi", True),
    ("sar", "baltagi", True),
    ("sem", "baltagi", True),
    ("sem", KKP, True),
    ("sac", KKP, True),
]


@dataclass(frozen=True)
class Normal:
    """The joint normal distribution of y, every matrix NT x NT.

    Parameters: slopes, rho, lambda, psi (those there are), phi, sigma2.
    """

    draw: Draw
    model: str
    form: str
    serial: bool
    error_w: FloatArray

    @property
    def z(self) -> FloatArray:
        x = self.draw.x
        if self.model in WITH_SPILLOVERS:
            x = np.concatenate([x, np.einsum("ij,tjk->tik", self.draw.w, x)], axis=2)
        flat = x.reshape(self.draw.y.size, -1)
        return np.hstack([flat, np.ones((len(flat), 1))])

    @property
    def free(self) -> list[str]:
        names = ["rho"] * (self.model in WITH_LAG)
        names += ["lambda"] * (self.model in WITH_ERROR)
        return [*names, *(["psi"] * self.serial), "phi"]

    def shape(self, free: Sequence[float]) -> tuple[FloatArray, FloatArray]:
        """Return A and the covariance of u over sigma2."""
        years, cities = self.draw.y.shape
        known = dict(zip(self.free, free, strict=True))
        a = np.eye(cities) - known.get("rho", 0.0) * self.draw.w
        b = np.eye(cities) - known.get("lambda", 0.0) * self.error_w
        psi = known.get("psi", 0.0)
        over_time = linalg.toeplitz(psi ** np.arange(years)) / (1 - psi**2)
        still = known["phi"] * np.ones((years, years))
        inner = np.linalg.inv(b.T @ b)
        if self.form == "baltagi":
            spread = np.kron(still, np.eye(cities)) + np.kron(over_time, inner)
        else:
            spread = np.kron(still + over_time, inner)
        return np.kron(np.eye(years), a), spread

    def log_likelihood(self, theta: FloatArray) -> float:
        size = self.z.shape[1]
        a, spread = self.shape(theta[size:-1])
        u, sigma2 = a @ self.draw.y.ravel() - self.z @ theta[:size], theta[-1]
        logs = np.linalg.slogdet(a)[1] - 0.5 * np.linalg.slogdet(spread)[1]
        half = 0.5 * len(u) * np.log(2 * np.pi * sigma2)
        return float(logs - half - u @ np.linalg.solve(spread, u) / (2 * sigma2))

    def concentrated(self, free: Sequence[float]) -> FloatArray:
        a, spread = self.shape(free)
        root = np.linalg.inv(np.linalg.cholesky(spread))
        left, right = root @ a @ self.draw.y.ravel(), root @ self.z
        slopes = np.linalg.lstsq(right, left, rcond=None)[0]
        return np.r_[slopes, free, np.square(left - right @ slopes).mean()]

    def maximise(self) -> FloatArray:
        ends = {
            "rho": real_interval(self.draw.w),
            "lambda": real_interval(self.error_w),
            "psi": (-1.0, 1.0),
            "phi": (-1e-12, 200.0),
        }

        def drop(free: Sequence[float]) -> float:
            pairs = zip(self.free, free, strict=True)
            if any(not ends[name][0] < x < ends[name][1] for name, x in pairs):
                return np.inf
            return -self.log_likelihood(self.concentrated(free))

        best = np.inf
        for start in (-0.4, 0.3):
            at = [0.5 if name == "phi" else start for name in self.free]
            found = optimize.minimize(
                drop, at, method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
            )  # fmt: skip
            if found.fun < best:
                best, free = found.fun, found.x
        return self.concentrated(free)

    def expected_information(self, theta: FloatArray) -> FloatArray:
        """Return dm' C^-1 dm + tr(C^-1 dC C^-1 dC) / 2 by numerical derivatives."""
        size = self.z.shape[1]

        def moments(at: FloatArray) -> tuple[FloatArray, FloatArray]:
            a, spread = self.shape(at[size:-1])
            inverse = np.linalg.inv(a)
            return inverse @ self.z @ at[:size], at[-1] * inverse @ spread @ inverse.T

        weight = np.linalg.inv(moments(theta)[1])
        slopes = []
        for place, value in enumerate(theta):
            step = np.zeros(len(theta))
            step[place] = 1e-5 * max(abs(value), 0.1)
            up, down = moments(theta + step), moments(theta - step)
            width = 2 * step[place]
            slopes.append(((up[0] - down[0]) / width, (up[1] - down[1]) / width))
        info = np.empty((len(theta), len(theta)))
        for i, (mean, spread) in enumerate(slopes):
            for j, (other_mean, other) in enumerate(slopes):
                trace = np.trace(weight @ spread @ weight @ other)
                info[i, j] = mean @ weight @ other_mean + 0.5 * trace
        return info


def fit_of(draw: Draw, model: str, form: str, **options: Any) -> SpatialPanelFit:  # noqa: ANN401
    with warnings.catch_warnings(action="ignore"):
        return fit_spatial_random(
            draw.panel, draw.graph, "y", draw.names, model=model, error=form, **options
        )  # type: ignore[arg-type]


def example(model: str) -> Draw:
    spillover = -0.5 if model in WITH_SPILLOVERS else 0.0
    error = 0.4 if model in WITH_ERROR else 0.0
    return draw_panel(n=10, t=4, spillover=spillover, error=error, rng=12)


@pytest.mark.parametrize(("model", "form", "serial"), CASES)
def test_estimates_maximise_the_dense_likelihood(
    model: str, form: str, *, serial: bool
) -> None:
    draw = example(model)
    witness = Normal(draw, model, form, serial, draw.w)
    fit = fit_of(draw, model, form, serial=serial)
    theta = witness.maximise()
    assert fit.log_likelihood == pytest.approx(witness.log_likelihood(theta), abs=1e-7)
    np.testing.assert_allclose(fit.estimates["estimate"], theta[:-1], atol=1e-4)
    assert fit.sigma2 == pytest.approx(theta[-1], rel=1e-4)


def at_fit(fit: SpatialPanelFit) -> FloatArray:
    return np.r_[fit.estimates["estimate"].to_numpy(), fit.sigma2]


@pytest.mark.parametrize(("model", "form", "serial"), CASES)
def test_observed_errors_are_those_of_a_numerical_hessian(
    model: str, form: str, *, serial: bool
) -> None:
    draw = example(model)
    witness = Normal(draw, model, form, serial, draw.w)
    fit = fit_of(draw, model, form, serial=serial, covariance="observed")
    theta = at_fit(fit)
    covariance = np.linalg.inv(-numerical_hessian(witness.log_likelihood, theta))
    scale = np.sqrt(np.diag(covariance))
    gap = (fit.covariance - covariance[:-1, :-1]) / np.outer(scale, scale)[:-1, :-1]
    assert np.abs(gap).to_numpy().max() < 2e-3
    assert fit.sigma2_standard_error == pytest.approx(scale[-1], rel=2e-3)


@pytest.mark.parametrize(("model", "form"), [case[:2] for case in CASES if not case[2]])
def test_expected_errors_are_those_of_the_dense_formula(model: str, form: str) -> None:
    draw = example(model)
    witness = Normal(draw, model, form, serial=False, error_w=draw.w)
    fit = fit_of(draw, model, form, covariance="expected")
    covariance = np.linalg.inv(witness.expected_information(at_fit(fit)))
    scale = np.sqrt(np.diag(covariance))
    gap = (fit.covariance - covariance[:-1, :-1]) / np.outer(scale, scale)[:-1, :-1]
    assert np.abs(gap).to_numpy().max() < 1e-5
    assert fit.sigma2_standard_error == pytest.approx(scale[-1], rel=1e-5)


@pytest.mark.parametrize("form", ["baltagi", KKP])
def test_lag_and_error_take_their_own_weights(form: str) -> None:
    error_w = nearest_matrix(10, 2, 31)
    draw = draw_panel(n=10, t=4, error=0.5, error_w=error_w, spillover=0.0, rng=3)
    fit = fit_of(draw, "sac", form, error_weights=graph_of(error_w))
    witness = Normal(draw, "sac", form, serial=False, error_w=error_w)
    theta = witness.maximise()
    assert fit.log_likelihood == pytest.approx(witness.log_likelihood(theta), abs=1e-7)
    np.testing.assert_allclose(fit.estimates["estimate"], theta[:-1], atol=1e-4)


def test_both_entrances_are_one_function() -> None:
    draw = example("sem")
    one = fit_of(draw, "sem", KKP)
    other = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="sem", effects="random",
        random_error=KKP,  # type: ignore[arg-type]
    )  # fmt: skip
    np.testing.assert_array_equal(one.estimates, other.estimates)
    assert one.title == other.title


def test_predicted_city_effects_are_their_conditional_means() -> None:
    draw = example("sem")
    for form in ("baltagi", KKP):
        fit = fit_of(draw, "sem", form)
        witness = Normal(draw, "sem", form, serial=False, error_w=draw.w)
        free = fit.estimates["estimate"].loc[["lambda", "phi"]].to_numpy()
        _, spread = witness.shape(free)
        slopes = fit.estimates["estimate"].to_numpy()[: witness.z.shape[1]]
        u = draw.y.ravel() - witness.z @ slopes
        b = np.eye(10) - free[0] * draw.w
        own = np.eye(10) if form == "baltagi" else np.linalg.inv(b.T @ b)
        together = free[1] * np.kron(np.ones((1, 4)), own)
        means = together @ np.linalg.solve(spread, u)
        assert fit.city_effects is not None
        np.testing.assert_allclose(fit.city_effects, means, rtol=1e-6)


def test_many_years_make_random_effects_fixed() -> None:
    draw = draw_panel(n=10, t=60, spillover=0.0, error=0.0, rng=2)
    y = draw.y - draw.y.mean(axis=1, keepdims=True)
    centred = Draw(y, draw.x - draw.x.mean(axis=1, keepdims=True), draw.w, draw.codes)
    random = fit_of(centred, "sar", "baltagi")
    fixed = fit_spatial_panel(
        centred.panel, centred.graph, "y", centred.names, model="sar", effects="city"
    )
    assert random.rho == pytest.approx(fixed.rho, abs=0.01)
    np.testing.assert_allclose(random.slopes, fixed.slopes, atol=0.01)


def test_without_neighbours_slopes_are_near_those_of_random_effects() -> None:
    draw = draw_panel(n=40, t=5, rho=0.0, error=0.0, spillover=0.0, rng=2)
    fit = fit_of(draw, "ols", "baltagi")
    least = fit_random_effects(draw.panel, "y", draw.names)
    within = fit_fixed_effects(draw.panel, "y", draw.names, effects="city")
    names = draw.names
    own = fit.slopes.to_numpy()
    # The likelihood and Swamy and Arora differ in the variances alone.
    gap = np.abs(own - least.estimates["estimate"].loc[names].to_numpy())
    assert np.all(gap < 0.1 * fit.estimates["standard_error"].loc[names].to_numpy())
    other = within.estimates["estimate"].loc[names].to_numpy()
    assert not np.allclose(own, other, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["baltagi", KKP])
def test_the_truth_is_recovered(form: str) -> None:
    w, found, n, t = nearest_matrix(40, 4, 1), [], 40, 5
    b = np.eye(n) - 0.4 * w
    for seed in range(15):
        source = np.random.default_rng(seed)
        x = source.standard_normal((t, n, 1))
        noise, city = source.standard_normal((t, n)), source.standard_normal(n)
        u = np.linalg.solve(b, noise.T).T + city
        if form == KKP:
            u = np.linalg.solve(b, (noise + city).T).T
        y = np.linalg.solve(np.eye(n) - 0.3 * w, (x[:, :, 0] + u).T).T
        fit = fit_of(Draw(y, x, w, draw_panel(n=n).codes), "sac", form)
        known = fit.estimates["estimate"]
        found.append([known["x0"], fit.rho, fit.error_lambda, known["phi"], fit.sigma2])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(15)
    truth = np.array([1.0, 0.3, 0.4, 1.0, 1.0])
    assert np.all(np.abs(mean - truth) < 0.05 + 3 * error)


def test_no_variance_between_cities_is_told() -> None:
    draw = draw_panel(n=20, t=4, error=0.0, rng=1)
    x = draw.x - draw.x.mean(axis=0)
    flat = Draw(draw.y - draw.y.mean(axis=0), x, draw.w, draw.codes)
    with pytest.warns(
        InferenceWarning, match="phi = 0: these data show no random city"
    ):
        fit = fit_spatial_random(flat.panel, flat.graph, "y", flat.names, model="sar")
    assert fit.estimates["estimate"]["phi"] == 0
    assert np.isnan(fit.estimates["standard_error"]["phi"])
    pooled = fit_spatial_panel(
        flat.panel, flat.graph, "y", flat.names, model="sar", effects="none"
    )
    assert fit.rho == pytest.approx(pooled.rho, abs=1e-6)
    assert fit.log_likelihood == pytest.approx(pooled.log_likelihood, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"error": "kkp"}, "error must be one of 'baltagi', 'kapoor-kelejian-prucha'"),
        ({"covariance": "robust"}, "covariance must be one of"),
        (
            {"covariance": "expected", "serial": True},
            "the expected information is not offered with serial=True",
        ),
        ({"model": "xyz"}, "model must be one of"),
        ({"spillovers": ["z"]}, "spillovers 'z' are not among the drivers"),
    ],
)
def test_options_that_do_not_exist_are_refused(
    options: dict[str, Any], told: str
) -> None:
    draw = draw_panel()
    with pytest.raises(SpatialCoaggError, match=re.escape(told)):
        fit_spatial_random(draw.panel, draw.graph, "y", draw.names, **options)


@pytest.mark.parametrize(("t", "serial"), [(1, False), (2, True)])
def test_too_few_years_are_refused(t: int, *, serial: bool) -> None:
    draw = draw_panel(t=t)
    told = "are too few for random city effects and 5 slopes"
    with pytest.raises(EstimationError, match=told):
        fit_spatial_random(draw.panel, draw.graph, "y", draw.names, serial=serial)


def test_rho_at_its_bound_is_told() -> None:
    source = np.random.default_rng(0)
    y = source.standard_normal((6, 1)) + 1e-4 * source.standard_normal((6, 9))
    base = draw_panel(n=9, t=6)
    draw = Draw(y, source.standard_normal((6, 9, 1)), base.w, base.codes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_spatial_random(draw.panel, draw.graph, "y", draw.names, model="sar")
    told = [str(each.message) for each in caught]
    assert any(re.match(r"rho = .* lies at the bound of its", x) for x in told)
