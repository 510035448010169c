"""The rules that a correlation is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from sigma_xdr.evaluator import CorrelationMatcher, EvaluatorError, TimedEvent
from tests.unit.evaluator.asking import rule, told

NOW = datetime(2026, 3, 4)
ID = "4a0a4f0e-0c4c-4f0e-9b3e-5d3b0f3a1c11"


def about(*rules: str, **section: Any) -> dict[str, Any]:
    named = {key.replace("_", "-"): value for key, value in section.items()}
    return {
        "correlation": {"type": "event_count", "rules": [*rules], "timespan": "1m", "condition": {"gte": 1}, **named}
    }


def test_rules_are_named_by_id_or_name() -> None:
    rules = {ID: rule({"F": "a"}), "other": rule({"F": "b"})}
    for reference in (ID, ID.upper(), "other"):
        found = CorrelationMatcher(about(reference), rules).alerts([TimedEvent(NOW, "D", 1, {"F": ["a", "b"]})])
        assert [alert.count for alert in found] == [1]


def test_filters_and_the_site_are_for_the_rules() -> None:
    document = {**rule({"F|expand": "%hosts%"}), "logsource": {"product": "windows"}}
    allowed = {"rules": "any", "admins": {"User": "admin"}, "condition": "not admins"}
    filters = [{"logsource": {"product": "windows"}, "filter": allowed}]
    matcher = CorrelationMatcher(about("r"), {"r": document}, filters, {"hosts": ["srv*"]})
    assert matcher.matches([TimedEvent(NOW, "D", 1, {"F": "srv1"})]) is True
    assert matcher.matches([TimedEvent(NOW, "D", 1, {"F": "srv1", "User": "admin"})]) is False


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            about("x"),
            "correlation-rules: the correlation names 'x', and there is no such rule = name a rule's id or name"
            " @ correlation rules",
        ),
        (
            about("wrong"),
            "unknown-selection: there is no selection 'y' = name one that there is @ detection condition 0",
        ),
        (
            about("loop"),
            "correlation-rules: correlations nest more than 10 deep, or name themselves = None @ correlation rules",
        ),
        (
            about("inner", group_by=["User", "Image"]),
            "correlation-group: 'inner' is a correlation without the group-by field 'Image' = it has User @ correlation group-by",
        ),
        (
            about("plain", group_by="Image"),
            "correlation-group: 'plain' is a correlation without the group-by field 'Image' = it has none"
            " @ correlation group-by",
        ),
    ],
)
def test_what_is_refused(document: dict[str, Any], said: str) -> None:
    rules = {
        "wrong": rule({"F": "a"}, "y"),
        "loop": about("loop"),
        "inner": about("right", group_by="User"),
        "plain": about("right"),
        "right": rule({"F": "a"}),
    }
    with pytest.raises(EvaluatorError) as caught:
        CorrelationMatcher(document, rules)
    assert told(caught.value) == said


def test_many_ways_down_to_the_same_correlations() -> None:
    names = [f"r{number}" for number in range(6)]
    rules = dict.fromkeys(names, rule({"F": "a"}))
    for level in range(9):
        below, names = names, [f"c{level}{number}" for number in range(6)]
        rules |= {name: about(*below) for name in names}  # 6 ** 9 ways: more than a day
    [alert] = CorrelationMatcher(about(*names), rules).alerts([TimedEvent(NOW, "D", 1, {"F": "a"})])
    assert (alert.count, len(alert.events)) == (1, 1)


def test_correlations_that_are_shared_nest_no_deeper() -> None:
    rules = {"r": rule({"F": "a"}), "c1": about("r")} | {f"c{level}": about(f"c{level - 1}") for level in range(2, 16)}
    CorrelationMatcher(about("c9"), rules)
    with pytest.raises(EvaluatorError) as caught:
        CorrelationMatcher(about("c7", "c14"), rules)
    assert told(caught.value).startswith("correlation-rules: correlations nest more than 10 deep")


def test_sums_beyond_any_float() -> None:
    document = about("r", type="value_sum", condition={"field": "F", "gte": 1})
    matcher = CorrelationMatcher(document, {"r": rule({"F": "*"})})
    events = [TimedEvent(NOW, "D", 1, {"F": 10**400})]
    assert [alert.count for alert in matcher.alerts(events)] == [10**400]
    assert "more than a float holds sum (gte 1)" in matcher.explain(events).render()
