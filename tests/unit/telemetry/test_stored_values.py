"""Values in their columns' types, and what is none of its column's type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import TelemetryError
from sigma_xdr.telemetry.stored_values import columns_of


def columns(table: str, **given: Any) -> tuple[dict[str, Any], list[str]]:
    left_out: list[str] = []
    return columns_of(xdr_schema().table(table), given, left_out.append), left_out


@pytest.mark.parametrize(
    ("column", "given", "kept"),
    [
        ("Timestamp", "2021-12-15T23:00:03.449Z", "2021-12-15T23:00:03.449000Z"),
        ("Timestamp", "2021-12-15T23:00:03.4491234Z", "2021-12-15T23:00:03.449123Z"),
        ("Timestamp", "2021-12-15 23:00:03", "2021-12-15T23:00:03Z"),
        ("Timestamp", "2021-12-16T01:00:03+02:00", "2021-12-15T23:00:03Z"),
        ("Timestamp", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
        ("Timestamp", datetime(2021, 12, 15, 23, tzinfo=UTC), "2021-12-15T23:00:00Z"),
        ("Timestamp", datetime(2021, 12, 15, 23, tzinfo=timezone(timedelta(hours=1))), "2021-12-15T22:00:00Z"),
        ("FileSize", 72192.0, 72192),
        ("FileSize", "72192", 72192),
        ("FileSize", "72192.0", 72192),
        ("FileSize", Decimal(7), 7),
        ("ProcessCommandLine", "=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("ProcessCommandLine", "a\ud800b", "a\ufffdb"),
        ("AdditionalFields", '{"a": "true"}', '{"a": "true"}'),
        ("AdditionalFields", {"a": [1]}, '{"a":[1]}'),
        ("IsInitiatingProcessRemoteSession", 1, True),
        ("IsInitiatingProcessRemoteSession", "False", False),
    ],
)
def test_a_value_in_its_columns_type(column: str, given: Any, kept: Any) -> None:
    assert columns("DeviceProcessEvents", **{column: given}) == ({column: kept}, [])


def test_a_dynamic_column_holds_data() -> None:
    given = {"AdditionalFields": '{"a": 1}', "Application": "x"}
    assert columns("IdentityLogonEvents", **given) == ({"AdditionalFields": {"a": 1}, "Application": "x"}, [])
    assert columns("IdentityLogonEvents", AdditionalFields="{broken") == ({"AdditionalFields": "{broken"}, [])


def test_what_is_empty_is_not_there() -> None:
    given = {"FileName": "", "FileSize": None, "ProcessId": float("nan"), "SHA1": "a", "More": None}
    assert columns("DeviceProcessEvents", **given) == ({"SHA1": "a"}, ["More"])


def test_names_know_no_case() -> None:
    assert columns("DeviceProcessEvents", filename="a") == ({"FileName": "a"}, [])
    with pytest.raises(TelemetryError) as refusal:
        columns("DeviceProcessEvents", FileName="a", filename="b")
    message = "the row is none of DeviceProcessEvents: FileName is there twice"
    assert refusal.value.diagnostics[0].message == message


@pytest.mark.parametrize(
    ("column", "given", "what"),
    [
        ("Timestamp", "yesterday", "a time (datetime), not 'yesterday'"),
        ("Timestamp", "0001-01-01T00:00:00+14:00", "a time (datetime), not '0001-01-01T00:00:00+14:00'"),
        ("Timestamp", 1639609203, "a time (datetime), not 1639609203"),
        ("FileSize", "7 KB", "a whole number of 64 bits (long), not '7 KB'"),
        ("FileSize", 2**63, "a whole number of 64 bits (long), not 9223372036854775808"),
        ("FileSize", True, "a whole number of 64 bits (long), not True"),
        ("FileSize", float("inf"), "a whole number of 64 bits (long), not inf"),
        ("FileName", 5, "text (string), not 5"),
        ("FileName", b"x", "text (string), not b'x'"),
        ("IsInitiatingProcessRemoteSession", "perhaps", "true or false (bool), not 'perhaps'"),
        (
            "Timestamp",
            "\x1b[31m" + "x" * 1000,
            "a time (datetime), not '\\x1b[31mxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
        ),
    ],
)
def test_a_value_of_another_type(column: str, given: Any, what: str) -> None:
    with pytest.raises(TelemetryError) as refusal:
        columns("DeviceProcessEvents", **{column: given})
    message = f"the row is none of DeviceProcessEvents: {column} is {what}"
    assert refusal.value.diagnostics[0].message == message
