"""One record, whatever wrote it down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sigma_xdr.telemetry import Record, TelemetryError, record_of
from sigma_xdr.telemetry.records import text_of

from .samples import SYSMON


def facts(record: Record) -> dict[str, Any]:
    names = ("channel", "provider", "event_id", "host", "time", "zone", "writer", "log", "fields")
    return {name: getattr(record, name) for name in names}


NESTED = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing", "Guid": "54849625"}},
            "EventID": {"#attributes": {"Qualifiers": ""}, "#text": 4688},
            "TimeCreated": {"#attributes": {"SystemTime": "2022-08-31T19:18:41.676281Z"}},
            "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 5932}},
            "Channel": "Security",
            "Computer": "win-host",
        },
        "EventData": {"#attributes": {"Name": "x"}, "NewProcessId": "0xcd0", "Count": 3, "Empty": None},
    }
}


def test_windows_own_nesting() -> None:
    assert facts(record_of(NESTED)) == {
        "channel": "Security",
        "provider": "Microsoft-Windows-Security-Auditing",
        "event_id": 4688,
        "host": "win-host",
        "time": datetime(2022, 8, 31, 19, 18, 41, 676281, UTC),
        "zone": timedelta(0),
        "writer": 4,
        "log": "security",
        "fields": {"NewProcessId": "0xcd0", "Count": 3, "Empty": None},
    }


def test_user_data_is_a_level_deeper() -> None:
    template = {"Operation_ClientFailure": {"#attributes": {"xmlns": "x"}, "Id": "{1}", "User": "a\\b"}}
    system = {"EventID": 5858, "Channel": "Microsoft-Windows-WMI-Activity/Operational"}
    record = record_of({"Event": {"System": system, "UserData": template}})
    assert (record.log, record.fields) == ("wmi", {"Id": "{1}", "User": "a\\b"})


def test_a_record_by_hand() -> None:
    data = {"Channel": SYSMON, "EventID": 1, "Image": r"C:\a.exe", "CommandLine": "a.exe -f", "ProcessId": 12}
    assert facts(record_of(data, "case.yml", 3)) == {
        "channel": SYSMON,
        "provider": "Microsoft-Windows-Sysmon",
        "event_id": 1,
        "host": "",
        "time": None,
        "zone": None,
        "writer": None,
        "log": "sysmon",
        "fields": {"Image": r"C:\a.exe", "CommandLine": "a.exe -f", "ProcessId": 12},
    }


@pytest.mark.parametrize("name", ["Provider_Name", "SourceName"])
def test_the_provider_tells_the_channel(name: str) -> None:
    record = record_of({name: "microsoft-windows-sysmon", "EventID": "1", "Image": "a"})
    assert (record.channel, record.log, record.event_id) == (SYSMON, "sysmon", 1)


def test_nxlog_hides_some_of_sysmons_fields_behind_its_own() -> None:
    message = (
        "Registry value set:\r\nRuleName: \r\nEventType: SetValue\r\nUtcTime: 2019-12-05 04:47:45.981\r\n"
        "ProcessId: 2024\r\nTargetObject: HKLM\\X\r\nDetails: a <b> & c\r\nProcessId: 1\r\nUser: forged"
    )
    data = {
        "SourceName": "Microsoft-Windows-Sysmon",
        "Channel": SYSMON,
        "EventID": 13,
        "EventType": "INFO",
        "EventTime": "2019-12-04 23:47:45",
        "@timestamp": "2019-12-05T04:47:47.046Z",
        "UtcTime": "2019-12-05 04:47:45.981",
        "ProcessID": 2644,
        "AccountName": "SYSTEM",
        "Hostname": "HFDC01.shire.com",
        "Message": message,
        "TargetObject": r"HKLM\X",
        "Details": "a &lt;b&gt; &amp; c",
    }
    record = record_of(data)
    assert record.fields == {
        "RuleName": "",
        "EventType": "SetValue",
        "ProcessId": "2024",
        "UtcTime": "2019-12-05 04:47:45.981",
        "TargetObject": r"HKLM\X",
        "Details": "a <b> & c",
    }
    assert record.time == datetime(2019, 12, 5, 4, 47, 45, 981000, UTC)
    assert (record.zone, record.writer) == (timedelta(0), 2644)


def test_nxlogs_local_time_and_the_time_zone_beside_it() -> None:
    data = {
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "Channel": "security",
        "EventID": 4634,
        "EventTime": "2019-12-04 20:50:05",
        "@timestamp": "2019-12-05T01:50:07.650Z",
    }
    assert record_of(data).time == datetime(2019, 12, 5, 1, 50, 5, tzinfo=UTC)


def test_a_collectors_clock_that_runs_in_local_time() -> None:
    record = record_of(
        {
            "Channel": SYSMON,
            "EventID": 5,
            "UtcTime": "2020-10-18 06:17:06.330",
            "TimeCreated": "2020-10-18 02:17:06.334",
        }
    )
    assert record.time == datetime(2020, 10, 18, 6, 17, 6, 330000, UTC)
    assert record.zone == -timedelta(hours=4)


def test_5156_has_a_process_id_of_its_own() -> None:
    message = "Application Information:\r\n\tProcess ID:\t\t3068\r\n\tApplication Name:\tx"
    data = {
        "SourceName": "s",
        "EventTime": TIME,
        "Channel": "Security",
        "EventID": 5156,
        "ProcessID": 4,
        "Message": message,
    }
    assert record_of(data).fields == {"ProcessID": "3068"}


TIME = "2020-01-01 00:00:00"
HINT = (
    "\n  = write Windows' own JSON (Event with System and EventData), or Channel, EventID and the event's fields side by "
    r"side: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\Windows\System32\cmd.exe'}"
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "it has no EventID"),
        ({"EventID": {"a": 1}}, "it has no EventID"),
        ({"EventID": "one"}, "its EventID is no number: 'one'"),
        ({"EventID": "\u0663"}, "its EventID is no number: '\u0663'"),
        ({"EventID": -1}, "its EventID is no number: '-1'"),
        ({"EventID": 1}, "it has no Channel"),
        ({"EventID": 1, "SourceName": "me"}, "it has no Channel, and its provider 'me' is none known"),
        ({"Event": 7}, "its Event has no System"),
        ({"Event": {"System": {"Channel": "Security"}}}, "it has no EventID"),
    ],
)
def test_no_event(data: dict[str, Any], why: str) -> None:
    with pytest.raises(TelemetryError) as refusal:
        record_of(data)
    assert str(refusal.value) == f"error[no-event]: the record is no Windows event: {why}{HINT}"


def test_text_is_of_plain_values_alone() -> None:
    assert list(map(text_of, ["a", True, 7, 1.5, None, [1], {"a": 1}])) == ["a", "true", "7", "1.5", "", "", ""]


def test_hostile_values_are_kept_as_they_came() -> None:
    deep: Any = "x"
    for _ in range(1000):
        deep = [deep]
    data = {
        "Channel": SYSMON,
        "EventID": 1,
        "Image": deep,
        "CommandLine": "\ud800\0",
        "UtcTime": "9999-99-99",
        "User": {},
    }
    record = record_of(data)
    assert (record.text("Image"), record.text("CommandLine"), record.time) == ("", "\ud800\0", None)


def test_times_at_the_end_of_time() -> None:
    assert record_of({"Channel": "x", "EventID": 1, "@timestamp": "0001-01-01T00:00:00+14:00"}).time is None
    assert json.dumps(record_of(NESTED).data) == json.dumps(NESTED)


def test_a_local_time_that_leaves_the_calendar() -> None:
    times = {"EventTime": "0001-01-01T00:00:00", "@timestamp": "9999-12-31T23:59:59"}
    assert record_of({"Channel": "x", "EventID": 1, **times}).time is None


def test_the_writer_is_a_process_id() -> None:
    writers = [
        record_of({"Channel": "x", "EventID": 1, "EventTime": TIME, "ProcessID": given}).writer
        for given in (7, 0, -1, 10**30, True, "7")
    ]
    assert writers == [7, None, None, None, None, None]
