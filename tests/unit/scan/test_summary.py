"""The account of a hunt, in one process and in several."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.errors import Diagnostic
from sigma_xdr.scan.hits import Hit, HuntedRule
from sigma_xdr.scan.reasons import Reasons
from sigma_xdr.scan.summary import Account, HuntSummary

from .hits_of import WMIC, hit

REFUSED = Diagnostic("lost-field", "Defender records no Hashes here", file="a.yml")
BROKEN = Diagnostic("sigma", "the rule has no condition", file="b.yml")


def test_accounts_add_up() -> None:
    one = Account(
        files=1,
        bytes=10,
        records=100,
        hits=2,
        not_read=Counter(a=1),
        asked=Counter(tenant=1),
        unmapped=Reasons(x=3),
        left_out=Reasons(Col=1),
        refused=[BROKEN, REFUSED],
    )
    one.cannot_read("bad", 7)
    two = Account(
        files=2, bytes=5, records=50, hits=1, not_read=Counter(a=1, b=1), asked=Counter(tenant=2), refused=[REFUSED]
    )
    two.incomplete = [BROKEN]
    for reason, number in (("bad", 9), ("bad", 3), ("worse", 8)):
        two.cannot_read(reason, number)
    one.add(two)
    one.add(Account(interrupted=True, gone=True))
    assert one == Account(
        files=3,
        bytes=15,
        records=150,
        hits=3,
        not_read=Counter(a=2, b=1),
        asked=Counter(tenant=3),
        unreadable=Reasons(bad=3, worse=1),
        first_unreadable={"bad": 3, "worse": 8},
        unmapped=Reasons(x=3),
        left_out=Reasons(Col=1),
        refused=[REFUSED, BROKEN],
        incomplete=[BROKEN],
        gone=True,
        interrupted=True,
    )


def test_rules_are_ranked_by_level_hits_and_title() -> None:
    rules = [
        HuntedRule(None, title, level, f"{title}.yml")
        for title, level in [("z", "low"), ("b", None), ("c", "critical"), ("a", "high"), ("d", "high"), ("e", "high")]
    ]
    summary = HuntSummary()
    for rule in rules:
        summary.add(hit(rule))
    summary.add(hit(rules[4], device="other"))
    assert [each.rule.title for each in summary.ranked()] == ["c", "d", "a", "e", "z", "b"]
    assert (summary.account.hits, summary.devices()) == (7, {"wks01", "other"})


@pytest.mark.parametrize(
    ("account", "fail_on", "code"),
    [
        (Account(), None, 0),
        (Account(), "high", 1),
        (Account(), "informational", 1),
        (Account(), "critical", 0),
        (Account(refused=[REFUSED]), None, 0),
        (Account(refused=[replace(BROKEN, severity="warning")]), None, 0),
        (Account(refused=[BROKEN]), "high", 2),
        (Account(unreadable=Reasons(bad=1)), "high", 2),
        (Account(unreadable=Reasons(bad=0)), None, 0),
        (Account(unmapped=Reasons(x=1)), None, 0),
        (Account(incomplete=[REFUSED]), None, 2),
        (Account(incomplete=[REFUSED], gone=True), None, 3),
        (Account(gone=True, interrupted=True), None, 130),
    ],
)
def test_the_exit_code(account: Account, fail_on: str | None, code: int) -> None:
    summary = HuntSummary(account)
    summary.add(hit(WMIC))  # its level is high
    summary.add(hit(HuntedRule(None, "without a level", None, "x.yml")))
    assert summary.exit_code(fail_on) == code


RULES = [HuntedRule(None, "a", "high", "a.yml"), HuntedRule(None, "b", None, "b.yml")]
PROBLEMS = st.builds(
    Diagnostic,
    st.sampled_from(["sigma", "kql"]),
    st.sampled_from("mn"),
    st.sampled_from([None, "h"]),
    file=st.sampled_from(["a", None]),
)
COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)).map(Counter)
ACCOUNTS = st.builds(
    Account,
    *[st.integers(0, 9)] * 3,
    st.just(0),
    *[COUNTS] * 5,
    st.lists(PROBLEMS, max_size=4),
    st.lists(PROBLEMS, max_size=4),
    gone=st.booleans(),
    interrupted=st.booleans(),
)
PLACED = st.builds(
    lambda rule, file, record: hit(rule, file=file, record=record),
    st.sampled_from(RULES),
    st.sampled_from("ab"),
    st.integers(1, 5),
)


@settings(max_examples=50)
@given(st.lists(st.tuples(ACCOUNTS, st.lists(PLACED, max_size=4)), min_size=1, max_size=4), st.permutations(range(4)))
def test_the_order_of_processes_makes_no_difference(parts: list[tuple[Account, list[Hit]]], order: list[int]) -> None:
    def together(numbers: list[int]) -> HuntSummary:
        whole = HuntSummary()
        for number in numbers:
            part = HuntSummary()
            part.account.add(parts[number][0])
            for each in parts[number][1]:
                part.add(each)
            whole.merge(part)
        return whole

    present = [number for number in order if number < len(parts)]
    one, other = together(present), together(sorted(present))
    assert one == other
    assert one.ranked() == other.ranked()
    assert one.account.hits == sum(len(hits) for _, hits in parts)
