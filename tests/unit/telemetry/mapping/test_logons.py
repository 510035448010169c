"""Logons."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.telemetry.samples import columns, corpus_records, security


def test_a_logon() -> None:
    record = security(
        4624,
        LogonType="3",
        TargetUserName="Bob",
        TargetDomainName="SHIRE.COM",
        TargetUserSid="S-1-5-21-1",
        TargetLogonId="0x3e7",
        SubjectUserName="HOST-1$",
        SubjectDomainName="SHIRE",
        SubjectUserSid="S-1-5-18",
        AuthenticationPackageName="Kerberos",
        IpAddress="fe80:0:0:0:0:0:0:1",
        IpPort="49635",
        WorkstationName="IT001",
        ProcessName=r"C:\Windows\System32\svchost.exe",
        ProcessId="0xa08",
    )
    assert columns(record) == [
        {
            "ActionType": "LogonSuccess",
            "LogonType": "Network",
            "AccountDomain": "shire.com",
            "AccountName": "bob",
            "AccountSid": "S-1-5-21-1",
            "LogonId": 999,
            "Protocol": "Kerberos",
            "RemoteIP": "fe80::1",
            "RemotePort": 49635,
            "RemoteDeviceName": "IT001",
            "InitiatingProcessFileName": "svchost.exe",
            "InitiatingProcessFolderPath": r"c:\windows\system32\svchost.exe",
            "InitiatingProcessId": 2568,
            "InitiatingProcessAccountDomain": "shire",
            "InitiatingProcessAccountName": "host-1$",
            "InitiatingProcessAccountSid": "S-1-5-18",
        }
    ]


def test_a_logon_that_failed(corpus: Path) -> None:
    file = corpus / "splunk_attack_data" / "T1053.005_atomic_red_team_attack_data.jsonl.gz"
    assert columns(next(record for record in corpus_records(file) if record.event_id == 4625)) == [
        {
            "ActionType": "LogonFailed",
            "LogonType": "Network",
            "AccountName": "administrator",
            "AccountSid": "S-1-0-0",
            "Protocol": "NTLM",
            "RemoteIP": "203.192.247.66",
            "RemotePort": 51818,
            "InitiatingProcessAccountSid": "S-1-0-0",
        }
    ]


@pytest.mark.parametrize(
    ("number", "name"), [("2", "Interactive"), ("13", "CachedUnlock"), ("0", "Unknown"), ("-", None)]
)
def test_logon_types(number: str, name: str | None) -> None:
    assert columns(security(4624, LogonType=number))[0].get("LogonType") == name
