"""temporal and temporal_ordered: the text, and the text's verdicts against the definition's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.kql.correlations import (
    And,
    Correlation,
    EventSource,
    Expression,
    Kind,
    Not,
    Or,
    Tag,
    write_correlation,
)

from .correlation_reference import Hit, completing_events
from .rows import Row, Rule, Selection, assert_agrees, hits_of, row, run, timed_rows

DEVICE = ("DeviceId",)
A, B, C = (Rule(tag, DEVICE) for tag in "abc")


def temporal(
    kind: Kind,
    *rules: Selection,
    condition: str | Expression | None = None,
    group_by: tuple[str, ...] = DEVICE,
    seconds: int = 10,
) -> tuple[Correlation, tuple[Selection, ...]]:
    sources = tuple(rule.source for rule in rules)
    if condition is None or isinstance(condition, str):
        operator, count = (condition or f"gte {len(rules)}").split()
        return Correlation(kind, sources, group_by, seconds, operator, int(count)), rules  # type: ignore[arg-type]
    return Correlation(kind, sources, group_by, seconds, expression=condition), rules


CASES = [
    temporal("temporal", A, B),
    temporal("temporal", A, B, C, seconds=7),
    temporal("temporal", A),
    temporal("temporal", Rule("a", ()), Rule("b", ()), group_by=()),
    temporal("temporal", Rule("a", ("AccountName",)), Rule("b", ("InitiatingProcessAccountName",)), group_by=("user",)),
    temporal("temporal", A, B, C, condition="gte 2"),
    temporal("temporal", A, B, C, condition="eq 1"),
    temporal("temporal", A, B, C, condition="lt 3"),
    temporal("temporal", A, B, C, condition="neq 2"),
    temporal("temporal", A, B, condition=And((Tag("a"), Not(Tag("b"))))),
    temporal("temporal", A, B, C, condition=And((Or((Tag("a"), Tag("b"))), Not(And((Tag("a"), Tag("c"))))))),
    temporal("temporal_ordered", A, B),
    temporal("temporal_ordered", A, B, C),
    temporal("temporal_ordered", C, A, B, seconds=7),
    temporal(
        "temporal_ordered", *(Rule(tag, ("AccountName",)) for tag in ("a", "b", "c", "x")), group_by=("AccountName",)
    ),
    temporal(
        "temporal_ordered",
        Rule("a", ("AccountName",)),
        Rule("b", ("InitiatingProcessAccountName",)),
        group_by=("user",),
    ),
    temporal("temporal_ordered", Rule("a", ()), Rule("b", ()), group_by=()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "")
@settings(deadline=None, max_examples=5)
@given(st.data())
def test_agrees_with_the_definition(
    duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, tuple[Selection, ...]], data: st.DataObject
) -> None:
    correlation, rules = case
    assert_agrees(duck, correlation, rules, data.draw(timed_rows(correlation.seconds)))


@dataclass(frozen=True)
class Inner:
    """A correlation that another one names; all of its rules group by DeviceId."""

    tag: str
    correlation: Correlation
    rules: tuple[Selection, ...]

    @property
    def source(self) -> EventSource:
        query = write_correlation(self.correlation, prefix=self.tag, every=True)
        return EventSource(self.tag, query.body, DEVICE, ("string",), lets=query.lets)

    def hits(self, rows: Sequence[Row]) -> Iterator[Hit]:
        """All completing events of the correlation."""
        for group, events in completing_events(self.correlation, hits_of(self.correlation, self.rules, rows)).items():
            for event in events:
                yield Hit(self.tag, event.time, event.device, event.report, group)


BURST = Inner("Burst", Correlation("event_count", (A.source,), DEVICE, 4, "gte", 2), (A,))
BOTH = Inner("Both", Correlation("temporal", (A.source, B.source), DEVICE, 4, "gte", 2), (A, B))
VALUES = Inner(
    "Values",
    Correlation("value_count", (Rule("a", DEVICE, ("ProcessCommandLine",)).source,), DEVICE, 5, "gte", 2),
    (Rule("a", DEVICE, ("ProcessCommandLine",)),),
)
THEN = Inner(
    "Then",
    Correlation("temporal_ordered", (BURST.source, B.source), DEVICE, 6, "gte", 2),
    (BURST, B),
)


@pytest.mark.parametrize(
    "case",
    [
        temporal("temporal_ordered", BURST, C),
        temporal("temporal_ordered", BOTH, C),
        temporal("temporal", VALUES, C),
        temporal("temporal", THEN, C),
    ],
    ids=["burst, then", "both, then", "values and", "three deep"],
)
@settings(deadline=None, max_examples=5)
@given(st.data())
def test_correlations_of_correlations_agree(
    duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, tuple[Selection, ...]], data: st.DataObject
) -> None:
    correlation, rules = case
    assert_agrees(duck, correlation, rules, data.draw(timed_rows(correlation.seconds)))


NOON = datetime(2026, 8, 1, 12)


def minutes(*events: tuple[float, str]) -> list[Row]:
    """Rows of one device: minutes after noon, and the tags that they match. ReportIds count from 1."""
    return [row(NOON + timedelta(minutes=after), tags, number) for number, (after, tags) in enumerate(events, start=1)]


def reports(duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, object], rows: list[Row]) -> list[int]:
    """The ReportIds of the alerts, in order."""
    return sorted(found["ReportId"] for found in run(duck, write_correlation(case[0]).text, rows))


def test_chain_across_the_edge_of_slots(duck: duckdb.DuckDBPyConnection) -> None:
    chain = temporal("temporal_ordered", A, B, C, seconds=300)
    assert reports(duck, chain, minutes((4, "a"), (6, "b"), (9, "c"))) == [3]
    assert reports(duck, chain, minutes((4, "a"), (6, "b"), (9.1, "c"))) == []
    assert reports(duck, chain, minutes((4, "b"), (6, "a"), (8, "c"))) == []
    assert reports(duck, chain, minutes((1, "a"), (4, "a"), (4, "b"), (8, "c"))) == [4]


def test_equal_times_are_in_order_and_one_event_can_be_all_stages(duck: duckdb.DuckDBPyConnection) -> None:
    chain = temporal("temporal_ordered", A, B, C, seconds=300)
    assert reports(duck, chain, minutes((1, "c"), (1, "b"), (1, "a"))) == [1]
    assert reports(duck, chain, minutes((1, "abc"))) == [1]


def test_what_completes_an_ordered_chain_is_its_last_rule(duck: duckdb.DuckDBPyConnection) -> None:
    assert reports(duck, temporal("temporal", A, B, seconds=300), minutes((1, "a"), (2, "b"), (3, "a"))) == [3]
    assert reports(duck, temporal("temporal_ordered", A, B, seconds=300), minutes((1, "a"), (2, "b"), (3, "a"))) == [2]


def test_not_looks_back(duck: duckdb.DuckDBPyConnection) -> None:
    alone = temporal("temporal", A, B, condition=And((Tag("a"), Not(Tag("b")))), seconds=300)
    assert reports(duck, alone, minutes((1, "b"), (2, "a"))) == []
    assert reports(duck, alone, minutes((1, "a"), (2, "b"))) == [1]
    assert reports(duck, alone, minutes((0, "b"), (5.01, "a"))) == [2]


def test_a_burst_that_goes_on_does_not_hide_what_follows_it(duck: duckdb.DuckDBPyConnection) -> None:
    followed = temporal("temporal_ordered", BURST, C, seconds=300)
    rows = [
        row(NOON + timedelta(seconds=second), tags, second) for second, tags in ((1, "a"), (2, "a"), (3, "c"), (3, "a"))
    ]
    assert reports(duck, followed, rows) == [3]
