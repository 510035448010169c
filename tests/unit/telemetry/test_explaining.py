"""Why a rule says one thing of a record and another of its row."""

from __future__ import annotations

from typing import Any

import pytest

from sigma_xdr.evaluator import Matcher
from sigma_xdr.telemetry import Record, explains, map_records, record_event, row_event

from .samples import security, sysmon

PROCESS = sysmon(
    1,
    Image=r"C:\x\a.exe",
    CommandLine=r'"C:\x\a.exe" -f',
    ParentImage=r"C:\Y\b.exe",
    OriginalFileName="-",
    LogonId="0x3e7",
    IntegrityLevel="High",
    User="SYSTEM",
)


def reasons(record: Record, detection: Any, category: str = "process_creation", **extra: Any) -> tuple[str, ...] | None:
    """What explains that a rule says something else of a record than of its row."""
    source = (
        {"product": "windows", "category": category}
        if category != "security"
        else {"product": "windows", "service": category}
    )
    rule = {"title": "t", "logsource": source, "detection": {"s": detection, "condition": "s"}, **extra}
    matcher = Matcher(rule)
    event = record_event(record, source)
    assert event is not None
    views = [view for row in map_records([record]) if (view := row_event(row.table, row.columns, source))]
    verdict = any(map(matcher.matches, views))
    assert matcher.matches(event) is not verdict
    return explains(matcher.matches, record, source, verdict)


@pytest.mark.parametrize(
    ("detection", "losses"),
    [
        ({"CommandLine|contains": r"C:\x"}, ("argv0-directory",)),
        ({"OriginalFileName": "-"}, ("kinds-of-nothing",)),
        ({"OriginalFileName": None}, ("kinds-of-nothing",)),
        ({"OriginalFileName": ""}, ("kinds-of-nothing",)),
        ({"EventID": 4688}, ("event-id",)),
        ({"LogonId": "999"}, ("spelling-of-numbers",)),
        ({"IntegrityLevel": "S-1-16-12288"}, ("integrity-levels",)),
        ({"User|endswith": r"\SYSTEM"}, ("account-parts",)),
        ({"ParentImage|cased": r"C:\Y\b.exe"}, ("lower-case",)),
        (["Microsoft-Windows-Sysmon"], ("lost-fields",)),
        (["ProcessCreated"], ("keyword-text",)),
        ({"CommandLine|contains": r"C:\x", "OriginalFileName": "-"}, ("argv0-directory",)),
        ({"LogonId": "999", "EventID": 4688}, ("event-id", "spelling-of-numbers")),
    ],
)
def test_losses_of_a_process(detection: Any, losses: tuple[str, ...]) -> None:
    assert reasons(PROCESS, detection) == losses


@pytest.mark.parametrize(
    ("record", "category", "detection", "losses"),
    [
        (
            sysmon(13, TargetObject=r"HKCR\x\y"),
            "registry_set",
            {"TargetObject": r"HKLM\SOFTWARE\Classes\x\y"},
            ("classes-hive",),
        ),
        (
            sysmon(13, TargetObject=r"HKLM\System\CurrentControlSet\x\y"),
            "registry_set",
            {"TargetObject|contains": "ControlSet001"},
            ("current-control-set",),
        ),
        (
            sysmon(13, TargetObject=r"HKU\S-1-5-21-1\x\y"),
            "registry_set",
            {"TargetObject": r"HKCU\x\y"},
            ("hives",),
        ),
        (
            sysmon(13, TargetObject=r"HKLM\x\y", Details="QWORD (0x00000000-0x00000001)"),
            "registry_set",
            {"Details": "DWORD (0x00000001)"},
            ("size-of-integers",),
        ),
        (
            sysmon(3, SourceIp="0:0:0:0:0:0:0:1", Initiated="true"),
            "network_connection",
            {"SourceIp|startswith": "0:0"},
            ("spelling-of-addresses",),
        ),
        (
            sysmon(3, Initiated="true", SourceHostname="alias"),
            "network_connection",
            {"SourceHostname": "alias"},
            ("own-host-name",),
        ),
        (sysmon(7, Signed="false"), "image_load", {"Signed": "false"}, ("lost-fields",)),
        (sysmon(10, TargetImage=r"C:\x.exe"), "process_access", {"TargetImage|endswith": "x.exe"}, ("no-row",)),
        (security(4624, LogonType="0"), "security", {"LogonType": 0}, ("unknown-logon-type",)),
    ],
)
def test_losses(record: Record, category: str, detection: Any, losses: tuple[str, ...]) -> None:
    assert reasons(record, detection, category) == losses


def test_what_other_records_say() -> None:
    parent = sysmon(1, 1, ProcessGuid="{1}", Image=r"C:\a.exe", CommandLine="a.exe -f")
    record = sysmon(17, 2, ProcessGuid="{1}", Image=r"C:\a.exe", PipeName=r"\p")
    source = {"product": "windows", "category": "pipe_created"}
    rule = {"title": "t", "logsource": source, "detection": {"s": {"CommandLine|contains": "-f"}, "condition": "s"}}
    matches = Matcher(rule).matches
    [_, row] = map_records([parent, record])
    assert explains(matches, record, source, True, row) == ("other-records",)
    assert explains(matches, record, source, True) is None


def test_a_difference_that_no_loss_explains() -> None:
    source = {"product": "windows", "category": "process_creation"}
    assert explains(lambda event: False, PROCESS, source, True) is None
    assert explains(lambda event: True, PROCESS, source, False) is None
    assert explains(lambda event: True, PROCESS, {"product": "windows", "category": "image_load"}, True) is None
