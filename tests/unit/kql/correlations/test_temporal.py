"""temporal and temporal_ordered: the text, and the text's verdicts against the definition's."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.kql.correlations import And, Correlation, Expression, Kind, Not, Or, Tag

from .rows import Rule, assert_agrees, timed_rows

DEVICE = ("DeviceId",)
A, B, C = (Rule(tag, DEVICE) for tag in "abc")


def temporal(
    kind: Kind,
    *rules: Rule,
    condition: str | Expression | None = None,
    group_by: tuple[str, ...] = DEVICE,
    seconds: int = 10,
) -> tuple[Correlation, tuple[Rule, ...]]:
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
@settings(deadline=None, max_examples=6)
@given(st.data())
def test_agrees_with_the_definition(
    duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, tuple[Rule, ...]], data: st.DataObject
) -> None:
    correlation, rules = case
    assert_agrees(duck, correlation, rules, data.draw(timed_rows(correlation.seconds)))
