"""Statistics of random city effects and spatial errors (Baltagi, Song and Koh 2003)."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_grams import gram_traces
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.weights._logdet import spectrum
from spatial_coagg.weights._matrix import SparseMatrix


@dataclass(frozen=True, slots=True)
class Marginals:
    """Statistics of least-squares residuals, normal if the hypothesis holds.

    Attributes
    ----------
    city, error, serial : float
        Signed roots of the LM statistics of random city effects, of a spatial error
        and of autocorrelation over the years.
    joint : float
        LM statistic of all three; chi-squared(3).
    """

    city: float
    error: float
    serial: float
    joint: float


def marginal_statistics(noise: FloatArray, matrix: SparseMatrix) -> Marginals:
    """Return the statistics of residuals of shape (T, N)."""
    years, cities = noise.shape
    whole = float(np.square(noise).sum())
    sums = noise.sum(axis=0)
    a = float(sums @ sums) / whole - 1
    f = float(np.sum(noise[1:] * noise[:-1])) / whole
    h = float(np.sum(noise * lag(noise[:, :, None], matrix)[:, :, 0])) / whole
    error = np.sqrt(cities**2 * years / spread(matrix)) * h
    joint = error**2
    serial = np.sqrt(cities * years**2 / (years - 1)) * f
    if years > 2:
        scale = cities * years**2 / (2 * (years - 1) * (years - 2))
        joint += scale * (a**2 - 4 * a * f + 2 * years * f**2)
    else:
        # With two years city effects and autocorrelation are the same.
        joint += cities * years / (2 * (years - 1)) * a**2
    city = np.sqrt(cities * years / (2 * (years - 1))) * a
    return Marginals(float(city), float(error), float(serial), float(joint))


def standardised_city_statistic(noise: FloatArray, z: FloatArray) -> float:
    """Return that of the city effects less its exact mean, over its deviation.

    Parameters
    ----------
    noise : array of shape (T, N)
    z : array of shape (T, N, K)
    """
    years, cities, width = z.shape
    basis = np.linalg.qr(z.reshape(-1, width))[0].reshape(z.shape)
    sums = basis.sum(axis=0)
    inner = sums.T @ sums
    left = years * cities - width
    trace = years * cities - float(np.trace(inner))
    # D = 1 1' over the years of each city: D D = T D.
    square = cities * years**2 - 2 * years * float(np.trace(inner))
    square += float(np.sum(inner * inner))
    mean = trace / left
    variance = 2 * (left * square - trace**2) / (left**2 * (left + 2))
    totals = noise.sum(axis=0)
    found = float(totals @ totals) / float(np.square(noise).sum())
    return float((found - mean) / np.sqrt(variance))


def error_given_city_effects(noise: FloatArray, matrix: SparseMatrix) -> float:
    """Return the root of the LM statistic of lambda where city effects are random.

    Parameters
    ----------
    noise : array of shape (T, N)
        City effects and noise, by maximum likelihood.
    matrix : sparse array of shape (N, N)
    """
    years, cities = noise.shape
    means = noise.mean(axis=0)
    own = noise - means
    between = years * float(means @ means) / cities
    within = float(np.square(own).sum()) / (cities * (years - 1))
    ratio = within / between
    score = ratio / between * years * float(means @ (matrix @ means))
    score += float(np.sum(own * lag(own[:, :, None], matrix)[:, :, 0])) / within
    return float(score / np.sqrt((years - 1 + ratio**2) * spread(matrix)))


def city_effects_given_error(
    noise: FloatArray, matrix: SparseMatrix, error: float, sigma2: float
) -> float:
    """Return the root of the LM statistic of city effects where errors are spatial.

    Parameters
    ----------
    noise : array of shape (T, N)
        Spatial errors u, by maximum likelihood.
    matrix : sparse array of shape (N, N)
    error, sigma2 : float
        lambda, and the variance of u - lambda W u.
    """
    years, cities = noise.shape
    b = sparse.eye_array(cities) - error * matrix
    whole = sparse.csr_array(b.T @ b)
    known = spectrum(matrix)
    # tr (B'B)^-1 (W'B + B'W) = 2 tr H with H = W B^-1, and likewise of its square.
    turned = 2 * known.trace(error)
    grams = gram_traces(None, (matrix, error), without_unit=False)
    turned_square = 2 * (known.trace_square(error) + grams.error)
    bend = 2 * float(matrix.multiply(b).sum())
    sums = whole @ noise.sum(axis=0)
    trace = float(whole.diagonal().sum())
    score = float(sums @ sums) / (2 * sigma2**2) - years * trace / (2 * sigma2)
    # Order: variance of the city effects, lambda, variance of the noise.
    information = np.zeros((3, 3))
    information[0, 0] = years**2 * float(whole.power(2).sum()) / (2 * sigma2**2)
    information[0, 1] = years * bend / (2 * sigma2)
    information[0, 2] = years * trace / (2 * sigma2**2)
    information[1, 1] = years * turned_square / 2
    information[1, 2] = years * turned / (2 * sigma2)
    information[2, 2] = cities * years / (2 * sigma2**2)
    both = np.triu(information) + np.triu(information, 1).T
    return float(score * np.sqrt(np.linalg.inv(both)[0, 0]))


def spread(matrix: SparseMatrix) -> float:
    """Return tr(W W + W'W)."""
    return float(matrix.multiply(matrix.T + matrix).sum())
