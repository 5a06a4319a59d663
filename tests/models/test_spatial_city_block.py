from unittest import mock

import numpy as np
import pytest
from scipy import sparse
from test_spatial_large import PANELS, WEIGHTS, as_if_many, fit, graph, lattice, nearest

from spatial_coagg.models import _spatial_city_block
from spatial_coagg.models._spatial_city_block import CityProducts
from spatial_coagg.models._spatial_city_traces import city_block_traces
from spatial_coagg.models.error_components import error_component_tests
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.models.spatial_tests import lagrange_multiplier_tests
from spatial_coagg.weights import _solve
from spatial_coagg.weights._matrix import SparseMatrix

KKP = "kapoor-kelejian-prucha"


@pytest.mark.parametrize("rho", [0.4, 0.0, None])
@pytest.mark.parametrize(
    ("own", "error", "is_sparse"),
    [
        (lattice(23), nearest(529, 4), True),
        (nearest(40, 4), nearest(40, 3), False),
    ],
)
def test_traces_are_those_of_dense_matrices(
    own: SparseMatrix, error: SparseMatrix, rho: float | None, *, is_sparse: bool
) -> None:
    scale, lam = 1.7, -0.3
    block = CityProducts.of(error).block(lam, scale)
    assert sparse.issparse(block.matrix) == is_sparse
    found = city_block_traces(block, None if rho is None else (own, rho), (error, lam))
    eye = np.eye(own.shape[0])
    b = eye - lam * error.toarray()
    back = np.linalg.inv(b)
    k = eye + scale * b @ b.T
    assert block.log_determinant == pytest.approx(np.linalg.slogdet(k)[1])
    inverse = np.linalg.inv(k)
    h = error.toarray() @ back
    g = np.zeros_like(eye)
    if rho is not None:
        w = own.toarray()
        g = b @ w @ np.linalg.inv(eye - rho * w) @ back
    both = h + h.T
    wanted = {
        "inverse": inverse,
        "inverse_square": inverse @ inverse,
        "lag": inverse @ g @ k @ g.T,
        "lag_once": inverse @ g,
        "error": inverse @ both @ inverse @ both,
        "error_once": inverse @ h,
        "error_twice": inverse @ h @ inverse,
        "both": inverse @ g @ both,
    }
    for name, matrix in wanted.items():
        value = pytest.approx(float(np.trace(matrix)), rel=1e-9, abs=1e-9)
        assert getattr(found, name) == value, name


@pytest.mark.parametrize("form", ["baltagi", KKP])
@pytest.mark.parametrize("model", ["sar", "sem", "sac"])
def test_random_effects_are_the_same_from_factorisations(
    model: SpatialModel, form: str
) -> None:
    options = {} if model == "sar" else {"random_error": form}
    few = fit("nearest", model=model, effects="random", **options)
    with (
        as_if_many(),
        mock.patch.multiple(_solve, FEW=10, LINKED=1.0),
        mock.patch.multiple(_spatial_city_block, FEW=10, SPARSE=1.0),
    ):
        many = fit("nearest", model=model, effects="random", **options)
    assert many.standard_errors == few.standard_errors == "expected information"
    np.testing.assert_allclose(
        many.estimates["estimate"], few.estimates["estimate"], atol=1e-7
    )
    np.testing.assert_allclose(
        many.estimates["standard_error"], few.estimates["standard_error"], rtol=1e-5
    )


def test_conditional_tests_are_the_same_from_factorisations() -> None:
    panel, weights = PANELS["nearest"], graph(WEIGHTS["nearest"])

    def frames() -> list[np.ndarray]:
        own = lagrange_multiplier_tests(
            panel, weights, "patents", ["roads"], conditional=True
        )
        others = error_component_tests(
            panel, weights, "patents", ["roads"], conditional=True
        )
        tables = own.frame, others.frame
        return [each["statistic"].to_numpy() for each in tables]

    few = frames()
    with as_if_many(), mock.patch.multiple(_solve, FEW=10, LINKED=1.0):
        many = frames()
    for one, other in zip(few, many, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5)
