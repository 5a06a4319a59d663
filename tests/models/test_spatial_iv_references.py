import re
import warnings
from functools import partial
from unittest import mock

import numpy as np
import pytest
from scipy import optimize
from spatial_references import (
    label,
    reference_panel,
    reference_weights,
    specifications,
)

from spatial_coagg._typing import FloatArray
from spatial_coagg.models import _spatial_error_moments, _spatial_iv_rows
from spatial_coagg.models._spatial_error_moments import ErrorComponents
from spatial_coagg.models.spatial_iv import fit_spatial_iv
from spatial_coagg.models.spatial_iv_fit import SpatialIVFit

BANK = specifications("moments")
WEIGHTS = {"initial": "unweighted", "weights": "weighted"}
CASES = [
    pytest.param(name, place, id=f"{name}-{each['call']}")
    for name, spec in BANK.items()
    for place, each in enumerate(spec["results"])
    if "b2sls" not in each["call"] and "spreg" not in each["call"]
]
ERRORS = "produc_gm_error"
BANK_OF_SPREG = [each for each in BANK[ERRORS]["results"] if "spreg" in each["call"]]


def fit_of(name: str, place: int) -> SpatialIVFit:
    panel, outcome, drivers = reference_panel(name, "moments")
    call = BANK[name]["results"][place]["call"].replace("True", "TRUE")
    effects = "none"
    if "within" in call:
        effects = "city"
    elif "random" in call:
        effects = "random"
    given = re.search(r"moments='(\w+)'", call)
    with warnings.catch_warnings(action="ignore"):  # weak instruments
        return fit_spatial_iv(
            panel,
            reference_weights(BANK[name]["weights"]),
            outcome,
            drivers,
            effects=effects,  # type: ignore[arg-type]
            lag="stsls" in call or "lag=TRUE" in call,
            error="GMerrorsar" in call or "spatial.error=TRUE" in call,
            spillovers=drivers if "Durbin=TRUE" in call else (),
            moments=WEIGHTS.get(given[1], "fully-weighted")  # type: ignore[arg-type]
            if given and effects == "random"  # with city effects they are one
            else "fully-weighted",
            random_method="g2sls" if "g2sls" in call else "ec2sls",
        )


@pytest.mark.parametrize(("name", "place"), CASES)
def test_moment_estimates_are_those_of_the_bank(name: str, place: int) -> None:
    case = BANK[name]["results"][place]
    fit = fit_of(name, place)
    names = {"Rho": "rho", "lambda": "rho"} if "stsls" in case["call"] else {}
    if "spgm" in case["call"]:
        names = {"lambda": "rho"}
    # The error's lambda comes from R's nlminb, to a few digits.
    digits = 1e-3 if "error=TRUE" in case["call"] or "GM" in case["call"] else 1e-7
    if "'weights'" in case["call"] and "random" in case["call"]:
        digits = 5e-3  # nlminb stops where it starts, at the unweighted moments
    for key, value in case["coefficients"].items():
        if key == "lambda" and "GMerrorsar" in case["call"]:
            assert fit.error_lambda == pytest.approx(value, rel=digits)
            continue
        ours = names.get(key, label(key.replace("lag_", "W_")))
        estimate = fit.estimates["estimate"][ours]
        assert estimate == pytest.approx(value, rel=digits, abs=digits), key


def error_model(**options: object) -> SpatialIVFit:
    """Fit a spatial error model to spreg's data."""
    panel, outcome, drivers = reference_panel(ERRORS, "moments")
    weights = reference_weights(BANK[ERRORS]["weights"])
    return fit_spatial_iv(
        panel, weights, outcome, drivers, lag=False, error=True, **options  # type: ignore[arg-type]
    )  # fmt: skip


def data_of() -> tuple[FloatArray, FloatArray]:
    """Return the residuals of least squares, shape (T, N), and W."""
    panel, outcome, drivers = reference_panel(ERRORS, "moments")
    frame = panel.frame.sort_index()
    y = frame[outcome].to_numpy()
    x = np.column_stack([np.ones(len(frame)), frame[list(drivers)]])
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    w = reference_weights(BANK[ERRORS]["weights"]).sparse.toarray()
    return rest.reshape(len(w), -1).T, w


def robust_lambda() -> float:
    """Solve e'(W'W - diag(W'W)) e = 0 and e'We = 0 as spreg's first step does."""
    u, w = data_of()
    gram = w.T @ w
    np.fill_diagonal(gram, 0.0)

    def squares(value: float) -> float:
        e = u - value * u @ w.T
        return sum(float(np.sum(e * (e @ a.T))) ** 2 for a in (gram, w))

    found = optimize.minimize_scalar(
        squares, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_slopes_at_the_lambda_of_spreg_are_its_own(place: int) -> None:
    case = BANK_OF_SPREG[place]
    theirs, effects = dict(case["coefficients"]), "random"
    if "Pooled" in case["call"]:
        effects, given = "none", ErrorComponents(robust_lambda(), 1.0, 1.0)
    else:
        names = ("lambda", "sigma2_v", "sigma2_1")
        given = ErrorComponents(*(float(theirs[name]) for name in names))
    with mock.patch.multiple(
        _spatial_iv_rows,
        random_components=lambda *_: given,
        pooled_components=lambda *_, **__: given,
    ):
        fit = error_model(effects=effects)
    ratios = []
    for name in ("CONSTANT", "lpcap", "lpc", "lemp", "unemp"):
        row = fit.estimates.loc[name.replace("CONSTANT", "constant")]
        assert row["estimate"] == pytest.approx(theirs[name], rel=1e-7), name
        ratios.append(case["se"][name] / row["standard_error"])
    if effects == "random":
        # Theirs take the variance of these rows, ours that of the moments.
        assert np.ptp(ratios) < 1e-9
    else:
        assert theirs["lambda"] - error_model(effects=effects).error_lambda > 0.08


def test_their_weights_of_the_moments_lack_factors() -> None:
    right = _spatial_error_moments._moment_covariance

    def theirs(matrix: _spatial_error_moments.SparseMatrix) -> FloatArray:
        found = right(matrix)
        found[[0, 1], [1, 0]] /= matrix.shape[0]
        found[1, 1] /= 2
        return found

    with mock.patch.object(_spatial_error_moments, "_moment_covariance", theirs):
        fit = error_model(effects="random")
    case = BANK_OF_SPREG[1]["coefficients"]
    assert fit.error_lambda == pytest.approx(case["lambda"], rel=1e-5)
    assert fit.sigma2 == pytest.approx(case["sigma2_v"], rel=1e-5)
    assert fit.sigma2_between == pytest.approx(case["sigma2_1"], rel=1e-5)
    for name in ("lpcap", "lpc", "lemp", "unemp"):
        estimate = fit.estimates["estimate"][name]
        assert estimate == pytest.approx(case[name], rel=1e-5), name


def six_moments(first: FloatArray, values: FloatArray) -> float:
    """Return the weighted squares of the moments of Kapoor, Kelejian and Prucha.

    `first` are lambda and both variances from the first three, by which they are
    weighted, `values` those at which they are taken.
    """
    u, w = data_of()
    years, cities = u.shape
    error, *variances = values
    e = u - error * u @ w.T
    trace = np.trace(w.T @ w) / cities
    whole = 0.0
    for count, part, variance, weight in (
        (years - 1, e - e.mean(axis=0), variances[0], first[1] ** 2 / (years - 1)),
        (1, np.sqrt(years) * e.mean(axis=0)[None], variances[1], first[2] ** 2),
    ):
        once = part @ w.T
        moments = [part * part, once * once, part * once]
        means = np.array([each.sum() / (cities * count) for each in moments])
        gaps = means - variance * np.array([1.0, trace, 0.0])
        whole += float(gaps @ gaps) / weight
    return whole


def test_spreg_stops_before_the_moments_are_least() -> None:
    height = partial(six_moments, components(error_model(
        effects="random", moments="unweighted"
    )))  # fmt: skip
    ours = components(error_model(effects="random", moments="weighted"))
    case = BANK_OF_SPREG[0]["coefficients"]
    theirs = np.array([case[name] for name in ("lambda", "sigma2_v", "sigma2_1")])
    assert height(ours) < height(theirs)
    for step in np.diag(1e-4 * ours):
        assert height(ours) < min(height(ours + step), height(ours - step))


def components(fit: SpatialIVFit) -> FloatArray:
    return np.array([fit.error_lambda, fit.sigma2, fit.sigma2_between], dtype=float)
