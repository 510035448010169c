"""Each loss as what it does to a record's fields."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.telemetry import Record
from sigma_xdr.telemetry.reductions import REDUCTIONS
from sigma_xdr.telemetry.views import spellings

from .samples import security, sysmon


def reduced(code: str, record: Record, **fields: Any) -> dict[str, Any]:
    """The fields that a loss changes or adds; what it takes is None."""
    after = REDUCTIONS[code](record, fields)
    changed = {name: value for name, value in after.items() if name not in fields or fields[name] != value}
    return {**changed, **{name: None for name in fields if name not in after}}


@pytest.mark.parametrize(
    ("code", "record", "fields", "changed"),
    [
        ("lost-fields", sysmon(7), {"Signed": "true", "Image": "a"}, {"Signed": None}),
        ("lost-fields", sysmon(1), {"Signed": "true", "ProcessGuid": "{1}"}, {"ProcessGuid": None}),
        ("lost-fields", security(4625), {"Status": "0x0", "IpPort": "1"}, {"Status": None}),
        (
            "argv0-directory",
            sysmon(1),
            {
                "Image": r"C:\Program Files\a.exe",
                "CommandLine": r"C:\Program Files\a.exe -f",
                "ParentImage": r"C:\b.exe",
                "ParentCommandLine": r'"C:\b.exe"',
                "Description": r"C:\x",
            },
            {"CommandLine": "a.exe -f", "ParentCommandLine": '"b.exe"'},
        ),
        ("broken-characters", sysmon(1), {"CommandLine": "a\ud800", "Image": "ä"}, {"CommandLine": "a\ufffd"}),
        (
            "same-name-directory",
            sysmon(1),
            {"Image": r"C:\A.exe\a.exe", "ParentImage": r"C:\b\a.exe"},
            {"Image": [r"C:\A.exe\a.exe", r"C:\A.exe"]},
        ),
        ("event-id", security(4688), {"EventID": 4688}, {"EventID": [1, 4688]}),
        ("event-id", security(4624), {"EventID": 4624}, {}),
        (
            "own-host-name",
            sysmon(3),
            {"Initiated": "true", "SourceHostname": "-", "DestinationHostname": "x"},
            {"SourceHostname": "Host-1"},
        ),
        ("own-host-name", sysmon(3), {"Initiated": False}, {"DestinationHostname": "Host-1"}),
        (
            "spelling-of-addresses",
            sysmon(3),
            {"SourceIp": "0:0:0:0:0:0:0:1", "DestinationIp": "10.0.0.1", "Image": "0:0:0:0:0:0:0:1"},
            {"SourceIp": "::1"},
        ),
        (
            "spelling-of-times",
            sysmon(5),
            {"UtcTime": "2026-01-01 12:00:00.000"},
            {"UtcTime": "2026-01-01T12:00:00Z"},
        ),
        (
            "spelling-of-numbers",
            sysmon(1),
            {"LogonId": "0x3E7", "ProcessId": 5, "Image": "0x1"},
            {"LogonId": ["0x3E7", 999, "0x3e7"], "ProcessId": ["5", 5, "0x5"]},
        ),
        ("unknown-logon-type", security(4624), {"LogonType": "0"}, {"LogonType": "Unknown"}),
        ("unknown-logon-type", security(4624), {"LogonType": 3}, {}),
        ("integrity-levels", sysmon(1), {"IntegrityLevel": "High"}, {"IntegrityLevel": ["High", "S-1-16-12288"]}),
        (
            "size-of-integers",
            sysmon(13),
            {"Details": "QWORD (0x00000000-0x00000001)"},
            {"Details": spellings.data("1", "QWord")},
        ),
        ("size-of-integers", sysmon(13), {"Details": "1"}, {"Details": spellings.data("1", "String")}),
        ("size-of-integers", sysmon(13), {"Details": "x"}, {}),
        ("unnamed-value", sysmon(13), {"TargetObject": "HKLM\\X\\"}, {"TargetObject": r"HKLM\X\(Default)"}),
        ("unnamed-value", sysmon(12, EventType="CreateKey"), {"TargetObject": "HKLM\\X\\"}, {}),
        (
            "current-control-set",
            sysmon(13),
            {"TargetObject": r"HKLM\System\CurrentControlSet\x"},
            {"TargetObject": [r"HKLM\System\CurrentControlSet\x", r"HKLM\System\ControlSet001\x"]},
        ),
        (
            "classes-hive",
            sysmon(13),
            {"TargetObject": r"HKCR\.hta"},
            {"TargetObject": [r"HKLM\SOFTWARE\Classes\.hta", r"HKCR\.hta"]},
        ),
        ("hives", sysmon(13), {"TargetObject": r"HKLM\x"}, {"TargetObject": [r"HKLM\x", r"HKEY_LOCAL_MACHINE\x"]}),
        ("pipe-names", sysmon(17), {"PipeName": r"\x"}, {"PipeName": [r"\x", r"\Device\NamedPipe\x"]}),
        ("hashes", sysmon(1), {"Hashes": "MD5=AB,IMPHASH=CD"}, {"Hashes": ["MD5=AB", "AB"]}),
        ("account-parts", sysmon(1), {"User": "SYSTEM", "ParentUser": r"a\b"}, {"User": [r"\SYSTEM", "SYSTEM"]}),
        (
            "lower-case",
            sysmon(1),
            {"User": r"A\B", "Image": "A", "ParentImage": "P"},
            {"User": r"a\b", "ParentImage": "p"},
        ),
        ("lower-case", sysmon(7), {"Image": "A", "ImageLoaded": "L"}, {"Image": "a"}),
    ],
)
def test_a_loss(code: str, record: Record, fields: dict[str, Any], changed: dict[str, Any]) -> None:
    assert reduced(code, record, **fields) == changed


def test_kinds_of_nothing() -> None:
    unknown = [None, "-"]
    changed = reduced("kinds-of-nothing", sysmon(13), Image="", User="-", Details="(Empty)", Company="?", Product="x")
    assert changed == {
        "Image": None,
        "User": unknown,
        "Details": [None, "(Empty)"],
        "Company": None,
        **dict.fromkeys(
            (
                "ParentUser",
                "SourceUser",
                "TargetUser",
                "SubjectUserName",
                "SubjectDomainName",
                "IpAddress",
                "WorkstationName",
            ),
            unknown,
        ),
    }


def test_consumers() -> None:
    written = r' "\\\\.\\ROOT\\subscription:CommandLineEventConsumer.Name=\"x\""'
    spelt = [
        'CommandLineEventConsumer="x"',
        r'"CommandLineEventConsumer.Name=\"x\""',
        r"CommandLineEventConsumer.Name=\"x\"",
        'CommandLineEventConsumer.Name="x"',
    ]
    assert reduced("consumer-names", sysmon(21, Consumer=written), Consumer=written) == {"Consumer": spelt}


def test_hostile_fields() -> None:
    deep: Any = "x"
    for _ in range(1000):
        deep = {"a": [deep]}
    names = "Image CommandLine User Hashes TargetObject Details LogonId SourceIp Consumer PipeName Initiated"
    for value in (deep, None, True, 1.5, "\ud800", "a\\" * 100_000):
        fields = dict.fromkeys(names.split(), value)
        for event_id in (1, 3, 13, 17, 21):
            record = sysmon(event_id, **fields)
            for reduction in REDUCTIONS.values():
                fields = reduction(record, fields)


def test_lists_of_anything_lose_what_texts_lose() -> None:
    deep: Any = "B"
    for _ in range(10_000):
        deep = [deep]
    assert reduced("lower-case", sysmon(1), ParentImage=["A", {"x": 1}, None, "a", deep]) == {
        "ParentImage": ["a", {"x": 1}, None, deep[0]]
    }


def test_what_is_no_number_is_nothing() -> None:
    record = sysmon(3)
    assert reduced("spelling-of-numbers", record, SourcePort="70000", ProcessId="x") == {
        "SourcePort": None,
        "ProcessId": None,
    }
