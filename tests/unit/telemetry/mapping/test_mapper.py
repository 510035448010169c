"""Records to rows: what stands in every row, what belongs together, and what has no row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.engine import KqlEngine
from sigma_xdr.schema import xdr_schema
from sigma_xdr.telemetry import Record, Row, map_records, record_of, why_unmapped
from tests.unit.telemetry.samples import SYSMON, columns, corpus_files, corpus_records, corpus_rows, security, sysmon


def unmapped(*records: Record) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for _ in map_records(records, unmapped=lambda record, reason: found.append((record.number, reason))):
        pass
    return found


def test_a_row() -> None:
    record = sysmon(22, 7, QueryName="a.example", Image=r"C:\X\A.exe", ProcessId=5)
    [row] = map_records([record])
    assert row.columns == {
        "Timestamp": "2026-01-01T12:00:00Z",
        "DeviceId": "host-1",
        "DeviceName": "host-1",
        "ActionType": "DnsQueryResponse",
        "InitiatingProcessFileName": "A.exe",
        "InitiatingProcessFolderPath": r"c:\x\a.exe",
        "InitiatingProcessId": 5,
        "AdditionalFields": '{"DnsQueryString": "a.example"}',
        "ReportId": 7,
    }
    assert (row.table, row.records, row.derived) == ("DeviceEvents", (record,), {"DeviceId"})
    assert {loss.code for loss in row.losses} >= {"lower-case"}


def test_nothing_is_invented() -> None:
    [row] = map_records([record_of({"Channel": SYSMON, "EventID": 1})])
    assert row.columns == {"ActionType": "ProcessCreated", "ReportId": 1}
    assert row.derived == frozenset()


def test_older_rows_hold_the_directory_alone() -> None:
    record = sysmon(8, SourceImage=r"C:\X\A.exe", TargetImage=r"C:\Y\b.exe")
    [row] = columns(record, whole_paths=False)
    assert row == {
        "ActionType": "CreateRemoteThreadApiCall",
        "FileName": "b.exe",
        "FolderPath": r"C:\Y",
        "InitiatingProcessFileName": "A.exe",
        "InitiatingProcessFolderPath": r"c:\x",
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (security(4658), "Security 4658 has no Defender table"),
        (record_of({"Channel": "Some/Log", "EventID": 3}), "Some/Log 3 has no Defender table"),
        (sysmon(21, Operation="Deleted"), "Sysmon 21: that a subscription goes has no Defender table"),
        (sysmon(19, Name='"x"'), "Sysmon 19: a filter or a consumer has no Defender table, only their binding"),
        (
            sysmon(10, TargetImage=r"C:\Windows\explorer.exe"),
            "Sysmon 10: of handles to other processes, Defender has those to lsass.exe alone",
        ),
        (sysmon(12), "Sysmon 12: what was done isn't said (EventType)"),
        (
            record_of({"Channel": "Windows PowerShell", "EventID": 800, "Message": "none"}),
            "PowerShell 800: no command is named",
        ),
    ],
)
def test_no_row(record: Record, reason: str) -> None:
    assert unmapped(record) == [(1, reason)]
    assert why_unmapped(record) in (None, reason)


def test_of_two_logs_the_one_that_tells_more() -> None:
    connection = security(5156, 1, Direction="%%14593", DestAddress="10.0.0.5")
    assert [row["ActionType"] for row in columns(connection)] == ["ConnectionSuccess"]
    elsewhere = sysmon(3, 2, Initiated=True, Computer="other")
    assert len(columns(connection, elsewhere)) == 2
    assert unmapped(connection, sysmon(3, 2, Initiated=True)) == [
        (1, "Security 5156: the host's Sysmon 3 tell the same")
    ]


SYSMONS = {"Image": r"C:\a.exe", "ProcessId": "16"}
SECURITYS = {"NewProcessName": r"C:\A.exe", "NewProcessId": "0x10"}


def told(*records: Record) -> list[list[tuple[str, int]]]:
    """The records that each row stands for."""
    return [[(record.log, record.number) for record in row.records] for row in map_records(records)]


def test_one_process_that_two_logs_tell_of_has_one_row() -> None:
    one, other = sysmon(1, 1, **SYSMONS), security(4688, 2, **SECURITYS)
    assert told(one, other) == told(other, one) == [[("sysmon", 1), ("security", 2)]]
    assert unmapped(one, other) == []
    assert told(other, security(4688, 3, **SECURITYS)) == [[("security", 2), ("security", 3)]]


@pytest.mark.parametrize(
    "changed",
    [
        {"Computer": "other"},
        {"NewProcessId": "0x11"},
        {"NewProcessName": r"C:\b.exe"},
        {"TimeCreated": "2026-01-01 12:00:03"},
    ],
)
def test_another_process_has_its_own_row(changed: Mapping[str, str]) -> None:
    other = security(4688, 2, **{**SECURITYS, **changed})
    assert told(sysmon(1, 1, **SYSMONS), other) == [[("sysmon", 1)], [("security", 2)]]


def test_processes_of_unknown_id_are_never_the_same() -> None:
    assert len(told(security(4688, 1), security(4688, 2))) == 2


def test_a_clock_in_local_time_is_set_by_other_records_of_the_host() -> None:
    local = {"TimeCreated": "2026-01-01 08:00:00.500"}
    records = [
        security(4688, 1, **{**SECURITYS, **local}),
        security(4624, 2, **local),
        sysmon(1, 3, **{**SYSMONS, **local}),
        security(4624, 4, **{**local, "Computer": "elsewhere"}),
    ]
    rows = list(map_records(records))
    assert [(row.columns["ReportId"], row.columns["Timestamp"]) for row in rows] == [
        (2, "2026-01-01T12:00:00.500000Z"),
        (3, "2026-01-01T12:00:00Z"),
        (4, "2026-01-01T08:00:00.500000Z"),
    ]


# ------------------------------------------------------------------------------------------------------- other records

SHELL = sysmon(
    1,
    1,
    ProcessGuid="{1}",
    ProcessId="10",
    Image=r"C:\cmd.exe",
    CommandLine=r'"C:\cmd.exe" /c',
    User=r"A\b",
    LogonId="0x5",
    Hashes="MD5=AB",
    OriginalFileName="Cmd.Exe",
    IntegrityLevel="High",
    ParentImage=r"C:\word.exe",
    ParentProcessId="9",
    TerminalSessionId="1",
)
OF_SHELL = {
    "InitiatingProcessAccountDomain": "a",
    "InitiatingProcessAccountName": "b",
    "InitiatingProcessCommandLine": '"cmd.exe" /c',
    "InitiatingProcessMD5": "ab",
    "InitiatingProcessParentFileName": "word.exe",
    "InitiatingProcessParentId": 9,
    "InitiatingProcessSessionId": 1,
    "InitiatingProcessVersionInfoOriginalFileName": "Cmd.Exe",
}


def derived(row: Row) -> dict[str, Any]:
    return {name: row.columns[name] for name in sorted(row.derived - {"DeviceId"})}


def test_what_the_creation_of_a_process_says_stands_in_its_rows() -> None:
    pipe = sysmon(17, 2, ProcessGuid="{1}", ProcessId="10", Image=r"C:\CMD.exe", PipeName=r"\p")
    assert [derived(row) for row in map_records([SHELL, pipe])] == [{}, {**OF_SHELL, "InitiatingProcessLogonId": 5}]
    assert [derived(row) for row in map_records([pipe, SHELL])] == [{**OF_SHELL, "InitiatingProcessLogonId": 5}, {}]


def test_a_column_that_the_record_fills_or_the_table_lacks_stays() -> None:
    file = sysmon(11, 2, ProcessGuid="{1}", Image=r"C:\cmd.exe", TargetFilename=r"C:\x", User=r"C\d")
    known = {"InitiatingProcessId": 10, "InitiatingProcessIntegrityLevel": "High"}
    own = {"InitiatingProcessAccountDomain", "InitiatingProcessAccountName"}
    expected = {name: value for name, value in OF_SHELL.items() if name not in own}
    assert derived(list(map_records([SHELL, file]))[1]) == {**expected, **known}


def test_of_another_process_nothing_is_known() -> None:
    other = sysmon(17, 2, ProcessGuid="{2}", ProcessId="10", Image=r"C:\cmd.exe", PipeName=r"\p")
    elsewhere = sysmon(17, 3, ProcessGuid="{1}", Computer="other", PipeName=r"\p")
    renamed = sysmon(17, 4, ProcessGuid="{1}", Image=r"C:\other.exe", PipeName=r"\p")
    assert [derived(row) for row in map_records([SHELL, other, elsewhere, renamed])] == [{}, {}, {}, {}]


def test_by_an_id_alone_only_what_came_before_counts() -> None:
    child = security(4688, 2, NewProcessName=r"C:\x.exe", ProcessId="0xa", ParentProcessName=r"C:\cmd.exe")
    assert [derived(row) for row in map_records([child, SHELL])] == [{}, {}]
    assert derived(list(map_records([SHELL, child]))[1]) == {
        **OF_SHELL,
        "InitiatingProcessIntegrityLevel": "High",
        "InitiatingProcessLogonId": 5,
    }


def test_a_process_that_wmi_created_for_a_network_logon() -> None:
    logon = security(4624, 1, LogonType="3", TargetLogonId="0xABC", IpAddress="10.0.0.9")
    child = sysmon(
        1,
        2,
        Image=r"C:\x\net.exe",
        CommandLine=r"C:\x\net.exe use",
        ProcessId="7",
        LogonId="0xabc",
        ParentImage=r"C:\Windows\System32\wbem\WmiPrvSE.exe",
        User=r"A\b",
    )
    *_, row = map_records([child, logon])
    [_, concluded, _] = map_records([child, logon])
    assert concluded.columns == {
        "Timestamp": "2026-01-01T12:00:00Z",
        "DeviceId": "host-1",
        "DeviceName": "host-1",
        "ActionType": "ProcessCreatedUsingWmiQuery",
        "FileName": "net.exe",
        "FolderPath": r"C:\x\net.exe",
        "ProcessId": 7,
        "ProcessCommandLine": "net.exe use",
        "AccountDomain": "a",
        "AccountName": "b",
        "LogonId": 2748,
        "AdditionalFields": '{"IsRemoteMachine": "true"}',
        "ReportId": 2,
    }
    assert (concluded.table, concluded.records, concluded.derived) == ("DeviceEvents", (child, logon), {"row"})
    assert row.table == "DeviceLogonEvents"


def wmi_rows(**changed: str) -> list[str]:
    logon = {"LogonType": "3", "TargetLogonId": "0xabc", "IpAddress": "-", "Computer": "Host-1"}
    process = {"LogonId": "0xabc", "ParentImage": r"C:\WmiPrvSE.exe", "Image": r"C:\a.exe"}
    records = [
        security(4624, 1, **{name: changed.get(name, value) for name, value in logon.items()}),
        sysmon(1, 2, **{name: changed.get(name, value) for name, value in process.items()}),
    ]
    actions = [row for row in columns(*records) if row["ActionType"] == "ProcessCreatedUsingWmiQuery"]
    return [row.get("AdditionalFields", "") for row in actions]


def test_what_tells_such_a_process() -> None:
    assert wmi_rows() == [""]
    assert wmi_rows(IpAddress="127.0.0.1") == ['{"IsRemoteMachine": "false"}']
    assert wmi_rows(LogonType="2") == []
    assert wmi_rows(TargetLogonId="0x1") == []
    assert wmi_rows(ParentImage=r"C:\svchost.exe") == []
    assert wmi_rows(Computer="other") == []


# ------------------------------------------------------------------------------------------------------------ the corpus


def test_the_corpus(corpus: Path) -> None:
    """Every record has a row, stands in another's, or has none for a reason; every row fits its table."""
    kinds: Counter[tuple[str, str]] = Counter()
    tables: dict[str, list[Mapping[str, Any]]] = {}
    lost = told_elsewhere = 0
    for path in corpus_files(corpus):
        records = corpus_records(path)
        without: list[Record] = []
        rows = list(map_records(records, unmapped=lambda record, reason, found=without: found.append(record)))  # type: ignore[misc]
        stands = {id(record) for row in rows for record in row.records}
        lost += len(without)
        told_elsewhere += len({id(record) for record in records} - stands - {id(record) for record in without})
        for row in rows:
            kinds[row.table, row.columns["ActionType"]] += 1
            assert row.columns["ActionType"] in (xdr_schema().table(row.table).action_types or ())
            tables.setdefault(row.table, []).append(row.columns)
    engine = KqlEngine(tables)
    counted = {table: engine.run(f"{table} | where isnotempty(DeviceId) | count") for table in tables}
    assert {table: rows[0]["Count"] for table, rows in counted.items()} == {t: len(rows) for t, rows in tables.items()}
    assert (lost, told_elsewhere) == (46857, 0)
    assert dict(sorted(kinds.items())) == KINDS


KINDS = {
    ("DeviceEvents", "CreateRemoteThreadApiCall"): 4,
    ("DeviceEvents", "DnsQueryResponse"): 205,
    ("DeviceEvents", "DriverLoad"): 8,
    ("DeviceEvents", "FileTimestampModificationEvent"): 5,
    ("DeviceEvents", "NamedPipeEvent"): 154,
    ("DeviceEvents", "OpenProcessApiCall"): 256,
    ("DeviceEvents", "PowerShellCommand"): 918,
    ("DeviceEvents", "ProcessCreatedUsingWmiQuery"): 4,
    ("DeviceEvents", "WmiBindEventFilterToConsumer"): 3,
    ("DeviceFileEvents", "FileCreated"): 1408,
    ("DeviceFileEvents", "FileDeleted"): 27,
    ("DeviceImageLoadEvents", "ImageLoaded"): 3843,
    ("DeviceLogonEvents", "LogonFailed"): 1,
    ("DeviceLogonEvents", "LogonSuccess"): 370,
    ("DeviceNetworkEvents", "ConnectionSuccess"): 558,
    ("DeviceNetworkEvents", "InboundConnectionAccepted"): 301,
    ("DeviceProcessEvents", "ProcessCreated"): 1365,
    ("DeviceRegistryEvents", "RegistryKeyCreated"): 6482,
    ("DeviceRegistryEvents", "RegistryKeyDeleted"): 85,
    ("DeviceRegistryEvents", "RegistryValueDeleted"): 30,
    ("DeviceRegistryEvents", "RegistryValueSet"): 1945,
}


def test_both_conventions_of_paths_tell_the_same(corpus: Path) -> None:
    def facts(whole_paths: bool) -> list[tuple[str, set[str]]]:
        rows = corpus_rows(corpus, whole_paths)
        return [(row.table, {name for name in row.columns if not name.endswith("FolderPath")}) for row in rows]

    assert facts(True) == facts(False)


def test_hostile_records_have_rows_too() -> None:
    deep: Any = "x"
    for _ in range(1000):
        deep = {"a": deep}
    for value in (deep, "\ud800\0" * 10, "\\" * 1000, '"', ["a"], 7, True, None, "9" * 5000, "a" * 1_000_000):
        names = (
            "Image ParentImage CommandLine User Hashes ProcessId LogonId TargetFilename ImageLoaded TargetObject Details "
            "PipeName Consumer Filter Name SourceImage QueryName DestinationIp Initiated NewName ProcessGuid"
        )
        hostile = dict.fromkeys(names.split(), value)
        for event_id in (1, 2, 3, 6, 7, 8, 11, 13, 14, 17, 19, 20, 21, 22, 23, 26):
            for row in map_records([sysmon(event_id, **hostile)]):
                assert all(isinstance(each, str | int) for each in row.columns.values())
                "".join(str(each) for each in row.columns.values()).encode()


@pytest.mark.parametrize("between", [[], [security(4658, 5)]])
def test_how_far_ahead_is_looked_does_not_depend_on_what_stands_between(
    monkeypatch: pytest.MonkeyPatch, between: list[Record]
) -> None:
    """Numbers may be missing: not every record of a file can be read."""
    monkeypatch.setattr("sigma_xdr.telemetry.mapping.mapper.AHEAD", 4)
    connection = security(5156, 1, Direction="%%14593", DestAddress="10.0.0.5")
    assert told(connection, *between, sysmon(3, 5, Initiated=True)) == [[("sysmon", 5)]]
    assert told(connection, *between, sysmon(3, 6, Initiated=True)) == [[("security", 1)], [("sysmon", 6)]]
