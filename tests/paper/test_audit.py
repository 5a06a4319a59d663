import pytest

from spatial_coagg.paper.audit import audit_published
from spatial_coagg.paper.finding import Finding

# What a careful reader found by hand, with the number that decides it.
BY_HAND = [
    ("Table 1", "no fixed set of cities", "in 2009 but at most 0.529 in 2016"),
    (
        "Table 1",
        "increased year by year",
        "8 falls, 4 years without change and 3 rises",
    ),
    ("Tables 1 and 4", "the mean of theta differs", "averages 2.474"),
    ("Tables 4, 6 and 7", "280 cities", "4467 - 4187 = 280"),
    ("Tables 4 and 6", "minimum of zero", "13 rows are lost"),
    ("Table 4", "percentile score", "28.87"),
    ("Table 4", "gdp: the column of counts", "printed count 1680, mean 1680"),
    ("Table 4", "fin: the maximum 20.1", "31.0 standard deviations"),
    ("Tables 4 and 6", "another unit", "-3.02 with Table 4's unit"),
    ("Table 5", "agree with their reciprocals", "mean 3.2274, printed 3.23"),
    ("Table 6", "are classical", "0.3915 to 0.3937 in all 7 rows"),
    ("Table 6", "must equal column 1", "0.0665 against 0.196"),
    ("Table 7", "too many instruments", "columns 3, 4, 5, 6 print 1.000"),
    ("Tables 6, 7 and 8", "changes its sign", "-0.295 to -0.267"),
    ("Tables 6 and 7", "long-run", "1.39 in column 1 and 0.80 in column 6"),
    ("Table 8", "finance: 0.0592**", "p = 0.198"),
    ("Tables 6, 7 and 8", "all other stars", "102 of 103"),
    ("Table 8", "minus sign", "49 of 49"),
    ("Table 8", "defined nowhere", "4424 rows against 4467"),
    ("Table 8", "greater role", "z = 0.14"),
    ("Table 8", "explains nothing more", "0.846"),
]


@pytest.mark.parametrize(("tables", "claim", "number"), BY_HAND)
def test_what_was_found_by_hand_is_found(tables: str, claim: str, number: str) -> None:
    found = [
        each
        for each in audit_published().findings
        if each.tables == tables and claim in each.claim
    ]
    assert len(found) == 1
    assert number in found[0].arithmetic


def test_only_two_checks_hold() -> None:
    assert audit_published().counts["holds"] == 2


def test_the_frame_has_one_row_for_each_finding() -> None:
    audit = audit_published()
    assert len(audit.to_frame()) == len(audit.findings) == sum(audit.counts.values())


def test_every_finding_states_its_arithmetic() -> None:
    def has_a_number(finding: Finding) -> bool:
        return any(sign.isdigit() for sign in finding.arithmetic)

    assert all(has_a_number(each) for each in audit_published().findings)
