"""Files of events: what they are is told by what is in them."""

from __future__ import annotations

import codecs
import gzip
import json
from pathlib import Path

import pytest

from sigma_xdr.errors import UsageError
from sigma_xdr.telemetry import Record, Unreadable, json_file, packed, read_events

from .samples import SYSMON, corpus_files

EVENTS = [{"Channel": SYSMON, "EventID": event_id, "Image": f"{event_id}.exe"} for event_id in (1, 5, 11)]
LINES = "".join(f"{json.dumps(event)}\n" for event in EVENTS)


def read(path: Path) -> list[tuple[int, str]]:
    """Each record's number, and its image or why it can't be read."""
    found = []
    for record in read_events(path):
        assert record.file == str(path)
        found.append((record.number, record.reason if isinstance(record, Unreadable) else record.text("Image")))
    return found


ALL = [(1, "1.exe"), (2, "5.exe"), (3, "11.exe")]


@pytest.mark.parametrize(
    "data",
    [
        LINES.encode(),
        LINES.replace("\n", "\r\n\r\n").encode(),
        LINES.rstrip().encode(),
        codecs.BOM_UTF8 + LINES.encode(),
        LINES.encode("utf-16"),
        json.dumps(EVENTS).encode(),
        json.dumps(EVENTS, indent=2).encode(),
        "\n".join(json.dumps(event, indent=2) for event in EVENTS).encode(),
    ],
)
def test_json(tmp_path: Path, data: bytes) -> None:
    plain, packed = tmp_path / "events", tmp_path / "packed"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    assert read(plain) == ALL
    assert read(packed) == ALL


def test_one_document(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(EVENTS[0]))
    assert read(path) == ALL[:1]
    path.write_text(json.dumps(EVENTS[0], indent=1))
    assert read(path) == ALL[:1]
    path.write_bytes(b"")
    assert read(path) == []


def test_what_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    one, two, three = LINES.encode().splitlines()
    deep = b'{"a":' * 100_000
    lines = [
        one,
        b"{broken",
        b"[1]",
        b'{"EventID": 1}',
        deep,
        two,
        b'{"Channel": "\xff", "EventID": 9}',
        b"\0\0",
        three,
    ]
    path.write_bytes(b"\n".join(lines))
    assert read(path) == [
        (1, "1.exe"),
        (2, "the record is no JSON: Expecting property name enclosed in double quotes"),
        (3, "the record is no JSON object"),
        (4, "the record is no Windows event: it has no Channel"),
        (5, "the JSON nests too deep"),
        (6, "5.exe"),
        (7, ""),
        (8, "11.exe"),
    ]


def test_a_broken_array_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps(EVENTS)[:-5])
    assert read(path) == [*ALL[:2], (3, "the record is no JSON: Unterminated string starting at")]


def test_a_broken_first_line_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("{broken\n" + LINES)
    assert [number for number, _ in read(path)] == [1, 2, 3, 4]
    assert read(path)[1:] == [(number + 1, image) for number, image in ALL]


def test_evtx_packed_or_not(tmp_path: Path, corpus: Path) -> None:
    path = corpus / "evtx_attack_samples" / "exec_wmic_xsl_internet_sysmon_3_1_11.evtx"
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    plain = [(record.number, dict(record.fields)) for record in read_events(path) if isinstance(record, Record)]
    assert len(plain) == 8
    assert [
        (record.number, dict(record.fields)) for record in read_events(packed) if isinstance(record, Record)
    ] == plain


def test_a_damaged_evtx_file(tmp_path: Path, corpus: Path) -> None:
    data = bytearray((corpus / "evtx_attack_samples" / "PanacheSysmon_vs_AtomicRedTeam01.evtx").read_bytes())
    path = tmp_path / "damaged.evtx"
    data[70_000:70_600] = b"\xff" * 600
    path.write_bytes(data)
    records = list(read_events(path))
    assert 400 < sum(isinstance(record, Record) for record in records) < 565
    assert any(isinstance(record, Unreadable) for record in records)
    path.write_bytes(data[:100])
    [broken] = read_events(path)
    assert isinstance(broken, Unreadable)
    assert broken.reason.startswith("the EVTX file can't be read: ")


def test_a_damaged_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "events.gz"
    path.write_bytes(gzip.compress(LINES.encode())[:-8])
    *records, broken = read(path)
    assert records == ALL
    assert broken[1].startswith("the compressed file is damaged: ")
    path.write_bytes(gzip.compress(gzip.compress(LINES.encode())))
    assert read(path) == [(1, "the file is compressed twice")]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        list(read_events(tmp_path / "none"))
    assert str(refusal.value) == (
        f"error[unreadable-file]: {tmp_path / 'none'} can't be read: No such file or directory"
    )


def test_the_corpus_is_read_whole(corpus: Path) -> None:
    counts = [sum(isinstance(record, Record) for record in read_events(path)) for path in corpus_files(corpus)]
    assert sum(counts) == 64929


def test_broken_lines_at_the_start_hide_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("one\ntwo\n" + LINES)
    broken = "the record is no JSON: Expecting value"
    assert read(path) == [(1, broken), (2, broken), *((number + 2, image) for number, image in ALL)]


def test_an_array_that_is_cut_off_between_records(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps(EVENTS)[:-1] + ", ")
    assert read(path) == [*ALL, (4, "the array has no end: the file may be cut off")]


def test_a_file_that_holds_far_more_than_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "HELD", 1000)
    path = tmp_path / "events.gz"
    path.write_bytes(gzip.compress(LINES.encode() + b"\n" * 2**22))
    size = path.stat().st_size * 200
    assert read(path) == [*ALL, (4, f"the compressed file holds more than {size:,} bytes: decompress it first")]


def test_a_document_too_long_for_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps([EVENTS[0], "x" * 3_000_000, EVENTS[1]], indent=1))
    assert read(path) == [ALL[0], (2, "the record is no JSON object"), (3, "5.exe")]
    monkeypatch.setattr(json_file, "LONGEST", 2**20)
    assert read(path) == [
        ALL[0],
        (
            2,
            "a document of the JSON is longer than 1,048,576 characters: write each record on a line of its own",
        ),
    ]
