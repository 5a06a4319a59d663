"""Small figures beside each other, one for each year, sector or other heading."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from spatial_coagg.autocorrelation.local_result import LocalTest
from spatial_coagg.errors import SpatialCoaggError


def grid_of_axes(
    count: int, columns: int, *, width: float, height: float, share: bool = False
) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` axes of this size in inches, row by row.

    Parameters
    ----------
    count, columns : int
        How many axes, and how many beside each other at most.
    width, height : float
        Of each.
    share : bool
        Whether all have the same scales.
    """
    if columns < 1:
        raise SpatialCoaggError(f"columns must be 1 or more, got {columns}")
    wide = min(columns, count)
    deep = -(-count // wide)
    # Headings reach above maps, which have no axes to keep a margin.
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.1)
    figure = Figure(figsize=(width * wide, height * deep + 0.7), layout=layout)
    grid = figure.subplots(deep, wide, squeeze=False, sharex=share, sharey=share)
    for axes in grid.ravel()[count:]:
        axes.remove()
    for above, below in zip(grid[-2:-1].ravel(), grid[-1], strict=False):
        # Where nothing stands below, the scale must be written here.
        if below.figure is None:
            above.tick_params(labelbottom=True)
    return figure, list(grid.ravel()[:count])


def tests_by_heading(
    local: LocalTest | Mapping[str, LocalTest], years: Sequence[int] | None
) -> dict[str, LocalTest]:
    """Return tests of one year by what stands above their pictures.

    Parameters
    ----------
    local : LocalTest or mapping of str to LocalTest
        Of one year or over years; or several of one year, by heading.
    years : sequence of int, optional
        Which years of a test over years; all by default.

    Raises
    ------
    SpatialCoaggError
        If a year was not tested, `years` is given for tests of one year, or one of
        several tests is over years.
    """
    if isinstance(local, LocalTest) and _has_years(local):
        asked = sorted(local.frame.index.unique("year")) if years is None else years
        return {str(int(year)): local.of_year(int(year)) for year in asked}
    if years is not None:
        raise SpatialCoaggError(
            "the test is about one year, so years= cannot choose; leave it out"
        )
    if isinstance(local, LocalTest):
        return {"": local}
    long = [heading for heading, test in local.items() if _has_years(test)]
    if long or not local:
        raise SpatialCoaggError(
            "tests by heading are of one year each, and one at least"
            + (f"; {long[0]!r} is over years: choose one with of_year" if long else "")
        )
    return dict(local)


def _has_years(local: LocalTest) -> bool:
    return "year" in local.frame.index.names
