from __future__ import annotations

import json
from pathlib import Path

import pytest

from sigma_xdr.telemetry import Record, Unreadable, evtx_file, read_events

SAMPLE = "evtx_attack_samples/LM_wmiexec_impacket_sysmon_whoami.evtx"


def test_the_records_of_a_file(corpus: Path) -> None:
    with (corpus / SAMPLE).open("rb") as file:
        found = list(evtx_file.evtx_documents(file))
    assert all(is_record for _, is_record in found)
    assert [json.loads(text)["Event"]["System"]["EventID"] for text, _ in found][:3] == [3, 1, 1]


def test_a_file_on_which_the_parser_hangs(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evtx_file, "PATIENCE", 2.0)
    data = bytearray((corpus / "sigma_regression/51cbac1e-eee3-4a90-b1b7-358efb81fa0a.evtx").read_bytes())
    data[5770] = 1
    path = tmp_path / "damaged.evtx"
    path.write_bytes(data)
    *records, last = read_events(path)
    assert all(isinstance(record, Record) for record in records)
    assert last == Unreadable(
        str(path), len(records) + 1, "the file is damaged: its next record takes more than 2 seconds"
    )


def test_a_reader_that_stops_early_leaves_no_process(corpus: Path) -> None:
    events = read_events(corpus / SAMPLE)
    assert isinstance(next(events), Record)
    events.close()  # type: ignore[attr-defined]


def test_what_is_no_evtx_behind_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "cut.evtx"
    path.write_bytes(b"ElfFile\0" + b"\0" * 100)
    [only] = read_events(path)
    assert isinstance(only, Unreadable)
    assert only.reason.startswith("the EVTX file can't be read: ")
