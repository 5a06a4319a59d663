"""What cannot be right in the published tables, computed from their figures alone."""

from dataclasses import dataclass

import pandas as pd

from spatial_coagg.paper.checks_of_levels import LEVEL_CHECKS
from spatial_coagg.paper.checks_of_models import MODEL_CHECKS
from spatial_coagg.paper.finding import Finding


@dataclass(frozen=True, slots=True)
class PublishedAudit:
    """Every check of the published figures, with its arithmetic.

    Attributes
    ----------
    findings : tuple of Finding
        In the order of the tables.
    """

    findings: tuple[Finding, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each finding: table, verdict, claim, arithmetic."""
        rows = [
            (each.tables, each.verdict, each.claim, each.arithmetic)
            for each in self.findings
        ]
        columns = ["tables", "verdict", "finding", "arithmetic"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each verdict."""
        found = [each.verdict for each in self.findings]
        return {verdict: found.count(verdict) for verdict in dict.fromkeys(found)}


def audit_published() -> PublishedAudit:
    """Hold the paper's Tables 1 to 8 against themselves.

    Nothing but the printed figures is used: each finding is a computation on them,
    and states it.

    Returns
    -------
    PublishedAudit

    Examples
    --------
    >>> audit = audit_published()
    >>> [each.claim for each in audit.findings if "finance" in each.claim]
    ['finance: 0.0592** with a standard error of 0.046 does not deserve its stars']
    """
    checks = (*LEVEL_CHECKS, *MODEL_CHECKS)
    return PublishedAudit(tuple(found for check in checks for found in check()))
