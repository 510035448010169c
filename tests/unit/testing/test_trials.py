"""A case's rows: defaults, types, records; and each mistake with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.errors import render_all
from sigma_xdr.testing.case_files import read_case_file
from sigma_xdr.testing.trials import CaseError, Trial, trials_of

PROCESSES = {"DeviceProcessEvents": ("ProcessCreated",)}
EVENTS = {"DeviceEvents": ("NamedPipeEvent", "DnsQueryResponse")}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trials(case: str, tables: dict[str, tuple[str, ...]] = PROCESSES, first: int = 0) -> tuple[Trial, ...]:
    """The trials of a case, of which the YAML under its name and expectation is given."""
    text = "".join(f"      {line}\n" for line in case.splitlines())
    Path("t.yml").write_text(f"cases:\n    - name: a case\n      expect: match\n{text}", encoding="utf-8")
    file, problems = read_case_file(Path("t.yml"))
    assert problems == []
    assert file is not None
    return trials_of(file.cases[0], file, tables, first)


def columns(case: str, tables: dict[str, tuple[str, ...]] = PROCESSES, first: int = 0) -> dict[str, Any]:
    [trial] = trials(case, tables, first)
    [row] = trial.rows
    return dict(row.columns)


def problems(case: str, tables: dict[str, tuple[str, ...]] = PROCESSES) -> str:
    with pytest.raises(CaseError) as error:
        trials(case, tables)
    return render_all(error.value.diagnostics)


def test_the_defaults_of_a_row() -> None:
    assert columns("event: {}", first=7) == {
        "ActionType": "ProcessCreated",
        "Timestamp": datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC),
        "DeviceId": "device-1",
        "ReportId": 7,
    }


def test_a_file_name_makes_its_path_and_a_path_its_name() -> None:
    assert columns("event: {FileName: a.exe}")["FolderPath"] == "C:\\Windows\\System32\\a.exe"
    assert columns("event: {FolderPath: 'D:\\x\\b.exe'}")["FileName"] == "b.exe"
    both = columns("event: {FolderPath: 'D:\\x\\B.exe', FileName: b.EXE}")
    assert (both["FolderPath"], both["FileName"]) == ("D:\\x\\B.exe", "b.EXE")
    directory = columns("event: {FolderPath: 'D:\\x', FileName: b.exe}", EVENTS)
    assert (directory["FolderPath"], directory["FileName"]) == ("D:\\x", "b.exe")


def test_an_initiating_process_has_a_path_unless_it_is_said_to_have_none() -> None:
    name = "InitiatingProcessFileName: WINWORD.EXE"
    row = columns(f"event: {{{name}}}")
    assert row["InitiatingProcessFolderPath"] == "c:\\windows\\system32\\winword.exe"
    assert columns(f"event: {{{name}, InitiatingProcessFolderPath: ''}}")["InitiatingProcessFolderPath"] == ""


def test_values_of_every_type() -> None:
    row = columns(
        "event: {ActionType: DnsQueryResponse, AdditionalFields: {DnsQueryString: a.b}, ProcessId: 7, LocalPort: null, "
        "Timestamp: 2026-02-01T10:00:00+02:00, IsProcessRemoteSession: true, DeviceId: d, ReportId: 9}",
        EVENTS,
    )
    assert row == {
        "ActionType": "DnsQueryResponse",
        "AdditionalFields": '{"DnsQueryString": "a.b"}',
        "ProcessId": 7,
        "Timestamp": datetime(2026, 2, 1, 8, tzinfo=UTC),
        "IsProcessRemoteSession": True,
        "DeviceId": "d",
        "ReportId": 9,
    }


def test_each_is_a_trial_for_each_value() -> None:
    found = trials("event: {ProcessCommandLine: x}\neach: {FileName: [a.exe, b.exe], ProcessId: [1, 2]}", first=3)
    assert [trial.label for trial in found] == ["FileName: a.exe, ProcessId: 1", "FileName: b.exe, ProcessId: 2"]
    shown = [
        (row.columns["FileName"], row.columns["ProcessId"], row.columns["ProcessCommandLine"], row.columns["ReportId"])
        for trial in found
        for row in trial.rows
    ]
    assert shown == [("a.exe", 1, "x", 3), ("b.exe", 2, "x", 4)]


def test_the_rows_of_a_correlation_are_of_the_tables_that_it_reads() -> None:
    both = {**PROCESSES, **EVENTS}
    [trial] = trials("events: [{FileName: a.exe}, {table: DeviceEvents, DeviceId: d2}]", both)
    assert [(row.table, row.columns["ActionType"], row.columns["DeviceId"]) for row in trial.rows] == [
        ("DeviceProcessEvents", "ProcessCreated", "device-1"),
        ("DeviceEvents", "NamedPipeEvent", "d2"),
    ]
    assert problems("event: {}", both) == (
        "t.yml:4:7: error[test-case]: a correlation needs several rows\n"
        "   4 |       event: {}\n"
        "     |       ^^^^^\n"
        "      = write them as a list under events"
    )
    assert problems("events: [{table: DeviceInfo}]", both) == (
        "t.yml:4:17: error[test-case]: the correlation reads no table 'DeviceInfo'\n"
        "   4 |       events: [{table: DeviceInfo}]\n"
        "     |                 ^^^^^\n"
        "      = it reads DeviceProcessEvents and DeviceEvents"
    )


def test_a_record_is_tried_in_both_conventions_of_paths() -> None:
    sysmon = "Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Computer: WS01"
    found = trials(f"raw: {{{sysmon}, Image: 'C:\\x\\a.exe', ParentImage: 'C:\\Y\\B.exe'}}", first=5)
    assert [trial.label for trial in found] == ["whole paths", "directories alone"]
    assert [
        (row.columns["InitiatingProcessFolderPath"], row.columns["FolderPath"], row.columns["ReportId"])
        for trial in found
        for row in trial.rows
    ] == [("c:\\y\\b.exe", "C:\\x\\a.exe", 5), ("c:\\y", "C:\\x\\a.exe", 6)]
    assert [record.fields["Image"] for trial in found for record in trial.records] == 2 * ["C:\\x\\a.exe"]


def test_what_no_row_is_made_of() -> None:
    assert problems("raw: {Channel: Security, EventID: 4658}") == (
        "t.yml:4:7: error[test-case]: the record becomes no row: Security 4658 has no Defender table\n"
        "   4 |       raw: {Channel: Security, EventID: 4658}\n"
        "     |       ^^^\n"
        "      = use a record that Defender shows, or write the row under event"
    )
    other = "raw: {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 11, Image: a.exe, TargetFilename: 'C:\\a'}"
    assert "the record becomes a row of DeviceFileEvents, the rule reads DeviceProcessEvents" in problems(other)
    assert "error[test-case]: the record is no Windows event: it has no EventID" in problems("raw: [{a: b}]")


def test_every_wrong_column_of_a_case_is_shown() -> None:
    case = "event: {filename: a.exe, Nothing: 1, ProcessCommandLine: 5, ProcessId: x, Timestamp: now, FolderPath: [a]}"
    mark = 6 * " "
    assert problems(case) == (
        "t.yml:4:15: error[test-case]: 'filename' is no column of DeviceProcessEvents\n"
        f"   4 | {mark}{case}\n"
        f"     | {mark}        ^^^^^^^^\n"
        "      = did you mean FileName?\n"
        "\n"
        "t.yml:4:32: error[test-case]: 'Nothing' is no column of DeviceProcessEvents\n"
        f"   4 | {mark}{case}\n"
        f"     | {mark}                         ^^^^^^^\n"
        "\n"
        "t.yml:4:44: error[test-case]: 'ProcessCommandLine' is a string, not the number 5\n"
        f"   4 | {mark}{case}\n"
        f"     | {mark}                                     ^^^^^^^^^^^^^^^^^^\n"
        "      = quote it: '5'\n"
        "\n"
        "t.yml:4:67: error[test-case]: 'ProcessId' is a long, not the text 'x'\n"
        f"   4 | {mark}{case}\n"
        f"     | {mark}                                                            ^^^^^^^^^\n"
        "      = leave the quotes out\n"
        "\n"
        "t.yml:4:81: error[test-case]: 'Timestamp' is a datetime, not the text 'now'\n"
        f"   4 | {mark}{case}\n"
        f"     | {mark}                                                                          ^^^^^^^^^\n"
        "      = write it as 2026-01-31T12:00:00Z\n"
        "\n"
        "t.yml:4:97: error[test-case]: 'FolderPath' is a string, not a list\n"
        f"   4 | {mark}{case}\n"
        f"     | {mark}                                                                                          ^^^^^^^^^^"
    )


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("event: text", "an event is a mapping of columns to values"),
        ("events: {}", "'events' is a list of rows"),
        ("event: {ProcessId: 9223372036854775808}", "'ProcessId' is a long, not the number 9223372036854775808"),
        ("event: {ProcessId: true}", "'ProcessId' is a long, not true"),
        ("event: {FileName: a.exe, FolderPath: 'C:\\b.exe'}", "FolderPath ends in 'b.exe', FileName is 'a.exe'"),
        ("event: {}\neach: {FileNames: [a]}", "'FileNames' is no column of DeviceProcessEvents"),
        ("event: {}\neach: {FileName: [a, 5]}", "'FileName' is a string, not the number 5"),
        ("events: [{table: [a]}]", "the correlation reads no table '['a']'"),
        (
            "event: {Timestamp: '0001-01-01T00:00:00+14:00'}",
            "'Timestamp' is a datetime, not the text '0001-01-01T00:00:00+14:00'",
        ),
        ("raw: text", "a Windows record is a mapping of fields to values"),
        ("raw: [5]", "a Windows record is a mapping of fields to values"),
    ],
)
def test_other_mistakes(case: str, message: str) -> None:
    assert f"error[test-case]: {message}\n" in problems(case) + "\n"


def test_text_of_a_megabyte_and_characters_that_no_text_has() -> None:
    assert columns(f"event: {{ProcessCommandLine: {'a' * 900_000}}}")["ProcessCommandLine"] == "a" * 900_000
    assert columns('event: {ProcessCommandLine: "a\\0b"}')["ProcessCommandLine"] == "a\0b"


def test_additional_fields_hold_text_as_it_is() -> None:
    row = columns("event: {AdditionalFields: {PipeName: 'é'}}")
    assert row["AdditionalFields"] == '{"PipeName": "é"}'
