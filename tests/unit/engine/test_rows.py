"""A row's values in their columns' types."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma_xdr.engine import EngineError, KqlEngine
from sigma_xdr.engine.rows import column_lists
from sigma_xdr.schema import xdr_schema

PROCESS, SOFTWARE = xdr_schema().table("DeviceProcessEvents"), xdr_schema().table("DeviceTvmSoftwareVulnerabilities")


def value(column: str, given: Any) -> Any:
    """A value as it is stored in a column of DeviceProcessEvents, or of a table that has columns of the other types."""
    table = PROCESS if column in PROCESS.columns else SOFTWARE
    [[stored]] = column_lists(table, [{column: given}], 1).values()
    return stored


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for _ in range(depth):
        data = {"a": data}
    return data


@pytest.mark.parametrize(
    ("column", "given", "stored"),
    [
        ("FileName", None, ""),
        ("FileName", "a\x00b", "a\x00b"),
        ("FileName", "a\ud800b\U0001f600", "a\ufffdb\U0001f600"),
        ("ProcessId", None, None),
        ("ProcessId", "", None),
        ("ProcessId", 5, 5),
        ("ProcessId", 5.0, 5),
        ("ProcessId", " -5 ", -5),
        ("ProcessId", 2**63 - 1, 2**63 - 1),
        ("ProcessId", str(-(2**63)), -(2**63)),
        ("IsProcessRemoteSession", True, True),
        ("IsProcessRemoteSession", "False", False),
        ("IsProcessRemoteSession", 1, True),
        ("IsProcessRemoteSession", "0", False),
        ("Timestamp", "2026-01-02T03:04:05.1234567Z", datetime(2026, 1, 2, 3, 4, 5, 123456)),
        ("Timestamp", "2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        ("Timestamp", "2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5)),
        ("Timestamp", datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2)),
        ("Timestamp", datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 1, 1, 23)),
        ("Timestamp", datetime(2026, 1, 2), datetime(2026, 1, 2)),
        ("Timestamp", date(2026, 1, 2), datetime(2026, 1, 2)),
        ("CveTags", ["é", {"a": None}], '["é", {"a": null}]'),
        ("CveTags", "\ud800", '"\ufffd"'),
        ("CveTags", "", None),
    ],
)
def test_a_value_is_stored_as_its_columns_type(column: str, given: Any, stored: Any) -> None:
    assert value(column, given) == stored
    assert type(value(column, given)) is type(stored)


@pytest.mark.parametrize(
    ("column", "given", "message"),
    [
        ("FileName", 5, "FileName is text (string), not 5\n  = quote it"),
        ("FileName", {"a": 1}, "FileName is text (string), not {'a': 1}\n  = give its JSON as text"),
        ("ProcessId", "many", "ProcessId is a whole number of 64 bits (long), not 'many'"),
        ("ProcessId", 2**63, "ProcessId is a whole number of 64 bits (long), not 9223372036854775808"),
        ("ProcessId", 1.5, "ProcessId is a whole number of 64 bits (long), not 1.5"),
        ("ProcessId", True, "ProcessId is a whole number of 64 bits (long), not True"),
        pytest.param(
            "ProcessId", 10**5_000, "ProcessId is a whole number of 64 bits (long), not a huge int", id="huge"
        ),
        ("ProcessId", "٣", "ProcessId is a whole number of 64 bits (long), not '٣'"),
        ("IsProcessRemoteSession", "yes", "IsProcessRemoteSession is true or false (bool), not 'yes'"),
        ("IsProcessRemoteSession", 2, "IsProcessRemoteSession is true or false (bool), not 2"),
        ("Timestamp", "now", "Timestamp is a time (datetime), not 'now'\n  = write it as 2026-01-31T12:34:56.789Z"),
        ("Timestamp", 5, "Timestamp is a time (datetime), not 5\n  = write it as 2026-01-31T12:34:56.789Z"),
        (
            "Timestamp",
            "0001-01-01T00:00:00+01:00",
            "Timestamp is a time (datetime), not '0001-01-01T00:00:00+01:00'\n  = write it as 2026-01-31T12:34:56.789Z",
        ),
        ("CveTags", {1, 2}, "CveTags is data that JSON can say (dynamic), not {1, 2}"),
        pytest.param(
            "CveTags",
            nested(100_000),
            "CveTags is data that JSON can say (dynamic), not {'a': {'a': {'a': {'a': {'a': {'a': {...}}}}}}}\n"
            "  = it is nested too deeply",
            id="deep",
        ),
        pytest.param(
            "ProcessId",
            "x" * 1_000_000,
            "ProcessId is a whole number of 64 bits (long), "
            "not 'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
            id="long",
        ),
    ],
)
def test_a_value_that_doesnt_fit_is_an_error(column: str, given: Any, message: str) -> None:
    table = PROCESS if column in PROCESS.columns else SOFTWARE
    with pytest.raises(EngineError) as caught:
        column_lists(table, [{}, {column: given}], 7)
    assert str(caught.value) == f"error[engine]: row 8 of {table.name}: {message}"


def test_columns_come_in_the_tables_order_and_spelling() -> None:
    lists = column_lists(PROCESS, [{"filename": "a"}, {"FileName": "b", "deviceid": "d"}], 1)
    assert {column.name: values for column, values in lists.items()} == {"DeviceId": ["", "d"], "FileName": ["a", "b"]}
    assert [column.name for column in lists] == ["DeviceId", "FileName"]


def test_a_column_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(EngineError, match=r"row 2 of DeviceProcessEvents: FileName is there twice$"):
        column_lists(PROCESS, [{}, {"filename": "a", "FileName": "b"}], 1)


@given(st.lists(st.text() | st.text(st.characters(categories=["Cs", "Cc", "Zs"])), max_size=5))
def test_any_text_comes_back(texts: list[str]) -> None:
    rows = [{"FileName": text, "ReportId": index} for index, text in enumerate(texts)]
    found = KqlEngine({"DeviceProcessEvents": rows}).run(
        "DeviceProcessEvents | sort by ReportId asc | project FileName"
    )
    assert [row["FileName"] for row in found] == [
        "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text) for text in texts
    ]


def test_a_huge_number_is_no_truth_value() -> None:
    with pytest.raises(EngineError, match="IsProcessRemoteSession is true or false"):
        value("IsProcessRemoteSession", 1 << 20_000)
