"""Rows that don't say of which table they are."""

from __future__ import annotations

import pytest

from sigma_xdr.telemetry import TelemetryError
from sigma_xdr.telemetry.tables import table_found, table_named

EVERY = ["Timestamp", "DeviceName", "ActionType", "InitiatingProcessFileName"]


@pytest.mark.parametrize(
    ("columns", "action", "table"),
    [
        ([*EVERY, "ProcessIntegrityLevel"], None, "DeviceProcessEvents"),
        ([*EVERY, "RegistryKey", "PreviousRegistryKey"], "anything", "DeviceRegistryEvents"),
        (EVERY, "ImageLoaded", "DeviceImageLoadEvents"),
        (["Timestamp", "DeviceName", "OSPlatform", "OSBuild"], None, "DeviceInfo"),
        ([*EVERY, "count_"], "ImageLoaded", "DeviceImageLoadEvents"),
    ],
)
def test_the_columns_and_the_action_tell(columns: list[str], action: str | None, table: str) -> None:
    assert table_found(columns, action).name == table


@pytest.mark.parametrize(
    ("columns", "action", "why"),
    [
        (
            EVERY,
            None,
            "the row doesn't name its table: its columns fit DeviceEvents, DeviceFileEvents, DeviceImageLoadEvents or "
            "4 more",
        ),
        (
            ["Timestamp", "RemoteIP", "ActionType"],
            "\x1bx",
            "the row doesn't name its table: its columns and the ActionType '\\x1bx' fit DeviceEvents, "
            "DeviceLogonEvents or DeviceNetworkEvents",
        ),
        (
            ["PreviousRegistryKey", "RegistryKey", "RemoteIP"],
            None,
            "no table of Defender XDR has all of the row's columns: AlertEvidence lacks PreviousRegistryKey",
        ),
        (["a", "b"], None, "the row has no column of Defender's tables"),
    ],
)
def test_what_they_leave_open(columns: list[str], action: str | None, why: str) -> None:
    with pytest.raises(TelemetryError) as refusal:
        table_found(columns, action)
    assert refusal.value.diagnostics[0].message == why


def test_a_column_may_name_the_table() -> None:
    found = table_named({"$table": "deviceevents", "Timestamp": "x"})
    assert found is not None
    assert (found[0].name, found[1]) == ("DeviceEvents", "$table")
    assert table_named({"Type": "User"}) is None
    assert table_named({"Type": 7, "Table": "Nothing"}) is None
