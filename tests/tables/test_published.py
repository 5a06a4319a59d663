import pytest

from spatial_coagg.errors import SpatialCoaggError
from spatial_coagg.tables.published import read_published


def test_figures_are_kept_as_printed() -> None:
    table = read_published(6)
    assert table.loc[("ln(sci)", "3", "standard_error"), "printed"] == "0.00441"
    assert table.loc[("ln(sci)", "3", "standard_error"), "value"] == 0.00441
    assert table.loc[("ln(sci)", "1", "stars"), "printed"] == "**"


@pytest.mark.parametrize(
    ("table", "count"),
    [(1, 64), (2, 60), (3, 40), (5, 13), (6, 69), (7, 123), (8, 161)],
)
def test_every_printed_figure_is_there(table: int, count: int) -> None:
    assert len(read_published(table)) == count


def test_the_paper_has_eight_tables() -> None:
    with pytest.raises(SpatialCoaggError, match="Tables 1 to 8, not 9"):
        read_published(9)
