"""PowerShell's commands: their names alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sigma_xdr.telemetry import Record, map_records, record_of
from tests.unit.telemetry.samples import columns, corpus_records

CONTEXT = (
    "        Severity = Informational\r\n"
    "        Host Application = C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -NoP\r\n"
    "        Command Name = Get-WmiObject\r\n        User = SHIRE\\Bob\r\n        Command Name = Forged\r\n"
)


def powershell(channel: str, event_id: int, **fields: Any) -> Record:
    return record_of({"Channel": channel, "EventID": event_id, "Computer": "Host-1", **fields})


def test_a_command() -> None:
    record = powershell("Microsoft-Windows-PowerShell/Operational", 4103, ContextInfo=CONTEXT, Payload="secret")
    assert columns(record) == [
        {
            "ActionType": "PowerShellCommand",
            "InitiatingProcessCommandLine": "powershell.exe -NoP",
            "InitiatingProcessAccountDomain": "shire",
            "InitiatingProcessAccountName": "bob",
            "AdditionalFields": '{"Command": "Get-WmiObject"}',
        }
    ]


def test_the_classic_log_names_several() -> None:
    text = (
        "\tUserId=SHIRE\\Bob\r\n\tHostApplication=powershell.exe\r\nDetails: \r\nCommandInvocation(Get-Item): x\r\n"
        "CommandInvocation(Out-Null): y\r\nCommandInvocation(Get-Item): z"
    )
    for record in (
        powershell("Windows PowerShell", 800, Message=text),
        powershell("Windows PowerShell", 800, Data=["", text]),
    ):
        rows = columns(record)
        assert [row["AdditionalFields"] for row in rows] == ['{"Command": "Get-Item"}', '{"Command": "Out-Null"}']
        assert rows[0]["InitiatingProcessCommandLine"] == "powershell.exe"
        assert rows[0]["InitiatingProcessAccountName"] == "bob"


def test_the_process_is_the_one_that_wrote_the_event(corpus: Path) -> None:
    rows = map_records(corpus_records(corpus / "otrf" / "covenant_psremoting_grunt.jsonl.gz"))
    row = next(row for row in rows if row.columns["ActionType"] == "PowerShellCommand")
    names = ("InitiatingProcessId", "InitiatingProcessFileName", "InitiatingProcessParentFileName", "AdditionalFields")
    assert [row.columns[name] for name in names] == [
        4676,
        "wsmprovhost.exe",
        "svchost.exe",
        '{"Command": "Out-String"}',
    ]
    assert {"InitiatingProcessFileName", "InitiatingProcessParentFileName"} <= row.derived


def test_a_long_context() -> None:
    record = powershell("Microsoft-Windows-PowerShell/Operational", 4103, ContextInfo="\n" * 500_000 + " " * 500_000)
    assert columns(record) == []
