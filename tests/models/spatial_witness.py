"""Slow, obvious computations that the spatial models are held to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from libpysal.graph import Graph
from scipy import linalg, optimize

from spatial_coagg._typing import FloatArray
from spatial_coagg.tables.panel import Panel

Height: TypeAlias = Callable[[FloatArray], float]

MODELS = ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac", "gns")
WITH_LAG = ("sar", "sdm", "sac", "gns")
WITH_ERROR = ("sem", "sdem", "sac", "gns")
WITH_SPILLOVERS = ("slx", "sdm", "sdem", "gns")


def codes_of(number: int) -> list[str]:
    return [f"{place:03d}" for place in range(number)]


def graph_of(matrix: FloatArray, codes: Sequence[str] | None = None) -> Graph:
    """Return a dense matrix as weights; a row of zeros is an island."""
    names = np.array(codes or codes_of(len(matrix)))
    rows, columns = np.nonzero(matrix)
    bare = np.flatnonzero(~matrix.any(axis=1))
    index = pd.MultiIndex.from_arrays(
        [names[np.r_[rows, bare]], names[np.r_[columns, bare]]],
        names=["focal", "neighbor"],
    )
    values = np.r_[matrix[rows, columns], np.zeros(len(bare))]
    return Graph(pd.Series(values, index=index, name="weight").sort_index())


def nearest_matrix(n: int, k: int, rng: int) -> FloatArray:
    """Return row-standardised k-nearest weights: neither symmetric nor real roots."""
    points = np.random.default_rng(rng).uniform(size=(n, 2))
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    matrix = np.zeros((n, n))
    np.put_along_axis(matrix, np.argsort(gaps, axis=1)[:, :k], 1.0 / k, axis=1)
    return matrix


@dataclass(frozen=True)
class Draw:
    """A drawn panel; y is (T, N), x is (T, N, K)."""

    y: FloatArray
    x: FloatArray
    w: FloatArray
    codes: list[str]

    @property
    def names(self) -> list[str]:
        return [f"x{place}" for place in range(self.x.shape[2])]

    @property
    def panel(self) -> Panel:
        years = len(self.y)
        index = pd.MultiIndex.from_product(
            [self.codes, range(2000, 2000 + years)], names=["city", "year"]
        )
        columns = {
            name: self.x[:, :, place].T.ravel() for place, name in enumerate(self.names)
        }
        frame = pd.DataFrame({"y": self.y.T.ravel(), **columns}, index=index)
        return Panel.from_frame(frame.reset_index(), city="city", year="year")

    @property
    def graph(self) -> Graph:
        return graph_of(self.w, self.codes)


def draw_panel(  # noqa: PLR0913 (the truth, number by number)
    *,
    n: int = 9,
    t: int = 4,
    drivers: int = 2,
    rho: float = 0.4,
    error: float = 0.3,
    spillover: float = -0.5,
    spread: float = 1.0,
    w: FloatArray | None = None,
    error_w: FloatArray | None = None,
    rng: int = 0,
) -> Draw:
    """Draw y = rho W y + X (1, 2, ...) + spillover W X 1 + mu + alpha + u.

    The error is u = error W_e u + e.
    """
    source = np.random.default_rng(rng)
    w = nearest_matrix(n, 3, rng) if w is None else w
    error_w = w if error_w is None else error_w
    x = source.standard_normal((t, n, drivers))
    trend = x @ np.arange(1.0, drivers + 1) + spillover * x.sum(axis=2) @ w.T
    effects = source.standard_normal(n) + source.standard_normal((t, 1))
    noise = spread * source.standard_normal((t, n))
    eye = np.eye(n)
    shocks = np.linalg.solve(eye - error * error_w, noise.T).T
    y = np.linalg.solve(eye - rho * w, (trend + effects + shocks).T).T
    return Draw(y, x, w, codes_of(n))


def real_interval(w: FloatArray) -> tuple[float, float]:
    """Return the ends of rho around zero at which I - rho W is singular."""
    roots = np.linalg.eigvals(w)
    real = roots[np.abs(roots.imag) < 1e-9].real
    return 1 / real.min(), 1 / real.max()


def helmert(size: int) -> FloatArray:
    """Return an orthonormal basis (size, size - 1) of what sums to zero."""
    return np.asarray(linalg.null_space(np.ones((1, size))), dtype=np.float64)


@dataclass(frozen=True)
class DenseModel:
    """A spatial model stacked by hand, every matrix NT x NT.

    y is (NT,) year by year, z is (NT, K), w and w_error are (N, N), dummies is (NT, D).
    """

    y: FloatArray
    z: FloatArray
    w: FloatArray
    w_error: FloatArray
    dummies: FloatArray
    has_lag: bool
    has_error: bool
    ends: list[tuple[float, float]]

    @property
    def blocks(self) -> int:
        return len(self.y) // len(self.w)

    @property
    def whole(self) -> FloatArray:
        return np.hstack([self.z, self.dummies])

    def stacked(self, small: FloatArray) -> FloatArray:
        return np.kron(np.eye(self.blocks), small)

    def a(self, rho: float) -> FloatArray:
        return self.stacked(np.eye(len(self.w)) - rho * self.w)

    def b(self, error: float) -> FloatArray:
        return self.stacked(np.eye(len(self.w)) - error * self.w_error)

    def log_likelihood(
        self, slopes: FloatArray, rho: float, error: float, sigma2: float
    ) -> float:
        a, b = self.a(rho), self.b(error)
        e = b @ (a @ self.y - self.whole @ slopes)
        logs = np.linalg.slogdet(a)[1] + np.linalg.slogdet(b)[1]
        half = 0.5 * len(self.y) * np.log(2 * np.pi * sigma2)
        return float(logs - half - e @ e / (2 * sigma2))

    def least_squares(self, rho: float, error: float) -> tuple[FloatArray, float]:
        b = self.b(error)
        left, right = b @ self.a(rho) @ self.y, b @ self.whole
        slopes = np.linalg.lstsq(right, left, rcond=None)[0]
        return slopes, float(np.square(left - right @ slopes).mean())

    def unpacked(self, free: Sequence[float]) -> tuple[float, float]:
        values = list(free)
        rho = values.pop(0) if self.has_lag else 0.0
        return rho, values.pop(0) if self.has_error else 0.0

    def maximise(self) -> dict[str, Any]:
        """Search rho and lambda on a grid, then by Nelder and Mead."""
        ends = self.ends

        def drop(free: Sequence[float]) -> float:
            if any(
                not low < x < high for x, (low, high) in zip(free, ends, strict=True)
            ):
                return np.inf
            rho, error = self.unpacked(free)
            slopes, sigma2 = self.least_squares(rho, error)
            return -self.log_likelihood(slopes, rho, error, sigma2)

        free: Sequence[float] = ()
        if ends:
            grid = np.meshgrid(*[np.linspace(*each, 27)[1:-1] for each in ends])
            points = np.stack([axis.ravel() for axis in grid], axis=1)
            best = points[np.argmin([drop(point) for point in points])]
            found = optimize.minimize(
                drop, best, method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
            )  # fmt: skip
            free = found.x
        rho, error = self.unpacked(free)
        slopes, sigma2 = self.least_squares(rho, error)
        return {
            "rho": rho,
            "error": error,
            "slopes": slopes[: self.z.shape[1]],
            "all_slopes": slopes,
            "sigma2": sigma2,
            "log_likelihood": -drop(free),
        }

    def observed_covariance(self, found: dict[str, Any]) -> FloatArray:
        """Invert minus the numerical Hessian in all parameters, the dummies too."""
        number = self.has_lag + self.has_error

        def height(theta: FloatArray) -> float:
            size = self.whole.shape[1]
            rho, error = self.unpacked(theta[size : size + number])
            return self.log_likelihood(theta[:size], rho, error, theta[-1])

        free = [found["rho"]] * self.has_lag + [found["error"]] * self.has_error
        at = np.r_[found["all_slopes"], free, found["sigma2"]]
        return self._kept(np.linalg.inv(-numerical_hessian(height, at)))

    def expected_covariance(
        self, slopes: FloatArray, rho: float, error: float, sigma2: float
    ) -> FloatArray:
        """Invert the expected information in all parameters, term by term."""
        a, b = self.a(rho), self.b(error)
        g = b @ self.stacked(self.w) @ np.linalg.inv(a) @ np.linalg.inv(b)
        h = self.stacked(self.w_error) @ np.linalg.inv(b)
        x = b @ self.whole
        parts = [x]
        if self.has_lag:
            parts.append((g @ x @ slopes)[:, None])
        columns = np.hstack(parts)
        size, known = columns.shape[1] + self.has_error + 1, columns.shape[1]
        info = np.zeros((size, size))
        info[:known, :known] = columns.T @ columns / sigma2
        info[-1, -1] = len(self.y) / (2 * sigma2**2)
        if self.has_lag:
            info[known - 1, known - 1] += np.trace(g @ g) + np.trace(g.T @ g)
            info[known - 1, -1] = info[-1, known - 1] = np.trace(g) / sigma2
        if self.has_error:
            info[known, known] = np.trace(h @ h) + np.trace(h.T @ h)
            info[known, -1] = info[-1, known] = np.trace(h) / sigma2
        if self.has_lag and self.has_error:
            both = np.trace(g @ h) + np.trace(g.T @ h)
            info[known - 1, known] = info[known, known - 1] = both
        return self._kept(np.linalg.inv(info))

    def _kept(self, covariance: FloatArray) -> FloatArray:
        kept = np.r_[0 : self.z.shape[1], self.whole.shape[1] : len(covariance)].astype(
            int
        )
        return covariance[np.ix_(kept, kept)]


def dense_model(
    draw: Draw,
    model: str,
    effects: str,
    correction: str,
    *,
    error_w: FloatArray | None = None,
    spillover_w: FloatArray | None = None,
    spillovers: Sequence[int] | None = None,
) -> DenseModel:
    """Stack a model with dummies, or with the explicit transformation F."""
    years, cities = draw.y.shape
    w_error = draw.w if error_w is None else error_w
    w_x = draw.w if spillover_w is None else spillover_w
    columns = draw.x
    if model in WITH_SPILLOVERS:
        chosen = draw.x if spillovers is None else draw.x[:, :, list(spillovers)]
        columns = np.concatenate([columns, np.einsum("ij,tjk->tik", w_x, chosen)], 2)
    if effects == "none":
        columns = np.concatenate([columns, np.ones((years, cities, 1))], axis=2)
    transformed = correction == "transform"
    f_year = helmert(years) if transformed and "city" in effects else np.eye(years)
    f_city = helmert(cities) if transformed and "year" in effects else np.eye(cities)
    y = f_year.T @ draw.y @ f_city
    z = np.einsum("ts,tnk,nm->smk", f_year, columns, f_city)
    dummies = np.zeros((years * cities, 0))
    if not transformed:
        by_city = np.kron(np.ones((years, 1)), np.eye(cities))
        by_year = np.kron(np.eye(years), np.ones((cities, 1)))
        parts = [by_city] * ("city" in effects)
        # One year less beside the cities: their dummies hold the constant.
        parts += [by_year[:, len(parts) :]] * ("year" in effects)
        dummies = np.hstack([dummies, *parts])
    return DenseModel(
        y.ravel(),
        z.reshape(-1, z.shape[2]),
        f_city.T @ draw.w @ f_city,
        f_city.T @ w_error @ f_city,
        dummies if not transformed else np.zeros((y.size, 0)),
        model in WITH_LAG,
        model in WITH_ERROR,
        [real_interval(draw.w)] * (model in WITH_LAG)
        + [real_interval(w_error)] * (model in WITH_ERROR),
    )


def numerical_hessian(height: Height, at: FloatArray) -> FloatArray:
    """Return the Hessian by central differences, extrapolated once."""
    fine, coarse = (_differences(height, at, step) for step in (2e-4, 4e-4))
    return np.asarray((4 * fine - coarse) / 3)


def _differences(height: Height, at: FloatArray, step: float) -> FloatArray:
    size = len(at)
    steps = np.diag(step * np.maximum(np.abs(at), 0.5))
    found = np.empty((size, size))
    for i in range(size):
        for j in range(i, size):
            corners = [
                height(at + s * steps[i] + r * steps[j]) * s * r
                for s in (1, -1)
                for r in (1, -1)
            ]
            found[i, j] = found[j, i] = sum(corners) / (4 * steps[i, i] * steps[j, j])
    return found
