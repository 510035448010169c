from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.drafting.fixtures import read_fixture
from sigma_xdr.errors import UsageError

ROW = {
    "Timestamp": "2026-01-01T00:00:00Z",
    "DeviceId": "a1b2",
    "DeviceName": "ws01.corp.contoso.com",
    "ActionType": "ProcessCreated",
    "FileName": "wmic.exe",
    "ProcessCommandLine": "wmic /node:10.1.2.3 os",
    "AccountName": "anna",
    "InitiatingProcessFileName": "",
    "ProcessId": 44,
    "ReportId": 7,
}
CLEAN = {
    "DeviceName": "host1.example.com",
    "ActionType": "ProcessCreated",
    "FileName": "wmic.exe",
    "ProcessCommandLine": "wmic /node:192.0.2.1 os",
    "AccountName": "user1",
    "ProcessId": 44,
}
HIT = {"rule_id": "x", "rule_title": "t", "level": "high", "table": "DeviceProcessEvents", "record": 1, "row": ROW}
RECORD = {
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "EventID": 1,
    "Computer": "ws01.corp.contoso.com",
    "Image": r"C:\Users\anna\wmic.exe",
    "CommandLine": "wmic os",
    "User": r"CONTOSO\anna",
}


def written(folder: Path, *documents: Any) -> Path:
    path = folder / "event.json"
    path.write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")
    return path


@pytest.mark.parametrize("document", [HIT, ROW, {"category": "AdvancedHunting-DeviceProcessEvents", "properties": ROW}])
def test_a_row_is_one_whoever_wrote_it_down(document: dict[str, Any], tmp_path: Path) -> None:
    fixture = read_fixture(written(tmp_path, document))
    assert (fixture.kind, fixture.table, fixture.data, fixture.notes) == ("event", "DeviceProcessEvents", CLEAN, ())


def test_a_hit_in_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "hit.json"
    path.write_text(json.dumps(HIT, indent=2), encoding="utf-8-sig")
    assert read_fixture(path).data == CLEAN


def test_a_record_of_windows_stays_one(tmp_path: Path) -> None:
    fixture = read_fixture(written(tmp_path, RECORD))
    assert (fixture.kind, fixture.table, fixture.row["FileName"]) == ("raw", "DeviceProcessEvents", "wmic.exe")
    assert fixture.data == {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Computer": "host1.example.com",
        "Image": r"C:\Users\user1\wmic.exe",
        "CommandLine": "wmic os",
        "User": r"EXAMPLE\user1",
    }


def test_a_hit_of_untouched_records(tmp_path: Path) -> None:
    row = {key: value for key, value in RECORD.items() if key != "Channel"}
    hit = {**HIT, "table": "Microsoft-Windows-Sysmon/Operational", "row": row}
    fixture = read_fixture(written(tmp_path, hit))
    assert (fixture.kind, fixture.table, fixture.data["User"]) == ("raw", "DeviceProcessEvents", r"EXAMPLE\user1")


def test_one_of_several_is_chosen(tmp_path: Path) -> None:
    other = {**HIT, "row": {**ROW, "FileName": "cmd.exe"}}
    path = written(tmp_path, HIT, other)
    assert read_fixture(path, 2).data["FileName"] == "cmd.exe"
    for number, message in (
        (None, f"'{path}' holds 2 events\n  = choose one: --record 1"),
        (3, f"'{path}' holds 2 events, there is no record 3"),
    ):
        with pytest.raises(UsageError) as error:
            read_fixture(path, number)
        assert str(error.value) == f"error[no-event]: {message}"


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", '{"a": 1}', "\x00\xff", '{"rule_id": 1, "table": 2, "row": {"x": []}}']
)
def test_what_is_no_event(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"error\[no-event\]"):
        read_fixture(path)
