"""What stands in DeviceEvents."""

from __future__ import annotations

import pytest

from tests.unit.telemetry.samples import columns, sysmon


@pytest.mark.parametrize("event_id", [17, 18])
def test_pipes(event_id: int) -> None:
    assert columns(sysmon(event_id, PipeName=r"\lsass")) == [
        {"ActionType": "NamedPipeEvent", "AdditionalFields": r'{"PipeName": "\\Device\\NamedPipe\\lsass"}'}
    ]
    assert columns(sysmon(event_id, PipeName="<Anonymous Pipe>")) == [
        {"ActionType": "NamedPipeEvent", "AdditionalFields": '{"PipeName": "<Anonymous Pipe>"}'}
    ]


def test_names() -> None:
    assert columns(sysmon(22, QueryName="Ä.example")) == [
        {"ActionType": "DnsQueryResponse", "AdditionalFields": '{"DnsQueryString": "Ä.example"}'}
    ]


BETWEEN = {
    "SourceImage": r"C:\W\A.exe",
    "SourceProcessId": 4,
    "SourceUser": r"A\b",
    "TargetImage": r"C:\Windows\System32\lsass.exe",
    "TargetProcessId": "8",
    "TargetUser": r"C\d",
}
STORED = {
    "FileName": "lsass.exe",
    "FolderPath": r"C:\Windows\System32\lsass.exe",
    "ProcessId": 8,
    "InitiatingProcessFileName": "A.exe",
    "InitiatingProcessFolderPath": r"c:\w\a.exe",
    "InitiatingProcessId": 4,
    "InitiatingProcessAccountDomain": "a",
    "InitiatingProcessAccountName": "b",
}


def test_threads() -> None:
    account = {"AccountDomain": "c", "AccountName": "d"}
    assert columns(sysmon(8, **BETWEEN)) == [{"ActionType": "CreateRemoteThreadApiCall", **STORED, **account}]


def test_handles() -> None:
    [row] = columns(sysmon(10, GrantedAccess="0x1010", **BETWEEN))
    assert row == {"ActionType": "OpenProcessApiCall", **STORED, "AdditionalFields": '{"DesiredAccess": 4112}'}
