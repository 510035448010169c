"""Correlations: counts, times, groups, rules."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.testing.mutation import Mutant, mutants
from sigma_xdr.testing.mutation.correlations import change_timespan
from tests.unit.rules.texts import only
from tests.unit.testing.mutation.rules import changes, correlation


def test_all_mutants_of_a_count() -> None:
    rule = correlation(
        """
        type: value_count
        rules: [one, two]
        group-by: [Computer, User]
        aliases:
            who: {one: User, two: TargetUserName}
            same: {one: Computer, two: Computer}
        timespan: 10m
        condition: {gte: 3, field: Image}
        """
    )
    found = [(mutant.id, mutant.description, mutant.keys[1:], _differences(rule, mutant)) for mutant in mutants(rule)]
    alias = {"who": {"one": "TargetUserName", "two": "User"}, "same": {"one": "Computer", "two": "Computer"}}
    threshold = ("condition", "gte")
    assert found == [
        ("change-threshold gte: 3 -> 4", "3 became 4", threshold, {"condition": {"gte": 4, "field": "Image"}}),
        ("change-threshold gte: 3 -> 2", "3 became 2", threshold, {"condition": {"gte": 2, "field": "Image"}}),
        ("change-operator gte: 3 -> gt", "gte became gt", threshold, {"condition": {"gt": 3, "field": "Image"}}),
        ("change-timespan 10m -> 5m", "10m became 5m", ("timespan",), {"timespan": "5m"}),
        ("change-timespan 10m -> 20m", "10m became 20m", ("timespan",), {"timespan": "20m"}),
        (
            "change-type value_count -> event_count",
            "value_count became event_count",
            ("type",),
            {"type": "event_count", "condition": {"gte": 3}},
        ),
        ("drop-group Computer", "not grouped by Computer", ("group-by", 0), {"group-by": ["User"]}),
        ("drop-group User", "not grouped by User", ("group-by", 1), {"group-by": ["Computer"]}),
        ("drop-rule one", "without the rule one", ("rules", 0), {"rules": ["two"]}),
        ("drop-rule two", "without the rule two", ("rules", 1), {"rules": ["one"]}),
        (
            "swap-alias who: one, two",
            "one and two changed their fields 'User' and 'TargetUserName'",
            ("aliases", "who"),
            {"aliases": alias},
        ),
    ]


def _differences(rule: dict[str, Any], mutant: Mutant) -> dict[str, Any]:
    """What a mutant's correlation section has otherwise than the rule's."""
    before, after = rule["correlation"], mutant.document["correlation"]
    assert before.keys() == after.keys()
    return {key: value for key, value in after.items() if value != before[key]}


def test_all_mutants_of_an_order() -> None:
    rule = correlation("type: temporal_ordered\nrules: [one, two]\ngroup-by: Computer\ntimespan: 1m\n")
    assert [mutant.id for mutant in mutants(rule)] == [
        "change-timespan 1m -> 30s",
        "change-timespan 1m -> 2m",
        "change-type temporal_ordered -> temporal",
        "drop-group Computer",
        "drop-rule one",
        "drop-rule two",
    ]
    without = next(mutant for mutant in mutants(rule) if mutant.operator == "drop-group")
    assert without.document["correlation"] == {
        "type": "temporal_ordered",
        "rules": ["one", "two"],
        "timespan": "1m",
    }


def test_all_mutants_of_a_condition_in_words() -> None:
    rule = correlation("type: temporal\ntimespan: 2h\ncondition: one and (two or not three)\n")
    assert [mutant.id for mutant in mutants(rule)] == [
        "change-timespan 2h -> 1h",
        "change-timespan 2h -> 4h",
        "and-to-or one or (two or not three)",
        "or-to-and one and (two and not three)",
        "drop-negation one and (two or three)",
    ]


@pytest.mark.parametrize(
    ("timespan", "half", "twice"),
    [
        ("10s", "5s", "20s"),
        ("15m", "450s", "30m"),
        ("1h", "30m", "2h"),
        ("1d", "12h", "2d"),
        ("1w", "84h", "2w"),
        ("2M", "1M", "4M"),
        ("1y", "6M", "2y"),
    ],
)
def test_a_timespan_is_halved_and_doubled(timespan: str, half: str, twice: str) -> None:
    rule = correlation(f"type: event_count\nrules: one\ntimespan: {timespan}\ncondition: {{gte: 2}}\n")
    assert [changed for _, changed in changes(change_timespan, rule)] == [half, twice]


@pytest.mark.parametrize(("timespan", "twice"), [("1s", "2s"), ("1M", "2M")])
def test_half_of_what_has_no_half_is_left_out(timespan: str, twice: str) -> None:
    rule = correlation(f"type: event_count\nrules: one\ntimespan: {timespan}\ncondition: {{gte: 2}}\n")
    assert [changed for _, changed in changes(change_timespan, rule)] == [twice]


def test_a_filter_is_mutated_like_a_rule_and_loses_its_rules() -> None:
    text = """\
title: Test
logsource: {product: windows}
filter:
    rules: [one, two]
    selection: {User: a, Company: b}
    condition: not selection
"""
    assert [mutant.id for mutant in mutants(only(text).document)] == [
        "drop-item selection/User",
        "drop-item selection/Company",
        "drop-negation selection",
        "and-to-or selection/User, Company",
        "weaken-modifier selection/User -> contains",
        "weaken-modifier selection/User -> startswith",
        "weaken-modifier selection/User -> endswith",
        "weaken-modifier selection/Company -> contains",
        "weaken-modifier selection/Company -> startswith",
        "weaken-modifier selection/Company -> endswith",
        "strengthen-modifier selection/User -> cased",
        "strengthen-modifier selection/Company -> cased",
        "swap-field selection/User -> ParentUser",
        "swap-field selection/Company -> Product",
        "drop-rule one",
        "drop-rule two",
    ]
