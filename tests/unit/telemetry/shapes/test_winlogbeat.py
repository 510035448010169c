"""What Elastic's collectors write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sigma_xdr.telemetry import TelemetryError, record_of

SYSMON = {
    "@timestamp": "2024-03-01T10:00:00.123Z",
    "event": {"code": 1, "provider": "Microsoft-Windows-Sysmon"},
    "host": {"name": "host"},
    "message": "Process Create:",
    "winlog": {
        "channel": "Microsoft-Windows-Sysmon/Operational",
        "computer_name": "host.example",
        "event_id": "1",
        "provider_name": "Microsoft-Windows-Sysmon",
        "process": {"pid": 2644, "thread": {"id": 1}},
        "event_data": {"Image": r"C:\Windows\System32\cmd.exe", "ProcessId": "12"},
    },
}


def facts(data: dict[str, Any]) -> dict[str, Any]:
    names = ("channel", "provider", "event_id", "log", "host", "time", "zone", "writer", "fields")
    record = record_of(data)
    return {name: getattr(record, name) for name in names}


def test_an_event() -> None:
    assert facts(SYSMON) == {
        "channel": "Microsoft-Windows-Sysmon/Operational",
        "provider": "Microsoft-Windows-Sysmon",
        "event_id": 1,
        "log": "sysmon",
        "host": "host.example",
        "time": datetime(2024, 3, 1, 10, 0, 0, 123000, UTC),
        "zone": timedelta(0),
        "writer": 2644,
        "fields": {"Image": r"C:\Windows\System32\cmd.exe", "ProcessId": "12"},
    }


def test_user_data() -> None:
    user_data = {"xml_name": "Operation_ESStoConsumerBinding", "Namespace": "//./root/subscription", "ESS": "f"}
    winlog = {
        "channel": "Microsoft-Windows-WMI-Activity/Operational",
        "provider_name": "Microsoft-Windows-WMI-Activity",
        "user_data": user_data,
    }
    record = record_of({"winlog": winlog, "event": {"code": "5861"}, "host": {"name": "h"}})
    assert (record.log, record.event_id, record.host, record.time) == ("wmi", 5861, "h", None)
    assert record.fields == {"Namespace": "//./root/subscription", "ESS": "f"}


def test_no_event() -> None:
    with pytest.raises(TelemetryError) as refusal:
        record_of({"winlog": {"channel": "Security"}, "event": "x"})
    assert refusal.value.diagnostics[0].message == "the record is no Windows event: it has no EventID"
