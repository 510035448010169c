"""Exports of advanced hunting as CSV."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest

from sigma_xdr.telemetry import Record, Unreadable, csv_file, read_events
from sigma_xdr.telemetry.stored import StoredRow

HEADER = "Timestamp,DeviceName,ActionType,ProcessCommandLine,ProcessId\n"
TIME = "2024-01-01T00:00:00.0000000Z"


def read(path: Path, data: bytes | str) -> list[Any]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found: list[Any] = []
    for number, event in enumerate(read_events(path), 1):
        assert event.number == number
        match event:
            case StoredRow():
                found.append((event.table, event.columns.get("ProcessCommandLine")))
            case Unreadable():
                found.append(event.reason)
            case Record():
                found.append(event.event_id)
    return found


def row(command_line: str) -> str:
    return f"{TIME},host,ProcessCreated,{command_line},7\n"


def process(command_line: str) -> tuple[str, str]:
    return "DeviceProcessEvents", command_line


def test_formulas_quotes_line_breaks_and_nuls(tmp_path: Path) -> None:
    text = (
        HEADER
        + row("=cmd|' /C calc'!A0")
        + row('"say ""x"", then\r\n\r\ngo"')
        + row("a\0b")
        + row("\N{GREEK SMALL LETTER ALPHA}")
    )
    assert read(tmp_path / "export", codecs.BOM_UTF8 + text.replace(",7\n", ",7\r\n").encode()) == [
        process("=cmd|' /C calc'!A0"),
        process('say "x", then\r\n\r\ngo'),
        process("a\0b"),
        process("\N{GREEK SMALL LETTER ALPHA}"),
    ]


def test_columns_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "export"
    path.write_text(HEADER + row("x"))
    [stored] = read_events(path)
    assert isinstance(stored, StoredRow)
    assert (stored.file, stored.number, stored.table) == (str(path), 1, "DeviceProcessEvents")
    assert stored.columns == {
        "Timestamp": "2024-01-01T00:00:00Z",
        "DeviceName": "host",
        "ActionType": "ProcessCreated",
        "ProcessCommandLine": "x",
        "ProcessId": 7,
    }


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_utf_16(tmp_path: Path, delimiter: str) -> None:
    text = (HEADER + row("x")).replace(",", delimiter)
    assert read(tmp_path / "export", text.encode("utf-16")) == [process("x")]


def test_rows_that_do_not_fit_the_header(tmp_path: Path) -> None:
    text = HEADER + "a,b\n" + row("x") + row("y").replace("\n", ",more\n") + "\n" + row('"z"z') + row("x")
    assert read(tmp_path / "export", text) == [
        "the row has 2 values, the header 5 columns",
        process("x"),
        "the row has 6 values, the header 5 columns",
        "the row is no CSV: ',' expected after '\"'",
        process("x"),
    ]


def test_a_quote_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEADER + row("x") + row('"y') + row("z")
    assert read(tmp_path / "export", text) == [process("x"), "the row is no CSV: unexpected end of data"]
    monkeypatch.setattr(csv_file, "_LONGEST_VALUE", 50)
    assert read(tmp_path / "export", HEADER + row('"y') + row("z")) == [
        "the row is no CSV: field larger than field limit (50)"
    ]


def test_a_line_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "LONGEST", 100)
    assert read(tmp_path / "export", HEADER + row("x" * 101) + row("y")) == [
        "the line is longer than 100 bytes",
        process("y"),
    ]


def test_a_wrong_value_and_an_unknown_table(tmp_path: Path) -> None:
    text = HEADER + row("x").replace(",7", ",seven") + row("x").replace("ProcessCreated", "Other")
    assert read(tmp_path / "export", text) == [
        "the row is none of DeviceProcessEvents: ProcessId is a whole number of 64 bits (long), not 'seven'",
        "the row doesn't name its table: its columns and the ActionType 'Other' fit DeviceEvents or DeviceProcessEvents",
    ]


def test_a_column_names_the_table(tmp_path: Path) -> None:
    text = "$table,Timestamp,DeviceName\nDeviceFileEvents,2024-01-01,h\nDeviceEvents,2024-01-01,h\n"
    assert read(tmp_path / "export", text) == [("DeviceFileEvents", None), ("DeviceEvents", None)]


def test_a_column_that_is_there_twice(tmp_path: Path) -> None:
    text = HEADER.replace("DeviceName", "Timestamp") + row("x")
    assert read(tmp_path / "export", text) == ["the header names the column 'Timestamp' twice"]


def test_windows_events_in_csv(tmp_path: Path) -> None:
    assert read(tmp_path / "export", "EventID,Channel,Image\n1,Security,a\n") == [1]
    assert read(tmp_path / "export", HEADER) == []
