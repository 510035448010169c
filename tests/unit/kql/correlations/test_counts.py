"""event_count and value_count: the text, and the text's verdicts against the definition's."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma_xdr.kql.correlations import Correlation, write_correlation

from .rows import Row, Rule, assert_agrees, row, run, timed_rows

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
@settings(deadline=None, max_examples=5)
@given(st.data())
def test_agrees_with_the_definition(
    duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, tuple[Rule, ...]], data: st.DataObject
) -> None:
    correlation, rules = case
    assert_agrees(duck, correlation, rules, data.draw(timed_rows(correlation.seconds)))


NOON = datetime(2026, 8, 1, 12)


def alerts(duck: duckdb.DuckDBPyConnection, case: tuple[Correlation, object], rows: list[Row]) -> list[tuple[int, int]]:
    """ReportId and count of each alert."""
    found = run(duck, write_correlation(case[0]).text, rows)
    return sorted((alert["ReportId"], alert.get("EventCount") or alert["ValueCount"]) for alert in found)


def seconds(*times: float, value: str = "x") -> list[Row]:
    """Rows of one device, seconds after noon; their ReportIds count from 1."""
    return [row(NOON + timedelta(seconds=time), "a", number, value=value) for number, time in enumerate(times, start=1)]


def test_burst_across_the_edge_of_slots(duck: duckdb.DuckDBPyConnection) -> None:
    three = counting("gte 3", Rule("a", DEVICE))
    assert alerts(duck, three, seconds(8, 9, 11)) == [(3, 3)]
    assert alerts(duck, three, seconds(8, 9, 18)) == [(3, 3)]
    assert alerts(duck, three, seconds(8, 9, 18.000001)) == []


def test_a_row_that_is_there_four_times_is_one_event(duck: duckdb.DuckDBPyConnection) -> None:
    four = counting("gte 4", Rule("a", DEVICE))
    same = [row(NOON, "a", 1)] * 4
    assert alerts(duck, four, same) == []
    assert alerts(duck, four, [*same, *[row(NOON, "a", report) for report in (2, 3, 4)]]) == [(4, 4)]


def test_an_event_of_two_rules_counts_once(duck: duckdb.DuckDBPyConnection) -> None:
    two = counting("gte 2", Rule("a", DEVICE), Rule("b", DEVICE))
    assert alerts(duck, two, [row(NOON, "ab", 1)]) == []
    assert alerts(duck, two, [row(NOON, "ab", 1), row(NOON, "b", 2)]) == [(2, 2)]


def test_a_light_slot_beside_a_heavy_one(duck: duckdb.DuckDBPyConnection) -> None:
    three = counting("gte 3", Rule("a", DEVICE))
    assert alerts(duck, three, seconds(1, 2, 3, 9, 11)) == [(4, 4), (5, 5)]
    assert alerts(duck, three, seconds(1, 2, 3, 9, 14)) == [(4, 4)]
    assert alerts(duck, three, seconds(9, 11, 12, 13, 21)) == [(4, 4), (5, 4)]


def test_bursts_of_two_days_are_two_alerts(duck: duckdb.DuckDBPyConnection) -> None:
    two = counting("gte 2", Rule("a", DEVICE))
    assert alerts(duck, two, seconds(0, 1, 86_400, 86_401)) == [(2, 2), (4, 2)]


def test_a_value_counts_once_in_a_window(duck: duckdb.DuckDBPyConnection) -> None:
    two = counting("gte 2", Rule("a", DEVICE, VALUE))
    assert alerts(duck, two, [*seconds(1, 2, 3), row(NOON, "a", 9, value="X")]) == []
    assert alerts(duck, two, [*seconds(9), row(NOON + timedelta(seconds=19), "a", 9, value="y")]) == [(9, 2)]


def test_a_value_that_comes_back_just_in_time_was_never_away(duck: duckdb.DuckDBPyConnection) -> None:
    three = counting("gte 3", Rule("a", DEVICE, VALUE))
    times = [(5, "x"), (9, "y"), (15, "x"), (16, "z")]
    rows = [row(NOON + timedelta(seconds=time), "a", time, value=value) for time, value in times]
    assert alerts(duck, three, rows) == [(16, 3)]
