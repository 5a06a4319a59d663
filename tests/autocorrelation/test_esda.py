"""Statistics and moments are esda's, to 1e-12, on every example that libpysal ships.

The p-values from draws are not: esda counts one tail.
"""

import warnings

import numpy as np
import pytest
from esda.geary import Geary
from esda.geary_local import Geary_Local
from esda.getisord import G, G_Local
from esda.moran import Moran, Moran_BV, Moran_Local, Moran_Local_BV
from examples import SHIPPED, load

from spatial_coagg.autocorrelation.dissimilarity import geary, getis_ord
from spatial_coagg.autocorrelation.hot_spots import local_geary, local_getis_ord
from spatial_coagg.autocorrelation.local import local_bivariate_moran, local_moran
from spatial_coagg.autocorrelation.moran import global_moran
from spatial_coagg.autocorrelation.panels import bivariate_moran

EXACT = {"rtol": 1e-12, "atol": 0.0}
few = pytest.mark.filterwarnings("ignore::spatial_coagg.errors.InferenceWarning")
every_example = pytest.mark.parametrize("name", SHIPPED)


@every_example
@pytest.mark.parametrize("transform", ["R", "B"])
def test_moran(name: str, transform: str) -> None:
    example = load(name, transform)
    ours = global_moran(example.first, example.graph, permutations=0)
    theirs = Moran(example.first.to_numpy(), example.weights, transform, permutations=0)
    pairs = {
        "statistic": theirs.I,
        "expectation": theirs.EI,
        "variance_normal": theirs.VI_norm,
        "variance_randomisation": theirs.VI_rand,
        "z_normal": theirs.z_norm,
        "z_randomisation": theirs.z_rand,
        "p_normal": theirs.p_norm,
        "p_randomisation": theirs.p_rand,
    }
    for field, expected in pairs.items():
        np.testing.assert_allclose(getattr(ours, field), expected, **EXACT)


@every_example
@pytest.mark.parametrize("transform", ["R", "B"])
def test_geary(name: str, transform: str) -> None:
    example = load(name, transform)
    ours = geary(example.first, example.graph, permutations=0)
    theirs = Geary(example.first.to_numpy(), example.weights, transform, permutations=0)
    pairs = {
        "statistic": theirs.C,
        "expectation": theirs.EC,
        "variance_normal": theirs.VC_norm,
        "variance_randomisation": theirs.VC_rand,
        "z_normal": theirs.z_norm,
        "z_randomisation": theirs.z_rand,
        "p_normal": 2 * theirs.p_norm,  # esda's is one-sided
        "p_randomisation": 2 * theirs.p_rand,
    }
    for field, expected in pairs.items():
        np.testing.assert_allclose(getattr(ours, field), expected, **EXACT)


@every_example
def test_general_g(name: str) -> None:
    example = load(name, "B")
    ours = getis_ord(example.first, example.graph, permutations=0)
    theirs = G(example.first.to_numpy(), example.weights, permutations=0)
    np.testing.assert_allclose(ours.statistic, theirs.G, **EXACT)
    np.testing.assert_allclose(ours.expectation, theirs.EG, **EXACT)
    # The variance is a small difference of squares: these are what is exact.
    square = ours.variance_randomisation + ours.expectation**2
    np.testing.assert_allclose(square, theirs.VG + theirs.EG**2, **EXACT)
    assert ours.z_randomisation == pytest.approx(theirs.z_norm, rel=1e-10)
    assert ours.p_randomisation == pytest.approx(2 * theirs.p_norm, rel=1e-9)
    assert np.isnan(ours.p_normal)


@every_example
def test_bivariate_moran(name: str) -> None:
    example = load(name)
    ours = bivariate_moran(example.first, example.second, example.graph, permutations=0)
    theirs = Moran_BV(
        example.first.to_numpy(),
        example.second.to_numpy(),
        example.weights,
        permutations=0,
    )
    np.testing.assert_allclose(ours.statistic, theirs.I, **EXACT)


@few
@every_example
def test_local_moran(name: str) -> None:
    example = load(name)
    ours = local_moran(example.first, example.graph, permutations=9, rng=1).frame
    theirs = Moran_Local(example.first.to_numpy(), example.weights, permutations=0)
    np.testing.assert_allclose(ours["statistic"], theirs.Is, **EXACT)
    # esda's Is carry (N - 1) / N; its EIc and VIc are Sokal's, which do not.
    factor = (len(ours) - 1) / len(ours)
    np.testing.assert_allclose(ours["expectation"], factor * theirs.EIc, **EXACT)
    np.testing.assert_allclose(ours["variance"], factor**2 * theirs.VIc, **EXACT)
    names = {1: "HH", 2: "LH", 3: "LL", 4: "HL"}
    assert ours["quadrant"].tolist() == [names[place] for place in theirs.q]


@few
@every_example
def test_local_bivariate_moran(name: str) -> None:
    example = load(name)
    ours = local_bivariate_moran(
        example.first, example.second, example.graph, permutations=9, rng=1
    ).frame
    with warnings.catch_warnings(action="ignore"):  # esda announces a new default
        theirs = Moran_Local_BV(
            example.first.to_numpy(),
            example.second.to_numpy(),
            example.weights,
            permutations=1,
        )
    np.testing.assert_allclose(ours["statistic"], theirs.Is, **EXACT)


@few
@every_example
def test_local_geary(name: str) -> None:
    example = load(name)
    ours = local_geary(example.first, example.graph, permutations=9, rng=1).frame
    with warnings.catch_warnings(action="ignore"):  # of pandas, inside esda
        theirs = Geary_Local(example.weights, permutations=0).fit(
            example.first.to_numpy()
        )
    np.testing.assert_allclose(ours["statistic"], theirs.localG, **EXACT)


@few
@every_example
@pytest.mark.parametrize("star", [True, False])
@pytest.mark.parametrize("transform", ["R", "B"])
def test_local_g(name: str, transform: str, *, star: bool) -> None:
    example = load(name, transform)
    ours = local_getis_ord(
        example.first, example.graph, star=star, permutations=9, rng=1
    ).frame
    with warnings.catch_warnings(action="ignore"):  # on the weight of the city itself
        theirs = G_Local(
            example.first.to_numpy(),
            example.weights,
            transform=transform,
            permutations=0,
            star=star,
        )
    np.testing.assert_allclose(ours["statistic"], theirs.Gs, **EXACT)
    np.testing.assert_allclose(ours["expectation"], theirs.EGs, **EXACT)
    if transform == "B":
        np.testing.assert_allclose(ours["variance"], theirs.VGs, **EXACT)
