"""Scores of rho and lambda where city effects are random."""

import numpy as np

from spatial_coagg._typing import FloatArray
from spatial_coagg.models._spatial_moments import lag
from spatial_coagg.models._spatial_random import RandomLikelihood, RandomSolution
from spatial_coagg.models._spatial_random_information import (
    expected_random_information,
)
from spatial_coagg.models._spatial_tests import Scores, tells_apart
from spatial_coagg.weights._matrix import SparseMatrix


def random_scores(
    likelihood: RandomLikelihood, found: RandomSolution, own: SparseMatrix
) -> Scores:
    """Return scores and information of rho and lambda, all else partialled out.

    Parameters
    ----------
    likelihood : RandomLikelihood
        With a lag and an error.
    found : RandomSolution
        Estimates with rho, lambda or both zero; the score of one that was estimated is
        zero.
    own : sparse array of shape (N, N)
        W of the lag.
    """
    if likelihood.lag is None or likelihood.matrix is None:
        raise AssertionError("the likelihood has a lag and an error")
    contrast = np.concatenate([[1.0, -found.rho], -found.slopes])
    gram = likelihood.parts(found.point)[0]
    by_lag = float(gram[1] @ contrast) / found.sigma2
    by_lag -= likelihood.lag.trace(found.rho)
    by_error = 0.0
    if found.point.error == 0:
        by_error = _error_score(likelihood, found, contrast)
    whole = expected_random_information(likelihood, found, own)
    place = len(found.slopes)
    inside = [place, place + 1]
    rest = [row for row in range(len(whole)) if row not in inside]
    cross = whole[np.ix_(inside, rest)]
    taken = cross @ np.linalg.solve(whole[np.ix_(rest, rest)], cross.T)
    information = whole[np.ix_(inside, inside)] - taken
    return Scores(
        np.array([by_lag, by_error]),
        information,
        tells_apart(information, whole[place, place]),
    )


def _error_score(
    likelihood: RandomLikelihood, found: RandomSolution, contrast: FloatArray
) -> float:
    """Return the slope of the likelihood by lambda at lambda = 0.

    Within cities e'We / s2 - (T - 1) tr W; between, where T phi = s and m are the means
    over the years, T m'Wm / (s2 (1 + s)^k) - tr W / (1 + s)^(k - 1), k = 2 where the
    noise alone spills over and 1 where city effects do too.
    """
    matrix = likelihood.matrix
    if matrix is None or likelihood.error is None:
        raise AssertionError("the likelihood has an error")
    noise = likelihood.columns @ contrast
    years = len(noise)
    means = noise.mean(axis=0)
    inner = noise - means
    within = float(np.sum(inner * lag(inner[:, :, None], matrix)[:, :, 0]))
    between = years * float(means @ (matrix @ means))
    spread = 1 + years * found.point.phi
    shrunk = 1 / spread if likelihood.form == "baltagi" else 1.0
    trace = float(matrix.diagonal().sum())
    score = (within + between * shrunk / spread) / found.sigma2
    return score - (years - 1 + shrunk) * trace
