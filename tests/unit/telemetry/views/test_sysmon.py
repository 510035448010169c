"""Log sources over rows, field by field: whole views."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import row_event
from sigma_xdr.telemetry.views import spellings
from sigma_xdr.telemetry.views.sysmon import CATEGORIES

HEAD: dict[str, Any] = {"Timestamp": "2026-01-01T12:00:00Z", "DeviceId": "d1", "DeviceName": "host-1", "ReportId": 1}
ACTING: dict[str, Any] = {
    "InitiatingProcessFileName": "a.exe",
    "InitiatingProcessFolderPath": r"c:\w",
    "InitiatingProcessId": 4,
    "InitiatingProcessCommandLine": "a.exe -x",
    "InitiatingProcessAccountDomain": "a",
    "InitiatingProcessAccountName": "b",
    "InitiatingProcessParentFileName": "p.exe",
    "InitiatingProcessParentId": 3,
}
FILE: dict[str, Any] = {"FileName": "f.txt", "FolderPath": r"C:\D\f.txt", "MD5": "ab"}

EVERYWHERE = {
    "Computer": "host-1",
    "ComputerName": "host-1",
    "Hostname": "host-1",
    "UtcTime": "2026-01-01T12:00:00Z",
    "TimeCreated": "2026-01-01T12:00:00Z",
}
BY_PROCESS = {
    **EVERYWHERE,
    "Image": r"c:\w\a.exe",
    "ProcessId": 4,
    "CommandLine": "a.exe -x",
    "User": [r"a\b"],
    "ParentImage": ["p.exe", r"\p.exe"],
    "ParentProcessId": 3,
}
HASHED = {"Hashes": ["MD5=AB", "AB"], "md5": "ab", "sha1": None, "sha256": None}
ON_DEVICE = dict.fromkeys(("Computer", "ComputerName", "Hostname"), "d1")
BY_ACTING = {**ON_DEVICE, "Image": "a.exe", "User": r"a\b", "ParentImage": "p.exe"}


def view(category: str, row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the log source adds to the columns of a row, and the keys for groups."""
    event = row_event(CATEGORIES[category].table, row, {"product": "windows", "category": category})
    assert event is not None
    assert {name: value for name, value in event.fields.items() if name in row}.keys() == row.keys()
    own = {name: value for name, value in event.fields.items() if not (name in row and row[name] == value)}
    return {name: value for name, value in own.items() if not name.startswith("AdditionalFields.")}, dict(event.keys)


def test_process_creation() -> None:
    row = {
        **HEAD,
        **ACTING,
        **FILE,
        "ActionType": "ProcessCreated",
        "ProcessCommandLine": "f.txt -y",
        "ProcessId": 9,
        "ProcessVersionInfoOriginalFileName": "O",
        "ProcessVersionInfoFileDescription": "D",
        "ProcessVersionInfoProductName": "P",
        "ProcessVersionInfoCompanyName": "C",
        "AccountDomain": "c",
        "AccountName": "d",
        "LogonId": 999,
        "CreatedProcessSessionId": 0,
        "ProcessIntegrityLevel": "High",
    }
    fields, keys = view("process_creation", row)
    assert fields == {
        **EVERYWHERE,
        "EventID": [1, 4688],
        "Image": r"C:\D\f.txt",
        **HASHED,
        "CommandLine": "f.txt -y",
        "OriginalFileName": "O",
        "Description": "D",
        "Product": "P",
        "Company": "C",
        "User": [r"c\d"],
        "LogonId": [999, "0x3e7"],
        "TerminalSessionId": 0,
        "IntegrityLevel": ["High", "S-1-16-12288"],
        "ParentImage": r"c:\w\a.exe",
        "ParentProcessId": 4,
        "ParentCommandLine": "a.exe -x",
        "ParentUser": [r"a\b"],
        "GrandParentImage": ["p.exe", r"\p.exe"],
    }
    assert keys == {
        **ON_DEVICE,
        "EventID": "ProcessCreated",
        "Image": "f.txt",
        "User": r"c\d",
        "LogonId": 999,
        "IntegrityLevel": "High",
        "ParentImage": "a.exe",
        "ParentUser": r"a\b",
        "GrandParentImage": "p.exe",
    }


def test_a_row_that_says_nothing() -> None:
    event = row_event("DeviceProcessEvents", {"ActionType": "ProcessCreated"}, {"category": "process_creation"})
    assert event is not None
    something = {name: value for name, value in event.fields.items() if value not in (None, "", [])}
    assert something == {
        "ActionType": "ProcessCreated",
        "EventID": [1, 4688],
        "User": [None, "-"],
        "ParentUser": [None, "-"],
    }
    assert (event.one_nothing, event.texts) == (True, ("ProcessCreated",))


CONNECTION = {
    "LocalIP": "10.0.0.1",
    "LocalPort": 1,
    "RemoteIP": "10.0.0.2",
    "RemotePort": 2,
    "RemoteUrl": "u",
    "Protocol": "Tcp",
}
PEERS = {
    "DestinationIp": "10.0.0.2",
    "DestinationPort": 2,
    "DestinationHostname": "u",
    "SourceIp": "10.0.0.1",
    "SourcePort": 1,
    "SourceHostname": "host-1",
}


def test_network_connection() -> None:
    fields, keys = view("network_connection", {**HEAD, **ACTING, **CONNECTION, "ActionType": "ConnectionSuccess"})
    assert fields == {**BY_PROCESS, **PEERS, "EventID": [3, 5156], "Initiated": "true"}
    action = {"EventID": "ConnectionSuccess", "Initiated": "ConnectionSuccess"}
    assert keys == {**BY_ACTING, **PEERS, **action}


def test_an_inbound_connection_has_its_ends_the_other_way_round() -> None:
    row = {**HEAD, **ACTING, **CONNECTION, "ActionType": "InboundConnectionAccepted"}
    fields, keys = view("network_connection", row)
    assert {name: fields[name] for name in PEERS} == {
        "DestinationIp": "10.0.0.1",
        "DestinationPort": 1,
        "DestinationHostname": "host-1",
        "SourceIp": "10.0.0.2",
        "SourcePort": 2,
        "SourceHostname": "u",
    }
    assert fields["Initiated"] == "false"
    assert {name: keys[name] for name in PEERS} == PEERS


@pytest.mark.parametrize(
    ("category", "action", "field", "event_ids"),
    [
        ("file_event", "FileCreated", "TargetFilename", [11]),
        ("file_delete", "FileDeleted", "TargetFilename", [23, 26]),
        ("file_change", "FileTimestampModificationEvent", "TargetFilename", [2]),
        ("image_load", "ImageLoaded", "ImageLoaded", [7]),
    ],
)
def test_files(category: str, action: str, field: str, event_ids: list[int]) -> None:
    fields, keys = view(category, {**HEAD, **ACTING, **FILE, "ActionType": action})
    fields.pop("IntegrityLevel", None)
    keys.pop("IntegrityLevel", None)
    assert fields == {**BY_PROCESS, **HASHED, field: r"C:\D\f.txt", "EventID": event_ids}
    assert keys == {**BY_ACTING, field: "f.txt", "EventID": action}


def test_a_renamed_file() -> None:
    before = {"PreviousFileName": "g.txt", "PreviousFolderPath": r"C:\D"}
    fields, keys = view("file_rename", {**HEAD, **FILE, **before, "ActionType": "FileRenamed"})
    assert (fields["TargetFilename"], fields["SourceFilename"]) == (r"C:\D\f.txt", r"C:\D\g.txt")
    assert (keys["SourceFilename"], fields["EventID"]) == ("g.txt", [])


def test_a_file_read() -> None:
    fields, _ = view("file_access", {**HEAD, **FILE, "ActionType": "SensitiveFileRead"})
    assert (fields["FileName"], fields["TargetFilename"]) == (r"C:\D\f.txt", r"C:\D\f.txt")


def test_a_driver() -> None:
    fields, _ = view("driver_load", {**HEAD, **FILE, "ActionType": "DriverLoad"})
    assert fields == {**EVERYWHERE, **HASHED, "ImageLoaded": r"C:\D\f.txt", "EventID": [6]}


KEY = r"HKEY_LOCAL_MACHINE\X"
KEYS = [r"HKLM\X", KEY, r"\REGISTRY\MACHINE\X"]
EMPTY = {"Details": [None, "(Empty)"]}


@pytest.mark.parametrize(
    ("row", "own"),
    [
        (
            {
                "ActionType": "RegistryValueSet",
                "RegistryKey": KEY,
                "RegistryValueName": "v",
                "RegistryValueData": "1",
                "RegistryValueType": "Dword",
            },
            {
                "EventID": [13, 4657],
                "EventType": "SetValue",
                "TargetObject": [rf"{key}\v" for key in KEYS],
                "Details": spellings.data("1", "Dword"),
            },
        ),
        (
            {"ActionType": "RegistryKeyCreated", "RegistryKey": KEY},
            {"EventID": [12], "EventType": "CreateKey", "TargetObject": KEYS, **EMPTY},
        ),
        (
            {"ActionType": "RegistryKeyDeleted", "RegistryKey": "no", "PreviousRegistryKey": KEY},
            {"EventID": [12], "EventType": "DeleteKey", "TargetObject": KEYS, **EMPTY},
        ),
        (
            {"ActionType": "RegistryValueDeleted", "PreviousRegistryKey": KEY, "PreviousRegistryValueName": "v"},
            {"EventID": [12], "EventType": "DeleteValue", "TargetObject": [rf"{key}\v" for key in KEYS], **EMPTY},
        ),
        (
            {"ActionType": "RegistryKeyRenamed", "PreviousRegistryKey": KEY, "RegistryKey": rf"{KEY}2"},
            {
                "EventID": [14],
                "EventType": "RenameKey",
                "TargetObject": KEYS,
                "NewName": [f"{key}2" for key in KEYS],
                **EMPTY,
            },
        ),
    ],
)
def test_registry(row: dict[str, Any], own: dict[str, Any]) -> None:
    fields, keys = view("registry_event", {**HEAD, **ACTING, **row})
    assert fields == {**BY_PROCESS, **own}
    assert keys["EventType"] == row["ActionType"]
    assert keys["Details"] == row.get("RegistryValueData")


def test_devices() -> None:
    def shown(category: str, action: str, additional: str) -> tuple[dict[str, Any], dict[str, Any]]:
        return view(category, {**HEAD, **ACTING, "ActionType": action, "AdditionalFields": additional})

    fields, keys = shown("pipe_created", "NamedPipeEvent", r'{"PipeName": "\\Device\\NamedPipe\\x"}')
    assert fields == {**BY_PROCESS, "EventID": [17, 18], "PipeName": [r"\Device\NamedPipe\x", r"\x"]}
    assert keys == {**BY_ACTING, "PipeName": r"\Device\NamedPipe\x", "EventID": "NamedPipeEvent"}
    fields, keys = shown("dns_query", "DnsQueryResponse", '{"DnsQueryString": "a.example"}')
    assert fields == {**BY_PROCESS, "EventID": [22], "QueryName": "a.example"}
    fields, keys = shown("wmi_event", "WmiBindEventFilterToConsumer", r'{"Consumer": "X=\"y\""}')
    action = dict.fromkeys(("EventID", "EventType", "Operation"), "WmiBindEventFilterToConsumer")
    assert fields == {
        **EVERYWHERE,
        "EventID": [21, 5861],
        "Consumer": ['X="y"', r'"X.Name=\"y\""', r"X.Name=\"y\"", 'X.Name="y"'],
        "User": [r"a\b"],
        "Operation": "Created",
        "EventType": "WmiBindingEvent",
    }
    assert keys == {**ON_DEVICE, **action, "User": r"a\b", "Consumer": 'X="y"'}


BETWEEN = {
    **EVERYWHERE,
    "SourceImage": r"c:\w\a.exe",
    "SourceProcessId": 4,
    "SourceCommandLine": "a.exe -x",
    "SourceUser": [r"a\b"],
    "SourceParentImage": ["p.exe", r"\p.exe"],
    "TargetImage": r"C:\D\f.txt",
    "TargetProcessId": 8,
}


@pytest.mark.parametrize("access", ["4112", '"4112"'])
def test_between_processes(access: str) -> None:
    row = {
        **HEAD,
        **ACTING,
        **FILE,
        "ProcessId": 8,
        "AccountName": "d",
        "AdditionalFields": f'{{"DesiredAccess": {access}}}',
    }
    fields, _ = view("create_remote_thread", {**row, "ActionType": "CreateRemoteThreadApiCall"})
    assert fields == {**BETWEEN, "EventID": [8], "TargetUser": [r"\d", "d"]}
    fields, _ = view("process_access", {**row, "ActionType": "OpenProcessApiCall"})
    assert fields == {**BETWEEN, "EventID": [10], "GrantedAccess": [4112, "0x1010"]}


def test_logons() -> None:
    row = {
        **HEAD,
        **ACTING,
        "ActionType": "LogonSuccess",
        "LogonType": "Network",
        "AccountDomain": "c",
        "AccountName": "d",
        "AccountSid": "S-1-5-18",
        "LogonId": 999,
        "Protocol": "NTLM",
        "RemotePort": 7,
        "RemoteDeviceName": "r",
        "InitiatingProcessAccountSid": "S-1-5-19",
    }
    event = row_event("DeviceLogonEvents", row, {"product": "windows", "service": "security"})
    assert event is not None
    own = {name: value for name, value in event.fields.items() if name not in row}
    assert own == {
        **EVERYWHERE,
        "EventID": [4624],
        "TargetUserName": "d",
        "TargetDomainName": "c",
        "TargetUserSid": "S-1-5-18",
        "TargetSid": "S-1-5-18",
        "TargetLogonId": [999, "0x3e7"],
        "SubjectUserName": "b",
        "SubjectDomainName": "a",
        "SubjectUserSid": "S-1-5-19",
        "ProcessName": r"c:\w\a.exe",
        "IpAddress": [None, "-"],
        "IpPort": 7,
        "WorkstationName": "r",
        "AuthenticationPackageName": "NTLM",
    }
    assert (event.fields["LogonType"], event.keys["LogonType"], event.keys["ProcessName"]) == ("3", "Network", "a.exe")


def test_every_log_source_stands_on_a_table_and_its_action_types() -> None:
    for source in CATEGORIES.values():
        assert source.actions.keys() <= (xdr_schema().table(source.table).action_types or {}).keys()
