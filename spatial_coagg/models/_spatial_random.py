"""The likelihood of spatial panels with random city effects.

In units of the noise's variance the disturbances of a city over the years have the
covariance V (autocorrelation psi) and the city effects phi. Rotated so that the first
of the T rows is the direction of the ones, P 1, the likelihood falls apart into that
row ("between", of length d^2 = 1' V^-1 1) and T - 1 rows without city effects
("within"): two quadratic forms of N cities, never N T x N T.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import optimize

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_city_block import CityBlock, CityProducts
from spatial_coagg.models._spatial_likelihood import (
    AT_BOUND,
    Jacobian,
    Likelihood,
    Solution,
)
from spatial_coagg.models._spatial_moments import SpatialMoments, lag
from spatial_coagg.weights._matrix import SparseMatrix

ErrorForm: TypeAlias = Literal["none", "baltagi", "kapoor-kelejian-prucha"]

# Where the maximum is looked for: lambda in its interval, ln(1 + d^2 phi), psi.
LAMBDAS, SPREADS, MEMORIES = 11, (0.0, 0.5, 1.5, 3.0, 4.5, 6.5), (-0.5, 0.0, 0.5, 0.9)
WIDEST = 25.0
LONGEST = 0.999
# Steps of numerical derivatives, of the simplex and of Newton's method.
STEP, WALKS, NEWTON = 1e-4, 400, 6
# Least information of a parameter, per observation, that makes a score large.
FLAT = 1e-6


@dataclass(frozen=True, slots=True)
class Point:
    """lambda, psi and phi = sigma_mu^2 / sigma_e^2; 0 where a model has none."""

    error: float = 0.0
    serial: float = 0.0
    phi: float = 0.0


@dataclass(frozen=True, slots=True)
class RandomSolution:
    """Where the likelihood is highest.

    Attributes
    ----------
    point : Point
    rho : float
    slopes : array of shape (K,)
    sigma2 : float
    log_likelihood : float
    rivals : tuple of float
        Log-likelihoods of other local maxima over lambda.
    gap : float
        The largest score of rho, lambda, psi and phi there, in its own standard
        deviations, 0 at a bound.
    """

    point: Point
    rho: float
    slopes: FloatArray
    sigma2: float
    log_likelihood: float
    rivals: tuple[float, ...]
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class Blocks:
    """Columns rotated over the years, for one psi.

    Attributes
    ----------
    within : SpatialMoments
        Of the rows without city effects.
    between, lagged : array of shape (N, C)
        The row of the city effects, and W_e times it.
    length : float
        d^2.
    """

    within: SpatialMoments
    between: FloatArray
    lagged: FloatArray
    length: float


@dataclass(frozen=True, slots=True)
class RandomLikelihood:
    """The likelihood with slopes and variance concentrated out.

    Attributes
    ----------
    columns : array of shape (T, N, C)
        y, W y, Z.
    form : str
        ``"baltagi"``: only the noise spills over; ``"kapoor-kelejian-prucha"``: the
        city effects likewise; ``"none"``: neither.
    matrix : sparse array or None
        W_e.
    lag, error : Jacobian or None
    free : tuple of str
        Which of ``"error"``, ``"serial"``, ``"phi"`` are estimated.
    means : array of shape (C,)
        What was taken from the columns beside the constant.
    """

    columns: FloatArray
    form: ErrorForm
    matrix: SparseMatrix | None
    lag: Jacobian | None
    error: Jacobian | None
    free: tuple[str, ...]
    means: FloatArray
    _still: list[Blocks] = field(default_factory=list)
    _products: list[CityProducts] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return N T."""
        return int(self.columns.shape[0] * self.columns.shape[1])

    def blocks(self, serial: float) -> Blocks:
        """Rotate the columns over the years."""
        if serial == 0 and self._still:
            return self._still[0]
        moved, ones = whiten(self.columns, serial)
        length = float(ones @ ones)
        between = np.einsum("t,tnc->nc", ones, moved) / np.sqrt(length)
        within = moved - (ones / np.sqrt(length))[:, None, None] * between
        moments = SpatialMoments.of(within, self.matrix, by_city=False, by_year=False)
        lagged = (
            np.zeros_like(between)
            if self.matrix is None
            else lag(between[None], self.matrix)[0]
        )
        found = Blocks(moments, between, lagged, length)
        if serial == 0:
            self._still.append(found)
        return found

    def parts(self, point: Point) -> tuple[FloatArray, float]:
        """Return the cross-products and the logarithms of determinants, rho apart."""
        blocks = self.blocks(point.serial)
        cities = self.columns.shape[1]
        filtered = blocks.between - point.error * blocks.lagged
        scale = blocks.length * point.phi
        if self.form == "baltagi" and scale > 0:
            block = self.city_block(point)
            solved, logarithm = block.solve(filtered), block.log_determinant
        else:
            solved = filtered / (1 + scale)
            logarithm = cities * float(np.log1p(scale))
        gram = blocks.within.at(point.error) + filtered.T @ solved
        jacobian = 0.0 if self.error is None else self.error.value(point.error)
        jacobian += 0.5 * cities * float(np.log1p(-(point.serial**2)))
        return (gram + gram.T) / 2, jacobian - 0.5 * logarithm

    def city_block(self, point: Point) -> CityBlock:
        """Return I + d^2 phi B B', factorised."""
        if self.matrix is None:
            raise AssertionError("only an error with weights spills over")
        if not self._products:
            self._products.append(CityProducts.of(self.matrix))
        scale = self.blocks(point.serial).length * point.phi
        return self._products[0].block(point.error, scale)

    def city_effects(self, point: Point) -> FloatArray:
        """Return the best prediction of the city effects in the only column."""
        blocks = self.blocks(point.serial)
        scale = blocks.length * point.phi
        share = np.sqrt(blocks.length) * point.phi
        if self.form != "baltagi" or scale == 0:
            return np.asarray(share / (1 + scale) * blocks.between[:, 0])
        # (scale I + (B'B)^-1)^-1 u = B' (I + scale B B')^-1 B u
        filtered = blocks.between - point.error * blocks.lagged
        solved = self.city_block(point).solve(filtered)
        back = solved if self.matrix is None else self.matrix.T @ solved
        return np.asarray(share * (solved - point.error * back)[:, 0])

    def at(self, point: Point) -> RandomSolution:
        """Return the best rho, slopes and variance for lambda, psi and phi."""
        gram, jacobian = self.parts(point)
        best = self._concentrated(gram)
        height = best.log_likelihood + jacobian
        sigma2 = best.ssr / self.rows
        return RandomSolution(
            point, best.rho, best.slopes, sigma2, height, (), best.gap
        )

    def _concentrated(self, gram: FloatArray) -> Solution:
        nothing, empty = np.zeros_like(gram), np.zeros((1, 1, len(gram)))
        moments = SpatialMoments(
            columns=empty,
            lagged=empty,
            by_year=False,
            reach=np.zeros(1),
            grams=(gram, nothing, nothing),
            means=np.zeros(len(gram)),
        )
        return Likelihood(moments, self.rows, self.lag, None).maximise()

    def maximise(self) -> RandomSolution:
        """Find the highest maximum, from the tops of a grid."""
        if not self.free:
            return self.at(Point())
        bounds = [self._bounds(name) for name in self.free]
        tops = [_climb(self._height, start, bounds) for start in self._starts(bounds)]
        ranked = sorted(tops, key=self._height, reverse=True)
        best = ranked[0]
        rivals = tuple(
            self._height(top)
            for top in ranked[1:]
            if np.abs(top - best).max() > 1e-3 * max(1.0, np.abs(best).max())
        )
        if "phi" in self.free and best[-1] < 1e-6:
            fewer = replace(self, free=self.free[:-1]).maximise()
            return replace(fewer, rivals=rivals)
        found = self.at(self.point(best))
        gap = max(found.gap, self._gap(best, bounds))
        return replace(found, rivals=rivals, gap=gap)

    def _gap(self, place: FloatArray, bounds: list[tuple[float, float]]) -> float:
        """Return the largest score that is not at a bound, in standard deviations."""
        slope, curve = derivatives(
            lambda x: np.array([self._height(x)]), place, np.full(len(place), STEP)
        )
        low, high = np.array(bounds).T
        inside = np.minimum(place - low, high - place) >= AT_BOUND * (high - low)
        scale = np.sqrt(np.abs(np.diag(curve[:, :, 0])) + FLAT * self.rows)
        return float(np.max(np.abs(slope[:, 0]) / scale, where=inside, initial=0.0))

    def point(self, place: FloatArray) -> Point:
        """Return the parameters of a place: lambda, psi, ln(1 + d^2 phi)."""
        known = dict(zip(self.free, (float(x) for x in place), strict=True))
        serial = known.get("serial", 0.0)
        spread = known.get("phi", 0.0)
        length = _length(self.columns.shape[0], serial)
        return Point(known.get("error", 0.0), serial, float(np.expm1(spread)) / length)

    def highest_phi(self, serial: float) -> float:
        """Return the end of where phi is looked for."""
        return float(np.expm1(WIDEST)) / _length(self.columns.shape[0], serial)

    def _height(self, place: FloatArray) -> float:
        return self.at(self.point(place)).log_likelihood

    def _bounds(self, name: str) -> tuple[float, float]:
        if name == "error" and self.error is not None:
            return self.error.bounds
        return (0.0, WIDEST) if name == "phi" else (-LONGEST, LONGEST)

    def _starts(self, bounds: list[tuple[float, float]]) -> list[FloatArray]:
        """Return the tops, over the first parameter, of the likelihood on a grid."""
        axes = {"phi": np.array(SPREADS), "serial": np.array(MEMORIES)}
        if "error" in self.free:
            low, high = bounds[0]
            # Few maxima lie further out than one; there the grid is coarse.
            near = np.linspace(max(low, -1.0), min(high, 1.0), LAMBDAS + 2)[1:-1]
            far = [end / 2 for end in (low, high) if abs(end) > 2]
            axes["error"] = np.sort([*near, *far])
        lines = [axes[name] for name in self.free]
        rest = [np.array(each) for each in product(*lines[1:])]
        best, heights = [], []
        for first in lines[0]:
            places = [np.array([first, *other]) for other in rest]
            found = [self._height(place) for place in places]
            best.append(places[int(np.argmax(found))])
            heights.append(max(found))
        padded = np.array([-np.inf, *heights, -np.inf])
        tops = (padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:])
        return [place for place, top in zip(best, tops, strict=True) if top]


def whiten(columns: FloatArray, serial: float) -> tuple[FloatArray, FloatArray]:
    """Return P c and P 1 with P V P' = I (Prais and Winsten); shapes (T, ...), (T,)."""
    ones = np.ones(len(columns))
    if serial == 0:
        return columns, ones
    first = np.sqrt(1 - serial**2)
    moved = np.concatenate([first * columns[:1], columns[1:] - serial * columns[:-1]])
    ones[0], ones[1:] = first, 1 - serial
    return moved, ones


def _length(years: int, serial: float) -> float:
    return (1 - serial**2) + (years - 1) * (1 - serial) ** 2


def _climb(
    height: Callable[[FloatArray], float],
    start: FloatArray,
    bounds: list[tuple[float, float]],
) -> FloatArray:
    """Find the maximum near a start: a simplex, then Newton's method."""
    low, high = np.array(bounds).T
    simplex = [start]
    for axis, width in enumerate(high - low):
        corner = start.copy()
        inwards = 1 if start[axis] < high[axis] - width / 2 else -1
        corner[axis] += 0.02 * width * inwards
        simplex.append(corner)
    # scipy's stubs know no initial simplex with bounds.
    options: Any = {
        "initial_simplex": np.array(simplex), "xatol": 1e-4, "fatol": 1e-6,
        "maxiter": WALKS,
    }  # fmt: skip
    found = optimize.minimize(
        _depth,
        start,
        (height,),
        "Nelder-Mead",
        bounds=optimize.Bounds(low, high),
        options=options,
    )
    place = np.asarray(found.x, dtype=np.float64)
    for _ in range(NEWTON):
        gradient, curve = derivatives(
            lambda x: np.array([height(x)]), place, np.full(len(place), STEP)
        )
        if np.linalg.eigvalsh(curve[:, :, 0]).max() >= 0:
            break
        step = -np.linalg.solve(curve[:, :, 0], gradient[:, 0])
        moved = np.clip(place + step, low, high)
        if height(moved) < height(place) - 1e-7:
            break
        done = np.abs(moved - place).max() < 1e-10
        place = moved
        if done:
            break
    return place


def _depth(place: FloatArray, height: Callable[[FloatArray], float]) -> float:
    return -height(place)


def derivatives(
    function: Callable[[FloatArray], FloatArray], place: FloatArray, steps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return first (P, ...) and second (P, P, ...) central differences."""
    size = len(place)
    middle = function(place)
    moves = np.diag(steps)
    high = [function(place + move) for move in moves]
    low = [function(place - move) for move in moves]
    first = np.array(
        [(up - down) / (2 * h) for up, down, h in zip(high, low, steps, strict=True)]
    )
    second = np.zeros((size, size, *middle.shape))
    for i in range(size):
        second[i, i] = (high[i] - 2 * middle + low[i]) / steps[i] ** 2
        for j in range(i):
            corners = [
                a * b * function(place + a * moves[i] + b * moves[j])
                for a in (-1, 1)
                for b in (-1, 1)
            ]
            second[i, j] = second[j, i] = sum(corners) / (4 * steps[i] * steps[j])
    return first, second
