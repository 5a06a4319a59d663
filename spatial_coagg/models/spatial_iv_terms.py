"""Which terms an equation with instruments has, and its rows."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from spatial_coagg.checks import check_choice, listed, warn_user
from spatial_coagg.errors import EstimationError, InferenceWarning
from spatial_coagg.models._spatial_error_moments import ErrorComponents, MomentWeights
from spatial_coagg.models._spatial_iv_rows import Equation
from spatial_coagg.models._spatial_moments import lag as spatial_lag
from spatial_coagg.models.spatial_rows import CONSTANT, SpatialRows
from spatial_coagg.models.spatial_weights import SpatialWeights

IVEffects: TypeAlias = Literal["none", "city", "year", "city-year", "random"]
RandomMethod: TypeAlias = Literal["ec2sls", "g2sls"]


@dataclass(frozen=True, slots=True)
class IVTerms:
    """What is in the equation, by name."""

    outcome: str
    drivers: tuple[str, ...]
    endogenous: tuple[str, ...]
    instruments: tuple[str, ...]
    spillovers: tuple[str, ...]
    effects: IVEffects
    lag: bool
    error: bool
    orders: int

    def check(self) -> None:
        """Refuse terms that make no equation."""
        choices = ("none", "city", "year", "city-year", "random")
        check_choice(self.effects, choices, name="effects")
        if len(self.drivers) == 0:
            raise EstimationError("a spatial model needs at least one driver")
        for name, found in (
            ("endogenous", self.endogenous),
            ("spillovers", self.spillovers),
        ):
            strange = [each for each in found if each not in self.drivers]
            if strange:
                raise EstimationError(
                    f"{name} {listed(strange)} are not among the drivers "
                    f"{listed(self.drivers)}"
                )
        self._check_instruments()
        if self.orders < 1:
            raise EstimationError(f"orders must be 1 or more, got {self.orders}")
        if not (self.lag or self.error or self.endogenous):
            raise EstimationError(
                "nothing is endogenous and the error has no neighbours; use "
                "fit_spatial_panel or fit_random_effects"
            )

    def _check_instruments(self) -> None:
        inside = [each for each in self.instruments if each in self.drivers]
        if inside:
            raise EstimationError(
                f"instruments {listed(inside)} are drivers already; an instrument must "
                f"stand outside the equation"
            )
        if len(self.instruments) < len(self.endogenous):
            raise EstimationError(
                f"{len(self.endogenous)} endogenous drivers "
                f"({listed(self.endogenous)}) need as many instruments, got "
                f"{len(self.instruments)}"
            )
        if self.instruments and not self.endogenous:
            raise EstimationError(
                f"instruments {listed(self.instruments)} are given but no driver is "
                f"endogenous; name it in endogenous="
            )

    def check_options(self, **asked: tuple[object, object]) -> None:
        """Refuse options about what is not there; (value, default) of each, by name."""
        there = {
            "error_weights": (self.error, "error=True"),
            "spillover_weights": (bool(self.spillovers), "spillovers="),
            "orders": (self.lag, "lag=True"),
            "moments": (
                self.error and self.effects == "random",
                'error=True and effects="random"',
            ),
            "random_method": (self.effects == "random", 'effects="random"'),
        }
        for name, (value, default) in asked.items():
            applies, needed = there[name]
            if value is not default and value != default and not applies:
                raise EstimationError(
                    f"{name}= needs {needed}, so it does not apply here; leave it out"
                )

    @property
    def lagged_columns(self) -> tuple[str, ...]:
        """Columns that get a W x: spillovers, and instruments of endogenous ones."""
        spilled = any(name in self.endogenous for name in self.spillovers)
        return (*self.spillovers, *(self.instruments if spilled else ()))

    @property
    def endogenous_labels(self) -> tuple[str, ...]:
        """Labels of the endogenous drivers, and of the W x of those that spill over."""
        lags = [f"W.{name}" for name in self.spillovers if name in self.endogenous]
        return (*self.endogenous, *lags)

    def labels(self, rows: SpatialRows) -> list[str]:
        """Return the labels of the coefficients."""
        lags = [f"W.{name}" for name in self.spillovers]
        constant = [CONSTANT] if CONSTANT in rows.labels else []
        return [*self.drivers, *lags, *constant, *(["rho"] * self.lag)]

    @property
    def title(self) -> str:
        """The model in a few words."""
        name = "Generalised spatial" if self.error else "Spatial"
        effects = self.effects.replace("-", ", ")
        return f"{name} two-stage least squares, effects: {effects}"


def build_equation(
    rows: SpatialRows,
    terms: IVTerms,
    matrices: SpatialWeights,
    bounds: tuple[float, float],
    method: RandomMethod,
) -> tuple[Equation, tuple[str, ...]]:
    """Return the equation and the labels of the instruments outside it.

    `bounds` are those of lambda: 0 and 0 where the error has no neighbours.
    """
    places = {label: place for place, label in enumerate(rows.labels)}
    inside = [label for label in terms.labels(rows) if label in places]
    own = [label for label in rows.labels if label not in inside]
    exogenous = [label for label in inside if label not in terms.endogenous_labels]
    lagging = [label for label in exogenous if label != CONSTANT]
    columns = [rows.z[:, :, [places[label] for label in own]]]
    outside = [*own]
    latest = rows.z[:, :, [places[label] for label in lagging]]
    for order in range(1, terms.orders + 1 if terms.lag else 1):
        latest = spatial_lag(latest, matrices.lag)
        columns.append(latest)
        power = "W" if order == 1 else f"W^{order}"
        outside += [f"{power}.{label}" for label in lagging]
    z = rows.z[:, :, [places[label] for label in inside]]
    if terms.lag:
        z = np.concatenate([z, spatial_lag(rows.y[:, :, None], matrices.lag)], axis=2)
    equation = Equation(
        rows.y,
        z,
        tuple(inside.index(label) for label in exogenous),
        np.concatenate(columns, axis=2),
        matrices.error if terms.error else None,
        bounds,
        terms.effects,
        method == "ec2sls",
    )
    _check_rows(equation)
    return equation, tuple(outside)


def _check_rows(equation: Equation) -> None:
    years, cities = equation.y.shape
    size = equation.z.shape[2] + equation.outside.shape[2]
    if equation.effects == "random" and (years < 2 or cities <= size):
        raise EstimationError(
            f"{years} years of {cities} cities are too few for random city effects and "
            f"{size} regressors and instruments; it takes two years and more cities"
        )
    if equation.rows <= size:
        raise EstimationError(
            f"{years} years of {cities} cities leave {equation.rows} observations for "
            f"{size} regressors and instruments; use more years, fewer drivers or "
            f"effects, or lower orders="
        )


def estimate_components(
    equation: Equation, terms: IVTerms, moments: MomentWeights
) -> ErrorComponents:
    """Estimate lambda and the variances; warn of what the moments do not fit."""
    found = equation.components(moments)
    if found.at_bound:
        warn_user(
            f"lambda = {found.error:.4f} lies at the bound of its admissible interval: "
            f"the moments of the error do not fit these data",
            InferenceWarning,
        )
    if terms.effects != "random" or found.between >= found.noise:
        return found
    warn_user(
        "the variance of the random city effects is not positive; they are left "
        'out, as with effects="none"',
        InferenceWarning,
    )
    return replace(found, between=found.noise)
