"""The what-ifs that a report asks by itself."""

from spatial_coagg.planner.baseline import theta_driver
from spatial_coagg.planner.spatial import SpatialSource, SpatialStudy
from spatial_coagg.planner.what_if_command import WhatIfAnswer, run_what_if
from spatial_coagg.planner.what_if_request import WhatIfRequest

RISE, CORRIDOR = 10.0, 3


def ask_questions(study: SpatialSource) -> tuple[WhatIfAnswer, ...]:
    """Ask who gains from a rise, from whom its city gains, and who rises best together.

    Parameters
    ----------
    study : Study

    Returns
    -------
    tuple of WhatIfAnswer
        Three; none without a spatial model, or where its rho is at its bound.
    """
    spatial = study.spatial
    if spatial is None or spatial.is_at_bound(spatial.main):
        return ()
    rises = dict(spatial.asked.what_if) or {_most_giving(study, spatial): RISE}
    first = next(iter(rises))
    draws = spatial.asked.draws
    requests = (
        WhatIfRequest(raised=rises, draws=draws),
        WhatIfRequest(target=first, draws=draws),
        WhatIfRequest(corridor=CORRIDOR, draws=draws),
    )
    return tuple(run_what_if(study, request) for request in requests)


def _most_giving(study: SpatialSource, spatial: SpatialStudy) -> str:
    """Return the city whose rise all others gain most from."""
    given = spatial.effects.given[theta_driver(study.settings)]
    return str(given.sort_index().idxmax())
