"""How the log-determinant of a spatial model is had, and what it costs in accuracy."""

from typing import Literal, TypeAlias

import numpy as np

from spatial_coagg._typing import FloatArray, Seed
from spatial_coagg.checks import check_choice, warn_user
from spatial_coagg.errors import EstimationError, SlowComputationWarning
from spatial_coagg.models._spatial_likelihood import Jacobian, Likelihood, Solution
from spatial_coagg.weights._logdet import Spectrum, spectrum, stochastic_spectrum
from spatial_coagg.weights._logdet_moments import MomentSpectrum
from spatial_coagg.weights._matrix import SparseMatrix

LogDeterminant: TypeAlias = Literal["exact", "stochastic"]

# Cities from which the exact log-determinant takes minutes.
MINUTES = 300_000
PROBES = 32


def check_log_determinant(
    model: str, asked: LogDeterminant | None, rng: Seed, *, has_one: bool
) -> None:
    """Refuse options about a log-determinant that is not there or not drawn.

    Raises
    ------
    SpatialCoaggError
        If `asked` is neither ``"exact"`` nor ``"stochastic"``.
    EstimationError
        If the model has neither rho nor lambda, or `rng` is given for exact ones.
    """
    if asked is not None:
        check_choice(asked, ("exact", "stochastic"), name="log_determinant")
    if asked is not None and not has_one:
        raise EstimationError(
            f"model {model!r} has neither rho nor lambda, so log_determinant= does not "
            f"apply; leave it out"
        )
    if rng is not None and asked != "stochastic":
        raise EstimationError(
            "nothing is drawn by exact log-determinants, so rng= does not apply; leave "
            'it out or use log_determinant="stochastic"'
        )


def warn_if_slow(cities: int, asked: LogDeterminant | None) -> None:
    """Warn if nothing is asked for and exact log-determinants take minutes."""
    if asked is None and cities > MINUTES:
        warn_user(
            f"exact log-determinants of {cities} cities take minutes and "
            f'gigabytes; log_determinant="stochastic" takes seconds and states its '
            f'standard error; log_determinant="exact" silences this',
            SlowComputationWarning,
        )


def make_spectrum(
    matrix: SparseMatrix, asked: LogDeterminant | None, rng: Seed
) -> Spectrum:
    """Return the log-determinants of weights as asked for; exact by default."""
    if asked != "stochastic":
        return spectrum(matrix)
    source = np.random.default_rng(rng)
    return stochastic_spectrum(matrix, probes=PROBES, rng=source)


def log_determinant_facts(
    likelihood: Likelihood, found: Solution, covariance: FloatArray
) -> dict[str, float | int | str]:
    """Return the interval of lambda, and what stochastic log-determinants cost.

    Notes
    -----
    An error d of the years' traces tr W (I - rho W)^-1 moves the root of the score by
    the estimates' variance times d (one step of Newton's method).
    """
    facts: dict[str, float | int | str] = {}
    place = len(found.slopes)
    for name, value, part in (
        ("rho", found.rho, likelihood.lag),
        ("lambda", found.error, likelihood.error),
    ):
        if part is None:
            continue
        if name == "lambda":
            facts |= lambda_interval(part)
        if isinstance(part.spectrum, MomentSpectrum):
            facts["log_determinant"] = f"stochastic, {PROBES} probes"
            facts |= _errors(name, value, part, part.spectrum, covariance[place, place])
        place += 1
    return facts


def lambda_interval(part: Jacobian) -> dict[str, float]:
    """Return the bounds of lambda, as facts."""
    low, high = part.spectrum.interval
    return {"lambda_low": low, "lambda_high": high}


def _errors(
    name: str, value: float, part: Jacobian, made: MomentSpectrum, variance: float
) -> dict[str, float]:
    return {
        f"log_determinant_error_{name}": made.log_determinant_error(value),
        f"error_of_{name}": float(variance * part.years * made.trace_error(value)),
    }
