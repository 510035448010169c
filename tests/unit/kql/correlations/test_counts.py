"""event_count and value_count: the text, and the text's verdicts against the definition's."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.kql.correlations import Correlation

from .rows import Rule, assert_agrees, timed_rows

DEVICE = ("DeviceId",)
ACCOUNT = ("DeviceId", "AccountName")


def counting(
    condition: str, *rules: Rule, group_by: tuple[str, ...] = DEVICE, seconds: int = 10
) -> tuple[Correlation, tuple[Rule, ...]]:
    operator, count = condition.split()
    kind = "value_count" if rules[0].values else "event_count"
    sources = tuple(rule.source for rule in rules)
    return Correlation(kind, sources, group_by, seconds, operator, int(count)), rules  # type: ignore[arg-type]


EVENT_COUNTS = [
    counting("gte 3", Rule("a", DEVICE)),
    counting("gt 1", Rule("a", ACCOUNT), group_by=ACCOUNT),
    counting("gte 4", Rule("a", ()), group_by=()),
    counting("gte 3", Rule("a", DEVICE), Rule("b", DEVICE)),
    counting(
        "gte 3",
        Rule("a", ("AccountName",)),
        Rule("b", ("InitiatingProcessAccountName",)),
        group_by=("user",),
    ),
    counting("gte 3", Rule("a", ("ProcessId", "DeviceId")), group_by=("ProcessId", "DeviceId")),
    counting("gte 1", Rule("a", ("AccountName",)), group_by=("AccountName",)),
    counting("gte 3", Rule("a", DEVICE), seconds=7),
    counting("lt 3", Rule("a", DEVICE)),
    counting("lte 2", Rule("a", ("AccountName",)), group_by=("AccountName",)),
    counting("eq 2", Rule("a", DEVICE)),
    counting("neq 2", Rule("a", DEVICE)),
]
VALUE = ("ProcessCommandLine",)
VALUE_COUNTS = [
    counting("gte 3", Rule("a", DEVICE, VALUE)),
    counting("gt 1", Rule("a", ACCOUNT, VALUE), group_by=ACCOUNT),
    counting("gte 2", Rule("a", (), VALUE), group_by=()),
    counting("gte 3", Rule("a", DEVICE, VALUE), Rule("b", DEVICE, ("AccountName",))),
    counting("gte 3", Rule("a", DEVICE, ("ProcessCommandLine", "ProcessId"))),
    counting("gte 3", Rule("a", DEVICE, VALUE), seconds=7),
    counting("lt 2", Rule("a", DEVICE, VALUE)),
    counting("eq 2", Rule("a", DEVICE, VALUE)),
    counting("neq 2", Rule("a", DEVICE, VALUE)),
]


@pytest.mark.parametrize("case", EVENT_COUNTS + VALUE_COUNTS, ids=lambda case: "")
@settings(deadline=None, max_examples=6)
@given(st.data())
def test_agrees_with_the_definition(
    duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, tuple[Rule, ...]], data: st.DataObject
) -> None:
    correlation, rules = case
    assert_agrees(duck, correlation, rules, data.draw(timed_rows(correlation.seconds)))
