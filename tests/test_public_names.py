import importlib
import inspect

import pytest

import spatial_coagg

# Names a user may have written down; removing one is a breaking change.
PROMISED = {
    "GmmInstruments",
    "GmmMethod",
    "Panel",
    "StandardInstruments",
    "Study",
    "audit_published",
    "bivariate_moran",
    "build_contiguity",
    "build_distance_band",
    "build_economic",
    "build_from_distances",
    "build_gravity",
    "build_inverse_distance",
    "build_nearest",
    "build_nested",
    "class_transitions",
    "coagglomeration_theta",
    "compare_models",
    "corridor",
    "describe_panel",
    "dynamic_effects",
    "draw_choropleth",
    "fit_between",
    "fit_dynamic_gmm",
    "fit_dynamic_spatial",
    "fit_fixed_effects",
    "fit_pooled",
    "fit_random_effects",
    "fit_spatial_iv",
    "fit_spatial_panel",
    "geary",
    "getis_ord",
    "global_moran",
    "hausman_test",
    "lagrange_multiplier_tests",
    "likelihood_ratio_test",
    "load_example",
    "load_shapes",
    "local_moran",
    "local_moran_by_year",
    "location_quotient",
    "model_probabilities",
    "moran_by_year",
    "panel_moran",
    "read_boundaries",
    "read_employment",
    "read_table",
    "reproduce",
    "spatial_effects",
    "summarise_weights",
    "tabulate_models",
    "targets",
    "variance_inflation",
    "wald_test",
    "what_if",
}


def test_every_promised_name_is_there() -> None:
    assert set(spatial_coagg.__all__) >= PROMISED


@pytest.mark.parametrize("name", sorted(spatial_coagg.__all__))
def test_public_name_is_documented(name: str) -> None:
    document = inspect.getdoc(getattr(spatial_coagg, name))
    assert document is not None
    assert document.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", sorted(spatial_coagg.__all__))
def test_public_name_has_an_example_that_runs(name: str) -> None:
    document = inspect.getdoc(getattr(spatial_coagg, name))
    assert ">>> " in (document or "")


def test_unknown_name_is_an_attribute_error() -> None:
    module = importlib.import_module("spatial_coagg")
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018 - reading the name is the test
