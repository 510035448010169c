"""Which rules are asked of an event: those whose log source it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sigma_xdr.evaluator import EvaluatorError, Event
from sigma_xdr.scan.routes import Routes

Raw = Mapping[str, Any]


def rule(needle: str, **logsource: Any) -> dict[str, Any]:
    detection = {"a": {"CommandLine|contains": needle}, "condition": "a"}
    return {"title": "Test", "logsource": logsource, "detection": detection}


class Shown:
    """Events of several log sources: each shows its own field. What is asked of it is kept."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def see(self, event: Raw, logsource: Raw) -> Event | None:
        category = str(logsource["category"])
        self.asked.append((event["kind"], category))
        return Event({"CommandLine": event[category]}) if category in event else None

    def routes(self, *rules: dict[str, Any], **options: Any) -> Routes[Raw]:
        return Routes(rules, self.see, lambda event: event["kind"], **options)


def found(routes: Routes[Raw], event: Raw) -> list[tuple[int, Any]]:
    return [(position, seen.fields["CommandLine"]) for position, seen in routes.hits(event)]


def test_positions_are_in_order_whatever_the_log_source() -> None:
    routes = Shown().routes(
        rule("x", category="one"), rule("x", category="two"), rule("x", category="one"), rule("y", category="two")
    )
    assert found(routes, {"kind": 1, "one": "x1", "two": "x2"}) == [(0, "x1"), (1, "x2"), (2, "x1")]
    assert found(routes, {"kind": 2, "two": "y"}) == [(3, "y")]
    assert found(routes, {"kind": 3}) == []


def test_log_sources_are_the_same_whatever_their_case() -> None:
    routes = Shown().routes(rule("x", category="one", product="windows"), rule("x", category="one", product="Windows"))
    [route] = routes.routes({"kind": 1, "one": "x"})
    assert (route.logsource, list(route.positions)) == ({"category": "one", "product": "windows"}, [0, 1])


def test_what_else_a_log_source_says_makes_none_of_its_own() -> None:
    routes = Shown().routes(rule("x", category="one", definition="audit it"), rule("x", category="one", service=None))
    assert found(routes, {"kind": 1, "one": "x"}) == [(0, "x"), (1, "x")]
    assert len(routes.routes({"kind": 1, "one": "x"})) == 1


def test_the_first_of_a_kind_finds_out() -> None:
    shown = Shown()
    routes = shown.routes(rule("x", category="one"), rule("x", category="two"))
    for _ in range(3):
        assert found(routes, {"kind": 1, "one": "x"}) == [(0, "x")]
    assert shown.asked == [(1, "one"), (1, "two"), *[(1, "one")] * 3]


def test_an_event_may_belong_to_less_log_sources_than_its_kind() -> None:
    routes = Shown().routes(rule("x", category="one"), rule("x", category="two"))
    assert found(routes, {"kind": 1, "one": "x", "two": "x"}) == [(0, "x"), (1, "x")]
    assert found(routes, {"kind": 1, "two": "x"}) == [(1, "x")]
    assert found(routes, {"kind": 1}) == []


def test_rules_of_log_sources_without_events_are_not_read() -> None:
    wrong = {"title": "Test", "logsource": {"category": "two"}}
    routes = Shown().routes(rule("x", category="one"), wrong)
    assert found(routes, {"kind": 1, "one": "x"}) == [(0, "x")]
    with pytest.raises(EvaluatorError, match="the rule has no detection section"):
        routes.hits({"kind": 2, "two": "x"})


def test_filters_and_placeholders() -> None:
    asked = {
        "title": "Test",
        "logsource": {"category": "one"},
        "detection": {"a": {"CommandLine|expand": "%tools%"}, "condition": "a"},
    }
    allowed = {
        "logsource": {},
        "filter": {"rules": "any", "own": {"CommandLine|endswith": "own"}, "condition": "not own"},
    }
    routes = Shown().routes(asked, filters=[allowed], site={"tools": ["a", "a own"]})
    assert found(routes, {"kind": 1, "one": "a"}) == [(0, "a")]
    assert found(routes, {"kind": 1, "one": "a own"}) == []


def test_no_rules() -> None:
    assert found(Shown().routes(), {"kind": 1, "one": "x"}) == []
