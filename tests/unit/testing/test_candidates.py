"""Events made from a rule: each of its parts decides about one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.errors import RuleError
from sigma_xdr.evaluator import Matcher
from sigma_xdr.rules import LoadedRule, load_rules, load_site_of
from sigma_xdr.testing.candidates import candidates, distinct
from tests.unit.rules.texts import only
from tests.unit.testing.mutation.rules import correlation, document

PACK = load_rules([Path(__file__).parents[3] / "sigma_rules"])
SITE = load_site_of([Path(__file__).parents[3] / "sigma_rules"])


def sides(rule: dict[str, Any], **given: Any) -> Iterator[tuple[bool, dict[str, Any]]]:
    matcher = Matcher(rule, **given)
    return ((matcher.matches(event), event) for event in candidates(rule))


def test_the_candidates_of_a_small_rule_first_a_few_of_each_value_then_near_misses() -> None:
    rule = document("s: {ProcessId: 5, Image|contains: '1'}\nf: {User: null}\ncondition: s and not f\n")
    events = list(candidates(rule))
    assert events[:7] == [
        {"ProcessId": 5, "Image": "1", "User": "a"},
        {"ProcessId": "5", "Image": "1", "User": "a"},
        {"Image": "1", "User": "a"},
        {"Image": "x 1.b", "ProcessId": 5, "User": "a"},
        {"User": "a", "ProcessId": 5},
        {"ProcessId": 5, "Image": "1"},
        {"User": None, "ProcessId": 5, "Image": "1"},
    ]
    assert events[12:27] == [
        {"ProcessId": 6, "Image": "1", "User": "a"},
        {"ProcessId": 4, "Image": "1", "User": "a"},
        {"ProcessId": "50", "Image": "1", "User": "a"},
        {"ProcessId": -5, "Image": "1", "User": "a"},
        {"ProcessId": "", "Image": "1", "User": "a"},
        {"ProcessId": None, "Image": "1", "User": "a"},
        {"ParentImage": "1", "User": "a", "ProcessId": 5},
        {"Image": "1", "ParentImage": "1", "User": "a", "ProcessId": 5},
        {"Image": "", "User": "a", "ProcessId": 5},
        {"Image": "q", "User": "a", "ProcessId": 5},
        {"Image": "1 1", "User": "a", "ProcessId": 5},
        {"Image": "x 1", "User": "a", "ProcessId": 5},
        {"Image": "1.b", "User": "a", "ProcessId": 5},
        {"Image": None, "User": "a", "ProcessId": 5},
        {"User": "", "ProcessId": 5, "Image": "1"},
    ]
    assert (len(events), events[-1]) == (43, {})


def test_what_has_to_stand_in_one_field_is_joined() -> None:
    rule = document(
        r"""
        s:
            Image|startswith: 'C:\Users'
            Image|contains|all: ['\Temp\', 'x']
            Image|endswith: '\a.exe'
        condition: s
        """
    )
    assert next(candidates(rule)) == {"Image": r"C:\Users\Temp\x\a.exe"}
    assert Matcher(rule).matches(next(candidates(rule)))


def test_a_siblings_value_is_tried() -> None:
    events = list(candidates(document("s: {Image: x}\ncondition: s\n")))
    assert {"ParentImage": "x"} in events
    assert {"Image": "x", "ParentImage": "x"} in events


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.relative.stem)
def test_the_packs_rules_get_events_on_both_sides(rule: LoadedRule) -> None:
    found = [matched for matched, _ in islice(sides(rule.document, site=SITE), 300)]
    assert 0 < sum(found) < len(found)


def test_sigmahqs_rules_get_events_on_both_sides(corpus: Path) -> None:
    rules = load_rules([corpus / "sigmahq"]).rules[::40]
    one_sided = [
        rule.relative.name
        for rule in rules
        if len({matched for matched, _ in islice(sides(rule.document, site={}), 400)}) < 2
    ]
    assert (len(rules) > 50, one_sided) == (True, [])


def test_no_two_are_alike_and_every_run_gives_the_same() -> None:
    for rule in PACK.rules[:4]:
        events = [repr(event) for event in candidates(rule.document)]
        assert len(events) == len(set(events)) > 50
        assert events == [repr(event) for event in candidates(rule.document)]


def test_a_placeholder_stands_for_the_sites_values() -> None:
    rule = document("s: {User|expand|endswith: '%admins%-%place%'}\ncondition: s\n")
    events = candidates(rule, {"admins": ("anna", "b*b")})
    assert list(islice(events, 5)) == [
        {"User": "anna-place"},
        {"User": "x anna-place"},
        {},
        {"User": "b b-place"},
        {"User": "x b b-place"},
    ]


def test_a_filter_has_candidates_and_a_correlation_has_none() -> None:
    own = only(
        "title: Test\nlogsource: {product: windows}\nfilter: {rules: any, s: {User: me}, condition: not s}\n"
    ).document
    assert next(candidates(own)) == {"User": "me"}
    rule = correlation("type: event_count\nrules: one\ntimespan: 1m\ncondition: {gte: 2}\n")
    assert list(candidates(rule)) == []


def test_several_conditions_are_alternatives() -> None:
    rule = document("a: {ProcessId: 1}\nb: {ProcessId: 3}\ncondition: [a, b]\n")
    assert {event.get("ProcessId") for event in candidates(rule)} >= {1, 3}


def test_a_document_that_is_no_sigma_is_an_error() -> None:
    rule = document("s: {User: me}\ncondition: s\n")
    with pytest.raises(RuleError) as error:
        next(candidates({**rule, "detection": {"s": {"User": "me"}, "condition": "t"}}))
    assert [problem.message for problem in error.value.diagnostics] == ["there is no selection 't'"]


def test_large_rules_give_their_first_candidates_soon() -> None:
    values = ", ".join(f"v{number}" for number in range(5_000))
    rule = document(f"s: {{Image|contains: [{values}]}}\nt: {{User: x}}\ncondition: s and not t\n")
    assert len(list(islice(candidates(rule), 100))) == 100


def test_distinct_keeps_the_first_of_each() -> None:
    assert list(distinct([{"A": 1}, {"A": "1"}, {"A": 1}, {}])) == [{"A": 1}, {"A": "1"}, {}]
