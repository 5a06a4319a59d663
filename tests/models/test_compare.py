import math
import warnings
from contextlib import nullcontext
from dataclasses import replace
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from spatial_witness import Draw, draw_panel, graph_of, nearest_matrix

from spatial_coagg.errors import (
    AlignmentError,
    EstimationError,
    InferenceWarning,
    SpatialCoaggError,
    WeightsError,
)
from spatial_coagg.models import compare as compare_module
from spatial_coagg.models import spatial_logdet
from spatial_coagg.models.compare import ModelComparison, compare_models
from spatial_coagg.models.marginals import (
    FAMILY,
    log_marginal_likelihoods,
    model_probabilities,
)
from spatial_coagg.models.priors import BetaPrior
from spatial_coagg.models.spatial_panel import fit_spatial_panel
from spatial_coagg.models.spatial_plan import SpatialModel
from spatial_coagg.report.regression_table import tabulate_models
from spatial_coagg.weights import _logdet


@pytest.fixture(scope="module")
def draw() -> Draw:
    return draw_panel(n=25, t=5, error=0.0, spread=0.5, rng=3)


@pytest.fixture(scope="module")
def family(draw: Draw) -> ModelComparison:
    return compare_models(draw.panel, draw.graph, "y", draw.names)


def compare(draw: Draw, **options: object) -> ModelComparison:
    return compare_models(draw.panel, draw.graph, "y", draw.names, **options)  # type: ignore[arg-type]


def test_every_row_is_the_fit_of_its_model(draw: Draw, family: ModelComparison) -> None:
    assert list(family.frame.index) == [model.upper() for model in FAMILY]
    for model in FAMILY:
        alone = fit_spatial_panel(draw.panel, draw.graph, "y", draw.names, model=model)
        row = family.frame.loc[model.upper()]
        assert row["log_likelihood"] == alone.log_likelihood
        assert row["model"] == model
        assert row["weights"] == "W"
        assert row["sigma2"] == alone.sigma2
        assert row["r2_within"] == alone.r2_within
        for name in ("rho", "lambda"):
            if name in alone.estimates.index:
                assert row[name] == alone.estimates["estimate"][name]
            else:
                assert np.isnan(family.frame[name][model.upper()])


def test_criteria_count_slopes_dependence_and_variance(
    family: ModelComparison,
) -> None:
    counts = {"OLS": 3, "SLX": 5, "SAR": 4, "SEM": 4, "SDM": 6, "SDEM": 6}
    assert dict(family.frame["parameters"]) == counts
    rows = (25 - 1) * (5 - 1)
    for heading, count in counts.items():
        row = family.frame.loc[heading]
        assert row["aic"] == pytest.approx(2 * count - 2 * row["log_likelihood"])
        penalty = count * math.log(rows) - 2 * row["log_likelihood"]
        assert row["bic"] == pytest.approx(penalty)


def test_the_lowest_criteria_are_named(family: ModelComparison) -> None:
    frame = family.frame
    assert (frame["aic"] >= frame.loc[family.lowest_aic, "aic"]).all()
    assert (frame["bic"] >= frame.loc[family.lowest_bic, "bic"]).all()
    best = family.most_probable
    assert best is not None
    assert (frame["probability"] <= frame.loc[best, "probability"]).all()
    assert family.lowest_aic == best == "SDM"
    assert family.summary == (
        "Log-likelihoods, AIC and BIC are of the same 96 observations (effects: "
        "city-year; correction: transform). The lowest AIC has SDM, the lowest BIC "
        f"{family.lowest_bic}. The most probable is SDM, with a posterior probability "
        f"of {frame['probability'].max():.3f}."
    )
    assert str(family).endswith(family.summary)
    assert "log_marginal" in str(family)


def test_probabilities_are_those_of_the_marginal_likelihoods(
    draw: Draw, family: ModelComparison
) -> None:
    found = log_marginal_likelihoods(draw.panel, draw.graph, "y", draw.names)
    np.testing.assert_array_equal(family.frame["log_marginal"], found)
    np.testing.assert_array_equal(
        family.frame["probability"], model_probabilities(found)
    )
    beta = compare(draw, prior=BetaPrior(shape=4), models=["sar", "sem"])
    own = log_marginal_likelihoods(
        draw.panel, draw.graph, "y", draw.names, models=["sar", "sem"],
        prior=BetaPrior(shape=4),
    )  # fmt: skip
    np.testing.assert_array_equal(beta.frame["log_marginal"], own)
    assert own["W", "sar"] != found["W", "sar"]


def test_without_a_prior_there_are_no_probabilities(draw: Draw) -> None:
    found = compare(draw, models=["sar", "sac"], prior=None)
    assert found.frame[["log_marginal", "probability"]].isna().all(axis=None)
    assert found.most_probable is None
    assert "probable" not in found.summary


def test_one_model_over_several_weights_is_headed_by_them(draw: Draw) -> None:
    others = {"true": draw.graph, "other": graph_of(nearest_matrix(25, 3, 9))}
    found = compare_models(draw.panel, others, "y", draw.names, models=["sdm"])
    assert list(found.fits) == ["true", "other"]
    assert list(found.frame["weights"]) == ["true", "other"]
    assert found.lowest_aic == found.lowest_bic == found.most_probable == "true"
    assert found.frame["probability"].sum() == pytest.approx(1)
    alone = fit_spatial_panel(draw.panel, others["other"], "y", draw.names)
    assert found.frame.loc["other", "log_likelihood"] == alone.log_likelihood


def test_several_models_and_weights_are_headed_by_both(draw: Draw) -> None:
    others = {"true": draw.graph, "other": graph_of(nearest_matrix(25, 3, 9))}
    found = compare_models(draw.panel, others, "y", draw.names, models=["sar", "sdm"])
    headings = ["SAR, true", "SDM, true", "SAR, other", "SDM, other"]
    assert list(found.fits) == list(found.frame.index) == headings
    marginal = log_marginal_likelihoods(
        draw.panel, others, "y", draw.names, models=["sar", "sdm"]
    )
    np.testing.assert_array_equal(found.frame["log_marginal"], marginal)


def test_fits_go_into_a_regression_table(family: ModelComparison) -> None:
    table = tabulate_models(family.fits, facts=["log_likelihood", "aic", "bic"])
    assert table.headings == tuple(family.fits)
    cell = table.to_frame()["SDM"]["BIC", "fact"]
    assert float(cell) == pytest.approx(family.frame["bic"]["SDM"], abs=5e-4)


def test_a_table_says_which_errors_it_prints(family: ModelComparison) -> None:
    table = tabulate_models(family.fits).to_frame()
    assert set(table.loc["Standard errors", "fact"]) == {"expected information"}


def test_the_form_of_the_error_is_of_the_models_that_have_any(draw: Draw) -> None:
    kind = "kapoor-kelejian-prucha"
    with warnings.catch_warnings(action="ignore"):
        found = compare(
            draw, models=["ols", "sem"], effects="random", random_error=kind
        )
        alone = fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, model="sem", effects="random",
            random_error=kind,
        )  # fmt: skip
    assert found.fits["SEM"].log_likelihood == alone.log_likelihood
    with pytest.raises(EstimationError, match="'ols' has no spatial error"):
        compare(draw, models=["ols"], effects="random", random_error=kind)


def test_spillovers_are_of_the_models_that_have_any(draw: Draw) -> None:
    found = compare(draw, models=["sar", "sdm"], spillovers=["x1"])
    assert "W.x0" not in found.fits["SDM"].estimates.index
    assert list(found.frame["parameters"]) == [4, 5]
    with pytest.raises(EstimationError, match="has no W x"):
        compare(draw, models=["sar"], spillovers=["x1"])


OTHERS = {"error": nearest_matrix(25, 4, 8), "spillover": nearest_matrix(25, 2, 7)}


def test_other_weights_are_of_the_models_that_have_the_term(draw: Draw) -> None:
    weights = {f"{name}_weights": graph_of(w) for name, w in OTHERS.items()}
    models: list[SpatialModel] = ["sar", "sdm", "sem", "sdem"]
    found = compare(draw, models=models, **weights)
    for model in models:
        own = {
            "error_weights": weights["error_weights"] if "e" in model else None,
            "spillover_weights": weights["spillover_weights"] if "d" in model else None,
        }
        alone = fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, model=model, **own
        )
        fit = found.fits[model.upper()]
        pd.testing.assert_frame_equal(fit.estimates, alone.estimates)
    marginal = log_marginal_likelihoods(
        draw.panel, draw.graph, "y", draw.names, models=models, **weights
    )
    np.testing.assert_array_equal(found.frame["log_marginal"], marginal)
    error = weights["error_weights"]
    by_city = compare(draw, models=["sem"], effects="random", error_weights=error)
    lag = by_city.fits["SEM"].weights.error.toarray()
    np.testing.assert_array_equal(lag, OTHERS["error"])


def test_stochastic_log_determinants_are_those_of_the_fits(draw: Draw) -> None:
    found = compare(
        draw, models=["ols", "sar", "sem"], log_determinant="stochastic", rng=4
    )
    exact = compare(draw, models=["ols", "sar", "sem"])
    for model in ("sar", "sem"):
        alone = fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, model=model,  # type: ignore[arg-type]
            log_determinant="stochastic", rng=4,
        )  # fmt: skip
        fit = found.fits[model.upper()]
        assert fit.facts == alone.facts
        assert fit.log_likelihood != exact.fits[model.upper()].log_likelihood
    marginal = log_marginal_likelihoods(
        draw.panel, draw.graph, "y", draw.names, models=["ols", "sar", "sem"],
        log_determinant="stochastic", rng=4,
    )  # fmt: skip
    np.testing.assert_array_equal(found.frame["log_marginal"], marginal)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ["ols", "sar"], "error_weights": True}, "'ols' has no spatial err"),
        ({"models": ["sem"], "spillover_weights": True}, "'sem' has no W x, so"),
        (
            {"models": ["ols", "slx"], "log_determinant": "exact"},
            "'ols' has neither rho nor lambda",
        ),
        ({"rng": 1}, "nothing is drawn by exact"),
        (
            {"effects": "random", "log_determinant": "stochastic"},
            "random effects take exact",
        ),
        ({"spillovers": [], "spillover_weights": True}, "no driver spills over"),
        ({"models": ["sdm", "sar", "sdm"]}, "'sdm' occurs twice in models"),
        ({"models": "sdm"}, "models must be a list of names, such as ..sdm"),
    ],
)
def test_options_that_apply_to_no_model_are_refused(
    draw: Draw, options: dict[str, object], message: str
) -> None:
    given = {
        name: draw.graph if name.endswith("weights") else value
        for name, value in options.items()
    }
    with pytest.raises(EstimationError, match=message):
        compare(draw, **given)


@pytest.mark.parametrize("many", [False, True])
def test_every_w_costs_its_spectrum_once(draw: Draw, *, many: bool) -> None:
    others = {"true": draw.graph, "other": graph_of(nearest_matrix(25, 3, 9))}
    few = mock.patch.multiple(_logdet, FEW=10, FILLED=2.0, LINKED=1.0)
    with (
        few if many else nullcontext(),
        mock.patch.object(spatial_logdet, "spectrum", wraps=_logdet.spectrum) as made,
    ):
        found = compare_models(
            draw.panel, others, "y", draw.names, error_weights=graph_of(OTHERS["error"])
        )
        assert made.call_count == 3
        for heading in ("SDM, true", "SDEM, other"):
            fit = found.fits[heading]
            alone = fit_spatial_panel(
                draw.panel, others[heading.split()[1]], "y", draw.names,
                model=fit.model,  # type: ignore[arg-type]
                error_weights=graph_of(OTHERS["error"]) if "E" in heading else None,
            )  # fmt: skip
            assert fit.log_likelihood == pytest.approx(alone.log_likelihood, abs=1e-7)
            np.testing.assert_allclose(fit.estimates, alone.estimates, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ["sdm", "sdn"]}, "model must be one of 'ols'"),
        ({"prior": "normal"}, "prior must be one of 'uniform', BetaPrior"),
    ],
)
def test_options_are_checked_before_the_first_fit(
    draw: Draw, options: dict[str, object], message: str
) -> None:
    with (
        mock.patch.object(compare_module, "fit_with_matrices") as fitted,
        pytest.raises(SpatialCoaggError, match=message),
    ):
        compare(draw, **options)
    fitted.assert_not_called()


def test_options_reach_the_fits(draw: Draw) -> None:
    found = compare(
        draw, models=["sar"], effects="city", correction="bias", covariance="expected"
    )
    fit = found.fits["SAR"]
    assert (fit.effects, fit.correction) == ("city", "bias")
    assert fit.standard_errors == "expected information"
    assert found.basis.endswith("at the estimates before the correction of bias.")


@pytest.mark.parametrize("effects", ["city", "year", "city-year"])
def test_corrected_fits_have_the_criteria_of_the_plain_likelihood(
    draw: Draw, effects: str
) -> None:
    plain, corrected = (
        compare(draw, models=["ols", "sdm"], effects=effects, correction=each)
        for each in ("none", "bias")
    )
    columns = ["log_likelihood", "aic", "bic"]
    pd.testing.assert_frame_equal(plain.frame[columns], corrected.frame[columns])
    for found in (plain, corrected):
        fit, rows = found.fits["SDM"], draw.y.size
        assert f"of the same {rows} observations" in found.basis
        assert fit.facts["bic"] - fit.facts["aic"] == pytest.approx(
            (len(fit.estimates) + 1) * (np.log(rows) - 2)
        )


@pytest.mark.parametrize(
    ("effects", "correction"), [("none", "none"), ("city", "transform")]
)
def test_correction_follows_from_the_effects(
    draw: Draw, effects: str, correction: str
) -> None:
    found = compare(draw, models=["ols", "sar"], effects=effects)
    assert {fit.correction for fit in found.fits.values()} == {correction}
    fits = [
        fit_spatial_panel(
            draw.panel,
            draw.graph,
            "y",
            draw.names,
            model=model,
            effects=effects,  # type: ignore[arg-type]
        )
        for model in ("ols", "sar")
    ]
    assert [fit.correction for fit in fits] == [correction] * 2


def test_all_fits_are_plain_where_one_w_cannot_be_transformed(draw: Draw) -> None:
    uneven = {"even": draw.graph, "half": graph_of(0.5 * draw.w)}
    with pytest.warns(InferenceWarning, match="'half' do not sum.* downwards"):
        found = compare_models(
            draw.panel, uneven, "y", draw.names, models=["ols", "sar"]
        )
    assert {fit.correction for fit in found.fits.values()} == {"none"}
    assert {fit.rows for fit in found.fits.values()} == {125}
    with pytest.raises(WeightsError, match="do not sum to one"):
        compare_models(
            draw.panel, uneven, "y", draw.names, models=["sar"], correction="transform"
        )
    half = {"error_weights": uneven["half"]}
    with pytest.warns(InferenceWarning, match="rows of error_weights do not sum"):
        found = compare(draw, models=["sar", "sem"], **half)
    assert {fit.correction for fit in found.fits.values()} == {"none"}
    with warnings.catch_warnings(action="error"):
        compare(draw, models=["sar", "sdm"], spillover_weights=uneven["half"])


def test_models_without_dependence_need_no_even_rows(draw: Draw) -> None:
    with warnings.catch_warnings(action="error"):
        found = compare_models(
            draw.panel, graph_of(0.5 * draw.w), "y", draw.names, models=["ols", "slx"]
        )
    assert {fit.correction for fit in found.fits.values()} == {"transform"}


def test_random_effects_have_no_probabilities(draw: Draw) -> None:
    found = compare(draw, models=["sar", "sem"], effects="random")
    alone = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="sem", effects="random"
    )
    assert found.frame.loc["SEM", "log_likelihood"] == alone.log_likelihood
    # Two slopes, the constant, lambda, phi and sigma2.
    assert found.frame.loc["SEM", "parameters"] == 6
    assert found.most_probable is None
    with pytest.raises(EstimationError, match="prior= does not apply"):
        compare(draw, models=["sar"], effects="random", prior=BetaPrior())


def test_warnings_of_a_fit_name_it() -> None:
    # Everybody is everybody's neighbour: with city effects alone rho goes to its bound.
    all_alike = (np.ones((8, 8)) - np.eye(8)) / 7
    draw = draw_panel(n=8, t=6, w=nearest_matrix(8, 3, 1), spread=0.1, rng=1)
    common = Draw(draw.y + 1e4 * np.arange(6)[:, None], draw.x, draw.w, draw.codes)
    with pytest.warns(InferenceWarning, match="^SAR: rho = .* at the bound") as caught:
        compare_models(
            common.panel, graph_of(all_alike), "y", common.names, models=["sar"],
            effects="city", prior=None,
        )  # fmt: skip
    assert caught[0].filename == __file__


def test_fits_of_other_likelihoods_are_not_compared(draw: Draw) -> None:
    fits = {
        correction: fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, model="sar", correction=correction
        )
        for correction in ("transform", "none")
    }
    with pytest.raises(
        EstimationError, match=r"^'transform' and 'none': the fits differ in corr"
    ):
        ModelComparison.from_fits(fits)
    by_city = fit_spatial_panel(
        draw.panel, draw.graph, "y", draw.names, model="sar", effects="city"
    )
    with pytest.raises(EstimationError, match="differ in effects"):
        ModelComparison.from_fits({"both": fits["transform"], "city": by_city})
    with pytest.raises(EstimationError, match="differ in outcome"):
        ModelComparison.from_fits(
            {"one": by_city, "two": replace(by_city, outcome="x0")}
        )
    years = draw.panel.frame.index.unique("year")[:4]
    short = Draw(draw.y[: len(years)], draw.x[: len(years)], draw.w, draw.codes)
    fewer = fit_spatial_panel(
        short.panel, short.graph, "y", short.names, model="sar", effects="city"
    )
    with pytest.raises(EstimationError, match="differ in rows \\(100 and 75\\)"):
        ModelComparison.from_fits({"one": by_city, "two": fewer})


def test_fits_of_other_data_are_not_compared(draw: Draw) -> None:
    other = Draw(draw.y + draw.x[:, :, 0], draw.x, draw.w, draw.codes)
    fits = {
        name: fit_spatial_panel(
            each.panel, each.graph, "y", each.names, model="sar", correction="bias"
        )
        for name, each in (("one", draw), ("two", other))
    }
    with pytest.raises(EstimationError, match="'one' and 'two': the fits have other v"):
        ModelComparison.from_fits(fits)


def test_fits_that_exist_are_compared(draw: Draw) -> None:
    fits = {
        heading: fit_spatial_panel(
            draw.panel, draw.graph, "y", draw.names, spillovers=spillovers
        )
        for heading, spillovers in (("all", None), ("one", ["x0"]))
    }
    found = ModelComparison.from_fits(fits)
    assert list(found.frame["parameters"]) == [6, 5]
    assert found.most_probable is None
    assert found.lowest_aic == "all"


def test_nothing_to_compare_is_refused(draw: Draw) -> None:
    with pytest.raises(EstimationError, match="no fit to compare"):
        ModelComparison.from_fits({})
    with pytest.raises(EstimationError, match="no model to compare"):
        compare(draw, models=[])
    with pytest.raises(EstimationError, match="no weights to compare"):
        compare_models(draw.panel, {}, "y", draw.names)
    with pytest.raises(SpatialCoaggError, match="model must be one of"):
        compare(draw, models=["spatial"])
    other = graph_of(draw.w, [f"x{n}" for n in range(25)])
    with pytest.raises(AlignmentError, match="weights 'far'"):
        compare_models(draw.panel, {"far": other}, "y", draw.names)
