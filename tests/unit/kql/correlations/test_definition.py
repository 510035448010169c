"""What is refused, with its whole message: a correlation that can't be said, or that can never fire."""

from __future__ import annotations

import pytest

from sigma_xdr.errors import RuleError
from sigma_xdr.kql.correlations import (
    And,
    Correlation,
    EventSource,
    Expression,
    Kind,
    Not,
    Operator,
    Or,
    Tag,
    write_correlation,
)


def source(tag: str, columns: tuple[str, ...] = ("Timestamp", "DeviceId", "ReportId", "DeviceName")) -> EventSource:
    return EventSource(tag, ("DeviceProcessEvents",), columns=columns)


def refused(correlation: Correlation) -> tuple[str, str, tuple[str | int, ...]]:
    """The message as a person reads it, its code, and the keys of the place that is meant."""
    with pytest.raises(RuleError) as caught:
        write_correlation(correlation)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.render(), diagnostic.code, diagnostic.keys


def correlation(
    *tags: str,
    kind: Kind = "event_count",
    operator: Operator = "gte",
    count: int = 1,
    expression: Expression | None = None,
    group_by: tuple[str, ...] = (),
    seconds: int = 60,
) -> Correlation:
    sources = tuple(
        EventSource(tag, ("DeviceProcessEvents",), ("DeviceId",) * len(group_by), ("string",) * len(group_by))
        for tag in tags
    )
    return Correlation(kind, sources, group_by, seconds, operator, count, expression)


def test_no_rules() -> None:
    assert refused(correlation()) == (
        "error[correlation-rules]: the correlation names no rule",
        "correlation-rules",
        ("correlation", "rules"),
    )


@pytest.mark.parametrize("seconds", [0, -1, 30 * 86_400 + 1, 10**30])
def test_timespan(seconds: int) -> None:
    message, _, keys = refused(correlation("a", seconds=seconds))
    assert message == (
        "error[correlation-timespan]: a timespan is one second to 30 days: no detection looks back further\n"
        "  = shorten the timespan"
    )
    assert keys == ("correlation", "timespan")


def test_tables_of_different_families() -> None:
    sources = (source("process"), source("logon", ("Timestamp", "ReportId")))
    message, _, keys = refused(Correlation("temporal", sources, (), 60, "gte", 2))
    assert message == (
        "error[correlation-tables]: the rules read tables whose events are identified by different columns\n"
        "  = correlate Device tables with Device tables, others among themselves"
    )
    assert keys == ("correlation", "rules")


@pytest.mark.parametrize("name", ["Timestamp", "ReportId"])
def test_group_of_one(name: str) -> None:
    message, _, keys = refused(correlation("a", group_by=(name,)))
    assert message == f"error[correlation-group]: grouped by {name}, each event is alone"
    assert keys == ("correlation", "group-by")


def test_group_by_twice() -> None:
    message, _, _ = refused(correlation("a", group_by=("User", "user")))
    assert message == "error[correlation-group]: the correlation is grouped by 'user' twice"


@pytest.mark.parametrize("kind", ["temporal", "temporal_ordered"])
def test_rule_twice(kind: Kind) -> None:
    message, _, _ = refused(correlation("a", "b", "a", kind=kind, count=3))
    assert message == "error[correlation-rules]: the correlation names 'a' twice"


def test_unknown_tag() -> None:
    condition = And((Tag("a"), Not(Or((Tag("b"), Tag("c"))))))
    message, _, keys = refused(correlation("a", "b", kind="temporal", expression=condition))
    assert message == "error[correlation-condition]: the condition names 'c', the correlation's rules don't"
    assert keys == ("correlation", "condition")


@pytest.mark.parametrize(
    ("operator", "count"), [("gte", 1), ("gte", 3), ("gt", 0), ("lt", 3), ("lte", 2), ("neq", 2), ("eq", 1), ("gte", 0)]
)
def test_ordered_needs_all_rules(operator: Operator, count: int) -> None:
    message, _, _ = refused(correlation("a", "b", kind="temporal_ordered", operator=operator, count=count))
    assert message == (
        "error[correlation-condition]: an ordered correlation needs all of its rules: which of them come in order isn't "
        "said otherwise\n"
        "  = leave the condition out, or use type temporal"
    )


@pytest.mark.parametrize(
    "expression",
    [Tag("a"), Or((Tag("a"), Tag("b"))), And((Tag("a"), Not(Tag("b")))), Not(Tag("a")), And((Tag("a"), Tag("a")))],
)
def test_ordered_takes_no_other_expression(expression: Expression) -> None:
    message, code, _ = refused(correlation("a", "b", kind="temporal_ordered", expression=expression))
    assert code == "correlation-condition"
    assert message.startswith("error[correlation-condition]: an ordered correlation needs all of its rules")


@pytest.mark.parametrize(
    ("operator", "count", "expression"),
    [("gte", 2, None), ("gt", 1, None), ("eq", 2, None), ("gte", 1, And((Tag("b"), Tag("a"))))],
)
def test_ordered_takes_all_rules_however_said(operator: Operator, count: int, expression: Expression | None) -> None:
    plain = correlation("a", "b", kind="temporal_ordered", count=2)
    same = correlation("a", "b", kind="temporal_ordered", operator=operator, count=count, expression=expression)
    assert write_correlation(same) == write_correlation(plain)


def test_too_many_in_order() -> None:
    message, _, _ = refused(correlation(*"abcdefghijk", kind="temporal_ordered", count=11))
    assert message == "error[correlation-rules]: more than 10 rules in order make no usable query"


@pytest.mark.parametrize(
    ("kind", "operator", "count", "what"),
    [
        ("event_count", "lt", 1, "< 1 events"),
        ("event_count", "lte", 0, "<= 0 events"),
        ("event_count", "eq", 0, "== 0 events"),
        ("value_count", "lt", -5, "< -5 values"),
    ],
)
def test_count_that_no_window_has(kind: Kind, operator: Operator, count: int, what: str) -> None:
    message, _, _ = refused(correlation("a", kind=kind, operator=operator, count=count))
    assert message == (
        f"error[correlation-condition]: the condition can never hold: no window that is looked at has {what}\n"
        "  = a window holds at least the event that it ends with"
    )


@pytest.mark.parametrize(
    ("operator", "count", "what"), [("gte", 3, ">= 3 rules"), ("gt", 2, "> 2 rules"), ("lt", 1, "< 1 rules")]
)
def test_number_of_rules_that_no_window_has(operator: Operator, count: int, what: str) -> None:
    message, _, _ = refused(correlation("a", "b", kind="temporal", operator=operator, count=count))
    assert message == (
        f"error[correlation-condition]: the condition can never hold: no window that is looked at has {what}\n"
        "  = a window holds at least the event that it ends with, and at most 2 rules"
    )


@pytest.mark.parametrize("count", [500_001, 10**30])
def test_count_beyond_a_list(count: int) -> None:
    message, _, _ = refused(correlation("a", count=count))
    assert message == "error[correlation-condition]: a window can't be counted beyond 500,000"
