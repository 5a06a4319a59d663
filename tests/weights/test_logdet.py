from unittest import mock

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import linalg
from scipy.spatial import cKDTree

from spatial_coagg._typing import FloatArray
from spatial_coagg.weights import (
    _extremes,
    _logdet,
    _logdet_factor,
    _logdet_moments,
    _solve,
)
from spatial_coagg.weights._extremes import (
    extremes_of_symmetric,
    largest_of,
    smallest_of,
    symmetrised,
    symmetriser,
)
from spatial_coagg.weights._logdet import (
    EigenSpectrum,
    Spectrum,
    eigen_spectrum,
    spectrum,
    stochastic_spectrum,
)
from spatial_coagg.weights._logdet_factor import FactorSpectrum
from spatial_coagg.weights._logdet_moments import MomentSpectrum, power_traces
from spatial_coagg.weights._matrix import SparseMatrix, standardised_rows
from spatial_coagg.weights._solve import factor, solve


def lattice(side: int) -> SparseMatrix:
    """Rook neighbours on a square, each of weight one."""
    line = sparse.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(side, side))
    eye = sparse.eye_array(side)
    return sparse.csr_array(sparse.kron(line, eye) + sparse.kron(eye, line))


def nearest(size: int, k: int) -> SparseMatrix:
    """Row-standardised k nearest: not symmetric, complex eigenvalues."""
    points = np.random.default_rng(3).random((size, 2))
    others = cKDTree(points).query(points, k + 1)[1][:, 1:]
    rows = np.repeat(np.arange(size), k)
    return sparse.csr_array(
        (np.full(size * k, 1 / k), (rows, others.ravel())), shape=(size, size)
    )


def ring(size: int) -> SparseMatrix:
    """Each place has the next as its only neighbour: eigenvalues on a circle."""
    rows = np.arange(size)
    return sparse.csr_array(
        (np.ones(size), (rows, (rows + 1) % size)), shape=(size, size)
    )


def with_islands(matrix: SparseMatrix, count: int) -> SparseMatrix:
    empty = sparse.csr_array((count, count))
    return sparse.csr_array(sparse.block_diag([matrix, empty], format="csr"))


MATRICES = {
    "row-standardised": standardised_rows(lattice(17)),
    "binary": lattice(17),
    "unequal": sparse.csr_array(
        lattice(16).multiply(1 + np.add.outer(np.arange(256), np.arange(256)) / 99)
    ),
    "nearest": nearest(280, 5),
    "ring": ring(150),
    "islands": with_islands(standardised_rows(lattice(14)), 5),
}


@pytest.fixture(params=MATRICES, name="matrix")
def _matrix(request: pytest.FixtureRequest) -> SparseMatrix:
    return MATRICES[request.param]


def factorised(matrix: SparseMatrix) -> FactorSpectrum:
    """Return what many places would get."""
    with mock.patch.multiple(_logdet, FEW=10, FILLED=2.0, LINKED=1.0):
        made = spectrum(matrix)
    assert isinstance(made, FactorSpectrum)
    return made


def stochastic(matrix: SparseMatrix) -> MomentSpectrum:
    return stochastic_spectrum(matrix, probes=32, rng=np.random.default_rng(5))


def places(made: Spectrum) -> list[float]:
    low, high = made.interval
    return [0.6 * low, 0.1 * low, 0.0, 0.35 * high, 0.9 * high]


def derivatives(matrix: SparseMatrix, rho: float) -> tuple[float, float, float]:
    """Return logarithm and traces from an explicit inverse."""
    w = matrix.toarray()
    system = np.eye(len(w)) - rho * w
    g = w @ np.linalg.inv(system)
    return (
        float(np.linalg.slogdet(system).logabsdet),
        float(np.trace(g)),
        float(np.trace(g @ g)),
    )


def test_eigenvalues_give_what_the_inverse_gives(matrix: SparseMatrix) -> None:
    made = spectrum(matrix)
    assert isinstance(made, EigenSpectrum)
    for rho in places(made):
        found = made.log_determinant(rho), made.trace(rho), made.trace_square(rho)
        np.testing.assert_allclose(found, derivatives(matrix, rho), atol=1e-8)


@pytest.mark.parametrize("many", [10, 10_000], ids=["narrow", "wide"])
def test_factorisations_give_what_the_inverse_gives(
    matrix: SparseMatrix, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_logdet_factor, "MANY", many)
    made = factorised(matrix)
    for rho in places(made):
        found = made.log_determinant(rho), made.trace(rho), made.trace_square(rho)
        # Second derivatives of an interpolation lose some digits near the bounds.
        np.testing.assert_allclose(
            found, derivatives(matrix, rho), rtol=2e-7, atol=2e-7
        )
        assert made.settle(rho)


@pytest.mark.parametrize("share", [-0.5, 0.4, 0.8])
def test_stochastic_traces_lie_within_their_error(
    matrix: SparseMatrix, share: float
) -> None:
    made = stochastic(matrix)
    low, high = made.interval
    rho = share * high if share > 0 else -share * max(low, -high)
    logarithm, trace, _ = derivatives(matrix, rho)
    assert 0 < made.log_determinant_error(rho) < 0.05 * matrix.shape[0]
    assert abs(made.log_determinant(rho) - logarithm) <= 5 * (
        made.log_determinant_error(rho)
    )
    assert abs(made.trace(rho) - trace) <= 5 * made.trace_error(rho)


def test_stochastic_errors_are_those_of_repeated_draws() -> None:
    matrix = MATRICES["row-standardised"]
    made = [
        stochastic_spectrum(matrix, probes=16, rng=np.random.default_rng(seed))
        for seed in range(60)
    ]
    values = [each.log_determinant(0.8) for each in made]
    stated = np.mean([each.log_determinant_error(0.8) for each in made])
    assert np.std(values) == pytest.approx(stated, rel=0.3)


def test_stochastic_derivatives_are_those_of_its_own_logarithm(
    matrix: SparseMatrix,
) -> None:
    made, step = stochastic(matrix), 1e-4
    rho = 0.5 * made.interval[1]
    low, middle, high = (made.log_determinant(rho + side * step) for side in (-1, 0, 1))
    assert made.trace(rho) == pytest.approx((low - high) / (2 * step), rel=1e-4)
    assert made.trace_square(rho) == pytest.approx(
        (2 * middle - low - high) / step**2, rel=1e-3
    )


def test_intervals_never_leave_that_of_the_eigenvalues(matrix: SparseMatrix) -> None:
    low, high = eigen_spectrum(matrix).interval
    for made in (factorised(matrix), stochastic(matrix)):
        # The reciprocal of an eigenvalue carries the eigenvalue's rounding.
        assert low - 1e-9 <= made.interval[0] < 0 < made.interval[1] <= high + 1e-9
        assert made.interval[1] == pytest.approx(high, rel=1e-5)
    if symmetriser(matrix) is not None:
        assert factorised(matrix).interval[0] == pytest.approx(low, rel=1e-5)


def test_largest_eigenvalue_of_islands_alone_sets_no_bound() -> None:
    empty = sparse.csr_array((12, 12))
    made = factorised(empty)
    assert made.interval == (-np.inf, np.inf)
    assert made.log_determinant(0.3) == 0


def test_weights_without_a_symmetric_form_are_told_apart() -> None:
    for name in ("nearest", "ring"):
        assert symmetriser(MATRICES[name]) is None
    for name in ("row-standardised", "binary", "islands"):
        scale = symmetriser(MATRICES[name])
        assert scale is not None
        whole = scale[:, None] * MATRICES[name].toarray() / scale
        np.testing.assert_allclose(whole, whole.T, atol=1e-14)
        np.testing.assert_allclose(
            symmetrised(MATRICES[name], scale).toarray(), whole, atol=1e-14
        )


def test_a_cycle_that_multiplies_to_another_number_backwards_has_no_form() -> None:
    there = np.array([[0, 2, 1], [1, 0, 1], [1, 1, 0]], dtype=np.float64)
    assert symmetriser(sparse.csr_array(there)) is None


def test_scales_beyond_doubles_count_as_none() -> None:
    steps = np.tile([1e-9], 999)
    chain = sparse.diags_array([steps, 1 / steps], offsets=[-1, 1])
    assert symmetriser(sparse.csr_array(chain)) is None


def test_extremes_are_bounds_even_after_few_steps() -> None:
    matrix = lattice(17)
    exact = np.linalg.eigvalsh(matrix.toarray())
    with mock.patch.object(_extremes, "STEPS", 25):
        low, high = extremes_of_symmetric(matrix, largest_of(matrix))
    assert low <= exact[0]
    assert high >= exact[-1]


def test_where_arnoldi_does_not_converge_perron_bounds_serve() -> None:
    lost = linalg.ArpackNoConvergence("no", np.array([]), np.array([]))
    with mock.patch.object(_extremes.linalg, "eigs", side_effect=lost):
        assert smallest_of(MATRICES["nearest"], 1.0) == -1.0


def test_dense_weights_are_solved_by_lapack() -> None:
    rng = np.random.default_rng(4)
    whole = rng.random((60, 60)) * (1 - np.eye(60))
    matrix = sparse.csr_array(whole / whole.sum(axis=1, keepdims=True))
    with mock.patch.object(_logdet, "FEW", 10):
        made = spectrum(matrix)
    assert isinstance(made, FactorSpectrum)
    found = made.log_determinant(0.5), made.trace(0.5), made.trace_square(0.5)
    np.testing.assert_allclose(found, derivatives(matrix, 0.5), atol=1e-8)


def test_links_that_fill_the_factors_count_as_dense() -> None:
    rng = np.random.default_rng(6)
    size = 600
    pairs = np.triu(rng.random((size, size)) < 8 / size, 1)
    symmetric = sparse.csr_array((pairs | pairs.T).astype(np.float64))
    assert isinstance(spectrum(symmetric), EigenSpectrum)
    assert isinstance(spectrum(standardised_rows(lattice(25))), FactorSpectrum)


def shaky(rho: float) -> float:
    """A logarithm that no polynomial follows."""
    return float(np.sign(rho - 0.4))


def peaked(rho: float) -> float:
    """A logarithm too sharp for the first window."""
    return float(-np.log(1 + 900 * (rho - 0.4) ** 2))


def drawn(evaluate: object) -> FactorSpectrum:
    guide = stochastic(MATRICES["row-standardised"])
    return FactorSpectrum(289, guide.interval, evaluate, guide, np.inf)  # type: ignore[arg-type]


def test_a_window_that_does_not_hold_is_made_anew() -> None:
    made = drawn(peaked)
    assert not made.settle(0.405)
    assert made.settle(0.405)
    assert made.log_determinant(0.405) == peaked(0.405)
    assert made.trace(0.405) == pytest.approx(1800 * 0.005 / (1 + 0.0225), rel=1e-4)


def test_a_curve_that_is_not_smooth_is_refused() -> None:
    with pytest.raises(ArithmeticError, match=r"near rho = 0\.41.* smooth curve"):
        drawn(shaky).settle(0.41)


def test_beyond_the_reach_of_powers_the_search_takes_factorisations() -> None:
    made = factorised(MATRICES["nearest"])
    rho = 1.2 * -made.reach
    assert made.interval[0] < rho
    assert made.rough(rho) == made.log_determinant(rho)
    near = made.rough(0.5) - made.log_determinant(0.5)
    assert abs(near) < 1.0


@pytest.mark.parametrize("trans", ["N", "T"])
@pytest.mark.parametrize("few", [1, 10_000])
def test_solutions_are_those_of_the_inverse(few: int, trans: str) -> None:
    matrix = MATRICES["nearest"]
    columns = np.random.default_rng(2).normal(size=(280, 3))
    inverse = np.linalg.inv(np.eye(280) - 0.6 * matrix.toarray())
    with mock.patch.object(_solve, "FEW", few):
        found = factor(matrix, 0.6).solve(columns, trans)  # type: ignore[arg-type]
    expected = (inverse if trans == "N" else inverse.T) @ columns
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.6, -0.9, 0.97])
def test_iteration_gives_what_factors_give(rho: float) -> None:
    matrix = MATRICES["nearest"]
    columns: FloatArray = np.random.default_rng(2).normal(size=(280, 3))
    with mock.patch.object(_solve, "ITERATE", 10):
        found = solve(matrix, rho, columns)
    np.testing.assert_allclose(found, solve(matrix, rho, columns), atol=1e-11)


@pytest.mark.parametrize(("limit", "count"), [(10**9, 5), (10, 3)])
def test_first_traces_are_exact(limit: int, count: int) -> None:
    w = MATRICES["nearest"].toarray()
    with mock.patch.object(_logdet_moments, "SQUARE", limit):
        found = power_traces(MATRICES["nearest"])
    expected = [np.trace(np.linalg.matrix_power(w, power)) for power in range(count)]
    np.testing.assert_allclose(found, expected, atol=1e-10)
