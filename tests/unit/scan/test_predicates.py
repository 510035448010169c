"""One rule as a predicate."""

from __future__ import annotations

from sigma_xdr.evaluator import Matcher
from sigma_xdr.scan.functions import View
from sigma_xdr.scan.predicates import Predicate

RULE = {"detection": {"a": {"Image|endswith": "\\wmic.exe", "CommandLine|contains": "call"}, "condition": "a"}}


def test_a_predicate_knows_its_clauses_and_what_it_asks_of_a_field_alone() -> None:
    predicate = Predicate(Matcher(RULE))
    assert [sorted(clause.literals) for clause in predicate.clauses] == [
        [("Image", "\\wmic.exe\0")],
        [("CommandLine", "call")],
    ]
    assert list(predicate.alone) == ["Image"]


def test_plain_events_are_judged_by_the_function_others_by_the_matcher() -> None:
    predicate = Predicate(Matcher(RULE))
    call = {"CommandLine": "a Call"}
    assert predicate.holds(View({"Image": "a\\WMIC.exe", **call})) is True
    assert predicate.holds(View({"Image": ["b", "a\\WMIC.exe"], **call})) is True
    assert predicate.holds(View({"Image": ["b"], **call})) is False


def test_a_rule_that_is_too_large_is_judged_by_the_matcher() -> None:
    rule = {"detection": {"a": {"A": "a"}, "condition": "not " * 100 + "a"}}
    predicate = Predicate(Matcher(rule))
    assert [predicate.holds(View({"A": value})) for value in "ab"] == [True, False]
