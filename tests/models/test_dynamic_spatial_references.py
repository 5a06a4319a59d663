import warnings

import pytest
from spatial_references import label, reference_panel, reference_weights, specifications

from spatial_coagg.models.dynamic_spatial import fit_dynamic_spatial
from spatial_coagg.models.dynamic_spatial_fit import DynamicSpatialFit
from spatial_coagg.models.effects_over_time import dynamic_effects

BANK = specifications("dynamic")
NAMES = sorted(BANK)


def fit_of(name: str, **options: str) -> DynamicSpatialFit:
    spec = BANK[name]
    panel, outcome, drivers = reference_panel(name, "dynamic")
    with warnings.catch_warnings(action="ignore"):  # not stable
        return fit_dynamic_spatial(
            panel,
            reference_weights(spec["weights"]),
            outcome,
            drivers,
            model=spec["model"],
            effects=spec["effects"],
            previous_lag=spec["previous_lag"],
            **options,  # type: ignore[arg-type]
        )


def our_label(key: str, fit: DynamicSpatialFit) -> str:
    past = f"previous.{fit.outcome}"
    known = {"tau": past, "eta": f"W.{past}"}
    # SDPDmod writes logc(t-1) and W*logc(t-1).
    known |= {f"{fit.outcome}(t-1)": past, f"W*{fit.outcome}(t-1)": f"W.{past}"}
    return known.get(key, label(key.replace("W*", "W_")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stage", ["uncorrected", "corrected"])
def test_estimates_and_expected_errors_are_those_of_the_bank(
    name: str, stage: str
) -> None:
    correction = {"uncorrected": "none", "corrected": "bias"}[stage]
    fit = fit_of(name, correction=correction)
    for key, value in BANK[name][stage]["params"].items():
        if key == "sigma2":
            assert fit.sigma2 == pytest.approx(value, rel=1e-6)
            continue
        estimate = fit.estimates["estimate"][our_label(key, fit)]
        assert estimate == pytest.approx(value, abs=1e-6 * max(1, abs(value))), key
    for key, value in BANK[name][stage]["se_normal"].items():
        if key == "sigma2":
            assert fit.sigma2_standard_error == pytest.approx(value, rel=1e-5)
            continue
        error = fit.estimates["standard_error"][our_label(key, fit)]
        assert error == pytest.approx(value, abs=1e-7), key
    assert fit.log_likelihood == pytest.approx(BANK[name]["log_likelihood"], abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_uncorrected_estimates_are_kept(name: str) -> None:
    fit = fit_of(name)
    for key, value in BANK[name]["uncorrected"]["params"].items():
        found = fit.uncorrected[our_label(key, fit)]
        assert found == pytest.approx(value, abs=1e-6 * max(1, abs(value))), key


@pytest.mark.parametrize("name", [name for name in NAMES if "sdpdmod" in BANK[name]])
def test_corrected_estimates_are_those_of_sdpdmod(name: str) -> None:
    fit = fit_of(name)
    for key, value in BANK[name]["sdpdmod"]["corrected"].items():
        found = fit.sigma2
        if key != "sigma2":
            found = fit.estimates["estimate"][our_label(key, fit)]
        assert found == pytest.approx(value, abs=1e-6 * max(1, abs(value))), key


@pytest.mark.parametrize(
    "name", [name for name in NAMES if BANK[name]["effects"] == "city"]
)
@pytest.mark.parametrize("stage", ["uncorrected", "corrected"])
def test_errors_robust_to_the_fourth_moment_are_those_of_the_bank(
    name: str, stage: str
) -> None:
    correction = {"uncorrected": "none", "corrected": "bias"}[stage]
    fit = fit_of(name, correction=correction, covariance="robust")
    for key, value in BANK[name][stage]["se_qml_structural_resid"].items():
        error = fit.sigma2_standard_error
        if key != "sigma2":
            error = fit.estimates["standard_error"][our_label(key, fit)]
        assert error == pytest.approx(value, rel=1e-5), key


@pytest.mark.parametrize("name", NAMES)
def test_effects_are_those_of_the_bank(name: str) -> None:
    fit = fit_of(name)
    with warnings.catch_warnings(action="ignore"):  # not stable, draws not used
        delta = dynamic_effects(fit, method="delta", horizon=1).frame
        drawn = dynamic_effects(fit, draws=20_000, rng=7, horizon=1)
    for run, drivers in BANK[name]["impacts"].items():
        if run == "long-run" and not fit.is_stable:
            assert delta.loc[run].isna().all(axis=None)
            continue
        for driver, kinds in drivers.items():
            for kind, numbers in kinds.items():
                row = delta.loc[(run, kind, driver)]
                point = numbers["point"]
                assert row["estimate"] == pytest.approx(
                    point, abs=2e-6 * max(1, abs(point))
                )
                assert row["standard_error"] == pytest.approx(
                    numbers["se_delta"], abs=1e-7, rel=2e-5
                )
                # Near a unit root the bank's draws beyond it have no deviation.
                if drawn.rejected == 0 or run == "short-run":
                    error = drawn.frame.loc[(run, kind, driver), "standard_error"]
                    assert error == pytest.approx(numbers["sim_sd"], rel=0.03)
