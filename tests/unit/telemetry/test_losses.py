"""What a record loses is computed from it."""

from __future__ import annotations

from pathlib import Path

from sigma_xdr.telemetry import LOSSES, Loss, losses_of
from sigma_xdr.telemetry.reductions import REDUCTIONS

from .samples import corpus_rows, sysmon


def test_a_records_losses() -> None:
    record = sysmon(
        1,
        Image=r"C:\x\a.exe",
        CommandLine=r"C:\x\a.exe -f",
        CurrentDirectory="C:\\",
        Company="-",
        Hashes="IMPHASH=00",
        UtcTime="2026-01-01T12:00:00Z",
        LogonId="0x3e7",
    )
    assert losses_of(record) == (
        Loss("lost-fields", "Channel", "Microsoft-Windows-Sysmon/Operational"),
        Loss("lost-fields", "Provider_Name", "Microsoft-Windows-Sysmon"),
        Loss("lost-fields", "CurrentDirectory", "C:\\"),
        Loss("argv0-directory", "CommandLine", r"C:\x\a.exe -f"),
        Loss("kinds-of-nothing", "Company", "-"),
        Loss("event-id", "EventID", "1"),
        Loss("spelling-of-numbers", "LogonId", "0x3e7"),
        Loss("hashes", "Hashes", "IMPHASH=00"),
        Loss("lower-case", "Computer", "Host-1"),
        Loss("lower-case", "ComputerName", "Host-1"),
        Loss("lower-case", "Hostname", "Host-1"),
        Loss("lower-case", "Hashes", "IMPHASH=00"),
    )


def test_a_record_that_a_row_says_whole() -> None:
    lossless = sysmon(17, Computer="host-1", UtcTime="2026-01-01T12:00:00Z", PipeName="x", Image=r"c:\a.exe")
    assert {(loss.code, loss.field) for loss in losses_of(lossless)} == {
        ("lost-fields", "Channel"),
        ("lost-fields", "Provider_Name"),
        ("event-id", "EventID"),
    }


def test_the_list_is_closed(corpus: Path) -> None:
    assert set(REDUCTIONS) < set(LOSSES)
    assert set(LOSSES) - set(REDUCTIONS) == {"no-row", "other-records", "keyword-text"}
    found = {loss.code for row in corpus_rows(corpus) for loss in row.losses}
    assert found < set(LOSSES)
    assert {"argv0-directory", "classes-hive", "size-of-integers", "hives", "own-host-name"} < found
