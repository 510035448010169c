"""Time filters."""

from __future__ import annotations

import pytest

from tests.unit.kql.checker.marked import codes, marked


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("Timestamp > ago(1d)", "Timestamp"),
        ("ago(1d) <= Timestamp", "Timestamp"),
        ("Timestamp between (datetime(2024-01-01) .. now())", "Timestamp"),
        ("FileName == 'a' and not(startofday(Timestamp) == datetime(2024-01-01))", "startofday(Timestamp)"),
        ("Timestamp + 1h > now()", "Timestamp + 1h"),
    ],
)
def test_a_filter_on_the_time_is_reported(condition: str, text: str) -> None:
    assert marked(f"DeviceEvents | where {condition}") == [
        (
            "timestamp-filter",
            "warning",
            text,
            "a filter on Timestamp: a custom detection looks at the rows that its frequency gives it",
            "leave it out of a custom detection",
        )
    ]


@pytest.mark.parametrize(
    "operator",
    [
        "where hourofday(Timestamp) between (22 .. 23)",
        "where dayofweek(Timestamp) == 0d",
        "where Timestamp >= InitiatingProcessCreationTime",
        "where Timestamp - InitiatingProcessCreationTime < 5m",
        "where InitiatingProcessCreationTime > ago(1d)",
        "extend Late = Timestamp > ago(1d)",
        "summarize countif(Timestamp > ago(1d))",
    ],
)
def test_other_uses_of_the_time_are_let_pass(operator: str) -> None:
    assert codes(f"DeviceEvents | {operator}") == []
