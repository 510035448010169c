"""Filters on rules, against pySigma's own way of doing it."""

from __future__ import annotations

from typing import Any

import pytest
from sigma.conditions import ConditionItem
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from sigma_xdr.errors import RuleError
from sigma_xdr.rules import ItemLocation, apply_filters

from .texts import only

RULE = """\
title: Test
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
name: test
logsource: {category: process_creation, product: windows}
detection:
    selection_a: {A: 1}
    selection_b: {B: 2}
    condition: 1 of selection_* or 1 of them
"""
FILTER = """\
title: Filter
logsource: {product: windows}
filter:
    rules: any
    selection_user: {User: [x, y]}
    selection-host: {Host|startswith: z}
    condition: not (all of selection_* or selection-host or 1 of them)
"""


def rule(text: str = RULE) -> SigmaRule:
    parsed = only(text).parse()
    assert isinstance(parsed, SigmaRule)
    return parsed


def sigma_filter(text: str = FILTER) -> SigmaFilter:
    parsed = only(text).parse()
    assert isinstance(parsed, SigmaFilter)
    return parsed


def meaning(condition: Any) -> Any:
    """A resolved condition as plain data: what is compared with what, and how it is joined."""
    if isinstance(condition, ConditionItem):
        return type(condition), [meaning(arg) for arg in condition.args]
    return condition.field, str(condition.value)


def test_a_filter_is_anded_under_names_of_its_own() -> None:
    other = FILTER.replace("not (all of selection_* or selection-host or 1 of them)", "not selection-host")
    filtered = apply_filters(rule(), [sigma_filter(), sigma_filter(other)])
    assert filtered.detection.condition == [
        "((1 of selection_* or 1 of them) and (not (all of _filter_0_selection_* or _filter_0_selection-host"
        " or 1 of _filter_0_*))) and (not _filter_1_selection-host)"
    ]
    assert list(filtered.detection.detections) == [
        "selection_a",
        "selection_b",
        "_filter_0_selection_user",
        "_filter_0_selection-host",
        "_filter_1_selection_user",
        "_filter_1_selection-host",
    ]


def test_it_means_what_pysigma_means() -> None:
    ours = apply_filters(rule(), [sigma_filter()])
    theirs = sigma_filter().apply_on_rule(rule())
    assert isinstance(theirs, SigmaRule)
    assert meaning(ours.detection.parsed_condition[0].parsed) == meaning(theirs.detection.parsed_condition[0].parsed)


def test_nothing_is_shared_with_the_filter_and_the_rule_stays() -> None:
    plain, each = rule(), sigma_filter()
    first, second = apply_filters(plain, [each]), apply_filters(rule(), [each])
    item = first.detection.detections["_filter_0_selection_user"].detection_items[0]
    assert item is not second.detection.detections["_filter_0_selection_user"].detection_items[0]
    assert item is not each.filter.detections["selection_user"].detection_items[0]
    assert isinstance(item.source, ItemLocation)
    assert item.source.keys == ("filter", "selection_user", "User")
    assert plain == rule()


def test_several_conditions_are_each_filtered() -> None:
    text = RULE.replace("1 of selection_* or 1 of them", "[selection_a, selection_b]")
    only_host = FILTER.replace("not (all of selection_* or selection-host or 1 of them)", "not selection-host")
    assert apply_filters(rule(text), [sigma_filter(only_host)]).detection.condition == [
        "(selection_a) and (not _filter_0_selection-host)",
        "(selection_b) and (not _filter_0_selection-host)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "applies"),
    [
        ("rules: any", "rules: [test]", True),
        ("rules: any", "rules: test", True),
        ("rules: any", "rules: [929A690E-BEF0-4204-A928-EF5E620D6FCC]", True),
        ("rules: any", "rules: [TEST, 08fbc97d-0a2f-491c-ae21-8ffcfd3174e9]", False),
        ("{product: windows}", "{product: linux}", False),
        ("{product: windows}", "{product: windows, service: sysmon}", False),
        ("{product: windows}", "{category: process_creation}", True),
    ],
)
def test_which_rules_a_filter_fits(old: str, new: str, applies: bool) -> None:
    plain = rule()
    assert (apply_filters(plain, [sigma_filter(FILTER.replace(old, new))]) is not plain) == applies


def test_a_selection_that_is_called_like_a_filters() -> None:
    text = RULE.replace("selection_a", "_filter_0_selection_user").replace(
        "1 of selection_* or 1 of them", "selection_b"
    )
    filtered = apply_filters(rule(text), [sigma_filter()])
    assert "__filter_0_selection_user" in filtered.detection.detections


def test_a_pattern_that_would_take_in_a_filters_selections() -> None:
    text = RULE.replace("selection_a", "_a").replace("1 of selection_* or 1 of them", "1 of _*")
    with pytest.raises(RuleError) as raised:
        apply_filters(rule(text), [sigma_filter()])
    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.message, problem.hint, problem.keys) == (
        "filter-pattern",
        "the pattern '_*' would take in the selections of filters",
        "let no selection's name begin with _",
        ("detection", "condition"),
    )
